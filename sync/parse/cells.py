"""From the cells of a row to its record."""

import re

from sync.parse.address import address_faults, is_address
from sync.parse.characters import direction_faults, folded, tab_faults, without_direction, without_forbidden
from sync.parse.codes import Fault, problems, quote
from sync.parse.entry import make_entry, unread
from sync.parse.full import cctld_labels, limit_faults, person_name, slot_number
from sync.parse.limits import MAX_ADDRESSES, MAX_CCTLDS, MAX_FIELD, MAX_NOTE, MAX_PHONES
from sync.parse.table import DISPLAY_NAMES, FURTHER, Header, Row
from sync.parse.transport import allowed, plain
from sync.problems import is_placeholder
from sync.records import Origin, Record

_SEVERAL = {"cctlds", "phones", "email", "oob_email", "languages"}
UNDECODED = {"email", "oob_email", "pgp_url", "evidence"}
"""The columns where encoded words and HTML references stay: they are compared or followed as they stand."""
# Where direction marks are stripped (ccTLDs), or found in another place.
_MARKS_HANDLED = {"name", "cctlds", "email", "oob_email"}
_VALUES = re.compile(r";(?! ?ext=)", re.IGNORECASE)
_SLOT = re.compile(r"(?:SSC ?)?#? ?([0-9]+)(?:[.,]0{1,3})?", re.IGNORECASE)  # a spreadsheet may write 2 as 2.0
_SLOT_FIELD = re.compile(r"(?:^|[,;]) ?(?:SSC ?)?# ?[0-9]+ ?(?:[,;]|$)", re.IGNORECASE)
_NEUTRALISED = re.compile(r"'+[=+\-@]")


def row_record(origin: Origin, row: Row, header: Header) -> Record | None:
    """Return the record of a row, or None for a row of empty cells."""
    cells, width = row.cells, len(header.columns)
    if row.faults:
        return unread(origin, row.source, *row.faults, table=True)
    if not any(map(str.strip, cells)):
        return None
    nameless = any(cell.strip() and not name for name, cell in zip(header.columns, cells, strict=False))
    if len(cells) != width or nameless:
        detail = "a cell under a column without a name" if nameless else f"{len(cells)} cells for {width} columns"
        return unread(origin, row.source, Fault("bad-row", detail), *without_forbidden(row.source)[1], table=True)
    values = {name: _unneutralised(cell) for name, cell in zip(header.columns, cells, strict=True) if name}
    if any("\n" in cell and "@" in cell and name not in ("email", "oob_email") for name, cell in values.items()):
        joined = Fault("unclosed-quote", "a cell of several lines holds addresses, so it may hold other rows")
        return unread(origin, row.source, joined, table=True)
    if header.is_roster:
        return _person(origin, row, values, header.names)
    return _subscriber(origin, row, values, header.address_column)


def _unneutralised(cell: str) -> str:
    """Undo the apostrophe that an export puts before a cell which a spreadsheet would take for a formula."""
    text = cell.strip(" \t\n\u00a0")
    return text[1:] if _NEUTRALISED.match(text) else text


def _several(name: str, cell: str) -> tuple[list[str], list[Fault]]:
    """Return the values of a cell that may hold several, between semicolons or line breaks."""
    values: list[str] = []
    faults: list[Fault] = []
    for line in cell.split("\n"):
        text, found = without_forbidden(line) if name in UNDECODED else plain(line)
        faults.extend(found + (() if name in _MARKS_HANDLED else direction_faults(text)))
        values.extend(value for value in map(str.strip, _VALUES.split(text)) if value)
    return values, faults


def _addresses(name: str, cell: str) -> tuple[list[str], list[Fault]]:
    values, faults = _several(name, cell.replace(",", ";"))
    for value in values:
        faults.extend(address_faults(value))
    good = [value for value in values if is_address(value)]
    return good[:MAX_ADDRESSES], faults + limit_faults([], [], good)


