"""Backups: a consistent copy of each database. `restore` brings them back."""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
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

DESK_SUFFIX = ".desk"
"""The end of the name of a backup's third file, the desk database."""

_TRIES = 3


def backup(roster_path: Path, members_path: Path, desk_path: Path | None, target: Path) -> Sequence[Path]:
    """Write copies of the databases, each consistent, at `target` and beside it; return their paths.

    Without `desk_path` there is no copy of the desk database.

    Raises:
        InputError: a file or a link is there already; a backup never overwrites.
        StoreError: a database cannot be read, or the disk is full; no half-written copy stays.
    """
    sources = {"": roster_path, MEMBERS_SUFFIX: members_path} | ({DESK_SUFFIX: desk_path} if desk_path else {})
    names = [target.with_name(target.name + suffix) for suffix in sources]
    try:
        # SQLite follows links, so it writes where nobody else can make one.
        with tempfile.TemporaryDirectory() as private:
            drafts = [Path(private) / f"draft{suffix}" for suffix in sources]
            _copy_all([*zip(sources.values(), drafts, strict=True)])
            with reading(drafts[0]) as connection:
                verified(roster_path, connection)
            _place(dict(zip(names, drafts, strict=True)))
    except OSError as error:
        raise StoreError(f"{target}: cannot write the backup: {error.strerror}.") from error
    return names


def _place(drafts: Mapping[Path, Path]) -> None:
    """Write each draft under its name; all are in one folder. Where that fails, none stays.

    `O_EXCL` refuses a name that is there, a link included, even one that appeared a moment ago; and the folder stays
    the same one if its own name becomes a link meanwhile.
    """
    folder = next(iter(drafts)).parent
    folder.mkdir(parents=True, exist_ok=True)
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    made = []
    try:
        for path, draft in drafts.items():
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            with draft.open("rb") as source, os.fdopen(os.open(path.name, flags, 0o600, dir_fd=opened), "wb") as copy:
                made.append(path)
                shutil.copyfileobj(source, copy)
                copy.flush()
                os.fsync(copy.fileno())
    except BaseException as error:
        for written in made:
            with suppress(OSError):
                os.unlink(written.name, dir_fd=opened)
        if isinstance(error, FileExistsError):
            raise InputError(f"{path}: the file exists, and a backup never overwrites. Choose another name.") from error
        raise
    finally:
        os.close(opened)


def _copy_all(pairs: Sequence[tuple[Path, Path]]) -> None:
    """Copy all, the roster first, and again if the audit log was pruned meanwhile: the copy would not know of it."""
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
    """Copy a database to a new file in a folder of ours."""
    create_file(target)
    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as original,
            closing(sqlite3.connect(target)) as copy,
        ):
            original.backup(copy)
    except sqlite3.Error as error:
        is_full = getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL
        raise explain(target if is_full else source, error) from error


def read_backup(source: Path, database: Database) -> Rows:
    """Return the rows of all tables of a backup. A copy of it is brought to this version first."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "backup.sqlite"
            _copy(source, copy)
            update(copy, database, migrating=True)
            with reading(copy) as connection:
                if database is ROSTER and verified(source, connection) is None:
                    raise InputError(f"{source}: this backup holds no generation.")
                return {table.name: rows_of(connection, table) for table in database.tables.sorted_tables}
    except StoreError as error:
        raise InputError(f"{source}: this backup cannot be used: {error}") from error


def rows_of(connection: Connection, table: Table) -> list[dict[str, object]]:
    """Return the rows of a table as they are."""
    return [dict(row) for row in connection.execute(select(table)).mappings()]
