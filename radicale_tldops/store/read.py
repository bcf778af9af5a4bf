"""Reading the roster database: what the server serves, and what a plan starts from."""

import hashlib
import hmac
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, Select, Table, func, select, union

from radicale_tldops.roster.contact import Contact
from radicale_tldops.roster.device import Absence, OwnerStates
from radicale_tldops.roster.digest import digest, etag
from radicale_tldops.roster.errors import StoreError
from radicale_tldops.roster.snapshot import Card, Reader, Snapshot, Style, make_book
from radicale_tldops.store import generations
from radicale_tldops.store.engine import WRITE_WAIT, damaged
from radicale_tldops.store.generations import NUMBER, link, link_before, newest
from radicale_tldops.store.notes import DENIED_DIGEST, KEPT_FROM, LINEAGE
from radicale_tldops.store.opening import reading_roster
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
from radicale_tldops.store.values import Denial, Generation, RosterState, StoredPerson, parse_time

_TOMBSTONE_DIGEST = (tombstone.c.href, tombstone.c.style, tombstone.c.revision)
_TOLD = union(
    *(select(table.c.since).where(table.c.until.is_(None)) for table in (card, group_card)),
    select(func.max(tombstone.c.revision)).group_by(tombstone.c.style),
)
_TIMES = select(generation.c.id, generation.c.created_at).where(generation.c.id.in_(_TOLD))
"""The times of the generations whose revision the server may tell: of a card that stands, or of the last one gone."""
_READER_DIGEST = (reader.c.login, reader.c.uid, reader.c.principal, reader.c.name, reader.c.reason, reader.c.since)


def load_snapshot(path: Path, *, wait: float = WRITE_WAIT) -> Snapshot:
    """Load the newest generation and verify it.

    Raises:
        CorruptStoreError: a digest does not match; nothing of such a generation is ever served.
        StoreError: the database cannot be read, or holds no generation yet.
    """
    with reading_roster(path, wait=wait) as connection:
        head = _verified_head(path, connection)
        times = {row.id: parse_time(row.created_at) for row in connection.execute(_TIMES)}
        cards = [_card(row, times, row.contact) for row in connection.execute(current(card))]
        groups = [_card(row, times) for row in connection.execute(current(group_card))]
        gone = connection.execute(select(tombstone)).all()
        readers = {row.login: _reader(row) for row in connection.execute(select(reader))}
        refused = frozenset(connection.execute(select(denied.c.owner)).scalars())
        addresses = _addresses(connection)
    plain_gone = {row.href: row.revision for row in gone if row.style == Style.PLAIN}
    plain = make_book(Style.PLAIN, head.lineage, cards, plain_gone, times)
    all_gone = {row.href: row.revision for row in gone}
    both = make_book(Style.GROUPS, head.lineage, (*cards, *groups), all_gone, times)
    return Snapshot(head.lineage, head.id, head.created_at, plain, both, readers, refused, addresses)


def load_state(path: Path, recent_since: datetime) -> RosterState:
    """Load the newest generation for planning, verified; `recent` holds the generations since `recent_since`."""
    with reading_roster(path) as connection:
        head = verified(path, connection)
        reader_rows = connection.execute(select(reader)).all()
        denials = {row["owner"]: Denial(**row) for row in connection.execute(select(denied)).mappings()}
        traits: dict[str, set[str]] = {}
        for row in connection.execute(select(departed)):
            traits.setdefault(row.trait, set()).add(row.uid)
        return RosterState(
            lineage=LINEAGE.read(connection),
            head=head,
            people=people_of(connection.execute(current(card))),
            groups={row.cctld: row.key for row in connection.execute(current(group_card))},
            readers={row.login: _reader(row) for row in reader_rows},
            reader_uids={row.login: row.uid for row in reader_rows},
            denied=_by_login(denials, reader_rows),
            recent=_recent(path, connection, recent_since),
            departed={trait: frozenset(uids) for trait, uids in traits.items()},
            brought_back=generations.brought_back(connection),
            denials=denials,
            absences=_absences(connection),
            addresses=_addresses(connection),
            spent=frozenset(
                href.removesuffix(".vcf") for href in connection.execute(select(tombstone.c.href)).scalars()
            ),
        )


