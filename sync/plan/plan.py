"""A plan: what a sync would do, as a value that a person can review and a store can carry out."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from radicale_tldops.roster.contact import Contact
from radicale_tldops.settings import GuardSettings
from radicale_tldops.store.values import NewReader, RosterState, Source
from sync.plan.devices import Ownership
from sync.plan.fields import FieldChange, compare
from sync.plan.guards import Hazard, Part, Proposal, Totals, Unended, check
from sync.plan.identify import How, Match
from sync.plan.wanted import Wanted
from sync.problems import cut_off_after


class Kind(StrEnum):
    """What happens to a person: `rerendered` is a card with the same data in a new layout."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"
    HELD = "held"
    RERENDERED = "rerendered"


@dataclass(frozen=True, slots=True)
class PersonChange:
    """What happens to one person. `how` tells by what the person was recognised, `reason` why somebody is held."""

    kind: Kind
    uid: str
    name: str
    served: str
    how: str = ""
    reason: str = ""
    origins: tuple[str, ...] = ()
    fields: tuple[FieldChange, ...] = ()


@dataclass(frozen=True, slots=True)
class ReaderChange:
    """A login that comes, goes, or is somebody else's now; `devices` says what happens to the person's devices.

    `off_list` tells that the login goes because it is not on the list any more, and not because of the roster.
    """

    kind: Kind
    login: str
    name: str
    reason: str = ""
    devices: str = ""
    off_list: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """The changes, the hazards, and an id over both, the inputs and the generation they start from.

    `removal_hazards` are those that are left when only the readers who left the list are shut out.

    `contacts` are the people to write, by UID, and `readers` the logins to write: what applying needs beside the
    changes themselves. `members` are the UIDs of each ccTLD afterwards.
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
    contacts: Mapping[str, Contact]
    readers: Mapping[str, NewReader]
    returned: frozenset[str]
    members: Mapping[str, tuple[str, ...]]
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
            yield "person", person.kind, person.uid, [(f.field, f.old, f.new) for f in person.fields]
        for login in self.access:
            yield "login", login.kind, login.login, login.name, login.reason
        for hazard in self.hazards:
            yield "hazard", hazard.code, hazard.part, hazard.message

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write; people who are merely held are nothing to write."""
        return not self.access and all(change.kind is Kind.HELD for change in self.people)

    def of_kind(self, kind: Kind) -> tuple[PersonChange, ...]:
        """Return the changes of one kind."""
        return tuple(change for change in self.people if change.kind is kind)

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
            contacts={},
            readers={},
            returned=frozenset(),
        )


@dataclass(frozen=True, slots=True)
class Basis:
    """What a plan is made from, beside the roster and what is wanted.

    `applied` are the inputs that were applied last, `devices` the number of devices of each owner that have not ended,
    `grace` how long somebody who left may come back and keep them.
    """

    kind: str = "sync"
    sources: tuple[Source, ...] = ()
    applied: Sequence[Source] = ()
    devices: Mapping[str, int] = field(default_factory=dict)
    grace: timedelta = timedelta(days=30)


def make_plan(
    state: RosterState,
    wanted: Wanted,
    limits: GuardSettings,
    now: datetime,
    card_key: Callable[[Contact, str], str],
    basis: Basis = Basis(),
) -> Plan:
    """Compare the newest generation with what is wanted.

    `card_key` gives the key under which a contact's rendered card is kept.
    """
    people = tuple(_people_changes(state, wanted, card_key))
    after = {login: new.owner for login, new in wanted.readers.items()}
    in_time = {owner for owner, gone in state.absences.items() if not gone.is_over(now, basis.grace)}
    ownership = Ownership(state, after, frozenset(in_time))
    access = tuple(_reader_changes(state, wanted, ownership.fates(basis.devices)))
    proposal = _proposal(state, wanted, basis, people, access)
    removal_hazards = check(state, _removals_alone(proposal, access), limits, now)
    written = {change.uid for change in people if change.kind in (Kind.ADDED, Kind.CHANGED, Kind.RERENDERED)}
    since = ownership.known_since()
    changed_logins = {change.login for change in access if change.kind is not Kind.REMOVED}
    return Plan(
        base=state.base,
        lineage=state.lineage,
        kind=basis.kind,
        sources=basis.sources,
        people=people,
        access=access,
        hazards=check(state, proposal, limits, now),
        removal_hazards=tuple(hazard for hazard in removal_hazards if hazard.part is Part.ACCESS),
        totals=proposal.totals,
        contacts={uid: wanted.people[uid].entry.contact for uid in sorted(written)},
        readers={
            login: replace(wanted.readers[login], since=since.get(after[login], 0)) for login in sorted(changed_logins)
        },
        returned=frozenset(written & {uid for uids in state.departed.values() for uid in uids}),
        members=_members(state, wanted),
    )


def _proposal(
    state: RosterState, wanted: Wanted, basis: Basis, people: Sequence[PersonChange], access: Sequence[ReaderChange]
) -> Proposal:
    """Return what the guards look at in the whole plan."""
    number = Counter(change.kind for change in people)
    gone = {change.login for change in access if change.kind is Kind.REMOVED}
    totals = Totals(
        people=len(wanted.people) + len(wanted.held),
        added=number[Kind.ADDED],
        removed=number[Kind.REMOVED],
        changed=number[Kind.CHANGED] + number[Kind.RERENDERED],
        readers_added=sum(change.kind is Kind.ADDED for change in access),
        readers_removed=len(gone),
        single=_removes_one_person(state, people, access),
    )
    unended = _unended(wanted, basis.sources, people, access)
    lost = _lost(state, wanted)
    return Proposal(totals, basis.sources, basis.applied, wanted.mismatch, gone, unended, lost)


