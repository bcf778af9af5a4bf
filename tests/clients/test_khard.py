"""khard, an address book for terminals, on the folder that vdirsyncer wrote."""

import pytest

from tests.clients.vdir import Member
from tests.support.site import Site

pytestmark = pytest.mark.client

JOHN_NAME, REGIS_NAME, IVAN_NAME = "John Doe (.nl)", "Régis Example (.fr .re .pm)", "Иван Пример (.рф)"


@pytest.fixture(scope="module")
def member(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Member:
    """Return a member who has synchronised once."""
    synchronised = Member(tmp_path_factory.mktemp("member"))
    synchronised.configure(site.url, site.login)
    synchronised.discover()
    synchronised.sync()
    return synchronised


def test_every_contact_is_listed(member: Member) -> None:
    """Each card can be read, and is listed under its full name."""
    listed = [line.split("\t")[1] for line in member.khard("list", "--parsable")]
    assert listed == ["Annlie Example (.ie)", "Jane Doe (.vn)", JOHN_NAME, REGIS_NAME, IVAN_NAME]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("categories:.nl", JOHN_NAME),
        (".nl", JOHN_NAME),
        ("categories:.re", REGIS_NAME),
        (".pm", REGIS_NAME),
        ("categories:.рф", IVAN_NAME),
        (".рф", IVAN_NAME),
        ("name:john", JOHN_NAME),
    ],
)
def test_a_search_for_a_cctld_finds_its_contacts_and_no_other(member: Member, search: str, found: str) -> None:
    """By category or as text, also in another script, and never somebody who has the letters in the name only."""
    assert [line.split("\t")[1] for line in member.khard("list", "--parsable", search)] == [found]
    (address,) = member.khard("email", "--parsable", "--remove-first-line", search)
    assert address.split("\t")[1] == found


def test_addresses_and_numbers_come_with_their_labels(member: Member) -> None:
    """The list address is labelled as the preferred one; khard sorts by label, whatever the order in the card."""
    assert member.khard("email", "--parsable", "--remove-first-line", "categories:.vn") == [
        "jane@oarc.net\tJane Doe (.vn)\tINTERNET",
        "jane.doe@nic.vn\tJane Doe (.vn)\tINTERNET, WORK, pref",
    ]
    assert member.khard("phone", "--parsable", "categories:.nl") == ["+31 12 345 6789\tJohn Doe (.nl)\tWORK, VOICE"]


def test_the_details_of_a_contact_are_shown(member: Member) -> None:
    """`khard show` tells name, ccTLD, role, organisation and page of the one contact that was asked for."""
    shown = [line.strip() for line in member.khard("show", "categories:.nl")]
    for line in (
        "Name: John Doe (.nl)",
        "Nickname: .nl",
        "Title: Security and Stability Contact #1",
        "Webpage: https://www.iana.org/domains/root/db/nl.html",
        "- nic.nl",
        "INTERNET, WORK, pref: john.doe@nic.nl",
        "WORK, VOICE: +31 12 345 6789",
    ):
        assert line in shown


def test_a_group_is_a_card_without_an_address(site: Site, tmp_path_factory: pytest.TempPathFactory) -> None:
    """In the style "groups" khard lists the group beside the contact, and offers the contact's address alone."""
    member = Member(tmp_path_factory.mktemp("groups"))
    member.configure(site.url, site.groups())
    member.discover()
    member.sync()
    listed = [line.split("\t")[1] for line in member.khard("list", "--parsable", ".nl")]
    assert listed == [".nl", JOHN_NAME]
    addresses = member.khard("email", "--parsable", "--remove-first-line", ".nl")
    assert [line.split("\t")[:2] for line in addresses] == [["john.doe@nic.nl", JOHN_NAME]]
