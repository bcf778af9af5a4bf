"""A sync of inputs that did not change: it does nothing, says so, and hides nothing."""

import json
import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from radicale_tldops.store.notes import LAST_SYNC, read_note
from radicale_tldops.store.read import load_cards
from sync import apply
from tests.support import JANE, JOHN, World
from tests.support.people import Person, people

TEN = people(10)


def subscribe(tldops: World, *some: Person, guards: str = "mismatch = '50 %'", more: str = "") -> None:
    """Configure a list of subscribers with these people on it."""
    tldops.configure(f'[subscribers]\nfile = "list.txt"\n[guards]\n{guards}\n{more}')
    (tldops.folder / "list.txt").write_text("".join(f"{person.login}\n" for person in some))


def note(tldops: World) -> dict[str, object]:
    """Return what the store keeps of the last sync."""
    found: dict[str, object] = json.loads(LAST_SYNC.encode(read_note(tldops.folder / "roster.sqlite", LAST_SYNC)))
    return found


def change(path: Path, statement: str) -> None:
    """Change a database behind the back of the software."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(statement)
        connection.commit()


def test_the_second_sync_makes_no_generation(tldops: World) -> None:
    """Neither on the same day nor on a later one, and the cards keep their bytes."""
    tldops.sync(*TEN)
    before = load_cards(tldops.folder / "roster.sqlite")
    for days in (0, 40):
        tldops.ahead = timedelta(days=days)
        assert "Nothing to do" in tldops.do("sync", "--yes").out
    assert tldops.generation() == 1
    assert load_cards(tldops.folder / "roster.sqlite") == before


def test_every_sync_without_a_change_leaves_the_same_trace(tldops: World) -> None:
    """Output, audit entry, `status` and the note of the last sync differ in the time alone."""
    subscribe(tldops, *TEN)
    tldops.sync(*TEN)
    seen = []
    for arguments in (["--yes", "--quarantine"], ["--yes"]):
        result = tldops.do("sync", *arguments)
        row = tldops.do("audit", "--json").json[-1]
        status = tldops.do("status", "--json").json
        last = note(tldops)
        assert status["last_sync"].pop("at") == last.pop("checked_at") == row["at"]
        assert status["list"].pop("at")
        for name in ("age_seconds", "now"):
            status.pop(name, None)
        seen.append((result, {key: row[key] for key in ("actor", "action", "subject", "detail")}, status, last))
    assert seen[0] == seen[1]
    assert "Nothing to do" in seen[1][0].out
    assert seen[1][1]["subject"] == "no change"


def test_what_a_killed_command_left_undone_is_done(tldops: World) -> None:
    """A generation without its audit entry gets it, as in every sync."""
    tldops.sync(*TEN)
    change(tldops.folder / "members.sqlite", "DELETE FROM audit")
    tldops.do("sync", "--yes")
    assert [row["subject"] for row in tldops.do("audit", "--json").json] == ["generation 1", "no change"]


def test_a_file_that_was_only_written_again_is_the_same(tldops: World) -> None:
    """The time of the file does not matter for what is to be done, and is noted: what is older afterwards is stale."""
    tldops.sync(*TEN)
    before = note(tldops)["sources"]
    later = tldops.members.stat().st_mtime + 1800
    os.utime(tldops.members, (later, later))
    assert "Nothing to do" in tldops.do("sync", "--yes").out
    assert note(tldops)["sources"] != before
    tldops.write(*TEN[:9])
    os.utime(tldops.members, (later - 60, later - 60))
    assert {hazard["code"] for hazard in tldops("plan", "--json").json["hazards"]} == {"stale-source"}


def test_a_note_of_an_earlier_version_is_read(tldops: World) -> None:
    """Earlier versions kept a value more in the note of the last sync."""
    tldops.sync(*TEN)
    text = json.dumps(note(tldops) | {"fingerprint": "0123"})
    change(tldops.folder / "roster.sqlite", f"UPDATE meta SET value = '{text}' WHERE key = 'last_sync'")
    assert "Nothing to do" in tldops.do("sync", "--yes").out
    assert "fingerprint" not in note(tldops)


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ('[cards]\ntlp = "TLP:RED"\n', "Applied as generation 2."),
        (f'[readers]\n"{TEN[0].login}" = "chair"\n', "Applied as generation 2."),
        ("[vetting]\nmax_per_cctld = 2\n", "bad-slot"),
        (f'[vetting]\nretire_cctlds = ["{TEN[0].cctld}"]\n', "unknown-cctld"),
        ("[server]\nport = 5300\n", "Nothing to do"),
    ],
)
def test_a_setting_takes_effect_with_the_next_sync(tldops: World, setting: str, says: str) -> None:
    """The file and the list are the same; a setting of the server changes nothing here."""
    subscribe(tldops, *TEN)
    tldops.sync(*TEN)
    subscribe(tldops, *TEN, more=setting)
    assert says in tldops("sync", "--yes").out


def test_a_new_layout_of_the_card_takes_effect_with_the_next_sync(
    tldops: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An update of the software may render the same data in another way."""
    tldops.sync(*TEN)
    monkeypatch.setattr(apply, "RENDERER", "99")
    assert "10 changed" in tldops.do("sync", "--yes").out


def test_after_a_rollback_of_what_the_list_did_the_file_is_applied_as_ever(tldops: World) -> None:
    """The file made the generation that was brought back, too: it was not taken back."""
    subscribe(tldops, *TEN)
    tldops.sync(*TEN)
    subscribe(tldops, *TEN[1:])
    tldops.do("sync", "--yes")
    tldops.do("rollback", "1", "--yes")
    subscribe(tldops, *TEN)
    assert "stale-source" not in tldops.do("sync", "--yes").out


