"""A small share of the damaged columns that `make prove` tries."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest

from radicale_tldops.roster.contact import Phone
from radicale_tldops.store.values import RosterState
from sync.parse.headings import COLUMNS
from tests.prove import columns
from tests.prove.membership import Tally

CASES = list(columns.every())


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> columns.Site:
    """A store with four hundred people."""
    return columns.site(tmp_path_factory.mktemp("columns"))


@pytest.mark.parametrize("column", COLUMNS)
def test_no_damaged_column_is_wrongly_applied(place: columns.Site, column: str) -> None:
    """Nobody gets what is another person's; of nine damaged cells or more none changes anything without a word."""
    tally = Tally()
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
    assert [problem.origin.line for problem in wanted.errors] == [22, 23, 24, 25, 26]
    assert {problem.code for problem in wanted.errors} == {"damaged"}
    assert len(wanted.held) == 5
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


def _without(place: columns.Site, column: str, at: Sequence[int]) -> columns.Site:
    """Return a store in which these people have nothing in a column."""
    names = {place.rows[number]["name"] for number in at}
    people = dict(place.state.people)
    for uid, person in place.state.people.items():
        if person.contact.name in names:
            empty = replace(person.contact, phones=()) if column == "phones" else replace(person.contact, whatsapp="")
            people[uid] = replace(person, contact=empty)
    return replace(place, state=replace(place.state, people=people))


def test_one_number_for_many_who_had_none_is_held(place: columns.Site) -> None:
    """A new number that was filled down is nobody's own, although nobody loses anything."""
    some = range(10, 30)
    filled = _edited(place, *((at, "phones", "+44 7700 900123") for at in some))
    _, plan = columns.decide(_without(place, "phones", some), filled)
    change, moved = plan.hazards
    assert (change.code, change.message.partition(":")[0]) == (
        "mass-change",
        "20 people would get other telephone numbers; the limit is 8",
    )
    assert change.message.endswith(" and 17 more")
    assert moved.message.startswith("the telephone numbers of 20 people would be those of other people: ")
    # A number of their own for each of them is a column that was filled in.
    _, plan = columns.decide(_without(place, "phones", some), place.rows)
    assert plan.hazards == ()


def test_a_series_of_handles_is_an_error(place: columns.Site) -> None:
    """The fill handle works in each column of numbers."""
    edits = [(at, "whatsapp", f"+44 7700 90010{at - 20}") for at in range(20, 24)]
    wanted, _ = columns.decide(_without(place, "whatsapp", range(20, 24)), _edited(place, *edits))
    assert [problem.message.partition(":")[0] for problem in wanted.errors] == ["whatsapp"] * 4
    assert len(wanted.held) == 4


def test_copied_rows_for_new_people_are_held(place: columns.Site) -> None:
    """Two new people with the handles of others; the switchboard of others is theirs as well."""
    rows = [dict(row) for row in place.rows]
    new = [
        {**rows[at], "name": f"{name} Newcomer", "email": f"{name}@new.example", "cctlds": cctld, "slot": "3"}
        for at, name, cctld in ((50, "zelda", "zm"), (60, "zora", "zw"))
    ]
    own = dict.fromkeys(("oob_email", "signal", "whatsapp", "matrix", "pgp_fingerprint", "pgp_url"), "")
    _, plan = columns.decide(place, [*rows, *({**row, **own} for row in new)])
    assert plan.hazards == ()
    _, plan = columns.decide(place, [*rows, *({**row, **own, "matrix": row["matrix"]} for row in new)])
    assert [hazard.message.partition(" would")[0] for hazard in plan.hazards] == ["the Matrix handles of 2 people"]


@pytest.mark.parametrize("column", ["signal", "whatsapp", "matrix", "pgp_fingerprint", "pgp_url"])
def test_what_is_one_persons_alone_goes_to_nobody_of_another_registry(place: columns.Site, column: str) -> None:
    """One cell was copied, and its owner keeps the value: a colleague may have it, a stranger may not."""
    cctlds = [row["cctlds"] for row in place.rows]
    colleague = cctlds.index(cctlds[10], 11)
    value = place.rows[10][column]
    _, plan = columns.decide(place, _edited(place, (colleague, column, value)))
    assert plan.hazards == ()
    _, plan = columns.decide(place, _edited(place, (11, column, value)))
    (hazard,) = plan.hazards
    assert hazard.code == "moved-values"
    assert all(place.rows[at]["name"] in hazard.message for at in (10, 11))


