"""`tldops plan` and `tldops sync`: what is shown, what is asked, what is applied."""

import re
from dataclasses import replace

import pytest

from tests.support import JANE, JOHN, World
from tests.support.people import people
from tests.support.terminal import on_a_terminal

TEN = people(10)


def test_plan_shows_each_person_and_writes_nothing(tldops: World) -> None:
    """Added, changed and removed people are one line each with how they were recognised; no generation is made."""
    tldops.sync(*TEN[:6])
    tldops.write(*TEN[:4], replace(TEN[4], cctld="de"), TEN[6])
    before = tldops.files()
    shown = tldops.do("plan").out.splitlines()
    assert f"+ .{TEN[6].cctld} {TEN[6].name}  [new]" in shown
    assert f"~ .de {TEN[4].name}" in shown
    assert "    slots: .at #2 -> .de #2" in shown
    gone = shown.index(f"- .{TEN[5].cctld} {TEN[5].name}")
    assert shown[gone + 1] == "    not in the file any more"
    assert f"- {TEN[5].login}: may no longer log in" in shown
    assert f"+ {TEN[6].login}: may log in" in shown
    assert "Roster: 1 added, 1 changed, 1 removed, 0 held; 6 people afterwards." in shown
    assert re.fullmatch(r"Plan [0-9a-f]{16}, on top of generation 1\.", shown[-1])
    assert tldops.files() == before


def test_sync_applies_exactly_the_plan(tldops: World) -> None:
    """After `sync` the roster and the logins are those of the file, and nothing is left to plan."""
    tldops.sync(*TEN[:6])
    tldops.sync(*TEN[2:8])
    assert set(tldops.contacts()) == {person.name for person in TEN[2:8]}
    assert tldops.logins() == {person.login for person in TEN[2:8]}
    left = tldops.do("plan", "--json").json
    assert (left["people"], left["access"], left["hazards"]) == ([], [], [])


def test_no_change_makes_no_generation(tldops: World) -> None:
    """A sync without a change says so, leaves a trace in the audit log and in `status`, and no generation."""
    tldops.sync(*TEN)
    checked = tldops.do("status", "--json").json["last_sync"]["at"]
    result = tldops.do("sync", "--yes")
    assert "Nothing to do" in result.out
    assert tldops.generation() == 1
    assert tldops.do("audit", "--json").json[-1]["subject"] == "no change"
    assert tldops.do("status", "--json").json["last_sync"]["at"] > checked


def test_same_file_in_another_order_or_format_is_no_change(tldops: World) -> None:
    """Neither the order of the lines nor the form of an entry makes a generation."""
    tldops.sync(JOHN, JANE)
    tldops.write(
        JANE, "# a comment", "John Doe, #1, .NL, +31 12 345 6789 <John.Doe@nic.nl>".replace("John.D", "john.d")
    )
    assert "Nothing to do" in tldops.do("sync", "--yes").out
    assert tldops.generation() == 1


def test_without_a_terminal_consent_is_needed(tldops: World) -> None:
    """`sync` in a pipe or a timer does nothing without --yes or --plan: wrong usage, exit 2, store untouched."""
    tldops.sync(*TEN[:5])
    tldops.write(*TEN[:6])
    said = tldops.refused("sync", code=2)
    assert "--yes" in said
    assert "--plan" in said
    assert "--yes" in tldops.refused("rollback", "1", code=2)


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 1), ("\n", 1), ("\x04", 1), ("\x03", 1)])
def test_terminal_asks_and_does_what_the_answer_says(tldops: World, answer: str, code: int) -> None:
    """Only "y" applies; "n", return, end of input and Ctrl-C leave the store as it is and exit with 1."""
    tldops.sync(*TEN[:5])
    tldops.write(*TEN[:6])
    before = tldops.files()
    result = on_a_terminal(tldops, answer, "sync")
    assert result.code == code
    assert f"+ .{TEN[5].cctld} {TEN[5].name}" in result.out
    assert (tldops.files() == before) == (code == 1)
    assert len(tldops.contacts()) == (6 if code == 0 else 5)
    assert ("nothing was applied" in result.out or "Stopped" in result.out) == (code == 1)


@pytest.mark.parametrize("command", ["sync", "rollback 1"])
def test_nobody_is_asked_about_what_is_not_shown(tldops: World, command: str) -> None:
    """With --json the plan is not shown before it is applied, so a terminal does not stand for consent."""
    tldops.sync(*TEN[:5])
    tldops.sync(*TEN[:6])
    tldops.write(*TEN[:7])
    result = on_a_terminal(tldops, "y\n", *command.split(), "--json")
    assert result.code == 2
    assert "with --json, say --yes, or --plan ID" in result.out
    assert tldops.generation() == 2


def test_reviewed_plan_is_applied_without_a_question(tldops: World) -> None:
    """`--plan ID` with the id that `plan` printed is consent enough."""
    tldops.sync(*TEN[:5])
    tldops.write(*TEN[:6])
    plan = tldops.do("plan", "--json").json["id"]
    tldops.do("sync", "--plan", plan)
    assert len(tldops.contacts()) == 6


