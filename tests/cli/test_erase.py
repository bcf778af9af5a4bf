"""Somebody who left is erased: nothing readable stays, in no page of any file, and no command brings it back."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import pytest

from radicale_tldops.roster.errors import StoreError
from radicale_tldops.store import desk
from radicale_tldops.store import erase as store
from radicale_tldops.store.read import load_snapshot, load_state
from sync.cli import erase as command
from tests.cli.test_private import row, write
from tests.support import World
from tests.support.people import people
from tests.support.world import ANY_TIME

TEN = people(10)
WHO = TEN[9]
OTHERS = [row(person) for person in TEN[:9]]
NAME, WORD, NUMBER, SECOND = "Zebedee Quillfeather", "Quillfeather", "+1 202 555 0143", "quillfeather@oarc.example"
ROW = row(
    WHO,
    name=NAME,
    phones=NUMBER,
    oob_email=SECOND,
    evidence="letter Purplestork",
    note=f"Purplestork: {WORD} answers at night, {NUMBER}",
)
HEADINGS = ("name", "slot", "cctlds", "phones", "email", "oob_email", "evidence", "note", "card_note")
TRACES = (WORD, WORD.lower(), "Zebedee", "2025550143", "202 555 0143", "Purplestork", "oarc")


def traces(folder: Path) -> dict[str, list[str]]:
    """What of the person stands in the raw bytes of the store, by file; free pages are bytes like all others."""
    found = {
        path.name: [trace for trace in TRACES if trace.encode() in path.read_bytes()]
        for path in folder.iterdir()
        if ".sqlite" in path.name
    }
    return {name: some for name, some in found.items() if some}


def sync(tldops: World, *rows: Mapping[str, str]) -> None:
    """Apply a membership file with nine people and these rows, a minute later than all before."""
    tldops.ahead += timedelta(minutes=1)
    write(tldops, [*OTHERS, *rows], HEADINGS)
    tldops.do("sync", "--yes")


@pytest.fixture
def left(tldops: World) -> World:
    """A store with all kinds of traces of somebody who has left, and a backup of before."""
    sync(tldops, ROW)
    tldops.do("device", "add", WHO.login, "--label", f"iPhone of {WORD}")
    tldops.do("confirm", NAME, "--how", f"called {NUMBER}")
    sync(tldops, ROW | {"phones": "+1 202 555 0144"})
    sync(tldops, ROW)
    tldops.do("backup", str(tldops.folder / "copy"))
    sync(tldops)
    assert {name for name, some in traces(tldops.folder).items() if WORD in some} == {"members.sqlite", "roster.sqlite"}
    return tldops


def uid_of(tldops: World) -> str:
    """The UID of the person who left, from the backup."""
    with closing(sqlite3.connect(tldops.folder / "copy")) as connection:
        (uid,) = connection.execute("SELECT DISTINCT uid FROM card WHERE contact LIKE ?", (f"%{WORD}%",)).fetchone()
        return str(uid)


def test_nothing_readable_stays(left: World) -> None:
    """No name, number, note or address but the login is in any byte; the log is whole, and others are as before."""
    uid, others = uid_of(left), left.contacts()
    said = left.do("erase", NAME, "--yes").out
    assert traces(left.folder) == {}
    assert left.contacts() == others
    left.do("audit", "--verify")
    left.do("backup", str(left.folder / "after"))
    assert load_snapshot(left.folder / "roster.sqlite").plain.tombstones.keys() == {f"{uid}.vcf"}
    assert f"- the backup {left.folder / 'copy'}\n" in said
    assert said.endswith(
        "Erased: 3 earlier cards, 1 confirmation, 1 device password, details of 2 entries of the audit log.\n"
    )
    entries = left.do("audit", "--login", WHO.login, "--json").json
    assert {entry["action"] for entry in entries} == {"device add", "confirm"}
    assert left.refused("erase", NAME, "--yes", code=1)
    assert left.do("show", "1").out.endswith("\nNot shown: 1 person, erased since then.\n")


def test_who_is_there_is_not_erased(tldops: World) -> None:
    """Somebody in the file, held in the roster, or still on the list has to go first; the message says how."""
    sync(tldops, ROW)
    assert f"is in {tldops.members}" in tldops.refused("erase", WHO.login, "--yes", code=1)
    write(tldops, OTHERS, HEADINGS)
    assert "is in the roster" in tldops.refused("erase", WHO.login, "--yes", code=1)
    said = tldops.refused("erase", "Nobody Known", "--yes", code=1)
    assert "is no address, name or UID" in said
    assert "`tldops show --on DATE TEXT`" in said
    assert "say --yes" in tldops.refused("erase", WHO.login, code=2)
    sync(tldops)
    tldops.configure('[readers]\n"auditor@iana.example" = "audits the list"\n')
    tldops.do("sync", "--yes")
    assert "may still read as auditor@iana.example" in tldops.refused("erase", "auditor@iana.example", "--yes", code=1)
    tldops.do("erase", WHO.login, "--yes")
    assert traces(tldops.folder) == {}
    tldops.do("device", "add", "auditor@iana.example", "--label", WORD)
    tldops.configure()
    tldops.do("sync", "--yes")
    tldops.do("erase", "auditor@iana.example", "--yes")
    assert traces(tldops.folder) == {}


@pytest.mark.parametrize("spoiled", [{"slot": "9"}, {"cctlds": ".zz"}, {"email": "", "oob_email": SECOND}])
def test_who_is_in_the_file_in_a_broken_record_is_not_erased(left: World, spoiled: dict[str, str]) -> None:
    """The file is being corrected: the person may come back with it."""
    write(left, [*OTHERS, ROW | spoiled], HEADINGS)
    assert f"is in {left.members}" in left.refused("erase", NAME, "--yes", code=1)


def test_without_the_file_nobody_is_erased(left: World) -> None:
    """Nobody can tell whether the person is in a file that is away."""
    left.members.unlink()
    assert f"{left.members}: the file could not be read" in left.refused("erase", NAME, "--yes", code=2)


def test_a_restore_does_it_again(left: World) -> None:
    """The backup has the person with card and access; after the restore nobody is served whom the erasure covers."""
    uid = uid_of(left)
    left.do("erase", WHO.login, "--yes")
    said = left.do("restore", str(left.folder / "copy"), "--yes").out
    assert "erased" in said
    assert traces(left.folder) == {}
    snapshot = load_snapshot(left.folder / "roster.sqlite")
    assert f"{uid}.vcf" not in snapshot.plain.cards
    assert f"{uid}.vcf" in snapshot.plain.tombstones
    assert WHO.login not in snapshot.readers
    assert len(left.contacts()) == 9
    left.do("sync", "--yes")
    assert len(left.contacts()) == 9


@pytest.mark.parametrize("lost", ["roster", "members"])
def test_a_restore_of_a_lost_database_does_it_again(left: World, lost: str) -> None:
    """With the roster or the devices gone, the desk database still knows who was erased."""
    left.do("erase", WHO.login, "--yes")
    (left.folder / f"{lost}.sqlite").unlink()
    left.do("restore", str(left.folder / "copy"), "--yes")
    assert traces(left.folder) == {}
    left.do("sync", "--yes")
    assert traces(left.folder) == {}


def test_a_rollback_brings_nobody_back(left: World) -> None:
    """The generations in which the person was are there without them."""
    others = left.contacts()
    left.do("erase", WHO.login, "--yes")
    assert left("rollback", "3", "--yes").code == 0
    assert left.contacts().keys() == others.keys()
    assert traces(left.folder) == {}


def test_a_denial_holds(left: World) -> None:
    """It keeps the address alone, and ends the access of the person who comes back."""
    left.do("access", "deny", WHO.login, "--reason", f"{WORD} was angry")
    left.do("erase", WHO.login, "--yes")
    assert traces(left.folder) == {}
    sync(left, ROW)
    assert WHO.login not in left.logins()
    assert NAME in left.contacts()


def test_who_comes_back_is_somebody_new(left: World) -> None:
    """Nothing says that it is the same person: another UID, and no device password of before."""
    uid = uid_of(left)
    left.do("erase", WHO.login, "--yes")
    sync(left, ROW)
    state = load_state(left.folder / "roster.sqlite", ANY_TIME)
    (new,) = (found for found, person in state.people.items() if person.contact.name == NAME)
    assert new != uid
    assert left.devices(WHO.login) == []


@pytest.mark.parametrize(
    ("where", "step"),
    [
        (store, "erase_from_members"),
        (store, "erase_from_roster"),
        (desk, "erase_from_desk"),
        (command, "rewrite"),
        (desk, "finish_erasure"),
    ],
)
def test_a_killed_erasure_is_told_and_finished(
    left: World, monkeypatch: pytest.MonkeyPatch, where: ModuleType, step: str
) -> None:
    """`status` says so with the command, which does the rest."""

    def fail(*_: object) -> None:
        raise StoreError("the disk failed")

    with monkeypatch.context() as patch:
        patch.setattr(where, step, fail)
        assert left("erase", WHO.login, "--yes").code == 2
    tasks = left.do("status", "--json").json["to_do"]
    (again,) = (task["command"] for task in tasks if "tldops erase" in task["command"])
    left.do(*again.split()[1:], "--yes")
    assert traces(left.folder) == {}
    assert "erase" not in left.do("status").out
