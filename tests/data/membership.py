"""Invented membership files, for the demo, the benchmarks and the tests. All of it follows from the seed and the day.

`python -m tests.data.membership --count 400 --format text` prints one.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from random import Random

from tests.data.churn import churn
from tests.data.making import Taken, draw_person
from tests.data.person import Person
from tests.data.registries import draw_registries
from tests.data.writing import as_csv, as_report, as_subscribers, as_text

__all__ = ["TODAY", "Person", "as_csv", "as_report", "as_subscribers", "as_text", "churn", "main", "people"]

TODAY = date(2026, 11, 1)
"""The day of the invented world, where no other is given."""

_WRITERS = {"text": as_text, "report": as_report, "csv": as_csv, "subscribers": as_subscribers}


def people(count: int, seed: int = 1, per_cctld: int = 3, today: date = TODAY) -> list[Person]:
    """Return `count` contacts, with slots from 1 to `per_cctld`; up to that many for a ccTLD.

    The first one is Jane Doe, #1 of .nl, jane.doe@nic-nl.example. Raises `ValueError` where there are not ccTLDs
    enough for so many people.
    """
    rng = Random(seed)
    taken = Taken(addresses={"jane@oob.example"})
    found: list[Person] = []
    for registry, number in draw_registries(rng, count, per_cctld):
        usual = rng.random() < 0.85
        slots = range(1, number + 1) if usual else sorted(rng.sample(range(1, per_cctld + 1), number))
        found += (draw_person(rng, registry, slot, taken, today) for slot in slots)
    if found:
        jane = replace(found[0], name="Jane Doe", slot=1, email="jane.doe@nic-nl.example", oob_email="jane@oob.example")
        found[0] = replace(jane, signal="", matrix="", pgp_url="")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a membership file."""
    parser = argparse.ArgumentParser(prog="python -m tests.data.membership", description="Print invented contacts.")
    parser.add_argument("--count", type=int, default=400, help="how many people (400)")
    parser.add_argument("--per-cctld", type=int, default=3, help="how many people a ccTLD may have (3)")
    parser.add_argument("--format", choices=sorted(_WRITERS), default="text", help="what to print (text)")
    parser.add_argument("--seed", type=int, default=1, help="another number gives other people (1)")
    given = parser.parse_args(arguments)
    try:
        made = people(given.count, given.seed, given.per_cctld)
    except ValueError as error:
        parser.error(str(error))
    sys.stdout.buffer.write(_WRITERS[given.format](made).encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
