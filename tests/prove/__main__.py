"""Measure every figure, and print them as a table: `make prove`, or `python -m tests.prove --share 0.1`.

Exits with 1 where a figure is not 0. What failed is shown with its seed and number: `python -m tests.fuzz.running SEED
NUMBER` sends a request again.
"""

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from rich.console import Console
from rich.table import Table

from tests.prove.figures import Extent, Figure, all_figures
from tests.prove.tracing import missing

SHOWN = 5
"""How many failures of a figure are shown."""


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.prove", description="The figures that prove the software.")
    parser.add_argument("--seed", default="1", help="another seed tries other cases (1)")
    parser.add_argument("--share", type=float, default=1.0, help="try a part of the cases only (1.0)")
    parser.add_argument("--only", nargs="+", metavar="FIGURE", help="measure these alone: crashes, answers, columns …")
    given = parser.parse_args()
    reason = missing()
    if reason:
        sys.stderr.write(f"{reason}\n")
        return 2
    figures: list[Figure] = []
    # Each part starts in a process of its own, so that what one leaves in memory is not taken for the next one's.
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn"), max_tasks_per_child=1) as pool:
        measures = all_figures(pool, given.seed, Extent().share(given.share))
        if unknown := set(given.only or ()) - measures.keys():
            parser.error(f"no such figure: {' '.join(sorted(unknown))}. There are: {' '.join(measures)}")
        for measure in (measures[name] for name in given.only or measures):
            started = time.monotonic()
            found = measure()
            figures += found
            for figure in found:
                print(
                    f"{figure.wrong} of {figure.cases}: {figure.name} ({time.monotonic() - started:.0f} s)", flush=True
                )
                for failure in figure.failures[:SHOWN]:
                    print(f"    {failure[:1500]}", flush=True)
    Console(width=max(Console().width, 120)).print(table(figures))
    return 1 if any(figure.wrong for figure in figures) else 0


def table(figures: list[Figure]) -> Table:
    """Lay the figures out; each of them is to be 0."""
    shown = Table("figure", "wrong", "of", "remark", title="All of these are to be 0")
    for figure in figures:
        shown.add_row(
            figure.name, str(figure.wrong), f"{figure.cases:,}", figure.remark, style="bold red" if figure.wrong else ""
        )
    return shown


if __name__ == "__main__":
    sys.exit(main())
