"""Decides, from the vetted people and the list, who should be in the roster and who may read."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from radicale_tldops.roster.contact import Contact
from radicale_tldops.roster.traits import address_trait, name_trait
from radicale_tldops.store.values import NewReader, RosterState
from sync.plan.identify import How, Identifiable, Identities, Match, People, recognise
from sync.problems import Finding, Origin, Problem, Severity, cut_off_after
from sync.vet import Broken, Vetted


@dataclass(frozen=True, slots=True)
class Held:
    """A person who stays exactly as they are in this run, and why."""

    uid: str
    reason: str
    origins: tuple[Origin, ...] = ()


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

    `listed` are all logins on the list now, also of people who are not contacts.
    """

    people: Mapping[str, Match]
    held: Mapping[str, Held]
    readers: Mapping[str, NewReader]
    problems: tuple[Problem, ...]
    listed: frozenset[str] = frozenset()
    mismatch: Mismatch | None = None

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that stop a sync without `--quarantine`."""
        return tuple(problem for problem in self.problems if problem.severity is Severity.ERROR)

    @property
    def to_see(self) -> tuple[Problem, ...]:
        """The errors, and the warning that the file may be cut off; `check` shows the other warnings."""
        return tuple(
            problem
            for problem in self.problems
            if problem.severity is Severity.ERROR or cut_off_after([problem]) is not None
        )


def build(
    vetted: Vetted,
    state: RosterState,
    subscribers: frozenset[str] | None,
    configured: Mapping[str, str],
    claims: Mapping[str, date],
    identities: Identities,
) -> Wanted:
    """Decide who is in the roster and who may read.

    `subscribers` are the canonical logins on the list, None where the membership file itself is the list; `configured`
    are the readers who are no SSCs, with their reasons; `claims` the latest confirmations by UID.
    """
    known = {uid: person.contact for uid, person in state.people.items()}
    entries = [Identifiable(contact, origins) for contact, origins in vetted.contacts]
    found = recognise(entries, known, identities)
    people = {match.uid: _with_claim(match, claims) for match in found.matches}
    broken = [*vetted.broken, *(_as_broken(entry) for entry in found.unresolved)]
    held = _hold(broken, known, people)
    for uid in held:
        people.pop(uid, None)
    listed = vetted.listed if subscribers is None else subscribers
    readers = _readers(people, held, state, listed, list_is_file=subscribers is None)
    problems = [*vetted.problems, *found.problems]
    for login, reason in sorted(configured.items()):
        if subscribers is None or login in subscribers:
            readers[login] = NewReader(login, "", "", reason)
        else:
            message = f"{login} stands under [readers] but is not on the list, so it gets no login"
            problems.append(Finding("reader-not-listed", message).at(Origin("tldops.toml", 0)))
    mismatch = None
    if subscribers is not None:
        in_file = vetted.listed | {login for entry in entries for login in entry.contact.logins} | set(configured)
        in_file |= {login for contact, _ in vetted.unlisted for login in contact.logins}
        count = len(vetted.contacts) + len(vetted.unlisted) + len(vetted.broken)
        mismatch = Mismatch(len(vetted.unlisted), tuple(sorted(subscribers - in_file)), count)
    return Wanted(people, held, readers, tuple(sorted(problems)), listed, mismatch)


def _with_claim(match: Match, claims: Mapping[str, date]) -> Match:
    """Return the match with the later of two confirmations: the file's, or the one of `tldops confirm`."""
    claimed, contact = claims.get(match.uid), match.entry.contact
    if claimed is None or (contact.confirmed_on is not None and contact.confirmed_on >= claimed):
        return match
    return replace(match, entry=replace(match.entry, contact=replace(contact, confirmed_on=claimed)))


def _as_broken(entry: Identifiable) -> Broken:
    contact, logins, count = entry.contact, entry.contact.logins, len(entry.contact.listed)
    cctlds = tuple(label for label, _ in contact.slots)
    return Broken(entry.origins, contact.name, listed=logins[:count], out_of_band=logins[count:], cctlds=cctlds)


def _hold(broken: Sequence[Broken], known: Mapping[str, Contact], people: Mapping[str, Match]) -> dict[str, Held]:
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
                held[uid] = Held(uid, "missing, while a broken record could be this person's", origins[:3])
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
    return Wanted(matches, {}, readers, ())
