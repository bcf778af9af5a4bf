"""The picture of a plan on a terminal."""

import html
import re
from pathlib import Path

from tests.clients.desktop.conftest import few_changes
from tests.clients.desktop.pictures import FOLDER, as_svg
from tests.data.membership import as_csv, people
from tests.support import World
from tests.support.terminal import on_a_terminal


def words(drawing: str) -> str:
    """Return the text of a drawing, without the plan's id, which differs from run to run."""
    text = html.unescape(re.sub(r"<[^>]*>", " ", drawing.partition("</defs>")[2]))
    return re.sub(r"Plan [0-9a-f]{16}", "Plan", " ".join(text.split()))


def test_the_picture_of_a_plan(desktop: None, pictures: Path, world: World) -> None:
    """The picture of the README shows what `tldops plan` prints for a few changes of the demo's contacts."""
    world.sync(*as_csv(people(400)).splitlines())
    world.write(*as_csv(few_changes()).splitlines())
    shown = on_a_terminal(world, "", "plan")
    assert shown.code == 0
    drawing = as_svg("tldops plan", shown.out.replace("\r\n", "\n"))
    file = FOLDER / "plan.svg"
    if pictures == FOLDER and not (file.exists() and words(file.read_text()) == words(drawing)):
        file.write_text(drawing)
    assert words(file.read_text()) == words(drawing)
