"""`tldops backup`, `restore` and `rollback`: the way back loses no roster and revives no access."""

import re
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from radicale_tldops.store.read import load_snapshot
from tests.support import World
from tests.support.people import people

TEN = people(10)


@pytest.fixture
def backup(tldops: World) -> Path:
    """Ten people, and a backup of them, in files named as `backup` names them."""
    tldops.sync(*TEN)
    file = tldops.folder / "backup"
    tldops.do("backup", str(file))
    return file


def snapshot_of(tldops: World) -> tuple[str, set[str], set[str]]:
    """The lineage, the hrefs and the tombstones of the plain book, as the server loads them."""
    snapshot = load_snapshot(tldops.folder / "roster.sqlite")
    return snapshot.lineage, set(snapshot.plain.cards), set(snapshot.plain.tombstones)


def href(tldops: World, name: str) -> str:
    """The href of a person's card."""
    (card,) = (text for text in tldops.do("export", "--format", "vcf").out.split("BEGIN:VCARD") if name in text)
    uid = re.search(r"^UID:(.+?)\r?$", card, re.MULTILINE)
    assert uid
    return f"{uid[1]}.vcf"


def test_backup_is_private_and_never_overwrites(tldops: World, backup: Path) -> None:
    """Both files have mode 0600; an existing one is left alone: exit 2."""
    files = [backup, backup.with_name("backup.members")]
    assert [file.stat().st_mode & 0o777 for file in files] == [0o600, 0o600]
    before = [file.read_bytes() for file in files]
    assert "never overwrites" in tldops.refused("backup", str(backup), code=2)
    assert [file.read_bytes() for file in files] == before
    # One file of the two is enough to refuse, and then the other one is not begun.
    files[0].unlink()
    assert "backup.members" in tldops.refused("backup", str(backup), code=2)
    assert not files[0].exists()


def test_restore_brings_the_cards_back_as_a_new_lineage(tldops: World, backup: Path) -> None:
    """The cards are those of the backup byte for byte, in a newer generation under a lineage that no client knows."""
    cards = tldops.do("export", "--format", "vcf").out
    lineage, _, _ = snapshot_of(tldops)
    tldops.sync(*TEN[:7])
    result = tldops.do("restore", str(backup), "--yes")
    assert "Restored generation 1 as generation 3: 10 people." in result.out
    assert tldops.do("export", "--format", "vcf").out == cards
    assert snapshot_of(tldops)[0] != lineage
    assert tldops.do("history", "--json").json[0]["kind"] == "restore"
    assert tldops.do("audit", "--json").json[-1]["action"] == "restore"


def test_hrefs_of_the_replaced_store_become_tombstones(tldops: World) -> None:
    """What a client may hold and the backup lacks is told to be gone, and the message counts it."""
    tldops.sync(*TEN[:8])
    file = tldops.folder / "backup"
    tldops.do("backup", str(file))
    tldops.sync(*TEN)
    newcomers = {href(tldops, TEN[8].name), href(tldops, TEN[9].name)}
    result = tldops.do("restore", str(file), "--yes")
    assert "2 cards of the replaced roster went" in result.out
    _, hrefs, tombstones = snapshot_of(tldops)
    assert newcomers <= tombstones
    assert not newcomers & hrefs


def test_readers_removed_since_the_backup_stay_out(tldops: World, backup: Path) -> None:
    """The logins after a restore are those of the newest sync: nobody who was put out comes back, and it is said."""
    tldops.sync(*TEN[2:])
    result = tldops.do("restore", str(backup), "--yes")
    assert len(tldops.contacts()) == 10
    assert tldops.logins() == {person.login for person in TEN[2:]}
    assert f"2 logins shut out, since the list changed after the backup: {TEN[0].login}, {TEN[1].login}" in result.out


