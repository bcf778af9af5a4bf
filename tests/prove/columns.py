"""Columns that a spreadsheet program has damaged, and what a sync would make of them.

Four hundred people, every column filled. One column is damaged in all rows, in nine, in seven or in two; cells that
hold the same afterwards are not damaged. Damage is wrongly applied where a sync with `--quarantine` goes on without a
hazard, although

- after damage of nine cells or more, somebody would have another value than before,
- after less, somebody would have another person's name, address, number, handle or key, or
- a person would change and the plan would not name the field.
"""

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random

from radicale_tldops.roster.contact import Contact
from radicale_tldops.roster.errors import TldopsError
from radicale_tldops.settings import Settings
from radicale_tldops.store.values import RosterState
from radicale_tldops.zones.root_data import delegations
from sync.parse.headings import COLUMNS
from sync.plan.fields import Kind
from sync.plan.hazards import LAST_CONTACT
from sync.plan.plan import Plan
from sync.plan.values import FIELDS, Moving
from sync.plan.wanted import Wanted
from tests.data.membership import TODAY
from tests.prove.membership import Tally, applied_now, planned
from tests.support import World

PEOPLE = 400

Rows = list[dict[str, str]]
Cells = Sequence[str]
Damage = Callable[[Random, Cells], Cells]

# What the United Kingdom keeps for fiction: a thousand numbers behind each.
_RANGES = (
    *(f"+44 {area} 496 0" for area in (113, 114, 115, 116, 117, 118, 121, 131, 141, 151, 161)),
    *("+44 20 7946 0", "+44 191 498 0", "+44 28 9649 6", "+44 29 2018 0"),
)

_GIVEN = ("Ada", "Bea", "Cleo", "Dora", "Elif", "Fay", "Gwen", "Hana", "Iris", "Jóna", "Kaja", "Lena", "Mia", "Noor")
_FAMILY = (
    "Ahorn",
    "Birke",
    "Cedar",
    "Dogwood",
    "Eibe",
    "Fern",
    "Ginster",
    "Holly",
    "Ilex",
    "Jasmin",
    "Kiefer",
    "Ødegård",
)


