"""`tldops status`, `history`, `show` and `audit`: what is, what was, and who did it."""

import os
import pwd
import re
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import takewhile

import pytest

from tests.support import JOHN, World
from tests.support.people import people

TEN = people(10)
COLUMNS = "name,slot,cctlds,email,confirmed_on"


def test_status_of_an_empty_store(tldops: World) -> None:
    """Before the first sync `status` says so, and its JSON has the same keys as ever."""
    tldops.do("init")
    assert "No generation yet" in tldops.do("status").out
    empty = tldops.do("status", "--json").json
    assert (empty["generation"], empty["people"], empty["created_at"]) == (0, 0, None)
    tldops.sync(*TEN)
    assert set(tldops.do("status", "--json").json) == set(empty)


def test_status_counts_what_is_there(tldops: World) -> None:
    """People, ccTLDs, ccTLDs with one contact alone, logins, devices and denials are those of the store."""
    tldops.sync(*TEN[:9], replace(TEN[9], cctld="ch"))
    tldops.do("device", "add", TEN[0].login, "--label", "phone")
    tldops.do("device", "add", TEN[1].login, "--label", "phone")
    tldops.do("access", "deny", TEN[1].login, "--reason", "phone stolen")
    tldops.ahead = timedelta(days=3, hours=2)
    facts = tldops.do("status", "--json").json
    assert (facts["generation"], facts["people"], facts["cctlds"], facts["readers"]) == (1, 10, 5, 10)
    assert facts["one_contact"] == ["ch"]
    assert (facts["devices"], facts["denied"]) == (1, [TEN[1].login])
    assert facts["age_seconds"] // 3600 == 74
    assert facts["last_sync"]["errors"] == 0
    shown = tldops.do("status").out
    assert "Generation 1, 3 days old" in shown
    assert "10 people of 5 ccTLDs" in shown
    assert f"- denied: 1 login: {TEN[1].login}\n    tldops access list" in shown


def test_status_names_the_stale(tldops: World) -> None:
    """Who was last confirmed more than twelve months ago is stale; who never was is counted apart."""
    today = datetime.now(UTC).date()
    file = tldops.members
    file.write_text(
        f"{COLUMNS}\nOld Example,1,.nl,old@nic.example,{today - timedelta(days=400)}\n"
        f"New Example,2,.nl,new@nic.example,{today - timedelta(days=30)}\nNever Example,3,.nl,never@nic.example,\n"
    )
    tldops.do("sync", "--yes")
    facts = tldops.do("status", "--json").json
    assert facts["stale"] == ["Old Example (.nl)"]
    assert facts["never_confirmed"] == 1
    tldops.do("confirm", "old@nic.example")
    assert tldops.do("status", "--json").json["stale"] == []


def test_status_says_what_to_do_the_worst_first(tldops: World) -> None:
    """A refused sync with its reasons and since when, before people who are held; each with its command."""
    tldops.sync(*TEN)
    broken = TEN[0].line.replace(f".{TEN[0].cctld}", ".zz")
    tldops.write(broken, *TEN[1:])
    assert tldops("sync", "--yes").code == 1
    first = tldops.do("status", "--json").json["refused"]
    assert first["why"] == "1 error"
    lines = tldops.do("status").out.splitlines()
    assert lines[4].startswith("! Every sync is refused since ")
    assert lines[5] == "    tldops plan"
    tldops.ahead = timedelta(hours=1)
    assert tldops("sync", "--yes").code == 1
    assert tldops.do("status", "--json").json["refused"] == first
    tldops("sync", "--yes", "--quarantine")
    lines = tldops.do("status").out.splitlines()
    assert lines[4:8] == [
        "! The last sync left out 1 error", "    tldops check",
        f"- 1 person held, as before: {TEN[0].name}", "    tldops people --held",
    ]  # fmt: skip
    tldops.sync(*TEN)
    facts = tldops.do("status", "--json").json
    assert facts["refused"] == {"since": None, "why": None}
    assert [task["command"] for task in facts["to_do"]] == [
        "tldops status --missing",
        "tldops people --never-confirmed",
    ]


