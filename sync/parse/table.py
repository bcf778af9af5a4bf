"""The rows of CSV and TSV with a header: columns by name, in any order; "," or ";" or a tab between them.

A table with an address column and no people, such as Postorius exports, is a list of subscribers.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from radicale_tldops.roster.errors import InputError
from sync.parse.characters import describe
from sync.parse.limits import MAX_LINE, MAX_ROW_LINES
from sync.problems import Finding, printable

PEOPLE = ("name", "slot", "cctlds", "phones", "email", "oob_email")
"""The columns that a record has fields for."""

FURTHER = (
    *("organisation", "role", "languages", "timezone", "signal", "whatsapp", "matrix", "pgp_fingerprint", "pgp_url"),
    *("appointed_by", "appointed_on", "evidence", "confirmed_on", "note"),
)
"""The columns that go into `Record.columns` as they stand."""

COLUMNS = PEOPLE + FURTHER
"""The columns that are known, in the order in which they are written."""

REQUIRED = ("name", "cctlds", "email")

ADDRESS_NAMES = ("email", "address", "subscriber", "subscriber_address", "member", "member_address")
"""How exports of list software name the column with the addresses. Where there are several, the first one counts."""

DISPLAY_NAMES = ("display_name", "displayname", "full_name", "real_name", "realname", "name")
"""How they name the column with the full names."""

ALIASES = {
    **dict.fromkeys(("e_mail", "mail", "email_address", "e_mail_address"), "email"),
    "oob_e_mail": "oob_email",
    "phone": "phones",
    "slots": "slot",
    "cctld": "cctlds",
    "roles": "role",
    "language": "languages",
    "time_zone": "timezone",
    "notes": "note",
    "organization": "organisation",
}
"""Other spellings of the names of columns."""

_DELIMITERS = ",;\t"
_LATE = 50
_SHORT = 5  # letters of a name that with two other letters is another word: note, name, role, date
_CARRIAGE_RETURN = Finding("forbidden-character", describe("\r"))


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a table: the columns' names in canonical spelling, the separator, its line, the index after it.

    `names` are the names of all columns that have one.
    """

    columns: tuple[str, ...]
    delimiter: str
    after: int
    line: int
    names: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", frozenset(self.columns) - {""})

    @property
    def is_roster(self) -> bool:
        """Whether the table has columns of a roster, and not only addresses and names."""
        return any(name in PEOPLE and name not in ("name", "email") for name in self.columns)

    @property
    def address_column(self) -> str:
        """The column with the addresses of a list of subscribers, or ""."""
        return next((name for name in ADDRESS_NAMES if name in self.columns), "")


@dataclass(frozen=True, slots=True)
class Row:
    """A row: its first line, its cells, its text; `findings` where it is not a row; `last` if reading ends there."""

    line: int
    cells: tuple[str, ...]
    source: str
    findings: tuple[Finding, ...] = ()
    last: bool = False


class _SpanError(ValueError):
    """A row spans more lines or characters than a row may."""


def _is_skipped(line: str) -> bool:
    text = line.strip(" \t\u00a0")
    return not text or (text[0] == "#" and text[1:2] in ("", " ", "\t"))


def _canonical(name: str) -> str:
    spelled = re.sub(r"[\s_\-]+", "_", name.strip(" \t\u00a0\ufeff").casefold())
    return ALIASES.get(spelled, spelled)


def _header_cells(line: str, delimiter: str) -> tuple[str, ...]:
    try:
        cells = next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])
    except csv.Error:
        return ()
    return tuple(map(_canonical, cells))


def find_header(lines: Sequence[str], delimiters: str = _DELIMITERS) -> Header | None:
    """Return the header if the first line that says something is one.

    It is one when two of its cells are names of known columns, or one of them an address column and no cell an address.
    A line "sep=;", which Excel understands, may stand before it.
    """
    index = 0
    while index < len(lines) and (_is_skipped(lines[index]) or re.fullmatch(r"sep=[,;\t]", lines[index].strip(" "))):
        index += 1
    return _header_at(lines, index, delimiters) if index < len(lines) else None


