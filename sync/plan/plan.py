"""A plan: what a sync would do, as a value that a person can review and a store can carry out."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from radicale_tldops.roster.contact import Contact, people_per_cctld
from radicale_tldops.roster.device import GRACE
from radicale_tldops.settings import GuardSettings
from radicale_tldops.store.values import NEVER_SYNCED, LastSync, NewReader, RosterState, Source
from sync.plan.changes import PersonChange, PlannedChanges, ReaderChange, Totals
from sync.plan.devices import Ownership
from sync.plan.fields import Kind
from sync.plan.guards import Proposal, check
from sync.plan.hazards import NOT_INSTALLED, Hazard, Part, without_numbers
from sync.plan.inputs import Unended
from sync.plan.values import NO_VALUES, ValueChanges
from sync.plan.wanted import Wanted
from sync.problems import cut_off_after


@dataclass(frozen=True, slots=True)
class Plan:
    """The changes, the hazards, and an id over both, the inputs and the generation they start from.

    `removal_hazards` are those that are left when only the readers who left the list are shut out.

    `values` are the people with other values. `contacts` are the people to write, by UID, and `readers` the logins
    to write: what applying needs beside the changes themselves. `members` are the UIDs of each ccTLD afterwards, and
    `few` says how many contacts a ccTLD has then which loses some of them and has one or none.
    """

    base: int
    lineage: str
    kind: str
    sources: tuple[Source, ...]
    people: tuple[PersonChange, ...]
    access: tuple[ReaderChange, ...]
    hazards: tuple[Hazard, ...]
    removal_hazards: tuple[Hazard, ...]
    totals: Totals
    values: ValueChanges
    contacts: Mapping[str, Contact]
    readers: Mapping[str, NewReader]
    returned: frozenset[str]
    members: Mapping[str, tuple[str, ...]]
    few: Mapping[str, int]
    id: str = field(init=False)
    """Sixteen hex digits that change when anything that is to happen, or its base or input, does."""

    def __post_init__(self) -> None:
        # Once and row by row: as one text, the plan of a first sync would be the largest thing in memory.
        digest = hashlib.sha256()
        for row in self._content():
            digest.update(json.dumps(row, ensure_ascii=False).encode() + b"\n")
        object.__setattr__(self, "id", digest.hexdigest()[:16])

    def _content(self) -> Iterator[Sequence[object]]:
        """Yield what the id covers."""
        yield self.lineage, self.base, self.kind
        for source in self.sources:
            yield "source", source.part, source.sha256
        for person in self.people:
            # Who leaves the list does so on the day on which the plan is applied, not on that of the review.
            fields = [(f.field, f.old, f.new) for f in person.fields if f.field != "not_on_list_since"]
            yield "person", person.kind, person.uid, fields
        for login in self.access:
            yield "login", login.kind, login.login, login.name, login.reason
        for hazard in self.hazards:
            if hazard.code != NOT_INSTALLED:
                yield "hazard", hazard.code, hazard.part, hazard.message

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write; people who are merely held are nothing to write."""
        return not self.access and all(change.kind is Kind.HELD for change in self.people)

    def of_kind(self, kind: Kind) -> tuple[PersonChange, ...]:
        """Return the changes of one kind."""
        return tuple(change for change in self.people if change.kind is kind)

    def not_installed(self, configured: str) -> "Plan":
        """Return the plan with the hazard that the next sync of the configured file undoes it, if it does anything."""
        if self.is_empty:
            return self
        message = (
            f"this file is not the configured one, {configured}, whose next sync would undo this. Add --install, and "
            "it takes its place"
        )
        return replace(self, hazards=tuple(sorted((*self.hazards, Hazard(NOT_INSTALLED, Part.ROSTER, message)))))

    def removals_of_access(self) -> "Plan":
        """Return the part that a hazard in the roster does not stop: the readers who are to go."""
        gone = tuple(change for change in self.access if change.off_list)
        totals = replace(self.totals, added=0, removed=0, changed=0, readers_added=0, readers_removed=len(gone))
        return replace(
            self,
            kind="access",
            people=(),
            access=gone,
            hazards=self.removal_hazards,
            totals=totals,
            values=NO_VALUES,
            contacts={},
            readers={},
            returned=frozenset(),
            few={},
        )


