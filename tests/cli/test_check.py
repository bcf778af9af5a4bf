"""`tldops check`: every problem of a membership file, and nothing written."""

import re
from pathlib import Path

import pytest

from sync.cli import main
from tests.support import JANE, JOHN, World
from tests.support.terminal import on_a_terminal
from tests.support.world import message

CLEAN = "“Ada Example, #1, .nl, +31 6 12345678” ada@nic.example, ada@example.net"


def test_communitys_lines_give_the_documented_json(tldops: World) -> None:
    """The two lines of the list come out in the form that DESIGN promises to programs."""
    tldops.write("# the list", "", JOHN, JANE)
    found = tldops.do("check", "--json").json
    assert found["contacts"] == [
        {
            "name": "John Doe",
            "slot": 1,
            "slots": {"nl": 1},
            "cctlds": ["nl"],
            "emails": ["john.doe@nic.nl"],
            "phones": ["+31123456789"],
            "line": 3,
            "lines": [3],
        },
        {
            "name": "Jane Doe",
            "slot": 1,
            "slots": {"vn": 1},
            "cctlds": ["vn"],
            "emails": ["jane.doe@nic.vn", "jane@oarc.net"],
            "phones": ["+84123456789"],
            "line": 4,
            "lines": [4],
        },
    ]
    assert {(problem["line"], problem["severity"], problem["code"]) for problem in found["problems"]} >= {
        (3, "warning", "invalid-phone")
    }
    assert all(problem["message"] and problem["remedy"] for problem in found["problems"])


def test_two_entries_of_a_person_are_one_contact_with_both_lines(tldops: World) -> None:
    """The same name, slot and ccTLD under a second address: `lines` names both."""
    tldops.write(JOHN, JOHN.replace("john.doe@nic.nl", "john@oarc.net"))
    (contact,) = tldops.do("check", "--json").json["contacts"]
    assert contact["emails"] == ["john.doe@nic.nl", "john@oarc.net"]
    assert (contact["line"], contact["lines"]) == (1, [1, 2])


def test_every_problem_is_named_at_once(tldops: World) -> None:
    """Each broken line is reported with file, line, code and a remedy, not only the first; the exit code is 1."""
    broken = {
        1: ('"Kim Example #1 .kr +82 2 000 0000" <kim@nic.example>', "no-separators"),
        2: ('"Zoë Example, #4, .gb, +44 1865 000000" <zoe@nic.example>', "bad-slot"),
        3: ('"Max Example, #1, .example, +49 30 000000" <max@example.de>', "unknown-cctld"),
        4: ('"Cut Example, #1, .be, +32 2 000 00 00" <cut@nic', "bad-address"),
        5: ("john@oarc.net", "address-only"),
    }
    tldops.write(*(line for line, _ in broken.values()))
    result = tldops("check")
    assert result.code == 1
    for number, (_, code) in broken.items():
        (line,) = [line for line in result.out.splitlines() if f":{number}: error:" in line and f"[{code}]" in line]
        assert line.startswith(f"{tldops.members}:{number}: ")
    assert result.err == ""
    remedies = [line for line in result.out.splitlines() if line.startswith("    ")]
    assert len(remedies) >= 2 * len(broken)


def test_records_with_errors_are_no_contacts(tldops: World) -> None:
    """Both records of a conflict are in error, and neither is among the contacts."""
    tldops.write(JOHN, JOHN.replace("John Doe", "Jim Doe").replace("john.doe", "jim"), CLEAN.replace("#1", "#2"))
    result = tldops("check", "--json")
    assert result.code == 1
    assert [contact["name"] for contact in result.json["contacts"]] == ["Ada Example"]
    taken = {problem["line"] for problem in result.json["problems"] if problem["code"] == "slot-taken"}
    assert taken == {1, 2}


@pytest.mark.parametrize(
    ("line", "plain", "strict"),
    [(CLEAN, 0, 0), (JOHN, 0, 1), ('"Zoë Example, #4, .gb, +44 1865 000000" <zoe@nic.example>', 1, 1)],
)
def test_exit_codes(tldops: World, line: str, plain: int, strict: int) -> None:
    """0 for a clean file, 0 or with --strict 1 for warnings alone, 1 for errors."""
    tldops.write(line)
    assert tldops("check").code == plain
    assert tldops("check", "--strict").code == strict
    assert tldops("check", "--strict", "--json").code == strict


