"""Erasing a person from the databases. For commands only; the server never imports this.

| what | becomes |
|---|---|
| cards of earlier generations, with their contacts | deleted; the digests of these generations are taken anew |
| digests of traits and list addresses | deleted, but for somebody who is denied: the denial holds by them |
| denial | keeps its address; name and reason are deleted |
| the href | stays a tombstone: clients were told of it |
| confirmations, devices, last use, networks | deleted |
| audit log | keeps login, action, time and actor of each entry; the detail becomes its digest |
| private columns | deleted |

The desk database keeps that the person was erased, by UID, so that a restore does it again. It is written first: where
a command is killed, `tldops status` says so, and the same command does the rest.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, delete, func, select, update

from radicale_tldops.roster.contact import Contact
from radicale_tldops.roster.errors import RefusedError
from radicale_tldops.store.audit import ERASE, AuditEntry, append, erase_details
from radicale_tldops.store.engine import writing
from radicale_tldops.store.kept import verify_past
from radicale_tldops.store.notes import bump
from radicale_tldops.store.schema import (
    absence,
    address,
    audit,
    card,
    claim,
    denied,
    departed,
    device,
    last_used,
    reader,
    seen_from,
    wish,
)
from radicale_tldops.store.write import reseal, seal_denied, seal_newest

NO_REASON = "erased"
"""The reason of a denial whose own was erased."""


@dataclass(frozen=True, slots=True)
class Erased:
    """How much was deleted from the members database; `entries_kept` are entries that keep their details."""

    confirmations: int
    devices: int
    entries: int
    entries_kept: int


def known_logins(connection: Connection, owner: str) -> set[str]:
    """Return every address under which the roster knows a person."""
    contacts = connection.execute(select(card.c.contact).where(card.c.uid == owner)).scalars()
    found = {login for text in contacts for login in Contact.from_json(text).logins}
    return found | {*connection.execute(select(denied.c.login).where(denied.c.owner == owner)).scalars()} - {""}


def erase_from_members(
    path: Path, owner: str, logins: Collection[str], others: Collection[str], actor: str, now: datetime
) -> Erased:
    """Delete what the members database at `path` has of a person, in one transaction with an entry of the audit log.

    `logins` are the addresses of the person that the roster knows. `others` are those of other people: what stands
    under one of them is theirs.
    """
    with writing(path) as connection:
        own = (select(device.c.login).where(device.c.owner == owner), select(claim.c.login).where(claim.c.uid == owner))
        here = (login for query in own for login in connection.execute(query).scalars())
        logins = {*logins, *here} - {*others}
        ids = [*connection.execute(select(device.c.id).where(device.c.owner == owner)).scalars()]
        confirmations = connection.execute(delete(claim).where(claim.c.uid == owner)).rowcount
        used = last_used.c.device.in_(ids) | last_used.c.login.in_(logins)
        connection.execute(delete(last_used).where(used))
        connection.execute(delete(seen_from).where(seen_from.c.login.in_(logins)))
        connection.execute(delete(wish).where(wish.c.login.in_(logins)))
        connection.execute(delete(device).where(device.c.owner == owner))
        subjects = sorted({*connection.execute(select(audit.c.subject)).scalars()} & {owner, *logins})
        entries, kept = erase_details(connection, subjects)
        append(connection, [AuditEntry(now, actor, ERASE, owner, {"subjects": subjects})])
        bump(connection)
    return Erased(confirmations, len(ids), entries, kept)


def erase_from_roster(path: Path, owner: str) -> int:
    """Delete what the roster at `path` has of a person; return the number of earlier cards.

    Raises:
        CorruptStoreError: what is kept is not what was written: the new digests would hide it.
        RefusedError: the person is in the newest generation, or is a reader.
    """
    with writing(path) as connection:
        verify_past(path, connection)
        if _is_current(connection, owner):
            raise RefusedError("the person is in the roster, or may read: nothing more was erased.")
        count, first = forget(connection, owner)
        if first:
            reseal(connection, first)
        else:
            seal_newest(connection)
        bump(connection)
    return count


def forget(connection: Connection, owner: str) -> tuple[int, int]:
    """Delete what the roster has of a person; return how many cards, and from which generation on to seal anew, or 0.

    A denial holds: it keeps its address, and the digests by which it is known whom it is about.
    """
    first = connection.execute(select(func.min(card.c.until)).where(card.c.uid == owner)).scalar() or 0
    count = connection.execute(delete(card).where(card.c.uid == owner)).rowcount
    connection.execute(delete(absence).where(absence.c.owner == owner))
    its = denied.c.owner == owner
    if connection.execute(update(denied).where(its).values(name="", reason=NO_REASON)).rowcount:
        seal_denied(connection)
    else:
        connection.execute(delete(departed).where(departed.c.uid == owner))
        connection.execute(delete(address).where(address.c.owner == owner))
    return count, first


def _is_current(connection: Connection, owner: str) -> bool:
    reads = select(reader.c.login).where((reader.c.uid == owner) | (reader.c.login == owner))
    cards = select(card.c.href).where(card.c.uid == owner, card.c.until.is_(None))
    return any(connection.execute(query.limit(1)).first() for query in (cards, reads))
