"""Databases of version 1: a command brings them forward with all that is in them; a server lets members in."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect

from radicale_tldops.roster.digest import digest
from radicale_tldops.roster.errors import CorruptStoreError, StoreError
from radicale_tldops.roster.traits import address_digest
from radicale_tldops.store import audit, create, migrations, schema
from radicale_tldops.store.engine import writing
from radicale_tldops.store.kept import verify_kept
from radicale_tldops.store.members import load_claims, load_devices
from radicale_tldops.store.notes import KEPT_FROM, read_note
from radicale_tldops.store.read import load_history, load_snapshot
from radicale_tldops.store.retention import verify_log
from radicale_tldops.store.usage import load_usage
from radicale_tldops.store.values import AuditRow
from radicale_tldops.store.write import drop_cards
from sync.vcard.card import contact_uid
from tests.support import JANE, JOHN, Client, World, serve
from tests.support.clock import START
from tests.support.store import Store, as_version_4, ensure, login, uid

# What version 1 of this software created, letter by letter.
VERSION_1 = """
CREATE TABLE meta (key VARCHAR NOT NULL, value TEXT NOT NULL, PRIMARY KEY (key));
CREATE TABLE device (id VARCHAR NOT NULL, login VARCHAR NOT NULL, reader_since INTEGER NOT NULL,
 label VARCHAR NOT NULL, style VARCHAR NOT NULL, digest VARCHAR NOT NULL, created_at VARCHAR NOT NULL,
 actor VARCHAR NOT NULL, revoked_at VARCHAR, revoked_because VARCHAR, PRIMARY KEY (id), UNIQUE (digest));
CREATE INDEX device_login ON device (login);
CREATE TABLE claim (id INTEGER NOT NULL, uid VARCHAR NOT NULL, login VARCHAR NOT NULL, confirmed_on VARCHAR NOT NULL,
 how VARCHAR NOT NULL, actor VARCHAR NOT NULL, at VARCHAR NOT NULL, PRIMARY KEY (id));
CREATE INDEX claim_uid ON claim (uid);
CREATE TABLE audit (id INTEGER NOT NULL, at VARCHAR NOT NULL, actor VARCHAR NOT NULL, action VARCHAR NOT NULL,
 subject VARCHAR NOT NULL, detail TEXT NOT NULL, chain VARCHAR NOT NULL, PRIMARY KEY (id));
INSERT INTO meta VALUES ('schema_version', '1'), ('counter', '7'), ('newest_roster', '');
INSERT INTO device VALUES ('0a1b2c3d', 'jane@nic.example', 1, 'phone', 'groups', 'd1', '2026-01-02T03:04:05+00:00',
 'clerk', NULL, NULL);
INSERT INTO device VALUES ('4e5f6a7b', 'john@nic.example', 1, 'Évolution', 'plain', 'd2', '2026-01-02T03:04:06+00:00',
 'clerk', '2026-02-03T04:05:06+00:00', 'lost');
