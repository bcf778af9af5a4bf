"""`tldops people`: find, list and export people; one is shown whole."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence

import click

from radicale_tldops.roster.contact import PRIVATE
from radicale_tldops.roster.errors import CorruptStoreError, RefusedError
from radicale_tldops.store.past import load_person_changes
from radicale_tldops.store.read import load_state
from radicale_tldops.zones.countries import country_names
from sync.cli.changes import by_whom, change_json
from sync.cli.context import OK, App, counted, json_option, pass_app, show_values_option
from sync.cli.device_words import device_json, device_line
from sync.cli.field_words import difference, few_cctlds, field_name, field_value
from sync.parse.render import csv_table
from sync.people.load import load_desk
from sync.people.past import NOBODY, TOLD, PastChange, past_changes
from sync.people.person import FILTERS, Desk, Person
from sync.people.search import find
from sync.plan.fields import Kind, compare
from sync.plan.hazards import without_numbers
from sync.stores import Stores

_MAX_NAME = 26
"""So many characters of a name stand there, on a terminal."""
_COLUMNS = ("name", "cctlds", "slots", "email", "oob_email", "organisation", "confirmed_on", "marks", "place", "uid")


def _filter_options(command: Callable[..., object]) -> Callable[..., object]:
    """Add an option for each filter."""
    for name, found in reversed([*FILTERS.items()]):
        command = click.option(f"--{name}", is_flag=True, help=f"Only those {found.who}")(command)
    return command


@click.command()
@click.argument("text", nargs=-1)
@_filter_options
@click.option("--csv", "as_csv", is_flag=True, help="Print a table with the addresses, for a mail merge.")
@show_values_option
@json_option
@pass_app
def people(app: App, /, text: tuple[str, ...], as_csv: bool, show_values: bool, as_json: bool, **filters: bool) -> int:
    """Find people by anything, and list them; one is shown whole.

    TEXT is any part of a name, an address, an organisation or a number, a ccTLD,
    its country, or a UID. Filters can be combined: all of them have to hold.
    Exits with 1 if nobody is found.

    \b
    Examples:
      tldops people jane
      tldops people .nl
      tldops people "+31 6 1234"
      tldops people --stale --no-phone
      tldops people --never-confirmed --csv > letters.csv
    """
    if as_csv and as_json:
        raise click.UsageError("--csv and --json are two forms of the same: ask for one.")
    stores = app.stores()
    desk = load_desk(app.settings, stores, load_state(stores.roster, app.now), app.now)
    found = desk.those([name.replace("_", "-") for name, wanted in filters.items() if wanted])
    if text:
        found = find(found, " ".join(text), desk.known, country_names(desk.known))
    if as_json:
        changes, fault = _history(stores, found[0]) if len(found) == 1 else (None, None)
        history = None if changes is None else [change_json(change, show_values) for change in changes]
        past = {"history": history, "history_fault": fault}
        app.json([_plain(desk, person, show_values) | past for person in found])
    elif as_csv:
        sys.stdout.write(csv_table([_COLUMNS, *(_row(desk, person) for person in found)]))
    elif len(found) == 1:
        shows_values = show_values or app.is_terminal
        for line in (*_whole(desk, found[0], shows_values), *_history_lines(stores, found[0], shows_values)):
            app.print(line)
    elif found:
        _list(app, desk, found)
    if not found:
        raise RefusedError(_nobody(text, filters))
    return OK


def _nobody(text: Sequence[str], filters: Mapping[str, bool]) -> str:
    chosen = [f"--{name.replace('_', '-')}" for name, wanted in filters.items() if wanted]
    asked = " ".join([repr(" ".join(text))] * bool(text) + chosen)
    return f"nobody is found by {asked}." if asked else "the roster holds nobody."


def _list(app: App, desk: Desk, found: Sequence[Person]) -> None:
    """Print one line for each person."""
    rows = [
        (
            few_cctlds(person.contact.served.split()),
            "" if person.contact.slot is None else f"#{person.contact.slot}",
            _cut(person.contact.name) if app.is_terminal else person.contact.name,
            person.contact.listed[0],
            ", ".join(desk.marks(person)),
        )
        for person in found
    ]
    app.table(("ccTLD", "slot", "name", "list address", ""), rows, one_line=True)
    app.print(f"{counted(len(found), 'person', 'people')}.")


def _cut(name: str) -> str:
    """Return a name that leaves room for the other columns of a terminal."""
    return name if len(name) <= _MAX_NAME else f"{name[: _MAX_NAME - 1]}…"


def _whole(desk: Desk, person: Person, show_values: bool) -> Iterator[str]:
    """Yield everything about a person, line by line."""
    contact, marks = person.contact, desk.marks(person)
    yield " ".join(filter(None, (contact.served, contact.name, f"[{', '.join(marks)}]" if marks else "")))
    yield f"UID {person.uid}"
    shown = [
        (field, f"  {field_name(field)}: {field_value(field, field.new, show_values)}")
        for field in compare(NOBODY, person.whole)
        if field.field != "name"
    ]
    yield "What members see:"
    yield from (line for field, line in shown if field.field not in PRIVATE)
    yield "Private:" if any(field.field in PRIVATE for field, _ in shown) else "Private: nothing"
    yield from (line for field, line in shown if field.field in PRIVATE)
    yield f"In the file: {person.place or 'the next `tldops sync` notes where'}"
    if person.held:
        yield f"  held, stays as it is: {person.held}"
    yield from (f"  {name} is kept since {since}: the file's is not understood" for name, since in person.kept)
    yield from _access(person)
    if person.claims:
        yield "Confirmed by `tldops confirm`:"
        yield from (f"  {claim.confirmed_on} {claim.how}, by {claim.actor}" for claim in reversed(person.claims))


def _access(person: Person) -> Iterator[str]:
    """Yield the lines about logins and devices."""
    if person.denial is not None:
        yield f"Access: DENIED since {person.denial.at[:10]} by {person.denial.actor}: {person.denial.reason}"
    elif person.logins:
        yield f"Access: logs in as {', '.join(person.logins)}"
    else:
        since = f" since {person.away_since}" if person.away_since else ""
        yield f"Access: none, no address is on the list{since}"
    yield "Devices:" if person.devices else "Devices: none"
    yield from (f"  {device_line(device, person.used.get(device.id))}" for device in person.devices)


def _history(stores: Stores, person: Person) -> tuple[Sequence[PastChange] | None, str | None]:
    """Return what happened to a person, the newest first, and why that cannot be told."""
    try:
        changes = past_changes(load_person_changes(stores.roster, person.uid))
    except CorruptStoreError as error:
        return None, str(error)
    return [change for change in reversed(changes) if change.kind in TOLD], None


def _history_lines(stores: Stores, person: Person, show_values: bool) -> Iterator[str]:
    """Yield what happened to a person, a line for each field."""
    changes, fault = _history(stores, person)
    yield "History:" if changes else f"History: {fault or 'nothing that is kept'}"
    for change in changes or ():
        begin = f"  {change.generation.created_at:%Y-%m-%d} {by_whom(change.generation)}  "
        if change.kind is not Kind.CHANGED:
            yield f"{begin}{change.kind}"
            continue
        yield from (f"{begin}{field_name(field)}: {difference(field, show_values)}" for field in change.fields)


def _row(desk: Desk, person: Person) -> list[str]:
    """Return the cells of `_COLUMNS`."""
    contact = person.contact
    return [
        contact.name,
        contact.served,
        " ".join(f".{label} #{slot}" for label, slot in contact.slots if slot is not None),
        "; ".join(contact.listed),
        "; ".join(contact.out_of_band),
        contact.organisation,
        str(person.confirmed_on or ""),
        ", ".join(desk.marks(person)),
        person.place,
        person.uid,
    ]


def _plain(desk: Desk, person: Person, show_values: bool) -> dict[str, object]:
    """Return a person as plain values."""
    contact = person.contact
    fields = compare(NOBODY, person.whole)
    return {
        "uid": person.uid,
        "name": contact.name if show_values else without_numbers(contact.name),
        "cctlds": [cctld.a_label for cctld in contact.cctlds],
        "slots": dict(contact.slots),
        "emails": {"list": list(contact.listed), "out_of_band": list(contact.out_of_band)},
        "fields": {found.field: field_value(found, found.new, show_values) for found in fields},
        "confirmed_on": str(person.confirmed_on) if person.confirmed_on else None,
        "confirmations": [
            {"on": str(claim.confirmed_on), "how": claim.how, "by": claim.actor} for claim in person.claims
        ],
        "filters": [name for name, found in FILTERS.items() if found.holds(desk, person)],
        "held": person.held or None,
        "kept": [{"field": name, "since": since} for name, since in person.kept],
        "place": person.place or None,
        "logins": list(person.logins),
        "denied": person.denial.reason if person.denial else None,
        "not_on_list_since": str(person.away_since) if person.away_since else None,
        "devices": [device_json(device, person.used.get(device.id)) for device in person.devices],
    }
