"""Reads the sheets of an .xlsx or .ods file as rows of text: a date as YYYY-MM-DD, a formula by its value.

An .xlsx is read by openpyxl, row by row. An .ods is read by python-calamine in a process of its own, with limits of
memory and time, because that library reads a sheet whole.
"""

import json
import re
import subprocess
import sys
import warnings
import zipfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any

from radicale_tldops.roster.errors import InputError
from sync.parse.sheets import Sheet, SheetRow
from sync.problems import printable

if TYPE_CHECKING:
    from openpyxl.workbook import Workbook

MAX_UNPACKED = 64 * 1024 * 1024
"""Most bytes that the parts of a file may have together, once they are unpacked."""
MAX_COLUMNS = 300
"""Most columns of a sheet with something in them."""
MAX_ROWS = 100_000
"""The last row of a sheet with something in it."""
MAX_CHARACTERS = 32_767
"""Most characters of a cell, as in Excel."""
MAX_SECONDS = 60
"""Longest time in seconds for which the process that reads an .ods may run."""
MAX_MEMORY = 2 * 1024**3
"""Most bytes of memory that it may take."""

_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_MANIFEST, _LARGEST_MANIFEST = "META-INF/manifest.xml", 1_000_000
_COMPUTED = (int, float, date, datetime, time, timedelta)
"""The types of a value that the program has made of what was typed."""
_EXACT = 10**15
"""From here on, a spreadsheet does not keep every digit of a number."""
_NO_VALUE = "#FORMULA_WITHOUT_VALUE!"
"""What stands for a formula whose value is not in the file: vetting takes it for the error of a formula."""
_PLACE = re.compile(rb"<(?:\w+:)?(row|c)\b(?:[^<>]*?\sr=[\"']([A-Za-z]*)(\d*)[\"'])?")
_ESCAPE = re.compile(r"_x(?!D[89A-F])([0-9A-F]{4})_", re.IGNORECASE)
"""A character in a text of an .xlsx by its code; halves of a surrogate pair stay as they stand."""
_OF_ANOTHER_FILE = re.compile(r"\[\d+\]|\[[^\[\]]+\.xls[xmb]?\]", re.IGNORECASE)


def is_spreadsheet(data: bytes, file: str) -> bool:
    """Tell whether the content is that of an .xlsx or .ods file, or of another ZIP archive.

    Raises:
        InputError: it is another kind of office document, or the name of the file says that it is a spreadsheet.
    """
    if data.startswith(_OLE):
        is_locked = "EncryptedPackage".encode("utf-16-le") in data
        what = "protected by a password" if is_locked else "in the old .xls format, or another Office document"
        how = "save it without the password" if is_locked else "save the sheet as .xlsx"
        raise InputError(f"{file}: the file is {what}; {how}")
    if data.startswith(_ZIP):
        return True
    if (suffix := _suffix(file)) in ("xlsx", "ods"):
        raise InputError(f"{file}: the name says .{suffix}, and the content is another; save it again as .{suffix}")
    return False


def _suffix(file: str) -> str:
    return file.rpartition(".")[2].casefold()


def read(data: bytes, file: str) -> Sequence[Sheet]:
    """Return the sheets of a spreadsheet; hidden rows, columns and sheets count as all others.

    Raises:
        InputError: it is damaged, too large, protected, or holds macros or values of another file.
    """
    parts = _parts(data, file)
    found = "xlsx" if "xl/workbook.xml" in parts else "ods" if "content.xml" in parts else ""
    if not found:
        raise InputError(
            f"{file}: this is a ZIP archive, and no spreadsheet; save the sheet as .xlsx, .ods or CSV (UTF-8)"
        )
    if (suffix := _suffix(file)) in ("xlsx", "ods", "csv", "tsv", "txt") and suffix != found:
        raise InputError(f"{file}: the name says .{suffix}, and the content is .{found}; give it the right name")
    return _read_xlsx(data, file, parts) if found == "xlsx" else _read_ods(data, file)