def test_nothing_is_written(tldops: World) -> None:
    """`check` creates no database and no other file."""
    tldops.write(JOHN)
    before = sorted(path.name for path in tldops.folder.iterdir())
    tldops.do("check")
    assert sorted(path.name for path in tldops.folder.iterdir()) == before


def test_works_without_a_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a folder without tldops.toml, `check FILE` goes by the defaults, and `check` alone says what is missing."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TLDOPS_CONFIG", raising=False)
    Path("members.txt").write_text(f"{JOHN}\n")
    assert main(["check", "members.txt"]) == 0
    assert "1 contact of 1 ccTLD, 0 errors" in capsys.readouterr().out
    assert main(["check"]) == 2
    assert "no membership file" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["members.txt"]


def test_configuration_from_the_environment(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """TLDOPS_CONFIG names the configuration where --config does not."""
    world.write(JOHN)
    monkeypatch.setenv("TLDOPS_CONFIG", str(world.config))
    assert main(["check"]) == 0
    assert str(world.members) in capsys.readouterr().out


def test_wrong_format_is_not_guessed_away(tldops: World) -> None:
    """A format that does not exist is an error that lists those that do; one that does not fit is not overruled."""
    tldops.write(JOHN)
    assert "mailman2" in tldops.refused("check", "--format", "excel", code=2)
    assert "header" in tldops.refused("check", "--format", "csv", code=2)
    assert tldops("check", "--format", "report").code == 1


def test_people_who_are_not_on_the_list_are_reported(tldops: World) -> None:
    """With a list of subscribers, who is not on it is a warning here, and still a contact of the file."""
    tldops.configure('[subscribers]\nfile = "list.txt"\n')
    (tldops.folder / "list.txt").write_text("jane.doe@nic.vn\n")
    tldops.write(JOHN, JANE)
    found = tldops.do("check", "--json").json
    assert [problem["line"] for problem in found["problems"] if problem["code"] == "not-on-list"] == [1]
    assert [contact["name"] for contact in found["contacts"]] == ["Jane Doe", "John Doe"]


def test_readers_who_are_no_contacts_are_no_problem(tldops: World) -> None:
    """A line without a slot is an error until the configuration names the address as a reader, with a reason."""
    tldops.write(CLEAN, '"Secretariat, ccNSO" <secretariat@icann.example>')
    assert tldops("check").code == 1
    tldops.configure('[readers]\n"secretariat@icann.example" = "ccNSO secretariat"\n')
    assert tldops.do("check", "--strict", "--json").json["problems"] == []


def test_list_that_cannot_be_had_fails_the_check(tldops: World) -> None:
    """A missing list of subscribers is exit 2: nobody is vetted against half of the facts."""
    tldops.configure('[subscribers]\nfile = "list.txt"\n')
    tldops.write(JOHN)
    result = tldops("check")
    assert result.code == 2
    assert "list.txt" in message(result)
    assert result.out == ""


def no_phone(number: int, more: str = "") -> str:
    """Return the line of somebody without a telephone number, which is a warning."""
    return f'"Person {number:02}, #1, .{chr(96 + number)}e{more}" <person{number:02}@example.org>'


def crowded(tldops: World) -> None:
    """Write a file with six warnings of one kind, four of another, and two errors of different kinds."""
    some = [no_phone(number) for number in (1, 2, 3, 4, 5, 7)]
    roles = [
        f'"Role {letter}, #2, .a{letter}, +1 202 555 010{n}" <noc@{letter}.example>' for n, letter in enumerate("efgi")
    ]
    wrong = ['"Zoë Example, #4, .gb, +44 1865 000000" <zoe@nic.example>', "john@oarc.net", "jane@oarc.net"]
    tldops.write(*some, *roles, *wrong)


def plain(text: str) -> list[str]:
    """Return the lines of a terminal without colours and without what is shown while work goes on."""
    lines = (re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", line).rstrip() for line in text.splitlines())
    return [line for line in lines if line and "Checking the" not in line]


HEADING = re.compile(r"([a-z-]+): (\d+) (errors?|warnings?)\. ")


def test_a_terminal_shows_kinds_with_examples_the_worst_first(tldops: World) -> None:
    """Errors before warnings, the most frequent first; three places of each kind, the rest counted, the remedy once."""
    crowded(tldops)
    shown = plain(on_a_terminal(tldops, "", "check").out)
    headings = [found.groups() for line in shown if (found := HEADING.match(line))]
    assert headings == sorted(headings, key=lambda found: (found[2].startswith("warning"), -int(found[1]), found[0]))
    assert headings[0] == ("address-only", "2", "errors")
    assert len(headings) > 4
    start = next(number for number, line in enumerate(shown) if line.startswith("no-phone: 6 warnings."))
    end = next(number for number in range(start + 1, len(shown)) if not shown[number].startswith(" "))
    assert shown[start + 1] == "    What to do: Ask for a number with its country code."
    assert [line.partition(":")[0] for line in shown[start + 2 : end]] == [
        "    line 1", "    line 2", "    line 3", "    … and 3 more",
    ]  # fmt: skip
    assert sum("Ask for a number" in line for line in shown) == 1
    assert any("--all" in line and "--only" in line for line in shown[-2:])


def test_all_problems_on_a_terminal_on_request(tldops: World) -> None:
    """With --all every line is named, with --only every one of that kind and no other kind; nothing is left out."""
    crowded(tldops)
    whole = plain(on_a_terminal(tldops, "", "check", "--all").out)
    kind = plain(on_a_terminal(tldops, "", "check", "--only", "no-phone").out)
    for shown in (whole, kind):
        assert sum(bool(re.match(r"    line [1-6]: Person \d+ has no telephone", line)) for line in shown) == 6
        assert not any("more" in line for line in shown)
    assert [found[1] for line in kind if (found := HEADING.match(line))] == ["no-phone"]
    assert kind[-1] == whole[-1]


def test_a_pipe_gets_every_problem_in_a_line_of_its_own(tldops: World) -> None:
    """Nothing is cut where no terminal is; the kinds have the same order."""
    crowded(tldops)
    lines = tldops("check").out.splitlines()
    found = tldops("check", "--json").json["problems"]
    places = {f"{problem['file']}:{problem['line']}: {problem['severity']}: " for problem in found}
    assert len([line for line in lines if re.search(r"\[[a-z-]+\]$", line)]) == len(found)
    assert all(any(line.startswith(place) for line in lines) for place in places)
    assert lines[0].startswith("address-only: 2 errors. ")


def test_one_kind_that_is_not_there(tldops: World) -> None:
    """It is said that there is none, and the exit code is still about the whole file."""
    tldops.write(JOHN, "john@oarc.net")
    result = tldops("check", "--only", "[stale]")
    assert result.code == 1
    assert result.out.splitlines()[0] == "No problem has the code stale."
    assert "1 error, " in result.out.splitlines()[1]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("slot", ("bad-slot", "no-slot", "slot-taken", "two-slots")),
        ("slot-takn", ("slot-taken",)),
        ("Phone", ("no-phone", "invalid-phone")),
        ("%", ("address-only", "unknown-column")),
    ],
)
def test_a_code_that_does_not_exist(tldops: World, typed: str, meant: tuple[str, ...]) -> None:
    """It is a usage error that lists the near ones, or all where none is near."""
    tldops.write(JOHN)
    said = tldops.refused("check", "--only", typed, code=2)
    assert all(code in said for code in meant)