def load_owner_states(path: Path) -> OwnerStates:
    """Return who reads, who is away and who is denied."""
    with reading_roster(path) as connection:
        readers = [_reader(row) for row in connection.execute(select(reader))]
        refused = frozenset(connection.execute(select(denied.c.owner)).scalars())
        by_owner = {found.owner: found for found in readers}
        return OwnerStates(by_owner, _absences(connection), refused)


def _absences(connection: Connection) -> Mapping[str, Absence]:
    return {row.owner: Absence(row.since, parse_time(row.at)) for row in connection.execute(select(absence))}


def _addresses(connection: Connection) -> Mapping[str, str]:
    return {row.digest: row.owner for row in connection.execute(select(address))}


def _by_login(denials: Mapping[str, Denial], readers: Sequence[Row[Any]]) -> Mapping[str, Denial]:
    """Return the denials by each login that they end, or by an address where they end none.

    By the owner where somebody else reads under that address now.
    """
    found = {row.login: denials.get(row.uid) or denials.get(row.login) for row in readers}
    ended = {login: denial for login, denial in found.items() if denial is not None}
    reading = {denial.owner for denial in ended.values()}
    others = {owner: denial for owner, denial in denials.items() if owner not in reading}
    return ended | {
        denial.login if denial.login and denial.login not in found else owner: denial
        for owner, denial in others.items()
    }


def load_head(path: Path, *, wait: float = WRITE_WAIT) -> Generation | None:
    """Return the newest generation, or None where there is no generation; its digest is not verified."""
    with reading_roster(path, wait=wait) as connection:
        return newest(connection)


def verify_newest(path: Path) -> Generation:
    """Verify the newest generation without keeping its cards, and return it. Raises as `load_snapshot` does."""
    with reading_roster(path) as connection:
        return _verified_head(path, connection)


def load_history(path: Path, *, since: int = 0, limit: int | None = None) -> Sequence[Generation]:
    """Return the generations from number `since` on, the newest first and at most `limit`.

    Raises:
        CorruptStoreError: one of them is not what was written.
    """
    with reading_roster(path) as connection:
        return generations.since(path, connection, since, limit)


def load_numbers(path: Path) -> Sequence[int]:
    """Return the number of every generation."""
    with reading_roster(path) as connection:
        return connection.execute(select(generation.c.id)).scalars().all()


def load_brought_back(path: Path) -> int:
    """Return the newest generation that is a rollback or a restore, 0 without one."""
    with reading_roster(path) as connection:
        return generations.brought_back(connection)


def load_readers(path: Path) -> Mapping[str, Reader]:
    """Return everybody on the list, denied or not, by login."""
    with reading_roster(path) as connection:
        return {row.login: _reader(row) for row in connection.execute(select(reader))}


def load_cards(path: Path) -> Sequence[str]:
    """Return the vCards of the newest generation, ordered by their href."""
    return [found.text for _, found in sorted(load_snapshot(path).plain.cards.items())]


def _recent(path: Path, connection: Connection, begin: datetime) -> Sequence[Generation]:
    """Return the generations since a moment, verified, the newest first."""
    of_then = select(func.min(NUMBER)).where(generation.c.created_at >= begin.isoformat())
    first = connection.execute(of_then).scalar()
    found = [] if first is None else generations.since(path, connection, first)
    return [past for past in found if past.created_at >= begin]


def current(table: Table) -> Select[Any]:
    """Select the rows of the newest generation."""
    return select(table).where(table.c.until.is_(None))


