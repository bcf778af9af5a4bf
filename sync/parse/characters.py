"""Characters that no field may hold, and the one clean form of a field's text."""

import re
import unicodedata

from sync.parse.codes import Fault
from sync.parse.limits import MAX_MARKS

_NONCHARACTERS = "\ufdd0-\ufdef" + "".join(
    chr(plane * 0x10000 + 0xFFFE) + chr(plane * 0x10000 + 0xFFFF) for plane in range(17)
)

# Controls but the tab (which is white space), line and paragraph separators, lone surrogates, noncharacters, the
# replacement character (a letter that was lost for good), and format characters that nobody can see.
_HARD = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffd\u00ad\u200b\u2060-\u2064\u206a-\u206f\ufeff"
    "\ufff9-\ufffb\U000e0000-\U000e007f" + _NONCHARACTERS + "]"
)
# They turn the reading direction: "abc" may show as "cba". Pasted with right-to-left text, needed by none.
_DIRECTION = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")

_WHAT = {
    "\t": "tab",
    "\n": "line break",
    "\r": "carriage return",
    "\x85": "next line",
    "\ufffd": "it stands for a letter that an earlier program could not read",
    "\ufeff": "byte order mark inside the text",
}
_KINDS = {"Cc": "control character", "Cs": "half of a character"}


def describe(char: str) -> str:
    """Return `char` as its code point and what it is: "U+2028 (line separator)"."""
    kind = _KINDS.get(unicodedata.category(char), "not a character")
    return f"U+{ord(char):04X} ({_WHAT.get(char) or unicodedata.name(char, kind).lower()})"


def without_forbidden(text: str) -> tuple[str, tuple[Fault, ...]]:
    """Return `text` with a space for every forbidden character, and a fault for the first few of them.

    Direction marks are left alone: whether they are allowed depends on the field.
    """
    if text.isprintable() and text.isascii():
        return text, ()
    if not _HARD.search(text):
        return text, ()
    kinds = dict.fromkeys(match[0] for match in _HARD.finditer(text))
    return _HARD.sub(" ", text), tuple(Fault("forbidden-character", describe(char)) for char in list(kinds)[:5])


def tab_faults(name: str) -> tuple[Fault, ...]:
    """Return a fault for a tab inside `name`, where it is a control like any other; around it, it is white space."""
    return (Fault("forbidden-character", describe("\t")),) if "\t" in name.strip() else ()


def without_direction(text: str) -> str:
    """Return `text` without the marks that turn the reading direction."""
    return text if text.isascii() else _DIRECTION.sub("", text)


def direction_faults(text: str) -> tuple[Fault, ...]:
    """Return a fault for the direction marks in `text`, if there are any."""
    if text.isascii():
        return ()
    kinds = dict.fromkeys(_DIRECTION.findall(text))
    return tuple(Fault("forbidden-character", describe(char)) for char in list(kinds)[:5])


def folded(text: str) -> tuple[str, tuple[Fault, ...]]:
    """Return `text` in NFC, with every run of spaces, tabs and no-break spaces as one space, and none at its ends.

    `text` holds no forbidden character. A run of more than 30 combining marks is a fault, and then the result is empty.
    """
    if text.isascii():
        return " ".join(text.split()), ()
    marks = bytes(map(bool, map(unicodedata.combining, text)))
    if b"\1" * (MAX_MARKS + 1) in marks:
        return "", (Fault("too-long", f"more than {MAX_MARKS} combining marks on one letter"),)
    return " ".join(unicodedata.normalize("NFC", text).split()), ()
