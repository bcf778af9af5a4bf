"""Decides, from the vetted people and the list, who should be in the roster and who may read."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from radicale_tldops.roster.contact import Contact, is_stale
from radicale_tldops.roster.device import GRACE
from radicale_tldops.roster.traits import address_trait, name_trait
from radicale_tldops.store.values import NewReader, RosterState
from sync.plan.identify import How, Identifiable, Identities, Match, People, Recognised, recognise
from sync.plan.kept import Kept, Unclear, keep_values
from sync.plan.leaving import Leaving, with_leavers
from sync.plan.moves import leave_appointments
from sync.plan.series import counted_up
from sync.problems import Finding, Origin, Problem
from sync.vet import Broken, Vetted


@dataclass(frozen=True, slots=True)
class Held:
    """A person who stays exactly as they are in this run, and why.

    `last_of` are the ccTLDs that would be left without a contact, as people write them.
    """

    uid: str
    reason: str
    origins: tuple[Origin, ...] = ()
    last_of: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mismatch:
    """How far the list and the file disagree: people of the file who are not listed, and listed addresses of nobody.

    `in_file` is how many people the list was compared with.
    """

    not_listed: int = 0
    unknown: tuple[str, ...] = ()
    in_file: int = 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a sync should result in. `people` are matches by UID; a contact in neither `people` nor `held` is removed.

    `listed` are all logins on the list now, also of people who are not contacts. `columns` are those of the file.
    `kept` are the values of the roster that stay because the file's are not understood. `gone` says why people are
    removed of whom more is known than that the file does not have them. `unguarded` is the state in which no last
    contact of a ccTLD is held, None where nobody is.
    """

    people: Mapping[str, Match]
    held: Mapping[str, Held]
    readers: Mapping[str, NewReader]
    problems: tuple[Problem, ...]
    listed: frozenset[str] = frozenset()
    mismatch: Mismatch | None = None
    columns: frozenset[str] = frozenset()
    kept: tuple[Kept, ...] = ()
    gone: Mapping[str, str] = field(default_factory=dict)
    unguarded: "Wanted | None" = None

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that stop a sync without `--quarantine`."""
        return tuple(problem for problem in self.problems if problem.is_error)


@dataclass(frozen=True, slots=True)
class Given:
    """What decides who should be in the roster and who may read.

    `subscribers` are the canonical logins on the list, None where the membership file itself is the list; `configured`
    are the readers who are no SSCs, with their reasons; `claims` the latest confirmations by UID. `kept` says since
    when the roster keeps a value that the file does not give readably, by UID and field; `today` is the day of the
    sync, and `grace` how long the card of somebody who left the list stays. After `stale_after_months` the card says
    that nobody confirmed it; 0 for never.
    """

    vetted: Vetted
    today: date
    subscribers: frozenset[str] | None = None
    configured: Mapping[str, str] = field(default_factory=dict)
    claims: Mapping[str, date] = field(default_factory=dict)
    kept: Mapping[tuple[str, str], date] = field(default_factory=dict)
    grace: timedelta = GRACE
    stale_after_months: int = 0
    require_appointment: bool = False


def build(given: Given, state: RosterState, identities: Identities) -> Wanted:
    """Decide who is in the roster and who may read."""
    vetted = given.vetted
    known = {uid: person.contact for uid, person in state.people.items()}
    entries = sorted((Identifiable(*person) for person in (*vetted.contacts, *vetted.unlisted)), key=_place)
    series, damaged = counted_up(entries, known.values())
    counted = {entry.origins for entry in series}
    uncounted = [entry for entry in entries if entry.origins not in counted]
    found, gone = _recognise(uncounted, given, state, identities)
    matches = [_with_claim(match, given.claims) for match in found.matches]
    matches, moved, about_moved = leave_appointments(matches, known, required=given.require_appointment)
    assumed = frozenset(problem.origin for problem in vetted.problems if problem.code == "assumed-region")
    people, kept, unkept = keep_values(matches, known, Unclear(vetted.unread, assumed, given.kept, given.today))
    people = {uid: _with_staleness(match, given) for uid, match in people.items()}
    broken = [*vetted.broken, *(_as_broken(entry) for entry in (*series, *found.unresolved, *moved, *unkept))]
    held = _hold(broken, known, people, gone)
    for uid in held:
        people.pop(uid, None)
    problems = (*vetted.problems, *damaged, *found.problems, *about_moved, *(value.problem for value in kept))
    whole = Wanted(
        *(people, held, {}, problems),
        mismatch=_mismatch(given, entries),
        columns=vetted.columns,
        kept=kept,
        gone=gone,
    )
    return hold_last_contacts(whole, known, lambda wanted: _with_readers(wanted, given, state))


def _recognise(
    entries: Sequence[Identifiable], given: Given, state: RosterState, identities: Identities
) -> tuple[Recognised, Mapping[str, str]]:
    """Return who the entries are, first those on the list, and by UID why the card of somebody in the file goes."""
    unlisted = {origins for _, origins in given.vetted.unlisted}
    known = {uid: person.contact for uid, person in state.people.items()}
    found = recognise([entry for entry in entries if entry.origins not in unlisted], known, identities)
    off_list = [entry for entry in entries if entry.origins in unlisted]
    return with_leavers(found, Leaving(off_list, given.today, given.grace), state, identities)


def _with_readers(wanted: Wanted, given: Given, state: RosterState) -> Wanted:
    """Return the wanted state with everybody who may read."""
    listed = given.vetted.listed if given.subscribers is None else given.subscribers
    readers = _readers(wanted.people, wanted.held, state, listed, list_is_file=given.subscribers is None)
    problems = list(wanted.problems)
    for login, reason in sorted(given.configured.items()):
        if given.subscribers is None or login in given.subscribers:
            readers[login] = NewReader(login, "", "", reason)
        else:
            message = f"{login} stands under [readers] but is not on the list, so it gets no login"
            problems.append(Finding("reader-not-listed", message).at(Origin("tldops.toml", 0)))
    return replace(wanted, readers=readers, problems=tuple(sorted(problems)), listed=listed)


def _mismatch(given: Given, entries: Sequence[Identifiable]) -> Mismatch | None:
    """Return how far a separate list and the file disagree."""
    vetted = given.vetted
    if given.subscribers is None:
        return None
    in_file = vetted.listed | {login for entry in entries for login in entry.contact.logins} | set(given.configured)
    count = len(entries) + len(vetted.broken)
    return Mismatch(len(vetted.unlisted), tuple(sorted(given.subscribers - in_file)), count)


def hold_last_contacts(whole: Wanted, known: Mapping[str, Contact], with_readers: Callable[[Wanted], Wanted]) -> Wanted:
    """Hold everybody without whom a ccTLD would have no contact any more, and complete the state with its readers."""
    last: dict[str, Held] = {}
    while True:
        # Who is held goes on serving what they served, and does not serve what the file says: look again.
        held = {*whole.held, *last}
        served = {label for uid in held for label, _ in known[uid].slots}
        served |= {slot[0] for uid, m in whole.people.items() if uid not in last for slot in m.entry.contact.slots}
        found = {
            uid: tuple(cctld.dotted for cctld in contact.cctlds if cctld.a_label not in served)
            for uid, contact in known.items()
            if uid not in held
        }
        new = {uid: left for uid, left in found.items() if left}
        if not new:
            break
        last |= {uid: Held(uid, f"the last contact of {' '.join(left)}", last_of=left) for uid, left in new.items()}
    if not last:
        return with_readers(whole)
    people = {uid: match for uid, match in whole.people.items() if uid not in last}
    unguarded = with_readers(whole)
    return replace(with_readers(replace(whole, people=people, held={**whole.held, **last})), unguarded=unguarded)


def _with_claim(match: Match, claims: Mapping[str, date]) -> Match:
    """Return the match with the later of two confirmations: the file's, or the one of `tldops confirm`."""
    claimed, contact = claims.get(match.uid), match.entry.contact
    if claimed is None or (contact.confirmed_on is not None and contact.confirmed_on >= claimed):
        return match
    dated = replace(match.entry, contact=replace(contact, confirmed_on=claimed))
    return replace(match, entry=dated, is_claimed=True)