def card_rows(connection: Connection, which: Callable[[Table], Select[Any]]) -> Iterable[Iterable[tuple[object, ...]]]:
    """Return what digests cover of the cards, and of the group cards, that `which` selects: bytes and data."""
    return [_covered_rows(connection, table, which(table)) for table in (card, group_card)]


def _covered_rows(connection: Connection, table: Table, query: Select[Any]) -> Iterator[tuple[object, ...]]:
    return (covered(table, row) for row in connection.execute(query))


def covered(table: Table, row: Row[Any]) -> tuple[object, ...]:
    """Return what digests cover of a row of a table of cards."""
    own = row.cctld if table is group_card else etag(row.contact)
    return row.href, row.uid, row.since, row.etag, etag(row.text), row.key, own


def compute_digest(connection: Connection, lineage: str, number: int) -> str:
    """Return the digest of the current rows: cards, group cards, tombstones and who reads; and of all generations.

    Of these it covers the newest link, what is read of all of them, and the times that the server tells.
    """
    readers = [tuple(row) for table in (select(*_READER_DIGEST), select(absence)) for row in connection.execute(table)]
    tombstones = (tuple(row) for row in connection.execute(select(*_TOMBSTONE_DIGEST)))
    whole = link_before(connection, number + 1), generations.brought_back(connection), KEPT_FROM.read(connection)
    times = (tuple(row) for row in connection.execute(_TIMES))
    cards = card_rows(connection, current)
    return digest([(lineage, number)], *cards, readers, tombstones, [whole], times)


def denied_digest(connection: Connection) -> str:
    """Return the digest of the denials."""
    return digest(tuple(row) for row in connection.execute(select(denied)))


def verified(path: Path, connection: Connection) -> Generation | None:
    """Return the newest generation after its digests were compared with the rows; None where there is no generation.

    Raises:
        CorruptStoreError: they differ, or the number of cards is not what the generation says.
    """
    head = newest(connection)
    if head is None:
        return None
    row = connection.execute(select(generation).where(generation.c.id == head.id)).one()
    is_linked = head.chain == link(link_before(connection, head.id), row)
    if not is_linked or compute_digest(connection, head.lineage, head.id) != head.digest:
        raise damaged(path, f"generation {head.id} does not match its digest")
    verify_denied(path, connection)
    people = connection.execute(select(card.c.href).where(card.c.until.is_(None))).all()
    if len(people) != head.counts.people:
        raise damaged(path, f"generation {head.id} has {len(people)} cards and should have {head.counts.people}")
    return head


def _verified_head(path: Path, connection: Connection) -> Generation:
    head = verified(path, connection)
    if head is None:
        raise StoreError(f"{path}: the store holds no generation yet. `tldops sync` makes the first one.")
    return head


def verify_denied(path: Path, connection: Connection) -> None:
    """Compare the digest of the denials with the rows.

    Raises:
        CorruptStoreError: they differ.
    """
    if denied_digest(connection) != DENIED_DIGEST.read(connection):
        raise damaged(path, "the list of denied logins does not match its digest")


def principal_id(key: str, uid: str, login: str) -> str:
    """Return the id of a reader's principal. It never changes, and nobody can tell from it whose it is."""
    subject = f"uid:{uid}" if uid else f"login:{login}"
    return hmac.new(key.encode(), subject.encode(), hashlib.sha256).hexdigest()[:16]


def _card(row: Row[Any], times: Mapping[int, datetime], contact: str = "") -> Card:
    return Card(row.href, row.uid, row.text, row.etag, row.since, times[row.since], contact)


def _reader(row: Row[Any]) -> Reader:
    return Reader(row.login, row.principal, row.name, row.since, row.reason, row.uid)


def people_of(rows: Iterable[Row[Any]]) -> Mapping[str, StoredPerson]:
    """Return the people of these rows of cards, by UID."""
    return {row.uid: StoredPerson(row.uid, Contact.from_json(row.contact), row.key) for row in rows}
