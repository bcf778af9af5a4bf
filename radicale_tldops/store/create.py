"""Creating the databases, and bringing older ones to this version. For commands only, not for the server.

None is ever created where another one is there: only a restore brings a lost roster back, and only a restore, `tldops
init --new-members` or `tldops init --new-desk` makes another database for a roster. Older versions had no desk.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sqlalchemy import Connection, insert, inspect, select
from sqlalchemy import update as update_rows

from radicale_tldops.roster.digest import digest
from radicale_tldops.roster.errors import InputError, MissingStoreError, StoreError
from radicale_tldops.store.desk import keep_private, left_out
from radicale_tldops.store.engine import create_file, is_missing, reading, recover, writing
from radicale_tldops.store.migrations import Step, private_values
from radicale_tldops.store.notes import (
    COUNTER,
    DENIED_DIGEST,
    LINEAGE,
    NEWEST_MEMBERS,
    NEWEST_ROSTER,
    PRINCIPAL_KEY,
    READABLE_FROM,
    SCHEMA_VERSION,
    new_lineage,
    read_note,
)
from radicale_tldops.store.opening import check_version, later, read_version
from radicale_tldops.store.schema import DESK, MEMBERS, ROSTER, Database, device, reader

Rows = Mapping[str, Sequence[dict[str, object]]]
"""Rows of tables, by the name of the table."""

_WITHOUT_PRIVATE = 4
"""The first version of the roster without private columns."""


def create_all(roster: Path, members: Path, desk: Path) -> None:
    """Create the databases where there is neither roster nor members database; else do nothing.

    Raises:
        StoreError: a database cannot be created.
    """
    # The roster last. If a command is killed between the two, the next one completes this: it finds a members database
    # that no command has noted a roster in.
    if _is_unmade(roster) and roster.absolute() != members.absolute():
        if _is_unmade(members):
            create(members, MEMBERS)
        if read_note(members, NEWEST_ROSTER) is None:
            if _is_unmade(desk):
                create(desk, DESK)
            create(roster, ROSTER)


def _is_unmade(path: Path) -> bool:
    """Return whether there is no database: no file, an empty one, or one without tables, as a killed command leaves it.

    Raises:
        StoreError: the file cannot be read.
    """
    recover(path)
    if is_missing(path):
        return True
    with reading(path) as connection:
        return not inspect(connection).get_table_names()


def create_members(roster: Path, members: Path, rows: Rows | None = None) -> None:
    """Create the members database of a roster, with the rows of a backup.

    Its counter is higher than each that the roster and the backup know of: so no check takes it for an older copy.

    Raises:
        InputError: there is a members database.
        StoreError: the roster cannot be read, or the database cannot be created.
    """
    if not _is_unmade(members):
        raise InputError(f"{members}: the file is there. Move it aside, then run the command again.")
    create(members, MEMBERS, read_note(roster, NEWEST_MEMBERS) + 1, rows)


def create_desk(desk: Path, rows: Rows | None = None) -> None:
    """Create the desk database of a roster, with the rows of a backup.

    Raises:
        InputError: there is one.
        StoreError: it cannot be created.
    """
    recover(desk)
    if not is_missing(desk):
        raise InputError(f"{desk}: the file is there. Move it aside, then run the command again.")
    create(desk, DESK, rows=rows)


def create(path: Path, database: Database, counter: int = 0, rows: Rows | None = None) -> None:
    """Create one database with `rows` in it, in one transaction; `counter` is the least that its counter starts at."""
    recover(path)
    create_file(path)
    with writing(path) as connection:
        if inspect(connection).get_table_names():
            return  # another command has created it meanwhile
        database.tables.create_all(connection)
        for table in database.tables.sorted_tables:
            if rows and rows.get(table.name):
                connection.execute(insert(table), list(rows[table.name]))
        _write_version(connection, database)
        if database is not DESK:
            COUNTER.write(connection, max(counter, COUNTER.read(connection) + bool(rows)))
        if database is ROSTER:
            LINEAGE.write(connection, new_lineage())
            PRINCIPAL_KEY.write(connection, secrets.token_hex(32))
            DENIED_DIGEST.write(connection, digest(()))


def update_roster(roster: Path, members: Path, desk: Path, *, migrating: bool = False) -> None:
    """Bring the roster database to this version. What an older one holds of private columns goes to the desk database.

    Raises:
        StoreError: it is missing, or as `update` says.
    """
    if _is_unmade(roster) and _is_unmade(members):
        raise MissingStoreError(
            f"{roster}: there is no database yet. `tldops init` creates it, and so does the first `tldops sync`."
        )
    if _is_unmade(roster):
        raise MissingStoreError(
            f"{roster}: the roster database is missing, and its members database is there. Put it back, or bring it "
            f"back with `tldops restore BACKUP`. To start with an empty store, move {members} aside, too."
        )
    update(roster, ROSTER, begin=lambda connection: _fill_desk(connection, desk), migrating=migrating)


def _fill_desk(connection: Connection, desk: Path) -> None:
    """Copy the private columns of a roster of an older version to the desk database. A killed command does it again."""
    if (read_version(connection) or 0) >= _WITHOUT_PRIVATE:
        return
    if _is_unmade(desk):
        create(desk, DESK)
    values: dict[str, dict[tuple[str, str], str]] = {}
    for row in private_values(connection):
        values.setdefault(row["uid"], {})[row["column"], row["cctld"]] = row["value"]
    keep_private(desk, values, values.keys())


def find_desk_fault(roster: Path, members: Path, desk: Path, *, migrating: bool = False) -> StoreError | None:
    """Bring the desk database of a roster to this version. Return why it cannot be used, or None.

    It must not stop what the roster and access need.
    """
    try:
        if _is_unmade(desk):
            raise MissingStoreError
        if any(other.exists() and desk.samefile(other) for other in (roster, members)):
            raise StoreError(f"{desk}: this is another database, too. [store] desk has to name a file of its own.")
        update(desk, DESK, migrating=migrating)
    except StoreError as error:
        return left_out(desk, error)
    except OSError as error:
        return left_out(desk, StoreError(f"{desk}: the database cannot be reached: {error.strerror}."))
    return None


def update_members(roster: Path, members: Path, *, migrating: bool = False) -> None:
    """Bring the members database of a roster to this version.

    Raises:
        StoreError: as `update_roster`; also where both are the same file.
    """
    if _is_unmade(members):
        raise MissingStoreError(
            f"{members}: the members database is missing or empty. Put it back, or bring it back with `tldops restore "
            "BACKUP`. `tldops init --new-members` makes a new one; then every device password has to be issued again."
        )
    if roster.exists() and members.samefile(roster):
        raise StoreError(f"{members}: this is the roster database, too. [store] members has to name another file.")
    update(members, MEMBERS, lambda connection: _find_owners(connection, roster), migrating=migrating)


def _find_owners(connection: Connection, roster: Path) -> None:
    """Let devices that older versions issued to logins belong to the people behind them."""
    with reading(roster) as old:
        readers = old.execute(select(reader).where(reader.c.uid != "")).all()
    for row in readers:
        its = (device.c.owner == row.login, device.c.reader_since == row.since)
        connection.execute(update_rows(device).where(*its).values(owner=row.uid))


def pending(path: Path, database: Database) -> Sequence[Step]:
    """Return the steps that bring a database to this version.

    Raises:
        StoreError: the database is missing, of a later version of this software, or of another program.
    """
    with reading(path) as connection:
        version = check_version(path, connection, database, oldest=1)
    if version > database.version:
        raise later(path)
    return database.steps[version - 1 :]


def update(
    path: Path,
    database: Database,
    finish: Callable[[Connection], None] = lambda connection: None,
    *,
    begin: Callable[[Connection], None] = lambda connection: None,
    migrating: bool = False,
) -> None:
    """Bring a database to this version, in one transaction that `begin` begins and `finish` ends.

    Raises:
        StoreError: as `pending`; also where a step is not additive, unless `migrating`.
    """
    recover(path)
    steps = pending(path, database)
    if not steps:
        return
    if not (migrating or all(step.is_additive for step in steps)):
        raise StoreError(
            f"{path}: the database is of an older version, and a server of that version could not go on with a newer "
            "one. Nothing was done. Run `tldops migrate` when the server may be restarted."
        )
    with writing(path) as connection:
        begin(connection)
        for step in database.steps[check_version(path, connection, database, oldest=1) - 1 :]:
            step.run(connection)
        finish(connection)
        _write_version(connection, database)


def _write_version(connection: Connection, database: Database) -> None:
    SCHEMA_VERSION.write(connection, database.version)
    READABLE_FROM.write(connection, database.readable_from)
