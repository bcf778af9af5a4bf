"""The server side: the same cards from every server, in the same run."""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.table import Table

from radicale_tldops.serve.live import POLL_SECONDS
from tests.bench import contenders, polls
from tests.bench.contenders import FLOOR, PLUGINS, SERVE, STOCK, XANDIKOS
from tests.bench.figures import Tell, Wanted, figure, new_table
from tests.bench.kinds import ETAGS, KINDS, MULTIGET, POLL, QUERY_ONE, Kind, Place
from tests.bench.polls import Polls
from tests.bench.timing import Runner, Timing, race, record
from tests.bench.wire import Wire

CARDS = 1000

FIRST, AGAIN = f"{SERVE}, first time", f"{SERVE}, again"

HOW = f"""\
{CARDS:,} cards over HTTP on loopback, one process each; median in milliseconds of the servers in turns, every answer \
checked outside of the time. tldops serve keeps finished answers: "first" sends a request whose bytes nobody has sent \
before, as the first one of a reader is, "again" the very same one as before. All the others get new bytes each time. \
What is wanted is judged by "first", and polls a second by "again": a client that polls sends the same bytes until \
something changes. A dash: the server does not give that answer whole (xandikos sends no cards in a sync). xandikos \
asks for no password. The floor is the same granian with the same settings, a parse of the request by expat, and the \
bytes that tldops serve answered: no login, no log, no data."""
"""How it was measured, for whoever reads the figures."""

AGAINST_STOCK = {MULTIGET.name: 20, ETAGS.name: 60, POLL.name: 60, QUERY_ONE.name: 300}
"""How many times as fast as stock Radicale the first answer has to be."""

AGAINST_FLOOR = 3
"""How many times as long as the floor it may take."""

KNOWN = {ETAGS.name: (7.5, "Cyrus"), MULTIGET.name: (50, "Cyrus"), POLL.name: (0.85, "sabre/dav")}
"""The best that is known of others on comparable machines with the same cards, in milliseconds."""

KNOWN_POLLS = 1650
"""The same in polls a second: Cyrus."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured: over new connections, over kept ones, and under load.

    `lone` is the median in milliseconds of polls that come one by one, and so find the server at rest.
    """

    new: Sequence[Timing]
    kept: Sequence[Timing]
    polls: Sequence[Polls]
    lone: float


