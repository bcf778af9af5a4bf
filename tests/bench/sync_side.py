"""The sync side: wall time and peak memory of whole `tldops` processes, from 900 people to 100,000."""

import csv
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.box import SIMPLE
from rich.table import Table

from radicale_tldops.roster.login import canonical_login
from radicale_tldops.store.read import load_history, load_snapshot
from sync.sources import workbook
from sync.vcard.card import contact_uid
from tests.bench import measure
from tests.bench.figures import Tell, Wanted
from tests.data.membership import Person, as_csv, people
from tests.support import World

SIZES = {900: 3, 10_000: 3, 100_000: 1}
"""Number of people, and how often everything is measured with them; the best counts."""

PEOPLE = "people .nl"
STEPS = ("check", "first sync", "no change", "1 % changed", PEOPLE)
XLSX = "check of .xlsx"
MOST_IN_XLSX = 10_000
"""A larger file is more than a spreadsheet is read for."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one process took: wall and processor time in seconds, peak of the resident memory in MiB."""

    people: int
    step: str
    seconds: float
    cpu: float
    peak: float


class Bench(World):
    """A store, and a membership file of so many people in two versions: the later one has other telephone numbers."""

    def __init__(self, folder: Path, count: int) -> None:
        super().__init__(folder)
        self.count = count
        self.roster = folder / "roster.sqlite"
        self.file = folder / "members.csv"
        # There are some 300 ccTLDs; slots have three digits at most.
        most = max(3, count // 200)
        self.configure(f"[vetting]\nmax_per_cctld = {most}\n")
        # In the order of the addresses, as list software prints its members: the countries stand in no order then.
        before = sorted(people(count, per_cctld=most), key=lambda person: person.email)
        self.changed = frozenset(_uid(person) for person in before[::100])
        self.before = as_csv(before)
        self.after = as_csv(_called_elsewhere(before))
        self.book = folder / "members.xlsx"
        if count <= MOST_IN_XLSX:
            self.book.write_bytes(workbook.write(list(csv.reader(StringIO(self.before, newline="")))))

    def measure(self, step: str, *arguments: str) -> tuple[Run, str]:
        """Run `tldops` with these arguments; return the figures and what was printed."""
        output = self.folder / "output.txt"
        command = [sys.executable, "-m", "sync", "--config", str(self.config), *arguments]
        launcher = [sys.executable, "-I", "-S", str(measure.__file__), str(output), *command]
        found = json.loads(subprocess.run(launcher, check=True, capture_output=True).stdout)
        printed = output.read_text()
        assert found["code"] == 0, f"{arguments} of {self.count} people ended with {found['code']}: {printed[-500:]}"
        return Run(self.count, step, found["seconds"], found["cpu"], found["peak"]), printed

    def once(self) -> Iterator[Run]:
        """Measure every step with a fresh store, and look at what each of them did."""
        for database in self.folder.glob("*.sqlite*"):
            database.unlink()
        self.file.write_text(self.before, newline="")
        for step, form, file in (("check", "csv", self.file), (XLSX, "xlsx", self.book)):
            if file.exists():
                run, printed = self.measure(step, "check", str(file))
                told = printed[-200:]
                assert re.search(rf"\({form}\): {self.count} contacts of \d+ ccTLDs, 0 errors,", told), told
                yield run
        yield self.measure("first sync", "sync", "--yes", str(self.file))[0]
        self.expect(generation=1, added=self.count, changed=0, written=None)
        yield self.measure("no change", "sync", "--yes", str(self.file))[0]
        self.expect(generation=1, added=self.count, changed=0, written=None)
        self.file.write_text(self.after, newline="")
        yield self.measure("1 % changed", "sync", "--yes", str(self.file))[0]
        self.expect(generation=2, added=0, changed=len(self.changed), written=self.changed)
        run, printed = self.measure(PEOPLE, *PEOPLE.split())
        assert ".nl" in printed.splitlines()[-2], printed
        yield run

    def expect(self, generation: int, added: int, changed: int, written: frozenset[str] | None) -> None:
        """Check the store: its newest generation, what that did, and whose cards it wrote (None for everybody's)."""
        newest = load_history(self.roster)[0]
        counts = newest.counts
        assert (newest.id, counts.people) == (generation, self.count), newest
        assert (counts.added, counts.changed, counts.removed) == (added, changed, 0), newest
        cards = load_snapshot(self.roster).plain.cards.values()
        assert len(cards) == self.count
        assert {card.uid for card in cards if card.since == generation} == (written or {card.uid for card in cards})


def _uid(person: Person) -> str:
    return contact_uid(canonical_login(person.email))


def _called_elsewhere(before: Sequence[Person]) -> Iterator[Person]:
    """Give every hundredth person a number of their own: Ofcom keeps the range for drama, and nobody else has one."""
    for index, person in enumerate(before):
        yield replace(person, phones=(f"+44 808 157 0{index // 100:03}",)) if index % 100 == 0 else person


def measure_all(tell: Tell, *, quick: bool) -> list[Run]:
    """Measure all sizes; quickly means each once, and not the largest."""
    best: dict[tuple[int, str], Run] = {}
    for count, repeats in SIZES.items():
        if quick and count == max(SIZES):
            continue
        with TemporaryDirectory(prefix="tldops-bench-") as folder:
            tell(f"{count:,} people: inventing them")
            bench = Bench(Path(folder), count)
            for number in range(1 if quick else repeats):
                for run in bench.once():
                    tell(f"{count:,} people, round {number + 1}: {run.step} took {run.seconds:.1f} s")
                    key = count, run.step
                    best[key] = min(run, best.get(key, run), key=lambda measured: measured.seconds)
    return list(best.values())


def wanted(runs: Sequence[Run]) -> Iterator[Wanted]:
    """Yield the figures for which there is a limit, as far as they were measured."""
    by = {(run.people, run.step): run for run in runs}
    for step, count, limit in (
        ("first sync", 900, 1.5),
        ("no change", 900, 1.0),
        ("first sync", 10_000, 10.0),
        (PEOPLE, 10_000, 0.5),
    ):
        yield Wanted(f"{step} of {count:,} people", by[count, step].seconds, limit, "s")
    yield Wanted(f"{XLSX} of 900 people against CSV", by[900, XLSX].seconds / by[900, STEPS[0]].seconds, 1.5, "times")
    if (max(SIZES), STEPS[0]) in by:
        for step in STEPS:
            ratio = by[100_000, step].seconds / by[10_000, step].seconds
            yield Wanted(f"{step}: 100,000 people against 10,000", ratio, 12, "times")
        peak = max(run.peak for run in runs)
        yield Wanted("peak memory", peak, 1024, "MiB")


def table(runs: Sequence[Run]) -> Table:
    """Return the figures as a table."""
    shown = Table(title="tldops, whole processes", title_justify="left", box=SIMPLE, pad_edge=False)
    shown.add_column("step")
    for heading in ("people", "seconds", "CPU seconds", "peak MiB"):
        shown.add_column(heading, justify="right")
    figure: Callable[[float], str] = "{:.2f}".format
    for step in (STEPS[0], XLSX, *STEPS[1:]):
        for run in runs:
            if run.step == step:
                shown.add_row(step, f"{run.people:,}", figure(run.seconds), figure(run.cpu), f"{run.peak:.0f}")
        shown.add_section()
    return shown
