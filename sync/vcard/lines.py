"""Writes the lines of a vCard 3.0 as text, and checks that the text reads back as the same lines."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

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
# RFC 2426, 4: the parts of a structured value stand between semicolons, the values of a list between commas.
_SEPARATORS = {"N": ";", "ORG": ";", "CATEGORIES": ","}
_ESCAPES = {"\\\\": "\\", "\\;": ";", "\\,": ",", "\\n": "\n"}
_TOKEN = re.compile(r"\\.|[^\\;,]+|.", re.DOTALL)
_UUID = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class CardError(TldopsError):
    """A contact cannot be written as a vCard, or the text of a card is not what this software writes."""


@dataclass(frozen=True, slots=True)
class ContentLine:
    """One property: unescaped text, or a tuple for the properties that have parts (N, ORG, CATEGORIES).

    `types` is the value of TYPE; `params` holds further parameters, ordered by name. Both come from this software
    alone, never from a contact.
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
    """Return the card of these lines and VERSION, after it was read back and the same lines were found in it.

    Raises `CardError` if it is too long, holds a forbidden character, or reads back as other lines.
    """
    check_uid(uid)
    # By name, with UID first. Another order would change the bytes of every card.
    ordered = sorted(lines, key=lambda line: (line.name != "UID", line.name))
    text = "\r\n".join(("BEGIN:VCARD", "VERSION:3.0", *(fold(_written(line)) for line in ordered), "END:VCARD", ""))
    check_text("card", text.replace("\r\n", ""), MAX_CARD)
    if list(_read(text)) != ordered:
        raise CardError("the card does not read back as it was written")
    return text


def _written(line: ContentLine) -> str:
    """Return a property as one logical line (RFC 2425, 5.8)."""
    types = [("TYPE", ",".join(line.types))] if line.types else []
    params = "".join(f";{name}={value}" for name, value in sorted((*types, *line.params)))
    parts = (line.value,) if isinstance(line.value, str) else line.value
    value = _SEPARATORS.get(line.name, "").join(map(_escaped, parts))
    return f"{line.name}{params}:{value}"


def _escaped(text: str) -> str:
    """Return `text` with the escapes of RFC 2426, 4."""
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def _read(text: str) -> Iterator[ContentLine]:
    """Yield the properties of a card, without VERSION, as RFC 2426 reads them.

    Raises `CardError` for a text that does not begin and end as a card, and for an escape that is missing.
    """
    begin, version, *logical, end, rest = text.replace("\r\n ", "").split("\r\n")
    if (begin, version, end, rest) != ("BEGIN:VCARD", "VERSION:3.0", "END:VCARD", ""):
        raise CardError("the card does not read back: it does not begin and end as a card")
    for line in logical:
        head, _, value = line.partition(":")
        name, *params = head.split(";")
        pairs = [(key, given) for key, _, given in (param.partition("=") for param in params)]
        types = tuple(kind for key, given in pairs if key == "TYPE" for kind in given.split(","))
        separator = _SEPARATORS.get(name, "")
        parts = _parts(value, separator)
        others = tuple(pair for pair in pairs if pair[0] != "TYPE")
        yield ContentLine(name, parts if separator else parts[0], types, others)


def _parts(value: str, separator: str) -> tuple[str, ...]:
    """Return the parts of a value, without escapes; a value without a separator is one part."""
    parts = [""]
    for token in _TOKEN.findall(value):
        if token == separator:
            parts.append("")
        elif token in _ESCAPES:
            parts[-1] += _ESCAPES[token]
        elif token[0] in "\\;,":
            raise CardError("the card does not read back: an escape is missing")
        else:
            parts[-1] += token
    return tuple(parts)