@dataclass(frozen=True, slots=True)
class Basis:
    """What a plan is made from, beside the roster and what is wanted.

    `last` is what the last sync saw, `taken_back` the inputs that the last rollback undid, `devices` the number of
    devices of each owner that have not ended, `grace` how long somebody who left may come back and keep them.
    """

    kind: str = "sync"
    sources: tuple[Source, ...] = ()
    last: LastSync = NEVER_SYNCED
    taken_back: Sequence[Source] = ()
    devices: Mapping[str, int] = field(default_factory=dict)
    grace: timedelta = GRACE


def make_plan(
    state: RosterState,
    wanted: Wanted,
    limits: GuardSettings,
    now: datetime,
    card_key: Callable[[Contact, str], str],
    basis: Basis = Basis(),
) -> Plan:
    """Compare the newest generation with what is wanted.

    `card_key` gives the key under which a contact's rendered card is kept. The hazards count the last contacts who are
    held as well: many of them are a mass removal all the same.
    """
    ownership = _ownership(state, wanted, basis, now)
    changes = PlannedChanges.of(state, wanted, card_key, ownership.fates(basis.devices))
    guarded = changes
    if wanted.unguarded is not None:
        fates = _ownership(state, wanted.unguarded, basis, now).fates(basis.devices)
        guarded = PlannedChanges.of(state, wanted.unguarded, card_key, fates)
    access, members = changes.access, _members(state, wanted)
    proposal = _proposal(state, wanted, basis, guarded)
    removal_hazards = check(state, _removals_alone(proposal, guarded.access), limits, now)
    written = {change.uid for change in changes.people if change.kind in (Kind.ADDED, Kind.CHANGED, Kind.RERENDERED)}
    return Plan(
        base=state.base,
        lineage=state.lineage,
        kind=basis.kind,
        sources=basis.sources,
        people=changes.people,
        access=access,
        hazards=check(state, proposal, limits, now),
        removal_hazards=tuple(hazard for hazard in removal_hazards if hazard.part is Part.ACCESS),
        totals=changes.totals,
        values=changes.values,
        contacts={uid: wanted.people[uid].entry.contact for uid in sorted(written)},
        readers=_new_readers(wanted, access, ownership.known_since()),
        returned=frozenset(written & {uid for uids in state.departed.values() for uid in uids}),
        members=members,
        few=_few(state, members),
    )


def _new_readers(wanted: Wanted, access: Sequence[ReaderChange], since: Mapping[str, int]) -> Mapping[str, NewReader]:
    """Return the logins to write; `since` gives the generation from which an owner is known."""
    changed = sorted({change.login for change in access if change.kind is not Kind.REMOVED})
    readers = (wanted.readers[login] for login in changed)
    return {reader.login: replace(reader, since=since.get(reader.owner, 0)) for reader in readers}


def _ownership(state: RosterState, wanted: Wanted, basis: Basis, now: datetime) -> Ownership:
    """Return whose the devices are before and after."""
    in_time = {owner for owner, gone in state.absences.items() if not gone.is_over(now, basis.grace)}
    return Ownership(state, {login: new.owner for login, new in wanted.readers.items()}, frozenset(in_time))


