"""What reaches a terminal, a pipe and a program: width, colours, JSON, help, and no telephone number by accident."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from sync.cli.main import cli
from tests.support import World
from tests.support.people import people
from tests.support.terminal import on_a_terminal

TEN = people(10)
NO_NUMBER = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{16,}|\d{4}-\d\d-\d\d[T ][\d:.+]+|/\S+/")
"""UIDs, digests, times and paths, which may hold the digits of a telephone number by chance."""


def commands(group: click.Group = cli, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command and group with the words that call it."""
    yield path, group
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command, name
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


COMMANDS = [path for path, command in commands() if not isinstance(command, click.Group)]


@pytest.mark.parametrize("path", [path for path, _ in commands()], ids=" ".join)
def test_help_fits_and_has_an_example(tldops: World, path: tuple[str, ...]) -> None:
    """--help of every command fits 80 columns, and every command that does something shows how it is called."""
    shown = tldops.do(*path, "--help").out
    assert max(map(len, shown.splitlines())) <= 80
    if path in COMMANDS or not path:
        assert f"tldops {' '.join(path)}".rstrip() in shown.partition("Examples:")[2]
    assert shown.startswith(f"Usage: tldops {' '.join(path)}".rstrip())


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_examples_can_be_typed(path: tuple[str, ...]) -> None:
    """Every example in a command's help is understood by its command: no option in it that does not exist."""
    text = (dict(commands())[path].help or "").partition("Examples:")[2]
    examples = [line.strip() for line in text.splitlines() if line.strip().startswith("tldops ")]
    assert examples
    for example in examples:
        words = shlex.split(re.split(r"\s{3,}| > ", example)[0], comments=True)[1:]
        while words[0].startswith("-"):
            words = words[2:]
        named = max((parts for parts, _ in commands() if tuple(words[: len(parts)]) == parts), key=len)
        dict(commands())[named].make_context("tldops", words[len(named) :], resilient_parsing=False)


def test_help_explains_the_exit_codes(tldops: World) -> None:
    """The help of `tldops` itself says what 0, 1 and 2 mean, and lists every command."""
    shown = tldops.do("--help").out
    assert all(code in " ".join(shown.split()) for code in ("0 done", "1 errors", "2 wrong usage"))
    assert all(f"  {path[0]} " in shown for path in COMMANDS)


@pytest.fixture
def lively(tldops: World) -> World:
    """A store with something to show for every command: two generations, devices, a denial, problems, a plan."""
    tldops.sync(*TEN[:8])
    tldops.sync(*TEN[1:9])
    tldops.do("device", "add", TEN[1].login, "--label", "a label of the longest kind, which has sixty characters....")
    tldops.do("access", "deny", TEN[2].login, "--reason", "a reason that is rather long, too, and goes on and on " * 2)
    long = "Her Excellency Ada Wilhelmina Example van der Very Long Name of the Registry"
    tldops.write(
        *(person.line for person in TEN[2:]),
        f'"{long}, #1, .nl/.vn, +31 6 12345678" <a.very.long.address.of.ada.example@registry.example>',
    )
    return tldops


SHOWING = [
    "check", "plan", "status", "status --missing", "history", "show 1", "access list", "device list", "audit", "people",
]  # fmt: skip


@pytest.mark.parametrize("command", SHOWING)
def test_nothing_but_text_in_a_pipe(lively: World, command: str) -> None:
    """In a pipe there are no colours, no bars and no other escape, and a line of a table is one line."""
    shown = lively(*command.split()).out
    assert "\x1b" not in shown
    assert "\r" not in shown
    if command == "device list":
        assert len(shown.splitlines()) == 2


