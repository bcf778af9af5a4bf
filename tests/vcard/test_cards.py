import re
import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import vobject
from hypothesis import given

from radicale_tldops.roster.cctld import Cctld
from radicale_tldops.roster.contact import Contact, Phone, Service, serving
from radicale_tldops.roster.login import canonical_login
from sync.vcard.card import (
    NAMESPACE,
    RENDERER,
    CardError,
    CardOptions,
    contact_uid,
    group_uid,
    render_contact,
    render_group,
)
from tests.support.cards import check_card

from .people import JANE, JOHN, LI, REGIS, UNTIMED, contacts, phones

GOLDEN = Path(__file__).parent / "golden" / f"renderer-{RENDERER}"
AMBER = CardOptions()


def card_of(contact: Contact, options: CardOptions = AMBER, fallback_org: str = "") -> str:
    return render_contact(contact, contact_uid(canonical_login(contact.listed[0])), options, fallback_org=fallback_org)


def appointed(by: str = "", on: date | None = None) -> tuple[Service, ...]:
    """JANE's service with an appointment."""
    return (Service("nl", 1, by, on),)


def logical(text: str) -> list[str]:
    return text.replace("\r\n ", "").split("\r\n")


def values(text: str, name: str) -> list[object]:
    return [child.value for child in vobject.readOne(text).contents.get(name, [])]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("jane.vcf", card_of(JANE)),
        ("regis.vcf", card_of(REGIS, CardOptions("TLP:AMBER+STRICT"))),
        ("li.vcf", card_of(LI, fallback_org="example.net")),
        ("john.vcf", card_of(JOHN, fallback_org="nic.example")),
        ("group-nl.vcf", render_group(Cctld("nl"), [contact_uid("john@nic.example"), contact_uid("jane.doe@nic.nl")])),
        ("group-idn.vcf", render_group(Cctld("xn--p1ai"), [])),
    ],
)
def test_bytes_are_the_ones_that_this_renderer_has_always_written(file: str, text: str) -> None:
    """Cards change only together with `RENDERER`, which names the folder: every change is a download for everybody."""
    assert text.encode() == (GOLDEN / file).read_bytes()


def test_full_name_holds_what_people_type() -> None:
    """Name, ccTLDs and the registry's name stand in FN, the only place where every client's autocompletion looks."""
    assert values(card_of(JANE), "fn") == ["Jane Doe (.nl SIDN)"]
    assert values(card_of(replace(JANE, organisation="")), "fn") == ["Jane Doe (.nl)"]
    assert values(card_of(replace(JANE, services=serving(("fr", 1), ("re", 1)))), "fn") == ["Jane Doe (.fr .re SIDN)"]


def test_organisation_falls_back_to_the_domain_outside_the_full_name() -> None:
    """Where the file gives no organisation ORG has the domain that the caller names, else the address's own."""
    unnamed = replace(JANE, organisation="", listed=("jane@mail.nic.nl",))
    assert values(card_of(unnamed, fallback_org="nic.nl"), "org") == [["nic.nl", ".nl"]]
    assert values(card_of(unnamed), "org") == [["mail.nic.nl", ".nl"]]
    assert values(card_of(JANE, fallback_org="nic.nl"), "org") == [["SIDN", ".nl"]]


@pytest.mark.parametrize(
    ("slots", "title"),
    [
        ((("nl", 1),), "Security and Stability Contact #1"),
        ((("nl", None),), "Security and Stability Contact"),
        ((("fr", 2), ("re", 2)), "Security and Stability Contact #2"),
        ((("nl", 1), ("aw", 2)), "Security and Stability Contact #1 (.nl), #2 (.aw)"),
        ((("fr", 2), ("aw", 1), ("re", 2)), "Security and Stability Contact #2 (.fr .re), #1 (.aw)"),
        ((("nl", None), ("aw", 2)), "Security and Stability Contact without number (.nl), #2 (.aw)"),
    ],
)
def test_title_tells_every_slot(slots: tuple[tuple[str, int | None], ...], title: str) -> None:
    """One number where it is the same everywhere, else each number with its ccTLDs in the order of the input."""
    assert values(card_of(replace(JANE, services=serving(*slots))), "title") == [title]


