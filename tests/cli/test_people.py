"""`tldops people`: anybody is found by anything, filtered, listed in a line, shown whole."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support import World
from tests.support.people import people
from tests.support.terminal import on_a_terminal

TODAY = datetime.now(UTC).date()
HEADINGS = (
    "name,slot,cctlds,email,oob_email,phones,organisation,signal,appointed_by,appointed_on,evidence,note,confirmed_on"
)
ROWS = (
    "Zoë de Vries,1,.nl,zoe@nic.example,zoe@example.net,+31 6 12345678,Stichting Voorbeeld,,admin,2020-05-06,letter 7,,"
    f"{TODAY}",
    f"Иван Пример,1,.рф,ivan@nic.example,,+7 722 260 00 06,,,,,,,{TODAY - timedelta(days=500)}",
    "Jürg Müller,1,.ch/.li,juerg@nic.example,juerg@example.org,,Müller AG,,tech,2021-01-02,,call him +41 44 668 18 00,",
    f"Anna Müller,2,.ch,anna@nic.example,,+41 44 668 18 01,Müller AG,+41 79 555 01 23,,,,,{TODAY}",
    f"Noc Team,3,.nl,noc@nic.example,,+31 20 555 0199,,,,,,,{TODAY}",
)
NAMES = [row.split(",")[0] for row in ROWS]
ZOE, IVAN, JUERG, ANNA, NOC = NAMES
MANY = people(40)


@pytest.fixture
def desk(tldops: World) -> World:
    """A roster of five people whose names need no more than a glance."""
    write(tldops, *ROWS)
    tldops.configure('[vetting.role_addresses]\n"noc@nic.example" = "the registry has no other"\n')
    tldops.do("sync", "--yes")
    return tldops


def write(tldops: World, *rows: str) -> None:
    """Write the membership file."""
    tldops.members.write_text("\n".join((HEADINGS, *rows)) + "\n", encoding="utf-8")


def found(desk: World, *arguments: str) -> list[str]:
    """Return the names of who is found, sorted."""
    result = desk("people", *arguments, "--json")
    assert result.code == (0 if result.json else 1), result
    return sorted(person["name"] for person in result.json)


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        (["zoe"], [ZOE]),
        (["ZOË", "vri"], [ZOE]),
        (["de Vries"], [ZOE]),
        (["muller"], [ANNA, JUERG]),
        (["müller", "jurg"], [JUERG]),
        (["пример"], [IVAN]),
        ([".nl"], [NOC, ZOE]),
        (["nl"], [NOC, ZOE]),
        (["NL", "zoe"], [ZOE]),
        (["рф"], [IVAN]),
        (["xn--p1ai"], [IVAN]),
        (["Liechtenstein"], [JUERG]),
        (["switz"], [ANNA, JUERG]),
        (["netherlands", "zoë"], [ZOE]),
        (["zoe@example.net"], [ZOE]),
        (["ZOE@nic.EXAMPLE"], [ZOE]),
        (["@example.org"], [JUERG]),
        (["stichting"], [ZOE]),
        (["+31 6 1234"], [ZOE]),
        (["0031 6 12345678"], [ZOE]),
        (["06-12345678"], [ZOE]),
        (["+31 (0)6 12345678"], [ZOE]),
        (["079 555 01 23"], [ANNA]),
        (["nobody at all"], []),
        ([".de"], []),
        (["\u202e"], []),
    ],
)
def test_anybody_is_found_by_anything(desk: World, typed: list[str], names: list[str]) -> None:
    """Part of a name, ccTLD in both forms, country, address, number, organisation; accents need not be typed."""
    assert found(desk, *typed) == sorted(names)


def test_a_uid_finds_its_person(desk: World) -> None:
    """The whole one, and its beginning."""
    uid = desk.do("people", "zoe", "--json").json[0]["uid"]
    assert found(desk, uid) == found(desk, uid[:8]) == [ZOE]


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        (["--stale"], [IVAN]),
        (["--never-confirmed"], [JUERG]),
        (["--no-phone"], [JUERG]),
        (["--no-out-of-band"], [ANNA, IVAN, NOC]),
        (["--not-vetted"], [ANNA, IVAN, NOC]),
        (["--single"], [IVAN, JUERG]),
        (["--role-address"], [NOC]),
        (["--no-device"], NAMES),
        (["--single", "--stale"], [IVAN]),
        (["--stale", "--no-phone"], []),
        (["--no-device", ".ch"], [ANNA, JUERG]),
        ([], NAMES),
    ],
)
def test_filters_choose(desk: World, filters: list[str], names: list[str]) -> None:
    """Those for whom every filter holds, and the words fit."""
    assert found(desk, *filters) == sorted(names)


def test_held_kept_denied_and_off_the_list_are_found(desk: World) -> None:
    """Each by its filter; `people` and `status` count the same."""
    write(desk, ROWS[0].replace(str(TODAY), "soon"), *ROWS[1:3], ROWS[3].replace(",.ch,", ",.zz,"), ROWS[4])
    desk.do("sync", "--yes", "--quarantine")
    desk.do("access", "deny", IVAN, "--reason", "left")
    assert (found(desk, "--held"), found(desk, "--denied")) == ([ANNA], [IVAN])
    assert found(desk, "--kept") == [ZOE]
    counts = desk.do("status", "--json").json["filters"]
    assert (counts["held"], counts["denied"], counts["kept"], counts["single"]) == (1, 1, 1, 2)
    (subscribers := desk.folder / "list.txt").write_text("".join(f"{name}@nic.example\n" for name in ("zoe", "ivan")))
    desk.config.write_text(f'{desk.config.read_text()}[subscribers]\nfile = "{subscribers}"\n')
    plan = desk("plan", "--json").json["id"]
    forced = [word for code in ("list-mismatch", "mass-access") for word in ("--force", code)]
    desk("sync", "--quarantine", "--plan", plan, *forced)
    assert found(desk, "--not-on-list") == [ANNA, JUERG, NOC]


def whole(desk: World, *arguments: str) -> str:
    """Return what is shown of one person."""
    return desk.do("people", *arguments).out


def test_one_match_is_shown_whole(desk: World) -> None:
    """What members see, private columns, the place in the file, logins, devices, confirmations."""
    desk.do("device", "add", "zoe@nic.example", "--label", "phone", "--style", "groups")
    desk.do("confirm", "zoe", "--how", "called")
    shown = whole(desk, "zoe", "--show-values")
    for line in (
        ".nl Zoë de Vries",
        "  list address: zoe@nic.example",
        "  phones: +31 6 12345678",
        "  organisation: Stichting Voorbeeld",
        "  appointed by: admin",
        "  evidence: letter 7",
        "In the file: members.txt:2",
        "Access: logs in as zoe@nic.example",
        f"  phone (groups), issued {TODAY}, never used",
        f"  {TODAY} called, by ",
    ):
        assert line in shown, line
    assert shown.index("What members see") < shown.index("Private:") < shown.index("letter 7")


def test_a_pipe_gets_no_telephone_number_unless_asked(desk: World) -> None:
    """Neither as text nor as JSON, and none out of a note; a terminal shows them."""
    for arguments in (["zoe"], ["zoe", "--json"], ["jurg"], ["jurg", "--json"], ["--csv"], ["--json"], []):
        shown = desk.do("people", *arguments).out
        assert not any(digits in shown for digits in ("12345678", "1234 5678", "668 18")), arguments
    assert "+31 6 12345678" in desk.do("people", "zoe", "--json", "--show-values").out
    assert "+41 44 668 18 00" in on_a_terminal(desk, "", "people", "jurg").out


def test_several_are_one_line_each_at_80_columns(tldops: World) -> None:
    """As many lines as people, however long a name is, and what is to be said of each."""
    long = "Maximiliana Konstantinopolitanskaja-Verylongname " * 2
    tldops.sync(*MANY, f"“{long}, #3, .fr/.re/.pm/.yt/.tf/.wf, +33 1 00 00 00 00” long@nic.example")
    shown = re.sub("\x1b\\[[0-9;]*m", "", on_a_terminal(tldops, "", "people").out).splitlines()
    assert len(shown) == 1 + 41 + 1
    assert all(len(line) <= 80 for line in shown)
    assert shown[-1].strip() == "41 people."
    assert next(line for line in shown if "Maximiliana" in line).startswith(".fr .re .pm …")
    assert all(any(person.login in line for line in shown) for person in MANY)


def test_the_table_for_a_mail_merge_is_whole_and_no_formula(tldops: World) -> None:
    """One row each, with the addresses; a name that looks like a formula is text to a spreadsheet."""
    write(tldops, *ROWS[:3], '"=HYPERLINK(""x"")",2,.be,be@nic.example,,+32 2 555 12 12,,,,,,,')
    tldops("sync", "--yes", "--quarantine")
    rows: list[dict[str, Any]] = list(csv.DictReader(io.StringIO(tldops.do("people", "--csv").out)))
    zoe = next(row for row in rows if row["name"] == ZOE)
    assert (zoe["email"], zoe["oob_email"], zoe["cctlds"], zoe["slots"]) == (
        "zoe@nic.example", "zoe@example.net", ".nl", ".nl #1",
    )  # fmt: skip
    assert zoe["confirmed_on"] == str(TODAY)
    assert not any(cell.startswith(("=", "+", "@", "-")) for row in rows for cell in row.values())


def test_nobody_is_exit_1_and_says_what_was_asked(desk: World) -> None:
    """With the words and the filters."""
    assert "nobody is found by 'xyzzy' --stale" in desk.refused("people", "xyzzy", "--stale", code=1)
    assert desk("people", "--csv", "--json").code == 2
