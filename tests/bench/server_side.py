"""The server side: the same cards from stock Radicale's own storage, our plugins in it, and `tldops serve`."""

import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

from rich.box import SIMPLE
from rich.table import Table

from radicale_tldops.store.read import load_cards
from tests.bench.figures import Tell
from tests.data.membership import as_csv, people
from tests.support import CARDDAV, DAV, Client, Response, Workspace, free_port, process, serve

CARDS = 1000
STOCK, PLUGINS, SERVE = "stock Radicale", "our plugins in it", "tldops serve"

HOW = (
    f"{CARDS:,} cards over HTTP on loopback, one process each. Every request has a connection of its own, for all "
    "three alike, because stock Radicale's server speaks HTTP/1.0 and closes after each answer. The time runs from "
    "before the connection to the last byte. The three take turns, and every answer is checked outside of that time."
)
"""How it was measured, for whoever reads the figures."""

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
_PROPERTIES = '<D:prop xmlns:D="DAV:"><D:getetag/><address-data/></D:prop>'


@dataclass(frozen=True, slots=True)
class Contender:
    """A running server: a client of it, the path of its book, the hrefs of the cards, and one person's list address."""

    name: str
    client: Client
    book: str
    hrefs: tuple[str, ...]
    email: str


Request: TypeAlias = tuple[Callable[[], Response], Callable[[Response], bool]]
"""Sends one request; tells whether the answer is complete."""


@dataclass(frozen=True, slots=True)
class Timing:
    """The median in milliseconds of one kind of request to one contender."""

    request: str
    contender: str
    median: float
    repeats: int


def measure_all(tell: Tell, *, quick: bool) -> list[Timing]:
    """Start the three servers with the same cards, and time them in turns."""
    timings: list[Timing] = []
    with TemporaryDirectory(prefix="tldops-bench-") as folder, ExitStack() as running:
        tell(f"{CARDS:,} cards: uploading them")
        contenders = [running.enter_context(one) for one in _contenders(Path(folder))]
        for kind, (make, repeats) in KINDS.items():
            timings += _in_turns(kind, make, contenders, max(3, repeats // 5) if quick else repeats, tell)
    return timings


def _in_turns(
    kind: str, make: Callable[[Contender], Request], contenders: Sequence[Contender], repeats: int, tell: Tell
) -> Iterator[Timing]:
    requests = {contender.name: make(contender) for contender in contenders}
    taken: dict[str, list[float]] = {name: [] for name in requests}
    for number in range(repeats + 1):
        tell(f"{kind}: {number} of {repeats}")
        for name, (send, is_complete) in requests.items():
            began = time.perf_counter()
            answer = send()
            seconds = time.perf_counter() - began
            assert is_complete(answer), f"{kind}, {name}: {answer.status} {answer.body[:500]!r}"
            if number:  # the first one fills the caches, for all of them
                taken[name].append(seconds)
    for name, some in taken.items():
        yield Timing(kind, name, statistics.median(some) * 1000, len(some))


def _poll(one: Contender) -> Request:
    token = one.client.sync(one.book).xml.findtext(f"{DAV}sync-token", "")
    return (
        lambda: one.client.sync(one.book, token),
        lambda answer: answer.xml.findtext(f"{DAV}sync-token") == token and not answer.hrefs(),
    )


def _etags(one: Contender) -> Request:
    return (
        lambda: one.client.propfind(one.book, f"{DAV}getetag", depth="1"),
        lambda answer: {*one.hrefs, one.book} == set(answer.hrefs("200")),
    )


def _multiget(one: Contender) -> Request:
    hrefs = "".join(f'<href xmlns="DAV:">{href}</href>' for href in one.hrefs)
    body = f'<addressbook-multiget xmlns="{CARDDAV[1:-1]}">{_PROPERTIES}{hrefs}</addressbook-multiget>'
    return lambda: one.client.report(one.book, body), lambda answer: _count(answer) == len(one.hrefs)


def _query(one: Contender) -> Request:
    body = (
        f'<addressbook-query xmlns="{CARDDAV[1:-1]}">{_PROPERTIES}<filter><prop-filter name="EMAIL">'
        f'<text-match match-type="contains">{one.email}</text-match></prop-filter></filter></addressbook-query>'
    )
    return (
        lambda: one.client.report(one.book, body),
        lambda answer: _count(answer) == 1 and one.email in answer.body.decode(),
    )


def _get(one: Contender) -> Request:
    return (
        lambda: one.client.request("GET", one.hrefs[0]),
        lambda answer: answer.status == 200 and answer.body.count(b"END:VCARD") == 1,
    )


KINDS = {
    "no-change poll (sync)": (_poll, 50),
    "all ETags (PROPFIND)": (_etags, 5),
    "all cards (multiget)": (_multiget, 5),
    "e-mail (query, 1 hit)": (_query, 5),
    "one card (GET)": (_get, 50),
}
"""The requests, and how often each is timed."""


def _count(answer: Response) -> int:
    return sum((one.text or "").count("END:VCARD") for one in answer.xml.iter(f"{CARDDAV}address-data"))


def _contenders(folder: Path) -> Sequence[AbstractContextManager[Contender]]:
    most = 5
    members = people(CARDS, per_cctld=most)
    workspace = Workspace(folder)
    workspace.configure(f"[vetting]\nmax_per_cctld = {most}\n")
    workspace.members.write_text(as_csv(members), newline="")
    workspace.do("sync", "--yes")
    email = members[0].email
    login = workspace.device(email)
    cards = load_cards(folder / "roster.sqlite")
    assert len(cards) == CARDS

    @contextmanager
    def ours(name: str, kind: str) -> Iterator[Contender]:
        with serve(workspace, kind) as url:
            client = Client(url, login)
            yield _contender(name, client, client.book(), email)

    return _stock(folder / "stock", cards, email), ours(PLUGINS, "radicale"), ours(SERVE, "tldops")


@contextmanager
def _stock(folder: Path, cards: Sequence[str], email: str) -> Iterator[Contender]:
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
        for number, card in enumerate(cards):
            assert client.request("PUT", f"{book}{number}.vcf", card, Content_Type="text/vcard").status == 201
        yield _contender(STOCK, client, book, email)


def _contender(name: str, client: Client, book: str, email: str) -> Contender:
    found = client.propfind(book, f"{DAV}getetag", depth="1").hrefs("200")
    hrefs = tuple(href for href in found if href != book)
    assert len(hrefs) == CARDS, f"{name} has {len(hrefs)} cards"
    return Contender(name, client, book, hrefs, email)


def table(timings: Sequence[Timing]) -> Table:
    """Return the medians as a table, with how many times faster than stock Radicale they are."""
    title = "Servers: median in milliseconds, and how many times as fast as stock Radicale"
    shown = Table(title=title, title_justify="left", box=SIMPLE, pad_edge=False)
    shown.add_column("request")
    for heading in ("stock", "plugins", "faster", "serve", "faster", "repeats"):
        shown.add_column(heading, justify="right")
    by = {(timing.request, timing.contender): timing for timing in timings}
    for kind in KINDS:
        stock, plugins, served = (by[kind, name].median for name in (STOCK, PLUGINS, SERVE))
        shown.add_row(
            kind,
            f"{stock:.1f}",
            *(f"{plugins:.1f}", f"{stock / plugins:.1f}"),
            *(f"{served:.1f}", f"{stock / served:.1f}"),
            str(by[kind, STOCK].repeats),
        )
    return shown
