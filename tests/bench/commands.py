"""How long a person waits for a command that does little: most of it is loading libraries."""

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.table import Table

from tests.bench import contenders
from tests.bench.figures import Tell, Wanted, figure, new_table

PEOPLE = 400

TWICE = 2
"""How many times as long as loading its libraries a command may take."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command and the libraries that it needs: the shortest time of each in milliseconds."""

    what: str
    libraries: str
    milliseconds: float
    loading: float


def measure_all(tell: Tell, *, quick: bool) -> Sequence[Command]:
    """Time each command and the loading of its libraries by turns."""
    with TemporaryDirectory(prefix="tldops-bench-") as folder:
        tell("commands: making the roster")
        world, _, _ = contenders.fill(Path(folder), PEOPLE)
        tldops = [sys.executable, "-m", "sync", "--config", str(world.config)]
        return [
            _measure(what, [*tldops, what], libraries, 5 if quick else 20)
            for what, libraries in (("--help", "click"), ("status", "click, sqlalchemy"))
        ]


def _measure(what: str, command: Sequence[str], libraries: str, repeats: int) -> Command:
    loading = [sys.executable, "-c", f"import {libraries}"]
    taken = [(_timed(command), _timed(loading)) for _ in range(repeats)]
    return Command(what, libraries, min(first for first, _ in taken), min(second for _, second in taken))


def _timed(command: Sequence[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return (time.perf_counter() - began) * 1000


def wanted(found: Sequence[Command]) -> Sequence[Wanted]:
    """Return the figures for which there is a limit."""
    return [
        Wanted(
            f"tldops {command.what}, against python -c 'import {command.libraries}'",
            command.milliseconds / command.loading,
            TWICE,
            "times",
        )
        for command in found
    ]


def table(found: Sequence[Command]) -> Table:
    """Return the figures as a table."""
    shown = new_table(f"Commands with {PEOPLE} people: ms, the shortest", "command", "ms", "its libraries", "times")
    for command in found:
        times = figure(command.milliseconds / command.loading)
        shown.add_row(f"tldops {command.what}", figure(command.milliseconds), figure(command.loading), times)
    return shown
