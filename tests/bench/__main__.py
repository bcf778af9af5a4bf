"""Print the figures: `python -m tests.bench [--quick] [--only sync|server] [--json FILE] [--strict]`."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from tests.bench import server_side, sync_side
from tests.bench.figures import Tell, Wanted, machine


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and return 1 if a wanted value is missed and that was asked for."""
    asked = _options(arguments)
    out = Console(highlight=False)
    found: dict[str, object] = {"machine": machine()}
    wanted: list[Wanted] = []
    out.print(", ".join(f"{name} {value}" for name, value in machine().items()))
    with _progress() as tell:
        if asked.only != "server":
            runs = sync_side.measure_all(tell, quick=asked.quick)
            wanted += sync_side.wanted(runs)
            found["sync"] = [asdict(run) for run in runs]
            out.print(sync_side.table(runs))
        if asked.only != "sync":
            timings = server_side.measure_all(tell, quick=asked.quick)
            found["server"] = [asdict(timing) for timing in timings]
            out.print(server_side.table(timings))
            out.print(server_side.HOW)
    for one in wanted:
        verdict = "met" if one.met else "MISSED"
        out.print(
            f"{verdict:6} {one.what}: {one.value:.2f} {one.unit}, wanted below {one.limit:g}",
            style=None if one.met else "bold red",
        )
    if asked.json:
        found["wanted"] = [{**asdict(one), "met": one.met} for one in wanted]
        asked.json.write_text(json.dumps(found, indent=2) + "\n")
    return int(asked.strict and not all(one.met for one in wanted))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure the sync and the servers.")
    parser.add_argument("--quick", action="store_true", help="fewer repeats, and not 100,000 people")
    parser.add_argument("--only", choices=("sync", "server"), help="one side only")
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
