"""`tldops check`: every problem of a membership file, and nothing written."""

from pathlib import Path

import pytest

from sync.cli import main
from tests.support import JANE, JOHN, World
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
