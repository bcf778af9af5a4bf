"""A real Mailman Core with its REST interface, on the loopback, with a database and an SMTP port of its own."""

import contextlib
import json
import os
import shutil
import sys
import urllib.parse
import urllib.request
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support import free_port, process

USER = "restadmin"
PASSWORD = "Mailman's own pass-word"

_CONFIGURATION = """\
[mailman]
layout: local
[paths.local]
var_dir: {folder}/var
[database]
url: sqlite:///{folder}/mailman.db
[webservice]
hostname: 127.0.0.1
port: {rest}
admin_user: {user}
admin_pass: {password}
workers: 1
[mta]
incoming: mailman.mta.null.NullMTA
lmtp_host: 127.0.0.1
lmtp_port: {lmtp}
smtp_host: 127.0.0.1
smtp_port: {smtp}
"""


@dataclass(frozen=True)
class Mailman:
    """A running Mailman Core."""

    url: str
    folder: Path
    pid: int

    @property
    def password_file(self) -> Path:
        """A file with the administrator's password."""
        return self.folder / "admin-password"

    def call(self, path: str, data: Mapping[str, str] | None = None, method: str | None = None) -> Any:
        """Ask the REST interface, without the client that is under test."""
        body = None if data is None else urllib.parse.urlencode(data).encode()
        request = urllib.request.Request(f"{self.url}/{path}", body, method=method)
        request.add_header("Authorization", "Basic " + b64encode(f"{USER}:{PASSWORD}".encode()).decode())
        with urllib.request.urlopen(request, timeout=30) as answer:
            content = answer.read()
        return json.loads(content) if content else None

    def new_list(self, name: str) -> str:
        """Make a list that nobody is on, and return its id."""
        self.call("lists", {"fqdn_listname": f"{name}@lists.example.org"})
        return f"{name}.lists.example.org"

    def subscribe(self, list_id: str, address: str, name: str = "", role: str = "member") -> None:
        """Put an address on a list."""
        done = {"pre_verified": "yes", "pre_confirmed": "yes", "pre_approved": "yes"} if role == "member" else {}
        quiet = {"send_welcome_message": "no"} if role == "member" else {}
        self.call(
            "members",
            {"list_id": list_id, "subscriber": address, "display_name": name, "role": role, **done, **quiet},
        )

    def unsubscribe(self, list_id: str, address: str) -> None:
        """Take an address off a list."""
        self.call(f"lists/{list_id}/member/{address}", method="DELETE")

    def stop_delivery(self, list_id: str, address: str, status: str) -> None:
        """Stop the mail to a member: by_user, by_moderator, by_bounces or unknown."""
        member = self.call(f"lists/{list_id}/member/{address}")["member_id"]
        self.call(f"members/{member}/preferences", {"delivery_status": status}, "PATCH")

    def members(self, list_id: str) -> set[str]:
        """Return the addresses of the members."""
        answer = self.call(f"lists/{list_id}/roster/member")
        return {entry["email"] for entry in answer.get("entries", ())}

    def settings(self, list_id: str, **more: object) -> str:
        """Return the sections of tldops.toml that name a list here."""
        values = {"url": self.url, "list": list_id, "password_file": str(self.password_file), **more}
        lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items())
        return f'[subscribers]\nsource = "mailman3"\n[subscribers.mailman3]\n{lines}'


@contextlib.contextmanager
def mailman(folder: Path) -> Iterator[Mailman]:
    """Run the REST interface of Mailman Core until the block ends; it has the domain lists.example.org, and no list.

    Mail is nobody's business here, so the runner that answers is started alone.
    """
    runner = _runner()
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    configuration = folder / "mailman.cfg"
    configuration.write_text(
        _CONFIGURATION.format(
            folder=folder, rest=port, user=USER, password=PASSWORD, lmtp=free_port(), smtp=free_port()
        )
    )
    with process([runner, "-C", str(configuration), "--runner=rest:0:1"], port, folder) as pid:
        core = Mailman(f"http://127.0.0.1:{port}/3.1", folder, pid)
        core.password_file.touch(0o600)
        core.password_file.write_text(f"{PASSWORD}\n")
        core.call("domains", {"mail_host": "lists.example.org"})
        yield core


def _runner() -> str:
    """Return the path of Mailman's `runner`: `make test` puts it into an environment of its own."""
    own = Path(sys.prefix) / "mailman" / "bin" / "runner"
    installed = shutil.which("mailman")
    found = own if own.exists() else Path(installed).with_name("runner") if installed else None
    if found is not None and found.exists():
        return str(found)
    message = "install Mailman Core (`make test` does) to run this test"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)
