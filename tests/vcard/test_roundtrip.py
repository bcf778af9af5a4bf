import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
import vobject
from hypothesis import given
from hypothesis import strategies as st

from radicale_tldops.roster.contact import Contact
from sync.vcard.card import CardOptions, contact_uid, render_contact
from sync.vcard.lines import fold
from sync.vcard.names import split_name
from tests.support.cards import check_card, fields

from .hard_names import HARD_NAMES
from .ical import IcalReader
from .people import JANE, JOHN, LI, REGIS, UNTIMED, contacts, texts

UID = contact_uid("jane.doe@nic.nl")
AMBER = CardOptions()


def single(text: str) -> str:
    """Return `text` as FN, NOTE and ROLE hold it: they have commas for semicolons."""
    return text.replace(";", ",")


def expected_name(contact: Contact) -> str:
    return single(f"{contact.name} ({' '.join(filter(None, (contact.served, contact.organisation)))})")


def best_first(contact: Contact) -> list[str]:
    """Return what the numbers dial, those of people first: digits, and behind a comma those of the extension."""
    groups: tuple[list[str], list[str]] = ([], [])
    for phone in contact.phones:
        if phone.dialable and re.fullmatch(r"\+[0-9]+(;ext=[0-9]+)?", phone.number):
            groups[phone.kind in ("fax", "pager")].append(phone.number.replace(";ext=", ","))
    return groups[0] + groups[1]


def dialled(values: Iterable[str]) -> list[str]:
    return [re.sub(r"[ ().-]", "", value) for value in values]


def part(text: str) -> str:
    r"""Return a part of N or ORG as a card may hold it: a "\" at its end would swallow the separator in ical.js."""
    return text.rstrip("\\ ")


@UNTIMED
@given(contacts())
def test_vobject_reads_what_was_written(contact: Contact) -> None:
    """Nothing is lost, cut at a comma, or escaped twice on the way through the parser that Radicale and khard use."""
    text = render_contact(contact, UID, AMBER)
    cards: list[Any] = list(vobject.readComponents(text))
    (card,) = cards
    read = {name: [child.value for child in children] for name, children in card.contents.items()}
    assert (read["version"], read["uid"], read["fn"]) == (["3.0"], [UID], [expected_name(contact)])
    name = card.n.value
    found = (name.family, name.given, name.additional, name.prefix, name.suffix)
    assert found == tuple(map(part, split_name(contact.name)))
    assert read.get("email", []) == list(contact.emails)
    assert dialled(read.get("tel", [])) == best_first(contact)
    assert read["nickname"] == [contact.served]
    assert read.get("role", []) == [single(contact.role)] * bool(contact.role)
    assert read.get("tz", []) == [contact.timezone] * bool(contact.timezone)
    assert read["categories"] == [[*(cctld.dotted for cctld in contact.cctlds), "TLD-OPS"]]
    assert read["note"][0].startswith("TLP:AMBER\n")
    assert read["note"][0].endswith(single(contact.card_note))
    check_card(text, UID)


@UNTIMED
@given(contact=contacts())
def test_icaljs_reads_what_was_written(ical: IcalReader, contact: Contact) -> None:
    r"""Thunderbird's parser finds the same values.

    It follows vCard 4.0 in single texts, where "\;" is no escape: an address or a time zone with a semicolon shows it.
    """
    card = ical.read(render_contact(contact, UID, AMBER))

    def text(value: str) -> str:
        return value.replace(";", "\\;")

    assert (card.one("version"), card.one("uid"), card.one("fn")) == ("3.0", UID, expected_name(contact))
    assert card.one("n") == list(map(part, split_name(contact.name)))
    assert card.every("email") == [text(address) for address in contact.emails]
    assert dialled(card.every("tel")) == best_first(contact)
    assert card.every("nickname") == [contact.served]
    assert card.every("role") == [single(contact.role)] * bool(contact.role)
    assert card.every("tz") == [text(contact.timezone)] * bool(contact.timezone)
    assert card.one("categories") == [*(cctld.dotted for cctld in contact.cctlds), "TLD-OPS"]
    assert card.one("note").startswith("TLP:AMBER\n")
    assert card.one("note").endswith(single(contact.card_note))
    assert card.every("url") == [cctld.iana_page for cctld in contact.cctlds]
    if contact.organisation:
        assert card.one("org") == [part(contact.organisation), contact.served]


@pytest.mark.parametrize("contact", [JANE, REGIS, LI, JOHN], ids=lambda contact: contact.listed[0])
def test_two_parsers_agree_on_every_property(ical: IcalReader, contact: Contact) -> None:
    """The two readers find the same properties with the same types and parameters."""
    text = render_contact(contact, UID, AMBER)
    card = vobject.readOne(text)
    ours = sorted((child.name.lower(), child.params.get("TYPE", [])) for child in card.lines())
    theirs = []
    for found in ical.read(text).properties:
        types = found.params.get("type", [])
        theirs.append((found.name, types if isinstance(types, list) else [types]))
    assert sorted(theirs) == ours


