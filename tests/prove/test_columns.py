"""A small share of the damaged columns that `make prove` tries."""

from dataclasses import replace
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
        row["phones"] = f"+44 7700 90010{step}"
    wanted, _ = columns.decide(place, rows)
    assert [problem.origin.line for problem in wanted.errors] == [23, 24, 25, 26]
    assert {problem.code for problem in wanted.errors} == {"damaged"}
    assert len(wanted.held) == 4
    rows[23]["phones"] = "+44 7700 900200"
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
        rows[at]["phones"] = f"+44 7700 900{number}"
    rows[7]["role"] = "Head of everything"
    rows[8]["confirmed_on"] = rows[0]["confirmed_on"]
    wanted, plan = columns.decide(place, rows)
    assert (plan.hazards, wanted.errors) == ((), ())
    assert sorted(field.field for change in plan.people for field in change.fields) == [
        "confirmed_on", "phones", "phones", "phones", "role",
    ]  # fmt: skip


def _edited(place: columns.Site, *edits: tuple[int, str, str]) -> columns.Rows:
    rows = [dict(row) for row in place.rows]
    for at, column, value in edits:
        rows[at][column] = value
    return rows


def test_numbers_that_move_between_fields_are_held(place: columns.Site) -> None:
    """The telephone numbers of the next two rows become handles: a column was pasted into another one."""
    edits = [(at, "whatsapp", place.rows[at + 1]["phones"]) for at in (10, 11)]
    _, plan = columns.decide(place, _edited(place, *edits))
    assert "moved-values" in {hazard.code for hazard in plan.hazards}


def test_an_own_number_as_a_handle_is_no_move(place: columns.Site) -> None:
    """Most people have the same number for both."""
    edits = [(at, "whatsapp", place.rows[at]["phones"]) for at in (10, 11, 12)]
    wanted, plan = columns.decide(place, _edited(place, *edits))
    assert (plan.hazards, wanted.errors) == ((), ())


@pytest.mark.parametrize("name", ["+44 7700 900001", "???? ??????", "Анна".encode().decode("cp1252", "replace")])
def test_what_is_no_name_makes_nobody_somebody_else(place: columns.Site, name: str) -> None:
    """Neither a number, nor what an encoding has left of a name."""
    wanted, plan = columns.decide(place, _edited(place, (10, "name", name), (20, "name", name)))
    assert wanted.errors
    assert not [change for change in plan.people if change.kind.value in ("added", "removed")]


def test_a_swap_beside_an_ordinary_edit_is_held(place: columns.Site) -> None:
    """One row more with a new value does not hide that two rows have each other's."""
    first, second = place.rows[10]["organisation"], place.rows[20]["organisation"]
    edits = ((10, "organisation", second), (20, "organisation", first), (30, "organisation", "New Registry"))
    _, plan = columns.decide(place, _edited(place, *edits))
    assert {hazard.code for hazard in plan.hazards} == {"moved-values"}


def test_last_contacts_are_held_in_a_chain(place: columns.Site) -> None:
    """Who is held does not serve the ccTLD of the file, so that whoever made room for them is held as well."""
    first, second = place.rows[10], place.rows[11]
    others = [row for row in place.rows if row["cctlds"] not in (first["cctlds"], second["cctlds"])]
    alone = [first, second, *others]
    moved = [{**first, "cctlds": "lu", "slot": "3"}, {**second, "cctlds": first["cctlds"]}, *others]
    state = replace(
        place.state,
        people={
            uid: person
            for uid, person in place.state.people.items()
            if person.contact.name in {row["name"] for row in alone}
        },
    )
    wanted, _ = columns.decide(replace(place, state=state), moved)
    assert {state.people[uid].contact.name for uid, held in wanted.held.items() if held.last_of} == {
        first["name"],
        second["name"],
    }
