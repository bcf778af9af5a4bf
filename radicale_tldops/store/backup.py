"""Backups: one consistent file with both databases, and the way back from it.

A restore never lets a client end with a wrong book. The restored store is a new lineage, so every sync token from
before gets a full answer; what clients may hold and the backup does not have becomes a tombstone; whoever is denied
today stays denied.
"""

import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, MetaData, Row, Table, delete, insert, select

from radicale_tldops.roster.contact import Contact
from radicale_tldops.roster.errors import CorruptStoreError, InputError, StoreError
from radicale_tldops.roster.snapshot import Style
from radicale_tldops.roster.traits import trait_digest, traits
from radicale_tldops.store.engine import create_file, explain, reading, writing
from radicale_tldops.store.read import current, newest, verify
from radicale_tldops.store.schema import (
    MEMBERS_MIGRATIONS,
    ROSTER_MIGRATIONS,
    audit,
    card,
    claim,
    denied,
    departed,
    device,
    get_meta,
    group_card,
    members,
    new_lineage,
    prepare,
    reader,
    roster,
    set_meta,
    tombstone,
)
from radicale_tldops.store.values import Generation, Stamp
from radicale_tldops.store.write import insert_generation, insert_tombstones, remember_departed, seal, seal_denied

MEMBERS_SUFFIX = ".members"
"""What the name of a backup's second file, the members database, ends with."""

_Tables = Mapping[str, list[dict[str, object]]]
_KEPT_NOTES = ("counter", "last_sync", "newest_members", "audit_end", "audit_pruned", "audit_accepted")
"""The store's own notes that a restore leaves at their newest: what was seen, and how far counters had come."""

_TABLES = {Style.PLAIN: card, Style.GROUPS: group_card}


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did, and what it cannot take back. `gone` are people whose cards clients may still hold."""

    generation: Generation
    from_generation: int
    gone: int
    shut_out: Sequence[str]
    let_in: Sequence[str]
    devices_restored: int


def backup(roster_path: Path, members_path: Path, target: Path) -> Sequence[Path]:
    """Write copies of both databases, each consistent, at `target` and beside it; return their paths.

    Raises:
        InputError: a file is there already; a backup never overwrites.
        StoreError: a database cannot be read, or the disk is full; what was begun is removed.
    """
    pairs = ((roster_path, target), (members_path, target.with_name(target.name + MEMBERS_SUFFIX)))
    for _, copy in pairs:
        if copy.exists():
            raise InputError(f"{copy}: the file exists, and a backup never overwrites. Choose another name.")
    try:
        for source, copy in pairs:
            _copy(source, copy)
        _verify_copy(target)
    except BaseException:
        for _, copy in pairs:
            copy.unlink(missing_ok=True)
        raise
    return [copy for _, copy in pairs]


def _copy(source: Path, target: Path) -> None:
    create_file(target)
    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as original,
            closing(sqlite3.connect(target)) as copy,
        ):
            original.backup(copy)
    except sqlite3.Error as error:
        raise explain(target, error) from error


def _verify_copy(copy: Path) -> None:
    with reading(copy) as connection:
        head = newest(connection)
        if head is not None:
            verify(copy, connection, head)


def restore(roster_path: Path, members_path: Path, source: Path, stamp: Stamp) -> Restored:
    """Put a backup in the place of the store, as a new generation of a new lineage, in one transaction.

    Device passwords come back only into a members database that has none: restoring must not revive what was revoked.

    Raises:
        InputError: `source` is missing or is no backup.
        StoreError: a database failed; the store is as it was.
    """
    if not source.is_file():
        raise InputError(f"{source}: there is no such backup.")
    beside = source.with_name(source.name + MEMBERS_SUFFIX)
    rows = _read_backup(source, roster, ROSTER_MIGRATIONS)
    members_rows = _read_backup(beside, members, MEMBERS_MIGRATIONS) if beside.is_file() else None
    with writing(roster_path) as connection:
        restored = _replace(connection, roster_path, rows, stamp)
    count = _restore_devices(members_path, members_rows) if members_rows else 0
    return Restored(*restored, devices_restored=count)


def _read_backup(source: Path, database: MetaData, migrations: Sequence[Callable[[Connection], None]]) -> _Tables:
    """Read all the tables of a backup, by way of a copy that is brought to this version first."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "backup.sqlite"
            _copy(source, copy)
            prepare(copy, database, migrations)
            with reading(copy) as connection:
                if database is roster:
                    head = newest(connection)
                    if head is None:
                        raise InputError(f"{source}: this backup holds no generation.")
                    verify(source, connection, head)
                return {table.name: _rows(connection, table) for table in database.sorted_tables}
    except StoreError as error:
        raise InputError(f"{source}: this backup cannot be used: {error}") from error


def _rows(connection: Connection, table: Table) -> list[dict[str, object]]:
    return [dict(row) for row in connection.execute(select(table)).mappings()]


