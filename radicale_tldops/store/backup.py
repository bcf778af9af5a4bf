"""Backups: a consistent copy of each database. `restore` brings them back."""

import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, Table, select

from radicale_tldops.roster.errors import ConflictError, InputError, StoreError
from radicale_tldops.store.create import Rows, update
from radicale_tldops.store.engine import create_file, explain, reading
from radicale_tldops.store.notes import AUDIT_PRUNED, read_note
from radicale_tldops.store.read import verified
from radicale_tldops.store.schema import ROSTER, Database

MEMBERS_SUFFIX = ".members"
"""The end of the name of a backup's second file, the members database."""

_TRIES = 3


def backup(roster_path: Path, members_path: Path, target: Path) -> Sequence[Path]:
    """Write copies of both databases, each consistent, at `target` and beside it; return their paths.

    Raises:
        InputError: a file is there already; a backup never overwrites.
        StoreError: a database cannot be read, or the disk is full; no half-written copy stays.
    """
    pairs = ((roster_path, target), (members_path, target.with_name(target.name + MEMBERS_SUFFIX)))
    for _, copy in pairs:
        if copy.exists():
            raise InputError(f"{copy}: the file exists, and a backup never overwrites. Choose another name.")
    try:
        _copy_both(pairs)
        with reading(target) as connection:
            verified(target, connection)
    except BaseException:
        for _, copy in pairs:
            copy.unlink(missing_ok=True)
        raise
    return [copy for _, copy in pairs]


def _copy_both(pairs: Sequence[tuple[Path, Path]]) -> None:
    """Copy both, and again if the audit log was pruned meanwhile: the copied roster would not know of it."""
    for _ in range(_TRIES):
        before = read_note(pairs[0][0], AUDIT_PRUNED)
        for source, copy in pairs:
            copy.unlink(missing_ok=True)
            _copy(source, copy)
        # The roster gets this note before anything is pruned.
        if read_note(pairs[0][0], AUDIT_PRUNED) == before:
            return
    raise ConflictError("the audit log was pruned during each of three tries. Run the command again later.")


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


def read_backup(source: Path, database: Database) -> Rows:
    """Return the rows of all tables of a backup. A copy of it is brought to this version first."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "backup.sqlite"
            _copy(source, copy)
            update(copy, database)
            with reading(copy) as connection:
                if database is ROSTER and verified(source, connection) is None:
                    raise InputError(f"{source}: this backup holds no generation.")
                return {table.name: rows_of(connection, table) for table in database.tables.sorted_tables}
    except StoreError as error:
        raise InputError(f"{source}: this backup cannot be used: {error}") from error


def rows_of(connection: Connection, table: Table) -> list[dict[str, object]]:
    """Return the rows of a table as they are."""
    return [dict(row) for row in connection.execute(select(table)).mappings()]