def test_who_is_held_gives_nothing(place: columns.Site) -> None:
    """Two people have each other's numbers, and the record of one of them is broken."""
    edits = [(10, "phones", place.rows[20]["phones"]), (20, "phones", place.rows[10]["phones"]), (20, "slot", "9")]
    wanted, plan = columns.decide(place, _edited(place, *edits))
    assert len(wanted.held) == 1
    (hazard,) = plan.hazards
    assert hazard.code == "moved-values"
    assert all(place.rows[at]["name"] in hazard.message for at in (10, 20))


def test_a_national_number_does_not_change_its_country(place: columns.Site) -> None:
    """Whoever moves to another ccTLD keeps the number, until it is written with its country code."""
    french = next(at for at, row in enumerate(place.rows) if row["cctlds"] == ".fr")
    moved = [(french, "cctlds", "nl")]
    uid = next(uid for uid, contact in place.contacts.items() if contact.name == place.rows[french]["name"])
    before = replace(place.state.people[uid].contact, phones=(Phone("+33612345678"),))
    state = replace(place.state, people={**place.state.people, uid: replace(place.state.people[uid], contact=before)})
    assert _after_a_move(place, state, uid, (*moved, (french, "phones", "0612345678"))) == ["+33612345678"]
    for text, numbers, codes in (
        ("0612345678", ["+33612345678"], ["kept-value"]),
        ("+31 6 12345678", ["+31612345678"], []),
        ("0207946000", ["+31207946000"], []),
    ):
        wanted, _ = columns.decide(replace(place, state=state), _edited(place, *moved, (french, "phones", text)))
        assert [phone.number for phone in wanted.people[uid].entry.contact.phones] == numbers
        assert [kept.problem.code for kept in wanted.kept] == codes


def _after_a_move(
    place: columns.Site, state: RosterState, uid: str, edits: Sequence[tuple[int, str, str]]
) -> list[str]:
    """Return the numbers of a person after the same file was applied twice."""
    rows = _edited(place, *edits)
    for _ in range(2):
        contact = columns.decide(replace(place, state=state), rows)[0].people[uid].entry.contact
        state = replace(state, people={**state.people, uid: replace(state.people[uid], contact=contact)})
    return [phone.number for phone in contact.phones]


def test_a_new_number_for_people_of_several_cctlds_is_held(place: columns.Site) -> None:
    """It was filled down, although nobody had it; one for two colleagues is a new switchboard."""
    here = place.rows[10]["cctlds"]
    office = [at for at, row in enumerate(place.rows) if row["cctlds"] == here]
    for some, codes in ((office, []), ([10, 11], ["moved-values"])):
        _, plan = columns.decide(place, _edited(place, *((at, "phones", "+44 7700 900123") for at in some)))
        assert [hazard.code for hazard in plan.hazards] == codes


def test_a_series_upwards_is_an_error(place: columns.Site) -> None:
    """The fill handle was drawn from below; the source is right."""
    source = "+44 7700 900200"
    known = _edited(place, (24, "phones", source))
    people = columns.decide(place, known)[0].people
    filled = [(at, "phones", f"+44 7700 900{200 - (24 - at)}") for at in range(21, 24)]
    uid = next(uid for uid, match in people.items() if match.entry.contact.name == place.rows[24]["name"])
    person = replace(place.state.people[uid], contact=people[uid].entry.contact)
    state = replace(place.state, people={**place.state.people, uid: person})
    wanted, _ = columns.decide(replace(place, state=state), _edited(place, (24, "phones", source), *filled))
    assert [problem.origin.line for problem in wanted.errors] == [23, 24, 25]


def test_a_text_that_is_no_date_does_not_hide_the_other_dates(place: columns.Site) -> None:
    """The dates of a column are read by their form, and one cell holds a word."""
    day = place.contacts[next(iter(place.contacts))].confirmed_on
    edits = [
        (at, "confirmed_on", ".".join(reversed(row["confirmed_on"].split("-")))) for at, row in enumerate(place.rows)
    ]
    wanted, plan = columns.decide(place, _edited(place, *edits, (7, "confirmed_on", "next spring")))
    assert day is not None
    assert [(kept.name, kept.problem.code) for kept in wanted.kept] == [("confirmed_on", "kept-value")]
    assert not plan.people


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
