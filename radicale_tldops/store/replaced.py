"""What the roster that a restore replaces held, and must outlive it."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, Row, Table, func, select

from radicale_tldops.roster.errors import CorruptStoreError
from radicale_tldops.roster.snapshot import Style
from radicale_tldops.store.backup import rows_of
from radicale_tldops.store.engine import UNREADABLE
from radicale_tldops.store.notes import NOTES, DamagedNoteError, Note, NoteValues, Restoring
from radicale_tldops.store.read import current, verified
from radicale_tldops.store.schema import (
    ROSTER,
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

TABLES = {Style.PLAIN: card, Style.GROUPS: group_card}
"""The table of each style's own cards."""


@dataclass(frozen=True, slots=True)
class Replaced:
    """What the replaced roster held.

    `newest_id` is the newest generation, 0 without one, and `trusted` says whether its digests matched. `hrefs` are
    those that a client may hold, tombstones included. `people` are the contacts of the newest generation, as JSON.
    """

    newest_id: int
    notes: NoteValues
    departed: Mapping[str, list[str]]
    trusted: bool
    hrefs: Mapping[Style, set[str]]
    people: Mapping[str, str]
    denied: Sequence[dict[str, object]]
    readers: Sequence[dict[str, object]]
    absences: Sequence[dict[str, object]]
    addresses: Mapping[str, str]

    @classmethod
    def read(cls, connection: Connection, path: Path) -> Self:
        """Read it within the transaction that replaces it; nothing that it holds need be sound."""
        newest_id = connection.execute(select(func.max(generation.c.id))).scalar() or 0
        return cls(
            newest_id=newest_id,
            notes=_kept_notes(connection),
            departed=_by_uid(connection.execute(select(departed))),
            trusted=newest_id > 0 and _is_sound(connection, path),
            hrefs=_known_hrefs(connection),
            people={row.uid: row.contact for row in connection.execute(current(card))},
            denied=rows_of(connection, denied),
            readers=rows_of(connection, reader),
            absences=rows_of(connection, absence),
            addresses={row.digest: row.owner for row in connection.execute(select(address))},
        )

    @property
    def logins(self) -> set[str]:
        """The logins of all readers."""
        return {str(row["login"]) for row in self.readers}


def _kept_notes(connection: Connection) -> NoteValues:
    """Return the notes of the replaced store that a restore keeps, without those that are missing or damaged."""
    kept: dict[Note[Any], Any] = {}
    for note in NOTES:
        if ROSTER in note.databases and note.restoring is Restoring.KEPT:
            with suppress(DamagedNoteError):
                kept[note] = note.find(connection)
    return {note: value for note, value in kept.items() if value is not None}


def _is_sound(connection: Connection, path: Path) -> bool:
    try:
        verified(path, connection)
    except (CorruptStoreError, *UNREADABLE):
        return False
    return True


def _known_hrefs(connection: Connection) -> Mapping[Style, set[str]]:
    """Return every href that a client may hold: members and tombstones."""
    hrefs = {style: hrefs_of(connection, table) for style, table in TABLES.items()}
    for row in connection.execute(select(tombstone)):
        hrefs[Style(row.style)].add(row.href)
    return hrefs


def hrefs_of(connection: Connection, table: Table) -> set[str]:
    """Return the hrefs of the newest generation in a table of cards."""
    return set(connection.execute(select(table.c.href).where(table.c.until.is_(None))).scalars())


def _by_uid(rows: Iterable[Row[Any]]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row.uid, []).append(row.trait)
    return found
