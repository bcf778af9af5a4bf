"""Whether a text is a card, byte for byte as this software writes it, and what stands in it."""

import re
from typing import Any

import vobject
from vobject.base import VObjectError

from sync.vcard.lines import MAX_CARD, MAX_OCTETS, CardError, check_text, check_uid, fold

# Far above MAX_CARD: vobject counts characters where RFC 2426 counts octets, so the folding is done here.
_UNFOLDED = 1 << 30
# Matched before vobject reads the text: its own regular expression can be made to hang.
_LOGICAL = re.compile(
    r"(?:CATEGORIES|CLASS|EMAIL|FN|IMPP|KEY|N|NICKNAME|NOTE|ORG|REV|ROLE|TEL|TITLE|TZ|UID|URL|VERSION"
    r"|X-ADDRESSBOOKSERVER-KIND|X-ADDRESSBOOKSERVER-MEMBER)"
    r"(?:;(?:TYPE|VALUE|X-SERVICE-TYPE)=[A-Za-z,]+)*:"
)


def check_card(text: str, uid: str) -> None:
    """Raise `CardError` unless `text` is one vCard 3.0 with this UID, byte for byte as this software writes it.

    That is: CRLF line ends only, folded at 75 octets, no forbidden character, only known properties, one UID, FN
    and N, no empty EMAIL or TEL, and vobject reads it and writes the same text again.
    """
    check_uid(uid)
    _check_lines(text)
    try:
        card: Any = vobject.readOne(text)
        _check_properties(card, uid)
        unfolded: str = card.serialize(lineLength=_UNFOLDED)
    except (VObjectError, ValueError, TypeError, AttributeError) as error:
        # A component with a bare comma is read as a list, which vobject cannot write.
        raise CardError(f"the card cannot be read and written again: {type(error).__name__}") from error
    if "\r\n".join(map(fold, unfolded.split("\r\n"))) != text:
        raise CardError("the card does not read back as it was written")


def fields(card: str) -> dict[str, list[Any]]:
    """Return the values of a card by name, as vobject reads them; N as a list of its five parts."""
    found: dict[str, list[Any]] = {}
    for child in vobject.readOne(card).lines():
        value = child.value
        if child.name == "N":
            value = [value.family, value.given, value.additional, value.prefix, value.suffix]
        found.setdefault(child.name.lower(), []).append(value)
    return found


def _check_properties(card: Any, uid: str) -> None:
    for name in ("uid", "fn", "n", "version"):
        if len(card.contents.get(name, ())) != 1:
            raise CardError(f"the card must have exactly one {name.upper()}")
    if card.uid.value != uid:
        raise CardError("the card has another UID")
    for name in ("fn", "email", "tel"):
        if not all(child.value.strip() for child in card.contents.get(name, ())):
            raise CardError(f"the card has an empty {name.upper()}")


def _check_lines(text: str) -> None:
    """Check what vobject does not check, in time linear in the length of the text."""
    check_text("card", text.replace("\r\n", ""), MAX_CARD)
    physical = text.split("\r\n")
    if physical.pop() != "":
        raise CardError("the card must end with CRLF")
    for line in physical:
        if len(line) > MAX_OCTETS or len(line.encode()) > MAX_OCTETS:
            raise CardError(f"a line of the card has more than {MAX_OCTETS} octets")
    logical = text[:-2].replace("\r\n ", "").split("\r\n")
    if logical[:2] != ["BEGIN:VCARD", "VERSION:3.0"] or logical[-1] != "END:VCARD":
        raise CardError("the card must begin with BEGIN:VCARD and VERSION:3.0, and end with END:VCARD")
    if not all(_LOGICAL.match(line) for line in logical[1:-1]):
        raise CardError("the card has a line that this software does not write")
