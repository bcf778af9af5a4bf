"""Creating the two databases, and bringing older ones to this version. For commands only, not for the server."""

import secrets
from pathlib import Path

from sqlalchemy import Connection, inspect

from radicale_tldops.roster.digest import digest
from radicale_tldops.roster.errors import StoreError
from radicale_tldops.store.engine import create_file, reading, recover, writing
from radicale_tldops.store.notes import (
    COUNTER,
    DENIED_DIGEST,
    LINEAGE,
    NEWEST_MEMBERS,
    PRINCIPAL_KEY,
    SCHEMA_VERSION,
    new_lineage,
    read_note,
)
from radicale_tldops.store.opening import check_version, read_version
from radicale_tldops.store.schema import MEMBERS, ROSTER, Database


def ensure_members(roster_path: Path, path: Path) -> None:
    """Create the members database of a roster, or bring it to this version.

    The counter of a new one starts where the one that the roster knows of was: so no check takes it for an older copy.

    Raises:
        StoreError: as for `prepare`; also where both are the same file.
    """
    try:
        is_new = not path.exists() or path.stat().st_size == 0
        if not is_new and path.samefile(roster_path):
            raise StoreError(f"{path}: this is the roster database, too. [store] members has to name another file.")
    except OSError as error:
        raise StoreError(f"{path}: the database cannot be reached: {error.strerror}.") from error
    prepare(path, MEMBERS, read_note(roster_path, NEWEST_MEMBERS) if is_new else 0)


def prepare(path: Path, database: Database, counter: int = 0) -> None:
    """Create one database, whose counter starts at `counter`, or bring it to this version, in one transaction.

    Raises:
        StoreError: the database is of a later version of this software, or of another program.
    """
    recover(path)
    if path.exists() and path.stat().st_size > 0:
        with reading(path) as connection:
            if read_version(connection) == database.version:
                return
    create_file(path)
    with writing(path) as connection:
        version = read_version(connection)
        if version is None and not inspect(connection).get_table_names():
            database.tables.create_all(connection)
            _write_first_notes(connection, database, counter)
            return
        check_version(path, connection, database, oldest=1)
        for step in database.migrations[(version or 1) - 1 :]:
            step(connection)
        SCHEMA_VERSION.write(connection, database.version)


def _write_first_notes(connection: Connection, database: Database, counter: int) -> None:
    SCHEMA_VERSION.write(connection, database.version)
    COUNTER.write(connection, counter)
    if database is ROSTER:
        LINEAGE.write(connection, new_lineage())
        PRINCIPAL_KEY.write(connection, secrets.token_hex(32))
        DENIED_DIGEST.write(connection, digest(()))
