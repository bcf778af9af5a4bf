"""What a plan does: what happens to each person and each login, in words and in numbers."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from radicale_tldops.roster.cctld import Cctld
from radicale_tldops.roster.contact import Contact
from radicale_tldops.store.values import RosterState
from sync.plan.fields import FieldChange, Kind, compare
from sync.plan.identify import How, Match
from sync.plan.values import Pair, ValueChanges, compare_values
from sync.plan.wanted import Wanted


@dataclass(frozen=True, slots=True)
class PersonChange:
    """What happens to one person.

    `how` says by what the person was recognised, `reason` why somebody is held, goes, or counts as somebody else, or
    why a card changes though its data does not.
    """

    kind: Kind
    uid: str
    name: str
    cctlds: tuple[Cctld, ...]
    how: str = ""
    reason: str = ""
    origins: tuple[str, ...] = ()
    fields: tuple[FieldChange, ...] = ()

    @property
    def served(self) -> str:
        """The ccTLDs as people write them, as in `Contact.served`."""
        return " ".join(cctld.dotted for cctld in self.cctlds)


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
class Totals:
    """What a plan would do, in numbers. `people` is the number of people afterwards."""

    people: int
    added: int
    removed: int
    changed: int
    readers_added: int
    readers_removed: int


@dataclass(frozen=True, slots=True)
class PlannedChanges:
    """What a plan does to people and logins, in words and in numbers."""

    people: tuple[PersonChange, ...]
    access: tuple[ReaderChange, ...]
    totals: Totals
    values: ValueChanges

    @classmethod
    def of(
        cls,
        state: RosterState,
        wanted: Wanted,
        card_key: Callable[[Contact, str], str],
        fates: Mapping[str, str],
    ) -> "PlannedChanges":
        """Compare what is with what is wanted; `fates` say what happens to the devices of each login."""
        people = tuple(_people_changes(state, wanted, card_key))
        access = tuple(_reader_changes(state, wanted, fates))
        number = Counter(change.kind for change in people)
        totals = Totals(
            people=len(wanted.people) + len(wanted.held),
            added=number[Kind.ADDED],
            removed=number[Kind.REMOVED],
            changed=number[Kind.CHANGED] + number[Kind.RERENDERED],
            readers_added=sum(change.kind is Kind.ADDED for change in access),
            readers_removed=sum(change.kind is Kind.REMOVED for change in access),
        )
        before = {uid: person.contact for uid, person in state.people.items()}
        held = [before[uid] for uid in wanted.held]
        return cls(people, access, totals, compare_values(_pairs(state, wanted, people), before.values(), held))


def _pairs(state: RosterState, wanted: Wanted, changes: Sequence[PersonChange]) -> list[Pair]:
    """Return the people before and after: who is changed, new, or somebody else at the address of a removed one."""
    pairs = []
    removed: dict[str, Contact] = {}
    for change in changes:
        if change.kind is Kind.REMOVED:
            contact = state.people[change.uid].contact
            removed |= dict.fromkeys(contact.logins, contact)
    for change in changes:
        if change.kind not in (Kind.ADDED, Kind.CHANGED):
            continue
        match = wanted.people[change.uid]
        after = match.entry.contact
        if change.kind is Kind.CHANGED:
            pairs.append(Pair(state.people[change.uid].contact, after, claimed=match.is_claimed))
        elif before := next((removed[login] for login in after.logins if login in removed), None):
            pairs.append(Pair(before, after, is_successor=True))
        elif state.people:
            pairs.append(Pair(_NOBODY, after, is_new=True))
    return pairs


_UNPUBLISHED = "the card no longer shows note and evidence, which are the secretariat's alone"
_NOBODY = Contact(name="", services=(), listed=())


def _people_changes(
    state: RosterState, wanted: Wanted, card_key: Callable[[Contact, str], str]
) -> Iterable[PersonChange]:
    gone = [uid for uid in state.people if uid not in wanted.people and uid not in wanted.held]
    left = {
        login: state.people[uid].contact
        for uid in gone
        if uid not in wanted.gone
        for login in state.people[uid].contact.logins
    }
    changes = [
        change
        for match in wanted.people.values()
        if (change := _person_change(state, match, card_key, left)) is not None
    ]
    for uid, held in wanted.held.items():
        contact = state.people[uid].contact
        origins = tuple(str(origin) for origin in held.origins)
        changes.append(PersonChange(Kind.HELD, uid, contact.name, contact.cctlds, reason=held.reason, origins=origins))
    for uid in gone:
        contact = state.people[uid].contact
        reason = wanted.gone.get(uid) or _not_in_file(contact, wanted)
        changes.append(PersonChange(Kind.REMOVED, uid, contact.name, contact.cctlds, reason=reason))
    return sorted(changes, key=lambda change: (list(Kind).index(change.kind), change.served, change.name, change.uid))


def _not_in_file(contact: Contact, wanted: Wanted) -> str:
    """Return why somebody goes of whom nothing else is known, and who has the address now."""
    heirs = (wanted.readers[login].name for login in contact.logins if login in wanted.readers)
    heir = next(filter(None, heirs), "")
    return "not in the file any more" + (f"; the address is that of {heir} now" if heir else "")


def _person_change(
    state: RosterState, match: Match, card_key: Callable[[Contact, str], str], left: Mapping[str, Contact]
) -> PersonChange | None:
    """Return what happens to somebody in the file, None where nothing does; `left` are those who go, by login."""
    contact, stored = match.entry.contact, state.people.get(match.uid)
    origins = tuple(str(origin) for origin in match.entry.origins)
    if stored is None:
        how = f"returned: {match.how}" if match.returned else How.NEW.value
        fields, reason = compare(_NOBODY, contact), _not_who_left(contact, left)
        return PersonChange(Kind.ADDED, match.uid, contact.name, contact.cctlds, how, reason, origins, fields)
    if stored.key == card_key(contact, match.uid) and stored.contact.private == contact.private:
        return None
    differences = compare(stored.contact, contact)
    kind = Kind.CHANGED if differences else Kind.RERENDERED
    reason = _UNPUBLISHED if stored.shows_private else ""
    return PersonChange(
        kind, match.uid, contact.name, contact.cctlds, match.how.value, reason, origins=origins, fields=differences
    )


def _not_who_left(contact: Contact, left: Mapping[str, Contact]) -> str:
    """Return why somebody with the address of a person who goes counts as somebody else, or ""."""
    login = next((login for login in contact.logins if login in left), "")
    if not login:
        return ""
    return f"somebody else than {left[login].name}, who had the address; if it is one person: --same-person {login}"


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
