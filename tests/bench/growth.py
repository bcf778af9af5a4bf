"""What becomes of `tldops serve` with ten and a hundred times as many cards."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.table import Table

from tests.bench import contenders
from tests.bench.figures import Tell, Wanted, figure, new_table
from tests.bench.kinds import ETAGS, FIRST, FIRST_CARDS, GET, MULTIGET_FEW, POLL, QUERY_ONE, Place, find
from tests.bench.timing import Runner, race
from tests.bench.wire import Wire, authorization
from tests.support import Client, World

SIZES = (1000, 10_000, 100_000)

KINDS = (POLL, MULTIGET_FEW, GET, QUERY_ONE, ETAGS, FIRST, FIRST_CARDS)

HOW = """\
tldops serve with one worker, without gzip, kept connections: median in milliseconds. "Start" is the time from \
the command to the first answer, with Python and a roster that is read and verified; for the other requests it is the \
first one of all, for which what is kept for all readers is made. "First" and "again" are as above. After a sync that \
changed one card, the first query comes as soon as a poll gets the new token."""

TWICE, MEMORY = 2, 1.5
"""How many times as long as a later query the first one may take; how many times the memory at rest may be in use after
the requests."""

_MIB = 2**20


@dataclass(frozen=True, slots=True)
class Growth:
    """What was measured with so many cards: milliseconds by what was asked, and memory in MiB.

    `synced` is the first query after a sync, `rest` the memory after the first login.
    """

    cards: int
    started: float
    start: dict[str, float]
    first: dict[str, float]
    again: dict[str, float]
    synced: float
    rest: float
    memory: float


def measure_all(tell: Tell, *, quick: bool) -> Sequence[Growth]:
    """Measure all sizes; quickly means not the largest."""
    return [_measure(count, tell, few=quick) for count in (SIZES[:-1] if quick else SIZES)]


def _measure(count: int, tell: Tell, *, few: bool) -> Growth:
    with TemporaryDirectory(prefix="tldops-bench-") as folder:
        tell(f"{count:,} cards: making the roster")
        world, _, login = contenders.fill(Path(folder), count)
        began = time.perf_counter()
        with contenders.tldops(world) as (port, pid):
            tell(f"{count:,} cards: the first requests")
            client = Client(f"http://127.0.0.1:{port}/", login)
            client.principal()
            started = (time.perf_counter() - began) * 1000
            rest = _memory(pid)
            place = find("", client, authorization(login.user, login.password), login.user)
            start = {kind: seconds * 1000 for kind, seconds in _once_each(place)}
            runners = [Runner("first", place, 9 if few else 21), Runner("again", place, 9 if few else 21, fresh=False)]
            timings = list(race(KINDS, runners, tell, packings=(False,)))
            first, again = (
                {timing.kind: timing.median or 0.0 for timing in timings if timing.runner == label}
                for label in ("first", "again")
            )
            memory = _memory(pid)
            tell(f"{count:,} cards: the first query after a sync")
            return Growth(count, started, start, first, again, _after_sync(world, place), rest, memory)


def _once_each(place: Place) -> Iterator[tuple[str, float]]:
    wire = Wire(place.port)
    for kind in KINDS:
        answer, seconds = wire.timed(kind.asks(place)[0].encoded(place, fresh=True))
        assert kind.is_complete(place, [answer.plain]), f"{kind.name}: {answer.head!r}"
        yield kind.name, seconds
    wire.close()


def _after_sync(world: World, place: Place) -> float:
    """Change one person's card; return what the first query takes when it is served, in milliseconds."""
    text = world.members.read_text()
    number = re.search(r"\+\d[\d ()/-]+", text)
    assert number, "nobody has a telephone number"
    world.members.write_text(text.replace(number[0], "+44 808 157 0999", 1))
    command = [sys.executable, "-m", "sync", "--config", str(world.config), "sync", "--yes"]
    subprocess.run(command, check=True, capture_output=True, timeout=1800)
    wire = Wire(place.port)
    while POLL.is_complete(place, [wire.exchange(POLL.asks(place)[0].encoded(place, fresh=True)).plain]):
        pass
    _, seconds = wire.timed(QUERY_ONE.asks(place)[0].encoded(place, fresh=True))
    wire.close()
    return seconds * 1000


def wanted(found: Sequence[Growth]) -> Iterator[Wanted]:
    """Yield the figures for which there is a limit."""
    for growth in found:
        cards, later = f"{growth.cards:,} cards", growth.first[QUERY_ONE.name]
        yield Wanted(
            f"{cards}: first query after the start, against a later one",
            growth.start[QUERY_ONE.name] / later,
            TWICE,
            "times",
        )
        yield Wanted(f"{cards}: first query after a sync, against a later one", growth.synced / later, TWICE, "times")
        yield Wanted(
            f"{cards}: memory after the requests, against that at rest", growth.memory / growth.rest, MEMORY, "times"
        )


def _memory(pid: int) -> float:
    """Return the resident memory of the largest child of a process, which is its worker, in MiB; Linux only."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    if not children.exists():
        return float("nan")
    pages = [int(Path(f"/proc/{child}/statm").read_text().split()[1]) for child in children.read_text().split()]
    return max(pages) * 4096 / _MIB


def table(found: Sequence[Growth]) -> Table:
    """Return the figures as a table."""
    sizes = [f"{growth.cards:,}" for growth in found]
    headings = [heading for size in sizes for heading in (f"{size}: start", "first", "again")]
    shown = new_table("Growth of tldops serve: ms by the number of cards", "request", *headings)
    shown.add_row("the command itself", *(cell for growth in found for cell in (figure(growth.started), "", "")))
    for kind in KINDS:
        cells = [
            figure(value)
            for growth in found
            for value in (growth.start[kind.name], growth.first[kind.name], growth.again[kind.name])
        ]
        shown.add_row(kind.name, *cells)
    shown.add_row("query, 1 hit, after a sync", *(cell for growth in found for cell in (figure(growth.synced), "", "")))
    for what, memories in (
        ("at rest", [growth.rest for growth in found]),
        ("afterwards", [growth.memory for growth in found]),
    ):
        shown.add_row(
            f"memory of the worker {what}, MiB", *(cell for value in memories for cell in (figure(value), "", ""))
        )
    return shown
