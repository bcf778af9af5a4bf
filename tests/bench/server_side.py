"""The server side: the same cards from every server, in the same run."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.table import Table

from tests.bench import contenders, polls
from tests.bench.contenders import FLOOR, PLUGINS, SERVE, STOCK, XANDIKOS
from tests.bench.figures import Tell, Wanted, figure, new_table
from tests.bench.kinds import ETAGS, KINDS, MULTIGET, POLL, QUERY_ONE
from tests.bench.polls import Polls
from tests.bench.timing import Runner, Timing, race, record

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


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured: over new connections, over kept ones, and under load."""

    new: Sequence[Timing]
    kept: Sequence[Timing]
    polls: Sequence[Polls]


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
        plugins = running.enter_context(contenders.plugins(world, login))
        new = [
            *(Runner(place.name, place, few, keep=False) for place in (stock, xandikos, plugins)),
            Runner(FIRST, served, many // 3, keep=False),
            Runner(AGAIN, served, many // 3, fresh=False, keep=False),
        ]
        new_timings = tuple(race(KINDS, new, tell))
        counted = polls.measure(tell, world, answers, (xandikos, stock), seconds=2 if quick else 8)
    return Figures(new_timings, kept_timings, counted)


def wanted(figures: Figures) -> Iterator[Wanted]:
    """Yield the figures for which there is a limit."""
    for packed in (False, True):
        new, kept = _medians(figures.new, packed=packed), _medians(figures.kept, packed=packed)
        gzip = ", gzip" if packed else ""
        for kind, least in AGAINST_STOCK.items():
            ratio = _ratio(new(kind, STOCK), new(kind, FIRST))
            yield Wanted(f"{kind}{gzip}: as fast as stock Radicale", ratio, least, "times", at_least=True)
        for request_kind in KINDS:
            ratio = _ratio(kept(request_kind.name, FIRST), kept(request_kind.name, FLOOR))
            yield Wanted(f"{request_kind.name}{gzip}: as long as the floor", ratio, AGAINST_FLOOR, "times")
    yield from polls.wanted(figures.polls)


def _medians(timings: Sequence[Timing], *, packed: bool) -> Callable[[str, str], float | None]:
    found = {(timing.kind, timing.runner): timing.median for timing in timings if timing.packed == packed}
    return lambda kind, runner: found[kind, runner]


def _tails(timings: Sequence[Timing], *, packed: bool) -> Callable[[str, str], float | None]:
    found = {(timing.kind, timing.runner): timing.p99 for timing in timings if timing.packed == packed}
    return lambda kind, runner: found[kind, runner]


def _ratio(taken: float | None, other: float | None) -> float:
    return taken / other if taken and other else float("nan")


def tables(figures: Figures) -> Iterator[Table]:
    """Yield the figures as tables."""
    for packed in (False, True):
        yield _against_stock(_medians(figures.new, packed=packed), "with gzip" if packed else "without gzip")
    for packed in (False, True):
        yield _against_floor(figures.kept, packed=packed)
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


def _against_floor(timings: Sequence[Timing], *, packed: bool) -> Table:
    of, tail = _medians(timings, packed=packed), _tails(timings, packed=packed)
    how = "with gzip" if packed else "without gzip"
    title = f"Kept connections, {how}: ms, how many times as long as the floor, and the slowest of 100"
    headings = (
        "xandikos",
        "floor",
        "first",
        "times",
        "",
        "again",
        "times",
        "floor: 99 %",
        "first: 99 %",
        "again: 99 %",
    )
    shown = new_table(title, "request", *headings)
    for kind in KINDS:
        floor, first, again = of(kind.name, FLOOR), of(kind.name, FIRST), of(kind.name, AGAIN)
        verdict = Wanted("", _ratio(first, floor), AGAINST_FLOOR, "").verdict
        row = [figure(of(kind.name, XANDIKOS)), figure(floor), figure(first), _times(first, floor), verdict]
        tails = [figure(tail(kind.name, label)) for label in (FLOOR, FIRST, AGAIN)]
        shown.add_row(kind.name, *row, figure(again), _times(again, floor), *tails)
    return shown


def _times(taken: float | None, other: float | None) -> str:
    return figure(taken / other if taken and other else None)
