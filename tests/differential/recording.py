"""Record what vdirsyncer and Evolution send: `python -m tests.differential.recording` writes their files anew.

khard sends nothing: it reads the folder that vdirsyncer writes.
"""

import http.client
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from pathlib import Path

from tests.clients.conftest import people
from tests.clients.data_server import missing, session
from tests.clients.vdir import Member
from tests.differential.corpus import FOLDER, Recorded, write
from tests.support import JOHN, World
from tests.support.people import ROSTER
from tests.support.site import Site, running

_LEFT_OUT = frozenset({"host", "authorization", "content-length", "connection", "accept", "accept-language"})

_CHANGED = (JOHN.replace("John Doe", "John D. Doe"), *ROSTER[1:-1])
"""The roster with one change and one removal."""


class Recorder:
    """A proxy that passes everything on to one server, and keeps what came by."""

    def __init__(self, url: str) -> None:
        self.host = url.removeprefix("http://").rstrip("/")
        self.seen: list[tuple[str, str, list[tuple[str, str]], bytes]] = []
        self.lock = threading.Lock()

    @contextmanager
    def listening(self) -> Iterator[str]:
        """Listen until the block ends; gives the URL."""
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def __getattr__(self, name: str) -> object:
                if name.startswith("do_"):
                    return lambda: recorder.pass_on(self)
                raise AttributeError(name)

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            server.server_close()

    def pass_on(self, handler: BaseHTTPRequestHandler) -> None:
        """Send a request on, and its answer back."""
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        headers = handler.headers.items()
        connection = http.client.HTTPConnection(self.host, timeout=30)
        connection.request(handler.command, handler.path, body, dict(headers))
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        if answer.status != http.HTTPStatus.UNAUTHORIZED:
            with self.lock:
                self.seen.append((handler.command, handler.path, headers, body))
        handler.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("transfer-encoding", "connection", "date", "server"):
                handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(content)

    def requests(self, client: str, site: Site) -> list[Recorded]:
        """Return each different request once, without anything of this very roster."""
        dav = site.client()
        principal, book = dav.principal(), dav.book()
        names = [card.rsplit("/", 1)[1] for card in sorted(dav.cards(book))]
        kept: dict[tuple[str, str, str], Recorded] = {}
        for method, path, headers, body in self.seen:
            text = _unnamed(body.decode(), principal, book, names)
            place = _unnamed(path, principal, book, names)
            fields = tuple((name, value) for name, value in headers if name.lower() not in _LEFT_OUT)
            title = _title(method, place, text)
            kept.setdefault((method, place, text), Recorded(client, title, method, place, fields, text))
        return list(kept.values())


def _unnamed(text: str, principal: str, book: str, names: list[str]) -> str:
    # Cards that are gone by now, or came since, are told apart no more: the first one stands for them.
    for number, name in enumerate(names, start=1):
        text = text.replace(book + name, f"{{card {number}}}").replace(name.removesuffix(".vcf"), f"{{uid {number}}}")
    text = text.replace(book, "{book}").replace(principal, "{principal}")
    text = re.sub(r"\{book\}[0-9a-f-]{36}\.vcf", "{card 1}", text)
    text = re.sub(r"\{book\}[0-9A-F-]{36}\.vcf", "{book}nobody.vcf", text)
    return re.sub(r"(<[^>]*sync-token[^>]*>)[^<]+", r"\1{token}", text)


def _title(method: str, path: str, body: str) -> str:
    asked = re.findall(r"<(?:\w+:)?([a-z][\w-]*)", body)
    return f"{method} of {path}" + (f", {asked[0]}: {' '.join(asked[1:])[:80]}" if asked else "")


def record_vdirsyncer(folder: Path) -> str:
    """Discover, download, and take over a change."""
    with running(World(folder / "site"), "tldops", ROSTER) as site:
        recorder = Recorder(site.url)
        with recorder.listening() as url:
            member = Member(folder / "member")
            member.configure(url, site.login)
            member.discover()
            member.sync()
            member.metasync()
            site.change(*_CHANGED)
            member.sync()
        about = f"vdirsyncer {version('vdirsyncer')}, recorded: discover, sync, metasync, and a sync after a change.\n"
        about += "khard reads the folder that vdirsyncer writes, and sends nothing itself."
        return write(recorder.requests("vdirsyncer", site), about)


def record_evolution(folder: Path) -> str:
    """Find the book, open it, search, take over a change, and try to write."""
    with running(World(folder / "site"), "tldops", ROSTER) as site:
        recorder = Recorder(site.url)
        with recorder.listening() as url, session(folder / "evolution") as evolution:
            evolution.ask("open", url=url, user=site.login.user, password=site.login.password)
            evolution.settle(people(site.cards().values()))
            evolution.find('(contains "full_name" "Doe")')
            site.change(*_CHANGED)
            evolution.settle(people(site.cards().values()))
        about = "Evolution's data server, recorded: set-up, download, search, and a refresh after a change."
        return write(recorder.requests("evolution", site), about)


def main() -> int:
    """Record both clients."""
    with tempfile.TemporaryDirectory() as folder:
        for client, record in {"vdirsyncer": record_vdirsyncer, "evolution": record_evolution}.items():
            if client == "evolution" and (reason := missing()):
                print(f"evolution was left out: {reason}")
                continue
            place = Path(folder) / client
            (place / "site").mkdir(parents=True)
            (place / "evolution").mkdir()
            (FOLDER / f"{client}.http").write_text(record(place))
    return 0


if __name__ == "__main__":
    sys.exit(main())
