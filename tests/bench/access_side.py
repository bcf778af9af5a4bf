"""Access: what a login costs and gives away, how soon it ends, and who waits while others misbehave."""

import os
import random
import shutil
import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count, groupby
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.table import Table

from radicale_tldops.store.read import load_snapshot
from radicale_tldops.store.values import Change, Counts, Stamp
from radicale_tldops.store.write import apply_change, deny
from tests.bench import contenders, polls
from tests.bench.contenders import Member
from tests.bench.figures import Tell, Wanted, figure, new_table
from tests.bench.kinds import FIRST_CARDS, POLL, Ask, Place, find
from tests.bench.wire import Wire, authorization
from tests.support import DAV, JOHN, Client, Login, World, propfind_body
from tests.support.directory import configuration, directory, person
from tests.support.store import denial

CARDS = 1000
WRONG = "00000-00000-00000-00000-00000-00000"
"""A password of the right shape that nobody has."""

HOW = f"""\
tldops serve, {CARDS:,} cards. AUC is the chance that an unknown login takes longer \
than a wrong password: 0.5 is no difference at all. Every second revocation is a new generation, the others are \
denials. A revocation is counted from the commit until the last of four connections is refused, with four whole \
downloads a second beside it, and the next one comes right after it: so the worker has just looked, and it takes as \
long as it can."""

_SLOW = 200
_BAD_PER_SECOND = 50


