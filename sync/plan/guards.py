"""The named hazards: what a plan must not do unless somebody who has read it says so by name."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from radicale_tldops.settings import GuardSettings
from radicale_tldops.store.values import Counts, Generation, RosterState, Source
from sync.plan.changes import Totals
from sync.plan.hazards import LAST_CONTACT, Hazard, Part, both, counted, without_numbers
from sync.plan.inputs import Unended, cut, stale
from sync.plan.values import CONFIRMED, FIELDS, NO_VALUES, GuardedField, ValueChanges
from sync.plan.wanted import Mismatch

WINDOW_HOURS = 24
"""The window of the guards: the changes of so many hours count together."""

NAMED = 3
"""How many of the people concerned a hazard names."""


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
    values: ValueChanges = NO_VALUES
    unclear: Mapping[str, int] = field(default_factory=dict)
    newly_held: int = 0
    is_reread: bool = False
    is_rollback: bool = False
    columns_gone: Collection[str] = ()
    last_contacts: Sequence[str] = ()


def check(state: RosterState, proposal: Proposal, limits: GuardSettings, now: datetime) -> tuple[Hazard, ...]:
    """Return the hazards of a plan."""
    hazards = [
        *stale(proposal.sources, proposal.applied, proposal.taken_back, now),
        *(Hazard(LAST_CONTACT, Part.ROSTER, who) for who in proposal.last_contacts),
    ]
    if proposal.totals.people == 0:
        hazards.extend(both("empty-input", "nobody would be left in the roster"))
    if state.head is not None:
        # Without a generation there is nothing to compare with: the command asks for confirmation instead.
        recent = GuardWindow([], state.head.counts) if proposal.is_rollback else GuardWindow.of(state, now)
        hazards.extend(_mass(state, proposal, limits, now, recent))
        hazards.extend(_values(proposal, limits, recent))
    if proposal.mismatch is not None:
        hazards.extend(_mismatch(proposal.mismatch, limits))
    if proposal.unended is not None:
        hazards.extend(cut(proposal.unended))
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


def _over(
    code: str, part: Part, what: str, numbers: tuple[int, int], limit: float, names: Sequence[str] = ()
) -> Iterator[Hazard]:
    """Yield the hazard of a number over its limit; `what` begins with the plural of what is counted.

    `numbers` are those of the plan and of the window before it.
    """
    here, before = numbers
    # A plan that does none of it is not stopped by what was done before.
    if here and here + before > limit:
        yield Hazard(code, part, f"{counted(here, what)}{_after(before)}; the limit is {limit:g}{_named(names)}")


def _after(before: int) -> str:
    return f", after {before} in the last {WINDOW_HOURS} hours" if before else ""


def _named(names: Sequence[str]) -> str:
    """Return the first names of those concerned, in words and without numbers, after what is said of them."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f": {', '.join(map(without_numbers, names[:NAMED]))}{more}" if names else ""


def _values(proposal: Proposal, limits: GuardSettings, recent: GuardWindow) -> Iterator[Hazard]:
    """Yield the hazards of the values of people, field by field."""
    values = proposal.values
    if proposal.is_reread:
        yield Hazard("reread", Part.ROSTER, f"the file is the same, but {_reread(values)}")
        return
    for guarded in FIELDS:
        yield from _moved(guarded, proposal, recent)
        yield from _changed(guarded, proposal, limits, recent)
        yield from _lost(guarded, proposal, limits, recent)


def _reread(values: ValueChanges) -> str:
    """Return what changes though the file is the same. A lost members database takes dates of confirmation with it."""
    if values.changed.keys() == {CONFIRMED.label}:
        number = counted(len(values.changed[CONFIRMED.label]), "people would get another date of confirmation, or none")
        return (
            f"{number}. Perhaps the members database is a new one, and what `tldops confirm` recorded went with the "
            "old one"
        )
    found = ", ".join(
        f"{label} of {len(names)} {'person' if len(names) == 1 else 'people'}"
        for label, names in {**values.lost, **values.changed}.items()
    )
    return f"its values are read differently: {found}"


def _moved(guarded: GuardedField, proposal: Proposal, recent: GuardWindow) -> Iterator[Hazard]:
    names = proposal.values.moved.get(guarded.label, ())
    before = recent.total("values_moved", guarded.label)
    if names and len(names) + before > 1:
        what = f"the {guarded.label} of {counted(len(names), 'people would be those of other people')}"
        remedy = "Perhaps one column was sorted, moved or filled. Compare the file with the last good one"
        yield Hazard("moved-values", Part.ROSTER, f"{what}{_after(before)}{_named(names)}. {remedy}")


def _changed(guarded: GuardedField, proposal: Proposal, limits: GuardSettings, recent: GuardWindow) -> Iterator[Hazard]:
    names = proposal.values.changed.get(guarded.label, ())
    if len(names) == len(proposal.values.lost.get(guarded.label, ())):
        return  # values that go are counted as lost
    # What stands in the same column and cannot be read is probably damaged as well.
    unclear = proposal.unclear.get(guarded.column, 0) + proposal.newly_held
    before, limit = recent.total("values_changed", guarded.label), limits.changes.of(recent.base.people)
    if len(names) + unclear + before > limit:
        what = f"people would get other {guarded.label}" + (f", and {unclear} more cannot be read" if unclear else "")
        message = f"{counted(len(names), what)}{_after(before)}; the limit is {limit:g}{_named(names)}"
        yield Hazard("mass-change", Part.ROSTER, message)


def _lost(guarded: GuardedField, proposal: Proposal, limits: GuardSettings, recent: GuardWindow) -> Iterator[Hazard]:
    names, what = proposal.values.lost.get(guarded.label, ()), f"people would lose their {guarded.label}"
    if names and guarded.column in proposal.columns_gone:
        remedy = "Put the column back, or correct its heading"
        message = f"the column {guarded.column} is gone, and {counted(len(names), what)}{_named(names)}. {remedy}"
        yield Hazard("mass-loss", Part.ROSTER, message)
    else:
        numbers = len(names), recent.total("values_lost", guarded.label)
        yield from _over("mass-loss", Part.ROSTER, what, numbers, limits.losses.of(recent.base.people), names)


def _denials(state: RosterState, now: datetime, gone: Collection[str]) -> int:
    """Count the logins that were denied within the window: `deny` always passes, and counts.

    A login whose access ends with this plan, or ended with a generation, counts there.
    """
    since = (now - timedelta(hours=WINDOW_HOURS)).isoformat()
    logins = state.readers.keys() - set(gone)
    return sum(denial.at > since and login in logins for login, denial in state.denied.items())


def _mismatch(mismatch: Mismatch, limits: GuardSettings) -> list[Hazard]:
    apart = mismatch.not_listed + len(mismatch.unknown)
    if apart <= limits.mismatch.of(mismatch.in_file):
        return []
    what = counted(apart, f"people of {mismatch.in_file}")
    message = (
        f"the list and the file disagree about {what}: {mismatch.not_listed} of the file are not on the list, "
        f"{len(mismatch.unknown)} of the list are not in the file"
    )
    return both("list-mismatch", message)
