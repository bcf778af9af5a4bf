"""The servers that are compared, each started with the same cards."""

import os
import pickle
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from radicale_tldops.roster.snapshot import BOOK, Style
from radicale_tldops.store.members import add_device
from radicale_tldops.store.read import load_cards, load_snapshot
from tests.bench import floor as floor_module
from tests.bench.kinds import Place, find
from tests.bench.wire import Answer, authorization
from tests.data.membership import as_csv, people
from tests.support import CARDDAV, Client, Login, Response, World, free_port, process, serve

STOCK, XANDIKOS, PLUGINS, SERVE, FLOOR = "stock Radicale", "xandikos", "our plugins in it", "tldops serve", "floor"

ROOT = Path(__file__).parent.parent.parent

_USER = "bench"
_STOCK_INI = """\
[server]
hosts = 127.0.0.1:{port}
[auth]
type = htpasswd
htpasswd_filename = {folder}/users
htpasswd_encryption = plain
[storage]
filesystem_folder = {folder}/collections
[web]
type = none
[logging]
level = warning
"""

# What a server says of itself in every answer, and says anyway for what the floor answers.
_OF_THE_SERVER = frozenset({"date", "server"})


def fill(folder: Path, count: int) -> tuple[World, Sequence[str], Login]:
    """Make a store with so many people; return it, its cards, and the first person's device password."""
    most = max(5, count // 150)
    members = people(count, per_cctld=most)
    world = World(folder)
    world.configure(f"[vetting]\nmax_per_cctld = {most}\n")
    world.members.write_text(as_csv(members), newline="")
    # A hundred thousand people take minutes.
    command = [sys.executable, "-m", "sync", "--config", str(world.config), "sync", "--yes"]
    subprocess.run(command, check=True, capture_output=True, timeout=1800)
    cards = load_cards(folder / "roster.sqlite")
    assert len(cards) == count
    return world, cards, world.device(members[0].email)


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody with a device password, and the path of his book."""

    login: Login
    book: str

    @property
    def authorization(self) -> str:
        """The value of the header."""
        return authorization(self.login.user, self.login.password)


def issue(world: World, count: int) -> Sequence[Member]:
    """Give device passwords to the first so many readers, faster than the command does."""
    snapshot = load_snapshot(world.folder / "roster.sqlite")
    members, now = [], datetime.now(UTC)
    for reader in sorted(snapshot.readers.values(), key=lambda candidate: candidate.login)[:count]:
        device, password = add_device(world.folder / "members.sqlite", reader, "bench", Style.PLAIN, "bench", now)
        members.append(Member(Login(reader.login, password, "", device.id), f"/{reader.principal}/{BOOK}/"))
    return members


@contextmanager
def tldops(world: World) -> Iterator[tuple[int, int]]:
    """Run `tldops serve`; give its port and process id."""
    port = free_port()
    command = [sys.executable, "-m", "sync", "--config", str(world.config), "serve", "--port", str(port)]
    with process(command, port, world.folder) as pid:
        yield port, pid


@contextmanager
def served(world: World, login: Login) -> Iterator[Place]:
    """Run `tldops serve`, and find what is there."""
    with tldops(world) as (port, _):
        client = Client(f"http://127.0.0.1:{port}/", login)
        yield find(SERVE, client, authorization(login.user, login.password), login.user)


@contextmanager
def plugins(world: World, login: Login) -> Iterator[Place]:
    """Run the plugins in stock Radicale."""
    with serve(world, "radicale") as url:
        yield find(PLUGINS, Client(url, login), authorization(login.user, login.password), login.user, keeps=False)


@contextmanager
def floor(world: World, place: Place, answers: Mapping[str, Answer]) -> Iterator[Place]:
    """Run the floor with these answers of `place` by their keys, which are those of the requests."""
    recorded = {
        key: (
            answer.head[9 : answer.head.index(b"\r\n")].decode(),
            [(name, value) for name, value in answer.headers.items() if name not in _OF_THE_SERVER],
            answer.body,
        )
        for key, answer in answers.items()
    }
    port = free_port()
    file = world.folder / f"answers-{port}.pickle"
    file.write_bytes(pickle.dumps(recorded))
    command = [sys.executable, "-m", floor_module.__name__, str(world.config), str(port)]
    with process(command, port, world.folder, {"PYTHONPATH": str(ROOT), floor_module.ANSWERS: str(file)}):
        changed = {name: getattr(place, name) for name in Place.__slots__}
        yield Place(**{**changed, "name": FLOOR, "port": port})


@contextmanager
def stock(folder: Path, cards: Sequence[str], email: str) -> Iterator[Place]:
    """Run Radicale with its own storage and the cards in it, uploaded one by one as a client does."""
    folder.mkdir()
    port = free_port()
    ini = folder / "radicale.ini"
    ini.write_text(_STOCK_INI.format(port=port, folder=folder))
    (folder / "users").write_text(f"{_USER}:{_USER}\n")
    with process([sys.executable, "-m", "radicale", "--config", str(ini)], port, folder):
        client = Client(f"http://127.0.0.1:{port}/", user=_USER, password=_USER)
        book = f"/{_USER}/book/"
        make = '<D:mkcol xmlns:D="DAV:"><D:set><D:prop><D:resourcetype><D:collection/><C:addressbook xmlns:C="{}"/>'
        make += "</D:resourcetype></D:prop></D:set></D:mkcol>"
        assert client.request("MKCOL", book, make.format(CARDDAV[1:-1])).status == 201
        _upload(client, book, cards)
        yield _filled(find(STOCK, client, authorization(_USER, _USER), email, keeps=False), cards)


@contextmanager
def xandikos(folder: Path, cards: Sequence[str], email: str) -> Iterator[Place]:
    """Run xandikos, which asks nobody who he is: so much less it has to do."""
    folder.mkdir()
    port = free_port()
    command = [sys.executable, "-m", "xandikos", "serve", "--directory", str(folder / "collections"), "--defaults"]
    command += ["--listen-address", "127.0.0.1", "--port", str(port), "--state-dir", str(folder / "state")]
    command += ["--current-user-principal", f"/{_USER}/", "--no-detect-systemd"]
    with process(command, port, folder, {"HOME": str(folder), "PATH": os.environ["PATH"]}):
        client = _TypedClient(f"http://127.0.0.1:{port}/", user=_USER, password=_USER)
        _upload(client, client.book(), cards)
        yield _filled(find(XANDIKOS, client, authorization(_USER, _USER), email), cards)


class _TypedClient(Client):
    """A client that says that its bodies are XML: xandikos reads no others."""

    def request(self, method: str, path: str, body: str | bytes = b"", **headers: str) -> Response:
        """Send one request."""
        return super().request(method, path, body, **{"Content_Type": "application/xml", **headers})


def _upload(client: Client, book: str, cards: Sequence[str]) -> None:
    for number, card in enumerate(cards):
        assert client.request("PUT", f"{book}{number}.vcf", card, Content_Type="text/vcard").status in (201, 204)


def _filled(place: Place, cards: Sequence[str]) -> Place:
    assert len(place.hrefs) == len(cards), f"{place.name} has {len(place.hrefs)} cards"
    return place
