"""What docs/another-machine.md promises: two folders are the two machines."""

import shutil
from pathlib import Path

import pytest

from tests.support import JANE, JOHN, Client, Login, World, serve

STORE = ("roster.sqlite", "members.sqlite", "desk.sqlite")


@pytest.fixture
def old(tmp_path: Path) -> World:
    """The old machine, with two people who read."""
    (tmp_path / "old").mkdir()
    world = World(tmp_path / "old")
    world.sync(JOHN, JANE)
    return world


@pytest.fixture
def new(tmp_path: Path) -> World:
    """The new machine, with a membership file and without a store."""
    (tmp_path / "new").mkdir()
    world = World(tmp_path / "new")
    world.write(JOHN, JANE)
    return world


def token_of(url: str, login: Login, token: str = "") -> tuple[str, list[str]]:
    """What a client learns that knows `token`: a new token, and what changed."""
    client = Client(url, login)
    answer = client.sync(client.book(), token)
    return answer.xml.findtext("{DAV:}sync-token", ""), answer.hrefs()


def test_after_a_planned_move_no_client_notices(old: World, new: World) -> None:
    """Password, address of the book and sync token stay, the log is whole, and a sync has nothing to do."""
    login = old.device("john.doe@nic.nl")
    with serve(old) as url:
        token, before = token_of(url, login)
    for name in STORE:
        shutil.copy2(old.folder / name, new.folder / name)
    assert new.do("audit", "--verify").out == old.do("audit", "--verify").out
    assert "Nothing to do" in new.do("sync", "--yes").out
    with serve(new) as url:
        assert token_of(url, login, token) == (token, [])
        assert token_of(url, login) == (token, before)


def test_from_a_backup_everybody_reads_on_and_what_came_after_it_is_lost(old: World, new: World) -> None:
    """One whole download with the old password; who was denied afterwards is in until denied again."""
    login = old.device("john.doe@nic.nl")
    jane = old.device("jane.doe@nic.vn")
    with serve(old) as url:
        token, before = token_of(url, login)
    old.do("backup", str(new.folder / "backup"))
    later = old.device("john.doe@nic.nl")
    old.do("access", "deny", "jane.doe@nic.vn", "--reason", "left in anger")
    assert "2 devices restored." in new.do("restore", "--yes", str(new.folder / "backup")).out
    new.do("sync", "--yes")
    with serve(new) as url:
        assert token_of(url, login, token)[1] == before
        assert token_of(url, jane)[1]
        assert Client(url, later).request("PROPFIND", "/", Depth="0").status == 401
    new.do("access", "deny", "jane.doe@nic.vn", "--reason", "left in anger")
    with serve(new) as url:
        assert Client(url, jane).request("PROPFIND", "/", Depth="0").status == 401


def test_a_store_that_was_made_too_early_is_moved_aside(old: World, new: World) -> None:
    """A restore over it brings no device back; into an empty folder it brings back all."""
    login = old.device("john.doe@nic.nl")
    old.do("backup", str(new.folder / "backup"))
    new.do("sync", "--yes")
    assert "restored." not in new.do("restore", "--yes", str(new.folder / "backup")).out
    for name in STORE:
        (new.folder / name).rename(new.folder / f"{name}.aside")
    assert "1 device restored." in new.do("restore", "--yes", str(new.folder / "backup")).out
    with serve(new) as url:
        assert token_of(url, login)[1]
