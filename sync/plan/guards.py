"""The named hazards: what a plan must not do unless somebody who has read it says so by name."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from radicale_tldops.settings import GuardSettings
from radicale_tldops.store.values import Counts, Generation, RosterState, Source
from sync.plan.changes import Totals
from sync.plan.values import CONFIRMED, FIELDS, NO_VALUES, ValueCounts
from sync.plan.wanted import Mismatch

WINDOW_HOURS = 24
"""The window of the guards: the changes of so many hours count together."""

FUTURE = timedelta(hours=1)
"""How far the date of an input may lie ahead of the clock."""


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
    "mass-change": "More people than the limit allows would get another value of one field within the window.",
    "mass-loss": "More people than the limit allows would lose a field within the window, or its column is gone.",
    "mass-access": "More logins would be let in, or shut out, within the window than the limit allows.",
    "moved-values": "Two or more people would get the value that another person had: a column was sorted or moved.",
    "last-contact": "A ccTLD would lose its last contact. That person stays; the rest is applied.",
    "reread": "Values change though the file is the same: it is read differently, or confirmations were lost.",
    "cut-input": "People or logins would go, or an address change, by a file without a line break at its end.",
    "stale-source": "An input is older than the one applied last, of the future, or was taken back by a rollback.",
    "list-mismatch": "The list and the membership file disagree about too many people.",
}
"""Every hazard by the name that `--force` takes."""

LAST_CONTACT = "last-contact"
"""The hazard that holds single people, and stops nothing else."""


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
class Proposal:
    """What the guards look at in a plan.

    `sources` are the inputs, `applied` those that were applied last, and `taken_back` those that a rollback undid.
    `gone` are the logins that lose access. `values` are the people with other values, by field; with `is_reread`, the
    software reads them differently, and the file is the same. `unclear` counts the people whose value is not understood
    since this plan, by column, and `newly_held` those whose record is broken since. `columns_gone` are columns that
    the last input had. `last_contacts` are the people, by name, who are held as the last contacts of a ccTLD.
    """

    totals: Totals
    sources: Sequence[Source] = ()
    applied: Sequence[Source] = ()
    taken_back: Sequence[Source] = ()
    mismatch: Mismatch | None = None
    gone: Collection[str] = ()
    unended: Unended | None = None
    values: ValueCounts = NO_VALUES
    unclear: Mapping[str, int] = field(default_factory=dict)
    newly_held: int = 0
    is_reread: bool = False
    is_rollback: bool = False
    columns_gone: Collection[str] = ()
    last_contacts: Sequence[str] = ()


def check(state: RosterState, proposal: Proposal, limits: GuardSettings, now: datetime) -> tuple[Hazard, ...]:
    """Return the hazards of a plan."""
    hazards = [*stale(proposal, now), *_last_contacts(proposal.last_contacts)]
    if proposal.totals.people == 0:
        hazards.extend(_both("empty-input", "nobody would be left in the roster"))
    if state.head is not None:
        # Without a generation there is nothing to compare with: the command asks for confirmation instead.
        recent = GuardWindow([], state.head.counts) if proposal.is_rollback else GuardWindow.of(state, now)
        hazards.extend(_mass(state, proposal, limits, now, recent))
        hazards.extend(_values(proposal, limits, recent))
    if proposal.mismatch is not None:
        hazards.extend(_mismatch(proposal.mismatch, limits))
    if proposal.unended is not None:
        hazards.extend(_cut(proposal.unended))
    return tuple(sorted(hazards))


@dataclass(frozen=True, slots=True)
class GuardWindow:
    """What the generations of the window did, which adds up with a plan; `base` is what was approved before them."""

    counted: Sequence[Counts]
    base: Counts

    @classmethod
    def of(cls, state: RosterState, now: datetime) -> "GuardWindow":
        """Return what counts together with a plan that is made now.

        A generation counts for `WINDOW_HOURS`. One from the future counts too: the clock was wrong then or is wrong
        now. What came before a forced generation, the first one, or one that was restored or rolled back, is approved.
        """
        counted: list[Counts] = []
        for generation in state.recent:
            if generation.created_at <= now - timedelta(hours=WINDOW_HOURS):
                break
            if _is_approved(generation):
                return cls(counted, generation.counts)
            counted.append(generation.counts)
        if not counted:
            return cls(counted, state.head.counts if state.head else Counts())
        first = counted[-1]
        base = Counts(
            people=first.people - first.added + first.removed,
            readers=first.readers - first.readers_added + first.readers_removed,
        )
        return cls(counted, base)

    def total(self, name: str, label: str = "") -> int:
        """Return the sum of the counts of this name over the window; `label` is a field, for counts of values."""
        numbers = (getattr(counts, name) for counts in self.counted)
        return sum(number.get(label, 0) if label else number for number in numbers)


def _is_approved(generation: Generation) -> bool:
    return bool(generation.forced) or generation.id == 1 or generation.kind in ("restore", "rollback")


def _mass(
    state: RosterState, proposal: Proposal, limits: GuardSettings, now: datetime, recent: GuardWindow
) -> Iterator[Hazard]:
    """Yield the hazards of the numbers of people and logins that come or go within the window."""
    totals, access = proposal.totals, limits.access.of(recent.base.readers)
    removed = totals.removed, recent.total("removed")
    added = totals.added, recent.total("added")
    denied = _denials(state, now, proposal.gone)
    out = totals.readers_removed, denied + recent.total("readers_removed")
    let_in = totals.readers_added, recent.total("readers_added")
    removals, additions = limits.removals.of(recent.base.people), limits.additions.of(recent.base.people)
    yield from _over("mass-removal", Part.ROSTER, "people would be removed", removed, removals)
    yield from _over("mass-addition", Part.ROSTER, "people would be added", added, additions)
    yield from _over("mass-access", Part.ACCESS, "logins would be shut out", out, access)
    yield from _over("mass-access", Part.ACCESS, "logins would be let in", let_in, access)


def _over(code: str, part: Part, what: str, numbers: tuple[int, int], limit: float) -> Iterator[Hazard]:
    """Yield the hazard of a number over its limit; `what` begins with the plural of what is counted.

    `numbers` are those of the plan and of the window before it.
    """
    here, before = numbers
    # A plan that does none of it is not stopped by what was done before.
    if here and here + before > limit:
        total = _counted(here, what) + (f", after {before} in the last {WINDOW_HOURS} hours" if before else "")
        yield Hazard(code, part, f"{total}; the limit is {limit:g}")


def _counted(number: int, what: str) -> str:
    """Return "2 people would go" or "1 person would go"."""
    noun, _, rest = what.partition(" ")
    return f"{number} {noun if number != 1 else _ONE[noun]} {rest}"


_ONE = {"people": "person", "logins": "login"}


def _values(proposal: Proposal, limits: GuardSettings, recent: GuardWindow) -> Iterator[Hazard]:
    """Yield the hazards of the values of people, field by field."""
    values = proposal.values
    if proposal.is_reread:
        yield Hazard("reread", Part.ROSTER, f"the file is the same, but {_reread(values)}")
        return
    for label, number in values.moved.items():
        before = recent.total("values_moved", label)
        if number + before > 1:
            what = f"the {label} of {_counted(number, 'people would move to other people')}"
            since = f", after {before} in the last {WINDOW_HOURS} hours" if before else ""
            remedy = "Perhaps one column was sorted, moved or filled. Compare the file with the last good one"
            yield Hazard("moved-values", Part.ROSTER, f"{what}{since}. {remedy}")
    people = recent.base.people
    for guarded in FIELDS:
        label, number = guarded.label, values.changed.get(guarded.label, 0)
        if number > values.lost.get(label, 0):
            # What stands in the same column and cannot be read is probably damaged as well.
            unclear = proposal.unclear.get(guarded.column, 0) + proposal.newly_held
            what = f"people would get other {label}" + (f", and {unclear} more cannot be read" if unclear else "")
            before = recent.total("values_changed", label)
            if number + before + unclear > (limit := limits.changes.of(people)):
                since = f", after {before} in the last {WINDOW_HOURS} hours" if before else ""
                message = f"{_counted(number, what)}{since}; the limit is {limit:g}"
                yield Hazard("mass-change", Part.ROSTER, message)
    for guarded in FIELDS:
        label, number = guarded.label, values.lost.get(guarded.label, 0)
        what = f"people would lose their {label}"
        if number and guarded.column in proposal.columns_gone:
            remedy = "Put the column back, or correct its heading"
            message = f"the column {guarded.column} is gone, and {_counted(number, what)}. {remedy}"
            yield Hazard("mass-loss", Part.ROSTER, message)
        else:
            numbers = number, recent.total("values_lost", label)
            yield from _over("mass-loss", Part.ROSTER, what, numbers, limits.losses.of(people))


def _reread(values: ValueCounts) -> str:
    """Return what changes though the file is the same. A lost members database takes dates of confirmation with it."""
    if values.changed.keys() == {CONFIRMED.label}:
        number = _counted(values.changed[CONFIRMED.label], "people would get another date of confirmation, or none")
        return (
            f"{number}. Perhaps the members database is a new one, and what `tldops confirm` recorded went with the "
            "old one"
        )
    found = ", ".join(
        f"{label} of {number} {'person' if number == 1 else 'people'}"
        for label, number in {**values.lost, **values.changed}.items()
    )
    return f"its values are read differently: {found}"


def _last_contacts(last_contacts: Sequence[str]) -> Iterator[Hazard]:
    for who in last_contacts:
        yield Hazard(LAST_CONTACT, Part.ROSTER, f"{who}")


def _denials(state: RosterState, now: datetime, gone: Collection[str]) -> int:
    """Count the logins that were denied within the window: `deny` always passes, and counts.

    A login whose access ends with this plan, or ended with a generation, counts there.
    """
    since = (now - timedelta(hours=WINDOW_HOURS)).isoformat()
    logins = state.readers.keys() - set(gone)
    return sum(denial.at > since and login in logins for login, denial in state.denied.items())


def stale(proposal: Proposal, now: datetime) -> list[Hazard]:
    """Return the hazards of inputs that are old, dated in the future, or were taken back by a rollback."""
    last = {source.part: source for source in proposal.applied}
    undone = {source.sha256 for source in proposal.taken_back}
    # Without a source of subscribers, the membership file is the list, too.
    is_list = len(proposal.sources) == 1
    return [
        hazard
        for source in proposal.sources
        if (reason := why_stale(source, last.get(source.part), now, is_undone=source.sha256 in undone))
        for hazard in _both("stale-source", f"{source.name} {reason}")
        if is_list or (hazard.part is Part.ROSTER) == (source.part == "membership")
    ]


def why_stale(source: Source, last: Source | None, now: datetime, *, is_undone: bool = False) -> str:
    """Return what is wrong with the date of an input, or ""."""
    if is_undone:
        return "has the content that the last rollback took back"
    if source.modified_at > (now + FUTURE).isoformat():
        return f"is dated in the future, {source.modified_at[:19]}"
    if last and source.sha256 != last.sha256 and source.modified_at < last.modified_at:
        return (
            f"is of {source.modified_at[:19]}, older than the {source.part} input that was applied last "
            f"({last.modified_at[:19]})"
        )
    return ""


def _cut(unended: Unended) -> list[Hazard]:
    """Return the hazard of a file of which the end may be missing. Who has left another list does not stay for it."""
    found = [
        _counted(number, what)
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
