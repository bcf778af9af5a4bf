"""A month of changes: the book of each day is the one that was served, and what happened is told as it happened."""

from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from radicale_tldops.store.kept import load_people, verify_kept
from radicale_tldops.store.past import load_changes, load_number_on, load_person_changes, load_served
from tests.support.clock import START
from tests.support.days import Days, Happened, book_digest

DAYS = 30


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Days:
    """Thirty days with a few changes each, of thirty people."""
    days = Days(tmp_path_factory.mktemp("month"), Random("a month"), (3, 12), size=30)
    days.live(DAYS)
    return days


def test_the_book_at_the_end_of_each_day_is_the_one_that_was_served(month: Days) -> None:
    """Byte for byte, group cards too, and with the same people."""
    verify_kept(month.roster)
    assert len(month.served) == DAYS
    for day, seen in month.served.items():
        number = load_number_on(month.roster, day)
        book = load_served(month.roster, number)
        assert book_digest(book) == seen, day
        assert len(load_people(month.roster, number)[1]) == sum(
            "X-ADDRESSBOOKSERVER" not in text for text in book.values()
        )


def told(path: Path, first: int, last: int) -> list[Happened]:
    """What is told of these days."""
    _, changes = load_changes(path, START.date() + timedelta(days=first), START.date() + timedelta(days=last))
    return [(change.generation.id, change.uid, change.old, change.new) for change in changes]


def test_what_is_told_is_what_happened(month: Days) -> None:
    """Of the whole month, of parts of it, and of each person; joining, leaving and returning are all there."""
    assert told(month.roster, 0, DAYS) == month.happened
    numbers = [load_number_on(month.roster, day) for day in month.served]
    for first in range(1, DAYS, 4):
        last = min(first + 6, DAYS - 1)
        within = [each for each in month.happened if numbers[first - 1] < each[0] <= numbers[last]]
        assert told(month.roster, first, last) == within
        assert within
    for uid in {uid for _, uid, _, _ in month.happened}:
        its = [
            (change.generation.id, change.uid, change.old, change.new)
            for change in load_person_changes(month.roster, uid)
        ]
        assert its == [each for each in month.happened if each[1] == uid]
    returned = [uid for _, uid, old, _ in month.happened if old is None]
    assert len(returned) > len(set(returned))
