"""`tldops examples`, and the backup service that it writes."""

import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sync.cli.examples import EXAMPLES
from tests.docs.pages import ROOT
from tests.support import JOHN, World

CONFIG = ROOT / "config"
SHIPPED = {path.relative_to(CONFIG).as_posix() for path in CONFIG.rglob("*") if path.is_file()}
DAY = 24 * 3600


def written(folder: Path) -> dict[str, bytes]:
    """The files below a folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_each_example_is_written_and_told_in_one_line(tldops: World) -> None:
    """Into a folder that is made, byte for byte, with the purpose and the place of each at 80 columns."""
    folder = tldops.folder / "new" / "examples"
    lines = tldops.do("examples", str(folder)).out.splitlines()
    assert written(folder) == {name: (CONFIG / name).read_bytes() for name in SHIPPED}
    assert {line.split()[0] for line in lines} == SHIPPED
    assert len(lines) == len(SHIPPED)
    for line, example in zip(lines, EXAMPLES, strict=True):
        assert line.split("  ")[0] == example.file
        assert line.endswith(f"  {example.place}")
        assert f"  {example.purpose}  " in line
        assert len(line) <= 80


def test_the_json_says_the_same(tldops: World) -> None:
    """A program that sets a machine up learns which file goes where."""
    shown = tldops.do("examples", "--json", str(tldops.folder / "examples")).json
    assert [(row["file"], row["purpose"], row["place"]) for row in shown] == [
        (example.file, example.purpose, example.place) for example in EXAMPLES
    ]


def test_no_configuration_is_needed(tldops: World) -> None:
    """The examples are what an operator has first, before there is a configuration or a store."""
    tldops.config.write_text("nonsense")
    tldops.do("examples", str(tldops.folder / "examples"))


@pytest.mark.parametrize("kind", ["file", "folder", "link", "link to nothing"])
@pytest.mark.parametrize("name", ["tldops.service", "fail2ban/jail.d/tldops.conf"])
def test_nothing_is_overwritten(tldops: World, kind: str, name: str) -> None:
    """Whatever has one of the names stays, is named, and nothing is written beside it; a link is not followed."""
    folder, victim = tldops.folder / "examples", tldops.folder / "victim"
    place = folder / name
    place.parent.mkdir(parents=True)
    if kind == "file":
        place.write_text("mine")
    elif kind == "folder":
        place.mkdir()
    else:
        if kind == "link":
            victim.write_text("mine")
        place.symlink_to(victim)
    before = written(folder)
    result = tldops("examples", str(folder))
    assert result.code == 2
    assert name in result.err
    assert not result.out
    assert written(folder) == before
    assert not victim.exists() or victim.read_text() == "mine"


def test_a_link_that_appears_at_the_last_moment_is_not_followed(tldops: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the look for names that are taken, somebody else plants one: it is named, and its target stays."""
    folder, victim = tldops.folder / "examples", tldops.folder / "victim"
    victim.write_text("mine")
    folder.mkdir()
    plant = (folder / "tldops.service").symlink_to
    monkeypatch.setattr("sync.cli.examples._refuse_existing", lambda _: plant(victim))
    result = tldops("examples", str(folder))
    assert result.code == 2
    assert "tldops.service: cannot write the example: File exists" in result.err
    assert victim.read_text() == "mine"


def test_a_folder_that_cannot_be_made_is_named(tldops: World) -> None:
    """With the reason, and without a traceback."""
    (tldops.folder / "file").write_text("")
    result = tldops("examples", str(tldops.folder / "file" / "examples"))
    assert result.code == 2
    assert "Not a directory" in result.err


def run_backup_service(tldops: World, folder: Path) -> int:
    """Do what systemd does with the commands of tldops-backup.service, in another folder; return the exit code.

    As man systemd.service says: `$$` is `$` and `%%` is `%`, nothing else is expanded, and no further command is
    run after one that fails.
    """
    program = shlex.join([sys.executable, "-m", "sync"])
    for line in (CONFIG / "tldops-backup.service").read_text().splitlines():
        if not line.startswith("Exec"):
            continue
        words = shlex.split(line.partition("=")[2].replace("$$", "$").replace("%%", "%"))
        for ours, theirs in (
            ("/opt/tldops/bin/tldops", program),
            ("/etc/tldops/tldops.toml", str(tldops.config)),
            ("/var/backups/tldops", str(folder)),
        ):
            words = [word.replace(ours, theirs) for word in words]
        code = subprocess.run(words, cwd=ROOT, check=False).returncode
        if code:
            return code
    return 0


@pytest.fixture
def kept(tldops: World) -> Path:
    """A folder with backups of 40, 32 and 29 days ago, and others' files as old."""
    tldops.sync(JOHN)
    folder = tldops.folder / "backups"
    folder.mkdir()
    for age, name in ((40, "01T0310"), (32, "09T0310"), (29, "12T0310")):
        for end in ("", ".members", ".desk"):
            (folder / f"tldops-2026-01-{name}{end}").write_text("old")
            os.utime(folder / f"tldops-2026-01-{name}{end}", (time.time() - age * DAY,) * 2)
    for name in ("before-upgrade", "tldops-before-upgrade", "tldops.toml"):
        (folder / name).write_text("mine")
        os.utime(folder / name, (time.time() - 400 * DAY,) * 2)
    return folder


def test_the_backup_service_writes_one_and_drops_those_that_are_old(tldops: World, kept: Path) -> None:
    """Three files with the time in their names; those of more than 30 days go, and no file of another name."""
    before = set(written(kept))
    assert run_backup_service(tldops, kept) == 0
    after = set(written(kept))
    gone = {f"tldops-2026-01-{day}T0310{end}" for day in ("01", "09") for end in ("", ".members", ".desk")}
    assert before - after == gone
    new = sorted(after - before)
    assert [name.removeprefix(new[0]) for name in new] == ["", ".desk", ".members"]
    assert "Restored generation 1" in tldops.do("restore", "--yes", str(kept / new[0])).out


def test_where_the_backup_fails_every_older_one_stays(tldops: World, kept: Path) -> None:
    """A store that is damaged for a month must not take the last good backup along."""
    before = written(kept)
    (tldops.folder / "roster.sqlite").write_bytes(b"damaged")
    assert run_backup_service(tldops, kept) == 2
    assert written(kept) == before
