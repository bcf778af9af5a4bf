"""The desk database: private columns, and who was erased. For commands only: the server never imports this.

Nothing depends on it but the plans of `sync` and the exports that ask for it: who may read, and every card, come from
the roster alone.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import delete, insert, inspect, select, update

from radicale_tldops.roster.contact import PrivateValues
from radicale_tldops.roster.errors import CorruptStoreError, MissingStoreError, StoreError
from radicale_tldops.store.engine import damaged, reading, writing
from radicale_tldops.store.opening import check_version
from radicale_tldops.store.schema import DESK, erasure, outbox, private
from radicale_tldops.store.values import RosterState


@dataclass(frozen=True, slots=True)
class Erasure:
    """That somebody is erased: `owner` is a UID, or the login of a reader who was no SSC.

    `finished_at` is empty until nothing of them is left.
    """

    owner: str
    at: str
    actor: str
    finished_at: str = ""


def left_out(path: Path, error: StoreError) -> StoreError:
    """Return the error of a command that goes on without the desk database; `error` is why it cannot be used."""
    why = str(error)
    if isinstance(error, MissingStoreError | CorruptStoreError):
        is_missing = isinstance(error, MissingStoreError)
        what = "missing or empty." if is_missing else "damaged, or holds what tldops did not write. Move it aside."
        why = (
            f"{path}: the desk database is {what} Put FILE.desk of a backup in its place, or run `tldops init "
            "--new-desk`: the next `tldops sync` fills it from the membership file."
        )
    return StoreError(f"note, evidence and columns of your own cannot be used, and nothing else depends on them: {why}")


def load_private(path: Path) -> Mapping[str, PrivateValues]:
    """Return the private values of everybody who has some, by UID.

    Raises:
        StoreError: the desk database cannot be read, or is of another version.
    """
    found: dict[str, dict[tuple[str, str], str]] = {}
    with reading(path) as connection:
        check_version(path, connection, DESK)
        if private.name not in inspect(connection).get_table_names():
            raise damaged(path, f"the table {private.name} is missing")
        for row in connection.execute(select(private)):
            if not isinstance(row.value, str):
                raise TypeError(f"the column {row.column} of {row.uid} holds no text")
            found.setdefault(row.uid, {})[row.column, row.cctld] = row.value
    return found


def add_private(state: RosterState, values: Mapping[str, PrivateValues]) -> RosterState:
    """Return the state whose people have these private values."""
    people = {
        uid: replace(person, contact=person.contact.with_private(values[uid])) if uid in values else person
        for uid, person in state.people.items()
    }
    return replace(state, people=people)


def keep_private(path: Path, changed: Mapping[str, PrivateValues], everybody: Collection[str]) -> None:
    """Write the private values of the people in `changed`, and forget those of all who are not in `everybody`.

    Raises:
        StoreError: the desk database cannot be written; it is as it was.
    """
    with writing(path) as connection:
        check_version(path, connection, DESK)
        known = set(connection.execute(select(private.c.uid).distinct()).scalars())
        for uid in known & changed.keys() | known - set(everybody):
            connection.execute(delete(private).where(private.c.uid == uid))
        rows = [
            {"uid": uid, "column": column, "cctld": cctld, "value": value}
            for uid, values in changed.items()
            for (column, cctld), value in values.items()
        ]
        if rows:
            connection.execute(insert(private), rows)


def load_erasures(path: Path) -> Sequence[Erasure]:
    """Return who was erased, or is to be, the oldest first. Raises as `load_private` does."""
    with reading(path) as connection:
        check_version(path, connection, DESK)
        rows = connection.execute(select(erasure).order_by(erasure.c.at, erasure.c.owner)).mappings()
        return [Erasure(**row) for row in rows]


def begin_erasure(path: Path, owner: str, actor: str, now: datetime) -> None:
    """Record that a person is to be erased, before anything of them is deleted."""
    with writing(path) as connection:
        check_version(path, connection, DESK)
        connection.execute(delete(erasure).where(erasure.c.owner == owner))
        connection.execute(insert(erasure).values(**asdict(Erasure(owner, now.isoformat(), actor))))


def erase_from_desk(path: Path, owner: str) -> None:
    """Delete the private columns of a person, and the mails to them."""
    with writing(path) as connection:
        connection.execute(delete(outbox).where(outbox.c.owner == owner))
        connection.execute(delete(private).where(private.c.uid == owner))


def finish_erasure(path: Path, owner: str, now: datetime) -> None:
    """Record that nothing of a person is left to erase."""
    with writing(path) as connection:
        its = update(erasure).where(erasure.c.owner == owner)
        connection.execute(its.values(finished_at=now.isoformat()))