def _replace(
    connection: Connection, path: Path, rows: _Tables, stamp: Stamp
) -> tuple[Generation, int, int, Sequence[str], Sequence[str]]:
    before = _Before.read(connection, path)
    for table in reversed(roster.sorted_tables):
        connection.execute(delete(table))
    for table in roster.sorted_tables:
        _insert(connection, table, rows[table.name])
    from_head = newest(connection)
    if from_head is None:
        raise AssertionError("a backup without a generation was let through")
    number = max(from_head.id, before.newest_id) + 1
    lineage = new_lineage()
    set_meta(connection, "lineage", lineage)
    for key, value in before.notes.items():
        set_meta(connection, key, value)
    for row in before.denied:
        connection.execute(delete(denied).where(denied.c.login == row["login"]))
        connection.execute(insert(denied).values(**row))
    backed_up = set(connection.execute(select(reader.c.login)).scalars())
    _keep_readers(connection, before)
    readers = set(connection.execute(select(reader.c.login)).scalars())
    counts = replace(
        from_head.counts, added=0, changed=0, removed=0, readers=len(readers), readers_added=0, readers_removed=0
    )
    insert_generation(connection, lineage, number, replace(stamp, counts=counts))
    gone = _bury(connection, before, number)
    seal_denied(connection)
    return seal(connection, number), from_head.id, gone, sorted(backed_up - readers), sorted(readers - before.logins)


@dataclass(frozen=True, slots=True)
class _Before:
    """What the replaced store held that must outlive it."""

    newest_id: int
    notes: Mapping[str, str]
    departed: Mapping[str, list[str]]
    trusted: bool
    hrefs: Mapping[Style, set[str]]
    people: Mapping[str, str]
    denied: Sequence[dict[str, object]]
    readers: Sequence[dict[str, object]]

    @classmethod
    def read(cls, connection: Connection, path: Path) -> Self:
        head = newest(connection)
        trusted = head is not None
        if head is not None:
            try:
                verify(path, connection, head)
            except CorruptStoreError:
                trusted = False
        return cls(
            newest_id=head.id if head else 0,
            notes={key: text for key in _KEPT_NOTES if (text := get_meta(connection, key))},
            departed=_by_uid(connection.execute(select(departed))),
            trusted=trusted,
            hrefs=_known_hrefs(connection),
            people={row.uid: row.contact for row in connection.execute(current(card))},
            denied=_rows(connection, denied),
            readers=_rows(connection, reader),
        )

    @property
    def logins(self) -> set[str]:
        return {str(row["login"]) for row in self.readers}


def _known_hrefs(connection: Connection) -> Mapping[Style, set[str]]:
    """Return every href that a client may hold: members and tombstones."""
    hrefs = {style: _hrefs(connection, table) for style, table in _TABLES.items()}
    for row in connection.execute(select(tombstone)):
        hrefs[Style(row.style)].add(row.href)
    return hrefs


def _hrefs(connection: Connection, table: Table) -> set[str]:
    return set(connection.execute(select(table.c.href).where(table.c.until.is_(None))).scalars())


def _keep_readers(connection: Connection, before: _Before) -> None:
    """Let nobody in who was put out since the backup: readers stay those of the replaced store.

    Where that store had no generation, the backup is all there is; where it cannot be trusted, a reader has to be in
    both.
    """
    if not before.newest_id:
        return
    if before.trusted:
        connection.execute(delete(reader))
        _insert(connection, reader, before.readers)
    else:
        connection.execute(delete(reader).where(reader.c.login.not_in(before.logins)))


def _bury(connection: Connection, before: _Before, number: int) -> int:
    """Make a tombstone of everything that a client may hold and the backup lacks; return how many people that are."""
    for style, table in _TABLES.items():
        insert_tombstones(connection, sorted(before.hrefs[style] - _hrefs(connection, table)), style, number)
    here = set(connection.execute(select(card.c.uid).where(card.c.until.is_(None))).scalars())
    gone = {uid: contact for uid, contact in before.people.items() if uid not in here}
    known = {uid: found for uid, found in before.departed.items() if uid not in here}
    known |= {uid: [trait_digest(trait) for trait in traits(Contact.from_json(text))] for uid, text in gone.items()}
    remember_departed(connection, known, [])
    return len(gone)


def _by_uid(rows: Iterable[Row[Any]]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row.uid, []).append(row.trait)
    return found


def _restore_devices(members_path: Path, rows: _Tables) -> int:
    with writing(members_path) as connection:
        if connection.execute(select(device).limit(1)).first() or connection.execute(select(audit).limit(1)).first():
            return 0
        for table in (device, claim, audit):
            _insert(connection, table, rows[table.name])
        counters = (int(get_meta(connection, "counter", "0")), *_counter(rows))
        set_meta(connection, "counter", str(max(counters) + 1))
    return len(rows[device.name])


def _counter(rows: _Tables) -> Iterator[int]:
    return (int(str(row["value"])) for row in rows["meta"] if row["key"] == "counter")


def _insert(connection: Connection, table: Table, rows: Sequence[dict[str, object]]) -> None:
    if rows:
        connection.execute(insert(table), list(rows))
