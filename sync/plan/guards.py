"""The named hazards: what a plan must not do unless somebody who has read it says so by name."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from radicale_tldops.settings import GuardSettings
from radicale_tldops.store.values import Counts, Generation, RosterState, Source
from sync.plan.wanted import Mismatch

WINDOW_HOURS = 24
"""The window of the guards: the changes of so many hours count together."""


class Part(StrEnum):
    """The two halves of a plan, which are guarded apart."""

    ROSTER = "roster"
    ACCESS = "access"


@dataclass(frozen=True, slots=True, order=True)
class Hazard:
    """A reason not to apply one part of a plan; `code` is what `--force` takes."""

    code: str
    part: Part
    message: str


HAZARDS: Mapping[str, str] = {
    "empty-input": "Nobody would be left in the roster, or nobody was found in the input.",
    "mass-removal": "More people would be removed within the window than the limit allows.",
    "mass-addition": "More people would be added within the window than the limit allows.",
    "mass-loss": "More people than the limit allows would lose their numbers, slots or out-of-band addresses.",
    "mass-access": "More logins would be let in, or shut out, within the window than the limit allows.",
    "cut-input": "People or logins would go, or an address change, by a file without a line break at its end.",
    "stale-source": "An input is older than the one that was applied last.",
    "list-mismatch": "The list and the membership file disagree about too many people.",
}
"""Every hazard by the name that `--force` takes."""


@dataclass(frozen=True, slots=True)
class Unended:
    """What a membership file without a line break at its end, which may be cut off, would take.

    `name` is the file's. `people` and `logins` are counted; `readdressed` is who stands last in it, if that person's
    addresses would change, or "". `is_list` tells that the file is the list, too.
    """

    name: str
    people: int
    logins: int
    readdressed: str
    is_list: bool


@dataclass(frozen=True, slots=True)
class Totals:
    """What a plan would do, in numbers. `people` is the number of people afterwards."""

    people: int
    added: int
    removed: int
    changed: int
    readers_added: int
    readers_removed: int
    single: bool = False


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the guards look at in a plan.

    `sources` are the inputs and `applied` those that were applied last. `gone` are the logins that lose access. `lost`
    is how many people lose all their telephone numbers, slots or out-of-band addresses, by what they lose.
    """

    totals: Totals
    sources: Sequence[Source] = ()
    applied: Sequence[Source] = ()
    mismatch: Mismatch | None = None
    gone: Collection[str] = ()
    unended: Unended | None = None
    lost: Mapping[str, int] = field(default_factory=dict)


def check(state: RosterState, proposal: Proposal, limits: GuardSettings, now: datetime) -> tuple[Hazard, ...]:
    """Return the hazards of a plan. A plan that only removes one person can have only the hazard `empty-input`."""
    totals, hazards = proposal.totals, []
    if totals.people == 0:
        hazards.extend(_both("empty-input", "nobody would be left in the roster"))
    if not totals.single:
        hazards.extend(_mass(state, proposal, limits, now))
        hazards.extend(_losses(proposal.lost, limits, len(state.people)))
        hazards.extend(stale(proposal.sources, proposal.applied))
        if proposal.mismatch is not None:
            hazards.extend(_mismatch(proposal.mismatch, limits))
        if proposal.unended is not None:
            hazards.extend(_cut(proposal.unended))
    return tuple(sorted(hazards))


def window(state: RosterState, now: datetime) -> tuple[Sequence[Counts], Counts]:
    """Return the counts of the generations that add up with a plan, and those of the last approved generation.

    A generation counts for `WINDOW_HOURS`. One from the future counts too: the clock was wrong then or is wrong now.
    What came before a forced generation, the first one or a restored one is approved and does not count.
    """
    counted: list[Counts] = []
    for generation in state.recent:
        if generation.created_at <= now - timedelta(hours=WINDOW_HOURS):
            break
        if _is_approved(generation):
            return counted, generation.counts
        counted.append(generation.counts)
    if counted:
        first = counted[-1]
        return counted, Counts(
            people=first.people - first.added + first.removed,
            readers=first.readers - first.readers_added + first.readers_removed,
        )
    return counted, state.head.counts if state.head else Counts()


def _is_approved(generation: Generation) -> bool:
    return bool(generation.forced) or generation.id == 1 or generation.kind == "restore"