@pytest.mark.parametrize("end", ["\\", "\\\\", "\\ \\", " \\"])
def test_a_backslash_at_the_end_of_a_part_joins_no_parts(ical: IcalReader, end: str) -> None:
    r"""ical.js takes the ";" behind an escaped "\" for an escaped one: N and ORG end no part in a backslash."""
    card = ical.read(render_contact(replace(JANE, name=f"Doe{end}, Jane", organisation=f"SIDN{end}"), UID, AMBER))
    assert card.one("n") == ["Doe", "Jane", "", "", ""]
    assert card.one("org") == ["SIDN", ".nl"]


def test_revision_is_a_date_time_for_icaljs(ical: IcalReader) -> None:
    """REV has the form that ical.js takes for a date-time, unchanged."""
    assert ical.read(render_contact(REGIS, UID, AMBER)).one("rev") == "2025-06-30T00:00:00Z"


@pytest.mark.parametrize("name", HARD_NAMES)
def test_hard_names_survive_both_parsers(ical: IcalReader, name: str) -> None:
    """Right-to-left text, ideographs, combining marks, joined emoji and commas arrive code point for code point."""
    contact = replace(REGIS, name=name)
    text = render_contact(contact, UID, AMBER)
    read, card = fields(text), ical.read(text)
    assert read["fn"] == [expected_name(contact)]
    assert read["n"] == [list(map(part, split_name(name)))]
    for field in ("uid", "fn", "n", "nickname", "title", "role", "note", "org", "categories"):
        assert [card.one(field)] == read[field]
    for field in ("email", "tel", "impp", "key", "url"):
        assert card.every(field) == read[field]


@UNTIMED
@given(contact=contacts())
def test_thunderbird_finds_one_nickname(ical: IcalReader, contact: Contact) -> None:
    """NICKNAME has exactly one value and no comma: a second one breaks Thunderbird's autocompletion index."""
    text = render_contact(contact, UID, AMBER)
    (line,) = [line for line in text.replace("\r\n ", "").split("\r\n") if line.startswith("NICKNAME")]
    assert "," not in line
    assert ical.read(text).one("nickname") == contact.served


@UNTIMED
@given(contacts())
def test_physical_lines_are_short_and_whole(contact: Contact) -> None:
    """Every physical line has at most 75 octets and is UTF-8 by itself, and only CRLF ends a line."""
    data = render_contact(contact, UID, AMBER).encode()
    assert data.endswith(b"\r\nEND:VCARD\r\n")
    assert data.count(b"\r") == data.count(b"\n") == data.count(b"\r\n")
    for line in data.split(b"\r\n"):
        assert len(line) <= 75
        line.decode()
    assert "".join(data.decode().split("\r\n")) == "".join(data.decode().splitlines())


@UNTIMED
@given(texts(max_size=300), st.sampled_from(["", "é", "漢", "👩"]), st.integers(0, 200))
def test_folding_fills_lines_and_loses_nothing(text: str, character: str, times: int) -> None:
    """Unfolding gives the line back, and no fold is made earlier than the next character demands."""
    line = "NOTE:" + text + character * times
    pieces = fold(line).split("\r\n")
    assert pieces[0] + "".join(piece[1:] for piece in pieces[1:]) == line
    for piece, following in pairwise(pieces):
        assert following[0] == " "
        assert len(piece.encode()) <= 75 < len(piece.encode()) + len(following[1].encode())


def test_bytes_do_not_depend_on_the_process() -> None:
    """The same contacts give the same cards whatever the hash seed, so that an ETag changes only with the data."""
    people = [JANE, REGIS, LI, JOHN]
    program = (
        "import hashlib, json, sys\n"
        "from radicale_tldops.roster.contact import Contact\n"
        "from sync.vcard.card import CardOptions, render_contact\n"
        "people, uid = json.load(sys.stdin)\n"
        "cards = [render_contact(Contact.from_json(one), uid, CardOptions()) for one in people]\n"
        "print(hashlib.sha256(''.join(cards).encode()).hexdigest())\n"
    )
    given_to_it = json.dumps([[contact.to_json() for contact in people], UID])
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            input=given_to_it,
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed},
        ).stdout.strip()
        for seed in ("0", "1", "4711")
    }
    here = "".join(render_contact(contact, UID, AMBER) for contact in people)
    assert digests == {hashlib.sha256(here.encode()).hexdigest()}
