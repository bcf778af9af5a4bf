"""The arrows of the architecture point one way, and names and sizes are as docs/architecture.md says."""

import ast
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PURE = ("sync.problems", "sync.parse", "sync.vet", "sync.vcard", "sync.plan", "sync.documents")
"""The rooms that only decide."""
NETWORK = {
    *("socket", "ssl", "http.client", "http.server", "urllib.request", "smtplib", "ftplib"),
    *("ldap3", "mailmanclient", "requests", "granian"),
}
INPUT_OUTPUT = NETWORK | {
    *("os", "io", "pathlib", "sqlite3", "sqlalchemy", "subprocess", "time", "shutil", "tempfile", "tomllib"),
    *("click", "rich", "publicsuffixlist"),
}
ON_DISK = {
    *("open", "read_text", "read_bytes", "write_text", "write_bytes", "exists", "is_file", "is_dir", "stat", "lstat"),
    *("iterdir", "glob", "rglob", "walk", "resolve", "touch", "mkdir", "unlink", "rmdir", "rename", "replace", "chmod"),
}
"""The methods of a path that go to the disk. To hold paths, as the settings do, is no input or output."""
WRITE_SIDE = {
    f"radicale_tldops.store.{name}" for name in ("write", "backup", "restore", "retention", "create", "desk", "erase")
}
MAX_LINES, MAX_FUNCTION, MAX_PARAMETERS = 330, 40, 6


