"""`tldops changes` and `tldops show --on`: what happened to whom, and what was served on a day."""

import re
import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest

from sync.cli.context import App
from sync.vcard.card import contact_uid, render_contact
from tests.support import World
from tests.support.people import people

TEN = people(10)
FIRST = TEN[0]
DAY = timedelta(days=1)
NUMBER = "+31 20 123 4567"
OLD_NUMBER = "+1 202-555-0007"
"""The number of the first one, as a card has it."""


@pytest.fixture
def busy(tldops: World) -> World:
    """Day 0: nine people. Day 2: one joins, one goes, and one gets another number. Day 4: that one has another name."""
    tldops.sync(*TEN[:9])
    tldops.ahead += 2 * DAY
    line = FIRST.line.replace(FIRST.phone, NUMBER)
    tldops.sync(line, *TEN[1:8], TEN[9])
    tldops.ahead += 2 * DAY
    tldops.sync(line.replace(FIRST.name, "Person Other"), *TEN[1:8], TEN[9])
    return tldops


def day(world: World, number: int) -> str:
    """The day of this number, of those in `busy`."""
    return str((App().now + (number - 4) * DAY).date())


def since(world: World, number: int, *more: str) -> list[str]:
    """The lines of `changes` from a day on, without the time and who it was."""
    return [
        re.sub(r"^  \d\d:\d\d .*?  ", "", line)
        for line in world.do("changes", "--since", day(world, number), *more).out.splitlines()
    ]


def test_changes_are_told_by_day_with_totals_first(busy: World) -> None:
    """Who came, who went, and each field that was corrected; numbers in a pipe only when asked for."""
    shown = since(busy, 1)
    assert re.fullmatch(r"4 updates since \d+ [A-Z][a-z]+ \d{4}: 1 added, 1 removed, 2 corrected\.", shown[0])
    assert shown[1:] == [
        day(busy, 2),
        f"~ .at {FIRST.name}: phones: other values (1 value)",
        f"- .{TEN[8].cctld} {TEN[8].name}",
        f"+ .{TEN[9].cctld} {TEN[9].name}",
        day(busy, 4),
        f"~ .at Person Other: name: {FIRST.name} -> Person Other",
    ]  # fmt: skip
    assert f"phones: {OLD_NUMBER} -> {NUMBER}" in since(busy, 1, "--show-values")[2]
    assert since(busy, 3)[0].startswith("1 update since ")
    assert since(busy, 1, "--until", day(busy, 3))[0].endswith(": 1 added, 1 removed, 1 corrected.")
    assert "9 added, 0 removed" in since(busy, 0, "--until", day(busy, 1))[0]
    assert since(busy, 3, "--until", day(busy, 3))[1:] == []
    who = busy.do("history", "--json").json[0]["actor"]
    assert re.search(
        rf"^  \d\d:\d\d {re.escape(who)}  ~ ", busy.do("changes", "--since", day(busy, 4)).out, re.MULTILINE
    )


def test_json_is_whole(busy: World) -> None:
    """Each change with its generation, time and actor, each field with what it was and is; numbers only if asked."""
    told = busy.do("changes", "--since", day(busy, 1), "--json").json
    assert told["totals"] == {"added": 1, "changed": 2, "removed": 1, "rerendered": 0}
    history = {entry["id"]: entry for entry in busy.do("history", "--json").json}
    for change in told["changes"]:
        made = history[change["generation"]]
        assert (change["at"], change["actor"], change["generation_kind"]) == (made["created_at"], made["actor"], "sync")
    by_kind = {(change["generation"], change["kind"]): change for change in told["changes"]}
    first = by_kind[2, "changed"]
    assert (first["uid"], first["cctlds"]) == (contact_uid(FIRST.login), ["at"])
    assert first["fields"] == [{"field": "phones", "old": "1 value", "new": "1 value"}]
    assert {"field": "name", "old": FIRST.name, "new": "Person Other"} in by_kind[3, "changed"]["fields"]
    assert {"field": "listed", "old": TEN[8].login, "new": ""} in by_kind[2, "removed"]["fields"]
    assert {"field": "listed", "old": "", "new": TEN[9].login} in by_kind[2, "added"]["fields"]
    whole = busy.do("changes", "--since", day(busy, 1), "--json", "--show-values").json["changes"]
    assert {"field": "phones", "old": OLD_NUMBER, "new": NUMBER} in [
        field for change in whole for field in change["fields"]
    ]


