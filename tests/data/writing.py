"""Membership files as the list software, the secretariat and a spreadsheet write them."""

import csv
import html
import io
import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from datetime import date
from zlib import crc32

from tests.data.person import Person

_LIST_SEPARATORS = ("/", " / ", ", ", " ", " & ", "/")


def as_text(people: Iterable[Person]) -> str:
    """Return one line for each person, in the many shapes that MEMBERSHIP names, each understood without an error.

    A line carries name, slot, ccTLDs, telephone numbers and addresses. Its shape depends on the person's list address
    alone, so that a change of one person changes one line.
    """
    return "".join(f"{_line(person)}\n" for person in people)


def as_report(people: Iterable[Person]) -> str:
    """Return the lines of the repository message, one for each person: readable in any editor."""
    return "".join(f"{_report(person, len(_LIST_SEPARATORS))}\n" for person in people)


def as_csv(people: Iterable[Person]) -> str:
    """Return a table with all the columns (RFC 4180), several values in a cell between semicolons."""
    names = [field.name for field in fields(Person)]
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(names)
    writer.writerows([_cell(name, getattr(person, name)) for name in names] for person in people)
    return text.getvalue()


def as_subscribers(people: Iterable[Person]) -> str:
    """Return the list addresses, one to a line, as `list_members` prints them."""
    return "".join(f"{person.email}\n" for person in people)


def _cell(name: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return "; ".join(f".{item}" if name == "cctlds" else str(item) for item in value)
    return str(value)


def _line(person: Person) -> str:
    number = crc32(person.email.lower().encode())
    return _SHAPES[number % len(_SHAPES)](person, number // len(_SHAPES))


def _full(person: Person, number: int, *rest: str) -> str:
    """Return the full name that the list software holds; `number` decides how the ccTLDs are put together."""
    cctlds = _LIST_SEPARATORS[number % len(_LIST_SEPARATORS)].join(f".{label}" for label in person.cctlds)
    slot = f"SSC #{person.slot}" if number % 29 == 0 else f"#{person.slot}"
    separator = "; " if number % 31 == 0 and "," not in person.name else ", "
    return separator.join((person.name, slot, cctlds, *person.phones, *filter(None, rest)))


def _quoted(person: Person, number: int) -> str:
    """Write a line as Mailman 2.1 does, `list_members -f`."""
    full = re.sub(r'([][\\()"])', r"\\\1", _full(person, number, person.oob_email))
    return f'"{full}" <{person.email}>'


def _raw(person: Person, number: int) -> str:
    """Write a line as Mailman 3 does from 3.3.8, `mailman members`."""
    return f"{_full(person, number, person.oob_email)} <{person.email}>"


def _rfc2047(person: Person, number: int) -> str:
    """Write a line as Mailman 3 does up to 3.3.7: what is not ASCII as encoded words.

    A word has at most 75 characters (RFC 2047, 2) and never a part of a character (RFC 2047, 5).
    """
    full = _full(person, number, person.oob_email)
    if full.isascii():
        return _quoted(person, number)
    chunks = (full[start : start + 11].encode() for start in range(0, len(full), 11))
    words = " ".join(f"=?utf-8?b?{b64encode(chunk).decode()}?=" for chunk in chunks)
    return f"{words} <{person.email}>"


def _report(person: Person, number: int) -> str:
    """Write a line of the repository message."""
    addresses = ", ".join(filter(None, (person.email, person.oob_email)))
    return f"“{_full(person, number)}” {addresses}"


def _comment(person: Person, number: int) -> str:
    """Write `address (full name)`, the other form of a mail header."""
    full = re.sub(r"([\\()])", r"\\\1", _full(person, number, person.oob_email))
    return f"{person.email} ({full})"


def _references(person: Person, number: int) -> str:
    """Write a line of Mailman 2.1 with a name that came in through a web form in another charset."""
    full = html.escape(_full(person, number, person.oob_email), quote=True)
    return f'"{full.encode("ascii", "xmlcharrefreplace").decode("ascii")}" <{person.email}>'


_SHAPES: Sequence[Callable[[Person, int], str]] = (_quoted, _raw, _rfc2047, _report, _comment, _references)
