"""What comes after a rollback or a restore: who reads stays as the newest sync left it, and numbers go on."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from radicale_tldops.store import backup as store_backup
from tests.support import Client, World, serve
from tests.support.lists import follow, freshness, subscribe
from tests.support.people import Person, people
from tests.support.recording import record

FORTY = people(40)
NEW = "moved@nic.example"
MOVED = FORTY[3].line.replace(FORTY[3].login, NEW)
"""The fourth person under another address."""


@pytest.fixture
def listed(tldops: World) -> World:
    """Forty people in the roster, all on a list of its own."""
    tldops.configure('[subscribers]\nfile = "list.txt"\n')
    subscribe(tldops, FORTY)
    tldops.sync(*FORTY)
    return tldops


def on_list_since() -> list[Person | str]:
    """The list after the fourth person has moved."""
    return [*FORTY[:3], NEW, *FORTY[4:]]


@pytest.fixture
def rolled_back(listed: World) -> World:
    """Since the first generation the fourth person has moved, and the sixth is none of the file; then it came back."""
    subscribe(listed, on_list_since())
    listed.sync(*FORTY[:3], MOVED, FORTY[4], *FORTY[6:])
    listed.do("device", "add", NEW, "--label", "phone")
    listed.do("rollback", "1", "--yes")
    return listed


def test_old_cards_let_nobody_in_and_put_nobody_out(rolled_back: World) -> None:
    """Whoever was taken out stays out, on the list or not; who reads under a new address goes on, devices too."""
    before = rolled_back.logins()
    assert FORTY[5].login not in before
    assert follow(rolled_back) == ""
    assert rolled_back.logins() == before
    assert rolled_back.devices(NEW) == [True]
    assert "has the content that the last rollback took back" in rolled_back.refused("sync", "--yes", code=1)
    rolled_back.force("stale-source")
    assert rolled_back.logins() == before
    assert rolled_back.devices(NEW) == [True]


def test_after_a_rollback_who_leaves_the_list_is_out(rolled_back: World) -> None:
    """Whether or not the old cards know the address; and the old address on the list lets nobody in."""
    subscribe(rolled_back, [FORTY[3], *FORTY[:3], *FORTY[5:]])
    follow(rolled_back)
    assert rolled_back.logins() == {person.login for person in [*FORTY[:3], *FORTY[6:]]}


def test_a_full_sync_ends_the_caution(rolled_back: World) -> None:
    """From then on the cards are those of today: who returns to the list reads again."""
    rolled_back.force("stale-source")
    subscribe(rolled_back, on_list_since()[1:])
    follow(rolled_back)
    assert FORTY[0].login not in rolled_back.logins()
    subscribe(rolled_back, on_list_since())
    follow(rolled_back)
    assert FORTY[0].login in rolled_back.logins()


def test_a_full_sync_without_a_change_ends_it_too(listed: World) -> None:
    """After a restore that left everything as it was, there is nothing to apply."""
    backup = listed.folder / "backup"
    listed.do("backup", str(backup))
    listed.do("restore", str(backup), "--yes")
    subscribe(listed, FORTY[1:])
    follow(listed)
    subscribe(listed, FORTY)
    assert follow(listed) == ""
    assert FORTY[0].login not in listed.logins()
    assert "Applied as generation 4." in listed.sync(*FORTY).out
    listed.do("restore", str(backup), "--yes")
    assert "Nothing to do" in listed.sync(*FORTY).out
    subscribe(listed, FORTY[1:])
    follow(listed)
    subscribe(listed, FORTY)
    follow(listed)
    assert FORTY[0].login in listed.logins()


def test_old_cards_are_no_measure_of_the_list(listed: World) -> None:
    """Many who left and many who came since do not make it look like another list."""
    listed.configure(
        '[subscribers]\nfile = "list.txt"\n[guards]\nremovals = "10 % or 40"\n'
        'additions = "10 % or 40"\nchanges = "10 % or 40"\naccess = "10 % or 40"\n'
        "mismatch = '30 %'\n"
    )
    subscribe(listed, FORTY[10:])
    listed.sync(*FORTY[10:])
    strangers = [person.line.replace("@nic", "@new").replace("Person", "Other") for person in FORTY[:10]]
    newcomers = [person.login.replace("@nic", "@new") for person in FORTY[:10]]
    subscribe(listed, [*FORTY[10:], *newcomers])
    listed.sync(*FORTY[10:], *strangers)
    listed.do("rollback", "1", "--yes")
    listed.configure('[subscribers]\nfile = "list.txt"\n[guards]\naccess = "10 % or 40"\n')
    subscribe(listed, [*FORTY[12:], *newcomers])
    follow(listed)
    assert listed.logins() == {*newcomers, *(person.login for person in FORTY[12:])}


def test_after_a_restore_who_joined_since_reads_on(listed: World) -> None:
    """The timer comes before the full sync: nobody who reads loses a login or a device password for that."""
    backup = listed.folder / "backup"
    more = people(41)
    listed.do("backup", str(backup))
    subscribe(listed, more)
    listed.sync(*more)
    listed.do("device", "add", more[40].login, "--label", "phone")
    listed.do("restore", str(backup), "--yes")
    assert follow(listed) == ""
    assert listed.devices(more[40].login) == [True]
    listed.do("sync", "--yes")
    assert listed.logins() == {person.login for person in more}


def test_a_restore_forgets_nothing_of_the_list(listed: World) -> None:
    """When it was had last is of today: access does not close, and no alarm rings, for the backup's age."""
    backup = listed.folder / "backup"
    (listed.folder / "list.txt").rename(listed.folder / "aside")
    listed.refused("follow", "--yes", code=2)
    listed.do("backup", str(backup))
    (listed.folder / "aside").rename(listed.folder / "list.txt")
    listed.ahead = timedelta(days=4)
    follow(listed)
    before = freshness(listed)
    listed.do("restore", str(backup), "--yes")
    assert freshness(listed) == before
    assert freshness(listed).failing_since is None


