"""What every command shares: the configuration, the clock, who is acting, and how things are printed."""

import json
import os
import pwd
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from radicale_tldops.roster.errors import OlderCopyError, SettingsError, StoreError

if TYPE_CHECKING:
    from rich.console import Console

    from radicale_tldops.settings import Settings
    from sync.stores import Stores

OK = 0
FOUND = 1
"""Errors were found in the data, or a guard refused."""
FAILED = 2
"""Wrong usage, unreadable input, or a failing store or list."""

MAX_TEXT = 200
"""Longest reason, and the like, that the command line takes, in characters."""

MAX_USER = 64
"""Longest name of a user that SUDO_USER gives, in characters."""

_FEW = 3

# Control characters except the line feed, line separators, direction marks, bytes of a name that are not UTF-8.
_UNSEEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def shown(text: str) -> str:
    """Return `text` with control characters escaped, so that a terminal shows them; the line feed stays."""
    return _UNSEEN.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return "1 person" or "2 people"."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def few(texts: Sequence[str]) -> str:
    """Return "Ann, Bob, Eve, …": the first texts, as many as stand in a line about all of them."""
    return ", ".join(texts[:_FEW]) + (", …" if len(texts) > _FEW else "")


def one_line(_context: click.Context, _option: click.Parameter, value: str) -> str:
    """Return the value of an option that is kept as one line of a log, without the space around it."""
    text = value.strip()
    if not 0 < len(text) <= MAX_TEXT or "\n" in text or shown(text) != text:
        raise click.BadParameter(f"it takes one line of 1 to {MAX_TEXT} characters.")
    return text


def silence(stream: IO[str]) -> None:
    """Discard all further output, and what Python has buffered until it exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _is_terminal(stream: IO[str]) -> bool:
    """Whether a person reads `stream`, or a program that asks for what a person gets (FORCE_COLOR)."""
    return stream.isatty() or bool(os.environ.get("FORCE_COLOR"))


def _write(text: str) -> None:
    """Write text as it is. Where the reader has closed the pipe, discard all further output."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        silence(sys.stdout)


