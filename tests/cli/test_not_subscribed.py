"""Rows of the file without a subscription: the plan says what the list keeps from happening."""

import pytest

from tests.support import World
from tests.support.lists import subscribe
from tests.support.people import Person, people

MANY = people(28)
NEW = Person(70, "zm", 3)
FROM, TO = MANY[8].cctld, MANY[9].cctld
"""Two ccTLDs whose third slot is free."""


@pytest.fixture
def listed(tldops: World) -> World:
    """Twenty-eight people in the roster and on a list of its own."""
    tldops.configure('[subscribers]\nfile = "list.txt"\n')
    subscribe(tldops, MANY)
    tldops.sync(*MANY)
    return tldops


def test_a_new_row_without_a_subscription_stands_below_the_plan(listed: World) -> None:
    """It changes nothing; the line says where it is, in a plan and in a sync."""
    listed.write(*MANY, NEW)
    said = (
        "Not on the list, so no login and no new card: 1 person (members.txt:29). `tldops reconcile` says what to do."
    )
    assert said in listed("plan").out.splitlines()
    assert said in listed.do("sync", "--yes").out.splitlines()


def test_who_left_the_list_and_keeps_the_card_is_not_counted_there(listed: World) -> None:
    """A warning of its own names that person."""
    subscribe(listed, MANY[1:])
    shown = listed.do("sync", "--yes").out
    assert "[left-list]" in shown
    assert "no new card" not in shown


def test_an_address_that_is_not_on_the_list_is_the_reason_why_its_person_goes(listed: World) -> None:
    """Somebody moved to another registry, and the list does not know yet: the row is there, and the plan says so."""
    row = '"Anna Smith, #3, .{}, +1 202 555 9999, anna@registry.example.org" <anna@{}>'
    subscribe(listed, [*MANY, "anna@nic.example"])
    listed.sync(*MANY, row.format(FROM, "nic.example"))
    listed.write(*MANY, row.format(TO, "registry.example"))
    shown = listed("plan").out.splitlines()
    goes = shown.index(f"- .{FROM} Anna Smith")
    assert shown[goes + 1] == "    the address in line 29 is not on the list: subscribe it first"
