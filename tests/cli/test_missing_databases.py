"""A database that is missing or empty: nothing is made in passing, every command says so, and there is a way out."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.support import JANE, JOHN, Client, World, serve
from tests.support.people import people
from tests.support.waiting import until

TEN = people(10)
COMMANDS = (
    ("sync", "--yes"), ("plan",), ("status",), ("export",), ("device", "list"), ("audit",), ("backup", "b"),
    ("rollback", "1", "--yes"), ("access", "list"), ("init",),
)  # fmt: skip


@pytest.fixture
def ready(tldops: World) -> World:
    """A store with ten people, a device of the first, and a backup."""
    tldops.sync(*TEN)
    tldops.do("device", "add", TEN[0].login, "--label", "phone")
    tldops.do("backup", str(tldops.folder / "backup"))
    return tldops


def members(world: World) -> Path:
    """The members database."""
    return world.folder / "members.sqlite"


def roster(world: World) -> Path:
    """The roster database."""
    return world.folder / "roster.sqlite"


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("harm", ["missing", "empty"])
def test_without_members_database_commands_exit_with_2(ready: World, command: tuple[str, ...], harm: str) -> None:
    """None makes one, and each names the two ways out."""
    members(ready).unlink()
    if harm == "empty":
        members(ready).touch(0o600)
    said = ready.refused(*command, code=2)
    assert "tldops restore BACKUP" in said
    assert "tldops init --new-members" in said
    assert members(ready).exists() == (harm == "empty")


def test_without_members_database_who_left_is_out(ready: World) -> None:
    """`deny` and the timer write the roster, say what is missing, and make nothing."""
    ready.configure('[subscribers]\nfile = "list.txt"\n')
    (ready.folder / "list.txt").write_text("".join(f"{person.login}\n" for person in TEN[:9]))
    members(ready).unlink()
    assert ready("access", "deny", TEN[1].login, "--reason", "stolen").code == 2
    assert ready("follow", "--yes").code == 2
    assert ready.logins() == {person.login for person in (TEN[0], *TEN[2:9])}
    assert not members(ready).exists()


@pytest.mark.parametrize("command", COMMANDS)
def test_without_roster_commands_exit_with_2(ready: World, command: tuple[str, ...]) -> None:
    """A new roster would have no guards, tombstones or denials."""
    roster(ready).unlink()
    assert "the roster database is missing" in ready.refused(*command, code=2)
    assert not roster(ready).exists()


@pytest.mark.parametrize("command", COMMANDS[1:-1])
def test_only_init_and_the_first_sync_make_databases(tldops: World, command: tuple[str, ...]) -> None:
    """In any other folder a command leaves no files."""
    tldops.write(*TEN)
    assert "`tldops init` creates it" in tldops.refused(*command, code=2)
    assert not tldops.files()


def test_a_killed_creation_is_completed(tldops: World) -> None:
    """A members database in which no roster was ever noted is not one that a roster was lost beside."""
    tldops.do("init")
    roster(tldops).unlink()
    (tldops.folder / "fresh").mkdir()
    other = World(tldops.folder / "fresh")
    assert other.call("init") == 0
    shutil.copy(members(other), members(tldops))
    with closing(sqlite3.connect(members(tldops))) as connection, connection:
        connection.execute("DELETE FROM meta WHERE key = 'newest_roster'")
    tldops.sync(*TEN)
    assert len(tldops.logins()) == 10


def test_a_new_members_database_is_made_on_purpose(ready: World) -> None:
    """New device passwords work, old ones are gone, and the old file is an older copy from then on."""
    assert "Move it aside" in ready.refused("init", "--new-members", code=2)
    old = members(ready).rename(ready.folder / "old")
    ready.do("init", "--new-members")
    assert ready.devices(TEN[0].login) == []
    ready.do("device", "add", TEN[0].login, "--label", "phone")
    ready.do("sync", "--yes")
    assert ready.do("audit", "--action", "new members database", "--json").json[0]["subject"] == "members.sqlite"
    old.rename(members(ready))
    assert "older copy" in ready.refused("status", code=2)


def test_confirmations_that_are_lost_are_called_so(ready: World) -> None:
    """The hazard does not blame the software where nothing but dates of confirmation changes."""
    ready.do("confirm", TEN[0].login)
    ready.do("sync", "--yes")
    members(ready).unlink()
    ready.do("init", "--new-members")
    said = ready.refused("sync", "--yes", code=1)
    assert "1 person would get another date of confirmation, or none" in said
    assert "what `tldops confirm` recorded went with the old one" in said
    assert "read differently" not in said
    ready.force("reread")


def test_a_restore_brings_the_members_database_back(ready: World) -> None:
    """With its devices; a backup without one is refused before anything is made."""
    members(ready).unlink()
    second = (ready.folder / "backup.members").rename(ready.folder / "aside")
    assert "init --new-members" in ready.refused("restore", str(ready.folder / "backup"), "--yes", code=2)
    second.rename(ready.folder / "backup.members")
    ready.do("restore", str(ready.folder / "backup"), "--yes")
    assert ready.devices(TEN[0].login) == [True]
    ready.do("sync", "--yes")


@pytest.mark.parametrize("kind", ["tldops", "radicale"])
def test_a_right_password_is_never_refused_for_it(world: World, kind: str) -> None:
    """503 and a failing health, at the start and while serving, whatever timers run; then everything is as before."""
    world.sync(JOHN, JANE)
    login = world.device("john.doe@nic.nl")
    away = world.folder / "away"
    status = {"tldops": 503, "radicale": 500}[kind]

    def lost(client: Client) -> None:
        until(lambda: client.request("PROPFIND", "/", "").status != 207, "it goes on without members database")
        world.run("sync", "--yes")
        world.run("follow", "--yes")
        assert not (world.folder / "members.sqlite").exists()
        assert client.request("PROPFIND", "/", "").status == status
        if kind == "tldops":
            assert client.request("GET", "/.health").status == 503

    with serve(world, kind) as url:
        client = Client(url, login)
        assert len(client.cards(client.book())) == 2
        (world.folder / "members.sqlite").rename(away)
        lost(client)
    with serve(world, kind) as url:
        lost(Client(url, login))
        away.rename(world.folder / "members.sqlite")
        until(lambda: Client(url, login).request("PROPFIND", "/", "").status == 207, "it does not come back")
