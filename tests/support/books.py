"""Spreadsheets for the tests: an .xlsx made by openpyxl and changed by hand, and a small .ods."""

import zipfile
from collections.abc import Callable, Mapping, Sequence
from html import escape
from io import BytesIO
from typing import Any

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

Cells = Sequence[Any]

HEADINGS: Cells = ("name", "slot", "cctlds", "phones", "email", "oob_email")
JANE: Cells = ("Jane Doe", 1, ".nl", "+31 6 12345678", "jane@nic-nl.example", "jane@oob.example")
JOHN: Cells = ("John Roe", 2, ".be", "+32 470 12 34 56", "john@nic-be.example", "john@oob.example")


def xlsx(
    *rows: Cells, change: Callable[[Worksheet], object] | None = None, more: Mapping[str, Sequence[Cells]] = {}
) -> bytes:
    """Return an .xlsx with these rows in its first sheet, which `change` goes over; `more` are further sheets."""
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = "Members"
    for row in rows:
        sheet.append(tuple(row))
    for name, others in more.items():
        other = book.create_sheet(name)
        for row in others:
            other.append(tuple(row))
    if change is not None:
        change(sheet)
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def repacked(data: bytes, parts: Mapping[str, bytes | None]) -> bytes:
    """Return a ZIP file with other, new, or (None) without some parts."""
    file = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in parts:
                new.writestr(name, old.read(name))
        for name, content in parts.items():
            if content is not None:
                new.writestr(name, content)
    return file.getvalue()


def part(data: bytes, name: str) -> bytes:
    """Return a part of a ZIP file."""
    with zipfile.ZipFile(BytesIO(data)) as archive:
        return archive.read(name)


SHEET = "xl/worksheets/sheet1.xml"
"""The part that holds the first sheet of an .xlsx."""

_ODS = "application/vnd.oasis.opendocument.spreadsheet"
_NAMESPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
)


def ods(*rows: Sequence[str], cells: Mapping[str, str] = {}) -> bytes:
    """Return an .ods with these rows; a text that is a key of `cells` becomes that element."""
    table = "".join(
        "<table:table-row>"
        + "".join(
            cells.get(text)
            or f'<table:table-cell office:value-type="string"><text:p>{escape(text)}</text:p></table:table-cell>'
            for text in row
        )
        + "</table:table-row>"
        for row in rows
    )
    content = (
        f'<?xml version="1.0"?><office:document-content {_NAMESPACES} office:version="1.2"><office:body>'
        f'<office:spreadsheet><table:table table:name="Members">{table}</table:table></office:spreadsheet>'
        "</office:body></office:document-content>"
    )
    manifest = (
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{_ODS}"/></manifest:manifest>'
    )
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mimetype", _ODS)
        archive.writestr("content.xml", content, zipfile.ZIP_DEFLATED)
        archive.writestr("META-INF/manifest.xml", manifest)
    return file.getvalue()
