"""The bytes of a vCard 3.0: lines to text, and the proof, by way of vobject, that the text reads back the same."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from radicale_tldops.roster.errors import TldopsError

if TYPE_CHECKING:
    from vobject.base import Component

MAX_OCTETS = 75
"""Longest physical line in octets, without its CRLF (RFC 2426, 2.6)."""
MAX_CARD = 200_000
"""Longest card in characters: Android gives up on a contact of 1 MB (in UTF-8 a character has up to 4 octets)."""

# Far above MAX_CARD: vobject counts characters where RFC 2426 counts octets, so the folding is done here.
_UNFOLDED = 1 << 30
# Controls, the separators that some parsers take for a line end, lone surrogates and noncharacters: one of them
# makes a whole multistatus unreadable (XML 1.0, 2.2).
_FORBIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufdd0-\ufdef"
    + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000))
    + "]"
)
_UUID = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# What a logical line may look like, before vobject sees it: its own expression can be made to hang.
_LOGICAL = re.compile(
    r"(?:item[0-9]{1,3}\.)?"
    r"(?:CATEGORIES|CLASS|EMAIL|FN|IMPP|KEY|N|NICKNAME|NOTE|ORG|REV|ROLE|TEL|TITLE|TZ|UID|URL|VERSION"
    r"|X-ABLABEL|X-ADDRESSBOOKSERVER-KIND|X-ADDRESSBOOKSERVER-MEMBER)"
    r"(?:;(?:TYPE|VALUE|X-SERVICE-TYPE)=[A-Za-z,]+)*:"
)
_HEAD = ("BEGIN:VCARD", "VERSION:3.0")
_TAIL = "END:VCARD"


class CardError(TldopsError):
    """A contact cannot be written as a vCard, or the text of a card is not what this software writes."""


@dataclass(frozen=True, slots=True)
class Line:
    """One property: unescaped text, or a tuple for the properties that have parts (N, ORG, CATEGORIES).

    `types` is the value of TYPE; `params` holds further parameters by name. Both come from this software alone, never
    from a contact.
    """

    name: str
    value: str | tuple[str, ...]
    types: tuple[str, ...] = ()
    params: tuple[tuple[str, str], ...] = ()
    group: str | None = None


def check_text(field: str, text: str, limit: int, *, newlines: bool = False) -> None:
    """Raise `CardError`, naming `field` and the code point, if `text` can never stand in a card.

    `limit` is in characters; `newlines` allows U+000A. The text itself is not quoted: it may be a telephone number.
    """
    if len(text) > limit:
        raise CardError(f"{field}: {len(text)} characters, more than the {limit} that a card takes")
    found = _FORBIDDEN.search(text.replace("\n", "") if newlines else text)
    if found:
        raise CardError(f"{field}: the character U+{ord(found.group()):04X} cannot stand in a card")


def check_uid(uid: str) -> None:
    """Raise `CardError` unless `uid` is a bare UUID in lower case."""
    if not _UUID.fullmatch(uid):
        raise CardError("UID: not a bare UUID in lower case")


def fold(text: str) -> str:
    """Fold one logical line at 75 octets, never within a character (RFC 2425, 5.8.1)."""
    data = text.encode()
    if len(data) <= MAX_OCTETS:
        return text
    pieces: list[bytes] = []
    start, room = 0, MAX_OCTETS
    while len(data) - start > room:
        end = start + room
        while data[end] & 0xC0 == 0x80:  # a continuation octet of UTF-8
            end -= 1
        pieces.append(data[start:end])
        start, room = end, MAX_OCTETS - 1  # the space that marks the fold counts
    pieces.append(data[start:])
    return b"\r\n ".join(pieces).decode()


def write_card(lines: Sequence[Line], uid: str) -> str:
    """Return the card of these lines, VERSION apart, after reading it back and finding every line in it.

    Raises `CardError` if it does not read back as it was given.
    """
    # In the order in which vobject would write them, which the cards have always had.
    ordered = sorted(lines, key=lambda line: (line.name != "UID", line.name))
    text = "\r\n".join((*_HEAD, *(fold(_written(line)) for line in ordered), _TAIL, ""))
    read = [line for line in _lines(_read(text, uid)) if line.name != "VERSION"]
    # Sorting is stable: lines of one name keep their order, which says what is best.
    if sorted(read, key=attrgetter("name")) != sorted(lines, key=attrgetter("name")):
        raise CardError("the card does not read back as it was written")
    return text


def _written(line: Line) -> str:
    """Return a property as one logical line; `_check_wire` refuses what such a line cannot hold."""
    group = f"{line.group}." if line.group else ""
    types = [("TYPE", ",".join(line.types))] if line.types else []
    params = "".join(f";{name}={value}" for name, value in sorted((*types, *line.params)))
    parts = (line.value,) if isinstance(line.value, str) else line.value
    # RFC 2426, 4: the parts of a structured value stand between semicolons, the values of a list between commas.
    value = ("," if line.name == "CATEGORIES" else ";").join(map(_escaped, parts))
    return f"{group}{line.name}{params}:{value}"


def _escaped(text: str) -> str:
    """Return `text` with the escapes of RFC 2426, 4."""
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def check_card(text: str, uid: str) -> None:
    """Raise `CardError` unless `text` is one vCard 3.0 with this UID, byte for byte as this software writes it.

    That is: CRLF line ends only, folded at 75 octets, no forbidden character, only known properties, one UID, FN
    and N, no empty EMAIL or TEL, and vobject reads it and writes the same text again.
    """
    from vobject.base import VObjectError

    card = _read(text, uid)
    try:
        is_same = _serialise(card) == text
    except VObjectError as error:
        # A component with a bare comma is read as a list, which vobject cannot write.
        raise CardError(f"the card cannot be written again: {type(error).__name__}") from error
    if not is_same:
        raise CardError("the card does not read back as it was written")


def _read(text: str, uid: str) -> "Component":
    # Here, and not above: a command that writes no card need not wait for it.
    import vobject
    from vobject.base import VObjectError

    check_uid(uid)
    _check_wire(text)
    try:
        read: Component = vobject.readOne(text)  # there is one: BEGIN and END stand only around the whole
    except (VObjectError, ValueError, TypeError, AttributeError) as error:
        raise CardError(f"the card cannot be read: {type(error).__name__}") from error
    card: Any = read
    for name in ("uid", "fn", "n", "version"):
        if len(card.contents.get(name, ())) != 1:
            raise CardError(f"the card must have exactly one {name.upper()}")
    if card.uid.value != uid:
        raise CardError("the card has another UID")
    for name in ("fn", "email", "tel"):
        if not all(child.value.strip() for child in card.contents.get(name, ())):
            raise CardError(f"the card has an empty {name.upper()}")
    return read


def _check_wire(text: str) -> None:
    """Look at what vobject is lenient about, in time linear in the text."""
    check_text("card", text.replace("\r\n", ""), MAX_CARD)
    physical = text.split("\r\n")
    if physical.pop() != "":
        raise CardError("the card must end with CRLF")
    for line in physical:
        if len(line) > MAX_OCTETS or len(line.encode()) > MAX_OCTETS:
            raise CardError(f"a line of the card has more than {MAX_OCTETS} octets")
    logical = text[:-2].replace("\r\n ", "").split("\r\n")
    if tuple(logical[:2]) != _HEAD or logical[-1] != _TAIL:
        raise CardError("the card must begin with BEGIN:VCARD and VERSION:3.0, and end with END:VCARD")
    if not all(_LOGICAL.match(line) for line in logical[1:-1]):
        raise CardError("the card has a line that this software does not write")


def _serialise(card: "Component") -> str:
    unfolded: str = card.serialize(lineLength=_UNFOLDED)
    return "\r\n".join(map(fold, unfolded.split("\r\n")))


def _lines(card: "Component") -> Iterable[Line]:
    for child in card.lines():
        value: Any = child.value
        if child.name == "N":
            value = (value.family, value.given, value.additional, value.prefix, value.suffix)
        elif isinstance(value, list):
            value = tuple(value)
        params = dict(child.params)
        types = tuple(params.pop("TYPE", ()))
        yield Line(child.name, value, types, tuple((name, params[name][0]) for name in sorted(params)), child.group)
