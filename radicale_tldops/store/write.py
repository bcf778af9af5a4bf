"""Writing the roster database. For commands only; the server never imports this."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, Table, delete, func, insert, select, union_all, update

from radicale_tldops.roster.digest import etag
from radicale_tldops.roster.errors import ConflictError
from radicale_tldops.roster.snapshot import Style
from radicale_tldops.roster.traits import address_digest
from radicale_tldops.store.engine import writing
from radicale_tldops.store.generations import link, link_before, newest
from radicale_tldops.store.kept import NOTHING_ENDED, ended_digests
from radicale_tldops.store.notes import DENIED_DIGEST, KEPT_FROM, LINEAGE, PRINCIPAL_KEY, Note, NoteValues, bump
from radicale_tldops.store.read import compute_digest, current, denied_digest, principal_id, verified, verify_denied
from radicale_tldops.store.schema import (
    absence,
    address,
    card,
    denied,
    departed,
    generation,
    group_card,
    reader,
    tombstone,
)
from radicale_tldops.store.values import SHOWS_PRIVATE, Change, Denial, Generation, Stamp

_BATCH = 500
_UNSEALED = {"digest": "", "ended": "", "chain": ""}

_CARDS = (card, group_card)

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
        _replace_absences(connection, change, stamp)
        remember_departed(connection, change.departed, change.returned)
        for note, value in (notes or {}).items():
            note.write(connection, value)
        return seal(connection, number)


def seal(connection: Connection, number: int) -> Generation:
    """Write the digests of generation `number`, tell the server, and return the generation."""
    sealed = reseal(connection, number)
    if sealed is None or sealed.id != number:
        raise AssertionError("the generation just written is not the newest one")
    bump(connection)
    return sealed


def reseal(connection: Connection, number: int) -> Generation | None:
    """Write the digests of all generations from `number` on, of the rows as they are now; return the newest one.

    Of a generation whose ended cards are no longer kept, the digest of these stays.
    """
    first = max(number, KEPT_FROM.read(connection) + 1)
    ended = dict(ended_digests(connection, first))
    before = link_before(connection, number)
    numbers = connection.execute(select(generation.c.id).where(generation.c.id >= number).order_by(generation.c.id))
    for each in numbers.scalars().all():
        its = update(generation).where(generation.c.id == each)
        if each >= first:
            connection.execute(its.values(ended=ended.get(each, NOTHING_ENDED)))
        before = link(before, connection.execute(select(generation).where(generation.c.id == each)).one())
        connection.execute(its.values(chain=before))
    return seal_newest(connection)


def seal_newest(connection: Connection) -> Generation | None:
    """Write the digest of the newest generation, and return it; None where there is no generation."""
    head = newest(connection)
    if head is not None:
        sealed = compute_digest(connection, head.lineage, head.id)
        connection.execute(update(generation).where(generation.c.id == head.id).values(digest=sealed))
    return newest(connection)


def write_note(path: Path, note: Note[_T], value: _T) -> None:
    """Write a note of the database at `path`."""
    with writing(path) as connection:
        note.write(connection, value)


def deny(path: Path, denial: Denial) -> None:
    """End the access of a person; a second denial replaces the first."""
    with writing(path) as connection:
        verify_denied(path, connection)
        connection.execute(delete(denied).where(denied.c.owner == denial.owner))
        connection.execute(insert(denied).values(**asdict(denial)))
        seal_denied(connection)


def allow(path: Path, owner: str) -> None:
    """Lift the denial of a person; without one, nothing happens."""
    with writing(path) as connection:
        verify_denied(path, connection)
        connection.execute(delete(denied).where(denied.c.owner == owner))
        seal_denied(connection)


def seal_denied(connection: Connection) -> None:
    """Write the digest of the denials and tell the server."""
    DENIED_DIGEST.write(connection, denied_digest(connection))
    bump(connection)


def insert_tombstones(connection: Connection, hrefs: Sequence[str], style: Style, number: int) -> None:
    """Record that hrefs were removed by generation `number`; an href that was removed before gets the newer number."""
    for some in _batches(hrefs):
        connection.execute(delete(tombstone).where(tombstone.c.href.in_(some)))
        connection.execute(
            insert(tombstone), [{"href": href, "revision": number, "style": style.value} for href in some]
        )


def insert_generation(connection: Connection, lineage: str, number: int, stamp: Stamp) -> None:
    """Write the row of generation `number`, still without its digests."""
    values = asdict(stamp)
    created_at = values.pop("now").isoformat()
    values |= {name: json.dumps(values[name]) for name in ("sources", "counts", "forced")}
    connection.execute(
        insert(generation).values(id=number, lineage=lineage, created_at=created_at, **_UNSEALED, **values)
    )


def _replace_cards(connection: Connection, number: int, change: Change) -> None:
    rows = ({**_card_values(new.uid, new.text, new.key), "contact": new.contact} for new in change.cards)
    _replace(connection, card, number, rows)
    _remove(connection, card, Style.PLAIN, number, [f"{uid}.vcf" for uid in change.cards_gone])


def _replace_groups(connection: Connection, number: int, change: Change) -> None:
    rows = ({**_card_values(new.uid, new.text, new.key), "cctld": new.cctld} for new in change.groups)
    _replace(connection, group_card, number, rows)
    hrefs = {row.cctld: row.href for row in connection.execute(current(group_card))}
    _remove(
        connection, group_card, Style.GROUPS, number, [hrefs[label] for label in change.groups_gone if label in hrefs]
    )


def _card_values(uid: str, text: str, key: str) -> dict[str, object]:
    return {"href": f"{uid}.vcf", "uid": uid, "etag": etag(text), "text": text, "key": key}


def _replace(connection: Connection, table: Table, number: int, rows: Iterator[dict[str, object]]) -> None:
    """Write the cards whose bytes changed. Of the others only what is stored beside the card is updated.

    The token and the tag of a book change only when served bytes do.
    """
    while batch := list(islice(rows, _BATCH)):
        query = select(table.c.href, table.c.etag).where(table.c.until.is_(None))
        etags = {row.href: row.etag for row in connection.execute(query.where(table.c.href.in_(_hrefs(batch))))}
        changed = []
        for row in batch:
            if row["etag"] != etags.get(str(row["href"])):
                changed.append(row)
                continue
            here = (table.c.href == row["href"], table.c.until.is_(None))
            connection.execute(update(table).where(*here).values(**row))
        _end(connection, table, _hrefs(changed), number)
        if changed:
            connection.execute(insert(table), [{**row, "since": number, "until": None} for row in changed])


def _hrefs(rows: Iterable[Mapping[str, object]]) -> list[str]:
    return [str(row["href"]) for row in rows]


def _remove(connection: Connection, table: Table, style: Style, number: int, hrefs: Sequence[str]) -> None:
    _end(connection, table, hrefs, number)
    insert_tombstones(connection, hrefs, style, number)


def _end(connection: Connection, table: Table, hrefs: Sequence[str], number: int) -> None:
    for some in _batches(hrefs):
        connection.execute(update(table).where(table.c.href.in_(some), table.c.until.is_(None)).values(until=number))
    # Nobody needs the text of an earlier card.
    shows_private = (table.c.until == number, table.c.key == SHOWS_PRIVATE)
    connection.execute(update(table).where(*shows_private).values(text="", etag=etag("")))


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
        # With a new name it is the same reader; with another person behind the address it is a new one.
        rows = [
            asdict(new)
            | {
                "since": kept.get(new.login) or new.since or number,
                "principal": principal_id(key, new.uid, new.login),
            }
            for new in some
        ]
        connection.execute(insert(reader), rows)
        remember_addresses(connection, {address_digest(new.login): new.owner for new in some})


def remember_addresses(connection: Connection, owners: Mapping[str, str]) -> None:
    """Record whose list addresses are, by their digests."""
    for some in _batches([*owners]):
        connection.execute(delete(address).where(address.c.digest.in_(some)))
        connection.execute(insert(address), [{"digest": digest, "owner": owners[digest]} for digest in some])


def _replace_absences(connection: Connection, change: Change, stamp: Stamp) -> None:
    for some in _batches([*change.present, *change.absent]):
        connection.execute(delete(absence).where(absence.c.owner.in_(some)))
    for gone in _batches([*change.absent.items()]):
        rows = [{"owner": owner, "since": since, "at": stamp.now.isoformat()} for owner, since in gone]
        connection.execute(insert(absence), rows)


def remember_departed(connection: Connection, gone: Mapping[str, Sequence[str]], returned: Sequence[str]) -> None:
    """Store the digests of traits of people who left, by UID, and delete those of people who came back."""
    for some in _batches([*returned, *gone]):
        connection.execute(delete(departed).where(departed.c.uid.in_(some)))
    rows = [{"trait": trait, "uid": uid} for uid, traits in gone.items() for trait in dict.fromkeys(traits)]
    for some_rows in _batches(rows):
        connection.execute(insert(departed), some_rows)


def drop_cards(path: Path, number: int, most: int) -> int:
    """Delete the rows that only the generations before `number` need; return from which one on cards are kept now.

    Where these are more than `most` rows, the oldest are deleted, and the next call goes on.

    Raises:
        CorruptStoreError: the newest generation is not what was written.
    """
    with writing(path) as connection:
        verified(path, connection)
        untils = union_all(*(select(table.c.until).where(table.c.until <= number) for table in _CARDS)).subquery()
        # The row after the last that may be deleted: the generation that ended it stays whole, unless it is the first.
        next_one = connection.execute(select(untils.c.until).order_by(untils.c.until).offset(most).limit(1)).scalar()
        first = connection.execute(select(func.min(untils.c.until))).scalar()
        last = number if next_one is None else max(first, next_one - 1)
        kept = connection.execute(select(func.max(generation.c.id)).where(generation.c.id <= last)).scalar() or 0
        for table in _CARDS:
            connection.execute(delete(table).where(table.c.until <= kept))
        KEPT_FROM.write(connection, kept)
        seal_newest(connection)
        return kept


def _batches(values: Sequence[_T]) -> Sequence[Sequence[_T]]:
    return [values[start : start + _BATCH] for start in range(0, len(values), _BATCH)]
