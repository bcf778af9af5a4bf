"""docs/rfc-checklist.md: what is ticked is shown by a test that exists."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import lru_cache

import pytest

from tests.docs.pages import ROOT, Page, page, pages

PAGE = page("docs/rfc-checklist.md")
TEST = re.compile(r"(tests/[\w/]+\.py)::([\w:]+)")


@lru_cache(maxsize=64)
def names_in(file: str) -> frozenset[str]:
    """Return the tests of a module, those of classes as Class::test."""
    return frozenset(_names(ast.parse((ROOT / file).read_text(encoding="utf-8")), ""))


def _names(node: ast.AST, prefix: str) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef) and child.name.startswith("test_"):
            yield prefix + child.name
        elif isinstance(child, ast.ClassDef):
            yield from _names(child, f"{prefix}{child.name}::")


@pytest.mark.parametrize("one", pages(), ids=lambda one: one.name)
def test_every_test_that_a_page_names_exists(one: Page) -> None:
    """A test that was renamed takes its row along."""
    missing = [
        f"{file}::{name}"
        for file, name in TEST.findall(one.text)
        if not (ROOT / file).exists() or name not in names_in(file)
    ]
    assert not missing, f"{one.name} names tests that do not exist: {missing}"


def test_every_tick_names_a_test_and_every_row_has_a_status() -> None:
    """Nothing is ticked on faith; what is open says what is missing."""
    ticks = 0
    for line in PAGE.prose.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        status = next((cell for cell in cells if re.match(r"✓|open|n/a", cell)), "")
        if not line.startswith("|") or not status:
            continue
        ticks += status.startswith("✓")
        if status.startswith("✓"):
            assert TEST.search(cells[-1]), f"ticked without a test: {line}"
        else:
            assert len(status) > len("open: "), f"it is not said what is open: {line}"
    assert ticks > 20


@pytest.fixture(scope="module")
def collected() -> Mapping[str, set[str]]:
    """The servers on which each test of tests/server and tests/clients runs, by its name without parameters."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-n0", "tests/server", "tests/clients"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    servers: dict[str, set[str]] = {}
    for line in done.stdout.splitlines():
        name, _, parameters = line.partition("[")
        if "::" in name:
            servers.setdefault(name, set()).update({"tldops", "radicale"} & set(re.split(r"[-\]]", parameters)))
    assert servers, done
    return servers


def test_what_is_said_to_hold_on_both_servers_is_tested_on_both(collected: Mapping[str, set[str]]) -> None:
    """In each row marked "both", a test runs on `tldops serve` and on stock Radicale."""
    for line in PAGE.prose.splitlines():
        if "✓ both" in line:
            servers = [collected.get("::".join(match), set()) for match in TEST.findall(line)]
            assert {"tldops", "radicale"} in servers, f"not tested on both servers: {line}"
