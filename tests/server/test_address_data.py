"""How much of a card a report sends: CARDDAV:address-data (RFC 6352, 8.4 and 10.4)."""

import re
from collections.abc import Iterator

import pytest

from tests.dav.serving import Served, card_of, multiget, query, report, served
from tests.dav.shape import valid
from tests.support import CARDDAV, Client


@pytest.fixture(scope="module")
def roster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that the tests of this module only read from."""
    with served(tmp_path_factory.mktemp("address-data")) as running:
        yield running


@pytest.fixture
def client(roster: Served) -> Client:
    """John's client, style plain."""
    return roster.john


def jane_as(client: Client, inner: str, attributes: str = "") -> str:
    """Jane's card as it is with `inner` in address-data."""
    book, jane = client.book(), card_of(client, "Jane Doe")
    prop = f"<D:prop><C:address-data {attributes}>{inner}</C:address-data></D:prop>"
    cards = [
        valid(answer).findtext(f".//{CARDDAV}address-data", "")
        for answer in (
            multiget(client, book, [jane], prop),
            query(client, jane, prop=prop),
            report(client, book, "C:addressbook-multiget", f"{prop}<D:href>{jane}</D:href>", None),
        )
    ]
    assert len(set(cards)) == 1
    return cards[0]


def part(client: Client, inner: str) -> list[str]:
    """The lines of Jane's card between its frame, unfolded."""
    lines = re.sub("\n[ \t]", "", jane_as(client, inner)).splitlines()
    assert [*lines[:2], lines[-1]] == ["BEGIN:VCARD", "VERSION:3.0", "END:VCARD"]
    return lines[2:-1]


def test_only_the_named_properties_are_sent(client: Client) -> None:
    """RFC 6352, 10.4.2: names are compared without case, unknown ones give nothing, repeated ones nothing more."""
    inner = '<C:prop name="FN"/><C:prop name="nickname"/><C:prop name="X-NONE"/><C:prop name="FN"/>'
    assert part(client, inner) == ["FN:Jane Doe (.vn)", "NICKNAME:.vn"]
    frame = '<C:prop name="VERSION"/><C:prop name="UID"/>'
    assert part(client, frame) == ["UID:8dbb8964-e61a-51dd-ada0-15afc3af3e60"]


def test_a_folded_line_is_sent_whole(client: Client) -> None:
    """RFC 2426, 2.6: what continues a line belongs to its property, and only there."""
    (note,) = part(client, '<C:prop name="NOTE"/>')
    assert note.startswith("NOTE:TLP:AMBER\\n")
    assert note.endswith(" when .vn does")
    assert all(len(line.encode()) <= 75 for line in jane_as(client, '<C:prop name="NOTE"/>').splitlines())


def test_groups(client: Client) -> None:
    """RFC 6352, 10.4.2: a name without a group means any and none, with a group exactly that one; no card has any."""
    both = ["EMAIL;TYPE=INTERNET,WORK,PREF:jane.doe@nic.vn", "EMAIL;TYPE=INTERNET:jane@oarc.net"]
    assert part(client, '<C:prop name="EMAIL"/>') == both
    assert part(client, '<C:prop name="ITEM1.email"/>') == []


def test_novalue(client: Client) -> None:
    """RFC 6352, 10.4.2: the name and the parameters stay, and no value; whoever asks for it with it gets it."""
    assert part(client, '<C:prop name="EMAIL" novalue="yes"/>') == [
        "EMAIL;TYPE=INTERNET,WORK,PREF:",
        "EMAIL;TYPE=INTERNET:",
    ]
    assert part(client, '<C:prop name="NOTE" novalue="yes"/>') == ["NOTE:"]
    assert part(client, '<C:prop name="FN" novalue="no"/>') == ["FN:Jane Doe (.vn)"]
    both = '<C:prop name="EMAIL" novalue="yes"/><C:prop name="email"/>'
    assert part(client, both)[1] == "EMAIL;TYPE=INTERNET:jane@oarc.net"


@pytest.mark.parametrize(
    ("inner", "attributes"),
    [
        ("", ""),
        ("<C:allprop/>", ""),
        ("", 'content-type="text/vcard" version="3.0"'),
        ("", 'content-type="TEXT/VCARD; charset=utf-8"'),
        ("", 'version="3.0"'),
        ("<unknown/>", 'unknown=""'),
    ],
)
def test_the_whole_card_by_every_way_of_asking(client: Client, inner: str, attributes: str) -> None:
    """RFC 6352, 10.4: the defaults are text/vcard and 3.0, and it is what GET sends."""
    whole = client.request("GET", card_of(client, "Jane Doe")).body.decode()
    assert jane_as(client, inner, attributes).splitlines() == whole.splitlines()
