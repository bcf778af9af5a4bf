"""The past: which generations are kept with their cards, and whether these are as they were written.

Nothing changes a row any more once a generation has replaced or removed it, so each generation keeps a digest over the
rows that it ended. The link of a generation covers this digest, and the digest of the newest one covers all links and
its own cards. Together they cover all cards of a generation that is kept: what stands in it now, and what later
generations ended.

How long the cards of a generation are kept is decided in `retention.py`, and the note `KEPT_FROM` says what is there.
"""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path

from sqlalchemy import Connection, or_, select

from radicale_tldops.roster.digest import digest, etag
from radicale_tldops.roster.errors import CorruptStoreError, UnknownSubjectError
from radicale_tldops.store import generations
from radicale_tldops.store.notes import KEPT_FROM
from radicale_tldops.store.opening import reading_roster
from radicale_tldops.store.read import covered, people_of, verified
from radicale_tldops.store.schema import card, generation, group_card
from radicale_tldops.store.values import Generation, StoredPerson

TABLES = (card, group_card)
"""The tables of cards."""

NOTHING_ENDED = digest((), ())
"""The digest of a generation that replaced and removed nothing."""


def ended_digests(connection: Connection, number: int) -> Iterator[tuple[int, str]]:
    """Yield the generations from `number` on that replaced or removed rows, in order, each with the digest of these."""
    for until, rows in groupby(
        heapq.merge(*(_ended(connection, place, number) for place in (0, 1))), lambda row: row[0]
    ):
        sections: tuple[list[tuple[object, ...]], ...] = ([], [])
        for _, place, values in rows:
            sections[place].append(values)
        yield until, digest(*sections)


def _ended(connection: Connection, place: int, number: int) -> Iterator[tuple[int, int, tuple[object, ...]]]:
    """Yield what digests cover of the ended rows of a table, behind the generation that ended each and `place`."""
    table = TABLES[place]
    for row in connection.execute(select(table).where(table.c.until >= number).order_by(table.c.until)):
        yield row.until, place, covered(table, row)


def load_people(path: Path, number: int) -> tuple[Generation, Mapping[str, StoredPerson]]:
    """Return the people of a generation that is still kept in full, verified.

    Raises:
        UnknownSubjectError: there is no such generation, or its cards are no longer kept.
        CorruptStoreError: its cards are not those that were written.
    """
    with reading_roster(path) as connection:
        found = kept_generation(path, connection, number)
        its = (card.c.since <= number, or_(card.c.until.is_(None), card.c.until > number))
        return found, people_of(connection.execute(select(card).where(*its)))


def load_past_people(path: Path) -> Mapping[str, StoredPerson]:
    """Return everybody who stands in a generation that is kept, as they were last. Raises as `load_people` does."""
    with reading_roster(path) as connection:
        verify_past(path, connection)
        return people_of(connection.execute(select(card).order_by(card.c.since)))


def kept_generation(path: Path, connection: Connection, number: int) -> Generation:
    """Return a generation that is still kept in full, after all that its cards are read from was verified.

    Raises as `load_people` does.
    """
    if connection.execute(select(generation.c.id).where(generation.c.id == number)).first() is None:
        raise UnknownSubjectError(f"there is no generation {number}. `tldops history` lists them.")
    oldest = KEPT_FROM.read(connection)
    if number < oldest:
        raise UnknownSubjectError(
            f"the cards of generation {number} are no longer kept; the oldest that are kept are those of "
            f"generation {oldest}. `[store] history_days` says how long."
        )
    return verified_since(path, connection, number)[-1]


def verify_kept(path: Path) -> None:
    """Verify every generation that is kept. Raises as `load_people` does."""
    with reading_roster(path) as connection:
        verify_past(path, connection)


def verify_past(path: Path, connection: Connection) -> None:
    """Verify every generation that is kept, within a transaction. Raises as `load_people` does."""
    verified_since(path, connection, KEPT_FROM.read(connection))


def verified_since(path: Path, connection: Connection, number: int) -> Sequence[Generation]:
    """Return generation `number` and all later ones, the newest first, after their rows and cards were verified."""
    verified(path, connection)
    found = generations.since(path, connection, number)
    wrong = {past.id: past.ended for past in found if past.id > number and past.ended != NOTHING_ENDED}
    for until, ended in ended_digests(connection, number + 1):
        if wrong.get(until) == ended:
            del wrong[until]
        else:
            wrong[until] = ended
    if wrong:
        first = max(wrong)
        raise CorruptStoreError(
            f"{path}: the cards that generation {first} replaced were changed by something else than tldops"
            f"{_named(connection, first)}. No generation before {first} is shown or brought back; the newest one is "
            "whole. Find out what changed the file. Older cards come from a backup: `tldops restore BACKUP`."
        )
    return found


def _named(connection: Connection, number: int) -> str:
    """Return the name of a changed card among those that generation `number` ended, where its own tag shows it."""
    for table in TABLES:
        for row in connection.execute(select(table).where(table.c.until == number)):
            if etag(row.text) != row.etag:
                return f" ({row.href})"
    return ""
