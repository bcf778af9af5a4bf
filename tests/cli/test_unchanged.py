"""A sync that finds everything as the last one left it takes a short way, and nothing that matters may hide behind it.

Whether a sync looked at every entry shows when vetting fails: the short way does not come by it.
"""

import json
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from radicale_tldops.roster.errors import InputError
from radicale_tldops.store.notes import LAST_SYNC, read_note
from sync import pipeline, unchanged
from tests.support import JANE, JOHN
from tests.support.command import Tldops
from tests.support.people import Person, people

TEN = people(10)
LooksAgain = Callable[..., bool]


@pytest.fixture
def looks_again(tldops: Tldops, monkeypatch: pytest.MonkeyPatch) -> LooksAgain:
    """Run `sync` with a vetting that fails, and tell whether it came by it."""

    def fails(*_: object) -> None:
        raise InputError("vetting was asked")

    def run(*arguments: str) -> bool:
        with monkeypatch.context() as patch:
            patch.setattr(pipeline, "vet", fails)
            result = tldops("sync", *(arguments or ("--yes",)))
        assert result.code in (0, 2), result
        assert ("vetting was asked" in result.err) == (result.code == 2)
        return result.code == 2

    return run


def subscribe(tldops: Tldops, *some: Person, guards: str = "mismatch_percent = 50", more: str = "") -> None:
    """Configure a list of subscribers with these people on it."""
    tldops.workspace.configure(f'[subscribers]\nfile = "list.txt"\n[guards]\n{guards}\n{more}')
    (tldops.workspace.folder / "list.txt").write_text("".join(f"{person.login}\n" for person in some))


def note(tldops: Tldops) -> dict[str, object]:
    """Return what the store keeps of the last sync."""
    found: dict[str, object] = json.loads(
        LAST_SYNC.encode(read_note(tldops.workspace.folder / "roster.sqlite", LAST_SYNC))
    )
    return found


def change(path: Path, statement: str) -> None:
    """Change a database behind the back of the software."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(statement)
        connection.commit()


def test_the_second_sync_takes_the_short_way(tldops: Tldops, looks_again: LooksAgain) -> None:
    """After a sync that applied something, and after one that found nothing, entries are not looked at again."""
    tldops.sync(*TEN)
    assert not looks_again()
    tldops.ahead = timedelta(days=40)
    assert not looks_again(), "nor on another day"
    assert tldops.generation() == 1


def test_the_short_way_leaves_the_same_trace(tldops: Tldops, looks_again: LooksAgain) -> None:
    """Output, the audit log, `status` and the note of the last sync are those of a sync that looked at everything."""
    subscribe(tldops, *TEN)
    tldops.sync(*TEN)
    seen = []
    for arguments in (["--yes", "--quarantine"], ["--yes"]):
        assert looks_again(*arguments) == ("--quarantine" in arguments)
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


def test_what_a_killed_command_left_undone_is_done(tldops: Tldops, looks_again: LooksAgain) -> None:
    """A generation without its audit entry gets it, as in every sync."""
    tldops.sync(*TEN)
    change(tldops.workspace.folder / "members.sqlite", "DELETE FROM audit")
    assert not looks_again()
    assert [row["subject"] for row in tldops.do("audit", "--json").json] == ["generation 1", "no change"]


def test_a_file_that_was_only_written_again_is_the_same(tldops: Tldops, looks_again: LooksAgain) -> None:
    """The time of the file does not matter for what is to be done, and is noted: what is older afterwards is stale."""
    tldops.sync(*TEN)
    before = note(tldops)["sources"]
    later = tldops.workspace.members.stat().st_mtime + 3600
    os.utime(tldops.workspace.members, (later, later))
    assert not looks_again()
    assert note(tldops)["sources"] != before
    tldops.write(*TEN[:9])
    os.utime(tldops.workspace.members, (later - 60, later - 60))
    assert [one["code"] for one in tldops("plan", "--json").json["hazards"]] == []
    tldops.write(*TEN[:8])
    os.utime(tldops.workspace.members, (later - 60, later - 60))
    assert {one["code"] for one in tldops("plan", "--json").json["hazards"]} == {"stale-source"}


def _rewrite(tldops: Tldops) -> None:
    tldops.write(*TEN[:9], replace(TEN[9], number=11))


def _other_list(tldops: Tldops) -> None:
    subscribe(tldops, *TEN[:9])


def _no_list(tldops: Tldops) -> None:
    tldops.workspace.configure()


def _rollback(tldops: Tldops) -> None:
    tldops.do("rollback", "1", "--yes")


def _restore(tldops: Tldops) -> None:
    copy = str(tldops.workspace.folder / "copy")
    tldops.do("backup", copy)
    tldops.do("restore", copy, "--yes")


def _deny(tldops: Tldops) -> None:
    tldops.do("access", "deny", TEN[0].login, "--reason", "lost")


def _deny_and_allow(tldops: Tldops) -> None:
    _deny(tldops)
    tldops.do("access", "allow", TEN[0].login)


def _confirm(tldops: Tldops) -> None:
    tldops.do("confirm", TEN[0].login, "--how", "by phone")


def _forget(tldops: Tldops) -> None:
    """Write the note as versions before this one did."""
    text = json.dumps({key: value for key, value in note(tldops).items() if key != "fingerprint"})
    change(tldops.workspace.folder / "roster.sqlite", f"UPDATE meta SET value = '{text}' WHERE key = 'last_sync'")


def _clock_back(tldops: Tldops) -> None:
    tldops.ahead = timedelta(days=-1)


@pytest.mark.parametrize(
    "happens",
    [
        _rewrite, _other_list, _no_list, _rollback, _restore, _deny, _deny_and_allow, _confirm, _forget, _clock_back,
    ],
)  # fmt: skip
def test_whatever_changes_is_looked_at(
    tldops: Tldops, looks_again: LooksAgain, happens: Callable[[Tldops], None]
) -> None:
    """An input, the list, the store, a confirmation or the clock: after each of them every entry is looked at."""
    subscribe(tldops, *TEN)
    tldops.sync(*TEN[:9])
    tldops.sync(*TEN)
    assert not looks_again()
    happens(tldops)
    assert looks_again()


@pytest.mark.parametrize(
    "setting",
    [
        "[vetting]\nmax_per_cctld = 4\n",
        '[vetting]\nretire_cctlds = ["zw"]\n',
        "[vetting]\nrequire_appointment = true\n",
        '[cards]\ntlp = "TLP:RED"\n',
        f'[readers]\n"{TEN[0].login}" = "chair"\n',
    ],
)  # fmt: skip
def test_whatever_is_set_otherwise_is_looked_at(tldops: Tldops, looks_again: LooksAgain, setting: str) -> None:
    """A setting that has a say in vetting, cards, readers or guards; one of the server has none."""
    subscribe(tldops, *TEN)
    tldops.sync(*TEN)
    subscribe(tldops, *TEN, more='[auth]\nrealm = "Elsewhere"\n')
    assert not looks_again()
    subscribe(tldops, *TEN, more=setting)
    assert looks_again()
    subscribe(tldops, *TEN)
    assert not looks_again()
    subscribe(tldops, *TEN, guards="mismatch_percent = 49")
    assert looks_again()


@pytest.mark.parametrize("update", ["__version__", "RENDERER", "_PACKAGES"])
def test_other_software_looks_again(
    tldops: Tldops, looks_again: LooksAgain, monkeypatch: pytest.MonkeyPatch, update: str
) -> None:
    """What was nothing to do for one version may be something for the next."""
    tldops.sync(*TEN)
    monkeypatch.setattr(unchanged, update, {"_PACKAGES": ("idna",)}.get(update, "99"))
    assert looks_again()


def test_where_the_software_is_not_known_nothing_is_skipped(
    tldops: Tldops, looks_again: LooksAgain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A package that was installed without its metadata has no version to go by."""
    monkeypatch.setattr(unchanged, "_PACKAGES", ("tldops-is-not-this",))
    tldops.sync(*TEN)
    assert note(tldops)["fingerprint"] == ""
    assert looks_again()