INSERT INTO claim VALUES (1, 'u1', 'jane@nic.example', '2026-03-04', 'called', 'clerk', '2026-03-04T05:06:07+00:00');
INSERT INTO audit VALUES (1, '2026-01-02T03:04:05+00:00', 'clerk', 'deny', 'jané@nic.example', '{"devices": 1}', '');
"""


@pytest.fixture
def old(tmp_path: Path) -> Store:
    """A store whose members database is of version 1, with two devices, a confirmation and an audit entry."""
    store = Store(tmp_path)
    store.members.unlink()
    with closing(sqlite3.connect(store.members)) as connection, connection:
        connection.executescript(VERSION_1)
        values = (1, "2026-01-02T03:04:05+00:00", "clerk", "deny", "jané@nic.example", '{"devices": 1}')
        connection.execute("UPDATE audit SET chain = ?", (audit._older_link("0" * 64, AuditRow(*values, "")),))
    return store


NOTES_WITHOUT_VERSIONS = "SELECT * FROM meta WHERE key NOT IN ('schema_version', 'readable_from') ORDER BY 1"
DEVICE = "id, login, reader_since, label, style, digest, created_at, actor, revoked_at, revoked_because"


def content(path: Path) -> dict[str, list[object]]:
    """Every row of the tables of version 1, without what says of which version they are."""
    with closing(sqlite3.connect(path)) as connection:
        return {
            table: connection.execute(f"SELECT {columns} FROM {table} ORDER BY 1").fetchall()
            for table, columns in (("device", DEVICE), ("claim", "*"), ("audit", "*"))
        } | {"meta": connection.execute(NOTES_WITHOUT_VERSIONS).fetchall()}


def test_an_older_members_database_is_brought_forward_with_everything_in_it(old: Store) -> None:
    """Devices, confirmations, the log and the notes are the same afterwards, and the chain goes on from the old end."""
    before = content(old.members)
    ensure(old.roster, old.members)
    assert content(old.members) == before
    counter, devices = load_devices(old.members)
    assert (counter, [device.label for device in devices]) == (7, ["phone", "Évolution"])
    assert set(load_claims(old.members)) == {"u1"}
    assert load_usage(old.members) == ([], [])
    audit.record(old.members, "clerk", "allow", "jané@nic.example", {}, START)
    verdict = verify_log(old.roster, old.members)
    assert (verdict.whole, verdict.entries) == (True, 2)


def test_a_database_brought_forward_is_one_that_was_created_new(old: Store, tmp_path: Path) -> None:
    """The same tables, columns, keys and indexes."""
    new = Store(tmp_path / "new")
    ensure(old.roster, old.members)
    assert shape(old.members) == shape(new.members)


def shape(path: Path) -> dict[str, object]:
    """The structure of a database."""
    engine = create_engine(f"sqlite:///{path}")
    try:
        found = inspect(engine)
        return {
            table: (
                [(column["name"], str(column["type"]), column["nullable"]) for column in found.get_columns(table)],
                found.get_pk_constraint(table)["constrained_columns"],
                sorted((str(index["name"]), str(index["column_names"])) for index in found.get_indexes(table)),
            )
            for table in found.get_table_names()
        }
    finally:
        engine.dispose()


def test_the_server_reads_the_devices_of_an_older_members_database_and_leaves_it_alone(old: Store) -> None:
    """Only commands migrate: of what was otherwise then, reading says what to do, and it writes nothing."""
    before = old.members.read_bytes()
    assert [device.label for device in load_devices(old.members)[1]] == ["phone", "Évolution"]
    for read in (load_usage, audit.load):
        with pytest.raises(StoreError, match="older version"):
            read(old.members)
    assert old.members.read_bytes() == before


def test_a_killed_migration_is_done_again(old: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped between two statements it leaves the old version, whole, and the next command does it again."""
    before = content(old.members)

    def stop(connection: object) -> None:
        migrations.members_2(connection)  # type: ignore[arg-type]
        raise StoreError("the machine stopped")

    with monkeypatch.context() as patch:
        patch.setattr(create, "MEMBERS", replace(schema.MEMBERS, steps=(migrations.Step("a test", stop),)))
        with pytest.raises(StoreError, match="stopped"):
            ensure(old.roster, old.members)
    assert content(old.members) == before
    with pytest.raises(StoreError, match="older version"):
        load_usage(old.members)
    ensure(old.roster, old.members)
    assert load_usage(old.members) == ([], [])


@pytest.mark.parametrize("kind", ["tldops", "radicale"])
def test_a_server_that_was_started_before_any_command_lets_members_in(world: World, kind: str) -> None:
    """After an upgrade, on a database of version 1: what cannot be recorded yet is no reason to turn anybody away."""
    world.sync(JOHN, JANE)
    login = world.device("john.doe@nic.nl")
    path = world.folder / "members.sqlite"
    with closing(sqlite3.connect(path)) as connection, connection:
        for what in ("TABLE wish", "TABLE last_used", "TABLE seen_from", "INDEX audit_subject"):
            connection.execute(f"DROP {what}")
        for column in ("owner", "suspended_at"):
            connection.execute(f"ALTER TABLE device DROP COLUMN {column}")
        connection.execute("UPDATE meta SET value = '1' WHERE key = 'schema_version'")
    with serve(world, kind) as url:
        client = Client(url, login)
        assert len(client.cards(client.book())) == 2
        assert "Run `tldops migrate`" in world.refused("status", code=2)
        world.do("migrate", "--yes")
        assert len(client.cards(client.book())) == 2
    assert schema_version(path) == "4"
    (known,) = load_devices(path)[1]
    assert known.owner == contact_uid("john.doe@nic.nl")


def as_version_2(path: Path) -> None:
    """Make a roster what it was in version 2, with the digest that its newest generation had there."""
    with writing(path) as connection:
        as_version_4(connection)
        connection.exec_driver_sql("ALTER TABLE generation DROP COLUMN ended")
        head = connection.exec_driver_sql("SELECT id, lineage FROM generation ORDER BY id DESC LIMIT 1").one()
        old = migrations.roster_digest(connection, head.lineage, head.id)
        connection.exec_driver_sql("UPDATE generation SET digest = ? WHERE id = ?", (old, head.id))
        connection.exec_driver_sql("UPDATE meta SET value = '2' WHERE key = 'schema_version'")


