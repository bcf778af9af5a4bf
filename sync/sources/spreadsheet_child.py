"""The process that reads an .ods from its standard input, and writes its sheets as JSON."""

import json
import re
import resource
import sys
import zipfile
from collections.abc import Mapping
from io import BytesIO

from python_calamine import CalamineWorkbook

from radicale_tldops.roster.errors import InputError
from sync.sources.spreadsheet import rows_of

_OTHER_FILE = re.compile(
    rb"<table:table-source|table:formula=\"[^\"]*(?:'|&apos;)(?:file|https?|ftp|smb):", re.IGNORECASE
)
_WITHOUT_VALUE = re.compile(rb"<table:table-cell(?=[^<>]*\stable:formula=)(?![^<>]*\soffice:value-type=)[^<>]*>")

_WITHOUT_TYPE = re.compile(
    rb"<table:table-cell(?![^<>]*\soffice:value-type=)[^<>]*(?<!/)>\s*"
    rb"(?:<office:annotation\b(?:(?!</?office:annotation\b).)*+</office:annotation>\s*)?<text:p\b[^<>]*>(?!</text:p>)",
    re.DOTALL,
)
_BETWEEN_WORDS = {rb"<text:line-break\s*/>": b"\n", rb"<text:tab\s*/>": b"\t"}
_EMPTY_STRING = re.compile(rb"(<table:table-cell\b[^<>]*?)\soffice:string-value=\"\"")
"""The error of a formula has it beside its text."""
_ROW = re.compile(rb"<table:table-row\b(?:[^<>]*?\stable:number-rows-repeated=\"(\d{1,18})\")?")
_LAST_ROW = 2**20
"""The last row that there can be in a sheet; calamine leaves out what stands below it."""


def main() -> None:
    """Read the file within the limits that the arguments give, in bytes of memory and in seconds."""
    memory, seconds, file = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    try:
        found: object = _sheets(sys.stdin.buffer.read(), file)
    except InputError as error:
        found = str(error)
    json.dump(found, sys.stdout)


def _sheets(data: bytes, file: str) -> object:
    with zipfile.ZipFile(BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    content = parts["content.xml"]
    if _OTHER_FILE.search(content):
        raise InputError(f"{file}: a cell takes its value from another file; paste the value in its place")
    if _WITHOUT_VALUE.search(content):
        raise InputError(f"{file}: a formula has no value in the file; open it in LibreOffice, and save it again")
    if _WITHOUT_TYPE.search(content) or b"<![CDATA[" in content:
        raise InputError(
            f"{file}: a cell has no type, as a text or a number; open it in LibreOffice, and save it again"
        )
    if any(map(_goes_too_far, content.split(b"<table:table "))):
        raise InputError(f"{file}: a sheet goes on below row {_LAST_ROW}. Delete what does not belong to the list")
    book = CalamineWorkbook.from_filelike(_with_all_texts(parts))
    found = []
    for name in book.sheet_names:
        rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
        found.append(
            [name, [[row.number, row.cells, sorted(row.numbers)] for row in rows_of(enumerate(rows, 1), file)]]
        )
    return found


def _goes_too_far(table: bytes) -> bool:
    """Tell whether a text stands in a row that is numbered too high."""
    number = 0
    for row in _ROW.finditer(table):
        number += int(row[1] or 1)
        if number > _LAST_ROW:
            return b"<text:p" in table[row.end() :]
    return False


def _with_all_texts(parts: Mapping[str, bytes]) -> BytesIO:
    """Return an .ods in which calamine reads the breaks inside a cell, and the error of a formula, as text."""
    content = _EMPTY_STRING.sub(rb"\1", parts["content.xml"])
    for mark, text in _BETWEEN_WORDS.items():
        content = re.sub(mark, text, content)
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, content if name == "content.xml" else part)
    file.seek(0)
    return file


if __name__ == "__main__":
    main()
