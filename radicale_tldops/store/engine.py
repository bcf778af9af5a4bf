"""Opening a database, transactions, and what the database says in words for a person.

SQLite with a rollback journal and `synchronous=FULL`: a process or machine that stops at any moment leaves the state
before or after a transaction. Never `immutable=1`: that would read past another process's half-written transaction.
"""

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from radicale_tldops.roster.errors import ConflictError, CorruptStoreError, StoreError

WRITE_WAIT = 5.0
"""Seconds that a command waits for another writer before it gives up."""

_JOURNAL_MAGIC = bytes.fromhex("d9d505f920a163d7")
"""What a journal begins with, and ends with where it names a super-journal (SQLite file format, 3)."""

_CORRUPT = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}

UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)
"""What reading a value raises that is not of the form in which it was written.

One too large for a column is an `OverflowError` of sqlite3, one too deep a `RecursionError` of json.
"""


class BusyStoreError(ConflictError):
    """The database is locked by a writer at this moment."""


def open_engine(path: Path, *, read_only: bool, wait: float = WRITE_WAIT) -> Engine:
    """Return an engine for the database file at `path`; nothing is opened yet.

    A connection lives for one transaction only, so that a file put in the place of another is noticed.
    `wait` is the time in seconds to wait for a lock.
    """
    mode = "ro" if read_only else "rw"
    address = f"file:{quote(str(path.absolute()))}?mode={mode}"

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(address, uri=True, timeout=wait, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA foreign_keys = ON")
        if not read_only:
            connection.execute("PRAGMA journal_mode = DELETE")
            connection.execute("PRAGMA synchronous = FULL")
        return connection

    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool)
    begin = "BEGIN" if read_only else "BEGIN IMMEDIATE"

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def create_file(path: Path) -> None:
    """Create an empty database file with mode 0600 from its first byte on; an existing file is left alone."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        raise StoreError(f"{path}: cannot create the database: {error.strerror}.") from error


@contextmanager
def reading(path: Path, *, wait: float = WRITE_WAIT) -> Iterator[Connection]:
    """Open a read transaction: everything read inside is one state of the database.

    Raises:
        StoreError: the database cannot be read; `CorruptStoreError` when it is damaged, `BusyStoreError` when locked.
    """
    try:
        present = path.exists()
    except OSError as error:
        raise StoreError(f"{path}: the database cannot be reached: {error.strerror}.") from error
    if not present:
        raise StoreError(f"{path}: there is no database yet. `tldops init` creates it.")
    with _transaction(path, open_engine(path, read_only=True, wait=wait)) as connection:
        yield connection


@contextmanager
def writing(path: Path) -> Iterator[Connection]:
    """Open a write transaction, which commits when the block ends and rolls back when it raises.

    Raises:
        StoreError: as for `reading`; also when the disk is full or read-only. Nothing is written then.
    """
    refuse_foreign_journal(path)
    with _transaction(path, open_engine(path, read_only=False)) as connection:
        yield connection


def refuse_foreign_journal(path: Path) -> None:
    """Look at a journal beside the database, which SQLite would roll back, before anything is opened for writing.

    The end of a journal may name a super-journal, of a transaction over several databases, and SQLite deletes the
    file of that name when it is done. No transaction here is one over several databases: whoever may write into the
    folder of the members database must not name the roster.

    Raises:
        StoreError: there is such a journal, or something that is no journal.
    """
    journal = Path(f"{os.path.realpath(path)}-journal")
    try:
        is_ours = stat.S_ISREG(os.lstat(journal).st_mode)
        if is_ours and journal.stat().st_size > len(_JOURNAL_MAGIC):
            with journal.open("rb") as file:
                file.seek(-len(_JOURNAL_MAGIC), os.SEEK_END)
                is_ours = file.read() != _JOURNAL_MAGIC
    except OSError:
        # There is none, or one that SQLite cannot roll back either, and says so.
        return
    if not is_ours:
        raise StoreError(
            f"{journal}: tldops has not written this journal: it would have another file deleted or changed. Nothing "
            "was written. Find out who put it there; then move it aside, and run the command again."
        )


@contextmanager
def _transaction(path: Path, engine: Engine) -> Iterator[Connection]:
    try:
        with engine.begin() as connection:
            yield connection
    except DBAPIError as error:
        raise explain(path, error.orig if isinstance(error.orig, sqlite3.Error) else error) from error
    except sqlite3.Error as error:
        raise explain(path, error) from error
    except UNREADABLE as error:
        # We wrote every value ourselves; one that cannot be read back was changed by something else.
        raise damaged(path, f"a value cannot be read: {error}") from error
    finally:
        engine.dispose()


def damaged(path: Path, what: str) -> CorruptStoreError:
    """Return the error for a database whose content cannot be trusted."""
    return CorruptStoreError(
        f"{path}: {what}. Nothing of it is served. Keep a copy of the file, then run `tldops restore BACKUP`."
    )


def explain(path: Path, error: BaseException) -> StoreError:
    """Return the project's error for one of the database driver's, with what to do about it."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _BUSY:
        return BusyStoreError(f"{path}: the database is locked: another command is writing. Try again when it is done.")
    if code in _CORRUPT:
        return CorruptStoreError(
            f"{path}: the database is damaged ({error}). Move the file aside and run `tldops restore BACKUP`."
        )
    if code == sqlite3.SQLITE_FULL:
        return StoreError(f"{path}: the disk is full; nothing was written. Free some space and run the command again.")
    if code == sqlite3.SQLITE_READONLY:
        return StoreError(f"{path}: the database or its disk is read-only; nothing was written ({error}).")
    if code == sqlite3.SQLITE_CANTOPEN:
        return StoreError(
            f"{path}: the database cannot be opened. Check the path, its permissions and the free space; a journal "
            "file left beside it by a killed command needs a writable disk once."
        )
    return StoreError(f"{path}: the database failed: {error}")
