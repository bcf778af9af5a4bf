"""A membership file from standard input, and one that takes the place of the configured one."""

import io
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.support import World
from tests.support.books import HEADINGS, JANE, JOHN, xlsx
from tests.support.people import people

TEN = people(10)


@pytest.fixture
def synced(tldops: World) -> World:
    """A roster of nine, and their file."""
    tldops.sync(*TEN[:9])
    return tldops


def new(world: World, name: str = "new.txt") -> Path:
    """Write a file of ten beside the configured one, of the same moment."""
    file = world.folder / name
    file.write_text("".join(f"{person.line}\n" for person in TEN))
    return file


def beside(world: World) -> list[str]:
    """Return the names of the text files in the folder."""
    return sorted(path.name for path in world.folder.iterdir() if ".txt" in path.name)


def test_a_file_that_the_next_sync_would_undo_is_a_hazard(synced: World) -> None:
    """It can be forced, and a file that changes nothing is none."""
    file = new(synced)
    result = synced("plan", str(file))
    assert result.code == 1
    assert "not-installed: this file is not the configured one" in " ".join(result.out.split())
    assert "Add --install" in synced.refused("sync", "--yes", str(file), code=1)
    assert len(synced.contacts()) == 9
    plan = synced("plan", "--json", str(file)).json["id"]
    synced.do("sync", str(file), "--plan", plan, "--force", "not-installed")
    assert len(synced.contacts()) == 10
    assert synced("plan", str(file)).code == 0


def test_an_installed_file_is_the_configured_one(synced: World) -> None:
    """The plan that was reviewed without --install is the same; the old file stays, with owner, mode and date."""
    file, before = new(synced), synced.members.read_bytes()
    synced.members.chmod(0o640)
    os.utime(synced.members, (1_750_000_000, 1_750_000_000))  # 2025-06-15
    if os.geteuid() == 0:
        os.chown(synced.members, 12345, 23456)
    status = synced.members.stat()
    plan = synced("plan", "--json", str(file)).json["id"]
    result = synced.do("sync", str(file), "--plan", plan, "--install")
    assert "members.2025-06-15.txt" in result.err
    assert synced.members.read_bytes() == file.read_bytes()
    after = synced.members.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (status.st_mode, status.st_uid, status.st_gid)
    assert (synced.folder / "members.2025-06-15.txt").read_bytes() == before
    assert beside(synced) == ["members.2025-06-15.txt", "members.txt", "new.txt"]
    assert "Nothing to do" in synced.do("sync", "--yes").out
    assert "Nothing to do" in synced.do("sync", str(file), "--yes", "--install").out
    assert len(beside(synced)) == 3


def test_what_is_refused_installs_nothing(synced: World) -> None:
    """A hazard, an answer, an error, a format of its own, a file that could not be read under that name."""
    file, before = new(synced), synced.members.read_bytes()
    file.write_text(TEN[0].line + "\n")
    assert "mass-removal" in synced.refused("sync", str(file), "--yes", "--install", code=1)
    file.write_text("nonsense\n" + file.read_text())
    synced.refused("sync", str(file), "--yes", "--install", code=1)
    assert "goes without --format" in synced.refused(
        "sync", str(new(synced)), "--yes", "--install", "--format", "auto", code=2
    )
    book = synced.folder / "new.xlsx"
    book.write_bytes(xlsx(HEADINGS, JANE, JOHN))
    assert "the name says .txt, and the content is .xlsx" in synced.refused(
        "sync", str(book), "--yes", "--install", code=2
    )
    synced.config.write_text("")
    assert "set `file` under [membership]" in synced.refused("sync", str(new(synced)), "--yes", "--install", code=2)
    assert synced.members.read_bytes() == before
    assert beside(synced) == ["members.txt", "new.txt"]


def test_a_folder_that_cannot_be_written(synced: World) -> None:
    """Said before anything is applied."""
    there = synced.folder / "there"
    there.mkdir()
    (there / "members.txt").write_bytes(synced.members.read_bytes())
    synced.config.write_text('[membership]\nfile = "there/members.txt"\n')
    there.rename(synced.folder / "gone")
    assert "cannot be put in its place: No such file or directory" in synced.refused(
        "sync", str(new(synced)), "--yes", "--install", code=2
    )
    assert len(synced.contacts()) == 9


def test_standard_input(synced: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Checked, planned, synced and installed without a name; problems stand at their line of it."""
    text = "".join(f"{person.line}\n" for person in TEN)

    def given(written: str, *arguments: str, code: int = 0) -> str:
        monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(written.encode()), isatty=lambda: False))
        result = synced(*arguments)
        assert result.code == code, result
        return result.out + result.err

    assert "standard input (mailman2): 10 contacts" in given(text, "check", "-")
    assert "standard input:11: error" in given(text + "nonsense\n", "check", "-", code=1)
    assert "not-installed" in given(text, "plan", "-", code=1)
    given(text, "sync", "-", "--yes", "--install")
    assert synced.members.read_text() == text
    assert len(synced.contacts()) == 10
    assert "standard input" in synced.do("show", "2").out
    assert "Nothing to do" in synced.do("sync", "--yes").out


def test_an_old_file_does_not_undo_standard_input(synced: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the command was killed before the file was in its place, the timer waits for somebody."""
    text = "".join(f"{person.line}\n" for person in TEN)
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(text.encode()), isatty=lambda: False))
    monkeypatch.setattr("sync.sources.install._put", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    synced("sync", "-", "--yes", "--install")
    assert len(synced.contacts()) == 10
    assert "stale-source" in " ".join(synced("sync", "--yes").out.split())
    assert len(synced.contacts()) == 10


def test_links_that_lead_in_a_circle_are_named(synced: World) -> None:
    """Without a traceback; nothing changes."""
    file = new(synced)
    synced.members.unlink()
    synced.members.symlink_to(synced.members.name)
    said = synced.refused("sync", "--yes", str(file), "--install", code=2)
    assert "members.txt: its links lead in a circle; delete them, and put the file there." in said
    assert len(synced.contacts()) == 9
