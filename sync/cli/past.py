"""`tldops show`: one generation, or what was served on a day."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import click

from radicale_tldops.roster.contact import Contact
from radicale_tldops.roster.errors import RefusedError
from radicale_tldops.store.kept import load_people
from radicale_tldops.store.past import load_number_on
from radicale_tldops.store.values import Generation, StoredPerson
from radicale_tldops.zones.countries import country_names
from radicale_tldops.zones.root_data import delegations
from sync.cli.changes import DAY, day_of
from sync.cli.context import GENERATION_NUMBER, OK, App, counted, json_option, pass_app, show_values_option
from sync.cli.field_words import field_name, field_value
from sync.people.past import NOBODY
from sync.people.person import Person
from sync.people.search import find
from sync.plan.fields import compare
from sync.plan.hazards import without_numbers


@click.command()
@click.argument("what", nargs=-1, metavar="[GENERATION|PERSON]...")
@click.option("--on", "day", metavar="DATE", type=DAY, callback=day_of, help="The book at the end of this day (UTC).")
@show_values_option
@json_option
@pass_app
def show(app: App, what: tuple[str, ...], day: date | None, show_values: bool, as_json: bool) -> int:
    """Show one generation, or the book of a day: where it came from, and who was in it.

    Names, ccTLDs and slots only; `tldops export` has the rest of the newest one.
    With --on, PERSON is any part of a name, an address, a number, a ccTLD or a
    UID, as for `tldops people`: one match is shown whole, as the card was then.
    Exits with 1 if nobody is found.

    \b
    Examples:
      tldops show 42
      tldops show --on 2026-03-14
      tldops show --on 2026-03-14 jane doe
    """
    number = _number(what) if day is None else 0
    roster = app.stores().roster
    if day is not None:
        number = load_number_on(roster, day)
    generation, people = load_people(roster, number)
    typed = " ".join(what) if day is not None else ""
    found = _those(app, people, typed, generation)
    if as_json:
        listed = [_plain(person, show_values, with_fields=bool(typed)) for person in found]
        app.json({"on": str(day) if day else None, **generation.as_json(), "people": listed})
        return OK
    for line in _heading(generation, day):
        app.print(line)
    if typed and len(found) == 1:
        for line in _card(found[0], show_values or app.is_terminal):
            app.print(line)
        return OK
    contacts = [person.contact for person in found]
    app.table(
        ("ccTLD", "slot", "name"),
        [(contact.served, "" if contact.slot is None else f"#{contact.slot}", contact.name) for contact in contacts],
    )
    if erased := 0 if typed else generation.counts.people - len(people):
        app.print(f"Not shown: {counted(erased, 'person', 'people')}, erased since then.")
    return OK


def _number(what: Sequence[str]) -> int:
    """Return the number of a generation that was typed."""
    if len(what) != 1:
        raise click.UsageError(
            "it takes the number of one generation, or --on DATE. `tldops history` lists the numbers."
        )
    return int(GENERATION_NUMBER.convert(what[0], None, None))


def _those(app: App, people: Mapping[str, StoredPerson], typed: str, generation: Generation) -> Sequence[Person]:
    """Return those who are meant by what was typed, everybody where nothing was, by ccTLD and slot.

    Raises:
        RefusedError: nobody is meant.
    """
    found = [Person(uid, person.contact) for uid, person in people.items()]
    found.sort(key=lambda person: (person.contact.served, person.contact.slot or 0, person.contact.name))
    if not typed:
        return found
    vetting = app.settings.vetting
    known = delegations(vetting.add_cctlds, vetting.retire_cctlds)
    those = find(found, typed, known, country_names(known))
    if not those:
        raise RefusedError(f"nobody is found by {typed!r} in generation {generation.id}.")
    return those


def _card(person: Person, show_values: bool) -> Iterator[str]:
    """Yield what members saw of a person, line by line."""
    contact = person.contact
    yield f"{contact.served} {_name(contact, show_values)}"
    yield f"UID {person.uid}"
    yield "What members saw:"
    for field in compare(NOBODY, contact):
        if field.field != "name":
            yield f"  {field_name(field)}: {field_value(field, field.new, show_values)}"


def _plain(person: Person, show_values: bool, *, with_fields: bool) -> dict[str, object]:
    """Return a person of then as plain values."""
    fields = compare(NOBODY, person.contact) if with_fields else ()
    return {
        "uid": person.uid,
        "name": _name(person.contact, show_values),
        "slots": dict(person.contact.slots),
        "fields": {field.field: field_value(field, field.new, show_values) for field in fields}
        if with_fields
        else None,
    }


def _name(contact: Contact, show_values: bool) -> str:
    return contact.name if show_values else without_numbers(contact.name)


def _heading(generation: Generation, day: date | None) -> list[str]:
    counts = generation.counts
    lines = [f"What was served at the end of {day} (UTC):"] if day else []
    lines += [
        f"Generation {generation.id} ({generation.kind}), {generation.created_at:%Y-%m-%d %H:%M} UTC, "
        f"by {generation.actor}",
        f"{counted(counts.people, 'person', 'people')} of {counted(counts.cctlds, 'ccTLD')}, "
        f"{counted(counts.readers, 'login')}",
        f"added {counts.added}, changed {counts.changed}, removed {counts.removed}; logins added "
        f"{counts.readers_added}, removed {counts.readers_removed}",
    ]
    lines += [f"{source.part}: {source.name}, of {source.modified_at[:19]}" for source in generation.sources]
    if generation.forced:
        lines.append(f"forced: {', '.join(generation.forced)}")
    if generation.note:
        lines.append(generation.note)
    return lines