@dataclass(frozen=True, slots=True)
class Line:
    """One figure with its unit."""

    what: str
    value: float
    unit: str


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured, and what was wanted of it."""

    lines: Sequence[Line]
    wanted: Sequence[Wanted]


def measure_all(tell: Tell, *, quick: bool) -> Figures:
    """Start a server, and do to it what is done to servers."""
    scale = 10 if quick else 1
    lines: list[Line] = []
    wanted: list[Wanted] = []
    with TemporaryDirectory(prefix="tldops-bench-") as folder:
        tell("access: making the roster")
        world, _, login = contenders.fill(Path(folder), CARDS)
        victims = contenders.issue(world, 200 // scale + 20)
        with contenders.tldops(world) as (port, _):
            place = find("", Client(f"http://127.0.0.1:{port}/", login), _header(login), login.user)
            parts: Sequence[tuple[str, Callable[[], Figures]]] = (
                ("logins", lambda: _logins(world, place, victims, 2 if quick else 8)),
                ("unknown logins and wrong passwords", lambda: _difference(place, 1000 if quick else 4000)),
                ("bad logins", lambda: _flood(place, 20 / scale)),
                ("slow sockets", lambda: _slow_sockets(place, victims[-1], 10 / scale)),
                ("revocations", lambda: _revocations(world, place, victims[: 200 // scale])),
            )
            for what, measure in parts:
                tell(f"access: {what}")
                found = measure()
                lines += found.lines
                wanted += found.wanted
        tell("access: logins by LDAP")
        found = _directory_logins(Path(folder) / "ldap", 2 if quick else 8)
        lines[1:1] = found.lines
        wanted += found.wanted
    return Figures(lines, wanted)


def _header(login: Login) -> str:
    return authorization(login.user, login.password)


def _ask(place: Place, header: str) -> bytes:
    """Return the cheapest request for which somebody has to be known."""
    asked = Ask("PROPFIND", "/", propfind_body(f"{DAV}current-user-principal"), "0")
    return asked.encoded(place).replace(place.authorization.encode(), header.encode())


def _logins(world: World, place: Place, members: Sequence[Member], seconds: int) -> Figures:
    if not polls.has_wrk():
        return Figures([], [])
    asked = Ask("PROPFIND", "/", propfind_body(f"{DAV}current-user-principal"), "0")
    targets = [("/", member.authorization) for member in members]
    found = polls.run(world.folder, place.port, asked, targets, "", seconds, fresh=False)
    what = f"logins by device password, {len(targets)} of them, {polls.CONNECTIONS} connections"
    return Figures([Line(what, found.rate, "/s")], [Wanted("logins that were not answered", found.bad, 1, "")])


def _directory_logins(folder: Path, seconds: int) -> Figures:
    """Count logins that the directory proved a moment ago, at a server with a real directory behind it."""
    if not (polls.has_wrk() and shutil.which("slapd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")):
        return Figures([], [])
    folder.mkdir()
    password = "the directory's own password"
    with directory(folder, person("john", "john.doe@nic.nl", password=password)) as running:
        world = World(folder)
        world.configure(configuration(running, running.url))
        world.sync(JOHN)
        asked = Ask("PROPFIND", "/", propfind_body(f"{DAV}current-user-principal"), "0")
        with contenders.tldops(world) as (port, _):
            targets = [("/", authorization("john.doe@nic.nl", password))]
            client = Client(f"http://127.0.0.1:{port}/", user="john.doe@nic.nl", password=password)
            for _ in range(40):
                # Each over a connection of its own, so that every worker has asked the directory.
                assert client.principal()
            found = polls.run(folder, port, asked, targets, "", seconds, fresh=False)
    what = f"logins by LDAP, proved a moment ago, {polls.CONNECTIONS} connections"
    return Figures([Line(what, found.rate, "/s")], [Wanted("LDAP logins that were not answered", found.bad, 1, "")])


def _difference(place: Place, attempts: int) -> Figures:
    wire = Wire(place.port)
    requests = {
        "unknown": _ask(place, authorization("nobody.at.all@nic.example", WRONG)),
        "wrong": _ask(place, authorization(place.email, WRONG)),
    }
    order = [name for name in requests for _ in range(attempts)]
    random.Random(1).shuffle(order)
    taken: dict[str, list[float]] = {name: [] for name in requests}
    seen = set()
    for name in order:
        answer, seconds = wire.timed(requests[name])
        seen.add((answer.status, answer.body))
        taken[name].append(seconds * 1000)
    wire.close()
    assert len(seen) == 1, f"unknown logins and wrong passwords are told apart: {seen}"
    assert next(iter(seen))[0] == 401, seen
    unknown, wrong = taken["unknown"], taken["wrong"]
    chance = auc(unknown, wrong)
    lines = [
        Line("unknown login, median", statistics.median(unknown), "ms"),
        Line("wrong password, median", statistics.median(wrong), "ms"),
        Line(f"AUC of these over {attempts:,} each", chance, ""),
    ]
    return Figures(lines, [Wanted("unknown login against wrong password: AUC from 0.5", abs(chance - 0.5), 0.05, "")])


def auc(some: Sequence[float], other: Sequence[float]) -> float:
    """Return the chance that a value of the first is greater than one of the second (Mann-Whitney U, ties half)."""
    ranked = sorted([(value, 1) for value in some] + [(value, 0) for value in other])
    ranks, before = 0.0, 0
    for _, tied in groupby(ranked, key=lambda pair: pair[0]):
        firsts = [first for _, first in tied]
        ranks += (before + (len(firsts) + 1) / 2) * sum(firsts)
        before += len(firsts)
    return (ranks - len(some) * (len(some) + 1) / 2) / (len(some) * len(other))


def _flood(place: Place, seconds: float) -> Figures:
    numbers = count(1)

    def bad() -> None:
        number = next(numbers)
        login = place.email if number % 2 else f"guess{number}@nic.example"
        request = _ask(place, authorization(login, f"guess {number}"))
        assert Wire(place.port, keep=False).exchange(request).status in (401, 429)

    with _meanwhile(bad, 1 / _BAD_PER_SECOND):
        taken = _member(place, seconds)
    p95, p99 = (statistics.quantiles(taken, n=100)[n - 1] * 1000 for n in (95, 99))
    what = f"a member's requests during {_BAD_PER_SECOND} bad logins a second"
    return Figures([Line(f"{what}, p99", p99, "ms")], [Wanted(f"{what}, p95", p95, 1000, "ms")])


def _slow_sockets(place: Place, other: Member, seconds: float) -> Figures:
    """Measure beside half heads, bodies of strangers that never come, and some of a member's own."""
    whole = POLL.asks(place)[0].encoded(place)
    foreign = whole.replace(place.authorization.encode(), other.authorization.encode())
    stranger = whole.replace(place.authorization.encode(), authorization("nobody@nic.example", WRONG).encode())
    kinds = (whole[:40], stranger[:-50], foreign.replace(place.book.encode(), other.book.encode())[:-50])
    slow = [socket.create_connection(("127.0.0.1", place.port), 10) for _ in range(_SLOW)]
    try:
        for number, stalled in enumerate(slow):
            stalled.sendall(kinds[number % len(kinds)])
        taken = _member(place, seconds)
    finally:
        for stalled in slow:
            stalled.close()
    what = f"the slowest of a member's requests beside {_SLOW} slow sockets"
    return Figures([], [Wanted(what, max(taken) * 1000, 2000, "ms")])


