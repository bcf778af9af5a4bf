"""A second, independent reader of vCards: ical.js, which is what Thunderbird uses, in one Node process."""

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pytest

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Property:
    """One property as ical.js gives it. `value` is a list for N and ORG, and a list of values for CATEGORIES."""

    name: str
    params: dict[str, Any]
    value: Any


@dataclass(frozen=True, slots=True)
class IcalCard:
    """The properties of one card, in the order of the text."""

    properties: tuple[Property, ...]

    def every(self, name: str) -> list[Any]:
        """Return the values of all the properties of this name."""
        return [found.value for found in self.properties if found.name == name]

    def one(self, name: str) -> Any:
        """Return the value of the only property of this name."""
        (value,) = self.every(name)
        return value


class IcalReader:
    """Sends cards to the Node process and takes what it read."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def read(self, text: str) -> IcalCard:
        """Read one card; fails the test where ical.js cannot."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(text) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert "error" not in answer, answer
        kind, properties, children = answer["jcard"]
        assert (kind, children) == ("vcard", [])
        return IcalCard(
            tuple(
                Property(name, params, values if name == "categories" or len(values) > 1 else values[0])
                for name, params, _, *values in properties
            )
        )


def _unavailable(reason: str) -> NoReturn:
    """Skip with the reason; in continuous integration a parser that is not there is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def _install(npm: str) -> None:
    wanted = json.loads((HERE / "package.json").read_text())["dependencies"]["ical.js"]
    installed = HERE / "node_modules" / "ical.js" / "package.json"
    # Two test processes may get here at once. The lock lies on a file that is there anyway.
    with (HERE / "package.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if installed.exists() and json.loads(installed.read_text())["version"] == wanted:
            return
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        try:
            done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=180, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            _unavailable(f"npm cannot install ical.js: {type(error).__name__}")
        if done.returncode:
            _unavailable(f"npm cannot install ical.js (exit status {done.returncode})")


@contextmanager
def ical_reader() -> Iterator[IcalReader]:
    """Install ical.js where it is missing, and start the one process that reads all the cards of this run."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        _unavailable("node and npm are needed to read the cards with ical.js")
    _install(npm)
    with subprocess.Popen(
        [node, "read_cards.mjs"],
        cwd=HERE,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as process:
        yield IcalReader(process)
