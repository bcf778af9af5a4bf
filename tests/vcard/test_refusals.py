from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radicale_tldops.roster.cctld import Cctld
from radicale_tldops.roster.contact import Contact, Phone, Service, serving
from radicale_tldops.roster.errors import TldopsError
from sync.vcard import lines
from sync.vcard.card import (
    MAX_FIELD,
    MAX_NOTE,
    MAX_VALUES,
    CardError,
    CardOptions,
    contact_uid,
    render_contact,
    render_group,
)
from tests.support.cards import check_card

from .people import JANE, REGIS, UNTIMED

UID = contact_uid("jane.doe@nic.nl")
AMBER = CardOptions()
CARD = render_contact(REGIS, UID, AMBER)
WRITTEN = lines._written

FIELDS: dict[str, Callable[[str], Contact]] = {
    "name": lambda text: replace(JANE, name=text),
    "listed": lambda text: replace(JANE, listed=(text,)),
    "out_of_band": lambda text: replace(JANE, out_of_band=("jane@example.com", text)),
    "phones": lambda text: replace(JANE, phones=(Phone(text, dialable=False),)),
    "organisation": lambda text: replace(JANE, organisation=text),
    "role": lambda text: replace(JANE, role=text),
    "languages": lambda text: replace(JANE, languages=("nl", text)),
    "timezone": lambda text: replace(JANE, timezone=text),
    "signal": lambda text: replace(JANE, signal=text),
    "whatsapp": lambda text: replace(JANE, whatsapp=text),
    "matrix": lambda text: replace(JANE, matrix=text),
    "pgp_fingerprint": lambda text: replace(JANE, pgp_fingerprint=text),
    "pgp_url": lambda text: replace(JANE, pgp_url="https://keys.example/" + text),
    "appointed_by": lambda text: replace(JANE, services=(Service("nl", 1, text),)),
    "card_note": lambda text: replace(JANE, card_note=text),
}
FORBIDDEN = sorted(
    {*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029, 0xD800, 0xDBFF, 0xDC00, 0xDFFF, *range(0xFDD0, 0xFDF0)}
    | {plane + low for plane in range(0, 0x110000, 0x10000) for low in (0xFFFE, 0xFFFF)}
)


@pytest.mark.parametrize("field", FIELDS)
def test_forbidden_characters_are_refused_by_field_and_code_point(field: str) -> None:
    """One such character makes a whole answer unreadable for a client, so it never reaches a card (HARDENING 30)."""
    for code in FORBIDDEN:
        if (field, code) == ("card_note", 0x0A):
            continue
        with pytest.raises(CardError, match=rf"^{field}: the character U\+{code:04X} "):
            render_contact(FIELDS[field](f"a{chr(code)}b"), UID, AMBER)


def test_forbidden_characters_are_refused_in_what_the_configuration_gives() -> None:
    """The TLP label and the fallback organisation are checked like the data."""
    with pytest.raises(CardError, match=r"^tlp: the character U\+000A"):
        render_contact(JANE, UID, CardOptions("TLP:RED\nX"))
    with pytest.raises(CardError, match=r"^fallback organisation: the character U\+2028"):
        render_contact(JANE, UID, AMBER, fallback_org="a\u2028b")


@pytest.mark.parametrize("field", FIELDS)
@settings(UNTIMED, max_examples=25)
@given(text=st.text(max_size=30))
def test_any_text_gives_a_card_or_the_projects_own_error(field: str, text: str) -> None:
    """Whatever stands in a field, there is a card that reads back, or a `TldopsError`, never anything else."""
    try:
        card = render_contact(FIELDS[field](text), UID, AMBER)
    except TldopsError:
        return
    check_card(card, UID)


