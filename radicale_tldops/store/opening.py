"""Reading the tables of a database: only where they are of a version that this software understands."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Executable, RowMapping, inspect

from radicale_tldops.roster.errors import StoreError
from radicale_tldops.store.engine import WRITE_WAIT, reading
from radicale_tldops.store.notes import READABLE_FROM, SCHEMA_VERSION
from radicale_tldops.store.schema import MEMBERS, ROSTER, Database

MOST_ROWS = 200_000
"""Most rows that are read of a table of the members database; the audit log, which is read in pieces, may have more."""

_LONGEST_ROW = 4096
_LONGEST_ENTRY = 1024 * 1024
"""Most bytes of a row in a table of the members database, and of an entry in its audit log."""


@contextmanager
def reading_roster(path: Path, *, wait: float = WRITE_WAIT) -> Iterator[Connection]:
    """Open a read transaction, as `reading` does, on a roster database; refuse one that `check_version` refuses."""
    with reading(path, wait=wait) as connection:
        check_version(path, connection, ROSTER)
        yield connection


@contextmanager
def reading_members(path: Path, *, oldest: int = MEMBERS.version, wait: float = WRITE_WAIT) -> Iterator[Connection]:
    """Open a read transaction on a members database; refuse one that `check_version` refuses."""
    with reading(path, wait=wait) as connection:
        _set_longest(connection, _LONGEST_ENTRY)
        check_version(path, connection, MEMBERS, oldest)
        yield connection


def few_rows(connection: Connection, query: Executable) -> Sequence[RowMapping]:
    """Return rows of the members database where there are few and short ones.

    A server that was broken into can write any number of any length, and must not keep a command busy with them.

    Raises:
        ValueError: there are more than `MOST_ROWS`. A longer one is an error of the database.
    """
    before = _set_longest(connection, _LONGEST_ROW)
    try:
        rows = connection.execute(query).mappings().fetchmany(MOST_ROWS + 1)
    finally:
        _set_longest(connection, before)
    if len(rows) > MOST_ROWS:
        raise ValueError(f"there are more than {MOST_ROWS} rows in a table")
    return rows


def _set_longest(connection: Connection, size: int) -> int:
    driver = connection.connection.driver_connection
    if not isinstance(driver, sqlite3.Connection):
        raise AssertionError("a connection without its driver")
    return driver.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, size)


def check_version(path: Path, connection: Connection, database: Database, oldest: int | None = None) -> int:
    """Return the version of the tables; refuse a database whose tables this software does not understand.

    From version `oldest` on, the tables that are read have not changed. A later version is understood if its
    `READABLE_FROM` says so: a server goes on while commands of a later version already write.

    Raises:
        StoreError: the database is of another version, or of another program.
    """
    version = read_version(connection)
    if version is None:
        raise StoreError(f"{path}: this is not a database of tldops. Check [store] in tldops.toml.")
    if (READABLE_FROM.read(connection) or version) > database.version:
        raise later(path)
    if version < (oldest or database.version):
        raise StoreError(f"{path}: the database is of an older version. `tldops migrate` updates it.")
    return version


def later(path: Path) -> StoreError:
    """Return the error for a database of a later version."""
    return StoreError(f"{path}: the database is of a later version of tldops than this one. Update the software.")


def read_version(connection: Connection) -> int | None:
    """Return the version of the tables, or None for a database of another program."""
    return SCHEMA_VERSION.find(connection) if "meta" in inspect(connection).get_table_names() else None