def test_changes_of_logins_do_not_push_out_the_last_good_cards(listed: World) -> None:
    """A busy list makes a generation a minute; a rollback reaches back ten with cards, whatever lies between them."""
    listed.configure('[subscribers]\nfile = "list.txt"\n[guards]\nchanges = "20"\n[store]\nhistory_days = 1\n')
    for count in range(2, 11):
        listed.sync(FORTY[0].line.replace(FORTY[0].name, f"Name {count}"), *FORTY[1:])
    for count in range(12):
        subscribe(listed, FORTY[count % 2 :])
        follow(listed)
        listed.ahead += timedelta(hours=73)
    assert {change["kind"] for change in listed.do("history", "--json").json[:11]} == {"access"}
    assert [change["id"] for change in listed.do("history", "--limit", "99", "--json").json] == list(range(21, 0, -1))
    assert "40 people" in listed.do("show", "15").out
    listed.do("rollback", "1", "--yes")
    assert FORTY[0].name in listed.contacts()
    listed.sync(FORTY[0].line.replace(FORTY[0].name, "Name 11"), *FORTY[1:])
    with closing(sqlite3.connect(listed.folder / "roster.sqlite")) as connection:
        (rows,) = connection.execute("SELECT count(*) FROM card WHERE until IS NOT NULL").fetchone()
    assert rows == 9
    assert "no longer kept" in listed.refused("rollback", "1", "--yes", code=2)


def test_numbers_of_a_lost_roster_are_not_given_again(tldops: World) -> None:
    """The members database knows more generations than the backup: those after the restore have entries of their own.

    And what was downloaded of the lost ones is not taken for a current copy.
    """
    tldops.sync(*FORTY[:10])
    backup = tldops.folder / "backup"
    tldops.do("backup", str(backup))
    device = tldops.do("device", "add", FORTY[0].login, "--label", "phone", "--json").json["id"]
    for count in (11, 12, 13):
        tldops.sync(*FORTY[:count])
    record(tldops, ("login", FORTY[0].login, device, "192.0.2.7", "curl/8"))
    record(tldops, ("download", FORTY[0].login, device, 4, "plain"))
    (tldops.folder / "roster.sqlite").unlink()
    tldops.do("restore", str(backup), "--yes")
    assert tldops.generation() == 5
    tldops.sync(*FORTY[:11])
    audited = [
        entry["subject"] for entry in tldops.do("audit", "--json").json if entry["subject"].startswith("generation")
    ]
    assert audited == [f"generation {number}" for number in (1, 2, 3, 4, 5, 6)]
    assert tldops.do("status", "--usage", "--json").json["devices"]["current"] == 0