def test_devices_are_not_revived(tldops: World, backup: Path) -> None:
    """A password that was revoked after the backup stays revoked; one issued after it stays valid."""
    del backup
    first = tldops.do("device", "add", TEN[0].login, "--label", "phone", "--json").json
    file = tldops.folder / "later"
    tldops.do("backup", str(file))
    tldops.do("device", "revoke", first["id"])
    tldops.do("device", "add", TEN[0].login, "--label", "phone")
    tldops.do("restore", str(file), "--yes")
    assert tldops.devices(TEN[0].login) == [False, True]


def test_restore_on_a_new_machine(tldops: World, backup: Path) -> None:
    """Into databases that do not exist yet, the backup brings roster, logins, denials and devices."""
    device = tldops.do("device", "add", TEN[0].login, "--label", "phone", "--json").json
    tldops.do("access", "deny", TEN[1].login, "--reason", "phone stolen")
    file = tldops.folder / "later"
    tldops.do("backup", str(file))
    for path in tldops.folder.glob("*.sqlite"):
        path.unlink()
    result = tldops.do("restore", str(file), "--yes")
    assert "1 device restored" in result.out
    assert tldops.logins() == {person.login for person in TEN} - {TEN[1].login}
    assert [row["id"] for row in tldops.do("device", "list", "--json").json] == [device["id"]]
    tldops.do("audit", "--verify")
    assert "Nothing to do" in tldops.do("sync", "--yes").out
    assert backup.exists()


def test_sync_after_a_restore_brings_today_back(tldops: World, backup: Path) -> None:
    """The next sync is planned against what was restored, and ends with the file."""
    tldops.sync(*TEN[:7])
    tldops.do("restore", str(backup), "--yes")
    tldops.do("sync", "--yes")
    assert set(tldops.contacts()) == {person.name for person in TEN[:7]}
    assert tldops.logins() == {person.login for person in TEN[:7]}


