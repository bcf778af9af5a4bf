"""What somebody has written into the databases, or beside them: no traceback, no lost roster, and a way on."""

import shutil
import sqlite3
import struct
import time
from contextlib import closing
from pathlib import Path

import pytest

from radicale_tldops.store.notes import NOTES
from radicale_tldops.store.schema import MEMBERS, ROSTER
from tests.support import DAV, Client, World, serve
from tests.support.lists import subscribe
from tests.support.people import people

TEN = people(10)
ANN = TEN[0].login
COMMANDS = (
    ("status",),
    ("status", "--usage"),
    ("sync", "--yes"),
    ("follow", "--yes"),
    ("audit", "--details"),
    ("audit", "--verify"),
    ("audit", "--prune"),
    ("device", "list"),
    ("access", "deny", ANN, "--reason", "phone stolen"),
    ("reconcile",),
)
NOTES_TRIED = {
    "roster": ("audit_end", "audit_pruned", "counter", "freshness", "last_sync", "list_known", "newest_members"),
    "members": ("counter", "newest_roster", "schema_version"),
}
GARBAGE = ("x", "{}", "[1]", "[" * 100_000, "9" * 23, "9 x", "-1")


@pytest.fixture
def listed(tldops: World) -> World:
    """Ten people with a list of its own, and a device."""
    tldops.configure('[subscribers]\nfile = "list.txt"\n')
    subscribe(tldops, TEN)
    tldops.sync(*TEN)
    tldops.do("device", "add", ANN, "--label", "phone")
    return tldops


def change(tldops: World, name: str, statement: str, *values: object) -> None:
    """Change a database past the commands."""
    with closing(sqlite3.connect(tldops.folder / f"{name}.sqlite")) as connection, connection:
        connection.execute(statement, values)


def note(tldops: World, name: str, key: str, value: str) -> None:
    """Write a note of a database."""
    change(tldops, name, "INSERT OR REPLACE INTO meta VALUES (?, ?)", key, value)


def test_every_note_of_a_used_store_is_in_the_table(listed: World) -> None:
    """A restore decides about each of them."""
    listed.do("audit", "--prune")
    for database in (ROSTER, MEMBERS):
        with closing(sqlite3.connect(listed.folder / f"{database.name}.sqlite")) as connection:
            keys = {key for (key,) in connection.execute("SELECT key FROM meta")}
        assert keys <= {note.key for note in NOTES if database in note.databases}
        assert keys >= set(NOTES_TRIED[database.name]) - {"audit_pruned"}
    assert len({note.key for note in NOTES}) == len(NOTES)


@pytest.mark.parametrize(("name", "key"), [(name, key) for name, keys in NOTES_TRIED.items() for key in keys])
def test_no_note_makes_a_traceback(listed: World, name: str, key: str) -> None:
    """Whatever stands in it, a command works, or ends with one message and exit code 1 or 2."""
    whole = {path: path.read_bytes() for path in listed.folder.glob("*.sqlite")}
    for value in GARBAGE:
        for command in COMMANDS:
            for path, content in whole.items():
                path.write_bytes(content)
            note(listed, name, key, value)
            result = listed(*command)
            assert result.code in (0, 1, 2), (value, command)
            assert result.code == 0 or result.err.startswith("tldops: "), (value, command)


@pytest.mark.parametrize(
    ("name", "key"),
    [("roster", "last_sync"), ("roster", "list_known"), ("roster", "freshness"), ("members", "newest_roster")],
)
def test_a_restore_mends_a_note_as_the_message_says(listed: World, name: str, key: str) -> None:
    """Afterwards everything goes on: the note is that of the backup, or begins anew."""
    backup = str(listed.folder / "backup")
    listed.do("backup", backup)
    note(listed, name, key, "x")
    assert "tldops restore BACKUP" in listed.refused("follow", "--yes", code=2)
    listed.do("restore", backup, "--yes")
    for command in (("follow", "--yes"), ("sync", "--yes"), ("status",), ("device", "list")):
        listed.do(*command)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE card SET contact = '{'",
        "UPDATE generation SET counts = '{'",
        "UPDATE generation SET created_at = 'yesterday'",
        "UPDATE reader SET name = 'x'",
        "UPDATE meta SET value = 'x' WHERE key = 'counter'",
    ],
)
def test_a_restore_mends_a_roster_that_cannot_be_read(listed: World, statement: str) -> None:
    """Over whatever is wrong with it, without moving it aside."""
    backup = str(listed.folder / "backup")
    listed.do("backup", backup)
    listed.write(*TEN[:9])
    listed.force("list-mismatch")
    change(listed, "roster", statement)
    listed.refused("sync", "--yes", code=2)
    listed.do("restore", backup, "--yes")
    listed.force("list-mismatch")
    assert set(listed.contacts()) == {person.name for person in TEN[:9]}