def test_status_names_what_fails_with_a_cctld_of_the_roster(tldops: World) -> None:
    """A host name or the sender's address under a served ccTLD, also an IDN one, with those whom members need then."""
    tldops.sync(replace(TEN[0], cctld="nl"), replace(TEN[1], cctld="xn--p1ai"), *TEN[2:])
    tldops.configure('[server]\nurl = "https://contacts.example.nl/"\n[mail]\nsender = "a@пример.рф"\n')
    found = tldops.do("status", "--json").json["own_zones"]
    own = [TEN[0].name, *(person.name for person in TEN[2:] if person.cctld == "nl")]
    assert (found[0]["setting"], found[0]["cctld"]) == ("[server] url", "nl")
    assert sorted(found[0]["people"]) == sorted(own)
    assert found[1] == {"setting": "[mail] sender", "cctld": "xn--p1ai", "people": [TEN[1].name]}
    shown = " ".join(tldops.do("status").out.split())
    assert f"- [mail] sender is under .рф: it fails with .рф, when members need {TEN[1].name}" in shown
    tldops.configure('[server]\nurl = "https://contacts.example.org/"\n[mail]\nsender = "a@example.com"\n')
    assert tldops.do("status", "--json").json["own_zones"] == []


def test_missing_lists_every_cctld_without_a_contact(tldops: World) -> None:
    """`--missing` holds every delegated ccTLD, ASCII and IDN, but for those that have somebody."""
    tldops.do("init")
    everything = {cctld["a_label"] for cctld in tldops.do("status", "--missing", "--json").json}
    assert {"nl", "vn", "uk", "xn--p1ai", "xn--wgbh1c"} <= everything
    assert "example" not in everything
    assert len(everything) > 290
    tldops.sync(*TEN, "“Иван Пример, #1, .рф, +7 722 260 00 06” ivan@nic.example")
    missing = {cctld["a_label"] for cctld in tldops.do("status", "--missing", "--json").json}
    assert everything - missing == {person.cctld for person in TEN} | {"xn--p1ai"}
    assert tldops.do("status", "--json").json["missing"] == len(missing)
    text = tldops.do("status", "--missing").out
    assert " .nl " in text
    assert ".مصر (xn--wgbh1c)" in text
    assert ".at " not in text


def part(shown: str, heading: str) -> list[str]:
    """Return the lines below a heading of `status --missing`."""
    lines = iter(shown.splitlines())
    next(line for line in lines if line.startswith(heading))
    return [line.strip() for line in takewhile(lambda line: line.startswith(" "), lines)]


def test_missing_idn_cctlds_stand_with_the_ascii_one(tldops: World) -> None:
    """Beside it where it has no contact either; apart where it has some, who may serve both."""
    tldops.sync(JOHN, "“Иван Пример, #1, .ru, +7 722 260 00 06” ivan@nic.example")
    shown = tldops.do("status", "--missing").out
    assert ".eg with .مصر (xn--wgbh1c)" in part(shown, "IDN forms of these")
    assert ".uk" in " ".join(part(shown, "Without a contact")).split()
    assert part(shown, "IDN ccTLDs of a country whose ASCII") == [".рф (xn--p1ai): .ru"]
    found = {cctld["a_label"]: cctld["ascii"] for cctld in tldops.do("status", "--missing", "--json").json}
    assert (found["xn--p1ai"], found["xn--wgbh1c"], found["eg"]) == ("ru", "eg", None)