def test_a_copy_of_what_a_restore_replaced_is_an_older_one(tldops: World) -> None:
    """The restored cards are as old as they were, and what was downloaded meanwhile is none of them."""
    tldops.sync(*FORTY[:10])
    backup = tldops.folder / "backup"
    tldops.do("backup", str(backup))
    tldops.sync(FORTY[0].line.replace(FORTY[0].name, "Wrong Name"), *FORTY[1:10])
    device = tldops.do("device", "add", FORTY[1].login, "--label", "phone", "--json").json["id"]
    record(tldops, ("download", FORTY[1].login, device, 2, "plain"))
    assert tldops.do("status", "--usage", "--json").json["devices"]["current"] == 1
    tldops.do("restore", str(backup), "--yes")
    shown = tldops.do("status", "--usage", "--json").json["devices"]
    assert (shown["current"], shown["older"]) == (0, 1)
    record(tldops, ("download", FORTY[1].login, device, 3, "plain"))
    assert tldops.do("status", "--usage", "--json").json["devices"]["current"] == 1


@pytest.mark.parametrize("restored", [True, False])
def test_a_members_database_in_the_place_of_a_lost_one_is_a_new_one(tldops: World, restored: bool) -> None:
    """Restored from a backup, or begun anew: its devices open the server, and no command takes it for an older copy."""
    tldops.sync(*FORTY[:10])
    tldops.do("device", "add", FORTY[0].login, "--label", "old")
    backup = tldops.folder / "backup"
    tldops.do("backup", str(backup))
    for number in range(3):
        tldops.do("device", "add", FORTY[number].login, "--label", "phone")
    (tldops.folder / "members.sqlite").rename(tldops.folder / "lost")
    if restored:
        tldops.do("restore", str(backup), "--yes")
    else:
        tldops.do("init", "--new-members")
    tldops.do("device", "add", FORTY[1].login, "--label", "new")
    tldops.do("status")
    tldops.do("sync", "--yes")
    assert (tldops.devices(FORTY[0].login), tldops.devices(FORTY[1].login)) == ([True] if restored else [], [True])


def test_the_server_takes_a_restored_members_database(world: World) -> None:
    """The device passwords of the backup are good again."""
    world.sync(*(person.line for person in FORTY[:10]))
    login = world.device(FORTY[0].login)
    world.do("backup", str(world.folder / "backup"))
    world.device(FORTY[1].login)
    (world.folder / "members.sqlite").unlink()
    world.do("restore", str(world.folder / "backup"), "--yes")
    with serve(world) as url:
        client = Client(url, login)
        assert len(client.cards(client.book())) == 10


def test_a_log_that_is_pruned_during_a_backup_is_whole_in_it(tldops: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """All copies are made again: else the roster of the backup would not know of the pruning."""
    tldops.configure("[audit]\nkeep_days = 30\n")
    tldops.sync(*FORTY[:10])
    tldops.ahead = timedelta(days=40)
    copy, calls = store_backup._copy, list[str]()

    def copying(source: Path, target: Path) -> None:
        copy(source, target)
        calls.append(source.name)
        if len(calls) == 1:
            tldops.do("audit", "--prune")

    with monkeypatch.context() as patch:
        patch.setattr(store_backup, "_copy", copying)
        tldops.do("backup", str(tldops.folder / "backup"))
    assert calls == ["roster.sqlite", "members.sqlite", "desk.sqlite"] * 2
    for name in ("roster.sqlite", "members.sqlite"):
        (tldops.folder / name).unlink()
    tldops.do("restore", str(tldops.folder / "backup"), "--yes")
    assert "whole" in tldops.do("audit", "--verify").out
