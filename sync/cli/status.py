"""`tldops status`: the state at a glance."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import click

from radicale_tldops.roster.cctld import canonical_label
from radicale_tldops.roster.contact import people_per_cctld
from radicale_tldops.roster.device import DeviceState
from radicale_tldops.roster.snapshot import Style
from radicale_tldops.settings import Settings
from radicale_tldops.settings.modes import look
from radicale_tldops.store.desk import load_erasures
from radicale_tldops.store.freshness import Freshness
from radicale_tldops.store.members import load_devices
from radicale_tldops.store.notes import FRESHNESS, LAST_SYNC, read_note
from radicale_tldops.store.outbox import load_undelivered
from radicale_tldops.store.read import load_snapshot, load_state
from radicale_tldops.store.usage import Copies, count_copies, load_usage
from radicale_tldops.store.values import RosterState
from radicale_tldops.zones.root_data import delegations
from sync.cli.context import OK, App, counted, json_option, pass_app
from sync.cli.to_do import minute, to_do
from sync.documents.missing import Missing, missing_lines
from sync.documents.missing import missing as find_missing
from sync.people.load import load_desk
from sync.people.person import FILTERS, Desk, Person
from sync.stores import Stores

_UNDELIVERED_DAYS = 30
"""For so long a mail that was not delivered is shown."""


@click.command()
@click.option("--missing", is_flag=True, help="List the ccTLDs without a contact, ASCII and IDN.")
@click.option("--usage", is_flag=True, help="Count who holds a current copy, and on how many devices.")
@json_option
@pass_app
def status(app: App, missing: bool, usage: bool, as_json: bool) -> int:
    """Tell at a glance how things are, and what to do next, the worst first.

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
    tasks = to_do(facts)
    if as_json:
        app.json({**facts, "to_do": [{"what": task.what, "command": task.command} for task in tasks]})
        return OK
    if state.head is None:
        app.print("No generation yet: `tldops sync` makes the first one.")
        return OK
    for line in _heading(facts):
        app.print(line)
    for task in tasks:
        app.print(f"{'!' if task.is_urgent else '-'} {task.what}", style="bold red" if task.is_urgent else "yellow")
        if task.command:
            app.print(f"    {task.command}")
    if not tasks:
        app.print("Nothing to do.", style="bold green")
    return OK


def _facts(app: App, state: RosterState, without: Sequence[Missing], now: datetime) -> dict[str, object]:
    stores, head = app.stores(), state.head
    desk = load_desk(app.settings, stores, state, now)
    last = read_note(stores.roster, LAST_SYNC)
    everybody = {name: desk.those([name]) for name in FILTERS}
    fresh = read_note(stores.roster, FRESHNESS)
    return {
        "generation": state.base,
        "created_at": _iso(head.created_at if head else None),
        "age_seconds": int((now - head.created_at).total_seconds()) if head else None,
        "people": len(desk.people),
        "cctlds": len(desk.per_cctld),
        "missing": sum(not cctld.reason for cctld in without),
        "no_contact_expected": sum(bool(cctld.reason) for cctld in without),
        "one_contact": sorted(label for label, number in desk.per_cctld.items() if number == 1),
        "stale": sorted(f"{person.contact.name} ({person.contact.served})" for person in everybody["stale"]),
        "never_confirmed": len(everybody["never-confirmed"]),
        "filters": {name: len(found) for name, found in everybody.items()},
        "held": [{**_named(person), "reason": person.held} for person in everybody["held"]],
        "kept": [
            {**_named(person), "field": name, "since": since}
            for person in everybody["kept"]
            for name, since in person.kept
        ],
        "off_list": [
            {**_named(person), "since": day.isoformat()}
            for day, person in sorted(((p.away_since, p) for p in desk.people if p.away_since), key=_since)
        ],
        "readers": len(state.readers),
        "denied": sorted(state.denied),
        "devices": sum(device.state is DeviceState.IN_FORCE for device in load_devices(stores.members)[1]),
        "last_sync": {"at": last.checked_at or None, "by": last.actor or None, "errors": last.errors},
        "refused": {"since": _iso(fresh.stopped_since), "why": fresh.stopped or None},
        **_desk_facts(stores, now),
        "list": _list_facts(fresh),
        "own_zones": _own_zones(app.settings, desk),
        "modes": [str(exposure) for exposure in look(app.settings)],
    }


def _desk_facts(stores: Stores, now: datetime) -> dict[str, object]:
    """Return what stands in the desk database, and why it cannot be read, or None."""
    fault = stores.read_desk()[1]
    erasures = [] if fault else load_erasures(stores.desk)
    undelivered = [] if fault else load_undelivered(stores.desk, now - timedelta(days=_UNDELIVERED_DAYS))
    return {
        "desk": str(fault or "") or None,
        "undelivered": [{"recipient": mail.recipient, "fault": mail.fault} for mail in undelivered],
        "erasing": [{"owner": each.owner, "at": each.at} for each in erasures if not each.finished_at],
    }


def _own_zones(settings: Settings, desk: Desk) -> list[dict[str, object]]:
    """Return the settings that depend on a ccTLD of the roster, with its contacts: they are needed while it is down."""
    hosts = {
        "[server] url": urlsplit(settings.server.url).hostname or "",
        "[mail] sender": settings.mail.sender.rpartition("@")[2],
    }
    found: list[dict[str, object]] = []
    for name, host in hosts.items():
        label = canonical_label(host.rstrip(".").rpartition(".")[2])
        people = [person.contact.name for person in desk.people if label in dict(person.contact.slots)]
        if people:
            found.append({"setting": name, "cctld": label, "people": people})
    return found


def _named(person: Person) -> dict[str, object]:
    return {"name": person.contact.name, "cctlds": [cctld.a_label for cctld in person.contact.cctlds]}


def _since(away: tuple[date, Person]) -> tuple[date, str]:
    return away[0], away[1].contact.name


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


def _heading(facts: Mapping[str, Any]) -> list[str]:
    last = facts["last_sync"]
    return [
        f"Generation {facts['generation']}, {_age(facts['age_seconds'])} old",
        f"Roster     {facts['people']} people of {facts['cctlds']} ccTLDs",
        f"Readers    {counted(facts['readers'], 'login')}, {counted(facts['devices'], 'device password')}",
        f"Last sync  {minute(str(last['at']))} by {last['by']}" if last["at"] else "Last sync  never",
    ]


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
