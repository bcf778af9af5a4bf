"""Compare this checkout with another one: `python -m tests.bench.versus FOLDER [--runs N] [--only PART]`.

Both are measured by turns in one run, because a machine is not the same an hour later.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from tests.bench.figures import figure, new_table

HERE = Path(__file__).parents[2]

WORSE = 1.1
"""The ratio from which a median is marked: 10 % worse."""

_NO_FIGURES = frozenset({"machine", "wanted", "repeats", "bad"})
_MORE_IS_BETTER = " rate"


def main() -> int:
    """Measure, print every figure that both checkouts have, the worst first, and return 1 if one is 10 % worse."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.versus", description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="another checkout, for instance of an earlier commit")
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="runs of each checkout (5)")
    parser.add_argument("--only", default="server", metavar="PART", help="the part of the bench (server)")
    asked = parser.parse_args()
    found: Mapping[Path, dict[str, list[float]]] = {asked.folder.resolve(): defaultdict(list), HERE: defaultdict(list)}
    for number in range(asked.runs):
        for checkout, figures in found.items():
            print(f"run {number + 1} of {asked.runs}: {checkout}", file=sys.stderr)
            for name, value in _figures(_measure(checkout, asked.only)):
                figures[name].append(value)
    before, now = found.values()
    return _show(before, now, asked.runs)


def _measure(checkout: Path, part: str) -> object:
    """Return what the bench of a checkout writes as JSON."""
    with TemporaryDirectory() as folder:
        written = Path(folder) / "figures.json"
        command = (sys.executable, "-m", "tests.bench", "--quick", "--only", part, "--json", str(written))
        environment = {**os.environ, "PYTHONPATH": str(checkout)}
        subprocess.run(command, cwd=checkout, env=environment, check=True, stdout=subprocess.DEVNULL)
        return json.loads(written.read_text())


def _figures(data: object, name: str = "") -> Iterator[tuple[str, float]]:
    """Yield each figure with its name: the keys that lead to it, and the texts and counts that stand beside it."""
    if isinstance(data, list):
        for value in data:
            yield from _figures(value, name)
    elif isinstance(data, dict):
        beside = [str(value) for key, value in data.items() if key not in _NO_FIGURES and isinstance(value, str | int)]
        for key, value in data.items():
            if key in _NO_FIGURES:
                continue
            if isinstance(value, float):
                yield " ".join([*name.split(), *beside, key]), value
            else:
                yield from _figures(value, " ".join([*name.split(), *beside, key]))


def _show(before: Mapping[str, list[float]], now: Mapping[str, list[float]], runs: int) -> int:
    """Print the medians and their ratios, and return 1 if one is worse by more than `WORSE` says."""
    ratios = {}
    for name in now.keys() & before.keys():
        ratio = statistics.median(now[name]) / statistics.median(before[name])
        ratios[name] = 1 / ratio if name.endswith(_MORE_IS_BETTER) else ratio
    table = new_table(f"Medians of {runs} runs by turns; a ratio above 1 is worse", "figure", "before", "now", "ratio")
    for name, ratio in sorted(ratios.items(), key=lambda item: -item[1]):
        medians = (figure(statistics.median(values[name])) for values in (before, now))
        table.add_row(name, *medians, f"{ratio:.2f}", style="bold red" if ratio > WORSE else None)
    Console(highlight=False, width=None if sys.stdout.isatty() else 160).print(table)
    return int(any(ratio > WORSE for ratio in ratios.values()))


if __name__ == "__main__":
    sys.exit(main())
