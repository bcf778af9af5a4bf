"""Transactions on a database, the journal of a command that was killed, and the database's errors in words.

SQLite with a rollback journal and `synchronous=FULL`: a process or machine that stops at any moment leaves the state
before or after a transaction. Never `immutable=1`: that would read another process's half-written transaction.
"""

import os
import re
import sqlite3
import stat
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from radicale_tldops.roster.errors import ConflictError, CorruptStoreError, MissingStoreError, StoreError

WRITE_WAIT = 5.0
"""Seconds that a command waits for another writer before it gives up."""

MAX_SECONDS = 60.0
"""Seconds of work of the processor that reading may take, and a tenth of what writing may: 100,000 people take 5."""

MAX_VALUE = 64 * 1024 * 1024
"""Most bytes of a row that are read or written. The notes of the roster are the largest values."""

SERVER_WAIT = 0.2
"""Seconds that the server waits for a writer where health or metrics are asked for."""

_JOURNAL_MAGIC = bytes.fromhex("d9d505f920a163d7")
"""The first bytes of a journal, and the last ones where it names a super-journal (SQLite file format, 3)."""

# How often SQLite asks whether the time is up, in its own instructions.
_ASK_AFTER = 100_000

# What no table and no index of tldops has: anything that is computed, and anything that happens by itself.
_ACTS = {
    "table": re.compile(r"\b(AS|GENERATED|CHECK|ON|COLLATE)\b|DEFAULT\s*\(|/\*|--", re.IGNORECASE),
    "index": re.compile(r"\(.*\(|\b(WHERE|COLLATE)\b|/\*|--", re.IGNORECASE | re.DOTALL),
}

_CORRUPT = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}

UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)
"""What can be raised while a value is read that something else has written.

A number too large for a column is an `OverflowError` of sqlite3, JSON nested too deeply a `RecursionError`.
"""


class BusyStoreError(ConflictError):
    """The database is locked by a writer at this moment."""