@pytest.mark.parametrize("text", ['"', ";TYPE=PREF", ":x", 'a";TEL:1', "\\nTEL:1", "END:VCARD", "a,b;c:d"])
@pytest.mark.parametrize("field", FIELDS)
def test_no_text_makes_a_parameter_or_a_property(field: str, text: str) -> None:
    """Quotes, semicolons and colons in the data add neither parameters nor lines (HARDENING 31)."""
    card = render_contact(FIELDS[field](text), UID, AMBER)
    plain = render_contact(FIELDS[field]("x"), UID, AMBER)

    def shape(of: str) -> list[str]:
        heads = (line.partition(":")[0] for line in of.replace("\r\n ", "").split("\r\n"))
        return [head for head in heads if not head.startswith(("IMPP", "ORG"))]

    assert shape(card) == shape(plain)


@pytest.mark.parametrize("field", FIELDS)
def test_long_values_are_refused(field: str) -> None:
    """A field has a limit, far above any real one (HARDENING 32)."""
    with pytest.raises(CardError, match=f"^{field}: .* more than"):
        render_contact(FIELDS[field]("a" * 1_000_000), UID, AMBER)


def test_values_at_the_limits_pass() -> None:
    """The limits themselves are allowed, so that a longest field never stops a sync by one character."""
    longest = replace(JANE, name="a" * MAX_FIELD, card_note="漢" * MAX_NOTE, phones=JANE.phones * MAX_VALUES)
    assert render_contact(longest, UID, AMBER).count("\r\nTEL;") == MAX_VALUES


@pytest.mark.parametrize("field", ["services", "listed", "out_of_band", "phones", "languages"])
def test_too_many_values_are_refused(field: str) -> None:
    """10,000 phones, or ccTLDs, or addresses, are no contact (HARDENING 32)."""
    many = replace(REGIS, **{field: getattr(REGIS, field) * 10_000})
    with pytest.raises(CardError, match=f"^{field}: "):
        render_contact(many, UID, AMBER)


@pytest.mark.parametrize("field", ["name", "listed", "out_of_band", "phones"])
@pytest.mark.parametrize("text", ["", " ", "\u3000\u00a0"])
def test_blank_values_are_refused(field: str, text: str) -> None:
    """A card without a name, or with an empty address or number, is an error of the data."""
    with pytest.raises(CardError, match=f"^{field}: empty"):
        render_contact(FIELDS[field](text), UID, AMBER)


def test_unknown_kinds_of_phone_are_refused() -> None:
    """A kind that has no TYPE is an error with a name, not a traceback."""
    with pytest.raises(CardError, match=r"^phones: the kind"):
        render_contact(replace(JANE, phones=(Phone("+3161", kind="telex"),)), UID, AMBER)


@pytest.mark.parametrize("label", ["NL", "n,l", "n l", "", "xn--99999999", "xn--a\x00b", "ñ"])
def test_labels_that_are_none_are_refused(label: str) -> None:
    """A ccTLD that cannot be one is refused before it can bring a comma into NICKNAME."""
    with pytest.raises(CardError, match=r"^ccTLD: "):
        render_contact(replace(JANE, services=serving((label, 1))), UID, AMBER)


def test_group_of_an_impossible_label_is_refused() -> None:
    """The same for group cards, whose ccTLD is a value already."""
    with pytest.raises(CardError, match=r"^ccTLD: "):
        render_group(Cctld("n,l"), [])


