"""What a plan says of each person: why somebody goes, by what somebody was recognised, and what is left out."""

import re
from datetime import UTC, datetime

import pytest

from sync.plan.hazards import REMEDIES
from tests.support import JANE, JOHN, World
from tests.support.people import REGIS, people
from tests.support.terminal import on_a_terminal

TEN = people(10)


@pytest.mark.parametrize(
    ("line", "how"),
    [
        (JANE.replace("jane.doe@nic.vn", "jane.roe@nic.vn"), "  [recognised by the out-of-band address]"),
        (
            JANE.replace("jane.doe@nic.vn, jane@oarc.net", "jane@nic.example"),
            "  [recognised by the name within the ccTLD]",
        ),
        (JANE.replace("Jane Doe", "Jane Roe"), "  [recognised by the list address]"),
        (JANE.replace("#1", "#2"), ""),
    ],
)
def test_by_what_somebody_was_recognised(tldops: World, line: str, how: str) -> None:
    """It is said where it is not the plain case, the same name at the same list address."""
    tldops.sync(JOHN, JANE)
    tldops.write(JOHN, line)
    shown = tldops.do("plan").out.splitlines()
    (head,) = (text for text in shown if text.startswith("~ .vn "))
    assert head == f"~ .vn Jane {'Roe' if 'Jane Roe' in line else 'Doe'}{how}"


def test_somebody_else_at_an_address_is_explained(tldops: World) -> None:
    """Who goes and who comes name each other, and the option that says that they are one person is there."""
    tldops.sync(JOHN, JANE, JANE.replace("#1", "#2").replace("Jane Doe", "Ada Example").replace("jane", "ada"))
    tldops.write(JOHN, JANE.replace("Jane Doe", "Olga Muster"))
    shown = tldops("plan").out.splitlines()
    come, goes = shown.index("+ .vn Olga Muster  [new]"), shown.index("- .vn Jane Doe")
    assert shown[come + 1] == (
        "    somebody else than Jane Doe, who had the address; if it is one person: --same-person jane.doe@nic.vn"
    )
    assert shown[goes + 1] == "    not in the file any more; the address is that of Olga Muster now"
    tldops.do("sync", "--yes", "--same-person", "jane.doe@nic.vn")
    assert set(tldops.contacts()) == {"John Doe", "Olga Muster"}


def test_who_left_the_list_and_is_still_in_the_file(tldops: World) -> None:
    """The reason of the removal has the day and the line."""
    tldops.configure('[subscribers]\nfile = "list.txt"\nleaving_grace_days = 0\n')
    some = people(12)
    (tldops.folder / "list.txt").write_text("".join(f"{person.login}\n" for person in some))
    tldops.sync(*some)
    (tldops.folder / "list.txt").write_text("".join(f"{person.login}\n" for person in some[1:]))
    shown = tldops("plan").out.splitlines()
    gone = shown.index(f"- .{some[0].cctld} {some[0].name}")
    assert shown[gone + 1] == f"    left the list on {datetime.now(UTC).date()}, still in line 1"


def test_cctlds_that_are_left_with_few(tldops: World) -> None:
    """With one contact, or none where that is forced, in words and in JSON; what has one already does not count."""
    second = JOHN.replace("#1", "#2").replace("John Doe", "Ada Example").replace("john.doe", "ada")
    tldops.sync(JOHN, second, JANE, REGIS)
    tldops.write(JOHN, JANE)
    plan = tldops("plan", "--json").json
    assert plan["left_with"] == {"none": [], "one": ["nl"]}
    shown = tldops("plan").out.splitlines()
    assert "Left with one contact: .nl" in shown
    assert not any(line.startswith("Left with no contact") for line in shown)
    forced = tldops.do("sync", "--plan", plan["id"], "--force", "last-contact").out.splitlines()
    assert "Left with no contact: .fr .pm .re" in forced


