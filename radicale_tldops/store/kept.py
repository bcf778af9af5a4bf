"""The generations before the newest one: which are kept with their cards, and whether these are as they were written.

Nothing changes a row any more once a generation has replaced or removed it, so each generation keeps a digest over the
rows that it ended. The digest of the newest generation covers its own cards and these digests. Together they cover all
cards of a generation that is kept: what stands in it now, and what later generations ended.
"""

from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import Connection, or_, select

from radicale_tldops.roster.digest import digest, etag
from radicale_tldops.roster.errors import CorruptStoreError, UnknownSubjectError
from radicale_tldops.store.opening import reading_roster
from radicale_tldops.store.read import card_rows, history, people_of, verified
from radicale_tldops.store.schema import card, generation, group_card
from radicale_tldops.store.values import Generation, StoredPerson

KEPT_GENERATIONS = 10
"""How many generations keep their cards, so that `rollback` and `show` can use them.

Generations that change logins alone write no cards. They are not counted, so they never push out the last good cards.
"""


def oldest_kept(connection: Connection) -> int:
    """Return the oldest generation whose cards are kept; 0 where all are."""
    with_cards = select(generation.c.id).where(generation.c.kind != "access").order_by(generation.c.id.desc())
    return connection.execute(with_cards.offset(KEPT_GENERATIONS - 1).limit(1)).scalar() or 0


def ended_digest(connection: Connection, number: int) -> str:
    """Return the digest of the rows that generation `number` replaced or removed."""
    return digest(*card_rows(connection, lambda table: select(table).where(table.c.until == number)))


def load_people(path: Path, number: int) -> tuple[Generation, Mapping[str, StoredPerson]]:
    """Return the people of a generation that is still kept in full, verified.

    Raises:
        UnknownSubjectError: there is no such generation, or its cards are no longer kept.
        CorruptStoreError: its cards are not those that were written.
    """
    with reading_roster(path) as connection:
        found = next((past for past in history(connection) if past.id == number), None)
        if found is None:
            raise UnknownSubjectError(f"there is no generation {number}. `tldops history` lists them.")
        if number < oldest_kept(connection):
            raise UnknownSubjectError(
                f"the cards of generation {number} are no longer kept; only the last ten are, not counting those that "
                "changed logins alone."
            )
        _verify(path, connection, number)
        its = (card.c.since <= number, or_(card.c.until.is_(None), card.c.until > number))
        return found, people_of(connection.execute(select(card).where(*its)))


def verify_kept(path: Path) -> None:
    """Verify every generation that is kept. Raises as `load_people` does."""
    with reading_roster(path) as connection:
        _verify(path, connection, oldest_kept(connection))


def _verify(path: Path, connection: Connection, number: int) -> None:
    """Verify the cards of generation `number` and of all later ones."""
    verified(path, connection)
    later = select(generation.c.id, generation.c.ended).where(generation.c.id > number)
    stored = {row.id: row.ended for row in connection.execute(later)}
    found = {
        until
        for table in (card, group_card)
        for until in connection.execute(select(table.c.until).where(table.c.until > number).distinct()).scalars()
    }
    wrong = found - set(stored) | {past for past, ended in stored.items() if ended_digest(connection, past) != ended}
    if wrong:
        first = max(wrong)
        raise CorruptStoreError(
            f"{path}: the cards that generation {first} replaced were changed by something else than tldops"
            f"{_named(connection, first)}. No generation before {first} is shown or brought back; the newest one is "
            "whole. Find out what changed the file. Older cards come from a backup: `tldops restore BACKUP`."
        )


def _named(connection: Connection, number: int) -> str:
    """Return the name of a changed card among those that generation `number` ended, where its own tag shows it."""
    for table in (card, group_card):
        for row in connection.execute(select(table).where(table.c.until == number)):
            if etag(row.text) != row.etag:
                return f" ({row.href})"
    return ""
