"""The rows of CSV and TSV with a header: columns by name, in any order; "," or ";" or a tab between them.

A table with an address column and no people, such as Postorius exports, is a list of subscribers.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sync.parse.characters import describe
from sync.parse.headings import NO_HEADINGS, Header, Headings
from sync.parse.limits import MAX_LINE, MAX_ROW_LINES
from sync.problems import Finding

_DELIMITERS = ",;\t"
LATE = 50
"""A header may stand so many lines below the top of a file."""
_CARRIAGE_RETURN = Finding("forbidden-character", describe("\r"))


@dataclass(frozen=True, slots=True)
class Row:
    """A row: its first line, its cells, its text; `findings` where it is not a row; `last` if reading ends there.

    `numbers` are the columns whose cells a spreadsheet holds as numbers.
    """

    line: int
    cells: tuple[str, ...]
    source: str
    findings: tuple[Finding, ...] = ()
    last: bool = False
    numbers: frozenset[str] = frozenset()


class _SpanError(ValueError):
    """A row spans more lines or characters than a row may."""


def _is_skipped(line: str) -> bool:
    text = line.strip(" \t\u00a0")
    return not text or (text[0] == "#" and text[1:2] in ("", " ", "\t"))


def find_header(lines: Sequence[str], delimiters: str = _DELIMITERS, headings: Headings = NO_HEADINGS) -> Header | None:
    """Return the header if the first line that says something is one.

    It is one when two of its cells are names of known columns, or one of them an address column and no cell an address.
    A line "sep=;", which Excel understands, may stand before it.
    """
    index = 0
    while index < len(lines) and (_is_skipped(lines[index]) or re.fullmatch(r"sep=[,;\t]", lines[index].strip(" "))):
        index += 1
    return _header_at(lines, index, delimiters, headings) if index < len(lines) else None


def _header_at(lines: Sequence[str], index: int, delimiters: str, headings: Headings) -> Header | None:
    if len(lines[index]) > MAX_LINE:
        return None
    best: Header | None = None
    for delimiter in delimiters:
        header = Header.of(_header_cells(lines[index], delimiter), headings, delimiter, index + 1)
        is_likely = header.is_likely if "@" not in lines[index] else header.known > 1
        if is_likely and (best is None or header.known > best.known):
            best = header
    return best


def _header_cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])
    except csv.Error:
        return []


def late_header(lines: Sequence[str], delimiters: str = _DELIMITERS, headings: Headings = NO_HEADINGS) -> Header | None:
    """Return the header of a table that has other lines above it, such as a title; no entry stands before it."""
    for index, line in enumerate(lines[:LATE]):
        if "@" in line:
            break
        header = _header_at(lines, index, delimiters, headings)
        if header and header.is_certain:
            return header
    return None


def read_rows(lines: Sequence[str], header: Header) -> Iterator[Row]:
    """Yield the rows behind the header. A quotation mark that stays open ends the reading: the rest is not certain."""
    index, delimiter = header.after, header.delimiter
    while index < len(lines):
        line = lines[index]
        first = index + 1
        if _is_skipped(line):
            index += 1
            continue
        if len(line) > MAX_LINE:
            yield Row(first, (), line, (Finding("too-long", f"a line of {len(line)} characters"),))
            index += 1
            continue
        if '"' not in line:
            yield Row(first, tuple(line.split(delimiter)), line)
            index += 1
            continue
        row, index = _quoted_row(lines, index, delimiter)
        yield row
        if row.last:
            return


def _quoted_row(lines: Sequence[str], start: int, delimiter: str) -> tuple[Row, int]:
    """Read a row with quotation marks, over as many lines as it has, and return it with the index behind it."""
    taken = 0

    def feed() -> Iterator[str]:
        nonlocal taken
        size = 0
        for index in range(start, len(lines)):
            line = lines[index]
            taken += 1
            size += len(line) + 1
            if taken > MAX_ROW_LINES or size > MAX_LINE:
                raise _SpanError
            yield line + "\n"

    findings: tuple[Finding, ...] = ()
    cells: list[str] = []
    last = False
    try:
        cells = next(csv.reader(feed(), delimiter=delimiter, skipinitialspace=True, strict=True))
    except (_SpanError, StopIteration):
        findings, last = (Finding("unclosed-quote", "nothing after this line was read"),), True
    except csv.Error as error:
        last = "unexpected end" in str(error)
        why = (
            "nothing after this line was read" if last else f"a quotation mark inside a cell ({taken} lines were taken)"
        )
        findings = (Finding("unclosed-quote", why),) if "new-line" not in str(error) else (_CARRIAGE_RETURN,)
    source = "\n".join(lines[start : start + min(taken, 3)])
    return Row(start + 1, tuple(cells), source, findings, last), start + max(taken, 1)