def _removals_alone(whole: Proposal, access: Sequence[ReaderChange]) -> Proposal:
    """Return what the guards look at where only the readers who left the list lose access."""
    gone = {change.login for change in access if change.off_list}
    totals = replace(whole.totals, added=0, removed=0, changed=0, readers_added=0, readers_removed=len(gone))
    unended = replace(whole.unended, people=0, logins=len(gone), readdressed="") if whole.unended else None
    return replace(whole, totals=totals, gone=gone, unended=unended, lost={})


def _lost(state: RosterState, wanted: Wanted) -> Mapping[str, int]:
    """Count the people who have telephone numbers, slots or out-of-band addresses, and would have none any more."""
    pairs = [
        (state.people[uid].contact, match.entry.contact) for uid, match in wanted.people.items() if uid in state.people
    ]
    have: Mapping[str, Callable[[Contact], bool]] = {
        "telephone numbers": lambda contact: bool(contact.phones),
        "slots": lambda contact: any(slot is not None for _, slot in contact.slots),
        "out-of-band addresses": lambda contact: bool(contact.out_of_band),
    }
    return {what: sum(has(old) and not has(new) for old, new in pairs) for what, has in have.items()}


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
    return Unended(
        name=sources[0].name,
        people=sum(change.kind is Kind.REMOVED for change in people),
        logins=len(gone),
        readdressed=next((person.name for person in changed if any(f.field in addresses for f in person.fields)), ""),
        is_list=is_list,
    )


def _people_changes(
    state: RosterState, wanted: Wanted, card_key: Callable[[Contact, str], str]
) -> Iterable[PersonChange]:
    changes = [
        change for uid, match in wanted.people.items() if (change := _person_change(state, match, card_key)) is not None
    ]
    for uid, held in wanted.held.items():
        contact = state.people[uid].contact
        origins = tuple(str(origin) for origin in held.origins)
        changes.append(PersonChange(Kind.HELD, uid, contact.name, contact.served, reason=held.reason, origins=origins))
    for uid, person in state.people.items():
        if uid not in wanted.people and uid not in wanted.held:
            changes.append(PersonChange(Kind.REMOVED, uid, person.contact.name, person.contact.served))
    return sorted(changes, key=lambda change: (list(Kind).index(change.kind), change.served, change.name, change.uid))


def _person_change(state: RosterState, match: Match, card_key: Callable[[Contact, str], str]) -> PersonChange | None:
    contact, stored = match.entry.contact, state.people.get(match.uid)
    origins = tuple(str(origin) for origin in match.entry.origins)
    if stored is None:
        how = f"returned: {match.how}" if match.returned else How.NEW.value
        empty = Contact(name="", slots=(), listed=())
        return PersonChange(
            Kind.ADDED, match.uid, contact.name, contact.served, how, origins=origins, fields=compare(empty, contact)
        )
    if stored.key == card_key(contact, match.uid):
        return None
    differences = compare(stored.contact, contact)
    kind = Kind.CHANGED if differences else Kind.RERENDERED
    return PersonChange(
        kind, match.uid, contact.name, contact.served, match.how.value, origins=origins, fields=differences
    )


def _reader_changes(state: RosterState, wanted: Wanted, fates: Mapping[str, str]) -> Iterable[ReaderChange]:
    """Return what happens to each login; `fates` say what happens to the devices of its owner."""
    changes, readers = [], wanted.readers
    for login, new in readers.items():
        old = state.readers.get(login)
        if old is None:
            changes.append(ReaderChange(Kind.ADDED, login, new.name, new.reason, fates.get(login, "")))
        elif state.reader_uids[login] != new.uid:
            changes.append(ReaderChange(Kind.CHANGED, login, new.name, "somebody else's now", fates.get(login, "")))
        elif (old.name, old.reason) != (new.name, new.reason):
            changes.append(ReaderChange(Kind.CHANGED, login, new.name, new.reason))
    for login, old in state.readers.items():
        if login not in readers:
            off_list = login not in wanted.listed or bool(old.reason)
            changes.append(ReaderChange(Kind.REMOVED, login, old.name, old.reason, fates.get(login, ""), off_list))
    return sorted(changes, key=lambda change: (list(Kind).index(change.kind), change.login))


def _removes_one_person(state: RosterState, people: Sequence[PersonChange], access: Sequence[ReaderChange]) -> bool:
    """Tell whether the plan takes one person, with the logins of that person, and does nothing else."""
    doing = [change for change in people if change.kind is not Kind.HELD]
    kinds = {change.kind for change in doing} | {change.kind for change in access}
    if kinds != {Kind.REMOVED}:
        return False
    uids = {change.uid for change in doing} | {state.reader_uids[change.login] or change.login for change in access}
    return len(uids) == 1


def _members(state: RosterState, wanted: Wanted) -> Mapping[str, tuple[str, ...]]:
    members: dict[str, list[str]] = {}
    contacts = {uid: match.entry.contact for uid, match in wanted.people.items()}
    contacts |= {uid: state.people[uid].contact for uid in wanted.held}
    for uid, contact in contacts.items():
        for label, _ in contact.slots:
            members.setdefault(label, []).append(uid)
    return {label: tuple(sorted(uids)) for label, uids in sorted(members.items())}
