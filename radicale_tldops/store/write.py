"""The write side of the roster database. Only commands import it; the server never does."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, Table, delete, insert, select, update

from radicale_tldops.roster.digest import etag
from radicale_tldops.roster.errors import ConflictError, UnknownSubjectError
from radicale_tldops.roster.snapshot import Style
from radicale_tldops.store.engine import writing
from radicale_tldops.store.notes import DENIED_DIGEST, LINEAGE, PRINCIPAL_KEY, Note, NoteValues, bump
from radicale_tldops.store.read import compute_digest, denied_digest, newest, principal_id, verify_denied
from radicale_tldops.store.schema import card, denied, departed, generation, group_card, reader, tombstone
from radicale_tldops.store.values import Change, Generation, NewCard, NewGroup, Stamp

KEPT_GENERATIONS = 10
"""How many generations stay in full, so that `rollback` and `show` can reach them, and those of access in between.

Those of access alone write no card, and take no room: they do not push out the last good cards.
"""

_BATCH = 500

_T = TypeVar("_T")


def apply_change(path: Path, base: int, change: Change, stamp: Stamp, notes: NoteValues | None = None) -> Generation:
    """Write one generation on top of generation `base`, and the `notes` with their values, in one transaction.

    Raises:
        ConflictError: the store has a newer generation than `base`, or another command is writing.
        StoreError: the database cannot be written; the old generation stands.
    """
    with writing(path) as connection:
        head = newest(connection)
        if (head.id if head else 0) != base:
            raise ConflictError(
                f"the store has moved on: it is at generation {head.id if head else 0}, the plan was "
                f"made against {base}. Run `tldops plan` again."
            )
        number = base + 1
        insert_generation(connection, LINEAGE.read(connection), number, stamp)
        _replace_cards(connection, number, change)
        _replace_groups(connection, number, change)
        _replace_readers(connection, number, change)
        remember_departed(connection, change.departed, change.returned)
        for note, value in (notes or {}).items():
            note.write(connection, value)
        _prune(connection)
        return seal(connection, number)


def seal(connection: Connection, number: int) -> Generation:
    """Write the digest of generation `number`, tell the workers, and return the generation."""
    digest = compute_digest(connection, LINEAGE.read(connection), number)
    connection.execute(update(generation).where(generation.c.id == number).values(digest=digest))
    bump(connection)
    sealed = newest(connection)
    if sealed is None or sealed.id != number:
        raise AssertionError("the generation just written is not the newest one")
    return sealed


def write_note(path: Path, note: Note[_T], value: _T) -> None:
    """Write a note of the database at `path`."""
    with writing(path) as connection:
        note.write(connection, value)


def deny(path: Path, login: str, actor: str, reason: str, now: datetime) -> None:
    """End the access of a canonical login, whether or not it is a reader; a second call replaces the reason."""
    with writing(path) as connection:
        verify_denied(path, connection)
        connection.execute(delete(denied).where(denied.c.login == login))
        connection.execute(insert(denied).values(login=login, at=now.isoformat(), actor=actor, reason=reason))
        seal_denied(connection)


def allow(path: Path, login: str) -> None:
    """Lift a denial.

    Raises:
        UnknownSubjectError: the login is not denied.
    """
    with writing(path) as connection:
        verify_denied(path, connection)
        if connection.execute(delete(denied).where(denied.c.login == login)).rowcount == 0:
            raise UnknownSubjectError(f"{login} is not denied. `tldops access list` shows who is.")
        seal_denied(connection)


def seal_denied(connection: Connection) -> None:
    """Write the digest of the denied logins and tell the workers."""
    DENIED_DIGEST.write(connection, denied_digest(connection))
    bump(connection)


def insert_tombstones(connection: Connection, hrefs: Sequence[str], style: Style, number: int) -> None:
    """Record that hrefs went with generation `number`; an href that went before gets the newer number."""
    for some in _batches(hrefs):
        connection.execute(delete(tombstone).where(tombstone.c.href.in_(some)))
        connection.execute(
            insert(tombstone), [{"href": href, "revision": number, "style": style.value} for href in some]
        )


def insert_generation(connection: Connection, lineage: str, number: int, stamp: Stamp) -> None:
    """Write the row of generation `number`, still without its digest."""
    connection.execute(
        insert(generation).values(
            id=number,
            lineage=lineage,
            created_at=stamp.now.isoformat(),
            actor=stamp.actor,
            kind=stamp.kind,
            plan_id=stamp.plan_id,
            sources=json.dumps([asdict(source) for source in stamp.sources]),
            counts=json.dumps(asdict(stamp.counts)),
            forced=json.dumps(list(stamp.forced)),
            note=stamp.note,
            digest="",
        )
    )


def _replace_cards(connection: Connection, number: int, change: Change) -> None:
    gone = [f"{uid}.vcf" for uid in change.cards_gone]
    _end(connection, card, "href", gone, number)
    insert_tombstones(connection, gone, Style.PLAIN, number)
    cards = iter(change.cards)
    while some := list(islice(cards, _BATCH)):
        same = _same_cards(connection, some)
        changed = [new for new in some if new.uid not in same]
        _end(connection, card, "href", [f"{new.uid}.vcf" for new in changed], number)
        _insert(
            connection,
            card,
            [
                {
                    "href": f"{new.uid}.vcf",
                    "since": number,
                    "until": None,
                    "uid": new.uid,
                    "etag": etag(new.text),
                    "text": new.text,
                    "contact": new.contact,
                    "key": new.key,
                }
                for new in changed
            ],
        )


def _same_cards(connection: Connection, cards: Sequence[NewCard]) -> set[str]:
    """Return the UIDs of cards with the same bytes already: only what is noted beside them is brought up to date.

    The token and the tag of a book change only when served bytes do.
    """
    same: set[str] = set()
    hrefs = [f"{new.uid}.vcf" for new in cards]
    query = select(card.c.href, card.c.etag).where(card.c.href.in_(hrefs), card.c.until.is_(None))
    etags = {row.href: row.etag for row in connection.execute(query)}
    for new in cards:
        href = f"{new.uid}.vcf"
        if etags.get(href) == etag(new.text):
            here = (card.c.href == href, card.c.until.is_(None))
            connection.execute(update(card).where(*here).values(contact=new.contact, key=new.key))
            same.add(new.uid)
    return same


def _insert(connection: Connection, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
    if rows:
        connection.execute(insert(table), rows)


def _replace_groups(connection: Connection, number: int, change: Change) -> None:
    groups = [new for new in change.groups if not _is_same_group(connection, new)]
    ended = [*change.groups_gone, *(new.cctld for new in groups)]
    gone = [
        row.href
        for some in _batches(change.groups_gone)
        for row in connection.execute(
            select(group_card.c.href).where(group_card.c.cctld.in_(some), group_card.c.until.is_(None))
        )
    ]
    _end(connection, group_card, "cctld", ended, number)
    insert_tombstones(connection, gone, Style.GROUPS, number)
    for some_new in _batches(groups):
        connection.execute(
            insert(group_card),
            [
                {
                    "href": f"{new.uid}.vcf",
                    "since": number,
                    "until": None,
                    "uid": new.uid,
                    "etag": etag(new.text),
                    "text": new.text,
                    "cctld": new.cctld,
                    "key": new.key,
                }
                for new in some_new
            ],
        )


def _is_same_group(connection: Connection, new: NewGroup) -> bool:
    same = (group_card.c.cctld == new.cctld, group_card.c.until.is_(None), group_card.c.etag == etag(new.text))
    return connection.execute(update(group_card).where(*same).values(key=new.key)).rowcount == 1


def _replace_readers(connection: Connection, number: int, change: Change) -> None:
    people = {new.login: new.uid for new in change.readers}
    kept = {
        row.login: row.since
        for some in _batches([*people])
        for row in connection.execute(select(reader).where(reader.c.login.in_(some)))
        if row.uid == people[row.login]
    }
    for gone in _batches([*change.readers_gone, *(new.login for new in change.readers)]):
        connection.execute(delete(reader).where(reader.c.login.in_(gone)))
    key = PRINCIPAL_KEY.read(connection)
    for some in _batches(change.readers):
        connection.execute(
            insert(reader),
            [
                {
                    "login": new.login,
                    # A new name is the same reader; another person behind the address is not.
                    "since": kept.get(new.login, number),
                    "uid": new.uid,
                    "principal": principal_id(key, new.uid, new.login),
                    "name": new.name,
                    "reason": new.reason,
                }
                for new in some
            ],
        )


def remember_departed(connection: Connection, gone: Mapping[str, Sequence[str]], returned: Sequence[str]) -> None:
    """Keep the digests of traits of those who left, by UID, and forget those of people who came back."""
    for some in _batches([*returned, *gone]):
        connection.execute(delete(departed).where(departed.c.uid.in_(some)))
    rows = [{"trait": trait, "uid": uid} for uid, traits in gone.items() for trait in dict.fromkeys(traits)]
    for some_rows in _batches(rows):
        connection.execute(insert(departed), some_rows)


def _end(connection: Connection, table: Table, column: str, values: Sequence[str], number: int) -> None:
    for some in _batches(values):
        connection.execute(update(table).where(table.c[column].in_(some), table.c.until.is_(None)).values(until=number))


def _prune(connection: Connection) -> None:
    """Drop the rows that only generations older than the last ten with cards of their own need."""
    with_cards = select(generation.c.id).where(generation.c.kind != "access").order_by(generation.c.id.desc())
    oldest = connection.execute(with_cards.offset(KEPT_GENERATIONS - 1).limit(1)).scalar()
    if oldest is None:
        return
    for table in (card, group_card):
        connection.execute(delete(table).where(table.c.until <= oldest))


def _batches(values: Sequence[_T]) -> Sequence[Sequence[_T]]:
    return [values[start : start + _BATCH] for start in range(0, len(values), _BATCH)]