def _with_staleness(match: Match, given: Given) -> Match:
    """Return the match, with the day of the last confirmation once more where that is too long ago."""
    day, months = match.entry.contact.confirmed_on, given.stale_after_months
    if day is None or not months or not is_stale(day, given.today, months):
        return match
    return replace(match, entry=replace(match.entry, contact=replace(match.entry.contact, not_confirmed_since=day)))


def _place(entry: Identifiable) -> tuple[Origin, ...]:
    return entry.origins


def _as_broken(entry: Identifiable) -> Broken:
    contact, logins, count = entry.contact, entry.contact.logins, len(entry.contact.listed)
    cctlds = tuple(label for label, _ in contact.slots)
    return Broken(entry.origins, contact.name, listed=logins[:count], out_of_band=logins[count:], cctlds=cctlds)


def _hold(
    broken: Sequence[Broken], known: Mapping[str, Contact], people: Mapping[str, Match], gone: Mapping[str, str]
) -> dict[str, Held]:
    """Hold everybody whose record is broken; if a broken record could be anybody's, hold all missing people."""
    index = People(known)
    held: dict[str, Held] = {}
    stray: list[Broken] = []
    for record in broken:
        uids = index.with_any(_traits(record))
        # A record that matches a person with another record may belong to anybody.
        if len(uids) != 1 or uids & (people.keys() | held.keys()):
            stray.append(record)
        if len(uids) == 1:
            uid = uids.pop()
            held[uid] = Held(uid, "the record is broken", record.origins)
    if stray:
        origins = tuple(origin for record in stray for origin in record.origins)
        for uid in known:
            if uid not in people and uid not in held:
                why = gone.get(uid, "not in the file")
                held[uid] = Held(uid, f"{why}, but a broken record could be this person's", origins[:3])
    return held


