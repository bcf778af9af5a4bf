"""Kill `tldops sync` at every call that writes, and let each of them fail: the old roster is left, or the new."""

import contextlib
import io
import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from radicale_tldops.roster.errors import StoreError
from radicale_tldops.serve.live import POLL_SECONDS, LiveStore
from radicale_tldops.settings.file import load
from tests.data.membership import as_text, people
from tests.prove.tracing import Point, Run, fail_at, kill_at, points
from tests.support import World
from tests.support.schemas import check_output
from tests.support.store import ensure

SYNC = ("sync", "--yes")
FAULTS = (("EIO", False), ("ENOSPC", True))
"""A disk that fails once, and one that is full from then on."""

_CAN_FAIL = frozenset({"pwrite64", "fsync", "fdatasync", "ftruncate", "rename", "unlink", "fchmod", "mkdir"})
"""The calls that fail because of a disk. What is written to the terminal is another matter."""


@dataclass(frozen=True, slots=True)
class Roster:
    """What a store serves: cards by href, and who may read; nothing at all where there is no generation."""

    cards: tuple[tuple[str, str], ...] = ()
    readers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scenario:
    """A sync to be disturbed: the folder as it is before, the rosters before and after, and the calls that write."""

    name: str
    folder: Path
    old: Roster
    new: Roster
    points: tuple[Point, ...]

    @contextlib.contextmanager
    def copy(self) -> Iterator[World]:
        """Give a copy of the folder to spoil."""
        with _copied(self.folder) as world:
            yield world


class _Standing(World):
    """A world whose configuration is there already."""

    def configure(self, text: str = "") -> None:
        """Leave it as it is."""


@dataclass
class Outcome:
    """What came of disturbing a sync at many points: how often the old roster was left, and how often the new one.

    `closed` counts where a server that may not write has to answer 503 until a command has undone what was half done.
    """

    tried: int = 0
    old: int = 0
    new: int = 0
    closed: int = 0
    failures: list[str] = field(default_factory=list)

    def add(self, other: "Outcome") -> None:
        """Add another part of the same."""
        self.tried += other.tried
        self.old += other.old
        self.new += other.new
        self.closed += other.closed
        self.failures += other.failures


def scenarios(folder: Path) -> list[Scenario]:
    """Make a first sync, one that adds, changes and removes somebody, and one without a change."""
    before = _texts()[0]
    return [first(folder), change(folder), _scenario(folder / "no change", before, before)]


def first(folder: Path) -> Scenario:
    """Make the first sync of a store."""
    return _scenario(folder / "first", "", _texts()[0])


def change(folder: Path) -> Scenario:
    """Make a sync that adds, changes and removes somebody."""
    return _scenario(folder / "change", *_texts())


def _texts() -> tuple[str, str]:
    six = people(6)
    after = as_text([six[5], *six[1:5]]).replace(six[1].name, f"{six[1].name} Example")
    return as_text(six[:5]), after


def _scenario(folder: Path, before: str, after: str) -> Scenario:
    folder.mkdir()
    world = World(folder)
    if before:
        world.members.write_text(before)
        assert call(world, *SYNC)[0] == 0
    world.members.write_text(after)
    with _copied(folder) as spare:
        old = started(spare)
    scenario = Scenario(folder.name, folder, old, Roster(), ())
    with scenario.copy() as spare:
        found = points(spare.config, *SYNC)
        new = started(spare)
    assert (old != new) == (before != after)
    return Scenario(folder.name, folder, old, new, found)


def kill_everywhere(scenario: Scenario, where: Iterable[Point]) -> Outcome:
    """Kill the command at these points."""
    outcome = Outcome()
    for point in where:
        with scenario.copy() as world:
            running = _Running(world)
            run = kill_at(point, world.config, *SYNC)
            if run.code >= 0:
                outcome.failures.append(f"{scenario.name}: it was not killed at {point}: {run}")
            _look(scenario, world, running, f"killed at {point}", outcome)
    return outcome


