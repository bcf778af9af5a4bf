"""Bad membership files and lists: one clear message, the right exit code, an untouched store."""

import codecs
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import World
from tests.support.people import people
from tests.support.world import message

FORTY = people(40)
SECOND = [
    f"“{person.name}, #{person.slot}, .{person.cctld}, {person.phone}” {person.login}, {person.name[-2:]}@example.net"
    for person in FORTY
]
AS_TEXT = "".join(f"{person.line}\n" for person in FORTY)
AS_REPORT = "".join(f"{line}\n" for line in SECOND)
AS_CSV = "name,slot,cctlds,phones,email,note\r\n" + "".join(
    f"{person.name},{person.slot},.{person.cctld},{person.phone},{person.login},knows {person.number} things\r\n"
    for person in FORTY
)

CONTENTS: dict[str, bytes] = {
    "empty": b"",
    "blank lines": b"\n \n\t\n\r\n",
    "a byte order mark": codecs.BOM_UTF8,
    "comments alone": b"# nobody\n# at all\n",
    "a web page": b"<!DOCTYPE html>\n<html><body><h1>502 Bad Gateway</h1>mail admin@list.example</body></html>\n",
    "a web page behind a line": b"Content-Type: text/html\n\n<html>\n<head><title>x</title></head>\na@list.example\n",
    "JSON": b'{"error": "not allowed", "contact": "admin@list.example"}\n',
    "Mailman's empty list": b"tld-ops.lists.example has no members\n",
    "a message of the shell": b"bash: list_members: command not found\n",
    "random octets": bytes(range(256)) * 40,
    "zeros": b"\0" * 4096,
    "UTF-16 cut in a character": AS_TEXT.encode("utf-16")[:-1],
    "UTF-8 cut in a character": "“Иван Пример, #1, .рф".encode()[:-1],
    "half of a character": AS_TEXT.replace("Person 07", "Person \ud800").encode("utf-8", "surrogatepass"),
    "a gzip archive": b"\x1f\x8b\x08\0" + bytes(range(256)),
    "a spreadsheet": b"PK\x03\x04" + bytes(range(256)) * 8,
    "a PDF": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
    "a database": b"SQLite format 3\0" + b"\0" * 200,
    "a Python pickle": b"\x80\x02}q\0U\x09usernamesq\1}q\2s.",
    "a dump that is cut off": b"[----- start pickle file -----]\n{ 'usernames': { 'john@nic.example': u'John Doe, #1",
    "brackets without end": b"{'usernames': " + b"[" * 200_000,
    "a table without its columns": b"name,phones,email\nJohn Doe,+31 6 12345678,john@nic.example\n",
    "a column twice": b"name,cctlds,email,name\nJohn Doe,.nl,john@nic.example,x\n",
    "a log": b"".join(
        b"Nov 21 05:%02d:00 host sshd: connection from 192.0.2.1 user@host closed\n" % n for n in range(60)
    ),
}
"""What a file may hold that is certainly no list of people, by what it is."""


@pytest.fixture
def synced(tldops: World) -> World:
    """A store with forty people."""
    tldops.sync(*FORTY)
    return tldops


def unusable(tldops: World, path: Path) -> None:
    """A file that `check`, `plan` and `sync` refuse with exit 2, naming it, with nothing on standard output."""
    for command in (("check",), ("plan",), ("sync", "--yes"), ("sync", "--yes", "--quarantine")):
        assert path.name in tldops.refused(*command, str(path), code=2)
    assert tldops("check", "--json", str(path)).out == ""


@pytest.mark.parametrize("kind", CONTENTS)
def test_what_is_no_list_is_refused(synced: World, kind: str) -> None:
    """Exit 2 and the file's name for content that is certainly no list."""
    path = synced.folder / "input"
    path.write_bytes(CONTENTS[kind])
    unusable(synced, path)


@pytest.mark.parametrize("kind", CONTENTS)
def test_what_is_no_list_never_means_that_nobody_is_on_it(synced: World, kind: str) -> None:
    """The same content as list of subscribers: exit 2, and everybody keeps reading."""
    path = synced.folder / "list"
    path.write_bytes(CONTENTS[kind])
    synced.configure('[subscribers]\nfile = "list"\n')
    assert "list" in synced.refused("sync", "--yes", code=2)
    assert len(synced.logins()) == 40


def test_broken_line_spoils_the_list_of_subscribers(synced: World) -> None:
    """A line without an address that can be read makes the list unusable: a part of it would shut people out."""
    path = synced.folder / "list"
    path.write_text("".join(f"{person.login}\n" for person in FORTY[:39]) + "person40 at nic.example\n")
    synced.configure('[subscribers]\nfile = "list"\n')
    assert "list:40" in synced.refused("sync", "--yes", code=2)


def _missing(path: Path) -> None:
    del path


def _loop(path: Path) -> None:
    path.symlink_to(path)


def _dangling(path: Path) -> None:
    path.symlink_to("nowhere")


def _null(path: Path) -> None:
    path.symlink_to("/dev/null")


