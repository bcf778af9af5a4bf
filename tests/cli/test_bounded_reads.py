"""Whoever can write the members database keeps no command busy: its tables are read up to a bound."""

import sqlite3
from contextlib import closing

import pytest

from radicale_tldops.roster.errors import CorruptStoreError
from radicale_tldops.store import audit, engine, opening
from radicale_tldops.store.engine import reading
from tests.support import JANE, JOHN, World

COUNT = "WITH RECURSIVE n(n) AS (SELECT 100 UNION ALL SELECT n + 1 FROM n LIMIT 60) "
DEVICE = "n, login, reader_since, label, style, n, created_at, actor, revoked_at, revoked_because, owner, suspended_at"
MANY_DEVICES = f"INSERT INTO device {COUNT} SELECT {DEVICE} FROM n, (SELECT * FROM device LIMIT 1)"
MANY_USES = f"INSERT INTO last_used {COUNT} SELECT n, n, '', '', '', 0, '', NULL FROM n"
MANY_GENERATIONS = f"INSERT INTO audit {COUNT} SELECT n, '', '', '', 'generation ' || n, '', '' FROM n"
LONG_LABEL = "UPDATE device SET label = hex(zeroblob(4000))"
LONG_ENTRY = "UPDATE audit SET detail = hex(zeroblob(1000000)) WHERE id = 1"


@pytest.fixture
def synced(tldops: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Two people, John with a device, and a bound that is reached soon."""
    monkeypatch.setattr(opening, "MOST_ROWS", 50)
    tldops.sync(JOHN, JANE)
    tldops.device("john.doe@nic.nl")
    return tldops


def harm(tldops: World, *statements: str) -> None:
    """Change the members database as a server that was broken into could."""
    with closing(sqlite3.connect(tldops.folder / "members.sqlite")) as connection, connection:
        for statement in statements:
            connection.execute(statement)


@pytest.mark.parametrize("statement", [MANY_DEVICES, LONG_LABEL])
def test_a_denial_is_written_whatever_the_members_database_holds(synced: World, statement: str) -> None:
    """The roster comes first; the message says that, and what is wrong with the other database."""
    harm(synced, statement)
    result = synced("access", "deny", "john.doe@nic.nl", "--reason", "left")
    assert result.code == 2
    assert "is denied from now on, but: " in result.err
    assert "members.sqlite: a" in result.err
    assert synced.logins() == {"jane.doe@nic.vn"}


@pytest.mark.parametrize(
    ("statement", "command"),
    [
        (MANY_DEVICES, ("sync", "--yes")),
        (MANY_DEVICES, ("device", "list")),
        (MANY_USES, ("device", "list")),
        (MANY_GENERATIONS, ("sync", "--yes")),
        (LONG_LABEL, ("status",)),
        (LONG_ENTRY, ("audit", "--verify")),
        (LONG_ENTRY, ("audit",)),
    ],
)
def test_too_many_or_too_long_is_refused(synced: World, statement: str, command: tuple[str, ...]) -> None:
    """Exit 2, and the message names the database and the bound."""
    harm(synced, statement)
    result = synced(*command)
    assert result.code == 2
    assert "more than 50 rows" in result.err or "longer than tldops writes any" in result.err
    assert "members.sqlite" in result.err


def test_an_anchor_that_counts_without_end_is_not_counted_through(synced: World) -> None:
    """It may say what it likes about how many generations it stands for."""
    huge = audit.Anchor(1, "2026-01-01T00:00:00+00:00", "x", 10**17)
    row = {"id": 1, "at": huge.until, "chain": huge.chain, **huge.values}
    with closing(sqlite3.connect(synced.folder / "members.sqlite")) as connection, connection:
        names = ", ".join(f"{name} = :{name}" for name in row)
        connection.execute(f"UPDATE audit SET {names} WHERE id = 1", row)
    synced.sync(JOHN)
    assert "the audit log was changed" in synced.refused("audit", "--verify", code=1)


def test_a_log_whose_entries_have_no_numbers_ends(synced: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next piece is asked for by the number of the last entry: without one, the same piece would come for ever."""
    monkeypatch.setattr(audit, "_AT_A_TIME", 2)
    columns = "at, actor, action, subject, detail, chain"
    harm(
        synced,
        "ALTER TABLE audit RENAME TO old",
        f"CREATE TABLE audit (id, {columns})",
        f"INSERT INTO audit SELECT NULL, {columns} FROM old",
    )
    assert "a value cannot be read" in synced.refused("audit", "--verify", code=2)


def test_a_transaction_that_takes_too_long_is_stopped(synced: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is behind it; the message says so."""
    monkeypatch.setattr(engine, "MAX_SECONDS", 0.0)
    monkeypatch.setattr(engine, "_ASK_AFTER", 1)
    with pytest.raises(CorruptStoreError, match="seconds of work"), reading(synced.folder / "members.sqlite") as found:
        found.exec_driver_sql(f"{COUNT} SELECT count(*) FROM n a, n b, n c").all()
