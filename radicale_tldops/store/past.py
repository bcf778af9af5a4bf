"""What the past tells: the book of a day, what each generation did to whom, and all that one person was.

Everything is verified before it is told, as in `kept.py`. Data that no card shows leave no trace: a new value that
gives the same card is noted in the card as it stands.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from sqlalchemy import Connection, func, or_, select

from radicale_tldops.roster.contact import Contact
from radicale_tldops.roster.errors import UnknownSubjectError
from radicale_tldops.store.generations import NUMBER
from radicale_tldops.store.kept import TABLES, kept_generation, verified_since
from radicale_tldops.store.notes import KEPT_FROM
from radicale_tldops.store.opening import reading_roster
from radicale_tldops.store.schema import card, generation
from radicale_tldops.store.values import Generation, parse_time


@dataclass(frozen=True, slots=True)
class CardChange:
    """What a generation did to one person's card.

    `old` is None for somebody who came or returned, `new` for somebody who went. Where both are the same contact, the
    card was only rendered anew.
    """

    generation: Generation
    uid: str
    old: Contact | None
    new: Contact | None


def load_number_on(path: Path, day: date) -> int:
    """Return the generation that was served at the end of a day, UTC.

    Raises:
        UnknownSubjectError: there was none yet, or its cards are no longer kept.
    """
    with reading_roster(path) as connection:
        before = select(func.max(NUMBER)).where(generation.c.created_at < _begin(day + timedelta(days=1)))
        number = connection.execute(before).scalar()
        if number is None:
            first = connection.execute(select(func.min(generation.c.created_at))).scalar()
            begin = (
                f"The first generation is of {first[:10]}." if first else "`tldops sync` makes the first generation."
            )
            raise UnknownSubjectError(f"nothing was served on {day} yet. {begin}")
        kept_from = KEPT_FROM.read(connection)
        if number < kept_from:
            raise UnknownSubjectError(f"the book of {day} is no longer kept. {_kept_since(connection, kept_from)}")
        return int(number)


def load_served(path: Path, number: int) -> Mapping[str, str]:
    """Return the bytes of every card and group card of a generation by href. Raises as `load_people` does."""
    with reading_roster(path) as connection:
        kept_generation(path, connection, number)
        return served(connection, number)


def served(connection: Connection, number: int) -> Mapping[str, str]:
    """Return the bytes of every card and group card of a generation by href; nothing is verified."""
    found: dict[str, str] = {}
    for table in TABLES:
        its = table.c.since <= number, or_(table.c.until.is_(None), table.c.until > number)
        found |= {row.href: row.text for row in connection.execute(select(table.c.href, table.c.text).where(*its))}
    return found


def load_changes(path: Path, first_day: date, last_day: date) -> tuple[Sequence[Generation], Sequence[CardChange]]:
    """Return the generations of these days, UTC, and what they did to the cards of people, the oldest first.

    Raises:
        UnknownSubjectError: what happened on the first of these days is no longer kept.
        CorruptStoreError: the cards are not those that were written.
    """
    begin, end = _begin(first_day), _begin(last_day + timedelta(days=1))
    with reading_roster(path) as connection:
        its = generation.c.created_at >= begin, generation.c.created_at < end
        first = connection.execute(select(func.min(NUMBER)).where(*its)).scalar()
        if first is None:
            return [], []
        kept_from = KEPT_FROM.read(connection)
        if first <= kept_from:
            raise UnknownSubjectError(
                f"the changes of {first_day} are no longer kept. {_kept_since(connection, kept_from)}"
            )
        past = verified_since(path, connection, first - 1)
        wanted = {each.id: each for each in past if begin <= each.created_at.isoformat() < end}
        return [*wanted.values()][::-1], [*_changes(connection, wanted, first)]


def load_person_changes(path: Path, uid: str) -> Sequence[CardChange]:
    """Return what every generation did to one person's card, as far as earlier cards are kept, the oldest first.

    Raises:
        CorruptStoreError: the cards are not those that were written.
    """
    with reading_roster(path) as connection:
        kept_from = KEPT_FROM.read(connection)
        past = {each.id: each for each in verified_since(path, connection, kept_from) if each.id > kept_from}
        return [*_changes(connection, past, 0, uid)]


def _changes(
    connection: Connection, past: Mapping[int, Generation], first: int, uid: str | None = None
) -> Iterator[CardChange]:
    """Yield what these generations did, in their order; rows that ended before `first` are not read."""
    query = select(card.c.uid, card.c.since, card.c.until, card.c.contact)
    query = query.where(or_(card.c.until.is_(None), card.c.until >= first))
    if uid is not None:
        query = query.where(card.c.href == f"{uid}.vcf")
    old: dict[tuple[int, str], Contact] = {}
    new: dict[tuple[int, str], Contact] = {}
    for row in connection.execute(query):
        contact = Contact.from_json(row.contact) if {row.since, row.until} & past.keys() else None
        if contact is not None:
            new[row.since, row.uid] = old[row.until or 0, row.uid] = contact
    for number, whose in sorted(key for key in old.keys() | new.keys() if key[0] in past):
        yield CardChange(past[number], whose, old.get((number, whose)), new.get((number, whose)))


def _kept_since(connection: Connection, kept_from: int) -> str:
    """Say from which day on the past is known whole."""
    its = select(generation.c.created_at).where(generation.c.id == kept_from)
    return f"What is kept begins on {_day(connection.execute(its).scalar_one())} with generation {kept_from}."


def _day(text: str) -> date:
    return parse_time(text).date()


def _begin(day: date) -> str:
    return datetime.combine(day, time(), UTC).isoformat()
