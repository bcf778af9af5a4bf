"""The one world of the tests: a folder with a configuration, a membership file, and the store that commands make."""

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from radicale_tldops.roster.contact import Contact
from radicale_tldops.store.desk import load_private
from radicale_tldops.store.read import load_state
from sync.cli import main as tldops_main
from tests.support.people import Person
from tests.support.schemas import check_output

ROSTER = "roster.sqlite"
ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Result:
    """What a run of the command with these arguments gave; JSON is what the schema of the command says."""

    arguments: Sequence[str] = field(compare=False)
    code: int
    out: str
    err: str

    def __post_init__(self) -> None:
        check_output(self.arguments, self.code, self.out)

    @property
    def json(self) -> Any:
        """The output, read as JSON."""
        return json.loads(self.out)


@dataclass(frozen=True)
class Login:
    """What `device add` printed."""

    user: str
    password: str
    url: str
    id: str


class World:
    """A folder with tldops.toml and a membership file, the command run in it, and what the store holds afterwards.

    With `captured`, which gives what was printed since it was last called, `world(…)` and all that is built on it run
    inside this process; without it, each command is a process of its own, as `run` always makes one.
    """

    def __init__(self, folder: Path, captured: Callable[[], tuple[str, str]] | None = None) -> None:
        self.folder = folder
        self.config = folder / "tldops.toml"
        self.members = folder / "members.txt"
        self.ahead = timedelta()
        self._captured = captured
        self.folder.chmod(0o700)
        self.configure()

    def configure(self, text: str = "") -> None:
        """Write the configuration: the membership file, and `text`."""
        self.config.write_text(f'[membership]\nfile = "members.txt"\n{text}')
        self.config.chmod(0o600)

    def write(self, *entries: Person | str) -> None:
        """Write the membership file: people, or lines as they stand."""
        self.members.write_text("".join(f"{entry if isinstance(entry, str) else entry.line}\n" for entry in entries))

    def __call__(self, *arguments: str) -> Result:
        """Run the command."""
        if self._captured is None:
            return self.run(*arguments)
        self._captured()
        code = self.call(*arguments)
        result = Result(arguments, code, *self._captured())
        assert "Traceback" not in result.err
        return result

    def run(self, *arguments: str, stdin: str | None = None) -> Result:
        """Run the command as a process of its own, without a terminal."""
        done = subprocess.run(
            [sys.executable, "-m", "sync", "--config", str(self.config), *arguments],
            input=stdin,
            stdin=None if stdin is not None else subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            env={**os.environ, "COLUMNS": "80"},
        )
        return Result(arguments, done.returncode, done.stdout, done.stderr)

    def call(self, *arguments: str) -> int:
        """Run the command inside this process, for tests that run it hundreds of times; return the exit code."""
        return tldops_main(["--config", str(self.config), *arguments])

    def do(self, *arguments: str) -> Result:
        """Run the command, which has to succeed."""
        result = self(*arguments)
        assert result.code == 0, f"{arguments}: {result}"
        return result

    def sync(self, *entries: Person | str) -> Result:
        """Write the membership file and apply it. The last contact of a ccTLD, who stays at first, goes as well."""
        self.write(*entries)
        result = self("sync", "--yes")
        if result.code == 1 and "Held: " in result.err:
            return self.force("last-contact")
        assert result.code == 0, result
        return result

    def force(self, *codes: str) -> Result:
        """Apply the plan as it stands with these hazards overridden."""
        plan = self("plan", "--json").json["id"]
        return self.do("sync", "--plan", plan, *(word for code in codes for word in ("--force", code)))

    def device(self, login: str, style: str = "plain") -> Login:
        """Issue a device password."""
        shown = self.do("device", "add", login, "--label", "test", "--style", style, "--json").json
        return Login(shown["user"], shown["password"], shown["url"], shown["id"])

    def refused(self, *arguments: str, code: int) -> str:
        """Run a command that must fail with this exit code and leave the store as it is; return its one message.

        When the list was last read, or since when it could not be, is noted all the same.
        """
        before, known = self.files(), self._roster()
        result = self(*arguments)
        assert result.code == code, f"{arguments}: {result}"
        after = self.files()
        if after != before and {**after, ROSTER: ""} == {**before, ROSTER: ""}:
            assert content_of(self._roster()) == content_of(known), f"{arguments} touched the store"
        else:
            assert after == before, f"{arguments} touched the store"
        assert message(result), f"{arguments} says nothing"
        return message(result)

    def files(self) -> Mapping[str, str]:
        """Return the digest of every file of the databases, journals included."""
        return {
            path.name: sha256(path.read_bytes()).hexdigest()
            for path in sorted(self.folder.iterdir())
            if ".sqlite" in path.name and path.is_file()
        }

    def data(self) -> Mapping[str, Sequence[str]]:
        """Return what each database holds, but for the note of when the list was read, or the last sync refused."""
        return {path.name: content_of(path.read_bytes()) for path in self.folder.glob("*.sqlite")}

    def _roster(self) -> bytes:
        path = self.folder / ROSTER
        return path.read_bytes() if path.is_file() else b""

    def contacts(self) -> Mapping[str, Contact]:
        """Return the contacts that are served, by name, with their private columns."""
        state = load_state(self.folder / ROSTER, ANY_TIME)
        private = load_private(self.folder / "desk.sqlite")
        found = [person.contact.with_private(private.get(uid, {})) for uid, person in state.people.items()]
        return {contact.name: contact for contact in found}

    def logins(self) -> set[str]:
        """Return the logins that may read."""
        state = load_state(self.folder / ROSTER, ANY_TIME)
        return set(state.readers) - set(state.denied)

    def generation(self) -> int:
        """Return the number of the newest generation."""
        number: int = self.do("status", "--json").json["generation"]
        return number

    def devices(self, login: str) -> list[bool]:
        """Return for each device password of a login, in the order of issue, whether it is valid."""
        return [device["state"] == "valid" for device in self.do("device", "list", login, "--json").json]


def message(result: Result) -> str:
    """Return what a command says on standard error: one line, or click's usage, a hint, and one line."""
    said = [line for line in result.err.splitlines() if line.strip()]
    assert len(said) == 1 or said[0].startswith("Usage: "), result.err
    return said[-1]


def content_of(database: bytes) -> list[str]:
    """Return everything in a database but the note of when the list was last read."""
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        connection.deserialize(database)
        return [
            line for line in connection.iterdump() if not line.startswith("INSERT INTO \"meta\" VALUES('freshness'")
        ]
