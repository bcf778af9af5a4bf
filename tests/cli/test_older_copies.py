"""An older copy of a database, a lost one, and a command that was interrupted half-way."""

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

from radicale_tldops.roster.errors import StoreError
from sync import apply
from tests.support import JANE, JOHN, World

JIM = '"Jim Poe, #2, .nl, +31 20 000 0000" <jim@nic.nl>'


@pytest.fixture
def synced(world: World) -> World:
    """A world with three people."""
    world.sync(JOHN, JANE, JIM)
    return world


def roster(world: World) -> Path:
    """The roster database."""
    return world.folder / "roster.sqlite"


def members(world: World) -> Path:
    """The members database."""
    return world.folder / "members.sqlite"


@pytest.mark.parametrize(
    "command", [("plan",), ("sync", "--yes"), ("status",), ("export",), ("backup", "b"), ("history",)]
)
def test_an_older_copy_is_noticed_by_every_command(synced: World, command: tuple[str, ...]) -> None:
    """Yesterday's file in the place of today's would let denied people in: every command says so."""
    old = roster(synced).read_bytes()
    synced.do("access", "deny", "john.doe@nic.nl", "--reason", "phone stolen")
    roster(synced).write_bytes(old)
    result = synced.run(*command)
    assert result.code == 2
    assert "older copy" in result.err
    assert roster(synced).read_bytes() == old


def test_a_lost_roster_is_not_replaced_by_an_empty_one(synced: World) -> None:
    """Without it there are no guards, tombstones or denials: a sync must not begin anew as if nothing had been."""
    backup = synced.folder / "b"
    synced.do("backup", str(backup))
    roster(synced).unlink()
    synced.write(JOHN)
    result = synced.run("sync", "--yes")
    assert result.code == 2
    assert "the roster database is missing" in result.err
    assert not roster(synced).exists()
    synced.do("restore", str(backup), "--yes")
    assert synced.do("status", "--json").json["people"] == 3


def test_a_copy_from_before_a_restore_is_noticed(synced: World) -> None:
    """A restore begins a new lineage; a file of the old one is another roster."""
    before = roster(synced).read_bytes()
    synced.do("backup", str(synced.folder / "b"))
    synced.do("restore", str(synced.folder / "b"), "--yes")
    roster(synced).write_bytes(before)
    assert synced.run("sync", "--yes").code == 2


def test_an_older_members_database_is_noticed(synced: World) -> None:
    """It would revive device passwords that were revoked."""
    login = synced.device("john.doe@nic.nl")
    old = members(synced).read_bytes()
    synced.do("device", "revoke", login.id)
    members(synced).write_bytes(old)
    result = synced.run("device", "list")
    assert result.code == 2
    assert "members database" in result.err


