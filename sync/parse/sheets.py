"""The sheets of a spreadsheet as rows of text, and which of them is the membership list."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from radicale_tldops.roster.errors import InputError
from sync.parse.headings import REQUIRED, Header, Headings
from sync.parse.table import LATE, Row
from sync.problems import printable


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row with something in it: its number, its cells as text, and the indexes of its numbers and dates."""

    number: int
    cells: tuple[str, ...]
    numbers: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet: its name, the format of its file ("xlsx" or "ods"), and its rows, without empty ones."""

    name: str
    format: str
    rows: Sequence[SheetRow]


@dataclass(frozen=True, slots=True)
class Table:
    """The list in a spreadsheet: the format of the file, the header, and the rows below it."""

    format: str
    header: Header
    rows: Iterator[Row]


def find_table(sheets: Sequence[Sheet], file: str, name: str, headings: Headings) -> Table:
    """Return the list in the sheet with this name, or without a name in the only sheet that has the headings of one.

    Raises:
        InputError: there is none, or more than one.
    """
    if name:
        sheets = [sheet for sheet in sheets if sheet.name.casefold() == name.casefold()] or _no_such(sheets, file, name)
    found = [(sheet, header) for sheet in sheets if (header := _header(sheet, headings)) is not None]
    lists = [(sheet, header) for sheet, header in found if header.is_roster] or found
    if not lists:
        names = ", ".join(repr(printable(sheet.name)) for sheet in sheets)
        raise InputError(
            f"{file}: no sheet has the headings of a membership list (sheets: {names}); name the columns in one row: "
            f"{', '.join(REQUIRED)} are required. Headings of your own go into [membership.columns]"
        )
    if len(lists) > 1:
        names = ", ".join(repr(printable(sheet.name)) for sheet, _ in lists)
        raise InputError(
            f"{file}: more than one sheet has the headings of a membership list: {names}; say which one it is with "
            f"--sheet NAME, or `sheet` under [membership]"
        )
    ((sheet, header),) = lists
    if other := next((other for other in sheets if _may_be_the_list(other, sheet, headings)), None):
        raise InputError(
            f"{file}: the sheet {printable(other.name)!r} holds addresses, too, and not the headings of a membership "
            f"list, as {printable(sheet.name)!r} has; say which one it is with --sheet NAME, or `sheet` under "
            f"[membership]"
        )
    return Table(sheet.format, header, _rows(sheet, header))


def _may_be_the_list(other: Sheet, sheet: Sheet, headings: Headings) -> bool:
    """Tell whether another sheet has nearly as many addresses, so that its headings may only be unknown."""
    if other is sheet or _header(other, headings) is not None:
        return False
    return _addresses(other) * 2 >= _addresses(sheet)


def _addresses(sheet: Sheet) -> int:
    return sum(any("@" in cell for cell in row.cells) for row in sheet.rows)


def _no_such(sheets: Sequence[Sheet], file: str, name: str) -> Sequence[Sheet]:
    names = ", ".join(repr(printable(sheet.name)) for sheet in sheets)
    raise InputError(f"{file}: there is no sheet {printable(name)!r}; there is {names}")


def _header(sheet: Sheet, headings: Headings) -> Header | None:
    """Return the header: the first row, or the first one below a title that is certainly a header."""
    for index, row in enumerate(sheet.rows[:LATE]):
        if any("@" in cell for cell in row.cells):
            return None
        header = Header.of(_without_empty_end(row.cells), headings, "", row.number)
        if header.is_certain or (index == 0 and header.is_likely):
            return header
    return None


def letters(header: Header) -> Mapping[str, str]:
    """Return the letters of each column, as a spreadsheet program shows them; of several the first."""
    found: dict[str, str] = {}
    for index, column in enumerate(header.columns):
        text, number = "", index + 1
        while number:
            number, letter = divmod(number - 1, 26)
            text = chr(ord("A") + letter) + text
        found.setdefault(column, text)
    return found


def _without_empty_end(cells: Sequence[str]) -> Sequence[str]:
    width = next((index for index in range(len(cells), 0, -1) if cells[index - 1].strip()), 0)
    return cells[:width]


def _rows(sheet: Sheet, header: Header) -> Iterator[Row]:
    """Yield the rows below the header, each as wide as it, unless more is filled."""
    width = len(header.columns)
    for row in sheet.rows:
        if row.number > header.line:
            cells = tuple(_without_empty_end(row.cells))
            cells += ("",) * (width - len(cells))
            numbers = frozenset(header.columns[index] for index in row.numbers if index < width)
            yield Row(row.number, cells, " | ".join(filter(None, cells)), numbers=numbers)
