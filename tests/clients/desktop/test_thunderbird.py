"""Thunderbird with the demo's 400 contacts. The tests run in one Thunderbird, in the order in which they stand here."""

from pathlib import Path

import pytest

from tests.clients.conftest import people
from tests.clients.desktop.conftest import BOOK, Setup, few_changes
from tests.clients.desktop.pictures import photograph
from tests.clients.desktop.thunderbird import Thunderbird
from tests.data.membership import as_csv
from tests.support.site import Site

pytestmark = pytest.mark.client

DAAN = "Daan Voorbeeld (.nl Voorbeeldregister NL)"
JANE = "Jane Doe (.nl Voorbeeldregister NL)"
ZELIE_OF_LU = "Zélie Lemodèle (.lu Registre Exemple LU)"
ZELIE = "Zélie Lemodèle (.fr .pm .re .tf .wf .yt Registre Exemple FR)"
NL = [
    f"{DAAN} <daan@nic-nl.example>",
    f"{DAAN} <daan.voorbeeld@webmail.example.com>",
    f"{JANE} <jane.doe@nic-nl.example>",
    f"{JANE} <jane@oob.example>",
]


def names_of(offered: list[str]) -> list[str]:
    """Return the names of recipients, each once, in order."""
    return list(dict.fromkeys(entry.rpartition(" <")[0].strip('"') for entry in offered))


def test_a_wrong_password_adds_no_book(demo: Site, mail: Thunderbird) -> None:
    """With a wrong password Thunderbird finds nothing and says so."""
    added = mail.add_address_book(demo.url, demo.login, "x6zrj-ms4fv-br0ys-2jvce-ctdw9-cybsx")
    mail.close_hub()
    assert (added.offered, added.failure) == ((), "Failed to connect.")
    assert mail.people(BOOK) == {}


def test_the_host_and_the_login_are_all_that_is_typed(setup: Setup) -> None:
    """From the URL of the host, the user name and the password Thunderbird finds the one book."""
    assert setup.added.offered == (BOOK,)
    assert setup.added.steps == (
        "Add an address book",
        "New remote Address Book",
        "Enter your CardDav account password",
        "Sync existing address books",
    )


def test_every_contact_arrives(setup: Setup, demo: Site) -> None:
    """The first synchronisation brings all 400 contacts, with addresses and numbers in the order of the card."""
    roster = people(demo.cards().values())
    assert len(roster) == 400
    assert setup.mail.settle(BOOK, roster) == roster


def test_the_book_is_read_only(setup: Setup) -> None:
    """Thunderbird offers neither to create a contact in the book nor to edit one; in a book of its own it does."""
    shown = setup.mail.show(BOOK, JANE)
    assert "jane.doe@nic-nl.example" in shown.text
    assert not shown.may_create
    assert not shown.may_edit
    own = "Personal Address Book"
    setup.mail.add_contact(own, "Bob Example", "bob@example.com")
    shown = setup.mail.show(own, "Bob Example")
    assert shown.may_create
    assert shown.may_edit


def test_a_cctld_offers_its_contacts_and_nobody_else(setup: Setup) -> None:
    """Both addresses of each .nl contact are offered for ".nl", and nobody else; Enter takes the first."""
    with setup.mail.message() as message:
        assert message.offered(".nl") == NL
        message.type_into("#toAddrInput", "\ue007")
        assert message.recipients() == NL[:1]


def test_the_picture_of_what_is_offered(setup: Setup, pictures: Path) -> None:
    """The picture of the README shows what is offered for ".nl", and is small enough for a page."""
    file = pictures / "thunderbird-nl.png"
    with setup.mail.message() as message:
        message.resize(800, 320)
        assert message.offered(".nl") == NL
        photograph(setup.mail.environment, message.area(), file)
    assert 5_000 < file.stat().st_size < 120_000


def test_a_cctld_without_its_dot_offers_its_contacts_first(setup: Setup) -> None:
    """For "nl" the .nl contacts come before those who have "nl" in a name or address.

    An address with "nl" comes before one without, so somebody else may stand before an out-of-band address.
    """
    with setup.mail.message() as message:
        offered = message.offered("nl")
    assert names_of(offered)[:2] == [DAAN, JANE]
    assert set(NL) < set(offered)
    others = names_of(offered)[2:]
    assert others
    assert not any("(.nl" in name for name in others)


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("Voorbeeldregister NL", [DAAN, JANE]),
        ("Lemodèle fr", [ZELIE]),
        ("Zélie Lemodèle", [ZELIE, ZELIE_OF_LU]),
        ("jane@oob.example", [JANE]),
        (".xx", []),
    ],
)
def test_a_registry_or_a_person_offers_its_contacts(setup: Setup, typed: str, names: list[str]) -> None:
    """The name of a registry, of a person, or an address offers the contacts that it belongs to and nobody else."""
    with setup.mail.message() as message:
        offered = message.offered(typed)
    assert names_of(offered) == names


def test_changes_and_removals_arrive(setup: Setup, demo: Site) -> None:
    """After "Synchronize" a new number, a new name and a new contact are there, and who left is gone."""
    before = setup.mail.people(BOOK)
    demo.change(*as_csv(few_changes()).splitlines())
    roster = people(demo.cards().values())
    assert before != roster
    setup.mail.synchronize(BOOK)
    after = setup.mail.settle(BOOK, roster)
    assert after == roster
    was, now = ({name: uid for uid, (name, _, _) in book.items()} for book in (before, after))
    assert now.keys() - was.keys() == {
        "Daan van Voorbeeld (.nl Voorbeeldregister NL)",
        "Eva Voorbeeld (.nl Voorbeeldregister NL)",
    }
    assert was.keys() - now.keys() == {DAAN, ZELIE}
    assert now["Daan van Voorbeeld (.nl Voorbeeldregister NL)"] == was[DAAN]
    assert after[now[JANE]][2] == ("+31 6 10000146",)
    with setup.mail.message() as message:
        assert names_of(message.offered("Zélie Lemodèle")) == [ZELIE_OF_LU]