def test_foreign_entries_of_the_log_are_shown(listed: World) -> None:
    """An entry with something else than text in it is shown as it is, and found by verifying."""
    change(listed, "members", "INSERT INTO audit VALUES (99, x'00ff', 1.5, 'x', 'y', ?, 'z')", "[" * 100_000)
    assert "b'\\x00\\xff'" in listed.do("audit", "--json").json[-1]["at"]
    for command in (("audit",), ("audit", "--details")):
        assert "1.5" in listed.do(*command).out
    assert "is missing or does not follow" in listed.refused("audit", "--verify", code=1)


def test_a_log_without_room_for_another_entry_says_so(listed: World) -> None:
    """A denial holds, and the message says what it lacks."""
    change(listed, "members", "INSERT INTO audit VALUES (?, 'x', 'x', 'x', 'x', '{}', 'z')", 2**63 - 1)
    result = listed("access", "deny", ANN, "--reason", "phone stolen")
    assert result.code == 2
    assert f"({ANN}) is denied from now on, but: " in result.err
    assert ANN not in listed.logins()


@pytest.mark.parametrize(
    "arguments",
    [
        ("--until", "9999-12-31"),
        ("--limit", "9" * 20),
        ("--action", "\udcff"),
        ("--actor", "\udcff"),
        ("--subject", "\udcff"),
    ],
)
def test_a_filter_that_finds_nothing_sensible(listed: World, arguments: tuple[str, str]) -> None:
    """It finds entries, or is wrong usage; it never says that the database is damaged."""
    result = listed("audit", *arguments)
    assert result.code == (0 if arguments[0] == "--until" else 2)
    assert "restore" not in result.err


# From here on: a server that was broken into, which may write the folder of the members database.


def forged_journal(victim: Path, pages: int, page_size: int) -> bytes:
    """A journal that restores no page and names `victim` as its super-journal (SQLite file format, 3)."""
    magic = bytes.fromhex("d9d505f920a163d7")
    header = magic + struct.pack(">IIIII", 0, 1, pages, 512, page_size)
    name = str(victim).encode()
    locked = 0x40000000 // page_size + 1
    record = struct.pack(">I", locked) + name + struct.pack(">II", len(name), sum(name)) + magic
    return header.ljust(512, b"\0") + record


def test_a_forged_journal_deletes_nothing(listed: World) -> None:
    """SQLite would delete the file that the journal names; no command opens a database beside one."""
    folder = listed.folder
    with closing(sqlite3.connect(folder / "members.sqlite")) as connection:
        (size,) = connection.execute("PRAGMA page_size").fetchone()
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
    copy = folder / "copy"
    copy.mkdir()
    for path in folder.glob("*.sqlite"):
        shutil.copy(path, copy)
    (copy / "members.sqlite-journal").write_bytes(forged_journal(copy / "roster.sqlite", pages, size))
    with closing(sqlite3.connect(copy / "members.sqlite")) as connection:
        connection.execute("SELECT count(*) FROM meta").fetchone()
    assert not (copy / "roster.sqlite").exists(), "the journal is not one that SQLite would obey"

    journal = folder / "members.sqlite-journal"
    journal.write_bytes(forged_journal(folder / "roster.sqlite", pages, size))
    for command in (("sync", "--yes"), ("status",), ("device", "add", ANN, "--label", "x"), ("audit", "--prune")):
        assert "members.sqlite-journal: tldops has not written this journal" in listed.refused(*command, code=2)
    assert journal.exists()
    result = listed("access", "deny", ANN, "--reason", "phone stolen")
    assert (result.code, "is denied from now on, but: " in result.err) == (2, True)
    journal.unlink()
    listed.do("status")
    assert len(listed.contacts()) == 10


