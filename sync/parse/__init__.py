"""Membership files: from bytes to records, each with its origin, and problems with what to do about them.

Everything here is a pure function of its arguments: no file is opened, no clock is read.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from radicale_tldops.roster.errors import InputError
from sync.parse.cells import row_record
from sync.parse.dump import looks_like_dump, read_dump
from sync.parse.encoding import decode
from sync.parse.headings import COLUMNS, NO_HEADINGS, Header, Headings, check_header
from sync.parse.limits import MAX_LINES
from sync.parse.lines import SHAPES, logical_lines, read_line
from sync.parse.message import (
    around_the_list,
    is_of_a_reply,
    text_of_message,
    without_links,
    without_quotation_marks,
)
from sync.parse.records import Parsed, Record
from sync.parse.render import render_csv, render_report
from sync.parse.roster_page import addresses_of_page
from sync.parse.sheets import Sheet, find_table, letters
from sync.parse.table import Row, find_header, late_header, read_rows
from sync.problems import Finding, Origin, Problem, Severity, joined, printable

__all__ = ["COLUMNS", "DESCRIPTIONS", "FORMATS", "parse", "parse_sheets", "render_csv", "render_report"]

DESCRIPTIONS: Mapping[str, str] = {
    "report": "the repository message: “Name, #1, .nl, +31 …” address, out-of-band address",
    "mailman2": 'Mailman 2.1 `list_members -f`: "Name, #1, .nl, +31 …" <address>, or address (Name, …)',
    "mailman3": "Mailman 3 `mailman members` from 3.3.8: Name, #1, .nl, +31 … <address>",
    "mailman3-rfc2047": "Mailman 3 `mailman members` up to 3.3.7: =?utf-8?b?…?= <address>",
    "dumpdb": "Mailman 2.1 `dumpdb lists/NAME/config.pck`: a Python dict with `usernames`",
    "csv": "a table with a header, its cells separated by commas or semicolons",
    "tsv": "a table with a header, its cells separated by tabs",
    "addresses": "addresses alone, one to a line (`list_members`) or in a column (Postorius): access, no roster",
}
"""Format → what it is and where it comes from."""

FORMATS = tuple(DESCRIPTIONS)
"""The formats that can be asked for by name; "auto" recognises them."""

# A list software's own format is read in every version, so that an upgrade of the list does not stop the sync.
_MAILMAN3 = ("quoted", "raw", "rfc2047", "bare")
_SHAPES: Mapping[str, tuple[str, ...]] = {
    "auto": SHAPES,
    "report": ("report", "bare"),
    "mailman2": ("quoted", "raw", "comment", "bare"),
    "mailman3": _MAILMAN3,
    "mailman3-rfc2047": _MAILMAN3,
    "addresses": ("bare",),
}
_KINDS = (
    ("addresses", {"bare"}),
    ("report", {"report", "bare"}),
    ("mailman3", {"raw", "bare"}),
    ("mailman2", {"quoted", "raw", "comment", "bare"}),
    ("mailman3-rfc2047", set(_MAILMAN3)),
)
_FEW_LINES = 10


def parse(
    data: bytes, file: str, format: str = "auto", headings: Headings = NO_HEADINGS, *, with_text: bool = False
) -> Parsed:
    """Return the records and problems of a membership file with the content `data`; `file` is its name in messages.

    `headings` are those of one's own, for a table. With `with_text`, lines around the list that are no entries are left
    out and counted; without it, each of them is an error, because the list may be cut off there. `Parsed.format` is one
    of `FORMATS`, "addresses" whenever no entry has a name, or "mixed" for lines of several kinds. Raises `InputError`
    for what is certainly no list, cannot be decoded, is cut off as a whole, and for an unknown format.
    """
    if format != "auto" and format not in FORMATS:
        raise InputError(f"{file}: there is no format {format!r}; use auto, {', '.join(FORMATS)}")
    if format == "auto":
        data = addresses_of_page(text_of_message(data, file), file)
    text, findings = decode(data, file)
    lines = _split(text, file)
    if len(lines) > MAX_LINES:
        raise InputError(f"{file}: {len(lines)} lines are too many for a list; check that it is the right file")
    found: str
    records: list[Record]
    more: tuple[Problem, ...] = ()
    header: Header | None = None
    is_dump = format == "dumpdb" or (format == "auto" and looks_like_dump(text))
    if is_dump:
        found = "dumpdb"
        records, more = read_dump("\n".join(lines), file)
    elif header := _header(lines, file, format, headings):
        found = "tsv" if header.delimiter == "\t" else "csv"
        records, more = _read_table(read_rows(lines, header), file, header, headings, lines[header.after - 1])
    else:
        found, records, more = _read_lines(lines, file, format, with_text=with_text)
    _refuse_garbage(records, header, file)
    if _are_addresses(records):
        found = "addresses"
    if lines[-1].strip(" \t") and not is_dump:  # the brackets of a dump show where it ends
        more += joined(records[-1].origin, [Finding("no-final-newline")], lines[-1])
    return Parsed(file, found, tuple(records), joined(Origin(file, 1), findings, "") + more)


def parse_sheets(sheets: Sequence[Sheet], file: str, name: str = "", headings: Headings = NO_HEADINGS) -> Parsed:
    """Return the records and problems of the one sheet that is a membership list, or of the sheet with this name.

    The lines of the records are the rows of the sheet. Raises `InputError` where no sheet, or more than one, is a list.
    """
    table = find_table(sheets, file, name, headings)
    header, rows = table.header, table.rows
    records, more = _read_table(rows, file, header, headings, " | ".join(filter(None, header.spelled)))
    _refuse_garbage(records, header, file)
    found = "addresses" if _are_addresses(records) else table.format
    return Parsed(file, found, tuple(records), more, letters=letters(header))


def _are_addresses(records: Sequence[Record]) -> bool:
    return all(any(problem.code == "address-only" for problem in record.problems) for record in records)


def _split(text: str, file: str) -> list[str]:
    r"""Return the lines of `text`, which end with \n or \r\n.

    Nothing else ends a line: NEL, U+2028 and their like in a name must not make two entries of one. A lone \r counts as
    in old Mac files, if no other line end is in the file and it ends the last line, or what stands between reads as
    lines; else it is a forbidden character. Raises `InputError` for such lines with a \n behind the last one.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    if "\r" in text and "\n" not in text.rstrip("\n"):
        pieces = text.rstrip("\r\n").split("\r")
        like_lines = len(pieces) > 1 and all("@" in line for line in pieces[1:] if line.strip(" \t"))
        like_lines = like_lines and ("@" in pieces[0] or pieces[0][:1] == "#" or find_header(pieces[:1]) is not None)
        if "\n" not in text and (like_lines or text.rstrip(" \t").endswith("\r")):
            text = text.replace("\r", "\n")
        elif like_lines:
            raise InputError(
                f"{file}: the lines end with carriage returns; save the file with line feeds (LF or CR LF)"
            )
    lines = text.split("\n")
    return [line.rstrip("\r") for line in lines] if "\r" in text else lines


