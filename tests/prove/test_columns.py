"""A small share of the damaged columns that `make prove` tries."""

from random import Random

import pytest

from sync.parse.table import COLUMNS
from tests.prove import columns

CASES = list(columns.every())


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> columns.Site:
    """A store with four hundred people."""
    return columns.site(tmp_path_factory.mktemp("columns"))


@pytest.mark.parametrize("column", COLUMNS)
def test_no_damaged_column_is_wrongly_applied(place: columns.Site, column: str) -> None:
    """Nobody gets what is another person's; of nine damaged cells or more none changes anything without a word."""
    tally = columns.Tally()
    own = [case for case in CASES if case[0] == column]
    for _, damage, extent in Random(column).sample(own, 4):
        columns.try_one(place, Random(f"{column}/{damage}/{extent}"), column, damage, extent, tally)
    assert not tally.failures, "\n".join(tally.failures)
    assert tally.inputs == tally.refused + tally.guarded + tally.applied == 4


@pytest.mark.parametrize("damage", ["sorted", "a cell inserted", "swapped", "filled down"])
def test_sorted_and_moved_numbers_are_held(place: columns.Site, damage: str) -> None:
    """The telephone number of one person never becomes that of another."""
    rows = columns.damaged(Random(0), place.rows, "phones", damage, 200)
    _, plan = columns.decide(place, rows)
    assert "moved-values" in {hazard.code for hazard in plan.hazards}


def test_a_series_of_numbers_is_an_error(place: columns.Site) -> None:
    """The fill handle: three rows whose numbers count up from the row above are held, and two may be chance."""
    rows = [dict(row) for row in place.rows]
    for step, row in enumerate(rows[20:25]):
        row["phones"] = f"+44 20 7946 010{step}"
    wanted, _ = columns.decide(place, rows)
    assert [problem.origin.line for problem in wanted.errors] == [23, 24, 25, 26]
    assert {problem.code for problem in wanted.errors} == {"damaged"}
    assert len(wanted.held) == 4
    rows[23]["phones"] = "+44 20 7946 0200"
    assert columns.decide(place, rows)[0].errors == ()


def test_the_check_sees_another_persons_number(place: columns.Site) -> None:
    """A number that went to one other person alone is no hazard, and would be wrong."""
    rows = [dict(row) for row in place.rows]
    rows[5]["phones"] = rows[9]["phones"]
    wanted, plan = columns.decide(place, rows)
    assert not plan.hazards
    assert [wrong.partition(" would have ")[2] for wrong in columns.wrongs(place, wanted, plan, is_large=False)] == [
        "somebody else's telephone numbers"
    ]


def test_a_few_edits_are_applied_and_named(place: columns.Site) -> None:
    """Three new numbers, a new role and a confirmation are a normal day."""
    rows = [dict(row) for row in place.rows]
    for at, number in ((3, "000"), (40, "002"), (300, "004")):
        rows[at]["phones"] = f"+44 20 7946 0{number}"
    rows[7]["role"] = "Head of everything"
    rows[8]["confirmed_on"] = rows[0]["confirmed_on"]
    wanted, plan = columns.decide(place, rows)
    assert (plan.hazards, wanted.errors) == ((), ())
    assert sorted(field.field for change in plan.people for field in change.fields) == [
        "confirmed_on", "phones", "phones", "phones", "role",
    ]  # fmt: skip