def _member(place: Place, seconds: float) -> Sequence[float]:
    """Return what a member's polls take, each over a connection of its own and every fiftieth of a second."""
    wire = Wire(place.port, keep=False)
    taken: list[float] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer, passed = wire.timed(POLL.asks(place)[0].encoded(place))
        assert POLL.is_complete(place, [answer.plain]), answer.head
        taken.append(passed)
        time.sleep(0.02)
    return taken


def _revocations(world: World, place: Place, victims: Sequence[Member]) -> Figures:
    whole = FIRST_CARDS.asks(place)[0]

    def download() -> None:
        answer = Wire(place.port, keep=False).exchange(whole.encoded(place, packed=True, fresh=True))
        assert FIRST_CARDS.is_complete(place, [answer.plain]), answer.head

    with _meanwhile(download, 0.25):
        taken = [_revoke(world, place, victim, left=bool(turn % 2)) for turn, victim in enumerate(victims)]
    lines = [Line(f"{len(taken)} revocations under load, median", statistics.median(taken), "s")]
    return Figures(lines, [Wanted(f"the slowest of {len(taken)} revocations under load", max(taken), 1, "s")])


def _revoke(world: World, place: Place, victim: Member, *, left: bool) -> float:
    """Take away one reader's access, by a new generation or by a denial; return the seconds until it has ended."""
    wires = [Wire(place.port) for _ in range(4)]
    request = _ask(place, victim.authorization)
    assert all(wire.exchange(request).status == 207 for wire in wires)
    roster, now = world.folder / "roster.sqlite", datetime.now(UTC)
    if left:
        snapshot = load_snapshot(roster)
        counts = Counts(people=len(snapshot.plain.cards), readers=len(snapshot.readers) - 1)
        change = Change(readers_gone=[victim.login.user])
        apply_change(roster, snapshot.generation, change, Stamp(now, "bench", counts=counts))
    else:
        deny(roster, denial(victim.login.user))
    began = time.perf_counter()
    waiting = list(wires)
    while waiting:
        waiting = [wire for wire in waiting if wire.exchange(request).status != 401]
        time.sleep(0.002)
    passed = time.perf_counter() - began
    for wire in wires:
        wire.close()
    return passed


@contextmanager
def _meanwhile(act: Callable[[], None], every: float) -> Iterator[None]:
    """Do something again and again in a thread, so many seconds apart at least; what fails there fails here."""
    stopping = threading.Event()
    failed: list[Exception] = []

    def go_on() -> None:
        try:
            following = time.monotonic()
            while not stopping.wait(max(0.0, following - time.monotonic())):
                act()
                following = max(following + every, time.monotonic() - 1)
        except Exception as error:
            failed.append(error)

    thread = threading.Thread(target=go_on, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()
    if failed:
        raise failed[0]


def table(figures: Figures) -> Table:
    """Return the figures as a table."""
    shown = new_table("Access", "what", "measured")
    for line in figures.lines:
        shown.add_row(line.what, f"{figure(line.value)} {line.unit}")
    if not polls.has_wrk():
        shown.add_row(polls.MISSING)
    return shown
