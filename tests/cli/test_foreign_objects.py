"""A database may hold what is in the schema and nothing else that acts by itself."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.support import JANE, JOHN, Client, World, serve
from tests.support.waiting import until

OBJECTS = {
    "view": "CREATE VIEW foreign_one AS SELECT 1",
    "trigger": "CREATE TRIGGER foreign_one AFTER UPDATE ON meta BEGIN DELETE FROM meta; END",
    "virtual table": "CREATE VIRTUAL TABLE foreign_one USING fts5(text)",
    "column that computes": "CREATE TABLE foreign_one (a, b AS (hex(a)))",
    "check": "CREATE TABLE foreign_one (a CHECK (a LIKE '%a%'))",
    "default that computes": "CREATE TABLE foreign_one (a DEFAULT(hex(randomblob(9))))",
    "conflict that is ignored": "CREATE TABLE foreign_one (a UNIQUE ON CONFLICT IGNORE)",
    "index that computes": "CREATE INDEX foreign_one ON meta (length(value))",
    "index of some rows": "CREATE INDEX foreign_one ON meta (value) WHERE key > 'a'",
}


def add(database: Path, statement: str) -> None:
    """Put something into a database that tldops did not make."""
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript(statement)
        connection.commit()


@pytest.mark.parametrize("name", ["roster.sqlite", "members.sqlite"])
@pytest.mark.parametrize("statement", OBJECTS.values(), ids=OBJECTS)
def test_commands_refuse_it_by_name(tldops: World, name: str, statement: str) -> None:
    """Before anything of the database is read or written."""
    tldops.sync(JOHN, JANE)
    add(tldops.folder / name, statement)
    said = tldops.refused("sync", "--yes", code=2)
    assert name in said
    assert "'foreign_one' was not made by tldops" in said


def test_a_plain_table_is_no_reason_to_refuse(tldops: World) -> None:
    """A later version may have added it."""
    tldops.sync(JOHN, JANE)
    for name in ("roster.sqlite", "members.sqlite"):
        add(tldops.folder / name, "CREATE TABLE outbox (id INTEGER PRIMARY KEY, text TEXT DEFAULT '' NOT NULL)")
        add(tldops.folder / name, "CREATE UNIQUE INDEX outbox_text ON outbox (text, id)")
    assert "Nothing to do" in tldops.do("sync", "--yes").out


def test_a_trigger_in_the_members_database_keeps_nobody_in(tldops: World) -> None:
    """The denial is written to the roster, and the command says what is wrong with the other database."""
    tldops.sync(JOHN, JANE)
    add(tldops.folder / "members.sqlite", "CREATE TRIGGER quiet BEFORE INSERT ON audit BEGIN SELECT RAISE(IGNORE); END")
    result = tldops("access", "deny", "john.doe@nic.nl", "--reason", "left")
    assert result.code == 2
    assert "the trigger 'quiet' was not made by tldops" in result.err
    assert tldops.logins() == {"jane.doe@nic.vn"}


def test_the_server_goes_on_with_what_it_has_and_starts_with_nothing_of_it(world: World) -> None:
    """The last good roster is served from memory; a new server answers 503, and never a part."""
    world.sync(JOHN, JANE)
    login = world.device("john.doe@nic.nl")
    with serve(world) as url:
        client = Client(url, login)
        assert len(client.cards(client.book())) == 2
        add(world.folder / "roster.sqlite", OBJECTS["view"])
        until(lambda: Client(url).request("GET", "/.health").status == 503, "health says nothing")
        assert len(client.cards(client.book())) == 2
    with serve(world) as url:
        assert Client(url, login).propfind("/", "{DAV:}current-user-principal").status == 503
