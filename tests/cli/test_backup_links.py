"""`tldops backup` where somebody else may write in the folder: it writes new files and follows no link."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import World
from tests.support.people import people

NAMES = ("copy", "copy.members", "copy.desk")
BESIDE = tuple(f"{name}-{end}" for name in NAMES for end in ("journal", "wal", "shm"))


@pytest.fixture
def shared(tldops: World) -> Path:
    """A folder for backups, of a store with three people."""
    tldops.sync(*people(3))
    folder = tldops.folder / "shared"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("is_there", [True, False])
@pytest.mark.parametrize("name", [*NAMES, *BESIDE])
def test_a_planted_link_is_not_followed(tldops: World, shared: Path, name: str, is_there: bool) -> None:
    """At a name of the backup: exit 2, and nothing is left. At a name that SQLite would use: the backup is made."""
    victim = tldops.folder / "victim"
    if is_there:
        victim.write_text("precious")
    (shared / name).symlink_to(victim)
    result = tldops("backup", str(shared / "copy"))
    assert (victim.read_text() if is_there else victim.exists()) == ("precious" if is_there else False)
    assert result.code == (2 if name in NAMES else 0), result
    left = set() if name in NAMES else set(NAMES)
    assert {path.name for path in shared.iterdir()} == {name, *left}
    assert (shared / name).is_symlink()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_link_that_appears_is_not_followed(
    tldops: World, shared: Path, monkeypatch: pytest.MonkeyPatch, name: str, moment: str
) -> None:
    """At the last moment before a file is made, or in the place of the file once it is made."""
    victim = tldops.folder / "victim"
    victim.write_text("precious")

    def plant() -> None:
        (shared / name).unlink(missing_ok=True)
        (shared / name).symlink_to(victim)

    race(monkeypatch, name, moment, plant)
    result = tldops("backup", str(shared / "copy"))
    assert victim.read_text() == "precious"
    assert (shared / name).is_symlink()
    if moment == "before":
        assert result.code == 2
        assert {path.name for path in shared.iterdir()} == {name}


def test_a_folder_that_becomes_a_link_is_not_followed(
    tldops: World, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All files go into the folder that was named, although its name leads elsewhere by then."""
    elsewhere = tldops.folder / "elsewhere"
    elsewhere.mkdir()

    def swap() -> None:
        shared.rename(tldops.folder / "moved")
        shared.symlink_to(elsewhere)

    race(monkeypatch, NAMES[0], "before", swap)
    tldops.do("backup", str(shared / "copy"))
    assert not list(elsewhere.iterdir())
    assert {path.name for path in (tldops.folder / "moved").iterdir()} == set(NAMES)


def race(monkeypatch: pytest.MonkeyPatch, name: str, moment: str, act: Callable[[], None]) -> None:
    """Let somebody act right before, or right after, the file of this name is made."""
    plain = os.open

    def racing(path: str, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        is_it = Path(path).name == name and bool(flags & os.O_CREAT)
        if is_it and moment == "before":
            act()
        opened = plain(path, flags, mode, dir_fd=dir_fd)
        if is_it and moment == "after":
            act()
        return opened

    monkeypatch.setattr(os, "open", racing)
