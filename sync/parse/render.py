"""Writes records as the repository message and as a spreadsheet, in the form that `parse` reads."""

import re
from collections.abc import Iterable, Sequence

from sync.parse.cells import UNDECODED
from sync.parse.headings import COLUMNS, FURTHER
from sync.parse.records import Record

_REFERENCE = re.compile(r"&(?=#|[A-Za-z])")
# At the start of a cell, and behind what separates cells for a spreadsheet of another country.
_FORMULA = re.compile(r"(^|[;\t\r\n]\s*)(?='*[=+\-@])")
_APOSTROPHE = re.compile(r"(^|[;\t\r\n]\s*)(?='+[=+\-@])")
_NEEDS_QUOTES = re.compile(r'[",;\r\n]|^[ #]|^$|[ ]$')
_VALUE_SEPARATORS = re.compile(r"\s*;(?! ?ext=)\s*", re.IGNORECASE)
_SEPARATORS = re.compile(r"\s*[,;](?! ?ext=)\s*", re.IGNORECASE)


def _protected(text: str) -> str:
    """Return `text` with an encoding around everything that looks encoded, so that decoding it once returns `text`."""
    return _REFERENCE.sub("&amp;", text).replace("=?", "&#61;?") if "&" in text or "=?" in text else text


def render_report(record: Record) -> str:
    """Return the line of the repository message for `record`: “name, #1, .nl/.be, +31 …” list address, other addresses.

    `parse` reads it back with exceptions: a line has one list address, and needs a slot, and a telephone text gets
    slashes in the place of commas and semicolons, which separate numbers in a line.
    """
    parts = [record.name]
    if record.slot is not None:
        parts.append(f"#{record.slot}")
    if record.cctlds:
        parts.append("/".join("." + label for label in record.cctlds))
    parts += [_SEPARATORS.sub(" / ", phone) for phone in record.phones]
    full = _protected(", ".join(parts)).replace("\\", "\\\\")
    return f"“{full}” " + ", ".join(record.listed + record.out_of_band)


def render_csv(records: Iterable[Record]) -> str:
    """Return a table of `records` with the columns that they use, which `parse` reads back.

    The lines end with CR LF (RFC 4180, 2).
    """
    return csv_table(rows_of(records))


def csv_table(rows: Iterable[Sequence[str]]) -> str:
    """Return rows of cells as CSV; no spreadsheet takes a cell of it for a formula."""
    return "".join(",".join(map(_cell, row)) + "\r\n" for row in rows)


def rows_of(records: Iterable[Record]) -> list[list[str]]:
    """Return the names of the columns that the records use, and a row of cells for each record.

    A text that looks encoded has an encoding around it, which `parse` takes away; columns of one's own stand last, as
    they are.
    """
    every = list(records)
    used = {name for record in every for name in record.columns}
    names = [name for name in COLUMNS if name not in FURTHER or name in used]
    own = sorted({heading for record in every for heading in record.own})
    rows = [names + own]
    for record in every:
        values = {
            "name": record.name,
            "slot": "" if record.slot is None else f"#{record.slot}",
            "cctlds": "; ".join("." + label for label in record.cctlds),
            "phones": "; ".join(_VALUE_SEPARATORS.sub(" / ", phone) for phone in record.phones),
            "email": "; ".join(record.listed),
            "oob_email": "; ".join(record.out_of_band),
            **record.columns,
        }
        cells = ((name, values.get(name, "")) for name in names)
        known = [text if name in UNDECODED else _protected(text) for name, text in cells]
        rows.append(known + [record.own.get(heading, "") for heading in own])
    return rows


def _cell(text: str) -> str:
    """Return a cell of CSV; a text that looks like a formula gets an apostrophe, which `parse` takes away."""
    cell = _FORMULA.sub(r"\1'", text)
    return '"' + cell.replace('"', '""') + '"' if _NEEDS_QUOTES.search(cell) else cell


def text_cell(text: str) -> str:
    """Return the text of a cell that is no formula in any case: a further apostrophe where `parse` takes one away."""
    return _APOSTROPHE.sub(r"\1'", text)
