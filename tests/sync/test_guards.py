"""The guards: what adds up, what is approved, and what always passes."""

from dataclasses import replace
from datetime import timedelta

import pytest

from radicale_tldops.settings import GuardSettings
from radicale_tldops.store.values import Counts, Source
from sync.plan.changes import Totals
from sync.plan.guards import GuardWindow, Proposal, check
from sync.plan.values import ValueChanges
from sync.plan.wanted import Mismatch
from tests.sync.people import NOW, generation, person, state

LIMITS = GuardSettings()
QUIET = Totals(people=100, added=0, removed=0, changed=0, readers_added=0, readers_removed=0)
ROSTER = state(*(person(f"Person {number}") for number in range(100)))


def codes(totals: Totals, **arguments: object) -> set[str]:
    """The hazards of a plan on a roster of a hundred."""
    store = arguments.pop("store", ROSTER)
    return {hazard.code for hazard in check(store, Proposal(totals, **arguments), LIMITS, NOW)}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("field", "hazard"),
    [
        ("removed", "mass-removal"),
        ("added", "mass-addition"),
        ("readers_added", "mass-access"),
        ("readers_removed", "mass-access"),
    ],
)
def test_the_limit_passes_and_more_do_not(field: str, hazard: str) -> None:
    """Five of a hundred are within the limit, six are not."""
    assert codes(replace(QUIET, **{field: 5})) == set()
    assert codes(replace(QUIET, **{field: 6})) == {hazard}


def test_the_larger_of_the_percentage_and_the_number_is_the_limit() -> None:
    """Of a thousand people twenty may go, and not twenty-one."""
    thousand = state(*(person(f"Person {number}") for number in range(1000)))
    assert codes(replace(QUIET, removed=20), store=thousand) == set()
    assert codes(replace(QUIET, removed=21), store=thousand) == {"mass-removal"}


def test_small_rosters_are_guarded_by_a_number_of_people() -> None:
    """Of eight people five may go, and not six: no limit is switched off for small rosters."""
    small = state(*(person(f"Person {number}") for number in range(8)))
    assert codes(replace(QUIET, people=3, removed=5), store=small) == set()
    assert codes(replace(QUIET, people=2, removed=6), store=small) == {"mass-removal"}


def test_cuts_within_a_day_add_up() -> None:
    """Three cuts of two in a day are one of six; after a day they are forgotten."""
    counts = Counts(people=96, removed=2, readers=100)
    for hours, hazards in ((23, {"mass-removal"}), (24, set())):
        recent = [
            generation(8, NOW - timedelta(hours=hours), counts),
            generation(7, NOW - timedelta(hours=hours), counts),
        ]
        assert codes(replace(QUIET, removed=2), store=replace(ROSTER, recent=recent, head=recent[0])) == hazards


def test_a_forced_generation_is_the_new_measure() -> None:
    """What was forced is approved: the count starts again from there."""
    forced = generation(8, NOW - timedelta(hours=1), Counts(people=60, removed=40, readers=60), ["mass-removal"])
    store = replace(ROSTER, recent=[forced], head=forced)
    assert codes(replace(QUIET, removed=5), store=store) == set()
    assert codes(replace(QUIET, removed=6), store=store) == {"mass-removal"}


def test_the_first_generation_does_not_count_as_an_addition() -> None:
    """Four hundred people on the first day do not stop the one who joins in the evening."""
    first = generation(1, NOW - timedelta(hours=1), Counts(people=400, added=400, readers=400, readers_added=400))
    assert codes(replace(QUIET, added=1, readers_added=1), store=replace(ROSTER, recent=[first], head=first)) == set()


def test_a_clock_that_went_wrong_does_not_open_the_window() -> None:
    """A generation that seems to be of next year counts still."""
    future = generation(8, NOW + timedelta(days=365), Counts(people=96, removed=4, readers=100))
    assert codes(replace(QUIET, removed=2), store=replace(ROSTER, recent=[future], head=future)) == {"mass-removal"}


def test_the_base_is_what_was_approved_last() -> None:
    """The percentage is of the roster before the cuts of the window."""
    recent = [generation(8, NOW, Counts(people=80, removed=12, added=2, readers=70, readers_removed=30))]
    window = GuardWindow.of(replace(ROSTER, recent=recent, head=recent[0]), NOW)
    assert (len(window.counted), window.base.people, window.base.readers) == (1, 90, 100)


def test_removing_one_person_counts_as_any_other_removal() -> None:
    """One line less a sync empties a roster, too: nothing is exempt once the sum is over the limit."""
    before = [generation(8, NOW, Counts(people=95, removed=5, readers=95, readers_removed=5))]
    store = replace(ROSTER, recent=before, head=before[0])
    assert codes(replace(QUIET, removed=1, readers_removed=1), store=store) == {"mass-removal", "mass-access"}


def test_without_a_generation_there_is_no_guard_on_additions() -> None:
    """The command asks instead."""
    assert codes(replace(QUIET, added=400, readers_added=400), store=state()) == set()
    assert codes(replace(QUIET, people=0), store=state()) == {"empty-input"}


def test_an_older_input_is_stale_and_the_same_one_is_not() -> None:
    """Last week's export must not undo this week's; the same bytes with another date are the same."""
    applied = (Source("membership", "members.txt", "a", "2026-11-20T12:00:00+00:00"),)
    older = Source("membership", "old.txt", "b", "2026-11-13T12:00:00+00:00")
    assert codes(QUIET, sources=(older,), applied=applied) == {"stale-source"}
    assert codes(QUIET, sources=(replace(older, sha256="a"),), applied=applied) == set()
    assert codes(QUIET, sources=(replace(older, modified_at="2026-11-20T12:00:01+00:00"),), applied=applied) == set()


def test_a_list_and_a_file_that_disagree_are_a_hazard() -> None:
    """More than ten percent of the people, in either direction."""
    assert codes(QUIET, mismatch=Mismatch(5, ("a", "b", "c", "d", "e"), 100)) == set()
    assert codes(QUIET, mismatch=Mismatch(6, ("a", "b", "c", "d", "e"), 100)) == {"list-mismatch"}


def test_a_hazard_shows_no_telephone_number() -> None:
    """A number that stands in the name of somebody of an older roster."""
    names = {"telephone numbers": ("Person +1 202 555 0101", "Person +1 202 555 0102")}
    proposal = Proposal(QUIET, values=ValueChanges(moved=names))
    (hazard,) = check(ROSTER, proposal, LIMITS, NOW)
    assert "of 2 people would be those of other people: Person …, Person …" in hazard.message
