"""A locked, full, read-only, damaged or foreign store, and a port in use: one message, exit 2, nothing lost."""

import contextlib
import os
import resource
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support import Result, World
from tests.support.people import people
from tests.support.permissions import obey_permissions
from tests.support.world import message

TEN = people(10)


@pytest.fixture
def synced(tldops: World) -> World:
    """A store with nine people, and a file with ten."""
    tldops.sync(*TEN[:9])
    tldops.write(*TEN)
    return tldops


def run(world: World, *arguments: str, before: Callable[[], None] = obey_permissions) -> Result:
    """Run the command in a process that `before` has restricted."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "sync", "--config", str(world.config), *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            preexec_fn=before,
        )
    except subprocess.SubprocessError as error:  # the restriction itself was refused
        pytest.skip(f"a process cannot be restricted here: {error}")
    assert "Traceback" not in done.stderr
    return Result(arguments, done.returncode, done.stdout, done.stderr)


@contextlib.contextmanager
def mode(path: Path, bits: int) -> Iterator[None]:
    """Give a file or folder other permissions for a while."""
    usual = path.stat().st_mode
    path.chmod(bits)
    try:
        yield
    finally:
        path.chmod(usual)


@pytest.mark.parametrize(
    ("name", "lock", "command"),
    [("roster.sqlite", "IMMEDIATE", ("sync", "--yes")), ("members.sqlite", "EXCLUSIVE", ("confirm", TEN[0].login))],
)
def test_locked_store(synced: World, name: str, lock: str, command: tuple[str, ...]) -> None:
    """While another program writes, a command gives up after some seconds, says what is locked, and writes nothing."""
    before = synced.files()
    holder = sqlite3.connect(synced.folder / name, isolation_level=None)
    holder.execute(f"BEGIN {lock}")
    try:
        result = synced(*command)
    finally:
        holder.close()
    assert result.code == 2
    assert f"{name}: the database is locked" in message(result)
    assert synced.files() == before
    synced.do(*command)


def test_two_syncs_at_once(synced: World) -> None:
    """Of two syncs at once one wins; the other has nothing left to do, or says that the store has moved on."""
    command = [sys.executable, "-m", "sync", "--config", str(synced.config), "sync", "--yes"]
    started = [
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    ended = [(*process.communicate(timeout=60), process.returncode) for process in started]
    assert sum("Applied as generation 2" in out for out, _, _ in ended) == 1
    for out, err, code in ended:
        assert (code, err) == (0, "") or (code == 2 and "moved on" in err), (out, err, code)
    assert synced.generation() == 2
    assert len(synced.contacts()) == 10


def test_read_only_roster(synced: World) -> None:
    """With a roster that cannot be written, writing commands fail with exit 2, and reading ones work."""
    before = synced.files()
    with mode(synced.folder / "roster.sqlite", 0o400):
        for command in (["sync", "--yes"], ["access", "deny", TEN[0].login, "--reason", "x"]):
            result = run(synced, *command)
            assert result.code == 2
            assert "roster.sqlite: the database or its disk is read-only; nothing was written" in message(result)
        assert run(synced, "export").code == 0
    assert synced.files() == before


def test_read_only_folder(synced: World) -> None:
    """The same where not even a journal can be begun, as on a disk mounted read-only."""
    before = synced.files()
    folder = synced.folder
    with mode(folder / "roster.sqlite", 0o400), mode(folder / "members.sqlite", 0o400), mode(folder, 0o500):
        result = run(synced, "sync", "--yes")
        assert result.code == 2
        assert "read-only" in message(result)
        assert run(synced, "status").code == 0
    assert synced.files() == before


def test_read_only_members(synced: World) -> None:
    """When only the members database fails, what was done to the roster is said, and it is done."""
    with mode(synced.folder / "members.sqlite", 0o400):
        result = run(synced, "sync", "--yes")
        assert result.code == 2
        assert "generation 2 was applied and is served, but: " in message(result)
        result = run(synced, "access", "deny", TEN[0].login, "--reason", "x")
        assert result.code == 2
        assert f"({TEN[0].login}) is denied from now on, but: " in message(result)
        assert run(synced, "device", "add", TEN[1].login, "--label", "x").code == 2
    assert len(synced.contacts()) == 10
    assert TEN[0].login not in synced.logins()
    assert synced.devices(TEN[1].login) == []
    synced.do("audit", "--verify")


@pytest.mark.parametrize("name", ["members.txt", "tldops.toml", "roster.sqlite", "members.sqlite"])
def test_what_may_not_be_read(synced: World, name: str) -> None:
    """A file without permission to read it: exit 2, its name and the reason."""
    before = synced.files()
    with mode(synced.folder / name, 0):
        result = run(synced, "sync", "--yes")
    assert result.code == 2
    assert name in message(result)
    assert "ermission" in message(result)
    assert synced.files() == before


def test_disk_that_is_full(synced: World) -> None:
    """When the database cannot grow, the old generation stands whole: exit 2, and the next sync works."""
    many = people(150)
    synced.configure("[guards]\nadditions = '10 % or 1000'\naccess = '10 % or 1000'\n")
    synced.write(*many)
    size = (synced.folder / "roster.sqlite").stat().st_size
    result = run(synced, "sync", "--yes", before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)))
    assert result.code == 2
    assert "roster.sqlite" in message(result)
    assert set(synced.contacts()) == {person.name for person in TEN[:9]}
    assert synced.generation() == 1
    synced.do("sync", "--yes")
    assert len(synced.contacts()) == 150


def _cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def _page(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 4096)


def _html(path: Path) -> None:
    path.write_bytes(b"<html><title>404</title></html>\n" * 100)


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _foreign(path: Path) -> None:
    path.unlink()
    path.touch(0o600)
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE accounts (id)")


@pytest.mark.parametrize("name", ["roster.sqlite", "members.sqlite"])
@pytest.mark.parametrize("damage", [_cut, _page, _html, _folder, _foreign])
def test_damaged_database(synced: World, name: str, damage: Callable[[Path], None]) -> None:
    """Cut off, overwritten, another file, a folder, another program's: exit 2 with its path, both left as they are."""
    damage(synced.folder / name)
    for command in (("sync", "--yes"), ("device", "add", TEN[0].login, "--label", "x"), ("audit",), ("status",)):
        if (damage, name, command) == (_page, "roster.sqlite", ("audit",)):
            continue  # it does not look at the roster further than its version
        assert str(synced.folder / name) in synced.refused(*command, code=2)


