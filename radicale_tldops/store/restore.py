"""Restoring a backup: the cards are those of the backup, and nobody gets access back that ended since.

A new lineage: every sync token from before gets a full answer. What the roster holds afterwards, by how the one that is
replaced was:

| | sound | fails its digests | missing, or without a generation |
|---|---|---|---|
| cards, groups, generations | the backup's | the backup's | the backup's |
| tombstones | the backup's, and all that clients may hold and the backup lacks | the same | the backup's |
| readers | the replaced ones | those who are in both | the backup's |
| absences | the replaced ones | none | the backup's |
| denials, owners of addresses | both, the replaced ones first | the same | the same |
| people who left | both, and those whom the backup lacks | the same | the same |
| notes | as `Restoring` in `notes.py` says | the same, without what cannot be read | the backup's |

Devices, claims and the audit log come back only into a members database that has neither devices nor a log, or is
missing; a device that ended since, as the roster knows, stays ended. The desk database comes back only where it is
missing: what the secretariat wrote since is newer than the backup.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Connection, Table, delete, insert, select

from radicale_tldops.roster.contact import Contact
from radicale_tldops.roster.errors import InputError, StoreError
from radicale_tldops.roster.snapshot import Style
from radicale_tldops.roster.traits import departed_digests
from radicale_tldops.store.audit import audited_generations
from radicale_tldops.store.backup import DESK_SUFFIX, MEMBERS_SUFFIX, read_backup
from radicale_tldops.store.create import Rows, create, create_desk, create_members
from radicale_tldops.store.desk import load_erasures
from radicale_tldops.store.engine import UNREADABLE, is_missing, rewrite, writing
from radicale_tldops.store.erase import erase_from_members, forget, known_logins
from radicale_tldops.store.generations import newest
from radicale_tldops.store.notes import (
    COUNTER,
    ENDED_DEVICES,
    LINEAGE,
    NEWEST_ROSTER,
    new_lineage,
    read_note,
)
from radicale_tldops.store.read import load_readers
from radicale_tldops.store.replaced import TABLES, Replaced, hrefs_of
from radicale_tldops.store.schema import (
    DESK,
    MEMBERS,
    ROSTER,
    absence,
    audit,
    card,
    claim,
    denied,
    device,
    erasure,
    outbox,
    reader,
    roster,
)
from radicale_tldops.store.usage import load_usage
from radicale_tldops.store.values import Generation, Stamp
from radicale_tldops.store.write import (
    insert_generation,
    insert_tombstones,
    remember_addresses,
    remember_departed,
    reseal,
    seal,
    seal_denied,
)

_MOST = 2**48
"""The largest number of a generation that is accepted: an attacker on the server can write any number."""


@dataclass(frozen=True, slots=True)
class Restored:
    """The result of a restore. `gone` is the number of people whose cards clients may still hold.

    `denied` are the addresses of those who were denied after the backup, and `devices_ended` is the number of devices
    that ended after it: both are as before. `erased` is the number of people of the backup who were erased since.
    """

    generation: Generation
    from_generation: int
    gone: int
    shut_out: Sequence[str]
    let_in: Sequence[str]
    denied: Sequence[str]
    erased: int = 0
    devices_restored: int = 0
    devices_ended: int = 0


def restore(roster_path: Path, members_path: Path, desk_path: Path, source: Path, stamp: Stamp) -> Restored:
    """Replace the store by a backup, as a new generation of a new lineage, in one transaction.

    A database that is missing is created. Device passwords are restored only into a members database without any: a
    revoked one must not work again.

    Raises:
        InputError: `source` is missing or is no backup, or has no members database where that is missing, too.
        StoreError: a database failed; the store is as it was.
    """
    if not source.is_file():
        raise InputError(f"{source}: there is no such backup.")
    beside = source.with_name(source.name + MEMBERS_SUFFIX)
    rows = read_backup(source, ROSTER)
    members_rows = read_backup(beside, MEMBERS) if beside.is_file() else None
    desk_rows = _desk_rows(desk_path, source.with_name(source.name + DESK_SUFFIX))
    if members_rows is None and is_missing(members_path):
        raise InputError(
            f"{beside}: there is no such file, and the members database is missing, too. Put the second file of the "
            "backup there, or run `tldops init --new-members` (`tldops init` where both databases are missing) first."
        )
    used = _newest_used(members_path)
    erased = [str(row["owner"]) for row in desk_rows.get(erasure.name, ())] if desk_rows else _erased(desk_path)
    if is_missing(roster_path):
        create(roster_path, ROSTER)
    with writing(roster_path) as connection:
        before = Replaced.read(connection, roster_path)
        _put_back(connection, rows)
        logins = {owner: known_logins(connection, owner) for owner in erased}
        restored = _replace(connection, before, erased, stamp, used)
    if desk_rows is not None:
        create_desk(desk_path, desk_rows)
    if members_rows:
        count, ended = _restore_members(roster_path, members_path, members_rows, stamp)
        restored = replace(restored, devices_restored=count, devices_ended=ended)
    if erased:
        _finish_erasing(roster_path, members_path, logins, stamp)
    return restored


def _finish_erasing(roster_path: Path, members_path: Path, logins: Mapping[str, set[str]], stamp: Stamp) -> None:
    """Erase these owners, with the logins of each, from the members database, too, and from free pages."""
    others = load_readers(roster_path)
    for owner, own in logins.items():
        erase_from_members(members_path, owner, own, others, stamp.actor, stamp.now)
    for path in (roster_path, members_path):
        rewrite(path)


def _erased(desk_path: Path) -> Sequence[str]:
    """Return who was erased, by owner; nobody where there is no desk database, or it cannot be read."""
    with suppress(StoreError):
        return [each.owner for each in load_erasures(desk_path)]
    return []


def _desk_rows(desk_path: Path, beside: Path) -> Rows | None:
    """Return the rows of a new desk database, none where the backup has no desk; None where there is a desk."""
    if not is_missing(desk_path):
        return None
    rows = read_backup(beside, DESK) if beside.is_file() else {}
    # No mail comes back: it may have been sent since.
    return {name: its for name, its in rows.items() if name != outbox.name}


def _newest_used(members_path: Path) -> int:
    """Return the newest generation that the members database mentions; 0 if it cannot be read.

    It may belong to a lost roster. Its number must not be used again: devices, downloads and entries of the
    audit log refer to it.
    """
    with suppress(StoreError, *UNREADABLE):
        mark, (audited, pruned) = read_note(members_path, NEWEST_ROSTER), audited_generations(members_path)
        used, _ = load_usage(members_path)
        numbers = [*audited, pruned, mark.generation if mark else 0, *(use.generation for use in used)]
        return max(number for number in numbers if number <= _MOST)
    return 0


def _put_back(connection: Connection, rows: Rows) -> None:
    for table in reversed(roster.sorted_tables):
        connection.execute(delete(table))
    for table in roster.sorted_tables:
        _insert(connection, table, rows[table.name])


def _replace(connection: Connection, before: Replaced, erased: Sequence[str], stamp: Stamp, used: int) -> Restored:
    from_head = newest(connection)
    if from_head is None:
        raise AssertionError("a backup without a generation was let through")
    number = max(from_head.id, before.newest_id, used) + 1
    lineage = new_lineage()
    LINEAGE.write(connection, lineage)
    for note, value in before.notes.items():
        note.write(connection, value)
    backed_up_denials = set(connection.execute(select(denied.c.owner)).scalars())
    newly_denied = [str(row["login"] or row["owner"]) for row in before.denied if row["owner"] not in backed_up_denials]
    for row in before.denied:
        connection.execute(delete(denied).where(denied.c.owner == row["owner"]))
        connection.execute(insert(denied).values(**row))
    remember_addresses(connection, before.addresses)
    hrefs = _erase_again(connection, erased)
    backed_up = set(connection.execute(select(reader.c.login)).scalars())
    _keep_readers(connection, before)
    readers = set(connection.execute(select(reader.c.login)).scalars())
    people = len(hrefs_of(connection, card))
    counts = replace(
        from_head.counts,
        people=people,
        added=0,
        changed=0,
        removed=0,
        readers=len(readers),
        readers_added=0,
        readers_removed=0,
    )
    insert_generation(connection, lineage, number, replace(stamp, counts=counts))
    gone = _bury(connection, before, number)
    insert_tombstones(connection, hrefs, Style.PLAIN, number)
    seal_denied(connection)
    shut_out, let_in = sorted(backed_up - readers), sorted(readers - before.logins)
    return Restored(seal(connection, number), from_head.id, gone, shut_out, let_in, newly_denied, len(hrefs))


def _erase_again(connection: Connection, erased: Sequence[str]) -> list[str]:
    """Delete everybody who was erased; return the hrefs of those who have a card in the backup's newest generation."""
    hrefs: list[str] = []
    changed = set()
    for owner in erased:
        its = (card.c.uid == owner, card.c.until.is_(None))
        hrefs += connection.execute(select(card.c.href).where(*its)).scalars()
        connection.execute(delete(reader).where((reader.c.uid == owner) | (reader.c.login == owner)))
        changed.add(forget(connection, owner)[1])
    if changed - {0}:
        reseal(connection, min(changed - {0}))
    return hrefs