def measure_all(tell: Tell, *, quick: bool) -> Figures:
    """Start the servers with the same cards, and time them in turns."""
    few, many = (3, 15) if quick else (15, 90)
    with TemporaryDirectory(prefix="tldops-bench-") as name, ExitStack() as running:
        folder = Path(name)
        tell(f"{CARDS:,} cards: uploading them")
        world, cards, login = contenders.fill(folder, CARDS)
        served = running.enter_context(contenders.served(world, login))
        answers = record(KINDS, served)
        floor = running.enter_context(contenders.floor(world, served, answers))
        others = (
            contenders.stock(folder / "stock", cards, login.user),
            contenders.xandikos(folder / "xandikos", cards, login.user),
        )
        with ThreadPoolExecutor(len(others)) as uploading:
            stock, xandikos = uploading.map(running.enter_context, others)
        kept = [Runner(FLOOR, floor, many), Runner(FIRST, served, many), Runner(AGAIN, served, many, fresh=False)]
        kept_timings = tuple(race(KINDS, [Runner(XANDIKOS, xandikos, few), *kept], tell))
        tell("polls one by one")
        lone = _lone(served, 5 if quick else 20)
        plugins = running.enter_context(contenders.plugins(world, login))
        new = [
            *(Runner(place.name, place, few, keep=False) for place in (stock, xandikos, plugins)),
            Runner(FIRST, served, many // 3, keep=False),
            Runner(AGAIN, served, many // 3, fresh=False, keep=False),
        ]
        new_timings = tuple(race(KINDS, new, tell))
        counted = polls.measure(tell, world, answers, (xandikos, stock), seconds=2 if quick else 8)
    return Figures(new_timings, kept_timings, counted, lone)


def _lone(place: Place, repeats: int) -> float:
    wire = Wire(place.port)
    taken = []
    for _ in range(repeats):
        # Longer than a worker goes without a look for changes.
        time.sleep(POLL_SECONDS + 0.2)
        answer, seconds = wire.timed(POLL.asks(place)[0].encoded(place))
        assert POLL.is_complete(place, [answer.plain]), answer.head
        taken.append(seconds * 1000)
    wire.close()
    return statistics.median(taken)


def wanted(figures: Figures) -> Iterator[Wanted]:
    """Yield the figures for which there is a limit."""
    for packed in (False, True):
        new, kept = _medians(figures.new, packed=packed), _medians(figures.kept, packed=packed)
        gzip = ", gzip" if packed else ""
        for kind, least in AGAINST_STOCK.items():
            ratio = _ratio(new(kind, STOCK), new(kind, FIRST))
            yield Wanted(f"{kind}{gzip}: as fast as stock Radicale", ratio, least, "times", at_least=True)
        for one in KINDS:
            ratio = _ratio(kept(one.name, FIRST), kept(one.name, FLOOR))
            yield Wanted(f"{one.name}{gzip}: as long as the floor", ratio, AGAINST_FLOOR, "times")
    kept = _medians(figures.kept, packed=False)
    for kind, (limit, whose) in KNOWN.items():
        yield Wanted(f"{kind}: faster than {whose}", kept(kind, FIRST) or 0, limit, "ms")
    yield Wanted("no-change sync that comes alone: faster than sabre/dav", figures.lone, KNOWN[POLL.name][0], "ms")
    yield from polls.wanted(figures.polls, KNOWN_POLLS)


def _medians(timings: Sequence[Timing], *, packed: bool) -> Callable[[str, str], float | None]:
    found = {(one.kind, one.runner): one.median for one in timings if one.packed == packed}
    return lambda kind, runner: found[kind, runner]


def _ratio(one: float | None, other: float | None) -> float:
    return one / other if one and other else float("nan")


def tables(figures: Figures) -> Iterator[Table]:
    """Yield the figures as tables."""
    for packed in (False, True):
        yield _against_stock(_medians(figures.new, packed=packed), "with gzip" if packed else "without gzip")
    for packed in (False, True):
        yield _against_floor(_medians(figures.kept, packed=packed), "with gzip" if packed else "without gzip")
    yield polls.table(figures.polls)


def _against_stock(of: Callable[[str, str], float | None], how: str) -> Table:
    title = f"Every request over a new connection, {how}: ms, and how many times as fast as stock Radicale"
    shown = new_table(
        title, "request", "stock", "xandikos", "plugins", "faster", "first", "faster", "again", "faster", "wanted", ""
    )
    for kind in KINDS:
        stock, first, again = of(kind.name, STOCK), of(kind.name, FIRST), of(kind.name, AGAIN)
        plugins = of(kind.name, PLUGINS)
        row = [figure(stock), figure(of(kind.name, XANDIKOS)), figure(plugins), _times(stock, plugins)]
        row += [figure(first), _times(stock, first), figure(again), _times(stock, again)]
        least = AGAINST_STOCK.get(kind.name)
        met = Wanted("", _ratio(stock, first), least, "", at_least=True).verdict if least else ""
        shown.add_row(kind.name, *row, figure(least), met)
    return shown


def _against_floor(of: Callable[[str, str], float | None], how: str) -> Table:
    title = f"Kept connections, {how}: ms, and how many times as long as the floor"
    shown = new_table(title, "request", "xandikos", "floor", "first", "times", "", "again", "times", "best known", "")
    for kind in KINDS:
        floor, first, again = of(kind.name, FLOOR), of(kind.name, FIRST), of(kind.name, AGAIN)
        verdict = Wanted("", _ratio(first, floor), AGAINST_FLOOR, "").verdict
        row = [figure(of(kind.name, XANDIKOS)), figure(floor), figure(first), _times(first, floor), verdict]
        row += [figure(again), _times(again, floor), *_known(kind, first)]
        shown.add_row(kind.name, *row)
    return shown


def _known(kind: Kind, first: float | None) -> tuple[str, str]:
    if kind.name not in KNOWN or first is None:
        return "", ""
    limit, whose = KNOWN[kind.name]
    return f"{limit:g} ({whose})", Wanted("", first, limit, "ms").verdict


def _times(one: float | None, other: float | None) -> str:
    return figure(one / other if one and other else None)
