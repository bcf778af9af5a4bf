"""Damage that a spreadsheet program does to cells, and dates as it writes them."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import TypeAlias

from sync.parse.records import Record
from sync.problems import Finding, printable

DATES = ("appointed_on", "confirmed_on")
"""The columns that hold a date."""

DateReader: TypeAlias = Callable[[str], date | None]
"""Reads the text of a date; None for a text that is not one."""

# #REF!, #DIV/0!, #NAME?, #N/A and their translations; Err:502 of LibreOffice; ### where the column was too narrow.
_ERROR_VALUE = re.compile(r"#[\w¡¿/]+[!?]|#N/A|#N/D|#NV|Err:\d{3}|#{2,}", re.IGNORECASE)
# What is left of a letter that was written as a number, &#233;, and of which a character was lost.
_BROKEN_LETTER = re.compile(r"&#x?\w|&\d+;", re.ASCII)
_LEAST_DIGITS = 5
"""So many digits are of a number, and of no name."""

_TRUTH = frozenset({"true", "false", "wahr", "falsch", "vrai", "faux", "verdadero", "falso", "vero", "waar", "onwaar"})
_ISO = re.compile(r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})", re.ASCII)
_FORMS = (
    re.compile(r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})", re.ASCII),
    re.compile(r"(?P<day>\d{1,2})/(?P<month>\d{1,2})/(?P<year>\d{4})", re.ASCII),
    re.compile(r"(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4})", re.ASCII),
)


def damages(record: Record) -> list[Finding]:
    """Return what a spreadsheet program has done to the cells of a record."""
    cells: Iterable[tuple[str, str]] = (
        ("name", record.name),
        *(("cctlds", label) for label in record.cctlds),
        *(("email", address) for address in record.listed),
        *(("oob_email", address) for address in record.out_of_band),
        *(("phones", phone) for phone in record.phones),
        *record.columns.items(),
    )
    found = ((column, text, _damage(column, text.strip())) for column, text in cells)
    return [
        Finding("damaged", f"{column}: {printable(text)} {what}", text, column=column)
        for column, text, what in found
        if what
    ]


def _damage(column: str, text: str) -> str:
    """Return what is wrong with the text of a cell, or ""."""
    if _ERROR_VALUE.fullmatch(text):
        return "is the error of a formula and not a value"
    if column == "name" and text.casefold() in _TRUTH:
        return "is a truth value and not a name"
    if column == "name" and _is_no_name(text):
        return "is not a name"
    if column == "name" and _BROKEN_LETTER.search(text):
        return "holds the code of a letter and not the letter"
    if any(_is_mojibake(word) for word in text.split()):
        return "was written in UTF-8 and read as Windows-1252"
    return ""


def _is_no_name(text: str) -> bool:
    """Tell whether a text is a number or a date, or question marks that an encoding left of the letters."""
    if text[:1].isdigit() or sum(map(str.isdigit, text)) >= _LEAST_DIGITS:
        return True
    return "??" in text and not any(map(str.isalpha, text))


def _is_mojibake(word: str) -> bool:
    """Tell whether the bytes of `word` in Windows-1252 are UTF-8: no real word is written so."""
    if word.isascii():
        return False
    try:
        word.encode("cp1252").decode("utf-8")
    except UnicodeError:
        return False
    return True


def date_readers(records: Sequence[Record]) -> Mapping[str, DateReader]:
    """Return how the dates of each column are read: as YYYY-MM-DD, and in one more form if only that one fits them all.

    The other forms are DD.MM.YYYY, DD/MM/YYYY and MM/DD/YYYY. A text that fits none of them is no date.
    """
    cells = {name: [part for record in records for part in record.columns.get(name, "").split(";")] for name in DATES}
    return {name: _date_reader(map(str.strip, texts)) for name, texts in cells.items()}


def _date_reader(texts: Iterable[str]) -> DateReader:
    others = {text for text in texts if any(_read(text, [form]) for form in _FORMS)}
    fitting = [form for form in _FORMS if others and all(_read(text, [form]) for text in others)]
    return lambda text: _read(text, [_ISO, *(fitting if len(fitting) == 1 else ())])


def _read(text: str, forms: Sequence[re.Pattern[str]]) -> date | None:
    for form in forms:
        if match := form.fullmatch(text):
            try:
                return date(*(int(match[part]) for part in ("year", "month", "day")))
            except ValueError:
                return None
    return None


ISO_DATES: Mapping[str, DateReader] = date_readers(())
"""Reads dates as YYYY-MM-DD alone, in each column of dates."""