def test_an_interrupted_sync_is_finished_by_the_next_command(synced: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped between the two databases: the next sync suspends the devices and writes the missing audit entry."""
    login = synced.device("jim@nic.nl")
    synced.write(JOHN, JANE)

    def stop(_stores: apply.Stores, _now: datetime) -> None:
        raise StoreError("the machine stopped")

    with monkeypatch.context() as patch:
        patch.setattr(apply, "catch_up", stop)
        assert synced.call("sync", "--yes") == 2
    assert [device["state"] for device in synced.do("device", "list", login.user, "--json").json] == ["valid"]
    synced.do("sync", "--yes")
    assert [device["state"] for device in synced.do("device", "list", login.user, "--json").json] == ["suspended"]
    subjects = [row["subject"] for row in synced.do("audit", "--json").json]
    assert subjects.count("generation 2") == 1
    synced.do("audit", "--verify")


def test_a_shortened_audit_log_is_noticed(synced: World) -> None:
    """Entries that are cut off at the end leave a chain that is whole, and are missed all the same."""
    synced.do("access", "deny", "john.doe@nic.nl", "--reason", "test")
    synced.do("audit", "--verify")
    with closing(sqlite3.connect(members(synced))) as connection, connection:
        connection.execute("DELETE FROM audit WHERE id = (SELECT max(id) FROM audit)")
    result = synced.run("audit", "--verify")
    assert result.code == 1
    assert "missing" in result.err


def test_a_damaged_backup_is_refused_and_the_roster_stands(synced: World) -> None:
    """One changed byte in a card of the backup: the store stays as it was."""
    backup = synced.folder / "b"
    synced.do("backup", str(backup))
    with closing(sqlite3.connect(backup)) as connection, connection:
        connection.execute("UPDATE card SET text = replace(text, 'Jane', 'Jame')")
    before = synced.do("status", "--json").json["generation"]
    assert synced.run("restore", str(backup), "--yes").code == 2
    assert synced.do("status", "--json").json["generation"] == before


def test_a_damaged_members_backup_stops_a_restore_before_it_begins(synced: World) -> None:
    """Both files are read before the first of them replaces anything."""
    backup = synced.folder / "b"
    synced.do("backup", str(backup))
    Path(f"{backup}.members").write_bytes(b"garbage" * 100)
    before = synced.do("status", "--json").json["generation"]
    assert synced.run("restore", str(backup), "--yes").code == 2
    assert synced.do("status", "--json").json["generation"] == before


def test_a_backup_that_cannot_be_finished_leaves_nothing_behind(synced: World) -> None:
    """The next try under the same name must not find half of the last one."""
    (synced.folder / "b.members").mkdir()
    result = synced.run("backup", str(synced.folder / "b"))
    assert result.code == 2
    assert not (synced.folder / "b").exists()


def test_devices_come_back_with_a_backup_on_a_fresh_machine(synced: World, tmp_path: Path) -> None:
    """Roster, readers and device passwords are there again when both databases were lost."""
    synced.device("john.doe@nic.nl")
    backup = synced.folder / "b"
    synced.do("backup", str(backup))
    roster(synced).unlink()
    members(synced).unlink()
    synced.do("restore", str(backup), "--yes")
    assert [device["revoked_at"] for device in synced.do("device", "list", "--json").json] == [None]
    synced.do("sync", "--yes")


def test_who_joined_and_left_after_the_backup_keeps_the_uid(synced: World) -> None:
    """A restore does not forget those who left: who returns under another address is who they were."""
    backup = synced.folder / "b"
    synced.do("backup", str(backup))
    ann = '"Ann New, #3, .nl, +31 20 000 0001" <ann@nic.nl>'
    synced.sync(JOHN, JANE, JIM, ann)
    uid = next(change["uid"] for change in synced_plan(synced, [JOHN, JANE, JIM]) if change["name"] == "Ann New")
    synced.sync(JOHN, JANE, JIM)
    synced.do("restore", str(backup), "--yes")
    back = [
        change
        for change in synced_plan(synced, [JOHN, JANE, JIM, ann.replace("ann@", "a.new@")])
        if change["kind"] == "added"
    ]
    assert [change["uid"] for change in back] == [uid]


def synced_plan(world: World, lines: list[str]) -> list[dict[str, str]]:
    """The changes of a plan for these lines."""
    world.write(*lines)
    found: list[dict[str, str]] = world.run("plan", "--json").json["people"]
    return found


def test_people_let_in_do_not_keep_others_from_being_shut_out(synced: World) -> None:
    """Strangers beyond the limit stop their own part; who has left the list is out all the same."""
    strangers = [f'"Guest {n}, #1, .{c}, +31 20 000 01{n * 3}" <guest{n}@nic.nl>' for n, c in enumerate(
        ["be", "de", "dk", "at", "ch", "cz", "es"], 10)]  # fmt: skip
    synced.write(JANE, JIM, *strangers)
    result = synced.run("sync", "--yes")
    assert result.code == 1
    assert "mass-addition" in result.out
    logins = {reader["login"] for reader in synced.do("access", "list", "--json").json}
    assert logins == {"jane.doe@nic.vn", "jim@nic.nl"}


def test_a_broken_line_does_not_keep_who_left_a_separate_list(synced: World) -> None:
    """The list is another source than the file: nobody stays a reader because somebody else's line is broken."""
    (synced.folder / "list.txt").write_text("john.doe@nic.nl\njane.doe@nic.vn\n")
    synced.configure('[subscribers]\nfile = "list.txt"\n[guards]\nmismatch = "100 %"\n')
    synced.write(JOHN, JANE, JIM, '"Broken, #1, .nowhere" <broken@nic.nl>')
    assert synced.run("sync", "--yes").code == 1
    logins = {reader["login"] for reader in synced.do("access", "list", "--json").json}
    assert logins == {"john.doe@nic.nl", "jane.doe@nic.vn"}


def test_a_stale_file_that_changes_nothing_does_not_lower_the_measure(synced: World) -> None:
    """An older file with the same people is nothing to do, and what is older than the newest input stays stale."""
    newer = synced.members.stat().st_mtime
    synced.write(JOHN, JANE, JIM, "# a comment")
    os.utime(synced.members, (newer - 1000, newer - 1000))
    synced.do("sync", "--yes")
    synced.write(JOHN, JANE)
    os.utime(synced.members, (newer - 500, newer - 500))
    shown = synced.run("plan", "--json").json
    assert [change["kind"] for change in shown["people"]] == ["removed"]
    synced.write(JOHN)
    os.utime(synced.members, (newer - 500, newer - 500))
    assert "stale-source" in {hazard["code"] for hazard in synced.run("plan", "--json").json["hazards"]}


KILLED = """
import os, signal, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA cache_size = 1")
connection.execute("BEGIN IMMEDIATE")
connection.execute("UPDATE card SET text = 'half written'")
for number in range(200):
    connection.execute("INSERT INTO tombstone VALUES (?, 9, 'plain')", (f"{number}" * 50,))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_command_left_half_way_is_rolled_back(synced: World) -> None:
    """A journal is left beside the database: the next command brings the old generation back, whole."""
    before = synced.do("export", "--format", "vcf").out
    killed = subprocess.run([sys.executable, "-c", KILLED, str(roster(synced))], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert roster(synced).with_name("roster.sqlite-journal").stat().st_size > 0
    assert b"half written" in roster(synced).read_bytes()
    assert synced.do("export", "--format", "vcf").out == before
    assert not roster(synced).with_name("roster.sqlite-journal").exists()
