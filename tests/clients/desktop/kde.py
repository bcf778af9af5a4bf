"""KDE's own parser of vCards, in a small program that is compiled for the tests."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).with_name("read_cards.cpp")
HEADERS = Path("/usr/include/KF5")


def missing() -> str:
    """Return what is not installed, or nothing."""
    if shutil.which("g++") is None or shutil.which("pkg-config") is None:
        return "g++ or pkg-config is not installed"
    return "" if (HEADERS / "KContacts").is_dir() else "libkf5contacts-dev is not installed"


class KdeReader:
    """Sends cards to the program and takes what KDE's address book would hold."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def read(self, text: str) -> dict[str, Any]:
        """Return the fields of one card; an input with another number of cards fails the test."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(text) + "\n")
        self._process.stdin.flush()
        (fields,) = json.loads(self._process.stdout.readline())
        return dict(fields)


@contextmanager
def kde_reader(folder: Path) -> Iterator[KdeReader]:
    """Compile the program into `folder`, and run it until the block ends."""
    program = folder / "read_cards"
    qt = subprocess.run(
        ["pkg-config", "--cflags", "--libs", "Qt5Gui"], capture_output=True, text=True, check=True
    ).stdout.split()
    rooms = [f"-I{HEADERS / room}" for room in ("KContacts", "KCoreAddons", "KI18n", "KConfigCore")]
    command = ["g++", "-std=c++17", "-fPIC", "-o", str(program), str(SOURCE), *rooms, "-lKF5Contacts", *qt]
    subprocess.run(command, check=True)
    with subprocess.Popen(
        [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    ) as process:
        yield KdeReader(process)