def test_cctlds_of_which_no_contact_is_expected(tldops: World) -> None:
    """They stand apart with the reason, as do the IDN forms, and `status` does not count them."""
    tldops.sync(JOHN)
    before = tldops.do("status", "--json").json
    tldops.configure('[vetting.no_contact_expected]\n".BV" = "no registrations"\neg = "answers nobody"\n"nl" = "x"\n')
    shown = tldops.do("status", "--missing").out
    assert part(shown, "No contact expected, 3:") == [
        ".bv: no registrations", ".eg: answers nobody", ".مصر (xn--wgbh1c): answers nobody",
    ]  # fmt: skip
    assert ".bv" not in " ".join(part(shown, "Without a contact"))
    after = tldops.do("status", "--json").json
    assert (after["missing"], after["no_contact_expected"]) == (before["missing"] - 3, 3)
    found = {cctld["a_label"]: cctld for cctld in tldops.do("status", "--missing", "--json").json}
    assert found["bv"]["no_contact_expected"] == "no registrations"
    assert found["be"]["no_contact_expected"] is None
    assert "nl" not in found


def test_history_tells_every_generation(tldops: World) -> None:
    """Newest first: when, of what kind, by whom, from which files, with which counts."""
    tldops.sync(*TEN[:6])
    tldops.sync(*TEN[1:8])
    tldops.do("rollback", "1", "--yes")
    told = tldops.do("history", "--json").json
    assert [(entry["id"], entry["kind"]) for entry in told] == [(3, "rollback"), (2, "sync"), (1, "sync")]
    assert (told[1]["counts"]["added"], told[1]["counts"]["removed"], told[1]["counts"]["people"]) == (2, 1, 7)
    assert all(re.fullmatch(r"[0-9a-f]{64}", source["sha256"]) for source in told[1]["sources"])
    assert len({entry["lineage"] for entry in told}) == 1
    lines = tldops.do("history").out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["3", "2", "1"]
    assert len(tldops.do("history", "--limit", "1").out.splitlines()) == 2


def test_show_tells_who_was_in_a_generation(tldops: World) -> None:
    """`show` names the people of an earlier generation with ccTLD and slot, and no number or address."""
    tldops.sync(*TEN[:6])
    tldops.sync(*TEN[1:8])
    shown = tldops.do("show", "1", "--json").json
    assert {(person["name"], *person["slots"].items()) for person in shown["people"]} == {
        (person.name, (person.cctld, person.slot)) for person in TEN[:6]
    }
    text = tldops.do("show", "1").out
    assert all(f"#{person.slot}" in text and person.name in text for person in TEN[:6])
    assert TEN[7].name not in text
    assert "555" not in text + str(shown["people"])
    assert "@" not in text
    assert "no generation 9" in tldops.refused("show", "9", code=2)


@pytest.mark.parametrize("command", ["show", "rollback"])
@pytest.mark.parametrize("given", ["jane", "0", "1.5", "4" * 100, "4" * 5000])
def test_what_is_no_number_of_a_generation_is_said_to_be_none(tldops: World, command: str, given: str) -> None:
    """And where the numbers are."""
    said = tldops.refused(command, given, code=2)
    assert f"'{given[:40]}' is not the number of a generation. `tldops history` lists the numbers." in said


def test_every_change_is_audited(tldops: World) -> None:
    """Each command that changes something leaves one entry with who, what and on what; reading leaves none."""
    tldops.sync(*TEN)
    tldops.do("sync", "--yes")
    device = tldops.do("device", "add", TEN[0].login, "--label", "phone", "--json").json["id"]
    tldops.do("device", "revoke", device)
    tldops.do("access", "deny", TEN[0].login, "--reason", "phone stolen")
    tldops.do("access", "allow", TEN[0].login)
    tldops.do("confirm", TEN[0].login)
    tldops.sync(*TEN[:9])
    tldops.do("rollback", "1", "--yes")
    tldops.do("backup", str(tldops.folder / "backup"))
    tldops.do("restore", str(tldops.folder / "backup"), "--yes")
    for command in ("status", "history", "plan", "check", "access list", "device list", "export", "audit", "show 1"):
        tldops(*command.split())
    told = tldops.do("audit", "--json").json
    assert [(entry["action"], entry["subject"]) for entry in told] == [
        ("sync", "generation 1"),
        ("sync", "no change"),
        ("device add", TEN[0].login),
        ("device revoke", TEN[0].login),
        ("deny", TEN[0].login),
        ("allow", TEN[0].login),
        ("confirm", TEN[0].login),
        ("sync", "generation 2"),
        ("rollback", "generation 3"),
        ("backup", str(tldops.folder / "backup")),
        ("restore", "generation 4"),
    ]
    assert all(entry["actor"] for entry in told)
    assert [entry["id"] for entry in told] == list(range(1, 12))
    assert len(tldops.do("audit", "--limit", "3", "--json").json) == 3
    assert "11 entries, and the chain is whole." in tldops.do("audit", "--verify").out
    assert tldops.do("audit", "--verify", "--json").json == {
        "entries": 11,
        "whole": True,
        "wrong": None,
        "pruned": None,
    }


