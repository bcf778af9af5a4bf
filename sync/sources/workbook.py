"""Writes a table as an .xlsx file."""

import re
from collections.abc import Sequence
from io import BytesIO

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

_WIDEST = 50
"""The widest column, in characters."""
_LIKE_AN_ESCAPE = re.compile(r"_(?=x[0-9A-F]{4}_)", re.IGNORECASE)
"""What a spreadsheet program would take for the code of a character."""


def write(rows: Sequence[Sequence[str]]) -> bytes:
    """Return an .xlsx file with these rows, the headings first. Every cell is a text, also where it begins with "="."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("members")
    sheet.freeze_panes = "B2"
    for index, texts in enumerate(zip(*rows, strict=True), 1):
        sheet.column_dimensions[get_column_letter(index)].width = min(max(map(len, texts)) + 2, _WIDEST)
    for number, row in enumerate(rows):
        cells = [WriteOnlyCell(sheet, _LIKE_AN_ESCAPE.sub("_x005F_", text) or None) for text in row]
        for cell in cells:
            # Excel makes a number of "+31…" where the format of the cell is not that of a text.
            cell.data_type, cell.number_format = "s" if cell.value else "n", "@"
            cell.font = Font(bold=number == 0)
        sheet.append(cells)
    file = BytesIO()
    book.save(file)
    return file.getvalue()
