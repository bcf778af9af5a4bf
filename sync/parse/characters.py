"""Characters that no field may hold, and the clean form of a field's text."""

import re
import unicodedata

from sync.parse.limits import MAX_MARKS
from sync.problems import Finding

# Some vCard and XML parsers break a line at these, others refuse the whole answer (XML 1.0, 2.2; RFC 6350, 3.2):
# controls without the tab, line and paragraph separators, surrogates, noncharacters. Also the replacement character,
# which stands for a lost letter, and format characters that nobody can see.
FORBIDDEN = (
    "\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffd\u00ad\u200b\u2060-\u2064\u206a-\u206f\ufeff"
    "\u034f\u115f\u1160\u17b4\u17b5\u2065\u2800\u3164\uffa0\U0001d173-\U0001d17a"
    "\ufff9-\ufffb\U000e0000-\U000e007f\ufdd0-\ufdef"
    + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000))
)
"""The characters that no field may hold, as the inside of a character class. The tab is white space."""

DIRECTION = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
"""Marks that change the reading direction, so that "abc" may be shown as "cba". No field needs them."""

_FORBIDDEN = re.compile(f"[{FORBIDDEN}]")
_DIRECTION = re.compile(f"[{DIRECTION}]")
_PLACEHOLDERS = frozenset(
    {"n/a", "n.a.", "#n/a", "-", "--", "–", "—", "/", "none", "null", "nil", "?", "??", "???", "tbd"}
)

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


def is_placeholder(text: str) -> bool:
    """Whether `text` only says that there is no value. "NA" and "no" are not placeholders: they are ccTLDs, too."""
    return text.strip().casefold() in _PLACEHOLDERS


def is_clean(text: str) -> bool:
    """Whether `text` holds no forbidden character and no tab."""
    return (text.isascii() and text.isprintable()) or not (_FORBIDDEN.search(text) or "\t" in text)


def without_forbidden(text: str) -> tuple[str, tuple[Finding, ...]]:
    """Return `text` with a space for every forbidden character, and a finding for the first few of them.

    Direction marks are left alone: whether they are allowed depends on the field.
    """
    if (text.isascii() and text.isprintable()) or not _FORBIDDEN.search(text):
        return text, ()
    kinds = dict.fromkeys(_FORBIDDEN.findall(text))
    return _FORBIDDEN.sub(" ", text), tuple(Finding("forbidden-character", describe(char)) for char in list(kinds)[:5])


def tab_findings(name: str) -> tuple[Finding, ...]:
    """Return a finding for a tab inside `name`, where it is a control like any other; around it, it is white space."""
    return (Finding("forbidden-character", describe("\t")),) if "\t" in name.strip() else ()


def without_direction(text: str) -> str:
    """Return `text` without the marks that turn the reading direction."""
    return text if text.isascii() else _DIRECTION.sub("", text)


def direction_findings(text: str) -> tuple[Finding, ...]:
    """Return a finding for the direction marks in `text`, if there are any."""
    if text.isascii():
        return ()
    kinds = dict.fromkeys(_DIRECTION.findall(text))
    return tuple(Finding("forbidden-character", describe(char)) for char in list(kinds)[:5])


def folded(text: str) -> tuple[str, tuple[Finding, ...]]:
    """Return `text` in NFC, with every run of spaces, tabs and no-break spaces as one space, and none at its ends.

    `text` holds no forbidden character. A run of more than 30 combining marks is a finding; the result is then empty.
    """
    if text.isascii():
        return " ".join(text.split()), ()
    marks = bytes(map(bool, map(unicodedata.combining, text)))
    if b"\1" * (MAX_MARKS + 1) in marks:
        return "", (Finding("too-long", f"more than {MAX_MARKS} combining marks on one letter"),)
    return " ".join(unicodedata.normalize("NFC", text).split()), ()
