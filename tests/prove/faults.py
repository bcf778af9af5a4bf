"""A worker whose store is damaged, locked, emptied, swapped for an older one and mended while it answers."""

import contextlib
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from radicale_tldops.roster.errors import StoreError
from radicale_tldops.serve.live import LiveStore, shared
from radicale_tldops.settings.file import load
from tests.data.membership import as_text, people
from tests.differential.comparing import members, plain_body
from tests.prove import crashes
from tests.support import CARDDAV, DAV, Login, Response, World, propfind_body
from tests.support.in_process import Sent, Wsgi, both, call

PEOPLE = 12
MAX_BLIND = 3600

_FILES = ("roster.sqlite", "members.sqlite")
_QUERY = (
    f'<C:addressbook-query xmlns="DAV:" xmlns:C="{CARDDAV[1:-1]}"><prop><getetag/><C:address-data/></prop>'
    "</C:addressbook-query>"
)
_SYNC = '<sync-collection xmlns="DAV:"><sync-token/><sync-level>1</sync-level><prop><getetag/></prop></sync-collection>'


@dataclass
class Tally:
    """What came of many requests. `short` are successful answers in which somebody was missing."""

    requests: int = 0
    whole: int = 0
    refused: int = 0
    faults: int = 0
    restarts: int = 0
    short: list[str] = field(default_factory=list)
    other: list[str] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)


@dataclass(frozen=True)
class Site:
    """A worker, the good files of two generations, and what each of these serves."""

    world: World
    login: Login
    book: str
    older: Path
    newest: Path
    rosters: tuple[frozenset[tuple[str, str]], ...]


def build(folder: Path) -> Site:
    """Make two generations: somebody came, somebody changed, and nobody went."""
    site = folder / "site"
    site.mkdir()
    world = World(site)
    everybody = people(PEOPLE)
    world.members.write_text(as_text(everybody[:-1]))
    assert crashes.call(world, *crashes.SYNC)[0] == 0
    login = world.device(everybody[0].email)
    older = _kept(site, folder / "older")
    rosters = [_roster(world)]
    world.members.write_text(as_text(everybody).replace(everybody[1].name, f"{everybody[1].name} Example"))
    assert crashes.call(world, *crashes.SYNC)[0] == 0
    rosters.append(_roster(world))
    snapshot = LiveStore(load(world.config)).snapshot()
    book = f"/{snapshot.readers[login.user].principal}/tld-ops/"
    return Site(world, login, book, older, _kept(site, folder / "newest"), tuple(rosters))


def _kept(site: Path, place: Path) -> Path:
    place.mkdir()
    for name in _FILES:
        shutil.copy(site / name, place / name)
    return place


def _roster(world: World) -> frozenset[tuple[str, str]]:
    cards = LiveStore(load(world.config)).snapshot().plain.cards
    return frozenset((href, card.quoted_etag) for href, card in cards.items())


def run(site: Site, seed: str, count: int, *, most: int = 20) -> Tally:
    """Do one thing after the other to the files of a worker, and send it requests in between."""
    rng = Random(seed)
    tally = Tally()
    application = worker(site, 0)
    while tally.requests < count and len(tally.short) + len(tally.other) < most:
        fault = rng.choice(FAULTS)
        tally.faults += 1
        with fault(rng, site):
            # A worker that starts meanwhile has nothing good yet. One that is locked out would wait for seconds.
            if fault is not _locked and rng.random() < 0.1:
                tally.restarts += 1
                application = worker(site, tally.restarts)
            for _ in range(rng.randint(1, 6)):
                _look_again(site)
                what = f"{seed}, request {tally.requests}, {fault.__name__}"
                _judge(site, _ask(rng, site, application), what, tally)
        put(site.newest, site)
        _look_again(site)
    return tally


def worker(site: Site, number: int) -> Wsgi:
    """Return a worker that has read nothing yet: workers of other settings share nothing."""
    site.world.configure(f"\n[server]\naccess_log = false\nmax_blind = {MAX_BLIND + number}\n")
    return both(site.world).tldops


def _look_again(site: Site) -> None:
    """Let the worker look at its store now, and not only after half a second."""
    with contextlib.suppress(StoreError):
        shared(load(site.world.config)).reload()


def put(place: Path, site: Site, *names: str) -> None:
    """Put kept files where the worker looks, as a new file as `restore` does, with no journal beside them."""
    for name in names or _FILES:
        there = site.world.folder / name
        if there.is_dir():
            there.rmdir()
        spare = there.with_suffix(".new")
        shutil.copy(place / name, spare)
        spare.rename(there)
        there.with_name(f"{name}-journal").unlink(missing_ok=True)


@contextlib.contextmanager
def _damaged(rng: Random, site: Site) -> Iterator[None]:
    """Some bytes of one file are other ones."""
    there = _file(rng, site)
    data = bytearray(there.read_bytes())
    at, size = rng.randrange(len(data)), rng.choice((1, 1, 16, 512, 4096))
    data[at : at + size] = (
        rng.randbytes(len(data[at : at + size])) if rng.random() < 0.6 else bytes(len(data[at : at + size]))
    )
    there.write_bytes(data)
    yield


