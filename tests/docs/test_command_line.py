"""docs/command-line.md, and every page that shows a command, against the commands themselves."""

import re
from collections.abc import Iterator, Mapping

import click
import pytest

from sync.cli.main import cli
from tests.docs.pages import ROOT, Page, code_of, page, pages

PAGE = page("docs/command-line.md")
OPTION = re.compile(r"(?<![\w-])--?[a-z][a-z-]*")
ITEM = re.compile(r"^- ((?:`--?[^`]+`(?:, )?)+): ((?:.|\n  )+)", re.MULTILINE)
"""An option or the two names of it, and what it means; further lines are indented."""
SHOWN = re.compile(r"(?:^|\$ |\bthen )tldops((?: --config \S+)?(?: .*)?)$", re.MULTILINE)
"""A command as a page shows it: a line of a code block, or a code span."""


def walk(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    """Yield every command that does something, by its words."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner, name
            yield from walk(inner, f"{path} {name}")
    else:
        yield path, command


COMMANDS: Mapping[str, click.Command] = {"tldops": cli, **dict(walk(cli, "tldops"))}
EACH = pytest.mark.parametrize("path", COMMANDS)


def options(command: click.Command) -> dict[str, click.Option]:
    """Return the options of a command by each of their names, `--help` apart."""
    found = [param for param in command.params if isinstance(param, click.Option)]
    return {name: option for option in found for name in option.opts}


def documented(path: str) -> dict[str, str]:
    """Return what the page says of a command's options: the item of the list by each name."""
    section = PAGE.section(f"## {path}")
    items = ITEM.findall(section.prose)
    told = {name: meaning for spans, meaning in items for span in code_of(spans) for name in OPTION.findall(span)}
    assert bool(told) != ("There are no options." in section.text.replace("\n", " ")), path
    return told


def test_there_is_a_section_for_each_command_and_no_other() -> None:
    """A new command needs its section, and one that is gone takes it along."""
    sections = {heading.removeprefix("## ") for heading in PAGE.headings if heading.startswith("## ")}
    assert sections == set(COMMANDS)


def test_the_help_of_all_commands_has_the_first_sentence_of_each() -> None:
    """`tldops --help` prints them without loading the commands."""
    context = click.Context(cli)
    formatter = context.make_formatter()
    cli.format_commands(context, formatter)
    told = dict(re.findall(r"^  ([a-z]+) +(\S(?:.|\n   +)+)", formatter.getvalue(), re.MULTILINE))
    assert set(told) == set(cli.list_commands(context))
    for name, text in told.items():
        command = cli.get_command(context, name)
        assert command
        assert command.help
        assert text.split() == command.help.partition("\n\n")[0].split()


@EACH
def test_every_option_is_named_and_no_other(path: str) -> None:
    """The list of a section has the options that click knows."""
    assert set(documented(path)) == set(options(COMMANDS[path])), path


@EACH
def test_choices_and_defaults_are_told(path: str) -> None:
    """What an option can be, and is where nothing is said, stands in its item."""
    section = PAGE.section(f"## {path}").text
    for name, option in options(COMMANDS[path]).items():
        if option.show_default:
            assert str(option.default) in documented(path)[name], f"{path} {name}: the default is {option.default}"
        if isinstance(option.type, click.Choice) and option.metavar is None:
            missing = [choice for choice in option.type.choices if choice not in section]
            assert not missing, f"{path} {name}: {missing} are not named"


@EACH
def test_the_usage_names_the_arguments(path: str) -> None:
    """The first line of a section shows what comes behind the command, and the options that are required."""
    command = COMMANDS[path]
    usage = PAGE.section(f"## {path}").code[0]
    if path == "tldops":
        assert usage == "tldops [--config FILE] COMMAND …"
        return
    pieces = [piece for piece in command.collect_usage_pieces(click.Context(command)) if piece != "[OPTIONS]"]
    required = [name for name, option in options(command).items() if option.required]
    assert usage.split(" --")[0] == " ".join([path, *pieces])
    assert OPTION.findall(usage) == required


@pytest.mark.parametrize("code", [0, 1, 2])
def test_the_exit_codes_are_told(code: int) -> None:
    """The three of them, as the help says."""
    rows = PAGE.section("### Exit codes").rows("code", "meaning")
    assert str(code) in [row["code"] for row in rows]
    assert cli.epilog is not None
    assert re.search(rf"\b{code} \w", cli.epilog)


def shown(page_shown: Page) -> Iterator[str]:
    """Yield every command that a page shows, without the comment behind it."""
    for text in (*page_shown.code, *page_shown.spans):
        for match in SHOWN.finditer(text):
            yield match[1].split(" #")[0].split("  ")[0].strip()


def check(text: str, where: str) -> None:
    """Fail when what stands behind `tldops` is no command, or has an option that it does not take."""
    words = re.sub(r"^--config \S+ ?", "", text).split()
    if not words or not re.fullmatch(r"[a-z]+", words[0]):
        unknown = [name for name in OPTION.findall(text) if name not in {*options(cli), "--help", "-h"}]
        assert not unknown, f"{where}: `tldops {text}`: {unknown}"
        return
    path = next((p for p in (f"tldops {' '.join(words[:2])}", f"tldops {words[0]}") if p in COMMANDS), "")
    if not path:
        assert isinstance(cli.commands.get(words[0]), click.Group), f"{where}: there is no `tldops {text}`"
        assert len(words) == 1, f"{where}: there is no `tldops {text}`"
        return
    used = OPTION.findall(re.sub(r'"[^"]*"', "", " ".join(words)))
    wrong = [name for name in used if name not in {*options(COMMANDS[path]), "--help", "-h"}]
    assert not wrong, f"{where}: `tldops {text}`: {wrong}"


@pytest.mark.parametrize("where", pages(), ids=lambda where: where.name)
def test_commands_that_pages_show_exist(where: Page) -> None:
    """No page shows a command or an option that is not there."""
    for text in shown(where):
        check(text, where.name)


def test_the_units_start_commands_that_exist() -> None:
    """The examples for systemd run the server and the commands with options that they take."""
    started = {
        path.name: line.partition("/bin/tldops ")[2]
        for path in (ROOT / "config").glob("*.service")
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.startswith("ExecStart=") and "/bin/tldops" in line
    }
    assert set(started) == {f"tldops{name}.service" for name in ("", "-sync", "-follow", "-post", "-backup")}
    for name, text in started.items():
        check(text, name)