def test_after_a_rollback_the_same_file_is_applied_again_by_force_alone(tldops: World) -> None:
    """Else the next timer would undo the rollback."""
    tldops.sync(*TEN[:9])
    tldops.sync(*TEN)
    assert "Nothing to do" in tldops.do("sync", "--yes").out
    tldops.do("rollback", "1", "--yes")
    assert set(tldops.contacts()) == {person.name for person in TEN[:9]}
    assert "has the content that the last rollback took back" in tldops.refused("sync", "--yes", code=1)
    assert "Applied as generation 4." in tldops.force("stale-source").out
    assert set(tldops.contacts()) == {person.name for person in TEN}


def test_a_confirmation_reaches_the_card(tldops: World) -> None:
    """`confirm` writes the members database alone, and the next sync of the same file brings it into the roster."""
    tldops.sync(*TEN)
    tldops.do("confirm", TEN[0].login, "--how", "by phone")
    assert "Applied as generation 2." in tldops.do("sync", "--yes").out
    assert tldops.contacts()[TEN[0].name].confirmed_on is not None


def test_who_left_the_list_is_shut_out(tldops: World) -> None:
    """The file is the same and the list is not: the login goes."""
    subscribe(tldops, *TEN)
    tldops.sync(*TEN)
    subscribe(tldops, *TEN[:9])
    tldops.do("sync", "--yes")
    assert TEN[9].login not in tldops.logins()


def test_held_people_are_shown_every_time(tldops: World) -> None:
    """A broken record is an error in every sync, also without anything to apply."""
    tldops.sync(*TEN)
    tldops.write(*(person.line for person in TEN[:9]), TEN[9].line.replace(f"#{TEN[9].slot}", "#9"))
    tldops.do("sync", "--yes", "--quarantine")
    assert tldops("sync", "--yes").code == 1
    assert TEN[9].name in tldops.do("sync", "--yes", "--quarantine").out


def test_what_a_sync_shows_it_shows_again(tldops: World) -> None:
    """The sign that a file may be cut off is a warning, and comes as long as the file is so."""
    tldops.members.write_text(f"{JOHN}\n{JANE}")
    for _ in range(2):
        assert "no-final-newline" in tldops.do("sync", "--yes").out


def test_a_hazard_that_was_forced_is_shown_again(tldops: World) -> None:
    """Overriding a hazard holds for one plan: the next sync shows the hazard again."""
    subscribe(tldops, *TEN[:5], guards="mismatch = '10 %'")
    tldops.write(*TEN)
    tldops.do("init")
    plan = tldops("plan", "--json").json
    assert {hazard["code"] for hazard in plan["hazards"]} == {"list-mismatch"}
    tldops.do("sync", "--plan", plan["id"], "--force", "list-mismatch")
    assert "list-mismatch" in tldops.do("sync", "--yes").out


@pytest.mark.parametrize("doubled", [False, True])
def test_a_date_in_the_future_counts_when_it_has_come(tldops: World, doubled: bool) -> None:
    """Until then it is left out. Also where the entry repeats one without a date."""
    table = tldops.folder / "members.csv"
    rows = ["John,1,nl,+1 202 555 0001,john@nic.example,2026-01-02", "Jane,1,be,+1 202 555 0002,jane@nic.example,"]
    day = (datetime.now(UTC) + timedelta(days=20)).date().isoformat()
    dated = f"Jane,1,be,+1 202 555 0002,jane@nic.example,{day}"
    rows = [*rows, dated] if doubled else [rows[0], dated]
    header = "name,slot,cctlds,phones,email,confirmed_on"
    table.write_text("".join(f"{row}\n" for row in (header, *rows)))
    for _ in range(2):
        tldops.do("sync", str(table), "--yes")
        assert tldops.contacts()["Jane"].confirmed_on is None
    tldops.ahead = timedelta(days=21)
    tldops.do("sync", str(table), "--yes")
    assert str(tldops.contacts()["Jane"].confirmed_on) == day


@pytest.mark.parametrize(
    ("database", "statement"),
    [
        ("roster", "UPDATE card SET text = replace(text, 'Person 03', 'Person 30')"),
        ("roster", "UPDATE card SET contact = replace(contact, 'Person 03', 'Person 30')"),
        ("roster", "DELETE FROM card WHERE href = (SELECT min(href) FROM card)"),
        ("roster", "DELETE FROM reader WHERE login LIKE 'person04%'"),
        ("roster", "INSERT INTO denied VALUES ('person05@nic.example', 'person05@nic.example', '', '2026', 'me', 'x')"),
        ("roster", "UPDATE meta SET value = '{' WHERE key = 'last_sync'"),
        ("members", "UPDATE claim SET confirmed_on = 'soon'"),
    ],
)
def test_damage_is_noticed(tldops: World, database: str, statement: str) -> None:
    """A sync without a change refuses to start from what a plan refuses to start from, with the same message."""
    tldops.sync(*TEN)
    tldops.do("confirm", TEN[0].login, "--how", "by phone")
    tldops.do("sync", "--yes")
    assert "Nothing to do" in tldops.do("sync", "--yes").out
    change(tldops.folder / f"{database}.sqlite", statement)
    assert tldops.refused("sync", "--yes", code=2) == tldops.refused("plan", code=2)


def test_an_input_that_cannot_be_read_is_noticed(tldops: World) -> None:
    """A missing file or list is an error, whatever the last sync saw."""
    subscribe(tldops, *TEN)
    tldops.sync(*TEN)
    (tldops.folder / "list.txt").unlink()
    result = tldops("sync", "--yes")
    assert (result.code, "list.txt" in result.err) == (2, True)
    subscribe(tldops, *TEN)
    tldops.members.unlink()
    assert "members.txt" in tldops.refused("sync", "--yes", code=2)
