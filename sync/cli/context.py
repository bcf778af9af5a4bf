"""What every command shares: the configuration, the clock, who is acting, and how things are printed."""

import getpass
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from radicale_tldops.settings import Settings, find_file, load
from radicale_tldops.store import schema
from sync.apply import Stores

OK = 0
FOUND = 1
"""Errors were found in the data, or a guard refused."""
FAILED = 2
"""Wrong usage, unreadable input, or a failing store or list."""


@dataclass
class App:
    """The state of one run of the command."""

    config: str | None = None
    out: Console = field(default_factory=lambda: Console(highlight=False, markup=False, soft_wrap=False))
    err: Console = field(default_factory=lambda: Console(stderr=True, highlight=False, markup=False))
    _settings: Settings | None = None

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
            return os.environ.get("SUDO_USER") or getpass.getuser()
        except (KeyError, OSError):
            return f"uid {os.getuid()}"

    def stores(self) -> Stores:
        """Return where the databases are, created or brought to this version where that is needed."""
        store = self.settings.store
        schema.ensure(store.roster, store.members)
        return Stores(store.roster, store.members)

    def print(self, text: str = "", style: str | None = None) -> None:
        """Print a line of the result."""
        self.out.print(text, style=style, soft_wrap=True)

    def note(self, text: str, style: str | None = None) -> None:
        """Print a line beside the result, on standard error."""
        self.err.print(text, style=style, soft_wrap=True)

    def json(self, value: Any) -> None:
        """Print a result as JSON."""
        sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> None:
        """Print rows under headings; the columns whose numbers are in `right` are numbers."""
        table = Table(box=None, pad_edge=False, header_style="bold")
        for number, heading in enumerate(headings):
            table.add_column(heading, justify="right" if number in right else "left", overflow="fold")
        for row in rows:
            table.add_row(*row)
        self.out.print(table)

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