def test_addresses_stand_list_address_first() -> None:
    """The first address is the preferred one; the out-of-band addresses come last, and the note says which they are."""
    text = card_of(REGIS)
    assert [line for line in logical(text) if line.startswith("EMAIL")] == [
        "EMAIL;TYPE=INTERNET,WORK,PREF:regis@nic.fr",
        "EMAIL;TYPE=INTERNET,WORK:r.example@example.org",
        "EMAIL;TYPE=INTERNET:regis@example.com",
        "EMAIL;TYPE=INTERNET:регис@пример.рф",
    ]
    assert "\nOut of band: regis@example.com, регис@пример.рф\n" in str(values(text, "note")[0])


@UNTIMED
@given(contacts())
def test_no_property_is_grouped(contact: Contact) -> None:
    """KDE drops every grouped property, an address as well as a number: no line has a group."""
    assert not [
        line for line in logical(card_of(replace(contact, listed=("a@b.example",)))) if re.match(r"[^:;]*\.", line)
    ]


@UNTIMED
@given(contacts())
def test_what_stands_alone_holds_no_semicolon(contact: Contact) -> None:
    r"""Thunderbird, KDE and aerc show "\\;" for a semicolon: it is a comma in FN, NOTE, TITLE and ROLE."""
    card = vobject.readOne(card_of(replace(contact, listed=("a@b.example",))))
    for name in ("fn", "note", "title", "role"):
        assert not [child for child in card.contents.get(name, []) if ";" in child.value]


def test_numbers_stand_best_first() -> None:
    """Numbers that people answer come first in the order of the input, then machines."""
    lines = [line for line in logical(card_of(REGIS)) if line.startswith("TEL")]
    assert lines == [
        "TEL;TYPE=WORK,VOICE:+33 1 00 00 00 00",
        "TEL;TYPE=CELL,VOICE:+33 6 00 00 00 00",
        "TEL;TYPE=WORK,VOICE:+1 809-535-0111\\,2141",
        "TEL;TYPE=FAX:+33 1 00 00 00 01",
        "TEL;TYPE=PAGER:+33 1 00 00 00 02",
    ]


def test_revision_is_the_latest_date_in_the_data() -> None:
    """REV comes from the dates of the contact, never from the clock, and is absent where there are none."""
    march, june = date(2024, 3, 1), date(2025, 6, 30)
    assert values(card_of(replace(JANE, services=appointed(on=march), confirmed_on=june)), "rev") == [
        "2025-06-30T00:00:00Z"
    ]
    assert values(card_of(replace(JANE, services=appointed(on=june), confirmed_on=march)), "rev") == [
        "2025-06-30T00:00:00Z"
    ]
    assert values(card_of(replace(JANE, services=appointed(on=march))), "rev") == ["2024-03-01T00:00:00Z"]
    assert values(card_of(JANE), "rev") == []


def test_note_tells_what_has_no_property() -> None:
    """The label, slots, appointment, confirmation, languages, handles and the contact's own words, in this order."""
    (note,) = values(card_of(REGIS, CardOptions("TLP:RED")), "note")
    assert str(note).split("\n") == [
        "TLP:RED",
        "Slots: .fr #2, .re #2, .рф #1, .aw without number",
        "Out of band: regis@example.com, регис@пример.рф",
        "Telephone as written: +504 235 4141/42/43",
        "Appointed for .fr .re .рф .aw by the IANA admin contact of each on 2024-03-01",
        "Last confirmed: 2025-06-30",
        "Languages: fr, en",
        "Signal: +33 6 00 00 00 00",
        "WhatsApp: +33600000000",
        "Matrix: @regis:matrix.example",
        "OpenPGP fingerprint: 0123 4567 89AB CDEF 0123  4567 89AB CDEF 0123 4567",
        "regis@nic.fr stands under .fr: it may fail when .fr does",
        "регис@пример.рф stands under .рф: it may fail when .рф does",
        "Second line of defence,",
        "not at night, please \\n",
    ]