def replaced(old: str, new: str) -> str:
    assert old in CARD
    return CARD.replace(old, new)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param(CARD[:-2], id="no last line end"),
        pytest.param(CARD + CARD, id="two cards"),
        pytest.param(CARD + "\r\n", id="an empty line behind it"),
        pytest.param(CARD.replace("\r\n", "\n"), id="LF"),
        pytest.param(replaced("\r\nTZ", "\nTZ"), id="one bare LF"),
        pytest.param(replaced("\r\nTZ", "\r\r\n\nTZ"), id="CR and LF around a CRLF"),
        pytest.param(replaced("VERSION:3.0", "VERSION:4.0"), id="4.0"),
        pytest.param(replaced("VERSION:3.0\r\n", "VERSION:3.0\r\nVERSION:3.0\r\n"), id="two versions"),
        pytest.param(replaced(UID, contact_uid("other@example.com")), id="another UID"),
        pytest.param(replaced(f"UID:{UID}\r\n", ""), id="no UID"),
        pytest.param(replaced("\r\nFN:", "\r\nROLE:"), id="no FN"),
        pytest.param(replaced("\r\nN:", "\r\nNICKNAME:"), id="no N"),
        pytest.param(replaced("regis@nic.fr\r\nEMAIL", "\r\nEMAIL"), id="an empty address"),
        pytest.param(replaced("PAGER:+33 1 00 00 00 02", "PAGER: "), id="a blank number"),
        pytest.param(replaced("TZ;VALUE=text:", "TZ;VALUE=text:\x0c"), id="a form feed"),
        pytest.param(replaced("TZ;VALUE=text:", "TZ;VALUE=text:\ud800"), id="a lone surrogate"),
        pytest.param(replaced("TZ;VALUE=text:", 'TZ;VALUE="text":'), id="another form of a parameter"),
        pytest.param(replaced("TZ;VALUE=text:", "TZ;ENCODING=B:"), id="an unknown parameter"),
        pytest.param(replaced("TZ;VALUE=text:", "PHOTO;VALUE=uri:"), id="an unknown property"),
        pytest.param(replaced("TZ;VALUE=text:", "BEGIN:VCARD\r\nTZ:"), id="a card within the card"),
        pytest.param(replaced("TZ;VALUE=text:Europe", "TZ;VALUE=text:Eu\r\n rope"), id="another fold"),
        pytest.param(replaced("TZ;VALUE=text:", "TZ" + ";a=," * 20_000), id="what makes the parser hang"),
        pytest.param(replaced("TZ;VALUE=text:", "TZ;VALUE=text:" + "漢" * 30), id="a line of 100 octets"),
        pytest.param(replaced("TZ;VALUE=text:", "TZ;VALUE=text:a,"), id="an unescaped comma"),
        pytest.param("BEGIN:VCARD\r\n" * 100_000, id="very long"),
        CARD.replace('"Registre"\\,', '"Registre",'),
    ],
)
def test_a_card_that_is_not_ours_is_refused(text: str) -> None:
    """Any departure from what is written here is found when a card is read back."""
    with pytest.raises(CardError):
        check_card(text, UID)


@UNTIMED
@given(
    st.integers(0, len(CARD) - 1),
    st.integers(0, 3),
    st.text(max_size=3) | st.sampled_from(["\r\n", "\r\n ", ";", "\\"]),
)
def test_an_edited_card_is_ours_or_refused(at: int, removed: int, inserted: str) -> None:
    """An edit anywhere gives a card that still has its UID and one name, or a `CardError`, and never a traceback."""
    text = CARD[:at] + inserted + CARD[at + removed :]
    try:
        check_card(text, UID)
    except CardError:
        return
    logical = text.replace("\r\n ", "").split("\r\n")
    assert logical.count(f"UID:{UID}") == 1
    assert sum(line.startswith("FN:") for line in logical) == 1


@pytest.mark.parametrize(
    ("function", "mistaken"),
    [
        pytest.param("_escaped", lambda text: text.replace("\n", "\\n"), id="no escapes"),
        pytest.param("_escaped", lambda text: text.replace("\\", "\\\\").replace("\n", "\\n"), id="bare commas"),
        pytest.param("_escaped", lambda text: text.replace(",", "\\,").replace("\n", "\\n"), id="bare backslashes"),
        pytest.param("fold", lambda line: line[:75], id="lines cut"),
        pytest.param("fold", lambda line: f"{line[:30]}\r\n  {line[30:]}", id="a space too many"),
        pytest.param("_written", lambda line: WRITTEN(replace(line, types=())), id="no types"),
    ],
)
def test_a_card_that_reads_back_as_other_lines_is_refused(
    monkeypatch: pytest.MonkeyPatch, function: str, mistaken: Callable[[Any], str]
) -> None:
    """A card is read back when it is written: with a mistake in the writer there is no card."""
    monkeypatch.setattr(lines, function, mistaken)
    contact = replace(REGIS, organisation="a\\b, c")
    with pytest.raises(CardError, match="read"):
        render_contact(contact, UID, AMBER)
