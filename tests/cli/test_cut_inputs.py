"""A membership file, or a list, without its end: refused, or a hazard; and usable where nobody can be lost by it."""

from collections.abc import Sequence

import pytest

from tests.support import World
from tests.support.people import Person, people

FORTY = people(40)
LISTS = {
    "addresses": "".join(f"{person.login}\n" for person in FORTY),
    "quoted": "".join(f"{person.line}\n" for person in FORTY),
    "csv": "address,name\r\n" + "".join(f"{person.login},{person.name}\r\n" for person in FORTY),
}


def write_list(tldops: World, text: str, more: str = "") -> None:
    """Write the list of subscribers, and configure it."""
    (tldops.folder / "list.txt").write_bytes(text.encode())
    tldops.configure(f'[subscribers]\nfile = "list.txt"\n{more}')


def write_unended(tldops: World, *lines: str) -> None:
    """Write a membership file without a line break at its end."""
    tldops.members.write_text("\n".join(lines))


def report(person: Person, *others: str) -> str:
    """The line of the repository message for a person: its end may be cut off without a trace."""
    return f"“{person.name}, #{person.slot}, .{person.cctld}, {person.phone}” {', '.join((person.login, *others))}"


def codes(tldops: World) -> set[str]:
    """The hazards of the plan."""
    return {hazard["code"] for hazard in tldops("plan", "--json").json["hazards"]}


@pytest.mark.parametrize("kind", LISTS)
@pytest.mark.parametrize("command", [("follow", "--yes"), ("sync", "--yes"), ("plan",)])
def test_a_list_cut_within_a_line_is_not_used(tldops: World, kind: str, command: Sequence[str]) -> None:
    """Wherever the cut is: exit 2, nothing is written, and it is noted that the list cannot be had."""
    whole = LISTS[kind]
    write_list(tldops, whole)
    tldops.sync(*FORTY)
    for cut in range(1, 70, 3):
        if not whole[:-cut].endswith("\n"):
            write_list(tldops, whole[:-cut])
            tldops.refused(*command, code=2)
    assert len(tldops.logins()) == 40


def test_a_list_without_its_end_says_what_to_do(tldops: World) -> None:
    """Whole or not, nobody can know: a line break makes it usable."""
    write_list(tldops, LISTS["addresses"])
    tldops.sync(*FORTY)
    write_list(tldops, LISTS["addresses"].rstrip("\n"))
    said = tldops.refused("follow", "--yes", code=2)
    assert "list.txt: the list of subscribers has no line break at its end" in said
    assert "Export it again. If it is complete, add a line break at its end." in said
    assert tldops.do("status", "--json").json["list"]["failure"] == "cut-off"
    write_list(tldops, LISTS["addresses"])
    tldops.do("follow", "--yes")


def test_people_do_not_go_by_a_file_without_its_end(tldops: World) -> None:
    """Two lines fewer, and the last one without a line break: a hazard, which can be forced, or mended."""
    tldops.sync(*FORTY)
    write_unended(tldops, *(person.line for person in FORTY[:38]))
    assert codes(tldops) == {"cut-input"}
    said = tldops.refused("sync", "--yes", code=1)
    assert "members.txt has no line break at its end, so that it may be cut off: 2 people would be removed" in said
    assert "2 logins would be shut out" in said
    plan = said.split("--plan ")[1].split(" ")[0]
    tldops.do("sync", "--plan", plan, "--force", "cut-input")
    assert len(tldops.contacts()) == 38
    tldops.sync(*FORTY[:36])
    assert len(tldops.contacts()) == 36


def test_one_person_can_be_taken_out_of_a_file_without_its_end(tldops: World) -> None:
    """By force alone: one line less may be the one that was cut off."""
    tldops.sync(*FORTY)
    write_unended(tldops, *(person.line for person in FORTY[:39]))
    said = tldops.refused("sync", "--yes", code=1)
    assert "1 person would be removed, 1 login would be shut out" in said
    tldops.force("cut-input")
    assert len(tldops.contacts()) == 39


@pytest.mark.parametrize("with_list", [False, True])
def test_the_last_address_does_not_change_by_a_file_without_its_end(tldops: World, with_list: bool) -> None:
    """A shorter address at the very end may be a part of it; with a list of its own nobody notices otherwise."""
    if with_list:
        write_list(tldops, LISTS["addresses"])
    lines = [*(person.line for person in FORTY[:39]), report(FORTY[39], "person40@backup.example")]
    tldops.write(*lines)
    tldops.do("sync", "--yes")
    write_unended(tldops, "\n".join(lines).removesuffix("mple"))
    assert codes(tldops) == {"cut-input"}
    said = tldops.refused("sync", "--yes", code=1)
    assert f"the addresses of {FORTY[39].name}, the last one in it, would change" in said
    tldops.write(*lines[:39], report(FORTY[39], "person40@other.example"))
    tldops.do("sync", "--yes")
    assert tldops.contacts()[FORTY[39].name].out_of_band == ("person40@other.example",)


def test_who_left_the_list_is_out_whatever_the_file_lacks(tldops: World) -> None:
    """The list is another source, and whole: its part of the plan is done."""
    write_list(tldops, LISTS["addresses"])
    tldops.sync(*FORTY)
    write_list(tldops, LISTS["addresses"].replace(f"{FORTY[0].login}\n", ""))
    write_unended(tldops, *(person.line for person in FORTY[:38]))
    result = tldops("sync", "--yes")
    assert result.code == 1
    assert "cut-input" in result.out
    assert "Access: 1 login removed in generation 2" in result.err
    assert tldops.logins() == {person.login for person in FORTY[1:]}
    assert len(tldops.contacts()) == 40


def test_where_the_file_is_the_list_a_cut_shuts_nobody_out(tldops: World) -> None:
    """Neither by the plan nor by the part of it that other hazards do not stop."""
    tldops.sync(*FORTY[:30])
    write_unended(tldops, *(person.line for person in FORTY[5:27]), *(person.line for person in FORTY[30:]))
    tldops.refused("sync", "--yes", code=1)
    assert len(tldops.logins()) == 30


def test_a_file_written_by_hand_is_used(tldops: World) -> None:
    """One line without a line break, a correction in it, a newcomer below: nobody is lost, so nothing stands in it."""
    write_unended(tldops, report(FORTY[0]))
    tldops.do("sync", "--yes")
    write_unended(tldops, report(FORTY[0]).replace(FORTY[0].phone, "+1 202 555 0199"))
    tldops.do("sync", "--yes")
    write_unended(tldops, report(FORTY[0]), report(FORTY[1]))
    tldops.do("sync", "--yes")
    assert set(tldops.contacts()) == {FORTY[0].name, FORTY[1].name}


def test_a_dump_says_itself_where_it_ends(tldops: World) -> None:
    """A dump of Mailman 2 is refused when it is cut, so that it needs no line break."""
    names = ", ".join(
        f"'{person.login}': '{person.name}, #{person.slot}, .{person.cctld}, {person.phone}'" for person in FORTY[:9]
    )
    tldops.sync(*FORTY[:9], FORTY[14])
    tldops.members.write_text(f"{{'usernames': {{{names}}}}}")
    tldops.do("sync", "--yes")
    assert len(tldops.contacts()) == 9