@pytest.mark.parametrize("harm", ["", "UPDATE card SET text = 'x' WHERE until IS NULL"])
def test_the_kept_cards_of_an_older_roster_are_sealed_as_they_are(tmp_path: Path, harm: str) -> None:
    """Afterwards the database is as a new one would be, digests included; what failed its digest still does."""
    store = Store(tmp_path)
    store.apply(put=["jane", "john"], groups=["nl"])
    store.apply(put=["jane"], note="2", groups=["nl"])
    store.apply(remove=["john"])
    before, digests = shape(store.roster), rows_of_generations(store.roster)
    as_version_2(store.roster)
    assert shape(store.roster) != before
    with writing(store.roster) as connection:
        connection.exec_driver_sql(harm or "SELECT 1")
    ensure(store.roster, store.members)
    assert shape(store.roster) == before
    if harm:
        with pytest.raises(CorruptStoreError, match="does not match its digest"):
            load_snapshot(store.roster)
        return
    assert rows_of_generations(store.roster) == digests
    verify_kept(store.roster)


@pytest.mark.parametrize("harm", ["", "UPDATE generation SET actor = 'x' WHERE id = 2"])
def test_the_generations_of_an_older_roster_become_a_chain(tmp_path: Path, harm: str) -> None:
    """Cards are kept from the tenth generation with cards on, as before; a row that was changed stays damage."""
    store = Store(tmp_path)
    for number in range(13):
        store.apply(put=["jane"], note=str(number))
    drop_cards(store.roster, 4, most=100)
    before, digests = shape(store.roster), rows_of_generations(store.roster)
    with writing(store.roster) as connection:
        as_version_4(connection)
        connection.exec_driver_sql(harm or "SELECT 1")
    ensure(store.roster, store.members)
    assert shape(store.roster) == before
    assert read_note(store.roster, KEPT_FROM) == 4
    if harm:
        with pytest.raises(CorruptStoreError, match="does not match its digest"):
            load_snapshot(store.roster)
        return
    assert rows_of_generations(store.roster) == digests
    verify_kept(store.roster)
    assert len(load_history(store.roster)) == 13


def rows_of_generations(path: Path) -> list[object]:
    """Every generation, with its digest of what it ended; the newest with its own digest, too."""
    with closing(sqlite3.connect(path)) as connection:
        newest = connection.execute("SELECT digest FROM generation ORDER BY id DESC LIMIT 1").fetchall()
        return newest + connection.execute("SELECT id, counts, ended, chain FROM generation ORDER BY id").fetchall()


def schema_version(path: Path) -> str:
    """The version that a database says it has."""
    with closing(sqlite3.connect(path)) as connection:
        (version,) = connection.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone()
        return str(version)


def denials(path: Path) -> list[object]:
    """Every denial."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT owner, login, name, reason FROM denied ORDER BY 1").fetchall()


@pytest.mark.parametrize("sealed", [True, False])
def test_denials_of_an_older_roster_become_those_of_people(tmp_path: Path, sealed: bool) -> None:
    """Two logins of one person are one denial, one of nobody is kept; a list that was changed is refused."""
    store = Store(tmp_path)
    store.apply(put=["jane", "john"])
    as_version_2(store.roster)
    rows = [(login("jane"), "2026", "clerk", "stolen"), ("gone@nic.example", "2026", "clerk", "left")]
    with closing(sqlite3.connect(store.roster)) as connection, connection:
        for table in ("denied", "absence", "address"):
            connection.execute(f"DROP TABLE {table}")
        connection.execute(
            "CREATE TABLE denied (login VARCHAR NOT NULL, at VARCHAR NOT NULL, actor VARCHAR NOT NULL, "
            "reason VARCHAR NOT NULL, PRIMARY KEY (login))"
        )
        connection.executemany("INSERT INTO denied VALUES (?, ?, ?, ?)", rows)
        connection.execute("UPDATE meta SET value = '1' WHERE key = 'schema_version'")
        seal = digest(rows if sealed else rows[1:])
        connection.execute("UPDATE meta SET value = ? WHERE key = 'denied_digest'", (seal,))
    if not sealed:
        with pytest.raises(CorruptStoreError, match="does not match its digest"):
            ensure(store.roster, store.members)
        return
    ensure(store.roster, store.members)
    assert set(denials(store.roster)) == {
        (uid("jane"), login("jane"), "jane", "stolen"),
        ("gone@nic.example", "gone@nic.example", "", "left"),
    }
    snapshot = load_snapshot(store.roster)
    assert snapshot.addresses[address_digest(login("john"))] == uid("john")
    assert [snapshot.reader(login(name)) is None for name in ("jane", "john")] == [True, False]