@contextlib.contextmanager
def _cut_off(rng: Random, site: Site) -> Iterator[None]:
    """A file ends somewhere, at times at a page; or is empty."""
    there = _file(rng, site)
    data = there.read_bytes()
    there.write_bytes(data[: rng.choice((0, rng.randrange(len(data)), rng.randrange(len(data)) // 4096 * 4096))])
    yield


@contextlib.contextmanager
def _garbage(rng: Random, site: Site) -> Iterator[None]:
    """Something else stands in the place of a file: nothing, a folder, text."""
    there = _file(rng, site)
    there.unlink()
    kind = rng.randrange(3)
    if kind == 1:
        there.mkdir()
    elif kind == 2:
        there.write_bytes(b"<html>" * 2000)
    yield


@contextlib.contextmanager
def _locked(rng: Random, site: Site) -> Iterator[None]:
    """Another program writes to a file, and takes its time."""
    with contextlib.closing(sqlite3.connect(_file(rng, site), isolation_level=None)) as writer:
        with contextlib.suppress(sqlite3.OperationalError):
            writer.execute("BEGIN EXCLUSIVE")
        yield


@contextlib.contextmanager
def _emptied(rng: Random, site: Site) -> Iterator[None]:
    """Rows are missing from a table, as if nobody had ever been in it."""
    there = _file(rng, site)
    # The worker's own notes of logins may be in the way, in a file that was replaced under them.
    with (
        contextlib.suppress(sqlite3.OperationalError),
        contextlib.closing(sqlite3.connect(there)) as connection,
        connection,
    ):
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        # A device that is not there is one that was revoked: 401 is the right answer then.
        table = rng.choice([name for name in tables if not name.startswith("sqlite_") and name != "device"])
        some = "" if rng.random() < 0.5 else f" WHERE rowid IN (SELECT rowid FROM {table} ORDER BY rowid LIMIT 1)"
        connection.execute(f"DELETE FROM {table}{some}")
        connection.execute("UPDATE meta SET value = value + 1 WHERE key = 'counter'")
    yield


@contextlib.contextmanager
def _older(rng: Random, site: Site) -> Iterator[None]:
    """An older copy of one file or of both is put back."""
    put(site.older, site, *rng.choice((_FILES[:1], _FILES[1:], _FILES)))
    yield


@contextlib.contextmanager
def _journal(rng: Random, site: Site) -> Iterator[None]:
    """A journal lies beside a file: of nothing, or one that would undo what is there."""
    there = _file(rng, site)
    head = bytes.fromhex("d9d505f920a163d7") if rng.random() < 0.5 else b""
    there.with_name(f"{there.name}-journal").write_bytes(head + rng.randbytes(rng.choice((0, 8, 600, 5000))))
    yield


@contextlib.contextmanager
def _nothing(rng: Random, site: Site) -> Iterator[None]:
    """All is well."""
    yield


FAULTS = (_damaged, _damaged, _cut_off, _garbage, _locked, _emptied, _emptied, _older, _journal, _nothing)


def _file(rng: Random, site: Site) -> Path:
    return site.world.folder / rng.choice(_FILES)


def _ask(rng: Random, site: Site, application: Wsgi) -> tuple[str, Response]:
    kind, sent = rng.choice(list(requests(site).items()))
    return kind, call(application, sent.by(site.login))


def requests(site: Site) -> dict[str, Sent]:
    """Return the ways to ask for the whole book."""
    return {
        "PROPFIND": Sent("PROPFIND", site.book, (("Depth", "1"),), propfind_body(f"{DAV}getetag").encode()),
        "query": Sent("REPORT", site.book, (("Depth", "1"),), _QUERY.encode()),
        "sync": Sent("REPORT", site.book, (("Depth", "1"),), _SYNC.encode()),
        "GET": Sent("GET", site.book),
    }


def _judge(site: Site, asked: tuple[str, Response], what: str, tally: Tally) -> None:
    """A success is the whole of one generation; everything else is a 503."""
    kind, answer = asked
    tally.requests += 1
    tally.statuses[answer.status] += 1
    if answer.status == 503:
        tally.refused += 1
    elif answer.status not in (200, 207):
        tally.other.append(f"{what}: {answer.status}")
    elif is_whole(site, kind, answer):
        tally.whole += 1
    else:
        tally.short.append(f"{what}: {kind} is not one whole generation: {plain_body(answer)[:300]!r}")


def is_whole(site: Site, kind: str, answer: Response) -> bool:
    """Tell whether an answer is the whole book of one generation."""
    if kind == "GET":
        uids = {line.removeprefix("UID:") for line in answer.body.decode().splitlines() if line.startswith("UID:")}
        return any(uids == {href.removesuffix(".vcf") for href, _ in roster} for roster in site.rosters)
    found = frozenset(
        (href.rsplit("/", 1)[1], member.properties[f"{DAV}getetag"])
        for href, member in members(plain_body(answer)).items()
        if href.endswith(".vcf")
    )
    return found in site.rosters