def test_only_is_not_for_programs(tldops: World) -> None:
    """--json is always the whole list, and does not quietly ignore --only."""
    tldops.write(JOHN)
    assert "--only" in tldops.refused("check", "--json", "--only", "stale", code=2)


def test_both_entries_of_a_conflict_are_one_example(tldops: World) -> None:
    """The message names both lines, and stands there once."""
    tldops.write(JOHN, CLEAN.replace("#1", "#2"), JOHN.replace("John Doe", "Jim Doe").replace("john.doe", "jim"))
    shown = plain(on_a_terminal(tldops, "", "check", "--only", "slot-taken").out)
    assert shown[0].startswith("slot-taken: 2 errors. ")
    assert [line.partition(":")[0].strip() for line in shown if line.startswith("    line")] == ["lines 1, 3"]


def test_the_column_of_a_table_is_named(tldops: World) -> None:
    """Where the problem is about one cell, its column stands behind the line, and in the JSON; lists have none."""
    table = ["name,slot,cctlds,email,oob_email,phones", "Ada Example,7,.nl,ada@nic.example,ada@@example.net,x"]
    tldops.write(*table)
    found = {problem["code"]: problem["column"] for problem in tldops("check", "--json").json["problems"]}
    assert (found["bad-slot"], found["phone-not-understood"]) == ("slot", "phones")
    shown = plain(on_a_terminal(tldops, "", "check").out)
    assert any(line.startswith("    line 2, slot: there is no slot #7") for line in shown)
    tldops.write('"Zoë Example, #4, .gb, +44 1865 000000" <zoe@nic.example>')
    assert {problem["column"] for problem in tldops("check", "--json").json["problems"]} == {""}
