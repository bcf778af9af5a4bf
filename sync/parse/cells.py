"""Reads the cells of a row into a record."""

import re
from collections.abc import Mapping, Sequence

from radicale_tldops.roster.contact import APPOINTMENT, OWN
from sync.parse.address import address_findings, is_address
from sync.parse.characters import (
    direction_findings,
    folded,
    is_placeholder,
    tab_findings,
    without_direction,
    without_forbidden,
)
from sync.parse.entry import Line, make_entry, unread
from sync.parse.full import cctld_labels, person_name, slot_number
from sync.parse.headings import DISPLAY_NAMES, FURTHER, Header, is_own
from sync.parse.records import Record
from sync.parse.table import Row
from sync.parse.transport import allowed, plain
from sync.problems import Finding, Origin, joined, printable

_SEVERAL = {"cctlds", "phones", "email", "oob_email", "languages"}
UNDECODED = {"email", "oob_email", "pgp_url", "evidence"}
"""The columns where encoded words and HTML references stay: they are compared or followed as they stand."""
# Where direction marks are stripped (ccTLDs), or found in another place.
_MARKS_HANDLED = {"name", "cctlds", "email", "oob_email"}
_VALUES = re.compile(r";(?! ?ext=)", re.IGNORECASE)
_SLOT = re.compile(r"(?:SSC ?)?#? ?([0-9]+)(?:[.,]0{1,3})?", re.IGNORECASE)  # a spreadsheet may write 2 as 2.0
_SLOT_FIELD = re.compile(r"(?:^|[,;]) ?(?:SSC ?)?# ?[0-9]+ ?(?:[,;]|$)", re.IGNORECASE)
_BETWEEN_PEOPLE = re.compile(r" *[;/&] *| and ", re.IGNORECASE)
_NEUTRALISED = re.compile(r"(^|[;\t\r\n]\s*)'(?='*[=+\-@])")


def row_record(origin: Origin, row: Row, header: Header) -> Record | None:
    """Return the record of a row, or None for a row of empty cells."""
    cells, width = row.cells, len(header.columns)
    if row.findings:
        return unread(origin, row.source, *row.findings, table=True)
    if not any(map(str.strip, cells)):
        return None
    nameless = any(cell.strip() and not name for name, cell in zip(header.columns, cells, strict=False))
    if len(cells) != width or nameless:
        detail = "a cell under a column without a name" if nameless else f"{len(cells)} cells for {width} columns"
        return unread(origin, row.source, Finding("bad-row", detail), *without_forbidden(row.source)[1], table=True)
    values = header.values(list(map(_unneutralised, cells)))
    if any("\n" in cell and "@" in cell and name not in ("email", "oob_email") for name, cell in values.items()):
        joined = Finding("unclosed-quote", "a cell of several lines holds addresses, so it may hold other rows")
        return unread(origin, row.source, joined, table=True)
    if header.is_roster:
        return _person(origin, row, values, header.names)
    return _subscriber(origin, row, values, header.address_column)


def _unneutralised(cell: str) -> str:
    """Undo the apostrophes that an export puts before what a spreadsheet would take for a formula."""
    return _NEUTRALISED.sub(r"\1", cell.strip(" \t\n\u00a0"))


def _several(name: str, cell: str) -> tuple[list[str], list[Finding]]:
    """Return the values of a cell that may hold several, between semicolons or line breaks."""
    values: list[str] = []
    findings: list[Finding] = []
    for line in cell.split("\n"):
        text, found = without_forbidden(line) if name in UNDECODED else plain(line)
        findings.extend(found + (() if name in _MARKS_HANDLED else direction_findings(text)))
        values.extend(value for value in map(str.strip, _VALUES.split(text)) if value)
    return values, findings


def _addresses(name: str, cell: str) -> tuple[list[str], list[Finding]]:
    values, findings = _several(name, cell.replace(",", ";"))
    for value in values:
        findings.extend(address_findings(value))
    good = [value for value in values if is_address(value)]
    return good, findings