CHANGES = {
    "a card": "UPDATE card SET text = replace(text, 'Person 01', 'Person 99')",
    "a contact": "UPDATE card SET contact = replace(contact, 'Person 01', 'Person 99')",
    "a contact's form": "UPDATE card SET contact = '{'",
    "an etag": "UPDATE card SET etag = 'x' WHERE href = (SELECT min(href) FROM card)",
    "a card that is gone": "DELETE FROM card WHERE href = (SELECT min(href) FROM card)",
    "a group card": "UPDATE group_card SET text = replace(text, 'FN', 'XN')",
    "a reader": "UPDATE reader SET login = 'intruder@nic.example' WHERE login = 'person01@nic.example'",
    "a reader who is gone": "DELETE FROM reader WHERE login = 'person01@nic.example'",
    "a denial that is gone": "DELETE FROM denied",
    "a denial": "UPDATE denied SET login = 'person01@nic.example'",
    "a digest": "UPDATE generation SET digest = 'x'",
    "a count": "UPDATE generation SET counts = replace(counts, '9', '8')",
    "a count's form": "UPDATE generation SET counts = '{'",
    "a time": "UPDATE generation SET created_at = 'yesterday'",
    "a version": "UPDATE meta SET value = 'x' WHERE key = 'schema_version'",
    "a later version": "UPDATE meta SET value = '99' WHERE key = 'schema_version'",
    "a note": "UPDATE meta SET value = '{' WHERE key = 'last_sync'",
}


@pytest.mark.parametrize("what", CHANGES)
def test_changed_row_is_noticed(synced: World, what: str) -> None:
    """A flipped bit in a card, contact, reader, denial, digest or note is no base for a sync: exit 2, left as it is."""
    synced.do("access", "deny", "person02@nic.example", "--reason", "x")
    with contextlib.closing(sqlite3.connect(synced.folder / "roster.sqlite")) as database, database:
        assert database.execute(CHANGES[what]).rowcount
    assert "roster.sqlite" in synced.refused("sync", "--yes", code=2)


@pytest.mark.parametrize(
    "command", [("deny", "person03@nic.example", "--reason", "x"), ("allow", "person02@nic.example")]
)
def test_denying_does_not_seal_what_somebody_changed(synced: World, command: tuple[str, ...]) -> None:
    """After a denial vanished from the database, neither `deny` nor `allow` makes the rest pass for sound."""
    for number in (1, 2):
        synced.do("access", "deny", f"person0{number}@nic.example", "--reason", "x")
    with contextlib.closing(sqlite3.connect(synced.folder / "roster.sqlite")) as database, database:
        assert database.execute("DELETE FROM denied WHERE login = 'person01@nic.example'").rowcount
    synced("access", *command)
    assert "does not match its digest" in synced.refused("sync", "--yes", code=2)


def test_backup_of_a_damaged_store_is_refused(synced: World) -> None:
    """What fails its digest is not copied as if it were a backup."""
    with contextlib.closing(sqlite3.connect(synced.folder / "roster.sqlite")) as database, database:
        database.execute(CHANGES["a reader"])
    target = synced.folder / "backup"
    assert "does not match its digest" in synced.refused("backup", str(target), code=2)
    assert not target.exists()


def test_port_in_use(synced: World) -> None:
    """`serve` on a port that another program has says so in one line and ends: exit 2."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        said = synced.refused("serve", "--port", port, code=2)
    assert f"port {port}" in said
    assert "another program listens there" in said


@pytest.mark.parametrize(
    "arguments", [("--host", "no.such.host.example"), ("--host", "192.0.2.1"), ("--port", "65536")]
)
def test_address_that_cannot_be_listened_on(synced: World, arguments: tuple[str, ...]) -> None:
    """A host that is not this one, or no port: exit 2."""
    assert arguments[1] in synced.refused("serve", *arguments, code=2)