@pytest.mark.parametrize("kind", ["link", "folder"])
def test_something_else_in_the_place_of_a_journal(listed: World, kind: str) -> None:
    """A link to the roster, a folder: nothing is written through it."""
    folder = listed.folder
    journal = folder / "members.sqlite-journal"
    if kind == "link":
        journal.symlink_to(folder / "roster.sqlite")
    else:
        journal.mkdir()
    before = (folder / "roster.sqlite").read_bytes()
    assert "members.sqlite-journal" in listed("device", "add", ANN, "--label", "x").err
    assert (folder / "roster.sqlite").read_bytes() == before


def test_one_database_is_not_both(listed: World) -> None:
    """A link in the place of the members database does not make the roster one."""
    folder = listed.folder
    before = (folder / "roster.sqlite").read_bytes()
    (folder / "members.sqlite").unlink()
    (folder / "members.sqlite").symlink_to(folder / "roster.sqlite")
    assert "this is the roster database, too" in listed.refused("sync", "--yes", code=2)
    assert (folder / "roster.sqlite").read_bytes() == before


@pytest.mark.parametrize("damage", ["garbage", "a folder", "an older copy"])
def test_a_failing_members_database_keeps_nobody_in(listed: World, damage: str) -> None:
    """`deny` and the list need the roster alone: both are done, say what is missing, and exit with 2."""
    path = listed.folder / "members.sqlite"
    older = path.read_bytes()
    listed.do("device", "add", TEN[1].login, "--label", "phone")
    newest = path.read_bytes()
    path.unlink()
    if damage == "a folder":
        path.mkdir()
    else:
        path.touch(0o600)
        path.write_bytes(older if damage == "an older copy" else b"x" * 5000)
    result = listed("access", "deny", ANN, "--reason", "phone stolen")
    assert (result.code, f"({ANN}) is denied from now on, but: " in result.err) == (2, True)
    subscribe(listed, [TEN[0], *TEN[2:]])
    result = listed("follow", "--yes")
    assert (result.code, "generation 2 was applied and is served, but: " in result.err) == (2, True)
    assert listed.logins() == {person.login for person in TEN[2:]}
    listed.refused("device", "list", code=2)
    if path.is_dir():
        path.rmdir()
        path.touch(0o600)
    path.write_bytes(newest)
    listed.do("follow", "--yes")
    assert listed.devices(TEN[1].login) == [False]
    assert "generation 2" in {entry["subject"] for entry in listed.do("audit", "--json").json}


def test_an_older_roster_is_not_made_newer(listed: World) -> None:
    """Neither by a denial nor by the list: then nobody would notice any more who may read in it and must not."""
    path = listed.folder / "roster.sqlite"
    older = path.read_bytes()
    listed.do("access", "deny", ANN, "--reason", "phone stolen")
    path.write_bytes(older)
    subscribe(listed, TEN[2:])
    for command in (("access", "deny", TEN[1].login, "--reason", "x"), ("follow", "--yes")):
        assert "older copy" in listed.refused(*command, code=2)


def test_denied_behind_the_back_of_a_running_server_is_401(world: World) -> None:
    """The server goes on from memory without the members database, and lets go whom the roster denies."""
    world.sync(*(person.line for person in TEN))
    denied, other = world.device(ANN), world.device(TEN[1].login)
    with serve(world) as url:
        clients = [Client(url, denied), Client(url, other)]
        assert [client.principal() != "" for client in clients] == [True, True]
        (world.folder / "members.sqlite").write_bytes(b"x" * 5000)
        assert world.run("access", "deny", ANN, "--reason", "phone stolen").code == 2
        answers = _until_401(clients[0]), clients[1].propfind("/", f"{DAV}current-user-principal").status
        assert answers == (401, 207)


def _until_401(client: Client) -> int:
    """Ask for at most as long as a few looks at the store take; return the last status."""
    status = 0
    for _ in range(50):
        status = client.propfind("/", f"{DAV}current-user-principal").status
        if status == 401:
            break
        time.sleep(0.1)
    return status