def fail_everywhere(scenario: Scenario, where: Iterable[Point], faults: Sequence[tuple[str, bool]] = FAULTS) -> Outcome:
    """Let the call at these points fail: with an error, once or, where it says so, for good."""
    outcome = Outcome()
    for point in where:
        for error, lasting in faults if point.call in _CAN_FAIL else ():
            with scenario.copy() as world:
                running = _Running(world)
                run = fail_at(point, error, world.config, *SYNC, lasting=lasting)
                what = f"{error} at {point}{' and later' if lasting else ''}"
                _look(scenario, world, running, what, outcome)
                _judge(scenario, what, run, started(world), outcome)
    return outcome


def _judge(scenario: Scenario, what: str, run: Run, left: Roster, outcome: Outcome) -> None:
    """The command says that something failed, and in which words; if it says nothing, everything is done."""
    if "Traceback" in run.err or run.code not in (0, 2):
        outcome.failures.append(f"{scenario.name}, {what}: {run}")
    elif run.code and not run.err.strip():
        outcome.failures.append(f"{scenario.name}, {what}: exit status {run.code} without a message")
    elif not run.code and left != scenario.new:
        outcome.failures.append(f"{scenario.name}, {what}: exit status 0, and the roster is not there")


class _Running:
    """What a server that was running before goes on to serve."""

    def __init__(self, world: World) -> None:
        self._now = 0.0
        self._live = LiveStore(load(world.config), lambda: self._now)
        self.served()

    def served(self) -> Roster:
        """Look at the store, and return what is served then."""
        self._now += 10 * POLL_SECONDS
        return _served(self._live)


def _look(scenario: Scenario, world: World, running: _Running, what: str, outcome: Outcome) -> None:
    """Read what is left as servers do, one that was running and one that starts, and as the next command does."""
    outcome.tried += 1
    either = (scenario.old, scenario.new)
    if running.served() not in either:
        outcome.failures.append(f"{scenario.name}, {what}: a running server serves neither the old nor the new roster")
    with _copied(world.folder) as spare:
        left = started(spare)
        if left not in either:
            outcome.failures.append(f"{scenario.name}, {what}: what is left is neither the old nor the new roster")
    without_writing = _served(LiveStore(load(world.config)))
    if without_writing not in (left, Roster()):
        outcome.failures.append(f"{scenario.name}, {what}: a server that may not write serves something else")
    outcome.closed += without_writing != left
    outcome.old += left == scenario.old
    outcome.new += left == scenario.new and scenario.old != scenario.new
    with _copied(world.folder) as spare:
        for problem in _carry_on(spare, scenario, left):
            outcome.failures.append(f"{scenario.name}, {what}: {problem}")


def _carry_on(world: World, scenario: Scenario, left: Roster) -> Iterator[str]:
    """The next commands see the same, finish what was begun, and leave a log without a gap."""
    if left.cards:
        code, told = call(world, "status", "--json")
        if code not in (0, 1) or len(left.cards) != json.loads(told)["people"]:
            yield f"`status` sees something else: {code} {told}"
    code, told = call(world, *SYNC)
    if code or started(world) != scenario.new:
        yield f"the next `sync` does not bring the new roster: {code} {told}"
    code, told = call(world, "audit", "--verify")
    if code:
        yield f"the audit log is damaged: {told}"


def started(world: World) -> Roster:
    """Return what `tldops serve` would serve if it were started now, with the right to write."""
    settings = load(world.config)
    with contextlib.suppress(StoreError):
        ensure(settings.store.roster, settings.store.members)
    return _served(LiveStore(settings))


def _served(live: LiveStore) -> Roster:
    try:
        snapshot = live.snapshot()
    except StoreError:
        return Roster()
    cards = tuple(sorted((href, card.text) for href, card in snapshot.plain.cards.items()))
    return Roster(cards, tuple(sorted(snapshot.readers)))


@contextlib.contextmanager
def _copied(folder: Path) -> Iterator[World]:
    """Copy a folder, for as long as the block lasts."""
    with tempfile.TemporaryDirectory() as name:
        yield _Standing(Path(shutil.copytree(folder, Path(name) / "copy")))


def call(world: World, *arguments: str) -> tuple[int, str]:
    """Run a command in this process; return its exit status, and what it printed."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = world.call(*arguments)
    check_output(arguments, code, out.getvalue())
    return code, out.getvalue() + err.getvalue()