def _keep_readers(connection: Connection, before: Replaced) -> None:
    """Let nobody in who was put out since the backup: readers and absences stay those of the replaced store.

    Where that store had no generation, the backup is all there is; where it cannot be trusted, a reader has to be in
    both.
    """
    if not before.newest_id:
        return
    connection.execute(delete(absence))
    if before.trusted:
        connection.execute(delete(reader))
        _insert(connection, reader, before.readers)
        _insert(connection, absence, before.absences)
    else:
        connection.execute(delete(reader).where(reader.c.login.not_in(before.logins)))


def _bury(connection: Connection, before: Replaced, number: int) -> int:
    """Make a tombstone of everything that a client may hold and the backup lacks; return how many people that are."""
    for style, table in TABLES.items():
        insert_tombstones(connection, sorted(before.hrefs[style] - hrefs_of(connection, table)), style, number)
    here = set(connection.execute(select(card.c.uid).where(card.c.until.is_(None))).scalars())
    gone = {uid: contact for uid, contact in before.people.items() if uid not in here}
    known = {uid: found for uid, found in before.departed.items() if uid not in here}
    known |= {uid: _traits(uid, text) for uid, text in gone.items()}
    remember_departed(connection, known, [])
    return len(gone)


def _traits(uid: str, contact: str) -> list[str]:
    """Return the digests of what identifies a person; nothing where the replaced store holds what cannot be read."""
    with suppress(*UNREADABLE):
        return [*departed_digests(uid, Contact.from_json(contact))]
    return []