def _header(lines: Sequence[str], file: str, format_: str, headings: Headings) -> Header | None:
    """Return the header if the file is a table; it must be one if its format says so."""
    if format_ not in ("auto", "csv", "tsv", "addresses"):
        return None
    delimiters = {"csv": ",;", "tsv": "\t"}.get(format_, ",;\t")
    header = find_header(lines, delimiters, headings)
    if header is None and (late := late_header(lines, delimiters, headings)):
        raise InputError(
            f"{file}:{late.line}: the header of the table is not the first line; delete the lines above it, "
            f"or begin each of them with “# ”"
        )
    if header is None and format_ in ("csv", "tsv"):
        raise InputError(
            f"{file}: the first line is not the header of a table; name the columns there: {', '.join(COLUMNS)}"
        )
    return header


def _read_table(
    rows: Iterable[Row], file: str, header: Header, headings: Headings, text: str
) -> tuple[list[Record], tuple[Problem, ...]]:
    """Return the records of the rows, and what is wrong with the header, whose text is `text`."""
    about = joined(Origin(file, header.line), check_header(header, file, headings), text)
    found = tuple(problem for problem in about if problem.severity is not Severity.ERROR)
    misread = tuple(problem for problem in about if problem.severity is Severity.ERROR)
    read = (row_record(Origin(file, row.line), row, header) for row in rows)
    # What is wrong with a column is wrong with every row, so that no choice of rows is applied.
    return [replace(record, problems=misread + record.problems) for record in read if record is not None], found


def _read_lines(
    lines: Sequence[str], file: str, format_: str, *, with_text: bool
) -> tuple[str, list[Record], tuple[Problem, ...]]:
    """Return the format, the records, and the lines that were left out."""
    lines = without_quotation_marks(lines)
    around = around_the_list(lines) if with_text else frozenset[int]()
    records: list[Record] = []
    left_out: list[Problem] = []
    kinds: set[str] = set()
    for number, text in logical_lines(lines):
        origin = Origin(file, number)
        if is_of_a_reply(text):
            continue
        if number in around:
            left_out += joined(origin, [Finding("skipped-line")], text)
            continue
        shape, record = read_line(origin, without_links(text), _SHAPES[format_])
        kinds.add(shape)
        records.append(record)
    return _kind(kinds) if format_ == "auto" else format_, records, tuple(left_out)


def _kind(shapes: set[str]) -> str:
    """Return the name of the format whose lines have these shapes."""
    return next((name for name, known in _KINDS if shapes - {""} <= known), "mixed")


def _refuse_garbage(records: Sequence[Record], header: Header | None, file: str) -> None:
    """Raise `InputError` if no line was read, or many and not one of them says anything about a member."""
    if not records:
        raise InputError(f"{file}: the file holds no entry; export the list again")
    if len(records) > _FEW_LINES and not any(record.name or record.listed for record in records):
        first = records[0].problems[0]
        if header is not None:
            names = printable(", ".join(name or "(none)" for name in header.columns))
            raise InputError(
                f"{file}:{header.line}: none of the {len(records)} rows can be read with this header: {names}. "
                f"Line {first.origin.line}: {first.message}"
            )
        raise InputError(
            f"{file}:{first.origin.line}: none of the {len(records)} lines is an entry (“{first.text[:60]}”); "
            f"check that it is the right file"
        )
