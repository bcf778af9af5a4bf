"""The process that reads an .ods from its standard input, and writes its sheets as JSON."""

import json
import re
import resource
import sys
import zipfile
from io import BytesIO

from python_calamine import CalamineWorkbook

from radicale_tldops.roster.errors import InputError
from sync.sources.spreadsheet import rows_of

_OTHER_FILE = re.compile(
    rb"<table:table-source|table:formula=\"[^\"]*(?:'|&apos;)(?:file|https?|ftp|smb):", re.IGNORECASE
)
_WITHOUT_VALUE = re.compile(rb"<table:table-cell(?=[^>]*\stable:formula=)(?![^>]*\soffice:value-type=)[^>]*>")


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
        content = archive.read("content.xml")
    if _OTHER_FILE.search(content):
        raise InputError(f"{file}: a cell takes its value from another file; paste the value in its place")
    if _WITHOUT_VALUE.search(content):
        raise InputError(f"{file}: a formula has no value in the file; open it in LibreOffice, and save it again")
    book = CalamineWorkbook.from_filelike(BytesIO(data))
    found = []
    for name in book.sheet_names:
        rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
        found.append(
            [name, [[row.number, row.cells, sorted(row.numbers)] for row in rows_of(enumerate(rows, 1), file)]]
        )
    return found


if __name__ == "__main__":
    main()
