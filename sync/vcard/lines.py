"""Writes the lines of a vCard 3.0 as text, and checks with vobject that the text reads back as the same lines."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from radicale_tldops.roster.errors import TldopsError

MAX_OCTETS = 75
"""Longest physical line in octets, without its CRLF (RFC 2426, 2.6)."""
MAX_CARD = 200_000
"""Longest card in characters: Android gives up on a contact of 1 MB (in UTF-8 a character has up to 4 octets)."""

# Controls, the separators that some parsers take for a line end, lone surrogates and noncharacters: one of them
# makes a whole multistatus unreadable (XML 1.0, 2.2).
_FORBIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufdd0-\ufdef"
    + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000))
    + "]"
)
_UUID = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class CardError(TldopsError):
    """A contact cannot be written as a vCard, or the text of a card is not what this software writes."""


@dataclass(frozen=True, slots=True)
class ContentLine:
    """One property: unescaped text, or a tuple for the properties that have parts (N, ORG, CATEGORIES).

    `types` is the value of TYPE; `params` holds further parameters by name. Both come from this software alone, never
    from a contact.
    """

    name: str
    value: str | tuple[str, ...]
    types: tuple[str, ...] = ()
    params: tuple[tuple[str, str], ...] = ()


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


def write_card(lines: Sequence[ContentLine], uid: str) -> str:
    """Return the card of these lines and VERSION, after vobject has read it and found the same lines in it.

    Raises `CardError` if it is too long, holds a forbidden character, or reads back as other lines.
    """
    check_uid(uid)
    # In the order in which vobject writes them. Another order would change the bytes of every card.
    ordered = sorted(lines, key=lambda line: (line.name != "UID", line.name))
    text = "\r\n".join(("BEGIN:VCARD", "VERSION:3.0", *(fold(_written(line)) for line in ordered), "END:VCARD", ""))
    check_text("card", text.replace("\r\n", ""), MAX_CARD)
    # Sorting is stable: lines of one name keep their order, which puts the best telephone number first.
    if sorted(_read(text), key=attrgetter("name")) != sorted(lines, key=attrgetter("name")):
        raise CardError("the card does not read back as it was written")
    return text


def _written(line: ContentLine) -> str:
    """Return a property as one logical line (RFC 2425, 5.8)."""
    types = [("TYPE", ",".join(line.types))] if line.types else []
    params = "".join(f";{name}={value}" for name, value in sorted((*types, *line.params)))
    parts = (line.value,) if isinstance(line.value, str) else line.value
    # RFC 2426, 4: the parts of a structured value stand between semicolons, the values of a list between commas.
    value = ("," if line.name == "CATEGORIES" else ";").join(map(_escaped, parts))
    return f"{line.name}{params}:{value}"


def _escaped(text: str) -> str:
    """Return `text` with the escapes of RFC 2426, 4."""
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def _read(text: str) -> Iterable[ContentLine]:
    """Yield the properties of the card `text` as vobject reads them, without VERSION."""
    # Imported here: it takes time, and most commands write no card.
    import vobject
    from vobject.base import VObjectError

    try:
        card: Any = vobject.readOne(text)
        children = list(card.lines())
    except (VObjectError, ValueError, TypeError, AttributeError) as error:
        raise CardError(f"the card cannot be read: {type(error).__name__}") from error
    for child in children:
        value: Any = child.value
        if child.name == "VERSION":
            continue
        if child.name == "N":
            value = (value.family, value.given, value.additional, value.prefix, value.suffix)
        elif isinstance(value, list):
            value = tuple(value)
        params = dict(child.params)
        types = tuple(params.pop("TYPE", ()))
        more = tuple((name, params[name][0]) for name in sorted(params))
        yield ContentLine(child.name, value, types, more)