USER = pwd.getpwuid(os.getuid()).pw_name


@pytest.mark.parametrize(
    ("claimed", "actor"),
    [
        ("clerk", f"{USER} (sudo by clerk)"),
        (USER, USER),
        ("", USER),
        ("clerk\x1b[31m\nroot", f"{USER} (sudo by clerk\\x1b[31m\\nroot)"),
        ("x) (sudo by root", f"{USER} (sudo by x) (sudo by root)"),
        ("x" * 1000, f"{USER} (sudo by {'x' * 64})"),
    ],
)
def test_nobody_signs_as_somebody_else(
    tldops: World, monkeypatch: pytest.MonkeyPatch, claimed: str, actor: str
) -> None:
    """The user of the process comes first, whatever the environment says; who called sudo stands beside it."""
    for variable in ("LOGNAME", "USER", "USERNAME", "LNAME"):
        monkeypatch.setenv(variable, "somebody-else")
    monkeypatch.setenv("SUDO_USER", claimed)
    tldops.sync(*TEN)
    assert tldops.do("audit", "--json").json[0]["actor"] == actor
    assert tldops.do("history", "--json").json[0]["actor"] == actor
    assert tldops.do("status", "--json").json["last_sync"]["by"] == actor
    assert "\x1b" not in tldops.do("audit").out + tldops.do("history").out


def test_entries_of_both_users_of_sudo_are_found(tldops: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the user of the process and by who called sudo; not by part of a name."""
    tldops.sync(*TEN)
    monkeypatch.setenv("SUDO_USER", "jane_doe")
    tldops.do("confirm", TEN[0].login)
    for user, number in ((USER, 2), ("jane_doe", 1), ("janeXdoe", 0), ("doe", 0), ("jane", 0)):
        assert len(tldops.do("audit", "--json", "--actor", user).json) == number, user


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        ("UPDATE audit SET actor = 'nobody' WHERE id = 2", 2),
        ("UPDATE audit SET detail = '{}' WHERE id = 1", 1),
        ("UPDATE audit SET at = '2020-01-01T00:00:00+00:00' WHERE id = 3", 3),
        ("DELETE FROM audit WHERE id = 2", 2),
        ("DELETE FROM audit WHERE id = 1", 1),
        ("DELETE FROM audit WHERE id = 4", 4),
        ("UPDATE audit SET id = id + 1 WHERE id = 4", 4),
    ],
)
def test_a_changed_log_is_found(tldops: World, change: str, broken: int) -> None:
    """An entry that was changed, taken out, or cut off the end breaks the chain: exit 1, with the entry's number."""
    for count in range(4):
        tldops.sync(*TEN[: 5 + count])
    with sqlite3.connect(tldops.folder / "members.sqlite") as database:
        database.execute(change)
    database.close()
    result = tldops("audit", "--verify")
    assert result.code == 1
    assert f"entry {broken} " in result.err
    assert tldops("audit").code == 0


def test_older_copy_of_the_roster_is_refused(tldops: World) -> None:
    """A copy from before the last syncs, put in the roster's place, is no base for a plan: exit 2, left alone."""
    tldops.sync(*TEN)
    roster = tldops.folder / "roster.sqlite"
    older = roster.read_bytes()
    tldops.sync(*TEN[:8])
    roster.write_bytes(older)
    for command in (("plan",), ("sync", "--yes")):
        assert "older copy" in tldops.refused(*command, code=2)
