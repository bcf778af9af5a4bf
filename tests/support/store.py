"""Stores made without a membership file, for tests of the store itself."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Connection

from radicale_tldops.roster.contact import Contact, serving
from radicale_tldops.roster.traits import departed_digests
from radicale_tldops.store import create, migrations
from radicale_tldops.store.values import Change, Counts, Denial, Generation, NewCard, NewGroup, NewReader, Stamp
from radicale_tldops.store.write import apply_change
from sync.vcard.card import contact_uid
from tests.support.clock import START


def ensure(roster: Path, members: Path) -> None:
    """Create the databases where there are none, and bring older ones to this version, as `migrate` does."""
    desk = roster.with_name("desk.sqlite")
    create.create_all(roster, members, desk)
    create.update_roster(roster, members, desk, migrating=True)
    create.update_members(roster, members, migrating=True)


def as_version_4(connection: Connection) -> None:
    """Make a roster what it was in version 4, with the digest that its newest generation had there."""
    for statement in (
        "DROP INDEX generation_created_at",
        "DROP INDEX generation_kind",
        "ALTER TABLE generation DROP COLUMN chain",
        "DELETE FROM meta WHERE key = 'kept_from'",
        "UPDATE meta SET value = '4' WHERE key = 'schema_version'",
    ):
        connection.exec_driver_sql(statement)
    head = connection.exec_driver_sql("SELECT id, lineage FROM generation ORDER BY id DESC LIMIT 1").one()
    old = migrations.digest_3(connection, head.lineage, head.id)
    connection.exec_driver_sql("UPDATE generation SET digest = ? WHERE id = ?", (old, head.id))


class Store:
    """A pair of databases and a count of who is in them."""

    def __init__(self, folder: Path) -> None:
        self.roster = folder / "roster.sqlite"
        self.members = folder / "members.sqlite"
        ensure(self.roster, self.members)
        self.base = 0
        self.people: dict[str, str] = {}
        self.logins: set[str] = set()

    def apply(
        self,
        put: Sequence[str] = (),
        remove: Sequence[str] = (),
        note: str = "",
        groups: Sequence[str] = (),
        groups_gone: Sequence[str] = (),
        access: bool = True,
    ) -> Generation:
        """Write a generation: `put` adds or changes the people with these local parts, `remove` takes them."""
        self.people |= dict.fromkeys(put, note)
        for local_part in remove:
            del self.people[local_part]
        if access:
            self.logins = {login(local_part) for local_part in self.people}
        change = Change(
            cards=[new_card(local_part, note) for local_part in put],
            cards_gone=[uid(local_part) for local_part in remove],
            groups=[NewGroup(label, uid(f"group-{label}"), f"group {label} {note}", note) for label in groups],
            groups_gone=groups_gone,
            readers=[NewReader(login(local_part), uid(local_part), local_part) for local_part in put] if access else (),
            readers_gone=[login(local_part) for local_part in remove] if access else (),
            departed={uid(local_part): departed_digests(uid(local_part), contact(local_part)) for local_part in remove},
        )
        counts = Counts(people=len(self.people), readers=len(self.logins), added=len(put), removed=len(remove))
        stamp = Stamp(START + timedelta(hours=self.base), "tester", counts=counts)
        generation = apply_change(self.roster, self.base, change, stamp)
        self.base = generation.id
        return generation


def denial(login: str) -> Denial:
    """The denial of a login."""
    return Denial(login, login, "", START.isoformat(), "tester", "a test")


def login(name: str) -> str:
    """The login of a person."""
    return f"{name}@nic.example"


def uid(name: str) -> str:
    """The UID of a person."""
    return contact_uid(login(name))


def href(name: str) -> str:
    """The href of a person's card."""
    return f"{uid(name)}.vcf"


def contact(name: str) -> Contact:
    """A person of .nl."""
    return Contact(name=name.title(), services=serving(("nl", 1)), listed=(login(name),))


def new_card(name: str, note: str) -> NewCard:
    """A card that need not be a vCard: the store does not look inside."""
    return NewCard(uid(name), f"card of {name} {note}", contact(name).to_json(), f"{name} {note}")