def _header_at(lines: Sequence[str], index: int, delimiters: str) -> Header | None:
    if len(lines[index]) > MAX_LINE:
        return None
    found: Header | None = None
    best = 0
    for delimiter in delimiters:
        names = _header_cells(lines[index], delimiter)
        known = sum(map(_is_known, names))
        addresses = any(name in ADDRESS_NAMES for name in names) and "@" not in lines[index]
        if known > best and (known > 1 or addresses):
            best, found = known, Header(names, delimiter, index + 1, index + 1)
    return found


def _is_known(name: str) -> bool:
    return name in COLUMNS or name in ADDRESS_NAMES or name in DISPLAY_NAMES


def late_header(lines: Sequence[str], delimiters: str = _DELIMITERS) -> Header | None:
    """Return the header of a table that has other lines above it, such as a title; no entry stands before it.

    Most of its cells must be names of columns, so that a sentence about the columns is not taken for a header.
    """
    for index, line in enumerate(lines[:_LATE]):
        if "@" in line:
            break
        header = _header_at(lines, index, delimiters)
        names = [name for name in header.columns if name] if header else []
        if header and header.address_column and len(names) > 1 and sum(map(_is_known, names)) * 2 > len(names):
            return header
    return None


def check_header(header: Header, file: str) -> tuple[Finding, ...]:
    """Return a finding for each unknown column, an error where it may be a known one that is missing.

    Raises `InputError` if a required one is missing or one stands there twice.
    """
    columns = header.columns
    doubled = sorted({name for name in columns if name and columns.count(name) > 1})
    if doubled:
        raise InputError(
            f"{file}:{header.line}: the column {printable(doubled[0])} is there twice, perhaps in two spellings; "
            f"rename or delete one of them"
        )
    if not header.is_roster and header.address_column:
        return ()
    missing = [name for name in REQUIRED if name not in columns]
    if missing:
        have = printable(", ".join(filter(None, columns)))
        raise InputError(
            f"{file}:{header.line}: the table has no column {' and no column '.join(missing)} (it has {have}); "
            f"add it: {', '.join(REQUIRED)} are required"
        )
    return tuple(_unknown(name, header.names) for name in columns if name and name not in COLUMNS)


def _unknown(name: str, present: frozenset[str]) -> Finding:
    """Return the finding of a column that is not known: an error where it may be one that is not `present`.

    Without that column everybody would lose what stands in it.
    """
    spellings = {**{known: known for known in COLUMNS}, **ALIASES}
    near = {spelled: _edits(name, spelled) for spelled, known in spellings.items() if known not in present}
    likely = [spelled for spelled, edits in near.items() if edits <= (1 if len(spelled) <= _SHORT else 2)]
    if not likely:
        return Finding("unknown-column", f"“{printable(name)}”")
    least = min(near[spelled] for spelled in likely)
    meant = dict.fromkeys(f"“{spellings[spelled]}”" for spelled in likely if near[spelled] == least)
    return Finding("misspelt-column", f"“{printable(name)}” is probably {' or '.join(meant)}")


def _edits(name: str, known: str) -> int:
    """Return how many letters have to be added, left out, replaced or swapped with their neighbour; 3 for more.

    "_" does not count: people write it, a space, or nothing.
    """
    name, known = name.replace("_", ""), known.replace("_", "")
    if abs(len(name) - len(known)) > 2 or len(set(name) - set(known)) > 2:
        return 3
    before, row = list[int](), list(range(len(known) + 1))
    for i, letter in enumerate(name, 1):
        before, above, row = row, before, [i]
        for j, wanted in enumerate(known, 1):
            edits = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and (letter, name[i - 2]) == (known[j - 2], wanted):
                edits = min(edits, above[j - 2] + 1)
            row.append(edits)
    return min(row[-1], 3)


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
