"""The figures at the end of the hardening page, each measured in parts that run side by side."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, fields
from pathlib import Path

from radicale_tldops.roster.snapshot import Style
from radicale_tldops.store.members import add_device
from radicale_tldops.store.read import load_snapshot
from tests.fuzz import running
from tests.fuzz.target import build as build_world
from tests.prove import columns, crashes, faults, membership, past, rounds
from tests.server.processes import running as running_server
from tests.support import Login, World
from tests.support.clock import START
from tests.support.nginx import behind_nginx
from tests.support.store import Store, login
from tests.vet import writings

PARTS = 8
"""Into how many parts a figure is cut."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table: how many of how many cases were not as they have to be, and which."""

    name: str
    wrong: int
    cases: int
    remark: str = ""
    failures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is tried. `every` is the distance between the calls at which a sync is disturbed."""

    every: int = 1
    answers: int = 10_000
    inputs: int = 100_000
    requests: int = 300_000
    over_sockets: int = 5_000
    kills: int = 1_000
    columns: int = 20_000
    writings: int = 12
    texts: int = 200_000
    days: int = 390

    def share(self, part: float) -> "Extent":
        """Return a part of it."""
        numbers = (getattr(self, field.name) for field in fields(self) if field.name != "every")
        return Extent(max(round(self.every / part), 1), *(max(round(number * part), PARTS) for number in numbers))


Part = tuple[str, int, int]
"""A seed and the first and the last number."""


def all_figures(pool: Executor, seed: str, extent: Extent) -> Mapping[str, Callable[[], Sequence[Figure]]]:
    """Return what measures one or a few figures each, by name and in the order of the table."""
    return {
        "crashes": lambda: crash_points(pool, extent.every),
        "answers": lambda: short_answers(pool, seed, extent.answers),
        "inputs": lambda: bad_inputs(pool, seed, extent.inputs),
        "numbers": lambda: telephone_numbers(pool, seed, extent.writings),
        "texts": lambda: telephone_texts(pool, seed, extent.texts),
        "columns": lambda: damaged_columns(pool, seed, extent.columns),
        "requests": lambda: hostile_requests(pool, seed, extent.requests, over_sockets=False),
        "sockets": lambda: hostile_requests(pool, seed, extent.over_sockets, over_sockets=True),
        "workers": lambda: killed_workers(pool, extent.kills),
        "history": lambda: a_long_past(pool, seed, extent.days),
    }


def crash_points(pool: Executor, every: int) -> Sequence[Figure]:
    """Kill a sync everywhere, and let every call fail."""
    with tempfile.TemporaryDirectory() as folder:
        cases = [(scenario, scenario.points[::every]) for scenario in crashes.scenarios(Path(folder))]
        pieces = [(scenario, points[at::PARTS]) for scenario, points in cases for at in range(PARTS)]
        killed, failed = crashes.Outcome(), crashes.Outcome()
        kills = [pool.submit(crashes.kill_everywhere, *piece) for piece in pieces]
        fails = [pool.submit(crashes.fail_everywhere, *piece) for piece in pieces]
        for kill in kills:
            killed.add(kill.result())
        for fail in fails:
            failed.add(fail.result())
    return tuple(
        Figure(
            name,
            len(outcome.failures),
            outcome.tried,
            f"{outcome.old} old, {outcome.new} new; {outcome.closed} with a journal to undo",
            tuple(outcome.failures),
        )
        for name, outcome in (
            ("sync killed at a call that writes: neither old nor new", killed),
            ("EIO, ENOSPC at a call that writes: neither old nor new, or no word", failed),
        )
    )


def short_answers(pool: Executor, seed: str, count: int) -> Sequence[Figure]:
    """Ask a worker whose store is not as it should be."""
    tallies = list(pool.map(_short_answers, [(f"{seed}/{part}", 0, count // PARTS) for part in range(PARTS)]))
    short = tuple(failure for tally in tallies for failure in tally.short)
    other = tuple(failure for tally in tallies for failure in tally.other)
    requests = sum(tally.requests for tally in tallies)
    remark = (
        f"{sum(tally.faults for tally in tallies)} faults, {sum(tally.refused for tally in tallies)} answers were 503"
    )
    return (
        Figure("short or empty successful answers under faults", len(short), requests, remark, short),
        Figure("answers under faults that are neither whole nor 503", len(other), requests, "", other),
    )


def _short_answers(part: Part) -> faults.Tally:
    seed, _, count = part
    with tempfile.TemporaryDirectory() as folder:
        return faults.run(faults.build(Path(folder)), seed, count)


def bad_inputs(pool: Executor, seed: str, count: int) -> Sequence[Figure]:
    """Damage membership files."""
    return [_of_tallies("bad membership inputs wrongly applied", list(pool.map(_bad_inputs, _parts(seed, count))))]


def _of_tallies(name: str, tallies: Sequence[membership.Tally]) -> Figure:
    failures = tuple(failure for tally in tallies for failure in tally.failures)
    inputs, refused, guarded, applied = (
        sum(getattr(tally, name) for tally in tallies) for name in ("inputs", "refused", "guarded", "applied")
    )
    remark = f"{refused} refused, {guarded} stopped by a guard, {applied} fit to be applied"
    return Figure(name, len(failures), inputs, remark, failures)


def _bad_inputs(part: Part) -> membership.Tally:
    seed, first, last = part
    with tempfile.TemporaryDirectory() as folder:
        wholes = []
        for form in membership.FORMATS:
            place = Path(folder) / form
            place.mkdir()
            wholes.append(membership.applied(place, form))
        return membership.run(wholes, seed, range(first, last))


def telephone_numbers(pool: Executor, seed: str, times: int) -> Sequence[Figure]:
    """Write the numbers of all regions in every way, so many times, and read them."""
    ways = [(name, f"{seed}/{time}") for name in (*writings.PLAIN, *writings.OTHERS) for time in range(times)]
    outcomes = list(pool.map(writings.read_all, *zip(*ways, strict=True), chunksize=len(ways) // PARTS))
    wrong = tuple(text for outcome in outcomes for text in outcome.wrong)
    plain = [outcome for outcome, (name, _) in zip(outcomes, ways, strict=True) if name in writings.PLAIN]
    texts, understood = sum(outcome.texts for outcome in plain), sum(outcome.understood for outcome in plain)
    return (
        Figure(
            "telephone numbers that nobody wrote", len(wrong), sum(outcome.texts for outcome in outcomes), "", wrong
        ),
        Figure(
            "plainly written telephone numbers that are not read, above 5 %",
            max(0, texts - understood - texts // 20),
            texts,
            f"{understood / texts:.2%} are read",
        ),
    )


def telephone_texts(pool: Executor, seed: str, count: int) -> Sequence[Figure]:
    """Read texts that are put together from pieces of telephone numbers."""
    outcomes = list(pool.map(_telephone_texts, _parts(seed, count)))
    wrong = tuple(text for outcome in outcomes for text in outcome.wrong)
    remark = f"{sum(outcome.understood for outcome in outcomes)} texts hold a number"
    return (Figure("telephone numbers of digits from two places", len(wrong), count, remark, wrong),)


def _telephone_texts(part: Part) -> writings.Outcome:
    seed, first, last = part
    return writings.read_pieces(f"{seed}/{first}", last - first)


def damaged_columns(pool: Executor, seed: str, count: int) -> Sequence[Figure]:
    """Damage columns of a spreadsheet."""
    return [_of_tallies("damaged columns wrongly applied", list(pool.map(_damaged_columns, _parts(seed, count))))]


def _damaged_columns(part: Part) -> membership.Tally:
    seed, first, last = part
    with tempfile.TemporaryDirectory() as folder:
        return columns.run(columns.site(Path(folder)), seed, range(first, last))


def hostile_requests(pool: Executor, seed: str, count: int, *, over_sockets: bool) -> Sequence[Figure]:
    """Send hostile requests to the application, or to `tldops serve`."""
    send = _over_sockets if over_sockets else _in_process
    tallies = list(pool.map(send, _parts(seed, count)))
    failures = tuple(failure for tally in tallies for failure in tally.failures)
    requests, closed, leaks, errors = (
        sum(getattr(tally, name) for tally in tallies) for name in ("requests", "closed", "leaks", "server_errors")
    )
    where = "over sockets" if over_sockets else "in process"
    longest = max(tally.longest for tally in tallies)
    grown = max(tally.grown for tally in tallies)
    rows = [
        Figure(f"roster bytes for somebody without a valid login, {where}", leaks, closed),
        Figure(f"hostile requests that gave a 5xx or ended the process, {where}", errors, requests),
        Figure(f"answers that are wrong in any way, {where}", len(failures), requests, f"longest {longest}", failures),
    ]
    if not over_sockets:
        too_much = sum(tally.grown > running.MAX_GROWTH for tally in tallies)
        rows.append(Figure("workers that grew without end", too_much, len(tallies), f"at most {grown:.0f} MB"))
    return rows


def killed_workers(pool: Executor, count: int) -> Sequence[Figure]:
    """Kill the worker of `tldops serve` again and again, behind the back of a client."""
    outcomes = list(pool.map(_killed_workers, [-(-count // PARTS)] * PARTS))
    failures = tuple(failure for outcome in outcomes for failure in outcome.failures)
    longest = max(outcome.longest for outcome in outcomes)
    return (
        Figure(
            "states older than one that a client was told of, the worker killed, direct and behind nginx",
            len(failures),
            sum(outcome.rounds for outcome in outcomes),
            f"answered after {longest:.2f} s at the most",
            failures,
        ),
    )


def a_long_past(pool: Executor, seed: str, days: int) -> Sequence[Figure]:
    """Live so many days, and read them again."""
    outcome = pool.submit(past.run, seed, days).result()
    books, changes = tuple(outcome.wrong_books), tuple(outcome.wrong_changes)
    return (
        Figure("days whose book is not the one that was served", len(books), outcome.days, outcome.remark, books),
        Figure("times in which other changes are told than happened", len(changes), outcome.changes, "", changes),
    )


def _killed_workers(count: int) -> rounds.Outcome:
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        store = Store(world.folder)
        store.apply(put=["jane", "jim"])
        reader = load_snapshot(store.roster).readers[login("jane")]
        device, password = add_device(store.members, reader, "test", Style.PLAIN, "prove", START)
        with running_server(world) as server, behind_nginx(world.folder, f"127.0.0.1:{server.port}") as proxy:
            return rounds.kill_in_rounds(server, proxy, store, Login(reader.login, password, "", device.id), count)


def _in_process(part: Part) -> running.Tally:
    seed, first, last = part
    with tempfile.TemporaryDirectory() as folder:
        return running.in_process(build_world(Path(folder)), seed, range(first, last))


def _over_sockets(part: Part) -> running.Tally:
    seed, first, last = part
    with tempfile.TemporaryDirectory() as folder:
        return running.over_sockets(build_world(Path(folder)), seed, range(first, last))


def _parts(seed: str, count: int) -> list[Part]:
    size = -(-count // PARTS)
    return [(seed, first, min(first + size, count)) for first in range(0, count, size)]
