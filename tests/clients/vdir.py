"""A member's vdirsyncer and khard, both with a configuration and a home in one folder."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.support import Login

SYNCER = """\
[general]
status_path = "{folder}/status/"

[pair tldops]
a = "here"
b = "list"
collections = ["from b"]
conflict_resolution = "b wins"
{partial_sync}
metadata = ["displayname"]

[storage here]
type = "filesystem"
path = "{folder}/contacts/"
fileext = ".vcf"

[storage list]
type = "carddav"
url = "{url}"
username = "{user}"
password = "{password}"
{read_only}
"""

KHARD = """\
[addressbooks]
[[tldops]]
path = {book}

[general]
editor = /bin/false
merge_editor = /bin/false

[contact table]
display = formatted_name
"""


@dataclass(frozen=True)
class Member:
    """The folder of a member, with the vdir that vdirsyncer fills and khard reads."""

    folder: Path

    @property
    def book(self) -> Path:
        """The folder of the one collection that the server has."""
        return self.folder / "contacts" / "tld-ops"

    def configure(self, url: str, login: Login, *, read_only: bool = True) -> None:
        """Write both configurations, as a member does, with nothing but the host's URL and the login."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "vdirsyncer.conf").write_text(
            SYNCER.format(
                folder=self.folder,
                url=url,
                user=login.user,
                password=login.password,
                read_only="read_only = true" if read_only else "",
                partial_sync='partial_sync = "revert"' if read_only else "",
            )
        )
        (self.folder / "khard.conf").write_text(KHARD.format(book=self.book))

    def discover(self) -> str:
        """Look for collections, and agree to the creation of their folders; return what vdirsyncer says."""
        return self._run("vdirsyncer", "discover", typed="y\n").stderr

    def sync(self, code: int = 0) -> str:
        """Synchronise, which has to end with this exit code; return what vdirsyncer says."""
        return self._run("vdirsyncer", "sync", code=code).stderr

    def metasync(self) -> str:
        """Synchronise the name of the book; return what vdirsyncer says."""
        return self._run("vdirsyncer", "metasync").stderr

    def files(self) -> dict[str, str]:
        """Return the contacts in the vdir, by file name."""
        return {file.name: file.read_bytes().decode() for file in self.book.glob("*.vcf")}

    def khard(self, *arguments: str) -> list[str]:
        """Run khard; return the lines of its output."""
        return self._run("khard", *arguments).stdout.splitlines()

    def _run(self, program: str, *arguments: str, typed: str = "", code: int = 0) -> "subprocess.CompletedProcess[str]":
        done = subprocess.run(
            [sys.executable, "-m", program, "--config", str(self.folder / f"{program}.conf"), *arguments],
            input=typed,
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder), "LANG": "C.UTF-8"},
        )
        assert done.returncode == code, (program, arguments, done.stdout, done.stderr)
        return done