def name_of(path: Path) -> str:
    """The dotted name of a module."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for package in ("radicale_tldops", "sync") for path in (ROOT / package).rglob("*.py")}


@cache
def tree(module: str) -> ast.Module:
    """The syntax tree of a module."""
    return ast.parse(MODULES[module].read_text())


@cache
def imports(module: str) -> frozenset[str]:
    """Every name that a module imports, wherever in it the import stands."""
    found: set[str] = set()
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative import"
            assert node.module
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return frozenset(found)


def packages(name: str) -> list[str]:
    """A dotted name and the packages around it, all of which are run when it is imported."""
    parts = name.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts) + 1)]


@cache
def reach(start: str) -> Mapping[str, str]:
    """Every module of ours that an import of `start` runs, directly or through others, with the way there."""
    ways = {start: start}
    waiting = [start]
    for module in waiting:
        for name in sorted({run for imported in (module, *imports(module)) for run in packages(imported)}):
            if name in MODULES and name not in ways:
                ways[name] = f"{ways[module]} > {name}"
                waiting.append(name)
    return ways


def is_in(name: str, names: set[str] | frozenset[str]) -> bool:
    """Whether a dotted name is one of `names` or inside one."""
    return any(package in names for package in packages(name))


def inside(*rooms: str) -> list[str]:
    """The modules of some packages."""
    found = [module for module in MODULES if is_in(module, set(rooms))]
    assert found, rooms
    return found


def outside(names: set[str], *rooms: str) -> list[str]:
    """The modules that import one of `names` themselves, those of `rooms` apart."""
    return [
        module
        for module in MODULES
        if not is_in(module, set(rooms)) and any(is_in(name, names) for name in imports(module))
    ]


def test_the_roster_package_knows_the_standard_library_alone() -> None:
    """`roster` holds the nouns of both sides, does no I/O, and imports nothing of ours but itself."""
    for module in inside("radicale_tldops.roster"):
        for reached in reach(module):
            assert is_in(reached, {"radicale_tldops.roster"}) or reached == "radicale_tldops", reach(module)[reached]
            foreign = {name for name in imports(reached) if not is_in(name, {"radicale_tldops"})}
            assert all(packages(name)[0] in sys.stdlib_module_names for name in foreign), reached
            assert not {name for name in foreign if is_in(name, INPUT_OUTPUT)}, reached


def test_the_server_side_never_imports_the_sync_side() -> None:
    """A server that is broken into has no code at hand that writes the roster from a file."""
    for module in inside("radicale_tldops"):
        assert not [way for reached, way in reach(module).items() if is_in(reached, {"sync"})], module


def test_the_server_never_imports_the_write_side_of_the_roster() -> None:
    """The plugins and the application read the roster and cannot name the code that writes it."""
    for module in inside("radicale_tldops"):
        if not is_in(module, {"radicale_tldops.store"}):
            assert not [way for reached, way in reach(module).items() if is_in(reached, WRITE_SIDE)], module


def test_only_the_command_line_imports_click_and_prints() -> None:
    """Everything else gives values and raises errors, and never imports the command line."""
    assert not outside({"click", "rich"}, "sync.cli")
    assert not outside({"sync.cli"}, "sync.cli", "sync.__main__")
    for module in MODULES:
        if not is_in(module, {"sync.cli"}):
            calls = (node for node in ast.walk(tree(module)) if isinstance(node, ast.Call))
            assert not [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "print"], module


def does_input_or_output(module: str) -> bool:
    """Whether a module imports what reads or writes, or uses a method of a path that does."""
    used = {name for name in imports(module) if is_in(name, INPUT_OUTPUT)}
    if all(is_in(name, {"pathlib"}) for name in used):
        methods = {node.attr for node in ast.walk(tree(module)) if isinstance(node, ast.Attribute)}
        return bool(used and methods & ON_DISK)
    return True


@pytest.mark.parametrize("room", PURE)
def test_the_deciding_rooms_do_no_input_or_output(room: str) -> None:
    """Parsing, vetting, rendering and planning are functions of values, through whatever module they import."""
    found = {}
    for module in inside(room):
        for reached, way in reach(module).items():
            if does_input_or_output(reached):
                found[reached] = way
    assert not found


def test_only_the_rooms_of_the_outside_world_import_a_network_library() -> None:
    """There are few places to look at for what goes over a network."""
    assert not outside(NETWORK, "radicale_tldops.login", "radicale_tldops.serve", "sync.sources", "sync.post")


def functions(node: ast.AST, around: str) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Every function below a node, with its dotted name."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{around}.{child.name}", child
        name = getattr(child, "name", None)
        yield from functions(child, f"{around}.{name}" if isinstance(name, str) else around)


FUNCTIONS = {name: node for module in MODULES for name, node in functions(tree(module), module)}


def test_modules_stay_small() -> None:
    """A newcomer reads a module in one sitting."""
    lengths = {module: len(path.read_text().splitlines()) for module, path in MODULES.items()}
    assert not {module: length for module, length in lengths.items() if length > MAX_LINES}


def test_functions_stay_small() -> None:
    """A function, with its docstring, fits on a screen."""
    lengths = {name: (node.end_lineno or 0) - node.lineno + 1 for name, node in FUNCTIONS.items()}
    assert not {name: length for name, length in lengths.items() if length > MAX_FUNCTION}


def test_functions_take_few_parameters() -> None:
    """More than six are a value with a name. `self` and `cls` do not count."""
    many = set()
    for name, node in FUNCTIONS.items():
        given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        counted = [argument for argument in given if argument.arg not in ("self", "cls")]
        if len(counted) > MAX_PARAMETERS:
            many.add(name)
    assert not many


def test_a_class_name_is_used_once() -> None:
    """A name means one thing. A leading underscore does not make another name of it."""
    names = Counter(
        node.name.lstrip("_") for module in MODULES for node in ast.walk(tree(module)) if isinstance(node, ast.ClassDef)
    )
    assert not {name for name, count in names.items() if count > 1}


def test_no_variable_is_called_one() -> None:
    """A variable is named after what it holds, in the tests, too."""
    tests = {name_of(path): ast.parse(path.read_text()) for path in (ROOT / "tests").rglob("*.py")}
    found = set()
    for module, code in ({module: tree(module) for module in MODULES} | tests).items():
        for node in ast.walk(code):
            name = node.id if isinstance(node, ast.Name) else node.arg if isinstance(node, ast.arg) else ""
            if name == "one":
                found.add(module)
    assert not found