@dataclass
class App:
    """The state of one run of the command."""

    config: str | None = None
    sheet: str = ""
    _settings: "Settings | None" = None
    _opened: "Stores | None" = None

    @property
    def settings(self) -> "Settings":
        """The configuration, read on first use."""
        # Imported here, as below: `--help` does not wait for it.
        from radicale_tldops.settings.file import find_file, load

        if self._settings is None:
            found = load(find_file(self.config))
            if self.sheet:
                found = replace(found, membership=replace(found.membership, sheet=self.sheet))
            self._look_at_modes(found)
            self._settings = found
        return self._settings

    def require_configuration(self) -> None:
        """Refuse to use databases that would be in whatever folder one happens to stand in.

        Raises:
            SettingsError: there is no configuration.
        """
        if self.settings.path is None:
            raise SettingsError(
                f"there is no tldops.toml in {Path.cwd()}, which says where the databases are. Go to its folder, or "
                "name it: `tldops --config FILE …`. Nothing set up yet? `tldops init` begins here."
            )

    def _look_at_modes(self, settings: "Settings") -> None:
        """Say once which files others may read or write.

        Raises:
            SettingsError: there are some, and `strict_modes` refuses them.
        """
        from radicale_tldops.settings.modes import look

        exposed = look(settings)
        if exposed and settings.store.strict_modes:
            raise SettingsError(f"[store] strict_modes: {' '.join(f'{exposure}.' for exposure in exposed)}")
        for exposure in exposed:
            self.note(f"Warning: {exposure}", style="bold red")

    @property
    def now(self) -> datetime:
        """The time of this moment, in UTC."""
        return datetime.now(UTC)

    @property
    def actor(self) -> str:
        """Who runs the command, for the history and the audit log: the user of the process, and who called sudo.

        Anybody can set SUDO_USER, as LOGNAME: it is a claim, and never replaces the user whom the kernel knows.
        """
        try:
            user = pwd.getpwuid(os.getuid()).pw_name
        except KeyError:
            user = f"uid {os.getuid()}"
        claimed = os.environ.get("SUDO_USER", "")[:MAX_USER]
        return shown(f"{user} (sudo by {claimed})" if claimed not in ("", user) else user).replace("\n", "\\n")

    def stores(self, *, creating: bool = False, roster_alone: bool = False) -> "Stores":
        """Return where the databases are, brought to this version; with `creating`, made where there is neither.

        With `roster_alone`, a members database that fails is named as the `fault` of the stores: damage to
        that database must not keep a login from losing its access.

        Raises:
            MissingStoreError: one of them is missing.
            OlderCopyError: one of them is an older copy.
        """
        # Imported here: `check` does not use the databases, and loading them takes time.
        from radicale_tldops.store import create, newest
        from sync.stores import Stores

        self.require_configuration()
        store, fault = self.settings.store, None
        if creating:
            create.create_all(store.roster, store.members, store.desk_file)
        create.update_roster(store.roster, store.members, store.desk_file)
        try:
            create.update_members(store.roster, store.members)
            newest.refuse_older(store.roster, store.members)
        except StoreError as error:
            is_of_roster = isinstance(error, OlderCopyError) and not isinstance(error, newest.OlderMembersError)
            if is_of_roster or not roster_alone:
                raise
            fault = error
        desk_fault = create.find_desk_fault(store.roster, store.members, store.desk_file)
        grace = self.settings.subscribers.leaving_grace
        self._opened = Stores(store.roster, store.members, store.desk_file, fault, desk_fault, grace)
        return self._opened

    def repaired_stores(self) -> "Stores":
        """Return where the databases are, for the commands that bring one back: one may be missing or an older copy."""
        from radicale_tldops.store import create
        from radicale_tldops.store.engine import is_missing
        from sync.stores import Stores

        self.require_configuration()
        store, grace = self.settings.store, self.settings.subscribers.leaving_grace
        self._opened = Stores(store.roster, store.members, store.desk_file, grace=grace)
        if not is_missing(self._opened.roster):
            create.update_roster(store.roster, store.members, store.desk_file, migrating=True)
        if not is_missing(self._opened.members):
            create.update_members(self._opened.roster, self._opened.members, migrating=True)
        return self._opened

    def finish(self) -> None:
        """Note in each database how far the other has come; what cannot be written now, the next command writes."""
        if self._opened is not None and self._opened.fault is None:
            from radicale_tldops.store import newest

            with suppress(StoreError):
                newest.note(self._opened.roster, self._opened.members)

    @cached_property
    def out(self) -> "Console":
        """Standard output, to lay text out on."""
        from sync.cli.terminal import console

        return console()

    @cached_property
    def err(self) -> "Console":
        """Standard error, to lay text out on."""
        from sync.cli.terminal import console

        return console(stderr=True)

    @property
    def is_terminal(self) -> bool:
        """Whether a person reads standard output as it is printed."""
        return _is_terminal(sys.stdout)

    def print(self, text: str = "", style: str | None = None) -> None:
        """Print a line of the result."""
        # A pipe needs no layout, and a plan may have a hundred thousand lines.
        if not self.is_terminal:
            _write(f"{shown(text)}\n")
            return
        from sync.cli.terminal import print_text

        print_text(self.out, shown(text), style)

    def note(self, text: str, style: str | None = None) -> None:
        """Print a line beside the result, on standard error."""
        with suppress(OSError):
            if not _is_terminal(sys.stderr):
                sys.stderr.write(f"{shown(text)}\n")
                return
            from sync.cli.terminal import print_text

            print_text(self.err, shown(text), style)

    def json(self, value: Any) -> None:
        """Print a result as JSON."""
        _write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")

    def table(
        self,
        headings: Sequence[str],
        rows: Sequence[Sequence[str]],
        right: Sequence[int] = (),
        *,
        one_line: bool = False,
    ) -> None:
        """Print rows under headings; the columns whose indexes are in `right` are aligned to the right.

        With `one_line`, long cells are cut on a terminal, so that each row is one line.
        """
        from sync.cli.terminal import print_table

        print_table(self.out, headings, rows, right, one_line=one_line)

    @contextmanager
    def working(self, what: str) -> Iterator[None]:
        """Show on a terminal that work of unknown length is going on."""
        if not _is_terminal(sys.stderr):
            yield
            return
        with self.err.status(what):
            yield

    @contextmanager
    def progress(self, what: str) -> Iterator[Callable[[int, int], None]]:
        """Yield a function that shows the progress of long work, on a terminal only."""
        if not _is_terminal(sys.stderr):
            yield lambda done, total: None
            return
        from sync.cli.terminal import progress

        with progress(self.err, what) as tell:
            yield tell


pass_app = click.make_pass_decorator(App, ensure=True)


class GenerationNumber(click.IntRange):
    """The number of a generation, with a message that says what to give."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            said = f"{str(value)[:40]!r} is not the number of a generation. `tldops history` lists the numbers."
            self.fail(said, param, ctx)


GENERATION_NUMBER = GenerationNumber(1, 2**63 - 1)
show_values_option = click.option("--show-values", is_flag=True, help="Show telephone numbers, as on a terminal.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
file_argument = click.argument("file", required=False, type=click.Path(path_type=Path))
format_option = click.option("--format", "file_format", help="The format of FILE, instead of detecting it.")


def _use_sheet(context: click.Context, _option: click.Parameter, value: str | None) -> None:
    context.ensure_object(App).sheet = value or ""


sheet_option = click.option(
    "--sheet", metavar="NAME", expose_value=False, callback=_use_sheet, help="The sheet of a spreadsheet."
)
