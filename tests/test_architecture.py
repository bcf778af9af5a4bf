"""The arrows of the architecture point one way (docs/architecture.md)."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PURE = (
    "sync.parse",
    "sync.vcard",
    "sync.plan",
    *(f"sync.vet.{name}" for name in ("addresses", "columns", "entry", "people", "person", "phones", "rules")),
)
NETWORK = {
    "socket",
    "ssl",
    "http.client",
    "http.server",
    "urllib.request",
    "smtplib",
    "ftplib",
    "ldap3",
    "mailmanclient",
    "requests",
    "granian",
}
INPUT_OUTPUT = NETWORK | {
    "os",
    "io",
    "pathlib",
    "sqlite3",
    "sqlalchemy",
    "subprocess",
    "time",
    "shutil",
    "tempfile",
    "click",
}


def modules(package: str) -> list[Path]:
    """Every module of a package."""
    found = sorted((ROOT / package).rglob("*.py"))
    assert found, package
    return found


def name_of(path: Path) -> str:
    """The dotted name of a module."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[str]:
    """Every module that a module imports, wherever in it the import stands."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert node.module
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def top(name: str) -> str:
    """The package at the root of a dotted name."""
    return name.split(".")[0]


def is_in(name: str, packages: set[str]) -> bool:
    """Whether a dotted name is one of the packages or inside one."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def test_the_roster_package_knows_the_standard_library_alone() -> None:
    """`roster` holds the nouns of both sides, and drags nothing in."""
    for path in modules("radicale_tldops/roster"):
        for name in imports(path):
            assert top(name) in sys.stdlib_module_names or is_in(name, {"radicale_tldops.roster", "radicale_tldops"}), (
                path,
                name,
            )
            assert not is_in(name, INPUT_OUTPUT), f"{path} does I/O: {name}"


def test_the_server_side_never_imports_the_sync_side() -> None:
    """A server that is broken into has no code at hand that writes the roster from a file."""
    for path in modules("radicale_tldops"):
        assert not [name for name in imports(path) if top(name) == "sync"], path


def test_the_server_never_imports_the_write_side_of_the_roster() -> None:
    """The plugins and the application read the roster and cannot name the code that writes it."""
    writers = {f"radicale_tldops.store.{name}" for name in ("write", "backup", "restore")}
    for path in modules("radicale_tldops"):
        if "store" not in path.parts:
            assert not [name for name in imports(path) if is_in(name, writers)], path


def test_only_the_command_line_imports_click_and_prints() -> None:
    """Everything else gives values and raises errors."""
    for path in modules("sync"):
        if "cli" in path.parts:
            continue
        used = set(imports(path))
        assert not [name for name in used if top(name) in {"click", "rich"}], path
        calls = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))
        assert not [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "print"], path


@pytest.mark.parametrize("package", PURE)
def test_the_deciding_modules_do_no_input_or_output(package: str) -> None:
    """Parsing, vetting, rendering and planning are functions of values."""
    paths = [path for path in modules("sync") if is_in(name_of(path), {package})]
    assert paths
    for path in paths:
        assert not [name for name in imports(path) if is_in(name, INPUT_OUTPUT - {"io"})], path


def test_only_sources_and_the_server_import_a_network_library() -> None:
    """There is one place to look at for what goes over a network."""
    for package in ("radicale_tldops", "sync"):
        for path in modules(package):
            if not {"sources", "login", "serve"} & set(path.parts) and path.name != "auth.py":
                assert not [name for name in imports(path) if is_in(name, NETWORK)], path


def test_modules_stay_small() -> None:
    """A newcomer reads a module in one sitting."""
    long = {str(path): count for package in ("radicale_tldops", "sync") for path in modules(package)
            if (count := len(path.read_text().splitlines())) > 330}  # fmt: skip
    assert not long