def _single(name: str, cell: str) -> tuple[str, list[Finding]]:
    """Return the value of a cell that holds one; a line break in it is a control character like any other."""
    if name in _SEVERAL:
        values, found = _several(name, cell)
        text = "; ".join(values)
    else:
        clean, characters = without_forbidden(cell)
        decoded, coding = (clean, ()) if name in UNDECODED else allowed(clean)
        text, marks = (" ".join(clean.split()), ()) if name in UNDECODED else folded(decoded)
        found = [*characters, *coding, *marks]
        found += tab_findings(decoded) if name == "name" else ()
        found += () if name in _MARKS_HANDLED else direction_findings(text)
    return text, found


def _person(origin: Origin, row: Row, values: dict[str, str], present: frozenset[str]) -> Record:
    text, findings = _single("name", values["name"])
    name, found = person_name(text, cell=True)
    findings += found
    if _SLOT_FIELD.search(name):
        findings.append(Finding("not-understood", "the name holds a slot, which has a column of its own"))
    slot, found = _slot(values.get("slot", ""))
    cctlds, more = _cctlds(values["cctlds"])
    phones, unread_phones = _several("phones", values.get("phones", ""))
    listed, bad = _addresses("email", values["email"])
    seconds, bad_seconds = _addresses("oob_email", values.get("oob_email", ""))
    findings += [*found, *more, *unread_phones, *bad, *bad_seconds]
    findings += [
        Finding("not-understood", f"“{printable(p[:80])}” is not a telephone number") for p in phones if "@" in p
    ]
    if not listed and not bad:
        findings.append(Finding("no-address"))
    if _are_several(name, listed):
        findings.append(Finding("not-understood", "the name may be those of several people; give each a row"))
    further: dict[str, str] = {}
    for column in FURTHER:
        if cell := values.get(column):
            # A line break separates values, as a semicolon does.
            cell = cell.replace("\n", ";") if column in APPOINTMENT else cell
            further[column], found_there = _single(column, cell)
            findings += found_there
    return Record(
        origin=origin,
        name=name,
        slot=slot,
        cctlds=tuple(cctlds),
        phones=tuple(without_direction(phone) for phone in phones),
        listed=tuple(listed),
        out_of_band=tuple(seconds),
        columns={column: without_direction(value) for column, value in further.items() if value},
        own=_own(values),
        present=present,
        numbers=row.numbers,
        problems=joined(origin, findings, row.source, table=True),
    )


def _own(values: Mapping[str, str]) -> Mapping[str, str]:
    """Return what stands in columns of the secretariat's own, by heading."""
    own = {name.removeprefix(OWN): cell for name, cell in values.items() if is_own(name)}
    return {heading: without_forbidden(cell)[0] for heading, cell in own.items() if cell}


def _are_several(name: str, listed: Sequence[str]) -> bool:
    """Tell whether a name has parts of several words each, and the row as many addresses: one card would be for all."""
    parts = _BETWEEN_PEOPLE.split(name)
    return 1 < len(parts) <= len(listed) and all(" " in part for part in parts)


def _slot(cell: str) -> tuple[int | None, tuple[Finding, ...]]:
    text, findings = _single("slot", cell)
    if not text:
        return None, tuple(findings)
    match = _SLOT.fullmatch(text)
    if match is None:
        return None, (*findings, Finding("bad-slot", repr(text[:40])))
    slot, found = slot_number(match[1])
    return slot, (*findings, *found)


def _cctlds(cell: str) -> tuple[list[str], list[Finding]]:
    values, findings = _several("cctlds", cell.replace(",", ";"))
    labels: list[str] = []
    if len(values) == 1 and is_placeholder(values[0]):
        return [], [*findings, Finding("no-cctld", f"“{printable(values[0])}” stands in the column cctlds")]
    for value in values:
        found, bad = cctld_labels(value)
        labels += found
        findings += bad
    if not values:
        findings.append(Finding("no-cctld"))
    return labels, findings


def _subscriber(origin: Origin, row: Row, values: dict[str, str], address_column: str) -> Record:
    """Return the record of a row in a list of subscribers: an address, perhaps with a full name beside it."""
    column = next((name for name in DISPLAY_NAMES if values.get(name)), "")
    listed, findings = _addresses("email", values[address_column])
    if not listed and not findings:
        findings.append(Finding("no-address"))
    full, found = without_forbidden(values.get(column, ""))
    missing = Finding("no-cctld", "the table has no column cctlds") if column == "name" else None
    entry = Line("", full, tuple(listed), findings=(*findings, *found))
    return make_entry(origin, row.source, entry, table=True, slotless=missing)
