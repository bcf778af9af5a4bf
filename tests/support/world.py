"""What many tests share: a folder with a configuration, the command as a process, servers, and a DAV client."""

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sync.cli import main as tldops_main

DAV = "{DAV:}"
CARDDAV = "{urn:ietf:params:xml:ns:carddav}"
CALENDARSERVER = "{http://calendarserver.org/ns/}"


@dataclass(frozen=True)
class Result:
    """What a run of the command gave."""

    code: int
    out: str
    err: str

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


class Workspace:
    """A folder with tldops.toml and a membership file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "tldops.toml"
        self.members = folder / "members.txt"
        self.configure()

    def configure(self, text: str = "") -> None:
        """Write the configuration: the membership file, and `text`."""
        self.config.write_text(f'[membership]\nfile = "members.txt"\n{text}')

    def write(self, *lines: str) -> None:
        """Write the membership file, one line each."""
        self.members.write_text("".join(f"{line}\n" for line in lines))

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
        return Result(done.returncode, done.stdout, done.stderr)

    def do(self, *arguments: str) -> Result:
        """Run the command, which has to succeed."""
        result = self.run(*arguments)
        assert result.code == 0, f"{arguments}: {result}"
        return result

    def call(self, *arguments: str) -> int:
        """Run the command inside this process, for tests that run it hundreds of times; return the exit code."""
        return tldops_main(["--config", str(self.config), *arguments])

    def sync(self, *lines: str) -> None:
        """Write these lines and apply them."""
        self.write(*lines)
        self.do("sync", "--yes")

    def device(self, login: str, style: str = "plain") -> Login:
        """Issue a device password."""
        shown = self.do("device", "add", login, "--label", "test", "--style", style, "--json").json
        return Login(shown["user"], shown["password"], shown["url"], shown["id"])


def content_of(database: bytes) -> list[str]:
    """Return everything in a database but the note of when the list was had."""
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        connection.deserialize(database)
        return [
            line for line in connection.iterdump() if not line.startswith("INSERT INTO \"meta\" VALUES('freshness'")
        ]
