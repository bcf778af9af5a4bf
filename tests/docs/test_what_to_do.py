"""docs/what-to-do.md: its tasks, done one after the other in one folder, print what the page shows."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.docs.pages import Page, page
from tests.docs.transcripts import Command, Desk, steps

PAGE = page("docs/what-to-do.md")
BEFORE = datetime(2026, 12, 1, 9, tzinfo=UTC)
FIRST = datetime(2027, 1, 4, 9, tzinfo=UTC)
"""The days of the first sync and of the first task; each next task is two days later."""
DEVICES = (
    ("luc.martin@nic-fr.example", "Thunderbird"),
    ("luc.martin@nic-fr.example", "phone"),
    ("emma.stone@nic-uk.example", "Thunderbird"),
    ("erik.berg@nic-se.example", "Thunderbird"),
    ("tom.hill@nic-uk.example", "phone"),
)


def tasks(shown: Page) -> Sequence[str]:
    """Return the headings of the tasks, in their order."""
    return [heading for heading in shown.headings if re.match(r"## \d+\. ", heading)]


def made(folder: Path, shown: Page) -> Desk:
    """Return the desk before the first task: what the page says to practise with, and some devices."""
    desk, example = Desk(folder, BEFORE), shown.section("## The example")
    rows = example.code[0].splitlines()
    place = rows[0].split(",").index("email")
    desk.write("members.csv", rows)
    desk.write("list.txt", [row.split(",")[place] for row in rows[1:]])
    faults = [printed for step in steps(example) if (printed := desk.do(step))]
    assert not faults, "\n".join(faults)
    for login, label in DEVICES:
        assert "Password:" in desk.run(Command(f"tldops device add {login} --label {label}", ""))
    return desk


def begin(desk: Desk, number: int) -> None:
    """Go on to the morning of a task."""
    desk.now = FIRST + timedelta(days=2 * number)


def wrong(desk: Desk) -> Iterator[str]:
    """Do the tasks; yield each command whose output the page does not show, with that output."""
    for number, heading in enumerate(tasks(PAGE)):
        begin(desk, number)
        for step in steps(PAGE.section(heading)):
            if printed := desk.do(step):
                yield f"{heading}\n{printed}"


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose path is as long as the one that the page shows: lines break at the same places."""
    with TemporaryDirectory(prefix="tldo", dir="/tmp") as made_here:
        yield Path(made_here)


def test_the_commands_print_what_the_page_shows(folder: Path) -> None:
    """Each failure is a command with what it prints now: put that into the page."""
    found = list(wrong(made(folder, PAGE)))
    assert not found, "\n".join(found)


def test_the_output_fits_a_terminal() -> None:
    """Nothing in it is wider than 80 columns."""
    shown = [
        line
        for heading in tasks(PAGE)
        for step in steps(PAGE.section(heading))
        if isinstance(step, Command)
        for line in step.output.splitlines()
    ]
    assert shown
    assert not [line for line in shown if len(line) > 80]


def test_each_task_begins_with_a_case_and_ends_with_what_to_do_if_it_fails() -> None:
    """First words, then a command, then "If not"."""
    for heading in tasks(PAGE):
        text = PAGE.section(heading).text
        places = [text.find("\n\n") + 2, text.find("    $ tldops"), text.find("**If not:**")]
        assert text[places[0]] not in " `*", f"{heading} begins without words"
        assert places == sorted(places), heading
