"""KDE's parser, which KAddressBook and KMail use, reads every card whole."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from sync.vcard.card import CardOptions, contact_uid, render_contact
from tests.clients.desktop.kde import KdeReader, kde_reader, missing
from tests.support.cards import fields
from tests.support.servers import skip_where
from tests.vcard.hard_names import HARD_NAMES
from tests.vcard.people import REGIS

pytestmark = pytest.mark.client

UID = contact_uid("regis@nic.fr")


@pytest.fixture(scope="module")
def kde(asked_for: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KdeReader]:
    """Give the parser."""
    skip_where(missing())
    with kde_reader(tmp_path_factory.mktemp("kde")) as reader:
        yield reader


@pytest.mark.parametrize("name", HARD_NAMES)
def test_kde_reads_every_card_whole(kde: KdeReader, name: str) -> None:
    """Every name, address, number, handle, key and line of the note arrives as it was written."""
    # KDE takes "\n" that stands in a text for a line break.
    contact = replace(REGIS, name=name, card_note="Second line of defence;\nnot at night, please")
    text = render_contact(contact, UID, CardOptions())
    written, read = fields(text), kde.read(text)
    (organisation,) = written["org"]
    assert [read["org"], read["department"]] == organisation
    assert read["n"] == written["n"][0]
    assert read["categories"] == written["categories"][0]
    for field in ("uid", "fn", "nickname", "title", "role", "note"):
        assert [read[field]] == written[field]
    for field in ("email", "tel", "impp", "key", "url"):
        assert read[field] == written[field]
    assert len(read["email"]) == len(contact.emails)
