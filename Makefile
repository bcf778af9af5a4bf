# Two commands do all the set-up on a fresh machine that has git, make and Python 3.11 or newer: make demo, make test.

PYTHON ?= python3
VENV ?= .venv
PORT ?= 5232
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check --quiet

# What the clients of `make clients` need, as Debian calls it.
DESKTOP = thunderbird xvfb openbox imagemagick fonts-noto-core g++ pkg-config libkf5contacts-dev libreoffice-calc

.PHONY: help demo test clients lint bench prove lock clean

help:
	@echo "make demo [PORT=5300]   a server with invented contacts, and a login for your address book"
	@echo "make test               all the tests"
	@echo "make clients            a real Thunderbird under a virtual display, KDE's parser, LibreOffice (as root on Debian it installs $(DESKTOP))"
	@echo "make lint               ruff and mypy"
	@echo "make bench              the figures: the sync, and the server against stock Radicale"
	@echo "make prove              faults, damage and hostile requests by the hundred thousand (an hour; needs strace and nginx)"
	@echo "make lock               requirements.lock anew: the newest versions that pyproject.toml allows, with their hashes"
	@echo "make clean              remove everything that these made"

$(VENV)/run.done: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, and this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(PIP) install "pip>=25.1"
	$(PIP) install --editable .
	@touch $@

$(VENV)/test.done: $(VENV)/run.done
	$(PIP) install --group test
	$(PYTHON) -m venv --without-pip $(VENV)/mailman
	$(PIP) --python $(VENV)/mailman install --group mailman
	@touch $@

$(VENV)/lint.done: $(VENV)/test.done
	$(PIP) install --group lint
	@touch $@

demo: $(VENV)/run.done
	@PORT=$(PORT) $(BIN)/python -m tests.demo

test: $(VENV)/test.done
	$(BIN)/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder

clients: $(VENV)/test.done
	@dpkg --status $(DESKTOP) >/dev/null 2>&1 || \
	if [ "$$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(DESKTOP); \
	else \
	    echo "Only root on Debian can install $(DESKTOP): a test fails and names each program that is missing."; \
	fi
	CI=true $(BIN)/python -m pytest --desktop $(if $(PICTURES),--pictures) tests/clients/desktop

lint: $(VENV)/lint.done
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: $(VENV)/test.done
	$(BIN)/python -m tests.bench

prove: $(VENV)/test.done
	$(BIN)/python -m tests.prove

# uv writes one file for every Python and platform; an environment of its own, because it is needed for this alone.
lock: $(VENV)/run.done
	$(PYTHON) -m venv --without-pip $(VENV)/lock
	$(PIP) --python $(VENV)/lock install --group lock
	$(VENV)/lock/bin/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --upgrade --quiet \
	    --custom-compile-command "make lock" --output-file requirements.lock

clean:
	rm -rf $(VENV) .demo .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist tests/vcard/node_modules
