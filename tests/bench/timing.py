"""Timing requests: all the servers in turns, each answer checked outside of the time."""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.bench.figures import Tell
from tests.bench.kinds import Kind, Place
from tests.bench.wire import Answer, Wire


@dataclass(frozen=True, slots=True)
class Runner:
    """A server in one race. With `fresh` each request's bytes differ from all before.

    `repeats` is how often a small request is timed; one of the whole book a third of that.
    """

    label: str
    place: Place
    repeats: int
    fresh: bool = True
    keep: bool = True


@dataclass(frozen=True, slots=True)
class Timing:
    """One kind of request: the median and the 99th percentile in milliseconds.

    They are None where the server does not give the whole answer. Of fewer than 100 repeats, `p99` is the slowest.
    """

    kind: str
    runner: str
    packed: bool
    keep: bool
    median: float | None
    p99: float | None
    repeats: int


def race(
    kinds: Sequence[Kind], runners: Sequence[Runner], tell: Tell, packings: Sequence[bool] = (False, True)
) -> Iterator[Timing]:
    """Time all the kinds of request, without and with gzip."""
    for packed in packings:
        for kind in kinds:
            tell(f"{kind.name}{', gzip' if packed else ''}")
            yield from _in_turns(kind, runners, packed=packed)


def _in_turns(kind: Kind, runners: Sequence[Runner], *, packed: bool) -> Iterator[Timing]:
    wires = {runner.label: Wire(runner.place.port, keep=runner.keep) for runner in runners}
    taken: dict[str, list[float]] = {runner.label: [] for runner in runners}
    # The first one fills the caches, for all of them.
    able = [runner for runner in runners if _once(kind, runner, wires[runner.label], packed=packed) is not None]
    counts = {runner.label: max(3, runner.repeats // 3 if kind.is_large else runner.repeats) for runner in able}
    most = max(counts.values())
    for number in range(most):
        for runner in able:
            # Whoever is timed less often is so all along, not at the start alone.
            if number * counts[runner.label] // most == len(taken[runner.label]):
                seconds = _once(kind, runner, wires[runner.label], packed=packed)
                assert seconds is not None, f"{kind.name}: {runner.label} gave no whole answer"
                taken[runner.label].append(seconds)
    for label, some in taken.items():
        wires[label].close()
        keep = next(runner.keep for runner in runners if runner.label == label)
        median, p99 = (statistics.median(some) * 1000, percentile(some, 99) * 1000) if some else (None, None)
        yield Timing(kind.name, label, packed, keep, median, p99, len(some))


def percentile(values: Sequence[float], share: int) -> float:
    """Return the value that so many of a hundred values do not exceed."""
    return sorted(values)[-(-len(values) * share // 100) - 1]


def _once(kind: Kind, runner: Runner, wire: Wire, *, packed: bool) -> float | None:
    """Ask once, and return the seconds, or None for an answer that is not complete."""
    place, answers, total = runner.place, [], 0.0
    for number, ask in enumerate(kind.asks(place)):
        request = ask.encoded(place, key(kind, number, packed=packed), packed=packed, fresh=runner.fresh)
        answer, seconds = wire.timed(request)
        answers.append(answer)
        total += seconds
    return total if kind.is_complete(place, [answer.plain for answer in answers]) else None


def record(kinds: Sequence[Kind], place: Place) -> Mapping[str, Answer]:
    """Return the answers of a server, for the floor to repeat them."""
    wire = Wire(place.port)
    return {
        key(kind, number, packed=packed): wire.exchange(ask.encoded(place, packed=packed))
        for packed in (False, True)
        for kind in kinds
        for number, ask in enumerate(kind.asks(place))
    }


def key(kind: Kind, number: int, *, packed: bool) -> str:
    """Return the name of a request, by which the floor knows it."""
    return f"{kind.name}/{number}/{'gzip' if packed else 'plain'}"