def _parts(data: bytes, file: str) -> Mapping[str, int]:
    """Return the sizes of the parts of the file by their names."""
    with _naming_damage(file), zipfile.ZipFile(BytesIO(data)) as archive:
        parts = {part.filename: part.file_size for part in archive.infolist()}
        if len(parts) < len(archive.infolist()):
            raise _damaged(file)  # of two parts with one name, each program reads another
        is_locked = any(part.flag_bits & 1 for part in archive.infolist())
        small = 0 < parts.get(_MANIFEST, 0) < _LARGEST_MANIFEST
        is_locked = is_locked or (small and b"encryption-data" in archive.read(_MANIFEST))
    if sum(parts.values()) > MAX_UNPACKED:
        raise InputError(
            f"{file}: unpacked, the file is larger than {MAX_UNPACKED // 1024**2} MiB; check that it is the right "
            "file, and copy the list into a new one"
        )
    if is_locked:
        raise InputError(f"{file}: the file is protected by a password; save it without the password")
    if any(name.rpartition("/")[2] == "vbaProject.bin" or name.startswith("Basic/Standard/") for name in parts):
        raise InputError(f"{file}: the file holds macros; save it without them, as .xlsx or .ods")
    return parts


@contextmanager
def _naming_damage(file: str) -> Iterator[None]:
    """Name whatever a library makes of a damaged part (BadZipFile, zlib.error, KeyError, ParseError …) as damage."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        raise _damaged(file) from error


def _damaged(file: str) -> InputError:
    return InputError(f"{file}: the file cannot be read as a spreadsheet; open it, and save it again as .xlsx")


def _read_xlsx(data: bytes, file: str, parts: Iterable[str]) -> Sequence[Sheet]:
    with _naming_damage(file), zipfile.ZipFile(BytesIO(data)) as archive:
        book_part = archive.read("xl/workbook.xml")
        if b"purl.oclc.org/ooxml/spreadsheetml" in book_part:
            raise InputError(f'{file}: the file is a "Strict Open XML Spreadsheet"; save it as an "Excel Workbook"')
        named = len(re.findall(rb"<(?:\w+:)?sheet\s", book_part))
        has_formulas = False
        for sheet_part in (archive.read(name) for name in parts if "worksheets/" in name):
            has_formulas = has_formulas or re.search(rb"<(?:\w+:)?f[\s/>]", sheet_part) is not None
            _check_order(sheet_part, file)
    formulas: Mapping[str, Collection[tuple[int, int]]] = _formulas(data, file) if has_formulas else {}
    book = _opened(data, file, formulas=False)
    try:
        if len(book.sheetnames) < named:
            raise _damaged(file)  # openpyxl leaves out a sheet that is missing
        return [
            Sheet(
                sheet.title,
                "xlsx",
                rows_of(_values(sheet, file), file, formulas.get(sheet.title, ())),
            )
            for sheet in book.worksheets
        ]
    finally:
        book.close()


def _check_order(sheet: bytes, file: str) -> None:
    """Refuse a sheet whose rows or cells stand out of order: openpyxl leaves them out without a word."""
    row = column = 0
    for place in _PLACE.finditer(sheet):
        kind, letters, digits = place.groups()
        if kind == b"row":
            before, row, column = row, int(digits or row + 1), 0
            is_behind = row > before
        else:
            before, column = column, int(letters, 36) if letters else column + 1  # in base 36, Z comes before AA
            is_behind = column > before
        if not is_behind:
            raise _damaged(file)


def _opened(data: bytes, file: str, *, formulas: bool) -> "Workbook":
    # Imported here: a membership file in text does not wait for it.
    import openpyxl

    with _naming_damage(file), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about styles and the like, which are of no interest
        return openpyxl.load_workbook(BytesIO(data), read_only=True, data_only=not formulas, keep_links=False)


def _formulas(data: bytes, file: str) -> Mapping[str, Collection[tuple[int, int]]]:
    """Return where each sheet has formulas: the number of the row and the index of the cell.

    Raises:
        InputError: the value of one comes from another file.
    """
    found: dict[str, Collection[tuple[int, int]]] = {}
    book = _opened(data, file, formulas=True)
    try:
        for sheet in book.worksheets:
            places: set[tuple[int, int]] = set()
            for number, cells in _cells(sheet, file, values_only=False):
                for index, cell in enumerate(cells):
                    if getattr(cell, "data_type", "") != "f":
                        continue
                    if _OF_ANOTHER_FILE.search(str(cell.value)):
                        raise InputError(
                            f"{file}:{number}: the cell {cell.coordinate} of the sheet {printable(sheet.title)!r} "
                            "takes its value from another file; paste the value in its place"
                        )
                    places.add((number, index))
            found[sheet.title] = places
    finally:
        book.close()
    return found


def _cells(sheet: Any, file: str, *, values_only: bool) -> Iterator[tuple[int, Sequence[Any]]]:
    """Yield the number and the cells of each row, or their values, whatever the size that the file claims."""
    with _naming_damage(file), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sheet.reset_dimensions()
        yield from enumerate(sheet.iter_rows(values_only=values_only), 1)


def _values(sheet: Any, file: str) -> Iterator[tuple[int, Sequence[Any]]]:
    """Yield the number and the values of each row; Excel on a Mac writes a line break as "_x000D_" and a line feed."""
    for number, values in _cells(sheet, file, values_only=True):
        yield number, [_unescaped(value) if isinstance(value, str) else value for value in values]


def _unescaped(text: str) -> str:
    text = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def rows_of(
    rows: Iterable[tuple[int, Sequence[Any]]], file: str, formulas: Collection[tuple[int, int]] = ()
) -> Sequence[SheetRow]:
    """Return the rows with something in them as text; `formulas` are the places of formulas.

    Raises:
        InputError: there are more rows or columns than are read.
    """
    found: list[SheetRow] = []
    for number, values in rows:
        if formulas:
            values = [
                _NO_VALUE if value is None and (number, index) in formulas else value
                for index, value in enumerate(values)
            ]
        if row := _row(number, values, file):
            found.append(row)
    return found


def _row(number: int, values: Sequence[Any], file: str) -> SheetRow | None:
    filled = [index for index, value in enumerate(values) if value is not None and value != ""]
    if not filled:
        return None
    if number > MAX_ROWS or filled[-1] >= MAX_COLUMNS:
        raise InputError(
            f"{file}:{number}: the sheet goes on to row {number}, column {filled[-1] + 1}; at most {MAX_ROWS} rows and "
            f"{MAX_COLUMNS} columns are read. Delete what does not belong to the list"
        )
    if any(isinstance(values[index], str) and len(values[index]) > MAX_CHARACTERS for index in filled):
        raise InputError(f"{file}:{number}: a cell holds more than {MAX_CHARACTERS} characters; shorten it")
    numbers = frozenset(index for index in filled if type(values[index]) in _COMPUTED)
    return SheetRow(number, tuple(map(_text, values[: filled[-1] + 1])), numbers)


def _text(value: Any) -> str:
    """Return the text of a cell as somebody would have typed it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int | float):
        is_whole = float(value).is_integer() and abs(value) < _EXACT
        return str(int(value)) if is_whole else f"{value:.5E}" if abs(value) >= _EXACT else str(value)
    return str(value)


def _read_ods(data: bytes, file: str) -> Sequence[Sheet]:
    """Read an .ods in a process of its own."""
    command = (sys.executable, "-P", "-m", "sync.sources.spreadsheet_child", str(MAX_MEMORY), str(MAX_SECONDS), file)
    try:
        done = subprocess.run(  # noqa: S603 - our own module, and the file's name in messages
            command, input=data, capture_output=True, timeout=MAX_SECONDS, check=True
        )
        found = json.loads(done.stdout)
    except (subprocess.SubprocessError, OSError, ValueError) as error:
        raise _damaged(file) from error
    if isinstance(found, str):
        raise InputError(found)
    return [
        Sheet(name, "ods", [SheetRow(number, tuple(cells), frozenset(numbers)) for number, cells, numbers in rows])
        for name, rows in found
    ]
