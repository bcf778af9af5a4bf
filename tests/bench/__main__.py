"""Print the figures: `python -m tests.bench [--quick] [--only PART] [--json FILE] [--strict]`."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from tests.bench import access_side, commands, growth, server_side, sync_side
from tests.bench.figures import Tell, Wanted, machine, verdicts

PARTS = ("sync", "commands", "server", "growth", "access")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and return 1 if a wanted value is missed and that was asked for."""
    asked = _options(arguments)
    # A table that is cut off at the side says nothing in a log.
    out = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
    found: dict[str, object] = {"machine": machine()}
    wanted: list[Wanted] = []
    out.print(", ".join(f"{name} {value}" for name, value in machine().items()))
    with _progress() as tell:
        for part in PARTS if asked.only is None else (asked.only,):
            figures, limits = _MEASURE[part](out, tell, asked.quick)
            found[part] = figures
            wanted += limits
    out.print(verdicts(wanted))
    if asked.json:
        found["wanted"] = [{**asdict(figure), "met": figure.met} for figure in wanted]
        asked.json.write_text(json.dumps(found, indent=2) + "\n")
    return int(asked.strict and not all(figure.met for figure in wanted))


def _sync(out: Console, tell: Tell, quick: bool) -> tuple[object, Sequence[Wanted]]:
    runs = sync_side.measure_all(tell, quick=quick)
    out.print(sync_side.table(runs))
    return [asdict(run) for run in runs], list(sync_side.wanted(runs))


def _commands(out: Console, tell: Tell, quick: bool) -> tuple[object, Sequence[Wanted]]:
    found = commands.measure_all(tell, quick=quick)
    out.print(commands.table(found))
    return [asdict(figure) for figure in found], commands.wanted(found)


def _server(out: Console, tell: Tell, quick: bool) -> tuple[object, Sequence[Wanted]]:
    figures = server_side.measure_all(tell, quick=quick)
    for table in server_side.tables(figures):
        out.print(table)
    out.print(server_side.HOW)
    return asdict(figures), list(server_side.wanted(figures))


def _growth(out: Console, tell: Tell, quick: bool) -> tuple[object, Sequence[Wanted]]:
    found = growth.measure_all(tell, quick=quick)
    out.print(growth.table(found))
    out.print(growth.HOW)
    return [asdict(figure) for figure in found], list(growth.wanted(found))


def _access(out: Console, tell: Tell, quick: bool) -> tuple[object, Sequence[Wanted]]:
    figures = access_side.measure_all(tell, quick=quick)
    out.print(access_side.table(figures))
    out.print(access_side.HOW)
    return asdict(figures), figures.wanted


_MEASURE = {"sync": _sync, "commands": _commands, "server": _server, "growth": _growth, "access": _access}


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure the sync and the servers.")
    parser.add_argument("--quick", action="store_true", help="fewer repeats, and not 100,000 people")
    parser.add_argument("--only", choices=PARTS, help="one part only")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    parser.add_argument("--strict", action="store_true", help="exit with 1 if a wanted value is missed")
    return parser.parse_args(arguments)


@contextmanager
def _progress() -> Iterator[Tell]:
    """Give a function that says what is being measured, on a terminal only."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda text: None
        return
    with console.status("") as status:
        yield lambda text: status.update(text)


if __name__ == "__main__":
    sys.exit(main())