def test_plan_id_is_of_one_input_and_one_base(tldops: World) -> None:
    """When the file or the store has moved on since the review, `--plan ID` applies nothing: exit 1."""
    tldops.sync(*TEN[:5])
    tldops.write(*TEN[:6])
    reviewed = tldops.do("plan", "--json").json["id"]
    tldops.write(*TEN[:7])
    said = tldops.refused("sync", "--plan", reviewed, code=1)
    assert reviewed in said
    assert tldops.do("plan", "--json").json["id"] in said
    tldops.do("sync", "--yes")
    tldops.write(*TEN[:6])
    assert "`tldops plan`" in tldops.refused("sync", "--plan", reviewed, code=1)


def test_plan_id_is_stable(tldops: World) -> None:
    """The same input on the same base has the same id, in both outputs and with values shown."""
    tldops.sync(*TEN[:5])
    tldops.write(*TEN[:6])
    plan = tldops.do("plan", "--json").json["id"]
    assert f"Plan {plan}," in tldops.do("plan").out
    assert tldops.do("plan", "--json", "--show-values").json["id"] == plan


def test_store_that_moves_on_during_the_question_is_a_conflict(tldops: World) -> None:
    """Another sync between plan and answer wins; this one says so, exits with 2 and writes nothing over it."""
    tldops.sync(*TEN[:5])
    tldops.write(*TEN[:6])
    other = tldops.folder / "other.txt"
    other.write_text("".join(f"{person.line}\n" for person in TEN[:7]))
    rival = World(tldops.folder)
    rival.config = tldops.folder / "rival.toml"
    rival.config.write_text('[membership]\nfile = "other.txt"\n')
    result = on_a_terminal(tldops, "y\n", "sync", before=rival)
    assert result.code == 2
    assert "the store has moved on" in result.out
    assert len(tldops.contacts()) == 7
    assert tldops.generation() == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("--yes", "--force", "mass-removal"),
        ("--plan", "0" * 16, "--force", "no-such-hazard"),
        ("--force", "empty-input"),
    ],
)
def test_force_needs_a_reviewed_plan_and_a_known_hazard(tldops: World, arguments: tuple[str, ...]) -> None:
    """`--force` without `--plan`, or for a hazard that does not exist, is wrong usage."""
    tldops.sync(*TEN[:5])
    tldops.write(*TEN[:6])
    assert "--force" in tldops.refused("sync", *arguments, code=2)


def test_telephone_numbers_only_on_request(tldops: World) -> None:
    """A changed number is shown as a count; with --show-values old and new are there, in text and in JSON."""
    tldops.sync(JOHN, JANE)
    tldops.write(JOHN.replace("123456789", "612345678"), JANE)
    hidden, shown = tldops.do("plan").out, tldops.do("plan", "--show-values").out
    assert "~ .nl John Doe" in hidden
    assert not re.search(r"\+31|\d{7}", hidden.replace(tldops.do("plan", "--json").json["id"], ""))
    assert "+31 12 345 6789 -> +31 6 12345678" in shown
    (change,) = tldops.do("plan", "--json").json["people"]
    assert all("+31" not in str(field) for field in change["fields"])
    (change,) = tldops.do("plan", "--json", "--show-values").json["people"]
    assert change["fields"] == [{"field": "phones", "old": "+31 12 345 6789", "new": "+31 6 12345678"}]


def test_somebody_who_returns_is_recognised(tldops: World) -> None:
    """A person who left and comes back under the same address is "returned" and keeps the UID."""
    tldops.sync(*TEN)
    (gone,) = (person for person in tldops.do("show", "1", "--json").json["people"] if person["name"] == TEN[3].name)
    href = next(
        line for line in tldops.do("export", "--format", "vcf").out.split("BEGIN:VCARD") if gone["name"] in line
    )
    uid = re.search(r"^UID:(.+?)\r?$", href, re.MULTILINE)
    assert uid
    tldops.sync(*TEN[:3], *TEN[4:])
    tldops.write(*TEN)
    (change,) = tldops.do("plan", "--json").json["people"]
    assert (change["kind"], change["how"], change["uid"]) == ("added", "returned: list address", uid[1])


def test_a_file_can_be_named(tldops: World) -> None:
    """`sync FILE` takes that file instead of the configured one, and the history names it."""
    other = tldops.folder / "other.txt"
    other.write_text(f"{JOHN}\n")
    tldops.do("sync", str(other), "--yes")
    (source,) = tldops.do("history", "--json").json[0]["sources"]
    assert source["name"] == str(other)
    assert source["part"] == "membership"


def test_a_login_whose_name_alone_changes_says_so(tldops: World) -> None:
    """The line of the login has the new name, also where no reader is configured with a reason."""
    tldops.sync(JOHN, JANE)
    tldops.write(JOHN.replace("John Doe", "John Doering"), JANE)
    assert "~ john.doe@nic.nl: login changes (the name is now John Doering)" in tldops("plan").out