def _restore_members(roster_path: Path, members_path: Path, rows: Rows, stamp: Stamp) -> tuple[int, int]:
    """Bring devices, claims and the audit log back where there are none; return the number of devices.

    Devices that ended after the backup stay ended: the roster knows them. The second number is how many these are.
    """
    ended = {"revoked_at": stamp.now.isoformat(), "revoked_because": "ended after the backup"}
    known = read_note(roster_path, ENDED_DEVICES)
    devices = [row | ended if row["id"] in known and not row["revoked_at"] else row for row in rows[device.name]]
    count = len(devices), sum(row["revoked_because"] == ended["revoked_because"] for row in devices)
    rows = {**rows, device.name: devices}
    counter = [row for row in rows["meta"] if row["key"] == COUNTER.key]
    kept = {"meta": counter, **{table.name: rows[table.name] for table in (device, claim, audit)}}
    if is_missing(members_path):
        create_members(roster_path, members_path, kept)
        return count
    with writing(members_path) as connection:
        if connection.execute(select(device).limit(1)).first() or connection.execute(select(audit).limit(1)).first():
            return 0, 0
        for table in (device, claim, audit):
            _insert(connection, table, rows[table.name])
        backed_up = (int(str(row["value"])) for row in counter)
        COUNTER.write(connection, max(COUNTER.read(connection), *backed_up) + 1)
    return count


def _insert(connection: Connection, table: Table, rows: Sequence[dict[str, object]]) -> None:
    if rows:
        connection.execute(insert(table), list(rows))