def _engine(path: Path, *, read_only: bool, wait: float = WRITE_WAIT) -> Engine:
    """Return an engine that waits at most `wait` seconds for a lock; nothing is opened yet.

    A connection lives for one transaction, so that a file that replaces the database is noticed.
    """
    mode = "ro" if read_only else "rw"
    address = f"file:{quote(str(path.absolute()))}?mode={mode}"

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(address, uri=True, timeout=wait, isolation_level=None, check_same_thread=False)
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_VALUE)
        end = time.thread_time() + (MAX_SECONDS if read_only else 10 * MAX_SECONDS)
        connection.set_progress_handler(lambda: time.thread_time() > end, _ASK_AFTER)
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA foreign_keys = ON")
        if not read_only:
            connection.execute("PRAGMA journal_mode = DELETE")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA secure_delete = ON")
        return connection

    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool)
    begin = "BEGIN" if read_only else "BEGIN IMMEDIATE"

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def create_file(path: Path) -> None:
    """Create an empty file with mode 0600 from its first byte on, and its folder; an existing file is left alone."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        raise StoreError(f"{path}: cannot create the database: {error.strerror}.") from error


def is_missing(path: Path) -> bool:
    """Return whether there is no database: no file, or an empty one.

    Raises:
        StoreError: its folder cannot be reached.
    """
    try:
        return path.stat().st_size == 0
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError as error:
        raise StoreError(f"{path}: the database cannot be reached: {error.strerror}.") from error


@contextmanager
def reading(path: Path, *, wait: float = WRITE_WAIT) -> Iterator[Connection]:
    """Open a read transaction: everything that is read inside is one state of the database. No version is checked.

    Raises:
        StoreError: the database cannot be read: `MissingStoreError` when there is none, `CorruptStoreError` when it is
            damaged, `BusyStoreError` when locked.
    """
    if is_missing(path):
        raise MissingStoreError(f"{path}: the database is missing or empty. `tldops status` says what to do.")
    with _transaction(path, _engine(path, read_only=True, wait=wait)) as connection:
        yield connection


@contextmanager
def writing(path: Path) -> Iterator[Connection]:
    """Open a write transaction, which commits when the block ends and rolls back when it raises.

    Raises:
        StoreError: as for `reading`; also when the disk is full or read-only. Nothing is written then.
    """
    _refuse_foreign_journal(path)
    with _transaction(path, _engine(path, read_only=False)) as connection:
        yield connection


def rewrite(path: Path) -> None:
    """Write the whole database anew, so that no page of it keeps anything that was deleted.

    Raises:
        StoreError: as for `writing`; the database is as it was.
    """
    _refuse_foreign_journal(path)
    engine = _engine(path, read_only=False)
    try:
        with closing(engine.raw_connection()) as connection:
            connection.cursor().execute("VACUUM")
    except sqlite3.Error as error:
        raise explain(path, error) from error
    finally:
        engine.dispose()


def recover(path: Path) -> None:
    """Roll back what a killed command or server left half written. Only a connection that can write does that.

    Where it cannot, the next reading says so.

    Raises:
        StoreError: the journal was not written by tldops.
    """
    if _journal(path).exists():
        _refuse_foreign_journal(path)
        with suppress(StoreError), writing(path):
            pass


def _journal(path: Path) -> Path:
    return Path(f"{os.path.realpath(path)}-journal")


def _refuse_foreign_journal(path: Path) -> None:
    """Check the journal beside a database before SQLite opens it for writing and rolls the journal back.

    The last bytes of a journal can name a super-journal, as a transaction over several databases writes one, and SQLite
    deletes the file of that name. tldops has no such transactions, so an attacker who can write into the folder of the
    members database could have the roster deleted.

    Raises:
        StoreError: the journal names a super-journal, or is not a regular file.
    """
    journal = _journal(path)
    try:
        is_ours = stat.S_ISREG(os.lstat(journal).st_mode)
        if is_ours and journal.stat().st_size > len(_JOURNAL_MAGIC):
            with journal.open("rb") as file:
                file.seek(-len(_JOURNAL_MAGIC), os.SEEK_END)
                is_ours = file.read() != _JOURNAL_MAGIC
    except OSError:
        # There is no journal, or SQLite cannot roll it back either, and says so.
        return
    if not is_ours:
        raise StoreError(
            f"{journal}: tldops has not written this journal: it would delete or change another file. Nothing was "
            "written. Find out who put it there. Then move it aside, and run the command again."
        )


@contextmanager
def _transaction(path: Path, engine: Engine) -> Iterator[Connection]:
    try:
        with engine.begin() as connection:
            _refuse_foreign_objects(path, connection)
            yield connection
    except DBAPIError as error:
        raise explain(path, error.orig if isinstance(error.orig, sqlite3.Error) else error) from error
    except sqlite3.Error as error:
        raise explain(path, error) from error
    except UNREADABLE as error:
        # tldops wrote every value; something else changed this one.
        raise damaged(path, f"a value cannot be read: {error}") from error
    finally:
        engine.dispose()


def _refuse_foreign_objects(path: Path, connection: Connection) -> None:
    """Refuse a database with anything that can change what a statement of ours does, or how long it takes.

    That is a view, a trigger, a virtual table, and a table or an index that computes something.

    Raises:
        CorruptStoreError: names the first of them.
    """
    for row in connection.exec_driver_sql("SELECT type, name, sql FROM sqlite_master"):
        if not _is_plain(row.type, str(row.name), row.sql):
            raise damaged(path, f"the {str(row.type)[:80]} {str(row.name)[:80]!r} was not made by tldops")


def _is_plain(kind: object, name: str, sql: object) -> bool:
    if sql is None:
        return kind == "index" and name.startswith("sqlite_autoindex_")
    text, acts = str(sql), _ACTS.get(str(kind))
    begins = f"CREATE {kind} ".upper(), f"CREATE UNIQUE {kind} ".upper()
    return acts is not None and text.upper().startswith(begins) and not acts.search(text)


def damaged(path: Path, what: str) -> CorruptStoreError:
    """Return the error for a database whose content is not what tldops wrote; `what` is wrong with it."""
    return CorruptStoreError(
        f"{path}: {what}. Nothing of it is served. Keep a copy of the file, then run `tldops restore BACKUP`."
    )


def explain(path: Path, error: BaseException) -> StoreError:
    """Return our error for one of the database driver, with what to do."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _BUSY:
        return BusyStoreError(f"{path}: the database is locked: another command is writing. Try again when it is done.")
    if code in _CORRUPT:
        return CorruptStoreError(
            f"{path}: the database is damaged ({error}). Move the file aside and run `tldops restore BACKUP`."
        )
    if code == sqlite3.SQLITE_INTERRUPT:
        return damaged(path, "it takes too many seconds of work: tldops makes no database as large")
    if code == sqlite3.SQLITE_TOOBIG:
        return damaged(path, "a value is longer than tldops writes any")
    if code == sqlite3.SQLITE_FULL:
        return StoreError(f"{path}: the disk is full; nothing was written. Free some space and run the command again.")
    if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_READONLY_ROLLBACK:
        return StoreError(
            f"{path}: a killed command left a journal beside the database, and this user cannot write to undo it. Run "
            "any `tldops` command as the user who owns the database."
        )
    if code == sqlite3.SQLITE_READONLY:
        return StoreError(f"{path}: the database or its disk is read-only; nothing was written ({error}).")
    if code == sqlite3.SQLITE_CANTOPEN:
        return StoreError(
            f"{path}: the database cannot be opened. Check the path, its permissions, those of a journal beside it, "
            "and the free space."
        )
    return StoreError(f"{path}: the database failed: {error}")