def _zero(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(64 * 1024 * 1024 + 1)


def _socket(path: Path) -> None:
    os.chdir(path.parent)  # the address of a socket may not be long
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path.name)


@pytest.mark.parametrize("make", [_missing, Path.mkdir, _loop, _dangling, _null, _zero, _huge, _socket])
def test_what_is_no_file_is_refused(
    synced: World, make: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Missing, a folder, a loop of links, a device, a socket, something endless or huge: exit 2 and the name."""
    monkeypatch.chdir(synced.folder)
    path = synced.folder / "input"
    make(path)
    unusable(synced, path)


@pytest.mark.parametrize("command", ["check", "sync --yes"])
def test_pipe_is_refused_and_does_not_hang(world: World, command: str) -> None:
    """A named pipe, which nobody writes to, is exit 2 at once."""
    os.mkfifo(world.members)
    result = world.run(*command.split())
    assert result.code == 2
    assert "a pipe or a device" in message(result)


def test_name_too_long_for_a_file(synced: World) -> None:
    """A path that no file can have is exit 2, too."""
    assert "x" * 300 in synced.refused("check", "x" * 300, code=2)


@pytest.mark.parametrize("how", ["replaced", "longer", "shorter"])
def test_file_that_changes_while_it_is_read(synced: World, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    """A file that is replaced, appended to or cut between opening and closing is refused, not mixed."""
    path, look = synced.members, os.fstat
    membership = path.stat().st_ino
    new = synced.folder / "new"
    new.write_text("".join(f"{person.line}\n" for person in FORTY[:38]))

    def interfering(descriptor: int) -> os.stat_result:
        found = look(descriptor)
        if found.st_ino != membership:  # the settings are read first
            return found
        monkeypatch.setattr(os, "fstat", look)
        if how == "replaced":
            new.rename(path)
        elif how == "longer":
            with path.open("a") as other:
                other.write("x")
        else:
            os.truncate(path, 500)
        return found

    monkeypatch.setattr(os, "fstat", interfering)
    assert "changed while it was read" in synced.refused("sync", "--yes", code=2)


@pytest.mark.parametrize("whole", [AS_TEXT, AS_REPORT, AS_CSV], ids=["quoted", "report", "csv"])
def test_cut_off_anywhere_is_never_a_silently_smaller_roster(tldops: World, whole: str) -> None:
    """Cut at any byte, a file is refused, or what goes is within the guards and shown name by name.

    Whoever stays keeps the same data, unless the file's missing end is pointed out.
    """
    tldops.members.write_text(whole, newline="")
    tldops.do("sync", "--yes")
    before = tldops.contacts()
    databases = {path: path.read_bytes() for path in tldops.folder.glob("*.sqlite")}
    data = whole.encode()
    last = len(data) - len(data[:-2].rpartition(b"\n")[2])
    cuts = {*range(0, last, len(data) // 12), *range(last - 3, len(data), max(1, (len(data) - last) // 20))}
    refused = 0
    for cut in sorted(cuts):
        tldops.members.write_bytes(data[:cut])
        held = tldops.data()
        result = tldops("sync", "--yes")
        after = tldops.contacts()
        if result.code:
            refused += 1
            assert tldops.data() == held, f"cut at {cut}: refused and written"
            assert message(result)
            continue
        gone = set(before) - set(after)
        limit = 5 if data[:cut].endswith(b"\n") else 1
        assert len(gone) <= limit, f"cut at {cut}: {len(gone)} people went"
        assert not set(after) - set(before)
        for name in gone:
            assert any(line.startswith("- ") and line.endswith(name) for line in result.out.splitlines())
        changed = [name for name in after if after[name] != before[name]]
        assert not changed or "no-final-newline" in result.out, f"cut at {cut}: {changed} changed without a warning"
        for path, content in databases.items():
            path.write_bytes(content)
    assert refused > len(cuts) / 2


@pytest.mark.parametrize("name", ["no\nsuch\x1b[31m.txt", "\udcff.txt", "\u202etxt.exe", "=1+1"])
def test_file_names_are_printed_in_one_printable_line(synced: World, name: str) -> None:
    """A file's name with control characters, or with octets that are no UTF-8, obeys neither terminal nor log."""
    said = synced.refused("check", name, code=2)
    assert said.isprintable()
    path = synced.folder / name
    path.write_text(AS_TEXT.replace("Person 40", "Person Forty"))
    synced.members.unlink()  # else its next sync would undo this one
    for command in (("check",), ("plan",), ("sync", "--yes"), ("sync", "--yes")):
        result = synced.do(*command, str(path))
        assert all(line.isprintable() for line in result.out.splitlines())
    assert "Person Forty" in synced.contacts()
    assert synced.do("check", "--json", str(path)).json["contacts"]
    assert synced.do("history", "--json").json[0]["sources"]


def test_too_many_lines(synced: World) -> None:
    """More lines than any list has are exit 2."""
    path = synced.folder / "input"
    path.write_text("a@b.example\n" * 250_001)
    assert "too many for a list" in synced.refused("check", str(path), code=2)
