"""The software replaced under a running server: what commands of the newer version do, and that the server goes on.

The newer version is this one with one step more for each database, and runs in this process; the server is a process of
its own, and so of the older version.
"""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Connection, inspect

from radicale_tldops.store.migrations import Step
from radicale_tldops.store.notes import READABLE_FROM, SCHEMA_VERSION, read_note
from radicale_tldops.store.schema import MEMBERS, ROSTER
from radicale_tldops.store.usage import load_usage
from tests.support import JANE, JOHN, Client, World, serve
from tests.support.waiting import until

Upgrade = Callable[[bool], None]


def add(connection: Connection) -> None:
    """Add a table, and to every table a column that needs no value."""
    for table in inspect(connection).get_table_names():
        connection.exec_driver_sql(f"ALTER TABLE {table} ADD COLUMN colour VARCHAR DEFAULT 'red'")
    connection.exec_driver_sql("CREATE TABLE outbox (id INTEGER PRIMARY KEY)")


@pytest.fixture
def upgrade() -> Iterator[Upgrade]:
    """Replaces the software, in this process, by a newer one whose further steps are additive or not."""
    before = [(database, database.steps) for database in (ROSTER, MEMBERS)]

    def replace(is_additive: bool) -> None:
        for database, steps in before:
            object.__setattr__(database, "steps", (*steps, Step("a place for letters", add, is_additive)))

    yield replace
    for database, steps in before:
        object.__setattr__(database, "steps", steps)


@pytest.mark.parametrize("kind", ["tldops", "radicale"])
def test_an_old_server_goes_on_after_an_additive_step(tldops: World, upgrade: Upgrade, kind: str) -> None:
    """The newer timer syncs as ever: no request fails, logins are recorded, and who left is out."""
    tldops.sync(JOHN, JANE)
    john, jane = tldops.device("john.doe@nic.nl"), tldops.device("jane.doe@nic.vn")
    with serve(tldops, kind) as url:
        client, other = Client(url, john), Client(url, jane)
        book = client.book()
        assert len(client.cards(book)) == 2
        upgrade(True)
        tldops.do("sync", "--yes")
        assert len(client.cards(book)) == 2
        assert len(other.cards(other.book())) == 2
        if kind == "tldops":
            members = tldops.folder / "members.sqlite"
            until(lambda: {use.login for use in load_usage(members)[0]} >= {"jane.doe@nic.vn"}, "no login was recorded")
        tldops.sync(JOHN)
        until(lambda: other.propfind("/").status == 401, "who left still reads")
        assert len(client.cards(book)) == 1
        tldops.do("audit", "--verify")
        # The old commands are not so lucky: they would write what the newer version does not know.
        old = tldops.run("status")
        assert (old.code, "Update the software" in old.err) == (2, True)
    with serve(tldops, kind) as url:
        assert len(Client(url, john).cards(book)) == 1


@pytest.mark.parametrize("kind", ["tldops", "radicale"])
def test_a_step_that_an_old_server_cannot_follow_waits_for_migrate(tldops: World, upgrade: Upgrade, kind: str) -> None:
    """No timer takes it, and a person is told what it does; the old server goes on meanwhile."""
    tldops.sync(JOHN, JANE)
    john = tldops.device("john.doe@nic.nl")
    with serve(tldops, kind) as url:
        client = Client(url, john)
        book = client.book()
        upgrade(False)
        for command in (("sync", "--yes"), ("status",), ("device", "list"), ("init",)):
            result = tldops(*command)
            assert (result.code, "Run `tldops migrate`" in result.err) == (2, True)
        assert "say --yes" in tldops.refused("migrate", code=2)
        assert len(client.cards(book)) == 2
        done = tldops.do("migrate", "--yes")
        for name in ("roster.sqlite", "members.sqlite"):
            assert f"{name}: a place for letters" in done.out
        assert "Restart the server" in done.out
        assert len(client.cards(book)) == 2
    assert tldops.do("audit", "--action", "migrate", "--json").json[0]["subject"] == "databases"
    assert "nothing to do" in tldops.do("migrate").out
    assert "Nothing to do" in tldops.do("sync", "--yes").out
    with serve(tldops, kind) as url:
        assert Client(url, john).propfind("/").status >= 500


def test_a_denial_does_not_wait_for_the_members_database(tldops: World, upgrade: Upgrade) -> None:
    """Where only that one has to be migrated, the denial is written, and the message says what is left."""
    tldops.sync(JOHN, JANE)
    upgrade(False)
    object.__setattr__(ROSTER, "steps", ROSTER.steps[:-1])
    result = tldops("access", "deny", "john.doe@nic.nl", "--reason", "left")
    assert result.code == 2
    assert "is denied from now on, but: " in result.err
    assert "Run `tldops migrate`" in result.err
    assert tldops.logins() == {"jane.doe@nic.vn"}


def test_nothing_to_migrate(tldops: World) -> None:
    """Where the databases are of this version, it says so and does nothing; where there are none, what to do."""
    assert "missing" in tldops.refused("migrate", "--yes", code=2)
    tldops.sync(JOHN, JANE)
    before = tldops.files()
    assert tldops.do("migrate").out == "The databases are of this version: nothing to do.\n"
    assert tldops.files() == before


def test_a_backup_of_an_older_version_is_brought_forward(tldops: World, upgrade: Upgrade) -> None:
    """`restore` takes every step on a copy: the backup stays as it is."""
    tldops.sync(JOHN, JANE)
    backup = tldops.folder / "backup"
    tldops.do("backup", str(backup))
    content = backup.read_bytes()
    upgrade(False)
    tldops.do("migrate", "--yes")
    tldops.do("restore", str(backup), "--yes")
    assert backup.read_bytes() == content
    assert len(tldops.contacts()) == 2
    roster = tldops.folder / "roster.sqlite"
    assert (read_note(roster, SCHEMA_VERSION), read_note(roster, READABLE_FROM)) == (6, 6)


def test_a_lost_members_database_is_made_anew_in_an_older_store(tldops: World, upgrade: Upgrade) -> None:
    """The command that repairs takes the step, too: else `migrate` would wait for it, and it for `migrate`."""
    tldops.sync(JOHN)
    (tldops.folder / "members.sqlite").unlink()
    upgrade(False)
    assert tldops("sync", "--yes").code == 2
    tldops.do("init", "--new-members")
    assert tldops("sync", "--yes").code in (0, 1)
    assert read_note(tldops.folder / "roster.sqlite", SCHEMA_VERSION) == ROSTER.version