def whole() -> Rows:
    """Return the rows of four hundred people, with every column that is known."""
    labels = [cctld.dotted for cctld in delegations((), ()).all()][: -(-PEOPLE // 3)]
    return [_row(number, labels[number % len(labels)], number // len(labels) + 1) for number in range(PEOPLE)]


def _number(person: int, offset: int = 0) -> str:
    """Return a telephone number of a person: far enough from all others that nine counted up meet none of them."""
    step, at = divmod(person, len(_RANGES))
    return f"{_RANGES[at]}{step * 34 + offset:03}"


def _row(number: int, cctld: str, slot: int) -> dict[str, str]:
    given, family = _GIVEN[number % len(_GIVEN)], _FAMILY[number // len(_GIVEN) % len(_FAMILY)]
    # The name alone has to tell everybody apart, and no two words of it may be those of somebody else.
    own = "".join(chr(97 + int(digit)) for digit in f"{number:03}")
    return {
        "name": f"{given}{own} {family}{own}",
        "slot": str(slot),
        "cctlds": cctld,
        "phones": _number(number),
        "email": f"{own}.{given.lower()}@reg{number}.example".replace("ó", "o"),
        "oob_email": f"{own}@oob{number}.test".replace("test", "example.org"),
        "organisation": f"Registry {own.title()} Größe",
        "role": f"Head of {own}",
        "languages": ("en", "nl;en", "de;fr")[number % 3],
        "timezone": ("Europe/Amsterdam", "Africa/Accra", "Asia/Tokyo", "America/Lima")[number % 4],
        "signal": f"{own}.{number:02}",
        "whatsapp": _number(number, 17),
        "matrix": f"@{own}:chat{number}.example",
        "pgp_fingerprint": f"{number + 1:040X}",
        "pgp_url": f"https://keys.example/{own}.asc",
        "appointed_by": ("admin", "tech")[number % 2],
        "appointed_on": (TODAY - timedelta(days=400 + number)).isoformat(),
        "evidence": f"mail of {own}",
        "confirmed_on": (TODAY - timedelta(days=number % 300)).isoformat(),
        "note": f"Ask for {own}",
        "card_note": f"Asks for {own}",
    }


def as_bytes(rows: Rows) -> bytes:
    """Return the membership file with these rows."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _shifted(_: Random, cells: Cells) -> Cells:
    """One cell was inserted on top, and the last one is overwritten."""
    return ["", *cells[:-1]]


def _pulled(_: Random, cells: Cells) -> Cells:
    """One cell was deleted, and the others moved up."""
    return [*cells[1:], ""]


def _swapped(_: Random, cells: Cells) -> Cells:
    pairs = [cells[at : at + 2][::-1] for at in range(0, len(cells), 2)]
    return [cell for pair in pairs for cell in pair]


def _mixed(rng: Random, cells: Cells) -> Cells:
    return rng.sample(cells, len(cells))


def _counted_up(_: Random, cells: Cells) -> Cells:
    """The fill handle makes a series of the first cell: it counts up the last number in it."""
    first = cells[0]
    end = len(first.rstrip("0123456789"))
    digits = first[end:]
    if not digits:
        return [first] * len(cells)
    return [f"{first[:end]}{int(digits) + step:0{len(digits)}}" for step in range(len(cells))]


def _digits(cell: str) -> str:
    return "".join(filter(str.isdigit, cell))


def _scientific(_: Random, cells: Cells) -> Cells:
    return [f"{float(digits):.2E}".replace("E+", "E+") if (digits := _digits(cell)) else "#REF!" for cell in cells]


def _floating(_: Random, cells: Cells) -> Cells:
    return [f"{digits}.0" if (digits := _digits(cell)) else "TRUE" for cell in cells]


def _mojibake(_: Random, cells: Cells) -> Cells:
    return [f"{cell} ü".encode().decode("cp1252") for cell in cells]


def _lossy(_: Random, cells: Cells) -> Cells:
    return [cell.encode("ascii", "replace").decode() + "?" for cell in cells]


def _dated(_: Random, cells: Cells) -> Cells:
    """Dates as a German spreadsheet shows them; other cells as a date that they look like."""
    return [".".join(reversed(cell.split("-"))) if cell.count("-") == 2 else "01. Mrz" for cell in cells]


DAMAGES: Mapping[str, Damage] = {
    "sorted": lambda _, cells: sorted(cells),
    "reversed": lambda _, cells: cells[::-1],
    "mixed": _mixed,
    "a cell inserted": _shifted,
    "a cell deleted": _pulled,
    "swapped": _swapped,
    "filled down": lambda _, cells: [cells[0]] * len(cells),
    "counted up": _counted_up,
    "emptied": lambda _, cells: [""] * len(cells),
    "in scientific notation": _scientific,
    "with .0": _floating,
    "as mojibake": _mojibake,
    "with question marks": _lossy,
    "as German dates": _dated,
}
"""What happens to the cells of a column, by name."""

FILLING = frozenset({"filled down", "counted up"})
"""The damages that write the first cell, or a series that begins with it, into the others."""

ROWS = {"all": PEOPLE, "nine": 9, "seven": 7, "two": 2}
"""How many neighbouring rows are damaged."""


@dataclass(frozen=True)
class Site:
    """A store that holds the four hundred, the rows, and each person's data by UID."""

    settings: Settings
    state: RosterState
    rows: Rows
    contacts: Mapping[str, Contact]


def site(folder: Path) -> Site:
    """Apply the whole file."""
    world = World(folder)
    rows = whole()
    assert set(rows[0]) == set(COLUMNS)
    world.members.write_bytes(as_bytes(rows))
    settings, state = applied_now(world)
    assert len(state.people) == PEOPLE
    return Site(settings, state, rows, {uid: person.contact for uid, person in state.people.items()})


def decide(place: Site, rows: Rows) -> tuple[Wanted, Plan]:
    """Return what a sync of these rows would be about, and its plan."""
    return planned(place.settings, place.state, as_bytes(rows), "members.csv")


def damaged(rng: Random, rows: Rows, column: str, damage: str, number: int) -> Rows:
    """Return the rows with one column damaged in `number` neighbouring rows."""
    first = rng.randrange(len(rows) - number + 1)
    cells = [row[column] for row in rows[first : first + number]]
    if damage in FILLING:
        # The first cell is the source, and all the others are damaged.
        new = DAMAGES[damage](rng, [rng.choice(rows)[column], *cells])[1:]
    else:
        new = DAMAGES[damage](rng, cells)
    return [{**row, column: new[at - first]} if first <= at < first + number else row for at, row in enumerate(rows)]


def try_one(place: Site, rng: Random, column: str, damage: str, extent: str, tally: Tally) -> None:
    """Damage one column, and add what a sync would make of it to the tally."""
    rows = damaged(rng, place.rows, column, damage, ROWS[extent])
    tally.inputs += 1
    cells = sum(before[column] != after[column] for before, after in zip(place.rows, rows, strict=True))
    where = f"{column} {damage}, {cells} cells of {extent} rows"
    try:
        wanted, plan = decide(place, rows)
    except TldopsError:
        tally.refused += 1
        return
    if any(hazard.code != LAST_CONTACT for hazard in plan.hazards):
        tally.guarded += 1
        return
    if wanted.errors:
        tally.refused += 1
    else:
        tally.applied += 1
    tally.failures += [f"{where}: {wrong}" for wrong in wrongs(place, wanted, plan, is_large=cells >= ROWS["nine"])]


def wrongs(place: Site, wanted: Wanted, plan: Plan, *, is_large: bool) -> Iterator[str]:
    """Yield what is wrong with a plan that would be carried out without a word."""
    named = {change.uid: change for change in plan.people if change.kind is Kind.CHANGED}
    gone = len(plan.of_kind(Kind.REMOVED))
    if gone and is_large:
        yield f"{gone} people would go"
    owned = {guarded.label: _owners(guarded.values, place.contacts) for guarded in FIELDS}
    for uid, match in wanted.people.items():
        before, after = place.contacts.get(uid), match.entry.contact
        if before is None:
            if is_large:
                yield f"{after.name} would be somebody new"
            continue
        if before != after and (uid not in named or not named[uid].fields):
            yield f"{after.name} would change, and the plan does not say so"
        for guarded in FIELDS:
            old, new = guarded.values(before), guarded.values(after)
            if old == new:
                continue
            if is_large:
                yield f"{before.name} would have other {guarded.label}"
            elif guarded.moving is Moving.OWN and any(owned[guarded.label].get(value, uid) != uid for value in new):
                yield f"{before.name} would have somebody else's {guarded.label}"


def _owners(values: Callable[[Contact], object], contacts: Mapping[str, Contact]) -> Mapping[object, str]:
    return {value: uid for uid, contact in contacts.items() for value in values(contact)}  # type: ignore[attr-defined]


def every() -> Iterator[tuple[str, str, str]]:
    """Yield each column with each damage and each number of rows."""
    for column in COLUMNS:
        for damage in DAMAGES:
            for extent in ROWS:
                yield column, damage, extent


def run(place: Site, seed: str, numbers: range, *, most: int = 20) -> Tally:
    """Damage columns at random."""
    tally, cases = Tally(), list(every())
    for number in numbers:
        rng = Random(f"{seed}/{number}")
        try_one(place, rng, *rng.choice(cases), tally)
        if len(tally.failures) >= most:
            break
    return tally
