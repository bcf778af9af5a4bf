"""Creating the two databases, and bringing older ones to this version. Commands do that; the server never does."""

import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from sqlalchemy import Connection, MetaData, insert, inspect, update

from radicale_tldops.roster.digest import digest
from radicale_tldops.roster.errors import StoreError
from radicale_tldops.store.engine import create_file, reading, refuse_foreign_journal, writing
from radicale_tldops.store.schema import (
    MEMBERS_MIGRATIONS,
    ROSTER_MIGRATIONS,
    get_meta,
    members,
    new_lineage,
    read_version,
    roster,
    too_new,
)


def ensure(roster_path: Path, members_path: Path) -> None:
    """Create what is missing of the two databases and bring older ones to this version. For commands only."""
    ensure_roster(roster_path)
    ensure_members(roster_path, members_path)


def ensure_roster(path: Path) -> None:
    """Create the roster database, or bring it to this version."""
    prepare(path, roster, ROSTER_MIGRATIONS)


def ensure_members(roster_path: Path, path: Path) -> None:
    """Create the members database of a roster, or bring it to this version.

    A new one goes on counting where the one that the roster knows of has been: it is newer than that.

    Raises:
        StoreError: as for `prepare`; also where both are the same file.
    """
    try:
        is_new = not path.exists() or path.stat().st_size == 0
        if not is_new and path.samefile(roster_path):
            raise StoreError(f"{path}: this is the roster database, too. The members database has to be another file.")
    except OSError as error:
        raise StoreError(f"{path}: the database cannot be reached: {error.strerror}.") from error
    counter = 0
    if is_new:
        with reading(roster_path) as connection:
            counter = int(get_meta(connection, "newest_members", "0"))
    prepare(path, members, MEMBERS_MIGRATIONS, counter)


def prepare(
    path: Path, database: MetaData, migrations: Sequence[Callable[[Connection], None]], counter: int = 0
) -> None:
    """Create one database, whose counter begins at `counter`, or migrate it, in one transaction.

    Raises:
        StoreError: the database is of a later version of this software, or of another program.
    """
    wanted = len(migrations) + 1
    _recover(path)
    if path.exists() and _version(path) == wanted:
        return
    create_file(path)
    with writing(path) as connection:
        version = read_version(connection)
        if version is None:
            if inspect(connection).get_table_names():
                raise StoreError(f"{path}: this is not a database of tldops; it was left alone.")
            database.create_all(connection)
            _first_rows(connection, database, wanted, counter)
            return
        if version > wanted:
            raise too_new(path)
        for step in migrations[version - 1 :]:
            step(connection)
        meta = database.tables["meta"]
        connection.execute(update(meta).where(meta.c.key == "schema_version").values(value=str(wanted)))


def _recover(path: Path) -> None:
    """Roll back what a killed command left half-way: only a connection that may write can.

    Where it may not, the next reading says that the database cannot be read, and why.
    """
    if path.with_name(path.name + "-journal").exists():
        refuse_foreign_journal(path)
        with suppress(StoreError), writing(path):
            pass


def _version(path: Path) -> int | None:
    if path.stat().st_size == 0:
        return None
    with reading(path) as connection:
        return read_version(connection)


def _first_rows(connection: Connection, database: MetaData, version: int, counter: int) -> None:
    meta = database.tables["meta"]
    rows = {"schema_version": str(version), "counter": str(counter)}
    if database is roster:
        rows |= {"lineage": new_lineage(), "principal_key": secrets.token_hex(32), "denied_digest": digest(())}
    connection.execute(insert(meta), [{"key": key, "value": value} for key, value in rows.items()])
