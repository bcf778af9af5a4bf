"""A year of changes: the book of each day, what happened, and what a long past costs at each load."""

import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random

from radicale_tldops.store.kept import verify_kept
from radicale_tldops.store.opening import reading_roster
from radicale_tldops.store.past import load_changes, load_number_on, load_served, served
from radicale_tldops.store.read import load_snapshot, load_state
from tests.support.clock import START
from tests.support.days import Days, book_digest

PER_DAY = (20, 500)
"""How many people change in a day."""
FIRST_MONTH = 30
_SLICE = 30
"""The distance between days whose book is read as `show` does, all of it verified; days in which changes are told."""
_MEASURES = 7


@dataclass(frozen=True)
class Cost:
    """What a past of so many days costs: megabytes, and seconds of a load of the snapshot and of the state."""

    days: int
    generations: int
    megabytes: float
    snapshot: float
    state: float

    def __str__(self) -> str:
        return (
            f"{self.days} days, {self.generations:,} generations: {self.megabytes:.0f} MB, snapshot "
            f"{self.snapshot * 1000:.1f} ms, state {self.state * 1000:.1f} ms"
        )


@dataclass
class PastOutcome:
    """What came of it."""

    days: int
    changes: int
    costs: list[Cost]
    seconds: dict[str, float] = field(default_factory=dict)
    wrong_books: list[str] = field(default_factory=list)
    wrong_changes: list[str] = field(default_factory=list)

    @property
    def remark(self) -> str:
        """The costs, and how much more the longer past costs."""
        first, last = self.costs
        ratio = f"ratio {last.snapshot / first.snapshot:.2f} and {last.state / first.state:.2f}"
        return "; ".join(
            [*map(str, self.costs), ratio, *(f"{what} {took:.1f} s" for what, took in self.seconds.items())]
        )


def run(seed: str, count: int) -> PastOutcome:
    """Live so many days, and compare what is told of them with what was."""
    with tempfile.TemporaryDirectory() as folder:
        days = Days(Path(folder), Random(seed), PER_DAY)
        days.live(min(FIRST_MONTH, count // 2))
        first = _cost(days)
        days.live(count - len(days.served))
        outcome = PastOutcome(count, len(days.happened), [first, _cost(days)])
        _compare_books(days, outcome)
        _compare_changes(days, outcome)
    return outcome


def _cost(days: Days) -> Cost:
    now = START + timedelta(days=len(days.served))
    return Cost(
        len(days.served),
        days.number,
        days.roster.stat().st_size / 1e6,
        _seconds(lambda: load_snapshot(days.roster)),
        _seconds(lambda: load_state(days.roster, now)),
    )


def _seconds(do: Callable[[], object]) -> float:
    """Return how long it takes, the median of a few times."""
    took = []
    for _ in range(_MEASURES):
        started = time.perf_counter()
        do()
        took.append(time.perf_counter() - started)
    return statistics.median(took)


def _compare_books(days: Days, outcome: PastOutcome) -> None:
    started = time.perf_counter()
    verify_kept(days.roster)
    outcome.seconds["verify all"] = time.perf_counter() - started
    for at, (day, seen) in enumerate(days.served.items()):
        number = load_number_on(days.roster, day)
        if at % _SLICE == 0:
            book = load_served(days.roster, number)
        else:
            with reading_roster(days.roster) as connection:
                book = served(connection, number)
        if book_digest(book) != seen:
            outcome.wrong_books.append(f"{day}: generation {number}")


def _compare_changes(days: Days, outcome: PastOutcome) -> None:
    begin = START.date()
    numbers = [0, *(load_number_on(days.roster, day) for day in days.served)]
    spans = [
        (0, outcome.days - 1),
        *((at, min(at + _SLICE, outcome.days) - 1) for at in range(0, outcome.days, _SLICE)),
    ]
    for first, last in spans:
        started = time.perf_counter()
        _, changes = load_changes(days.roster, begin + timedelta(days=first), begin + timedelta(days=last))
        outcome.seconds.setdefault("changes of all", time.perf_counter() - started)
        told = [(change.generation.id, change.uid, change.old, change.new) for change in changes]
        within = [each for each in days.happened if numbers[first] < each[0] <= numbers[last + 1]]
        if told != within:
            outcome.wrong_changes.append(f"days {first} to {last}: {len(told)} told, {len(within)} happened")
