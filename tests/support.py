"""What many tests share: a folder with a configuration, the command as a process, servers, and a DAV client."""

import base64
import contextlib
import http.client
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sync.cli import main as tldops_main

DAV = "{DAV:}"
CARDDAV = "{urn:ietf:params:xml:ns:carddav}"
CALENDARSERVER = "{http://calendarserver.org/ns/}"

JOHN = '"John Doe, #1, .nl, +31 123456789" <john.doe@nic.nl>'
JANE = "“Jane Doe, #1, .vn, +84 123456789” jane.doe@nic.vn, jane@oarc.net"
"""The community's own two lines (MEMBERSHIP, lines 1 and 2)."""


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


def free_port() -> int:
    """Return a port of the loopback that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def process(command: Sequence[str], port: int, folder: Path, env: Mapping[str, str] | None = None) -> Iterator[int]:
    """Run a server until the block ends; gives its process id. It is ended by that id."""
    log = folder / f"server-{port}.log"
    with log.open("wb") as output:
        running = subprocess.Popen(
            command,
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
            cwd=folder,
            env={**os.environ, **(env or {})},
        )
    try:
        wait_for(port, running, log)
        yield running.pid
    finally:
        running.send_signal(signal.SIGTERM)
        try:
            running.wait(15)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait(15)


def wait_for(port: int, running: "subprocess.Popen[bytes]", log: Path) -> None:
    """Wait until a server accepts connections; fails with its log when it ended or never does."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if running.poll() is not None:
            break
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError(f"the server did not start:\n{log.read_text()}")


@contextlib.contextmanager
def serve(workspace: Workspace, kind: str = "tldops") -> Iterator[str]:
    """Run a server for the workspace and give its URL: `tldops serve`, or with "radicale" the plugins in Radicale."""
    port = free_port()
    if kind == "tldops":
        command = [sys.executable, "-m", "sync", "--config", str(workspace.config), "serve"]
        command += ["--port", str(port), "--workers", "1"]
    else:
        shipped = (Path(__file__).parent.parent / "config" / "radicale.ini").read_text()
        ini = workspace.folder / "radicale.ini"
        ini.write_text(
            shipped.replace("/etc/tldops/tldops.toml", str(workspace.config)).replace(
                "127.0.0.1:5232", f"127.0.0.1:{port}"
            )
        )
        command = [sys.executable, "-m", "radicale", "--config", str(ini)]
    with process(command, port, workspace.folder):
        yield f"http://127.0.0.1:{port}/"


@dataclass(frozen=True)
class Response:
    """An HTTP response."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def xml(self) -> ET.Element:
        """The body, read as XML."""
        return ET.fromstring(self.body)

    def hrefs(self, status: str = "") -> list[str]:
        """The hrefs of a multistatus; with `status`, those whose response or first propstat says so."""
        return [
            one.findtext(f"{DAV}href", "")
            for one in self.xml.iter(f"{DAV}response")
            if status in (one.findtext(f"{DAV}status") or one.findtext(f"{DAV}propstat/{DAV}status") or "")
        ]


class Client:
    """A small DAV client that looks at every byte."""

    def __init__(self, url: str, login: Login | None = None, user: str = "", password: str = "") -> None:
        self.host = url.removeprefix("http://").rstrip("/")
        self.user = user or (login.user if login else "")
        self.password = password or (login.password if login else "")

    def request(self, method: str, path: str, body: str | bytes = b"", **headers: str) -> Response:
        """Send one request; header names are written with "_" for "-"."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.user:
            token = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
            sent.setdefault("Authorization", f"Basic {token}")
        connection = http.client.HTTPConnection(self.host, timeout=30)
        try:
            connection.request(method, path, body.encode() if isinstance(body, str) else body, sent)
            answer = connection.getresponse()
            return Response(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def propfind(self, path: str, *properties: str, depth: str = "0") -> Response:
        """Ask for properties by their Clark names."""
        return self.request("PROPFIND", path, propfind_body(*properties), Depth=depth)

    def report(self, path: str, body: str) -> Response:
        """Send a REPORT."""
        return self.request("REPORT", path, body, Depth="1", Content_Type="application/xml; charset=utf-8")

    def principal(self) -> str:
        """Discover the principal as every client does."""
        found = self.propfind("/", f"{DAV}current-user-principal")
        assert found.status == 207, found
        return found.xml.findtext(f".//{DAV}current-user-principal/{DAV}href", "")

    def home(self) -> str:
        """Discover the address book home."""
        found = self.propfind(self.principal(), f"{CARDDAV}addressbook-home-set")
        return found.xml.findtext(f".//{CARDDAV}addressbook-home-set/{DAV}href", "")

    def book(self) -> str:
        """Discover the one book."""
        found = self.propfind(self.home(), f"{DAV}resourcetype", depth="1")
        books = [
            one.findtext(f"{DAV}href", "")
            for one in found.xml.iter(f"{DAV}response")
            if one.find(f".//{CARDDAV}addressbook") is not None
        ]
        assert len(books) == 1, books
        return books[0]

    def sync(self, book: str, token: str = "", *properties: str) -> Response:
        """Send a sync-collection report (RFC 6578, 3)."""
        wanted = "".join(_element(name) for name in (properties or (f"{DAV}getetag",)))
        return self.report(
            book,
            f'<sync-collection xmlns="DAV:"><sync-token>{token}</sync-token><sync-level>1</sync-level>'
            f"<prop>{wanted}</prop></sync-collection>",
        )

    def cards(self, book: str) -> dict[str, str]:
        """Download the whole book: vCards by href."""
        found = self.report(
            book,
            f'<addressbook-query xmlns="{CARDDAV[1:-1]}"><prop xmlns="DAV:"><getetag/>'
            f"{_element(f'{CARDDAV}address-data')}</prop></addressbook-query>",
        )
        assert found.status == 207, found
        return {
            one.findtext(f"{DAV}href", ""): one.findtext(f".//{CARDDAV}address-data", "")
            for one in found.xml.iter(f"{DAV}response")
        }


def propfind_body(*properties: str) -> str:
    """Return the body of a PROPFIND for properties by their Clark names."""
    return f'<propfind xmlns="DAV:"><prop>{"".join(_element(name) for name in properties)}</prop></propfind>'


def _element(clark: str) -> str:
    namespace, name = clark[1:].split("}")
    return f'<x:{name} xmlns:x="{namespace}"/>'