def _traits(broken: Broken) -> Iterable[str]:
    yield from (address_trait(login) for login in (*broken.listed, *broken.out_of_band))
    if broken.name:
        yield from (name_trait(label, broken.name) for label in broken.cctlds)


def _readers(
    people: Mapping[str, Match],
    held: Mapping[str, Held],
    state: RosterState,
    listed: frozenset[str],
    *,
    list_is_file: bool,
) -> dict[str, NewReader]:
    """Give a login to every listed address of everybody in the roster; the access of held people stays as it is.

    A separate list is authoritative even for held people: a login that is not on it has no access.
    """
    readers = readers_of(people, listed)
    for login, reader in state.readers.items():
        uid = state.reader_uids[login]
        if uid in held and login not in readers and (list_is_file or login in listed):
            readers[login] = NewReader(login, uid, reader.name, reader.reason)
    return readers


def readers_of(people: Mapping[str, Match], listed: frozenset[str]) -> dict[str, NewReader]:
    """Return a reader for each listed address of these people."""
    return {
        login: NewReader(login, uid, match.entry.contact.name)
        for uid, match in people.items()
        for login in match.entry.contact.logins
        if login in listed
    }


def roll_back(state: RosterState, people: Mapping[str, Contact], number: int) -> Wanted:
    """Return the wanted state in which the cards are those of generation `number` and the readers those of today.

    A rollback of cards gives nobody access.
    """
    origin = Origin(f"generation {number}", 0)
    matches = {uid: Match(uid, Identifiable(contact, (origin,)), How.LIST_ADDRESS) for uid, contact in people.items()}
    readers = {
        login: NewReader(login, state.reader_uids[login], reader.name, reader.reason)
        for login, reader in state.readers.items()
    }
    known = {uid: person.contact for uid, person in state.people.items()}
    gone = {uid: f"not in generation {number}" for uid in known if uid not in people}
    return hold_last_contacts(Wanted(matches, {}, readers, (), gone=gone), known, lambda wanted: wanted)