def _single(name: str, cell: str) -> tuple[str, list[Fault]]:
    """Return the value of a cell that holds one; a line break in it is a control character like any other."""
    if name in _SEVERAL:
        values, found = _several(name, cell)
        text = "; ".join(values)
    else:
        clean, characters = without_forbidden(cell)
        decoded, coding = (clean, ()) if name in UNDECODED else allowed(clean)
        text, marks = (" ".join(clean.split()), ()) if name in UNDECODED else folded(decoded)
        found = [*characters, *coding, *marks]
        found += tab_faults(decoded) if name == "name" else ()
        found += () if name in _MARKS_HANDLED else direction_faults(text)
    limit = MAX_NOTE if name in FURTHER else MAX_FIELD
    if len(text) > limit:
        return text[:limit], [*found, Fault("too-long", f"{name} has {len(text)} characters")]
    return text, found


def _person(origin: Origin, row: Row, values: dict[str, str], present: frozenset[str]) -> Record:
    text, faults = _single("name", values["name"])
    name, found = person_name(text, cell=True)
    faults += found
    if _SLOT_FIELD.search(name):
        faults.append(Fault("not-understood", "the name holds a slot, which has a column of its own"))
    slot, found = _slot(values.get("slot", ""))
    cctlds, more = _cctlds(values["cctlds"])
    phones, unread_phones = _several("phones", values.get("phones", ""))
    listed, bad = _addresses("email", values["email"])
    seconds, bad_seconds = _addresses("oob_email", values.get("oob_email", ""))
    faults += [*found, *more, *unread_phones, *bad, *bad_seconds]
    faults += [Fault("too-long", f"a telephone number of {len(p)} characters") for p in phones if len(p) > MAX_FIELD]
    faults += [Fault("not-understood", f"“{quote(p[:80])}” is no telephone number") for p in phones if "@" in p]
    if not listed and not bad:
        faults.append(Fault("no-address"))
    further: dict[str, str] = {}
    for column in FURTHER:
        if values.get(column):
            further[column], found_there = _single(column, values[column])
            faults += found_there
    return Record(
        origin=origin,
        name=name,
        slot=slot,
        cctlds=tuple(cctlds[:MAX_CCTLDS]),
        phones=tuple(without_direction(phone[:MAX_FIELD]) for phone in phones[:MAX_PHONES]),
        listed=tuple(listed),
        out_of_band=tuple(seconds),
        columns={column: without_direction(value) for column, value in further.items() if value},
        present=present,
        problems=problems(origin, (*faults, *limit_faults(cctlds, phones, [])), row.source, table=True),
    )


def _slot(cell: str) -> tuple[int | None, tuple[Fault, ...]]:
    text, faults = _single("slot", cell)
    if not text:
        return None, tuple(faults)
    match = _SLOT.fullmatch(text)
    if match is None:
        return None, (*faults, Fault("bad-slot", repr(text[:40])))
    slot, found = slot_number(match[1])
    return slot, (*faults, *found)


def _cctlds(cell: str) -> tuple[list[str], list[Fault]]:
    values, faults = _several("cctlds", cell.replace(",", ";"))
    labels: list[str] = []
    if len(values) == 1 and is_placeholder(values[0]):
        return [], [*faults, Fault("no-cctld", f"“{quote(values[0])}” stands in the column cctlds")]
    for value in values:
        found, bad = cctld_labels(value)
        labels += found
        faults += bad
    if not values:
        faults.append(Fault("no-cctld"))
    return labels, faults


def _subscriber(origin: Origin, row: Row, values: dict[str, str], address_column: str) -> Record:
    """Return the record of a row in a list of subscribers: an address, perhaps with a full name beside it."""
    column = next((name for name in DISPLAY_NAMES if values.get(name)), "")
    listed, faults = _addresses("email", values[address_column])
    if not listed and not faults:
        faults.append(Fault("no-address"))
    full, found = without_forbidden(values.get(column, ""))
    missing = Fault("no-cctld", "the table has no column cctlds") if column == "name" else None
    return make_entry(origin, row.source, full, listed, faults=(*faults, *found), table=True, slotless=missing)