@pytest.mark.parametrize("arguments", ["--yes --json", "--yes --quarantine", "--plan ID", "--yes --format mailman2"])
def test_who_wants_the_whole_gets_it(tldops: Tldops, looks_again: LooksAgain, arguments: str) -> None:
    """A reviewed plan, a plan as data, broken records that are expected, and another format: none is answered short."""
    tldops.sync(*TEN)
    plan = tldops.do("plan", "--json").json["id"]
    assert looks_again(*arguments.replace("ID", plan).split())


def test_another_file_of_the_same_content_is_looked_at(tldops: Tldops, looks_again: LooksAgain) -> None:
    """The messages about it would name it."""
    tldops.sync(*TEN)
    copy = tldops.workspace.folder / "copy.txt"
    copy.write_bytes(tldops.workspace.members.read_bytes())
    assert looks_again(str(copy), "--yes")


def test_after_a_rollback_the_same_file_is_applied_again(tldops: Tldops) -> None:
    """The short way never hides that the store is not what the file says."""
    tldops.sync(*TEN[:9])
    tldops.sync(*TEN)
    assert "Nothing to do" in tldops.do("sync", "--yes").out
    tldops.do("rollback", "1", "--yes")
    assert set(tldops.roster()) == {person.name for person in TEN[:9]}
    assert "Applied as generation 4." in tldops.do("sync", "--yes").out
    assert set(tldops.roster()) == {person.name for person in TEN}


def test_a_confirmation_reaches_the_card(tldops: Tldops) -> None:
    """`confirm` writes the members database alone, and the next sync of the same file brings it into the roster."""
    tldops.sync(*TEN)
    tldops.do("confirm", TEN[0].login, "--how", "by phone")
    assert "Applied as generation 2." in tldops.do("sync", "--yes").out
    assert tldops.roster()[TEN[0].name].confirmed_on is not None


