"""What every command shares: the configuration, the clock, who is acting, and how things are printed."""

import getpass
import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from radicale_tldops.roster.errors import StoreError
from radicale_tldops.settings import Settings, find_file, load
from radicale_tldops.store import newest, schema
from sync.apply import Stores

OK = 0
FOUND = 1
"""Errors were found in the data, or a guard refused."""
FAILED = 2
"""Wrong usage, unreadable input, or a failing store or list."""

_PIPE_WIDTH = 10_000

MAX_TEXT = 200
"""Longest reason, and the like, that the command line takes, in characters."""

# Controls but the line feed, line separators, marks that turn the reading direction, bytes of a name that are no UTF-8.
_UNSEEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def shown(text: str) -> str:
    """Return `text` with an escape for all that a terminal obeys instead of showing it; the line feed stays."""
    return _UNSEEN.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)


def _wrapped(console: Console, text: str) -> list[str]:
    """Break lines at the width of a terminal, what follows indented below; into a pipe a line is a line."""
    if not console.is_terminal:
        return [text]
    lines = []
    for line in text.split("\n"):
        body = line.lstrip(" ")
        indent = " " * (len(line) - len(body))
        first, *others = Text(body).wrap(console, max(20, console.width - len(indent) - 2)) or [Text()]
        lines += [indent + first.plain.rstrip(), *(f"{indent}  {other.plain.rstrip()}" for other in others)]
    return lines


def one_line(_context: click.Context, _option: click.Parameter, value: str) -> str:
    """Return the value of an option that is kept as one line of a log, without the space around it."""
    text = value.strip()
    if not 0 < len(text) <= MAX_TEXT or "\n" in text or shown(text) != text:
        raise click.BadParameter(f"it takes one line of 1 to {MAX_TEXT} characters.")
    return text


class _Console(Console):
    """Goes on in silence when whoever reads the output has seen enough: what was asked for is done all the same."""

    def on_broken_pipe(self) -> None:
        silence(self.file)


def silence(stream: IO[str]) -> None:
    """Send what is still to come, and what Python holds back until it exits, to nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


@dataclass
class App:
    """The state of one run of the command."""

    config: str | None = None
    out: Console = field(default_factory=lambda: _Console(highlight=False, markup=False, soft_wrap=False))
    err: Console = field(default_factory=lambda: _Console(stderr=True, highlight=False, markup=False))
    _settings: Settings | None = None
    _opened: Stores | None = None

    @property
    def settings(self) -> Settings:
        """The configuration, read on first use."""
        if self._settings is None:
            self._settings = load(find_file(self.config))
        return self._settings

    @property
    def now(self) -> datetime:
        """The time of this moment, in UTC."""
        return datetime.now(UTC)

    @property
    def actor(self) -> str:
        """Who runs the command, for the history and the audit log."""
        try:
            return shown(os.environ.get("SUDO_USER") or getpass.getuser())
        except (KeyError, OSError):
            return f"uid {os.getuid()}"

    def stores(self, *, restoring: bool = False) -> Stores:
        """Return where the databases are, created or brought to this version where that is needed.

        Raises:
            OlderCopyError: one of them is an older copy, unless the command is the one that mends that.
        """
        store = self.settings.store
        schema.ensure(store.roster, store.members)
        if not restoring:
            newest.refuse_older(store.roster, store.members)
        self._opened = Stores(store.roster, store.members)
        return self._opened

    def finish(self) -> None:
        """Note in each database how far the other has come; what cannot be written now, the next command writes."""
        if self._opened is not None:
            with suppress(StoreError):
                newest.note(self._opened.roster, self._opened.members)

    def print(self, text: str = "", style: str | None = None) -> None:
        """Print a line of the result."""
        for line in _wrapped(self.out, shown(text)):
            self.out.print(line, style=style, soft_wrap=True)

    def note(self, text: str, style: str | None = None) -> None:
        """Print a line beside the result, on standard error."""
        with suppress(OSError):
            for line in _wrapped(self.err, shown(text)):
                self.err.print(line, style=style, soft_wrap=True)

    def json(self, value: Any) -> None:
        """Print a result as JSON."""
        try:
            sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")
            sys.stdout.flush()
        except BrokenPipeError:
            silence(sys.stdout)

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> None:
        """Print rows under headings; the columns whose numbers are in `right` are numbers."""
        table = Table(box=None, pad_edge=False, header_style="bold")
        for number, heading in enumerate(headings):
            table.add_column(heading, justify="right" if number in right else "left", overflow="fold")
        for row in rows:
            table.add_row(*map(shown, row))
        # Nothing is folded in a pipe: whoever searches there wants whole lines.
        if not self.out.is_terminal:
            self.out.width = _PIPE_WIDTH
        self.out.print(table)

    @contextmanager
    def working(self, what: str) -> Iterator[None]:
        """Show on a terminal that something goes on of which nobody knows how long it takes."""
        if not self.err.is_terminal:
            yield
            return
        with self.err.status(what):
            yield

    @contextmanager
    def progress(self, what: str) -> Iterator[Callable[[int, int], None]]:
        """Give a function that shows how far long work is, on a terminal only."""
        if not self.err.is_terminal:
            yield lambda done, total: None
            return
        columns = (TextColumn(what), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, console=self.err, transient=True) as bar:
            task = bar.add_task(what)
            yield lambda done, total: bar.update(task, completed=done, total=total)


pass_app = click.make_pass_decorator(App, ensure=True)

json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
file_argument = click.argument("file", required=False, type=click.Path(path_type=Path))
format_option = click.option("--format", "file_format", help="The format of FILE, instead of detecting it.")