def test_a_rollback_says_why_people_go(tldops: World) -> None:
    """They are not in that generation."""
    tldops.sync(*TEN[:4])
    tldops.sync(*TEN[:5])
    shown = tldops("rollback", "1", "--yes").out
    assert "    not in generation 1" in shown.splitlines()


MANY = people(60)


def test_long_lists_are_cut_at_a_screen_of_the_terminal(tldops: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal each list ends at a screen with the count of the rest; --all shows it; a pipe and JSON have it."""
    monkeypatch.setenv("LINES", "24")
    tldops.do("init")
    tldops.write(*MANY)
    cut = on_a_terminal(tldops, "", "plan").out
    people_shown = len(re.findall(r"\+ \.\w\w Person \d\d", cut))
    logins_shown = len(re.findall(r"\+ person\d\d@nic\.example: may log in", cut))
    assert 0 < people_shown < 24
    assert 0 < logins_shown < 24
    assert f"… and {60 - people_shown} more people added" in cut
    assert f"… and {60 - logins_shown} more logins added" in cut
    assert "--all" in cut
    for whole in (on_a_terminal(tldops, "", "plan", "--all").out, tldops("plan").out):
        assert len(re.findall(r"\+ \.\w\w Person \d\d", whole)) == 60
        assert len(re.findall(r"\+ person\d\d@nic\.example: may log in", whole)) == 60
        assert " more " not in whole
        assert "--all" not in whole
    assert len(tldops("plan", "--json").json["people"]) == 60


def test_values_to_agree_to_can_all_be_seen(tldops: World) -> None:
    """`sync` cuts before it asks, and names the option with which it shows the same plan whole."""
    tldops.write(*MANY)
    cut = on_a_terminal(tldops, "n\n", "sync")
    assert cut.code == 1
    assert MANY[-1].phone not in cut.out
    assert "--all shows it" in cut.out[: cut.out.index("[y/N]")]
    whole = on_a_terminal(tldops, "n\n", "sync", "--all").out
    assert all(person.phone.replace(" ", "") in re.sub(r"\s|-", "", whole) for person in MANY)


def hazardous(tldops: World) -> list[str]:
    """Return the lines of `plan` for twelve people of whom seven are gone."""
    some = people(12)
    tldops.sync(*some)
    tldops.write(*some[:5])
    return tldops("plan").out.splitlines()


def test_a_plan_says_what_to_do_about_its_hazards(tldops: World) -> None:
    """Below each hazard its remedy, and at the end the command that applies the plan all the same, which works."""
    shown = hazardous(tldops)
    for code in ("mass-removal", "mass-access"):
        (place,) = (number for number, line in enumerate(shown) if line.startswith(f"! {code}: "))
        assert shown[place + 1] == f"    {REMEDIES[code]}"
    command = re.search(r"if all of this is right: `tldops (sync --plan [0-9a-f]{16}(?: --force [a-z-]+)+)`", shown[-1])
    assert command
    assert "last-contact" not in command[1]
    tldops(*command[1].split())
    assert len(tldops.contacts()) < 12


def test_a_plan_with_a_last_contact_alone(tldops: World) -> None:
    """The plain command applies the rest, and the other one, with the id, lets the person go."""
    tldops.sync(JOHN, JANE)
    tldops.write(JANE)
    said = tldops("plan").out.splitlines()[-1]
    command = re.search(r"`tldops sync` holds the last contact .*`tldops (sync --plan \S+ --force last-contact)`", said)
    assert command
    tldops.do(*command[1].split())
    assert set(tldops.contacts()) == {"Jane Doe"}


def test_a_refusal_at_a_terminal_is_broken_at_its_width(tldops: World) -> None:
    """A long message of a command that stops is read in whole words."""
    tldops.do("init")
    tldops.write(JOHN, JANE.replace("#1", "#9"))
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", on_a_terminal(tldops, "", "sync").out)
    assert "--quarantine: people with an error" in " ".join(shown.split())
    assert max(map(len, shown.splitlines())) <= 80