def test_a_new_layout_of_all_cards_is_one_line(busy: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody was corrected by a new version of the software."""

    def render(*given: Any, **named: Any) -> str:
        return render_contact(*given, **named).replace("CONFIDENTIAL", "PRIVATE")

    monkeypatch.setattr("sync.apply.RENDERER", "a later one")
    monkeypatch.setattr("sync.apply.render_contact", render)
    busy.do("sync", "--yes")
    shown = since(busy, 4)
    assert shown[0].endswith(": 0 added, 0 removed, 1 corrected.")
    assert shown[-1] == "~ 9 cards with the same data in a new layout"
    (anew,) = busy.do("changes", "--since", day(busy, 4), "--json").json["rerendered"]
    assert (anew["generation"], anew["cards"]) == (4, 9)


def test_a_rollback_and_a_restore_say_so(busy: World) -> None:
    """Who rolled back changed people; what happened between a backup and its restore is not kept."""
    busy.do("backup", str(busy.folder / "backup"))
    busy.do("rollback", "2", "--yes")
    assert re.search(
        r" \(rollback\)  ~ .at Person 01: name: Person Other -> Person 01",
        busy.do("changes", "--since", day(busy, 4)).out,
    )
    busy.do("restore", str(busy.folder / "backup"), "--yes")
    (line,) = [line for line in since(busy, 4) if line.startswith("!")]
    assert re.fullmatch(r"! restored from .*backup: what happened between is not kept", line)
    assert busy.do("changes", "--since", day(busy, 4), "--json").json["restored"][0]["generation"] == 5


def test_a_terminal_gets_one_line_each(busy: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """At 80 columns, with numbers; what is cut is said."""
    busy.sync(TEN[1].line.replace(TEN[1].name, "Person " + "Long " * 20), FIRST.line, *TEN[2:8], TEN[9])
    monkeypatch.setenv("FORCE_COLOR", "1")
    out = re.sub(r"\x1b\[[0-9;]*m", "", busy.do("changes", "--since", day(busy, 1)).out)
    assert all(len(line) <= 80 for line in out.splitlines())
    assert NUMBER in out
    assert out.splitlines()[-1] == "Long lines are cut: --json has them whole."


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("changes",), "Missing option '--since'"),
        (("changes", "--since", "yesterday"), "yesterday"),
        (("changes", "--since", "2999-01-01"), "2999-01-01 is in the future"),
        (("changes", "--since", "2026-02-01", "--until", "2026-01-01"), "--until 2026-01-01 is before"),
        (("show", "--on", "2999-01-01"), "2999-01-01 is in the future"),
        (("show", "--on", "2019-01-01"), "nothing was served on 2019-01-01 yet. The first generation is of 20"),
        (("show",), "the number of one generation, or --on DATE"),
        (("show", "1", "2"), "the number of one generation, or --on DATE"),
        (("show", "jane"), "'jane' is not the number of a generation"),
    ],
)  # fmt: skip
def test_wrong_usage_says_what_to_give(busy: World, arguments: tuple[str, ...], said: str) -> None:
    """A day that is no day, to come, or before the store."""
    assert said in busy.refused(*arguments, code=2)


def test_an_empty_store_says_so(tldops: World) -> None:
    """Before the first sync there is no past."""
    tldops.do("init")
    assert "`tldops sync` makes the first generation" in tldops.refused("show", "--on", "2026-01-01", code=2)
    assert "0 updates since 1 January 2026" in tldops.do("changes", "--since", "2026-01-01").out


def test_the_book_of_a_day_is_that_of_its_end(busy: World) -> None:
    """Whoever was in the generation that was served then; which one it is stands on top."""
    for number, generation in enumerate((1, 1, 2, 2, 3)):
        told = busy.do("show", "--on", day(busy, number), "--json").json
        assert (told["on"], told["id"]) == (day(busy, number), generation)
        assert told["people"] == busy.do("show", str(generation), "--json").json["people"]
    shown = busy.do("show", "--on", day(busy, 1)).out.splitlines()
    assert shown[0] == f"What was served at the end of {day(busy, 1)} (UTC):"
    assert shown[1].startswith(f"Generation 1 (sync), {day(busy, 0)} ")
    assert TEN[8].name in "\n".join(shown)


def test_one_persons_card_of_a_day(busy: World) -> None:
    """By a name, an address, a ccTLD or a UID of that day; the number only with --show-values."""
    uid = contact_uid(FIRST.login)
    for typed in (FIRST.name, FIRST.login, uid):
        shown = busy.do("show", "--on", day(busy, 3), *typed.split()).out
        assert f".at {FIRST.name}\nUID {uid}\nWhat members saw:\n" in shown
        assert f"  list address: {FIRST.login}\n" in shown
        assert "4567" not in shown
    assert NUMBER in busy.do("show", "--on", day(busy, 3), FIRST.login, "--show-values").out
    (then,) = busy.do("show", "--on", day(busy, 1), FIRST.login, "--show-values", "--json").json["people"]
    assert then["fields"]["phones"] == OLD_NUMBER
    assert "nobody is found by 'Person Other' in generation 1" in busy.refused(
        "show", "--on", day(busy, 1), "Person Other", code=1
    )
    assert len(busy.do("show", "--on", day(busy, 1), "person", "--json").json["people"]) == 9


def test_what_is_no_longer_kept_is_refused(busy: World) -> None:
    """Both commands say where the past begins."""
    busy.configure("[store]\nhistory_days = 30\n[guards]\nchanges = '20'\n")
    line, early = FIRST.line.replace(FIRST.phone, NUMBER), day(busy, 3)
    for number in range(12):
        busy.ahead += 5 * DAY
        busy.sync(line.replace(FIRST.name, f"Person Name{number}"), *TEN[1:8], TEN[9])
    begin = busy.do("history", "--json", "--limit", "99").json[-6]["created_at"][:10]
    kept = f"What is kept begins on {begin} with generation 6"
    assert f"is no longer kept. {kept}" in busy.refused("show", "--on", early, code=2)
    assert f"are no longer kept. {kept}" in busy.refused("changes", "--since", begin, code=2)
    assert busy.do("show", "--on", begin, "--json").json["id"] == 6
    assert since(busy, 4 - 44)[0].endswith(": 0 added, 0 removed, 9 corrected.")


def test_one_person_is_shown_with_history(busy: World) -> None:
    """The newest first: who did what when, old and new of each field, also over a removal and a return."""
    busy.ahead += DAY
    busy.sync(*TEN[1:8], TEN[9])
    busy.ahead += DAY
    busy.sync(FIRST, *TEN[1:8], TEN[9])
    who = busy.do("history", "--json").json[0]["actor"]
    shown = busy.do("people", FIRST.login, "--show-values").out.partition("\nHistory:\n")[2].splitlines()
    told = [(day(busy, number), text) for number, text in (
        (4, "added"), (3, "removed"), (2, f"name: {FIRST.name} -> Person Other"),
        (0, f"phones: {OLD_NUMBER} -> {NUMBER}"), (-2, "added"),
    )]  # fmt: skip
    assert shown == [f"  {when} {who}  {text}" for when, text in told]
    assert NUMBER not in busy.do("people", FIRST.login).out
    (whole,) = busy.do("people", FIRST.login, "--json").json
    assert [change["kind"] for change in whole["history"]] == ["added", "removed", "changed", "changed", "added"]
    assert whole["history"][2]["fields"] == [{"field": "name", "old": FIRST.name, "new": "Person Other"}]
    assert {person["history"] for person in busy.do("people", "--json").json[:2]} == {None}


def test_a_history_that_was_changed_hides_nobody(busy: World) -> None:
    """The rest of a person is shown, and why the history is not."""
    with closing(sqlite3.connect(busy.folder / "roster.sqlite")) as connection, connection:
        connection.execute("UPDATE card SET contact = contact || ' ' WHERE until = 2")
    shown = busy.do("people", FIRST.login).out
    assert f"UID {contact_uid(FIRST.login)}" in shown
    assert "History: " in shown
    assert "the cards that generation 2 replaced were changed" in shown
    (whole,) = busy.do("people", FIRST.login, "--json").json
    assert (whole["history"], "generation 2" in whole["history_fault"]) == (None, True)


def test_a_past_that_was_changed_is_not_told(busy: World) -> None:
    """Exit code 2, with the generation."""
    with closing(sqlite3.connect(busy.folder / "roster.sqlite")) as connection, connection:
        connection.execute("UPDATE card SET contact = replace(contact, '#', '!') || ' ' WHERE until = 2")
    for arguments in (("changes", "--since", day(busy, 1)), ("show", "--on", day(busy, 1))):
        assert "the cards that generation 2 replaced were changed" in busy.refused(*arguments, code=2)
    assert busy.do("changes", "--since", day(busy, 3)).code == 0
