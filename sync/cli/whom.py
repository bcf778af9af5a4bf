"""Which person somebody means, asked where the words fit several."""

from collections.abc import Sequence
from itertools import islice

import click

from radicale_tldops.roster.errors import RefusedError
from radicale_tldops.zones.countries import country_names
from sync.cli.context import App
from sync.people.person import Desk, Person
from sync.people.search import find

_SHOWN = 20


def choose(app: App, desk: Desk, typed: str, *, asking: bool) -> Person:
    """Return the person who is meant; with `asking`, the user chooses where several are found.

    Raises:
        RefusedError: nobody is meant, or several people and nobody was asked.
    """
    found = find(desk.people, typed, desk.known, country_names(desk.known))
    if not found:
        raise RefusedError(f"{typed!r}: nobody in the roster is found by this. Nothing was recorded.")
    if len(found) == 1:
        return found[0]
    if not asking:
        named = ", ".join(islice(map(named_as, found), _SHOWN))
        raise RefusedError(f"{typed!r} may be {len(found)} people: {named}. Nothing was recorded. Give an address.")
    return _asked(app, typed, found)


def _asked(app: App, typed: str, found: Sequence[Person]) -> Person:
    app.print(f"{typed!r} may be:")
    for number, person in enumerate(found[:_SHOWN], start=1):
        app.print(f"  {number}  {named_as(person)}")
    if len(found) > _SHOWN:
        app.print(f"  … and {len(found) - _SHOWN} more: give more of the name.")
    number = click.prompt("Which one?", type=click.IntRange(1, min(len(found), _SHOWN)), err=True)
    return found[number - 1]


def named_as(person: Person) -> str:
    """Return by what people tell a person from others."""
    return f"{person.contact.served} {person.contact.name} <{person.contact.listed[0]}>"