def _proposal(state: RosterState, wanted: Wanted, basis: Basis, changes: PlannedChanges) -> Proposal:
    """Return what the guards look at in the whole plan."""
    known = {(uid, name) for uid, name, _ in basis.last.kept}
    before, kept = {uid for uid, _ in basis.last.held}, {value.uid for value in wanted.kept}
    return Proposal(
        totals=changes.totals,
        sources=basis.sources,
        applied=basis.last.sources,
        taken_back=basis.taken_back,
        mismatch=wanted.mismatch,
        gone={change.login for change in changes.access if change.kind is Kind.REMOVED},
        unended=_unended(wanted, basis.sources, changes.people, changes.access),
        values=changes.values,
        unclear=Counter(value.name for value in wanted.kept if (value.uid, value.name) not in known),
        newly_held=sum(not held.last_of and uid not in before | kept for uid, held in wanted.held.items()),
        is_rollback=basis.kind == "rollback",
        is_reread=_is_reread(state, basis, changes),
        columns_gone=set(basis.last.columns) - wanted.columns,
        last_contacts=[
            f"{' '.join(held.last_of)} would have no contact without {without_numbers(state.people[uid].contact.name)}"
            for uid, held in wanted.held.items()
            if held.last_of
        ],
    )


def _is_reread(state: RosterState, basis: Basis, changes: PlannedChanges) -> bool:
    """Tell whether values change or go although the membership file is the one that was applied last.

    Who was held then had a broken record, which other settings may allow now; a date that lay in the future may have
    come; and a rollback brings old cards back. Private columns have a database of their own, which may be a new one.
    """
    if basis.kind != "sync" or state.brought_back > basis.last.generation:
        return False
    before, now = (
        {source.sha256 for source in sources if source.part == "membership"}
        for sources in (basis.last.sources, basis.sources)
    )
    held = {uid for uid, _ in basis.last.held} | {uid for uid, _, _ in basis.last.kept}
    is_changed = any(change.kind is Kind.CHANGED and change.uid not in held for change in changes.people)
    return bool(now) and now == before and is_changed and changes.values.is_public


def _removals_alone(whole: Proposal, access: Sequence[ReaderChange]) -> Proposal:
    """Return what the guards look at where only the readers who left the list lose access."""
    gone = {change.login for change in access if change.off_list}
    totals = replace(whole.totals, added=0, removed=0, changed=0, readers_added=0, readers_removed=len(gone))
    unended = replace(whole.unended, people=0, logins=len(gone), readdressed="") if whole.unended else None
    return replace(whole, totals=totals, gone=gone, unended=unended, values=NO_VALUES)


def _unended(
    wanted: Wanted, sources: Sequence[Source], people: Sequence[PersonChange], access: Sequence[ReaderChange]
) -> Unended | None:
    """Return what a file that may be cut off would take; None for one with its end."""
    end = cut_off_after(wanted.problems)
    if end is None or not sources:
        return None
    is_list, last = len(sources) == 1, str(end)
    gone = [change for change in access if change.kind is Kind.REMOVED and (is_list or not change.off_list)]
    changed = [change for change in people if change.kind is Kind.CHANGED and last in change.origins]
    addresses = {"listed", "out_of_band"}
    moved = [person for person in changed if any(f.field in addresses for f in person.fields)]
    return Unended(
        name=sources[0].name,
        # Of whom another reason is known, stands in the file.
        people=sum(change.kind is Kind.REMOVED and change.uid not in wanted.gone for change in people),
        logins=len(gone),
        readdressed=without_numbers(next((person.name for person in moved), "")),
        is_list=is_list,
    )


def _members(state: RosterState, wanted: Wanted) -> Mapping[str, tuple[str, ...]]:
    members: dict[str, list[str]] = {}
    contacts = {uid: match.entry.contact for uid, match in wanted.people.items()}
    contacts |= {uid: state.people[uid].contact for uid in wanted.held}
    for uid, contact in contacts.items():
        for label, _ in contact.slots:
            members.setdefault(label, []).append(uid)
    return {label: tuple(sorted(uids)) for label, uids in sorted(members.items())}


def _few(state: RosterState, members: Mapping[str, Sequence[str]]) -> Mapping[str, int]:
    """Return the number of contacts afterwards of each ccTLD that has fewer than before, and one or none."""
    before = people_per_cctld(person.contact for person in state.people.values())
    after = {label: len(members.get(label, ())) for label in sorted(before)}
    return {label: number for label, number in after.items() if number < min(before[label], 2)}
