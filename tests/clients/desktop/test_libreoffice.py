"""LibreOffice opens what is exported, saves it again in each format, and what it saved is the same roster."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.data.membership import as_csv, people
from tests.support import World
from tests.support.servers import skip_where

pytestmark = pytest.mark.client

ENGLISH, GERMAN = 1033, 1031
COMMA, SEMICOLON, TAB = 44, 59, 9
UTF_8, UTF_16, WINDOWS_1252 = 76, 65535, 1


def opened(language: int) -> str:
    """Return the filter that opens CSV as somebody of this language does, with numbers and dates recognised."""
    return f"CSV:{COMMA},34,{UTF_8},1,,{language},false,true"


def saved(separator: int, charset: int, language: int = ENGLISH) -> str:
    """Return the filter that saves CSV."""
    return f"csv:Text - txt - csv (StarCalc):{separator},34,{charset},1,,{language}"


@dataclass(frozen=True)
class Office:
    """LibreOffice with a profile of its own, and a world whose roster is exported, private columns included."""

    world: World
    folder: Path

    def convert(self, form: str, target: str, opening: str = "") -> Path:
        """Open the export in this form, save it, and return the new file."""
        source, out = self.folder / f"export.{form}", self.folder / "out"
        shutil.rmtree(out, ignore_errors=True)
        command = ["soffice", "--headless", "--convert-to", target, "--outdir", str(out), str(source)]
        command[2:2] = [f"--infilter={opening}"] if opening else []
        subprocess.run(
            command, check=True, capture_output=True, timeout=120, env={**os.environ, "HOME": str(self.folder)}
        )
        (file,) = out.iterdir()
        return file


@pytest.fixture(scope="module")
def office(asked_for: None, tmp_path_factory: pytest.TempPathFactory) -> Office:
    """Sixty of the demo's contacts, with names in many scripts."""
    skip_where("" if shutil.which("soffice") else "LibreOffice is not installed")
    folder = tmp_path_factory.mktemp("office")
    world = World(folder)
    world.sync(*as_csv(people(60)).splitlines())
    for form in ("csv", "xlsx"):
        world.do("export", "--private", "--format", form, "--output", str(folder / f"export.{form}"))
    return Office(world, folder)


@pytest.mark.parametrize(
    ("form", "target", "opening"),
    [
        ("xlsx", "xlsx", ""),
        ("xlsx", "ods", ""),
        ("xlsx", saved(COMMA, UTF_8), ""),
        ("xlsx", saved(TAB, UTF_16), ""),
        ("csv", "xlsx", opened(ENGLISH)),
        ("csv", "ods", opened(GERMAN)),
        ("csv", saved(SEMICOLON, UTF_8, GERMAN), opened(GERMAN)),
        ("csv", saved(COMMA, UTF_16), opened(ENGLISH)),
    ],
)
def test_what_libreoffice_saves_is_the_same_roster(office: Office, form: str, target: str, opening: str) -> None:
    """No person would change."""
    file = office.convert(form, target, opening)
    plan = office.world("plan", "--json", str(file)).json
    assert plan["people"] == []


def test_windows_1252_that_loses_letters_is_refused(office: Office) -> None:
    """Greek and Cyrillic names are question marks then: the message says how to save the file."""
    file = office.convert("xlsx", saved(SEMICOLON, WINDOWS_1252))
    assert b"?????" in file.read_bytes()
    assert "the text is not UTF-8 (octet 0xfa); save or export it as UTF-8" in office.world.refused(
        "check", str(file), code=2
    )