def test_note_tells_for_each_cctld_who_appointed_and_when() -> None:
    """One line for the ccTLDs that have both in common; without an appointment there is none."""
    day = date(2024, 3, 1)
    services = (Service("ky", 1, "admin", day), Service("gd", 2, "tech", day), Service("vg", 1, "admin", day))
    text = card_of(replace(JANE, services=(*services, Service("nl", 3))))
    lines = [line for line in str(values(text, "note")[0]).split("\n") if line.startswith("Appointed")]
    assert lines == [
        "Appointed for .ky .vg by the IANA admin contact of each on 2024-03-01",
        "Appointed for .gd by the IANA tech contact on 2024-03-01",
    ]


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"services": appointed("admin")}, "Appointed for .nl by the IANA admin contact"),
        (
            {"services": appointed("tech", date(2024, 3, 1))},
            "Appointed for .nl by the IANA tech contact on 2024-03-01",
        ),
        ({"services": appointed(on=date(2024, 3, 1))}, "Appointed for .nl on 2024-03-01"),
        (
            {"services": (Service("fr", 1, "tech"), Service("re", 2, "tech"))},
            "Appointed for .fr .re by the IANA tech contact of each",
        ),
        ({"services": (Service("ky", 1, "admin"), Service("gd", 1))}, "Appointed for .ky by the IANA admin contact"),
        ({"confirmed_on": date(2024, 3, 1)}, "Last confirmed: 2024-03-01"),
        ({"confirmed_on": date(2024, 3, 1), "not_confirmed_since": date(2024, 3, 1)}, "Not confirmed since 2024-03-01"),
        ({"not_on_list_since": date(2024, 3, 1)}, "Not on the list since 2024-03-01"),
    ],
)
def test_note_tells_how_far_a_contact_can_be_trusted(fields: Mapping[str, object], line: str) -> None:
    """Who appointed the person for which ccTLDs, the last confirmation, and since when there is none."""
    text = card_of(replace(JANE, **fields))  # type: ignore[arg-type]
    assert line in str(values(text, "note")[0]).split("\n")
    assert sum("onfirmed" in line for line in str(values(text, "note")[0]).split("\n")) == ("confirmed_on" in fields)


@pytest.mark.parametrize(
    ("field", "handle", "lines"),
    [
        ("signal", "+33 (6) 00-00.00 00", ["IMPP;TYPE=WORK;X-SERVICE-TYPE=Signal:signal:+33600000000"]),
        ("signal", "jane.01", ["IMPP;TYPE=WORK;X-SERVICE-TYPE=Signal:signal:jane.01"]),
        ("signal", "a:b;c,d", ["IMPP;TYPE=WORK;X-SERVICE-TYPE=Signal:signal:a%3Ab%3Bc%2Cd"]),
        ("matrix", "@jane:matrix.example", ["IMPP;TYPE=WORK;X-SERVICE-TYPE=Matrix:matrix:u/jane:matrix.example"]),
        ("matrix", "jane", []),
        ("pgp_url", "https://keys.example/a,b", ["KEY;VALUE=uri:https://keys.example/a%2Cb"]),
        ("pgp_url", "javascript:alert(1)", []),
        ("signal", "+31 (0)6 00000000", []),
        ("whatsapp", "06 00000000", []),
        ("whatsapp", "0031 6 00000000", []),
    ],
)
def test_handles_are_uris_without_anything_to_escape(field: str, handle: str, lines: list[str]) -> None:
    """A handle is a URI that means the same with and without undoing escapes, or stands in the note alone."""
    text = card_of(replace(JANE, **{field: handle}))  # type: ignore[arg-type]
    assert [line for line in logical(text) if line.startswith(("IMPP", "KEY"))] == lines
    assert (handle.replace(";", ",") in str(values(text, "note")[0])) is (field != "pgp_url" or not lines)


@pytest.mark.parametrize(
    ("field", "link", "handle", "uri"),
    [
        ("matrix", "https://matrix.to/#/@jane:matrix.example", "@jane:matrix.example", "matrix:u/jane:matrix.example"),
        (
            "matrix",
            "https://matrix.to/#/%40jane%3Amatrix.example?via=b.example",
            "@jane:matrix.example",
            "matrix:u/jane:matrix.example",
        ),
        (
            "matrix",
            "HTTPS://Matrix.TO/#/@Jane:matrix.example:8448",
            "@Jane:matrix.example:8448",
            "matrix:u/Jane:matrix.example:8448",
        ),
        ("matrix", "matrix:u/jane:matrix.example", "@jane:matrix.example", "matrix:u/jane:matrix.example"),
        ("matrix", "https://matrix.to/#/#room:matrix.example", "https://matrix.to/#/#room:matrix.example", ""),
        ("signal", "https://signal.me/#p/+31600000000", "+31600000000", "signal:+31600000000"),
        ("signal", "https://signal.me/#p/%2B31600000000", "+31600000000", "signal:+31600000000"),
        ("signal", "https://signal.me/#eu/abc-DEF", "https://signal.me/#eu/abc-DEF", ""),
        ("whatsapp", "https://wa.me/31600000000", "+31600000000", "whatsapp:+31600000000"),
        ("whatsapp", "https://wa.me/+31600000000?text=hello", "+31600000000", "whatsapp:+31600000000"),
        ("whatsapp", "https://api.whatsapp.com/send?phone=31600000000", "+31600000000", "whatsapp:+31600000000"),
        ("whatsapp", "https://wa.me/0600000000", "https://wa.me/0600000000", ""),
        ("whatsapp", "https://wa.me/qr/ABC", "https://wa.me/qr/ABC", ""),
    ],
)
def test_links_of_messengers_become_handles(field: str, link: str, handle: str, uri: str) -> None:
    """No messenger is called "https", and what a card offers works where .me and .to do not."""
    text = card_of(replace(JANE, **{field: link}))  # type: ignore[arg-type]
    assert values(text, "impp") == [uri] * bool(uri)
    assert f": {handle}\n" in str(values(text, "note")[0])


