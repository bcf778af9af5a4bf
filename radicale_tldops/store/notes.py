"""The notes of the databases: every value that a database keeps about itself, in one table.

A note is a row of the table `meta`: a key and a text. The notes are the same in every version of the databases, so they
can be read without looking at the version first.
"""

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import Enum, auto
from pathlib import Path
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, insert, select, update

from radicale_tldops.store.engine import UNREADABLE, WRITE_WAIT, reading
from radicale_tldops.store.freshness import Freshness
from radicale_tldops.store.schema import DESK, MEMBERS, ROSTER, Database, meta
from radicale_tldops.store.values import NO_LINK, LastSync, Link, Mark

_T = TypeVar("_T")


class Restoring(Enum):
    """What becomes of a note when a backup is restored over its database."""

    KEPT = auto()
    """The replaced database's value stays; the backup's, where the replaced one has none or it cannot be read."""
    FROM_BACKUP = auto()
    """The backup's value."""
    WRITTEN_ANEW = auto()
    """A new value: the restored database is not the one that was backed up."""
    NOT_TOUCHED = auto()
    """A restore leaves the note alone: the members database is never replaced as a whole."""


class DamagedNoteError(ValueError):
    """A note cannot be read. The transaction in which it is read turns this into `CorruptStoreError`."""


@dataclass(frozen=True, slots=True, eq=False)
class Note(Generic[_T]):
    """One kind of note. `default` holds where a database has no such note; `decode` raises one of `UNREADABLE`."""

    key: str
    databases: Sequence[Database]
    restoring: Restoring
    default: _T
    decode: Callable[[str], _T]
    encode: Callable[[_T], str] = str

    def find(self, connection: Connection) -> _T | None:
        """Return the value, or None where the database has no such note or an empty one.

        Raises:
            DamagedNoteError: the text is not one that `encode` gives.
        """
        text = connection.execute(select(meta.c.value).where(meta.c.key == self.key)).scalar()
        try:
            return self.decode(str(text)) if text else None
        except UNREADABLE as error:
            raise DamagedNoteError(f"the note {self.key}: {str(error)[:200]}") from error

    def read(self, connection: Connection) -> _T:
        """Return the value, or the default; raise as `find` does."""
        found = self.find(connection)
        return self.default if found is None else found

    def write(self, connection: Connection, value: _T) -> None:
        """Write the value within a write transaction."""
        text = self.encode(value)
        if connection.execute(update(meta).where(meta.c.key == self.key).values(value=text)).rowcount == 0:
            connection.execute(insert(meta).values(key=self.key, value=text))


NoteValues = Mapping[Note[Any], Any]
"""Notes and the value of each."""


def _json(value: Any) -> str:
    return json.dumps(asdict(value), ensure_ascii=False, default=datetime.isoformat)


def _strings(text: str) -> tuple[str, ...]:
    return tuple(map(str, json.loads(text)))


_KEPT, _FROM_BACKUP, _WRITTEN_ANEW, _NOT_TOUCHED = Restoring
_BOTH, _ALL = (ROSTER, MEMBERS), (ROSTER, MEMBERS, DESK)

# The version of the tables.
SCHEMA_VERSION = Note("schema_version", _ALL, _FROM_BACKUP, 0, int)
# The oldest version whose server can read it; 0 for its own version alone.
READABLE_FROM = Note("readable_from", _ALL, _FROM_BACKUP, 0, int)
# A number that grows with every change that concerns a reader: a server reads a database again when it has grown.
COUNTER = Note("counter", _BOTH, _KEPT, 0, int)
# The name of this history: clients with a sync token of another lineage get a full answer.
LINEAGE = Note("lineage", (ROSTER,), _WRITTEN_ANEW, "", str)
# The secret from which the ids of principals are made.
PRINCIPAL_KEY = Note("principal_key", (ROSTER,), _FROM_BACKUP, "", str)
# The oldest generation whose cards are kept in full; 0 where all are.
KEPT_FROM = Note("kept_from", (ROSTER,), _FROM_BACKUP, 0, int)
# The digest of the denied logins.
DENIED_DIGEST = Note("denied_digest", (ROSTER,), _WRITTEN_ANEW, "", str)
# When the inputs were last read, and since when the list is unreadable.
FRESHNESS = Note("freshness", (ROSTER,), _KEPT, Freshness(), Freshness.from_json, _json)
# What the last sync saw.
LAST_SYNC = Note("last_sync", (ROSTER,), _KEPT, LastSync(), LastSync.from_json, _json)
# The addresses on the list that the last full sync found in the membership file and not in the roster.
LIST_KNOWN: Note[tuple[str, ...]] = Note("list_known", (ROSTER,), _KEPT, (), _strings, json.dumps)
# The highest counter of the members database that a command saw.
NEWEST_MEMBERS = Note("newest_members", (ROSTER,), _KEPT, 0, int)
# The ids of the devices that have ended: a backup of the members database from before must not revive one.
ENDED_DEVICES: Note[tuple[str, ...]] = Note("ended_devices", (ROSTER,), _KEPT, (), _strings, json.dumps)
# The newest entry of the audit log; the last pruned one; the one up to which a person accepted the log as it is.
AUDIT_END = Note("audit_end", (ROSTER,), _KEPT, NO_LINK, Link.parse)
AUDIT_PRUNED = Note("audit_pruned", (ROSTER,), _KEPT, NO_LINK, Link.parse)
AUDIT_ACCEPTED = Note("audit_accepted", (ROSTER,), _KEPT, NO_LINK, Link.parse)
# How far the newest roster had come that a command saw.
NEWEST_ROSTER: Note[Mark | None] = Note("newest_roster", (MEMBERS,), _NOT_TOUCHED, None, Mark.parse)

NOTES: Sequence[Note[Any]] = tuple(note for note in vars().values() if isinstance(note, Note))
"""Every note that there is."""


def read_note(path: Path, note: Note[_T], *, wait: float = WRITE_WAIT) -> _T:
    """Return a note of the database at `path`, waiting at most `wait` seconds for a writer.

    Raises:
        StoreError: the database cannot be read; `CorruptStoreError` where the note is damaged.
    """
    with reading(path, wait=wait) as connection:
        return note.read(connection)


def new_lineage() -> str:
    """Return a new value of `LINEAGE`, one that no other store has."""
    return secrets.token_hex(16)


def bump(connection: Connection) -> None:
    """Tell the server that something that concerns a reader has changed."""
    COUNTER.write(connection, COUNTER.read(connection) + 1)