def test_who_left_the_list_is_shut_out(tldops: Tldops) -> None:
    """The file is the same and the list is not: the login goes."""
    subscribe(tldops, *TEN)
    tldops.sync(*TEN)
    subscribe(tldops, *TEN[:9])
    tldops.do("sync", "--yes")
    assert TEN[9].login not in tldops.logins()


def test_held_people_are_shown_every_time(tldops: Tldops, looks_again: LooksAgain) -> None:
    """A broken record is an error in every sync, also without anything to apply."""
    tldops.sync(*TEN)
    tldops.workspace.write(*(one.line for one in TEN[:9]), TEN[9].line.replace(f"#{TEN[9].slot}", "#9"))
    tldops.do("sync", "--yes", "--quarantine")
    assert tldops("sync", "--yes").code == 1
    assert looks_again()
    assert TEN[9].name in tldops.do("sync", "--yes", "--quarantine").out


def test_what_a_sync_shows_it_shows_again(tldops: Tldops, looks_again: LooksAgain) -> None:
    """The sign that a file may be cut off is a warning, and comes as long as the file is so."""
    tldops.workspace.members.write_text(f"{JOHN}\n{JANE}")
    for _ in range(2):
        assert "no-final-newline" in tldops.do("sync", "--yes").out
    assert looks_again()


def test_a_hazard_that_was_forced_is_shown_again(tldops: Tldops, looks_again: LooksAgain) -> None:
    """What was let through once is no habit: the next sync looks at list and file again."""
    subscribe(tldops, *TEN[:5], guards="mismatch_percent = 10")
    tldops.write(*TEN)
    plan = tldops("plan", "--json").json
    assert {one["code"] for one in plan["hazards"]} == {"list-mismatch"}
    tldops.do("sync", "--plan", plan["id"], "--force", "list-mismatch")
    assert "list-mismatch" in tldops.do("sync", "--yes").out
    assert looks_again()


def test_the_removal_of_one_person_is_looked_at_again(tldops: Tldops, looks_again: LooksAgain) -> None:
    """It passes whatever the guards would say, so that it tells nothing about the next sync."""
    subscribe(tldops, *TEN)
    tldops.sync(*TEN)
    tldops.sync(*TEN[:9])
    assert looks_again()
    tldops.do("sync", "--yes")
    assert not looks_again()


@pytest.mark.parametrize("doubled", [False, True])
def test_a_date_in_the_future_is_waited_for(tldops: Tldops, looks_again: LooksAgain, doubled: bool) -> None:
    """A date that was left out counts when it has come, also where the entry repeated one without a date."""
    table = tldops.workspace.folder / "members.csv"
    rows = ["John,1,nl,+1 202 555 0001,john@nic.example,2026-01-02", "Jane,1,be,+1 202 555 0002,jane@nic.example,"]
    day = "2999-01-01"
    dated = f"Jane,1,be,+1 202 555 0002,jane@nic.example,{day}"
    rows = [*rows, dated] if doubled else [rows[0], dated]
    header = "name,slot,cctlds,phones,email,confirmed_on"
    table.write_text("".join(f"{row}\n" for row in (header, *rows)))
    tldops.do("sync", str(table), "--yes")
    assert looks_again(str(table), "--yes")


@pytest.mark.parametrize(
    ("database", "statement"),
    [
        ("roster", "UPDATE card SET text = replace(text, 'Person 03', 'Person 30')"),
        ("roster", "UPDATE card SET contact = replace(contact, 'Person 03', 'Person 30')"),
        ("roster", "DELETE FROM card WHERE href = (SELECT min(href) FROM card)"),
        ("roster", "DELETE FROM reader WHERE login LIKE 'person04%'"),
        ("roster", "INSERT INTO denied VALUES ('person05@nic.example', '2026', 'me', 'x')"),
        ("roster", "UPDATE meta SET value = '{' WHERE key = 'last_sync'"),
        ("members", "UPDATE claim SET confirmed_on = 'soon'"),
    ],
)
def test_damage_is_noticed(tldops: Tldops, database: str, statement: str) -> None:
    """Whatever a plan would refuse to start from, the short way refuses: nobody hears that all is well."""
    tldops.sync(*TEN)
    tldops.do("confirm", TEN[0].login, "--how", "by phone")
    tldops.do("sync", "--yes")
    assert "Nothing to do" in tldops.do("sync", "--yes").out
    change(tldops.workspace.folder / f"{database}.sqlite", statement)
    assert tldops.refused("sync", "--yes", code=2) == tldops.refused("plan", code=2)


def test_an_input_that_cannot_be_read_is_noticed(tldops: Tldops) -> None:
    """A missing file or list is an error, whatever the last sync saw."""
    subscribe(tldops, *TEN)
    tldops.sync(*TEN)
    (tldops.workspace.folder / "list.txt").unlink()
    result = tldops("sync", "--yes")
    assert (result.code, "list.txt" in result.err) == (2, True)
    subscribe(tldops, *TEN)
    tldops.workspace.members.unlink()
    assert "members.txt" in tldops.refused("sync", "--yes", code=2)