def test_damaged_roster_is_replaced_as_the_message_says(tldops: World, backup: Path) -> None:
    """Moving the damaged file aside and restoring, as told, gives the whole roster and no login beyond the backup's."""
    roster = tldops.folder / "roster.sqlite"
    roster.write_bytes(roster.read_bytes()[: roster.stat().st_size // 2])
    assert "Move the file aside and run `tldops restore BACKUP`" in tldops.refused("sync", "--yes", code=2)
    roster.rename(roster.with_name("damaged"))
    tldops.do("restore", str(backup), "--yes")
    assert tldops.logins() == {person.login for person in TEN}
    assert len(tldops.contacts()) == 10


def test_restore_over_a_roster_that_cannot_be_trusted(tldops: World, backup: Path) -> None:
    """Where the replaced roster fails its digest, a login has to be in both to come back."""
    tldops.sync(*TEN[1:])
    with sqlite3.connect(tldops.folder / "roster.sqlite") as database:
        database.execute(
            "INSERT INTO reader SELECT 'intruder@nic.example', since, 'x', 'x', 'x', '' FROM reader LIMIT 1"
        )
    database.close()
    tldops.refused("sync", "--yes", code=2)
    tldops.do("restore", str(backup), "--yes")
    assert tldops.logins() == {person.login for person in TEN[1:]}


@pytest.mark.parametrize(
    "content",
    [
        None,
        b"",
        b"<!doctype html><title>404</title>",
        b"\x00\xff" * 4096,
        b"SQLite format 3\x00" + b"\x00" * 5000,
        "cut",
        "changed",
        "folder",
        "members",
        "empty",
    ],
)
def test_bad_backup_is_refused(tldops: World, backup: Path, content: bytes | str | None) -> None:
    """Missing, empty, HTML, binary, cut off, changed, a folder, the wrong file, no roster in it: exit 2, untouched."""
    bad = tldops.folder / "bad"
    if isinstance(content, bytes):
        bad.write_bytes(content)
    elif content == "cut":
        bad.write_bytes(backup.read_bytes()[:-4096])
    elif content == "changed":
        bad.write_bytes(backup.read_bytes().replace(b"person03@nic", b"person99@nic"))
    elif content == "folder":
        bad.mkdir()
    elif content == "members":
        bad.write_bytes(backup.with_name("backup.members").read_bytes())
    elif content == "empty":
        other = tldops.folder / "other.toml"
        other.write_text('[store]\nroster = "bad"\nmembers = "bad.members"\n')
        tldops.config, config = other, tldops.config
        tldops.do("init")
        tldops.config = config
    tldops.sync(*TEN[:8])
    assert str(bad) in tldops.refused("restore", str(bad), "--yes", code=2)
    assert len(tldops.contacts()) == 8


def test_restore_asks_for_consent(tldops: World, backup: Path) -> None:
    """Without a terminal `restore` needs --yes."""
    assert "--yes" in tldops.refused("restore", str(backup), code=2)


def test_rollback_restores_cards_and_no_access(tldops: World) -> None:
    """The people of the earlier generation are back in the book; those who were put out stay out, devices too."""
    tldops.sync(*TEN)
    tldops.do("device", "add", TEN[0].login, "--label", "phone")
    cards = tldops.do("export", "--format", "vcf").out
    tldops.sync(*TEN[2:])
    tldops.do("rollback", "1", "--yes")
    assert tldops.do("export", "--format", "vcf").out == cards
    assert tldops.logins() == {person.login for person in TEN[2:]}
    assert tldops.devices(TEN[0].login) == [False]
    newest = tldops.do("history", "--json").json[0]
    assert (newest["id"], newest["kind"]) == (3, "rollback")
    assert "Nothing to do" in tldops.do("rollback", "1", "--yes").out


def test_rollback_keeps_people_added_since_logged_in(tldops: World) -> None:
    """Readers stay those of the newest sync, also the ones whose card the rollback takes out of the book."""
    tldops.sync(*TEN[:8])
    tldops.sync(*TEN)
    tldops.do("rollback", "1", "--yes")
    assert set(tldops.contacts()) == {person.name for person in TEN[:8]}
    assert tldops.logins() == {person.login for person in TEN}


def test_only_generations_that_are_kept_can_be_rolled_back_to(tldops: World) -> None:
    """An older one is an error that says so, and one that never was another: exit 2, nothing done."""
    tldops.configure("[guards]\nchanges = '20'\n[store]\nhistory_days = 1\n")
    for count in range(1, 13):
        tldops.ahead += timedelta(days=3)
        tldops.sync(TEN[0].line.replace(TEN[0].name, f"Name {count}"), *TEN[1:])
    assert tldops.generation() == 12
    assert "no longer kept" in tldops.refused("rollback", "2", "--yes", code=2)
    assert "no generation 99" in tldops.refused("rollback", "99", "--yes", code=2)
    assert tldops("rollback", "0", "--yes").code == 2
    tldops.do("rollback", "3", "--yes")
    assert "Name 3" in tldops.contacts()


def test_earlier_generation_that_was_changed_is_never_brought_back(tldops: World) -> None:
    """Exit 2, named with the card: no rollback, nothing shown. A backup is written and says so; the newest is whole."""
    tldops.sync(*TEN)
    tldops.sync(*TEN[:9])
    tldops.sync(*TEN[:9], people(11)[10])
    cards = tldops.do("export", "--format", "vcf").out
    with sqlite3.connect(tldops.folder / "roster.sqlite") as database:
        changed = database.execute("UPDATE card SET text = replace(text, 'TEL', 'TEX') WHERE until = 2 RETURNING href")
        ((name,),) = changed.fetchall()
    database.close()
    for command in (("rollback", "1", "--yes"), ("show", "1")):
        said = tldops.refused(*command, code=2)
        assert f"the cards that generation 2 replaced were changed by something else than tldops ({name})" in said
    file = tldops.folder / "backup"
    backed_up = tldops("backup", str(file))
    assert (backed_up.code, "generation 2" in backed_up.err) == (2, True)
    tldops.do("show", "2")
    assert tldops.do("export", "--format", "vcf").out == cards
    # The backup is no way around it.
    assert "10 people" in tldops.do("restore", str(file), "--yes").out
    assert "generation 2 replaced" in tldops.refused("rollback", "1", "--yes", code=2)