def test_empty_fields_leave_no_line() -> None:
    """A contact with a name, a ccTLD and an address has no empty property for a client to show."""
    names = [line.partition(":")[0].partition(";")[0] for line in logical(card_of(replace(JANE, phones=())))]
    assert not {"TEL", "ROLE", "TZ", "KEY", "IMPP", "REV", "PRODID"} & set(names)
    assert not [line for line in logical(card_of(JANE)) if line.endswith(":")]


def test_group_card_names_its_members_in_one_order() -> None:
    """The order and number of times in which members are given do not matter."""
    first, second = contact_uid("a@example.com"), contact_uid("b@example.com")
    text = render_group(Cctld("nl"), [first, second])
    assert text == render_group(Cctld("nl"), [second, first, second])
    members = values(text, "x-addressbookserver-member")
    assert members == sorted(f"urn:uuid:{uid}" for uid in (first, second))
    check_card(text, group_uid(Cctld("nl")))


def test_uids_are_fixed_for_ever() -> None:
    """Clients know a person by the UID: the same address gives the same one in every version of this software."""
    assert str(NAMESPACE) == "6a4c34f2-0e5b-4c7e-9a57-2f0f6d1c8b90"
    assert contact_uid("jane.doe@nic.nl") == str(uuid.uuid5(NAMESPACE, "jane.doe@nic.nl"))
    assert group_uid(Cctld("nl")) == str(uuid.uuid5(NAMESPACE, ".nl"))
    with pytest.raises(CardError, match="no address"):
        contact_uid(canonical_login("no address"))


@pytest.mark.parametrize("uid", ["", "x", "urn:uuid:" + contact_uid("a"), contact_uid("a").upper(), "\u0661" * 36])
def test_only_bare_uuids_are_uids(uid: str) -> None:
    """A UID with a prefix or in capitals breaks the members of group cards in DAVx5."""
    with pytest.raises(CardError, match="UID"):
        render_contact(JANE, uid, AMBER)
    with pytest.raises(CardError, match="UID"):
        render_group(Cctld("nl"), [uid])


@pytest.mark.parametrize(
    ("phone", "tel"),
    [
        (Phone("+4680000", display="+46 8 00 00"), "+46 8 00 00"),
        (Phone("+3222844811;ext=12", display="+32 2 284 48 11 ext. 12"), "+32 2 284 48 11,12"),
        (Phone("+74950000000;ext=05", display="+7 495 000-00-00 доб. 05"), "+7 495 000-00-00,05"),
        (Phone("+18095350111;ext=2", display="+1 (809) 535-0111 (x2)"), "+1 (809) 535-0111,2"),
        (Phone("+18095350111;ext=2", display="809 535 0111 x2"), "+18095350111,2"),
        (Phone("+18095350111", display="+1 809 535 0111 0"), "+18095350111"),
        (Phone("+18095350111"), "+18095350111"),
    ],
)
def test_what_stands_in_tel_dials_the_number(phone: Phone, tel: str) -> None:
    """A telephone dials what TEL holds: the digits of E.164, and behind a pause those of the extension."""
    assert values(card_of(replace(JANE, phones=(phone,))), "tel") == [tel]


@UNTIMED
@given(phones())
def test_tel_holds_nothing_but_the_number(phone: Phone) -> None:
    """Whatever is displayed, TEL has the digits of the number or is absent; then the note has the text."""
    text = card_of(replace(JANE, phones=(phone,)))
    number, _, extension = phone.number.partition(";ext=")
    tels = [re.sub(r"[ ().-]", "", str(tel)) for tel in values(text, "tel")]
    if phone.dialable and number[1:].isdigit() and number[0] == "+":
        assert tels == [f"{number},{extension}" if extension else number]
    else:
        assert tels == []
        assert f"\nTelephone as written: {phone.display.replace(';', ',')}\n" in str(values(text, "note")[0])
