"""`tldops status`: the state at a glance."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import click

from radicale_tldops.roster.contact import Contact, is_stale, people_per_cctld
from radicale_tldops.roster.device import DeviceState
from radicale_tldops.roster.snapshot import Style
from radicale_tldops.settings.modes import look
from radicale_tldops.store.freshness import Freshness
from radicale_tldops.store.members import load_claims, load_devices
from radicale_tldops.store.notes import FRESHNESS, LAST_SYNC, read_note
from radicale_tldops.store.read import load_snapshot, load_state
from radicale_tldops.store.usage import Copies, count_copies, load_usage
from radicale_tldops.store.values import LastSync, RosterState
from sync.cli.context import OK, App, counted, json_option, pass_app
from sync.documents.missing import Missing, missing_lines
from sync.documents.missing import missing as find_missing
from sync.sources.root_data import delegations


@click.command()
@click.option("--missing", is_flag=True, help="List the ccTLDs without a contact, ASCII and IDN.")
@click.option("--usage", is_flag=True, help="Count who holds a current copy, and on how many devices.")
@json_option
@pass_app
def status(app: App, missing: bool, usage: bool, as_json: bool) -> int:
    """Tell at a glance: generation, age, people, ccTLDs, who is held or stale, readers.

    \b
    Examples:
      tldops status
      tldops status --missing
      tldops status --usage
    """
    if missing and usage:
        raise click.UsageError("--missing and --usage are two questions: ask one at a time.")
    stores = app.stores()
    state = load_state(stores.roster, app.now)
    vetting = app.settings.vetting
    known = delegations(vetting.add_cctlds, vetting.retire_cctlds)
    have = people_per_cctld(person.contact for person in state.people.values())
    without = find_missing(have, known, vetting.no_contact_expected)
    if missing:
        return _missing(app, without, as_json)
    if usage:
        return _usage(app, state, as_json)
    facts = _facts(app, state, without, app.now)
    if as_json:
        app.json(facts)
        return OK
    if state.head is None:
        app.print("No generation yet: `tldops sync` makes the first one.")
        return OK
    for line in _lines(facts):
        app.print(line)
    return OK


def _facts(app: App, state: RosterState, without: Sequence[Missing], now: datetime) -> dict[str, object]:
    stores = app.stores()
    contacts = {uid: person.contact for uid, person in state.people.items()}
    claims = load_claims(stores.members)
    counts = people_per_cctld(contacts.values())
    last = read_note(stores.roster, LAST_SYNC)
    stale, unconfirmed = [], 0
    for uid, contact in contacts.items():
        days = [day for day in (contact.confirmed_on, claims.get(uid)) if day is not None]
        if not days:
            unconfirmed += 1
        elif is_stale(max(days), now.date(), app.settings.vetting.stale_after_months):
            stale.append(f"{contact.name} ({contact.served})")
    head = state.head
    return {
        "generation": state.base,
        "created_at": _iso(head.created_at if head else None),
        "age_seconds": int((now - head.created_at).total_seconds()) if head else None,
        "people": len(contacts),
        "cctlds": len(counts),
        "missing": sum(not cctld.reason for cctld in without),
        "no_contact_expected": sum(bool(cctld.reason) for cctld in without),
        "one_contact": sorted(label for label, number in counts.items() if number == 1),
        "stale": sorted(stale),
        "never_confirmed": unconfirmed,
        "held": [
            {"name": contacts[uid].name, "cctlds": contacts[uid].served.split(), "reason": reason}
            for uid, reason in last.held
            if uid in contacts
        ],
        "kept": _kept_facts(last, contacts),
        "off_list": _off_list_facts(state, contacts),
        "readers": len(state.readers),
        "denied": sorted(state.denied),
        "devices": sum(device.state is DeviceState.IN_FORCE for device in load_devices(stores.members)[1]),
        "last_sync": {"at": last.checked_at or None, "by": last.actor or None, "errors": last.errors},
        "desk": str(stores.read_desk()[1] or "") or None,
        "list": _list_facts(read_note(stores.roster, FRESHNESS)),
        "modes": [str(exposure) for exposure in look(app.settings)],
    }


def _kept_facts(last: LastSync, contacts: Mapping[str, Contact]) -> list[dict[str, object]]:
    return [
        {"name": contacts[uid].name, "cctlds": contacts[uid].served.split(), "field": name, "since": since}
        for uid, name, since in last.kept
        if uid in contacts
    ]


def _off_list_facts(state: RosterState, contacts: Mapping[str, Contact]) -> list[dict[str, object]]:
    return [
        {"name": contacts[uid].name, "cctlds": contacts[uid].served.split(), "since": day.isoformat()}
        for uid, day in sorted(state.away_since.items(), key=lambda away: (away[1], contacts[away[0]].name))
    ]


def _list_facts(fresh: Freshness) -> dict[str, object]:
    return {
        "at": _iso(fresh.list_checked_at),
        "failing_since": _iso(fresh.failing_since),
        "failure": fresh.failure or None,
        "refused_since": _iso(fresh.refused_since),
        "refusal": fresh.refusal or None,
        "waiting": fresh.waiting,
    }


def _iso(time: datetime | None) -> str | None:
    return time.isoformat() if time else None


def _lines(facts: Mapping[str, Any]) -> list[str]:
    last, held = facts["last_sync"], facts["held"]
    alone, stale, denied = facts["one_contact"], facts["stale"], facts["denied"]
    return [
        f"Generation {facts['generation']}, {_age(facts['age_seconds'])} old",
        f"Roster     {facts['people']} people of {facts['cctlds']} ccTLDs; {facts['missing']} ccTLDs without a contact "
        "(--missing)",
        f"Only one   {_few(alone, 'ccTLD with one contact', 'ccTLDs with one contact')}",
        f"Stale      {_few(stale, 'person', 'people')}; {facts['never_confirmed']} never confirmed",
        f"Held       {_few([person['name'] for person in held], 'person', 'people')}",
        *([f"Off list   {_few(_off_list(facts['off_list']), 'person', 'people')}"] if facts["off_list"] else ()),
        *([f"Kept       {_few(_kept(facts['kept']), 'value')}, not understood in the file"] if facts["kept"] else ()),
        f"Readers    {counted(facts['readers'], 'login')}, {counted(facts['devices'], 'device password')}; "
        f"denied: {_few(denied, 'login')}",
        f"Last sync  {_minute(str(last['at']))} by {last['by']}" if last["at"] else "Last sync  never",
        *_alarm(facts["list"]),
        *([f"DESK       {facts['desk']}"] if facts["desk"] else ()),
        *(f"MODES      {exposure}" for exposure in facts["modes"]),
    ]


def _kept(values: Sequence[Mapping[str, str]]) -> list[str]:
    return [f"{value['field']} of {value['name']} since {value['since']}" for value in values]


def _off_list(people: Sequence[Mapping[str, str]]) -> list[str]:
    return [f"{person['name']} since {person['since']}" for person in people]


def _alarm(had: Mapping[str, Any]) -> list[str]:
    """Return the lines that say that the list could not be read, or that a guard refused its changes."""
    lines = []
    if had["failing_since"]:
        before = f"last read {_minute(had['at'])}" if had["at"] else "never read"
        lines.append(f"LIST       unreadable since {_minute(had['failing_since'])} ({had['failure']}); {before}")
    if had["refused_since"]:
        lines.append(
            f"REFUSED    since {_minute(had['refused_since'])} ({had['refusal']}): "
            f"{counted(had['waiting'], 'login')} not on the list may still read"
        )
    return lines


def _minute(moment: str) -> str:
    return f"{moment[:16].replace('T', ' ')} UTC"


def _few(names: list[str], noun: str, plural: str = "") -> str:
    if not names:
        return "none"
    shown = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
    return f"{counted(len(names), noun, plural)}: {shown}"


def _age(seconds: int) -> str:
    for size, noun in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if abs(seconds) >= size:
            return counted(seconds // size, noun)
    return counted(seconds, "second")


def _missing(app: App, found: Sequence[Missing], as_json: bool) -> int:
    if as_json:
        app.json([cctld.as_json() for cctld in found])
        return OK
    for heading, lines in missing_lines(found):
        app.print(heading, style="bold")
        for line in lines:
            app.print(f"  {line}")
    return OK


def _usage(app: App, state: RosterState, as_json: bool) -> int:
    """Count copies; nobody is named, and nothing is counted apart that would name somebody."""
    reading = {login: reader for login, reader in state.readers.items() if login not in state.denied}
    people = {login: reader.owner for login, reader in reading.items()}
    since = {reader.owner: reader.since for reader in reading.values()}
    valid = [
        (device.owner, device.id)
        for device in load_devices(app.stores().members)[1]
        if device.state is DeviceState.IN_FORCE and since.get(device.owner) == device.reader_since
    ]
    used, _ = load_usage(app.stores().members)
    changed = dict.fromkeys(Style, 0)
    if state.head is not None:
        snapshot = load_snapshot(app.stores().roster)
        # Cards that were brought back are as old as they were, and older than what was downloaded since.
        least = state.brought_back
        changed = {style: max(snapshot.book(style).revision, least) for style in Style}
    members, held = count_copies(people, valid, used, changed)
    if as_json:
        app.json({"generation": state.base, "members": _copies(members), "devices": _copies(held)})
        return OK
    app.print(f"Copies of the cards of generation {state.base}", style="bold")
    for heading, copies in (("Members", members), ("Devices", held)):
        app.print(
            f"{heading}  {copies.total}: {copies.current} with the current cards, {copies.older} with older ones, "
            f"{copies.none} without any"
        )
    app.print('What the server could not record counts as older, or as none: `tldops audit --action "not recorded"`')
    return OK


def _copies(copies: Copies) -> dict[str, int]:
    return {"total": copies.total, **asdict(copies)}
