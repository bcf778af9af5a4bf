"""docs/rfc-checklist.md: what is claimed is shown by a test that exists."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import lru_cache

import pytest

from tests.docs.pages import ROOT, Page, page, pages
from tests.support.exchanges import read

PAGE = page("docs/rfc-checklist.md")
TEST = re.compile(r"(tests/[\w/]+\.py)::([\w:]+)")
PAIR = re.compile(r"tests/server/exchanges/\w+\.http")


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


ITEM = re.compile(r"- (?:\*\*[\d., to]+\*\* )?(.+)")
"""A requirement: the section in bold, the words, the tests."""


@pytest.mark.parametrize("shown", pages(), ids=lambda shown: shown.name)
def test_every_test_that_a_page_names_exists(shown: Page) -> None:
    """A test that was renamed takes its row along."""
    missing = [
        f"{file}::{name}"
        for file, name in TEST.findall(shown.text)
        if not (ROOT / file).exists() or name not in names_in(file)
    ]
    missing += [name for name in PAIR.findall(shown.text) if not (ROOT / name).exists()]
    assert not missing, f"{shown.name} names tests that do not exist: {missing}"


def requirements() -> Iterator[tuple[str, bool]]:
    """Yield each item of the lists, and whether it is met; what is not met stands below "Not done, on purpose:"."""
    met = True
    for line in PAGE.prose.splitlines():
        if line.startswith("- "):
            yield line, met
        elif line.strip():
            met = line != "Not done, on purpose:"


def test_every_requirement_names_a_test_or_says_why_it_is_not_met() -> None:
    """Nothing is claimed on faith, and each section has its number."""
    found = list(requirements())
    for line, met in found:
        item = ITEM.fullmatch(line)
        assert item, f"no requirement: {line}"
        assert met or "**" in line, f"not met, and without the section of the RFC: {line}"
        assert not met or TEST.search(line) or PAIR.search(line), f"claimed without a test: {line}"
    assert sum(met for _, met in found) > 120


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
    """In each line marked "both", a test runs on `tldops serve` and on stock Radicale."""
    marked = [line for line, _ in requirements() if "*both*" in line]
    assert len(marked) > 20
    for line in marked:
        servers = [collected.get("::".join(match), set()) for match in TEST.findall(line)]
        servers += [set(read(ROOT / name).servers) for name in PAIR.findall(line)]
        assert {"tldops", "radicale"} in servers, f"not tested on both servers: {line}"