@pytest.mark.parametrize("command", SHOWING)
def test_terminal_of_80_columns(lively: World, command: str) -> None:
    """On a terminal of 80 columns no line is longer, colours aside."""
    shown = on_a_terminal(lively, "", *command.split()).out
    plain = [re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", line) for line in shown.splitlines()]
    assert max(map(len, plain)) <= 80
    assert len(plain) > 1


def test_no_colour_where_it_is_not_wanted(lively: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_COLOR switches the colours of a terminal off."""
    assert "\x1b[3" in on_a_terminal(lively, "", "plan").out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[3" not in on_a_terminal(lively, "", "plan").out


@pytest.mark.parametrize(
    "command",
    [
        "check --json", "plan --json", "sync --yes --json", "rollback 1 --yes --json", "status --json",
        "status --missing --json", "history --json", "show 2 --json", "access list --json", "device list --json",
        "device add LOGIN --label x --json", "audit --json", "audit --verify --json",
    ],
)  # fmt: skip
def test_json_is_json(lively: World, command: str) -> None:
    """Every --json prints one JSON value and nothing else, whatever the data, and nothing on standard error."""
    result = lively(*command.replace("LOGIN", TEN[3].login).split())
    assert result.code == 0
    assert isinstance(json.loads(result.out), dict | list)
    assert result.err == ""


def test_json_option_is_there_wherever_output_is_data() -> None:
    """Whatever shows data can print it as JSON."""
    able = {path for path, command in commands() if any(option.name == "as_json" for option in command.params)}
    assert able == set(COMMANDS) - {
        ("init",), ("backup",), ("restore",), ("migrate",), ("confirm",), ("erase",), ("access", "deny"),
        ("access", "allow"), ("device", "revoke"), ("export",), ("post",), ("serve",),
    }  # fmt: skip


@pytest.mark.parametrize(
    "line",
    [
        TEN[9].line.replace(TEN[9].phone, "+1 202 555 0199"),  # a change
        TEN[9].line.replace("#1", "#9"),  # an error elsewhere in the record
        TEN[9].line.replace(",", ""),  # an entry that is not understood, and would be quoted
        TEN[9].line.replace(".br, ", ".br "),
        TEN[9].line.replace("+1 202", "+1 <202>"),
        TEN[9].line.replace("+1 202", "202"),
        TEN[9].line.replace("<", "<x@"),
        TEN[9].line.replace("555", "\x1b555"),
        TEN[9].line[:-9],
        TEN[9].line.replace('"', "", 1),
    ],
)
def test_no_number_in_what_goes_to_a_log(tldops: World, line: str) -> None:
    """`plan`, `sync`, `audit`, `history`, `show`, `status`: no telephone number of a sound or broken record."""
    tldops.sync(*TEN)
    tldops.write(*(person.line for person in TEN[:9]), line)
    for command in (
        "plan", "plan --json", "sync --yes --quarantine", "sync --yes --quarantine --json", "audit", "audit --json",
        "history --json", "show 1", "show 1 --json", "status", "status --json",
    ):  # fmt: skip
        result = tldops(*command.split())
        for text in (result.out, result.err):
            assert "555" not in NO_NUMBER.sub("", text), f"{command}: {text}"


def pipe(world: World, command: str, shell: str) -> "subprocess.CompletedProcess[str]":
    """Run the command in a shell, where "TLDOPS" is `tldops` with the world's configuration."""
    call = shlex.join([sys.executable, "-m", "sync", "--config", str(world.config)])
    return subprocess.run(
        ["bash", "-c", shell.replace("TLDOPS", f"{call} {command}")],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "COLUMNS": "80"},
    )


@pytest.mark.parametrize("command", ["check", "check --json", "status --missing", "export", "history", "--help"])
def test_reader_that_has_seen_enough(lively: World, command: str) -> None:
    """A pipe that is closed early ends the output without a word on standard error."""
    assert pipe(lively, command, "TLDOPS | true").stderr == ""


def test_sync_into_a_closed_pipe_is_done(lively: World) -> None:
    """`sync --yes | true` does what it was told, and its exit code is about that."""
    done = pipe(lively, "sync --yes", "TLDOPS | true; echo ${PIPESTATUS[0]}")
    assert (done.stdout, done.stderr) == ("0\n", "")
    assert lively.generation() == 3


@pytest.mark.parametrize("command", ["status", "status --json", "export", "history"])
def test_output_that_cannot_be_written(lively: World, command: str) -> None:
    """A full disk behind standard output is exit 2 and one line."""
    done = pipe(lively, command, "TLDOPS > /dev/full")
    assert done.returncode == 2
    assert re.fullmatch(r"tldops: standard output: .+\n", done.stderr)


@pytest.mark.parametrize(
    ("shell", "code"),
    [
        ("TLDOPS <&-", 0),
        ("TLDOPS >&-", 0),
        ("TLDOPS 2>&-", 0),
        ("TLDOPS <&- >&- 2>&-", 0),
        ("TLDOPS --nonsense 2>&-", 2),
    ],
)
def test_closed_streams(lively: World, shell: str, code: int) -> None:
    """With standard streams closed the command does its work, and never writes into a database in their place."""
    done = pipe(lively, "plan", shell)
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    lively.do("status")
    lively.do("audit", "--verify")


def test_sync_with_standard_input_closed_needs_consent(lively: World) -> None:
    """No standard input at all is no terminal either."""
    done = pipe(lively, "sync", "TLDOPS <&-")
    assert done.returncode == 2
    assert "--yes" in done.stderr
    assert lively.generation() == 2


def test_output_in_another_encoding(lively: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where standard output takes ASCII alone, what it cannot show is escaped."""
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    lively.write("“Иван Пример, #1, .рф, +7 722 260 00 06” ivan@nic.example")
    done = pipe(lively, "check", "TLDOPS")
    assert done.returncode == 0
    assert "\\u0418" in done.stdout


@pytest.mark.parametrize(
    "command",
    [
        "",
        "nonsense",
        "plan --nonsense",
        "show",
        "show x",
        "rollback -1 --yes",
        "history --limit 0",
        "device add",
        "access deny LOGIN",
        "export --format doc",
        "\x1b[31m",
    ],
)
def test_wrong_usage(lively: World, command: str) -> None:
    """A command, option or value that does not exist: exit 2 with a hint how to get help, in printable lines."""
    result = lively(*command.replace("LOGIN", TEN[3].login).split())
    assert result.code == 2
    assert "Usage: tldops" in result.err
    assert all(line.isprintable() for line in result.err.splitlines())


def test_version(tldops: World) -> None:
    """`--version` names the program and a version."""
    assert re.fullmatch(r"tldops, version \d+\.\d+.*\n", tldops.do("--version").out)
