"""Everybody at once: HARDENING.md, line 47."""

import gzip
import http.client
import sys
import threading
from base64 import b64encode
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from radicale_tldops.roster.login import canonical_login
from radicale_tldops.roster.snapshot import BOOK, Style
from radicale_tldops.store.members import add_device
from radicale_tldops.store.read import load_cards, load_snapshot
from tests.data.membership import as_csv, people
from tests.support import CARDDAV, DAV, Response, World, free_port, process
from tests.support.waiting import until

MEMBERS = 400


@dataclass(frozen=True)
class Member:
    """A reader with a device password."""

    login: str
    password: str
    principal: str

    @property
    def book(self) -> str:
        """The path of the book as this reader sees it."""
        return f"/{self.principal}/{BOOK}/"


@dataclass(frozen=True)
class Resync:
    """What one member got: the answer to sync-collection with no token, and to a multiget of all it named."""

    member: Member
    listed: Response
    cards: Response


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A store with 400 members."""
    made = World(tmp_path_factory.mktemp("load"))
    made.members.write_text(as_csv(people(MEMBERS)), newline="")
    made.do("sync", "--yes")
    return made


@pytest.fixture(scope="module")
def members(world: World) -> Sequence[Member]:
    """All of them, each with a device password, by list address; issued by the store, for 400 commands take minutes."""
    folder, now = world.folder, datetime.now(UTC)
    snapshot = load_snapshot(folder / "roster.sqlite")
    by_login = [snapshot.readers[canonical_login(person.email)] for person in people(MEMBERS)]
    return [
        Member(
            reader.login,
            add_device(folder / "members.sqlite", reader, "test", Style.PLAIN, "test", now)[1],
            reader.principal,
        )
        for reader in by_login
    ]


@pytest.fixture(scope="module")
def port(world: World, members: Sequence[Member]) -> Iterator[int]:
    """The port of `tldops serve` with its defaults."""
    found = free_port()
    command = [sys.executable, "-m", "sync", "--config", str(world.config), "serve", "--port", str(found)]
    with process(command, found, world.folder):
        yield found


@pytest.fixture(scope="module")
def resyncs(port: int, members: Sequence[Member]) -> Sequence[Resync]:
    """What they all got, who connected before the first of them asked."""
    together = threading.Barrier(MEMBERS, timeout=60)
    with ThreadPoolExecutor(MEMBERS) as pool:
        return list(pool.map(lambda member: _resync(port, member, together), members))


def _resync(port: int, member: Member, together: threading.Barrier) -> Resync:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.connect()
        together.wait()
        listed = _report(
            connection,
            member,
            '<sync-collection xmlns="DAV:"><sync-token/><sync-level>1</sync-level><prop><getetag/></prop>'
            "</sync-collection>",
        )
        hrefs = "".join(f"<D:href>{href}</D:href>" for href in listed.hrefs())
        cards = _report(
            connection,
            member,
            f'<C:addressbook-multiget xmlns:D="DAV:" xmlns:C="{CARDDAV[1:-1]}"><D:prop><D:getetag/><C:address-data/>'
            f"</D:prop>{hrefs}</C:addressbook-multiget>",
        )
        return Resync(member, listed, cards)
    finally:
        connection.close()


def _report(connection: http.client.HTTPConnection, member: Member, body: str) -> Response:
    token = b64encode(f"{member.login}:{member.password}".encode()).decode()
    headers = {"Authorization": f"Basic {token}", "Content-Type": "application/xml", "Accept-Encoding": "gzip"}
    connection.request("REPORT", member.book, body.encode(), headers)
    answer = connection.getresponse()
    sent = answer.read()
    assert (answer.status, answer.getheader("Content-Encoding")) == (207, "gzip"), (answer.status, sent[:200])
    return Response(answer.status, dict(answer.getheaders()), gzip.decompress(sent))


def test_everybody_gets_every_card(resyncs: Sequence[Resync], world: World) -> None:
    """One of 400 members who resync at once gets each card of the store, whole, and its ETag in both answers."""
    resync = resyncs[0]
    etags = {
        found.findtext(f"{DAV}href"): found.findtext(f".//{DAV}getetag")
        for answer in (resync.listed, resync.cards)
        for found in answer.xml.iter(f"{DAV}response")
    }
    told = [
        (found.findtext(f"{DAV}href"), found.findtext(f".//{DAV}getetag"))
        for found in resync.cards.xml.iter(f"{DAV}response")
    ]
    cards = [found.text for found in resync.cards.xml.iter(f"{CARDDAV}address-data")]
    assert len(told) == len(etags) == MEMBERS
    assert dict(told) == etags
    kept = load_cards(world.folder / "roster.sqlite")
    assert sorted(map(_lines, cards)) == sorted(map(_lines, kept))


def test_everybody_gets_the_same(resyncs: Sequence[Resync]) -> None:
    """All 400 answers are the same bytes but for the reader's own path: none is short, none is another one's."""
    assert len({resync.member.principal for resync in resyncs}) == len(resyncs) == MEMBERS
    lists = {resync.listed.body.replace(resync.member.book.encode(), b"/BOOK/") for resync in resyncs}
    books = {resync.cards.body.replace(resync.member.book.encode(), b"/BOOK/") for resync in resyncs}
    assert (len(lists), len(books)) == (1, 1)
    assert all(body.count(b"<D:href>/BOOK/") == MEMBERS for body in lists | books)


def test_nobody_is_refused(resyncs: Sequence[Resync], port: int, world: World) -> None:
    """The server's own log names 800 requests of that morning, and not one that failed."""
    log = world.folder / f"server-{port}.log"
    statuses: list[str] = []

    def logged() -> int:
        statuses[:] = [line.split()[4] for line in log.read_text().splitlines() if " REPORT /" in line]
        return len(statuses)

    # The log is written a moment after the answer.
    until(lambda: logged() >= 2 * len(resyncs), "requests are missing in the log")
    assert statuses == ["207"] * 2 * len(resyncs)


def _lines(card: str | None) -> list[str]:
    """Return a card's lines, however they end: XML reads every line end as a line feed."""
    return (card or "").splitlines()