def _mass(state: RosterState, proposal: Proposal, limits: GuardSettings, now: datetime) -> list[Hazard]:
    """Return the hazards of the numbers of people and logins that come or go within the window."""
    if state.head is None:
        # Nothing to compare with: the command asks for confirmation instead.
        return []
    counted, base = window(state, now)
    totals, access = proposal.totals, limits.access.of(base.readers)
    removed = totals.removed, sum(counts.removed for counts in counted)
    added = totals.added, sum(counts.added for counts in counted)
    out = totals.readers_removed, sum(counts.readers_removed for counts in counted)
    denied = _denials(state, now, proposal.gone)
    let_in = totals.readers_added, sum(counts.readers_added for counts in counted)
    found = (
        _over("mass-removal", Part.ROSTER, "people would be removed", removed, limits.removals.of(base.people)),
        _over("mass-addition", Part.ROSTER, "people would be added", added, limits.additions.of(base.people)),
        _over("mass-access", Part.ACCESS, "logins would be shut out", (out[0], out[1] + denied), access),
        _over("mass-access", Part.ACCESS, "logins would be let in", let_in, access),
    )
    return [hazard for hazard in found if hazard is not None]


def _over(code: str, part: Part, what: str, numbers: tuple[int, int], limit: float) -> Hazard | None:
    """Return the hazard of a number over its limit; `numbers` are those of the plan and of the window before it."""
    here, before = numbers
    # A plan that does none of it is not stopped by what was done before.
    if not here or here + before <= limit:
        return None
    total = f"{here} {what}" + (f", after {before} in the last {WINDOW_HOURS} hours" if before else "")
    return Hazard(code, part, f"{total}; the limit is {limit:g}")


def _losses(lost: Mapping[str, int], limits: GuardSettings, people: int) -> list[Hazard]:
    """Return the hazards of a column that is gone, or has a name that nobody understands."""
    limit = limits.removals.of(people)
    return [
        Hazard("mass-loss", Part.ROSTER, f"{count} people would lose their {what}; the limit is {limit:g}")
        for what, count in lost.items()
        if count > limit
    ]


def _denials(state: RosterState, now: datetime, gone: Collection[str]) -> int:
    """Count the logins that were denied within the window: `deny` always passes, and counts.

    A login whose access ends with this plan, or ended with a generation, counts there.
    """
    since = (now - timedelta(hours=WINDOW_HOURS)).isoformat()
    logins = state.readers.keys() - set(gone)
    return sum(denial.at > since and login in logins for login, denial in state.denied.items())


def stale(sources: Sequence[Source], applied: Sequence[Source]) -> list[Hazard]:
    """Return the hazards of inputs that are older than those that were applied last."""
    last = {source.part: source for source in applied}
    # Without a source of subscribers, the membership file is the list, too.
    is_list = len(sources) == 1
    return [
        hazard
        for source in sources
        if source.part in last
        and source.sha256 != last[source.part].sha256
        and source.modified_at < last[source.part].modified_at
        for hazard in _both(
            "stale-source",
            f"{source.name} is of {source.modified_at[:19]}, older than the {source.part} input that was applied last "
            f"({last[source.part].modified_at[:19]})",
        )
        if is_list or (hazard.part is Part.ROSTER) == (source.part == "membership")
    ]


def _cut(unended: Unended) -> list[Hazard]:
    """Return the hazard of a file of which the end may be missing. Who has left another list does not stay for it."""
    found = [
        f"{number} {what}"
        for number, what in ((unended.people, "people would be removed"), (unended.logins, "logins would be shut out"))
        if number
    ]
    if unended.readdressed:
        found.append(f"the addresses of {unended.readdressed}, the last one in it, would change")
    if not found:
        return []
    message = (
        f"{unended.name} has no line break at its end, so that it may be cut off: {', '.join(found)}. Export it again, "
        "or end it with a line break"
    )
    return _both("cut-input", message) if unended.is_list else [Hazard("cut-input", Part.ROSTER, message)]


def _both(code: str, message: str) -> list[Hazard]:
    return [Hazard(code, part, message) for part in Part]


def _mismatch(mismatch: Mismatch, limits: GuardSettings) -> list[Hazard]:
    apart = mismatch.not_listed + len(mismatch.unknown)
    if apart <= limits.mismatch.of(mismatch.in_file):
        return []
    message = (
        f"the list and the file disagree about {apart} people of {mismatch.in_file}: {mismatch.not_listed} of the file "
        f"are not on the list, {len(mismatch.unknown)} addresses of the list are nobody's in the file"
    )
    return _both("list-mismatch", message)
