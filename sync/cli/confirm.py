"""`tldops confirm`: a contact was confirmed."""

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from radicale_tldops.roster.errors import InputError
from radicale_tldops.store import audit
from radicale_tldops.store.members import add_claims
from radicale_tldops.store.read import load_state
from sync.cli.context import OK, App, one_line, pass_app
from sync.cli.whom import choose, named_as
from sync.people.load import load_desk

_MAX_FILE = 1024 * 1024
"""Largest list of people, in octets."""


@click.command()
@click.argument("who", nargs=-1)
@click.option(
    "--file",
    type=click.Path(path_type=Path),
    help="Also everybody in this file, one on each line; - is standard input.",
)
@click.option(
    "--how",
    default="by hand",
    show_default=True,
    callback=one_line,
    help='How: "answered the mail of 2026-11-02", "called".',
)
@pass_app
def confirm(app: App, who: tuple[str, ...], file: Path | None, how: str) -> int:
    """Record that contacts were confirmed today, how, and by whom.

    WHO is an address, a name or a part of it, or a ccTLD. Where it may be
    several people, a terminal asks which one. Either everybody is recorded or
    nobody. The card shows the date after the next sync.

    \b
    Examples:
      tldops confirm john@nic.example --how "answered the yearly mail"
      tldops confirm "jane doe" .fr --how called
      tldops confirm --file answered.txt --how "answered the yearly mail"
    """
    words = [*who, *(_lines(file) if file else ())]
    if not words:
        raise click.UsageError("say who was confirmed: an address, a name or a ccTLD, or --file.")
    stores = app.stores()
    desk = load_desk(app.settings, stores, load_state(stores.roster, app.now), app.now)
    asking = app.is_terminal and sys.stdin.isatty()
    chosen = {person.uid: person for person in (choose(app, desk, word, asking=asking) for word in words)}
    people = {uid: person.contact.logins[0] for uid, person in chosen.items()}
    add_claims(stores.members, people, how, app.actor, app.now)
    for uid, person in chosen.items():
        audit.record(stores.members, app.actor, "confirm", people[uid], {"uid": uid, "how": how}, app.now)
        app.print(f"Confirmed today: {named_as(person)}")
    app.print("The cards show it after the next `tldops sync`.")
    return OK


def _lines(file: Path) -> Iterator[str]:
    """Yield who stands on each line of a file; empty lines and those that start with # are left out."""
    try:
        with sys.stdin.buffer if file == Path("-") else file.open("rb") as source:
            data = source.read(_MAX_FILE + 1)
        text = data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
        raise InputError(f"{file}: cannot read who was confirmed: {why}.") from error
    if len(data) > _MAX_FILE:
        raise InputError(f"{file}: more than {_MAX_FILE // 1024} KiB; it takes one person on each line.")
    yield from (line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#"))
