"""The further columns of a table: each is checked, and the columns of one person's entries are joined."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import chain
from typing import Any, TypeAlias

from sync.parse.characters import is_placeholder
from sync.parse.headings import FURTHER
from sync.problems import Finding, printable
from sync.vet.damage import ISO_DATES, DateReader
from sync.vet.phones import read_phones

Columns: TypeAlias = Mapping[str, Any]
"""The values of the further columns by name, as a `Contact` holds them; a column without a value is left out."""

_APPOINTERS = ("admin", "tech")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,4}")
# The areas of the IANA database. Which cities it has changes from machine to machine, so they are not looked up.
_TIMEZONE = re.compile(
    r"(?:Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Europe|Indian|Pacific|Etc)"
    r"/[A-Za-z0-9_+-]{2,30}(?:/[A-Za-z0-9_+-]{2,30})?|UTC"
)
_FINGERPRINT = re.compile(r"(?:[0-9A-F]{40}|[0-9A-F]{64})")
_HTTPS = re.compile(r"https://[A-Za-z0-9.-]+(?::\d{1,5})?(?:[/?#][!-~]*)?", re.IGNORECASE | re.ASCII)

_IN_A_LINK = re.compile(r"/\+?(\d+)/?$")
# A letter or "_", then as many as 31 more, a dot, and two digits or more.
_SIGNAL = re.compile(r"@?[A-Za-z_][A-Za-z0-9_]{2,31}\.[0-9]{2,9}")
# Old servers have names with any printable character of ASCII but the colon (Matrix specification, Appendix 4.2.1.2).
_MATRIX = re.compile(r"@[!-9;-~]{1,240}:(?:[A-Za-z0-9.-]{1,230}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")


def read_columns(
    cells: Mapping[str, str], today: date, dates: Mapping[str, DateReader] = ISO_DATES
) -> tuple[Columns, frozenset[str], tuple[Finding, ...]]:
    """Return the values of the known columns, the columns that are filled but not understood, and what is wrong.

    `dates` reads the texts of each column of dates. A date may lie one day ahead of `today`: there are time zones in
    which it is tomorrow.
    """
    values: dict[str, Any] = {}
    unread: set[str] = set()
    findings: list[Finding] = []
    for name in FURTHER:
        text = cells.get(name, "").strip()
        if not text:
            continue
        if is_placeholder(text):
            message = f"{name}: {printable(text)} only says that there is no value; it is not used"
            findings.append(Finding("bad-column", message, text, remedy="Empty the cell.", column=name))
            continue
        value, finding = _date(name, dates[name](text), text, today) if name in dates else _value(name, text)
        if finding:
            findings.append(replace(finding, column=name))
            unread.add(name)
        else:
            values[name] = value
    return values, frozenset(unread), tuple(findings)


def _date(name: str, day: date | None, text: str, today: date) -> tuple[date | None, Finding | None]:
    if day is None:
        return None, Finding("bad-date", f"{name}: {printable(text)} is not a date; it is not used", text)
    if day - today > timedelta(days=1):
        return None, Finding("future-date", f"{name}: {day} lies in the future; it is not used", text)
    return day, None


def _value(name: str, text: str) -> tuple[Any, Finding | None]:
    form = _FORMS.get(name)
    if form is None:
        return text, None
    read, wanted = form
    value = read(text)
    if value:
        return value, None
    return None, Finding("bad-column", f"{name}: {printable(text)} is not {wanted}; it is not used", text)


def _languages(text: str) -> tuple[str, ...]:
    tags = [tag for tag in re.split(r"[;,\s]+", text) if tag]
    return tuple(dict.fromkeys(tags)) if all(_LANGUAGE.fullmatch(tag) for tag in tags) else ()


def _fingerprint(text: str) -> str:
    plain = re.sub(r"[\s:]", "", text).upper().removeprefix("0X")
    return plain if _FINGERPRINT.fullmatch(plain) else ""


def _appointer(text: str) -> str:
    return text.lower() if text.lower() in _APPOINTERS else ""


def _matching(pattern: re.Pattern[str]) -> Callable[[str], str]:
    return lambda text: text if pattern.fullmatch(text) else ""


def _handle(pattern: re.Pattern[str] | None, host: str, *, number: bool = False) -> Callable[[str], str]:
    """Return a function that reads a handle: a name of the form `pattern`, a link to `host`, or a telephone number."""

    def read(text: str) -> str:
        link = _HTTPS.fullmatch(text) and text[len("https://") :].lower().startswith(f"{host}/")
        digits = _IN_A_LINK.search(text) if link and number else None
        if (link and not digits) or (pattern and pattern.fullmatch(text)):
            return text
        phones = read_phones(f"+{digits[1]}" if digits else text, None)[0] if number else []
        if len(phones) != 1 or not phones[0].dialable or ";ext=" in phones[0].number:
            return ""
        return text if link else phones[0].number

    return read


_FORMS: Mapping[str, tuple[Callable[[str], object], str]] = {
    "languages": (_languages, "a list of language tags (BCP 47) such as en or pt-BR"),
    "timezone": (_matching(_TIMEZONE), "the name of an IANA time zone such as Europe/Amsterdam"),
    "pgp_fingerprint": (_fingerprint, "a fingerprint of 40 or 64 hexadecimal digits"),
    "pgp_url": (_matching(_HTTPS), "an address that begins with https://"),
    "appointed_by": (_appointer, "admin or tech"),
    "signal": (
        _handle(_SIGNAL, "signal.me", number=True),
        "a telephone number with its country code, a name such as jane.01, or a link to signal.me",
    ),
    "whatsapp": (_handle(None, "wa.me", number=True), "a telephone number with its country code, or a link to wa.me"),
    "matrix": (_handle(_MATRIX, "matrix.to"), "a name such as @jane:example.org, or a link to matrix.to"),
}


def merge_columns(several: Sequence[Columns]) -> tuple[Columns, tuple[str, ...]]:
    """Join the columns of one person's entries; return also the names of those that contradict each other.

    Languages and notes are joined, and the latest confirmation counts. Two values in any other column are a
    conflict: the software does not guess which value is right.
    """
    conflicts: list[str] = []
    merged: dict[str, Any] = {}
    for name in FURTHER:
        values = list(dict.fromkeys(columns[name] for columns in several if name in columns))
        if not values:
            continue
        if name == "languages":
            merged[name] = tuple(dict.fromkeys(chain.from_iterable(values)))
        elif name in ("note", "card_note"):
            merged[name] = "; ".join(values)
        elif name == "confirmed_on":
            merged[name] = max(values)
        else:
            merged[name] = values[0]
            if len(values) > 1:
                conflicts.append(name)
    return merged, tuple(conflicts)


def merge_own(several: Iterable[Sequence[tuple[str, str]]]) -> tuple[tuple[str, str], ...]:
    """Join the texts in columns of the secretariat's own of one person's entries, by heading."""
    merged: dict[str, dict[str, None]] = {}
    for heading, text in chain.from_iterable(several):
        merged.setdefault(heading, {})[text] = None
    return tuple(sorted((heading, "; ".join(texts)) for heading, texts in merged.items()))
