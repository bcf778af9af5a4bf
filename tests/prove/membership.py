"""Damaged membership files, and what a sync would make of them: refused, or nobody is worse off whose entry is whole.

An input is wrongly applied where the sync goes on without an error and without a hazard, although

- more people would go than the guards allow,
- somebody would go, or change, whose entry stands in the file as it did before, or
- somebody would go whose address still stands in the file, or
- a control character would reach a card.
"""

import os
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from unittest.mock import patch

from radicale_tldops.roster.contact import Contact
from radicale_tldops.roster.errors import TldopsError
from radicale_tldops.settings import Settings
from radicale_tldops.settings.file import load
from radicale_tldops.store.desk import add_private, load_private
from radicale_tldops.store.read import load_state
from radicale_tldops.store.values import RosterState
from sync.cli.context import App
from sync.parse import parse
from sync.pipeline import rules
from sync.plan.fields import Kind
from sync.plan.identify import Identities
from sync.plan.plan import Plan, make_plan
from sync.plan.wanted import Given, Wanted, build
from sync.prepare import rendering
from sync.vcard.card import contact_uid
from sync.vet import vet
from tests.data.membership import TODAY, as_csv, as_text, people
from tests.prove.crashes import SYNC, call
from tests.prove.damage import damaged
from tests.support import World

PEOPLE = 20

NOW = datetime(TODAY.year, TODAY.month, TODAY.day, 12, tzinfo=UTC)
_ADDRESS = re.compile(r"[\w.+-]+@[\w.-]+\w")
_FORBIDDEN = frozenset({"Cc", "Cs", "Zl", "Zp"})
_WRITERS = {"text": as_text, "csv": as_csv}

FORMATS = tuple(_WRITERS)


@dataclass(frozen=True)
class Applied:
    """A store that holds what a whole file says: the entries by the UID of their people, and their contacts."""

    format: str
    settings: Settings
    state: RosterState
    data: bytes
    entries: dict[str, bytes]
    contacts: dict[str, Contact]


@dataclass
class Tally:
    """What came of many damaged files."""

    inputs: int = 0
    refused: int = 0
    guarded: int = 0
    applied: int = 0
    failures: list[str] = field(default_factory=list)


def applied(folder: Path, form: str) -> Applied:
    """Apply a whole file in one of the formats."""
    world = World(folder)
    data = _WRITERS[form](people(PEOPLE)).encode()
    world.members.write_bytes(data)
    settings, state = applied_now(world)
    whole = Applied(form, settings, state, data, {}, {})
    wanted, plan = decide(whole, data)
    assert plan.is_empty
    lines = data.splitlines(keepends=True)
    starts = sorted(match.entry.origins[0].line for match in wanted.people.values())
    ends = dict(zip(starts, [*starts[1:], len(lines) + 1], strict=True))
    for uid, match in wanted.people.items():
        if len(match.entry.origins) == 1:
            start = match.entry.origins[0].line
            whole.entries[uid] = b"".join(lines[start - 1 : ends[start] - 1])
        whole.contacts[uid] = match.entry.contact
    assert len(whole.entries) > PEOPLE // 2
    return whole


def applied_now(world: World) -> tuple[Settings, RosterState]:
    """Sync for the first time, at the time of the plans that are looked at, and return what the store holds then."""
    os.utime(world.members, (NOW.timestamp(), NOW.timestamp()))
    with patch.object(App, "now", property(lambda app: NOW)):
        code, told = call(world, *SYNC)
    assert code == 0, told
    settings = load(world.config)
    return settings, add_private(load_state(settings.store.roster, NOW), load_private(settings.store.desk_file))


def planned(settings: Settings, state: RosterState, data: bytes, name: str) -> tuple[Wanted, Plan]:
    """Return what a sync of a file with these bytes would be about, and its plan."""
    vetted = vet(parse(data, name, with_text=True), rules(settings), NOW.date(), None, {})
    given = Given(vetted, NOW.date(), stale_after_months=settings.vetting.stale_after_months)
    wanted = build(given, state, Identities.of(state, contact_uid))
    return wanted, make_plan(state, wanted, settings.guards, NOW, rendering(settings).key)


def decide(whole: Applied, data: bytes) -> tuple[Wanted, Plan]:
    """Return what a sync of these bytes would be about, and its plan.

    Raises:
        TldopsError: they are no membership file.
    """
    return planned(whole.settings, whole.state, data, "members.txt")


def run(wholes: list[Applied], seed: str, numbers: range, *, most: int = 20) -> Tally:
    """Damage files, and look at what would be done with each."""
    tally = Tally()
    for number in numbers:
        rng = Random(f"{seed}/{number}")
        whole = rng.choice(wholes)
        data = damaged(rng, whole.data)
        tally.inputs += 1
        try:
            wanted, plan = decide(whole, data)
        except TldopsError:
            tally.refused += 1
            continue
        except Exception as fault:
            tally.failures.append(f"{seed}/{number} ({whole.format}): {type(fault).__name__}: {fault}")
            continue
        if wanted.errors:
            tally.refused += 1
        elif plan.hazards:
            tally.guarded += 1
        else:
            tally.applied += 1
            found = list(wrongs(whole, data, wanted, plan))
            if found:
                more = f", and {len(found) - 1} more" if len(found) > 1 else ""
                tally.failures.append(f"{seed}/{number} ({whole.format}): {found[0]}{more}")
        if len(tally.failures) >= most:
            break
    return tally


def wrongs(whole: Applied, data: bytes, wanted: Wanted, plan: Plan) -> Iterator[str]:
    """Yield what is wrong with a plan that would be carried out without a word."""
    gone = {change.uid for change in plan.of_kind(Kind.REMOVED)}
    guards = whole.settings.guards
    if len(gone) > guards.removals.of(len(whole.contacts)):
        yield f"{len(gone)} people would go"
    lines = b"\n" + data.replace(b"\r\n", b"\n")
    text = "\n".join(line for line in data.decode("utf-8", "replace").splitlines() if not line.lstrip().startswith("#"))
    addresses = {found.lower() for found in _ADDRESS.findall(text)}
    for uid, contact in whole.contacts.items():
        is_whole = uid in whole.entries and b"\n" + whole.entries[uid].rstrip(b"\r\n") + b"\n" in lines
        if uid in gone and (is_whole or contact.listed[0] in addresses):
            yield f"{contact.name} would go, whose entry {'is whole' if is_whole else 'is still there'}"
        elif is_whole and uid not in wanted.held and (lost := _lost(contact, wanted.people[uid].entry.contact)):
            yield f"{contact.name} would lose {', '.join(lost)}, and the entry is whole"
    for match in wanted.people.values():
        told = f"{match.entry.contact.name} {match.entry.contact.organisation}"
        if any(unicodedata.category(character) in _FORBIDDEN for character in told):
            yield f"{told!r} would get a control character"


def _lost(before: Contact, after: Contact) -> list[str]:
    """Return the fields of which something is lost; another entry may add to a contact."""
    addresses = {address.lower() for address in (*after.listed, *after.out_of_band)}
    return [
        name
        for name, kept, held in (
            ("name", {before.name}, {after.name}),
            ("slots", set(before.slots), set(after.slots)),
            ("listed", set(before.listed), addresses),
            ("out_of_band", {address.lower() for address in before.out_of_band}, addresses),
            ("phones", {phone.number for phone in before.phones}, {phone.number for phone in after.phones}),
        )
        if not kept <= held
    ]
