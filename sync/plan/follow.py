"""Who may read according to the list alone; the roster stays as it is."""

from collections.abc import Collection, Mapping

from radicale_tldops.store.values import NewReader, RosterState
from sync.plan.identify import How, Identifiable, Match
from sync.plan.wanted import Mismatch, Wanted, readers_of
from sync.problems import Origin


def follow(
    state: RosterState,
    listed: frozenset[str],
    configured: Mapping[str, str],
    held: Collection[str],
    known: Collection[str],
    *,
    since: int,
) -> Wanted:
    """Return the wanted state: the people of the roster, who read under their addresses on the list.

    `configured` are the readers who are no SSCs, with their reasons. `held` are the UIDs of people whose record was
    broken at the last full sync, which found generation `since`: they get no login that they do not have. `known` are
    the addresses on the list that the membership file explained then although nobody in the roster has them.

    The cards may have been brought back from earlier since then. Readers stay those of the newest sync: a reader
    keeps access under the same address, whatever the cards say, and old cards give nobody access.
    """
    origin = (Origin("the roster", 0),)
    people = {
        uid: Match(uid, Identifiable(person.contact, origin), How.LIST_ADDRESS) for uid, person in state.people.items()
    }
    is_old = state.brought_back > since
    current = {} if is_old else {uid: match for uid, match in people.items() if uid not in held}
    readers = readers_of(current, listed)
    for login, uid in state.reader_uids.items():
        if uid and login in listed:
            readers[login] = NewReader(login, uid, state.readers[login].name, state.readers[login].reason)
    readers |= {login: NewReader(login, "", "", reason) for login, reason in configured.items() if login in listed}
    return Wanted(people, {}, readers, (), listed, _mismatch(state, listed, {*configured, *known}, is_old=is_old))


def _mismatch(state: RosterState, listed: frozenset[str], explained: Collection[str], *, is_old: bool) -> Mismatch:
    """Compare the list with the roster, or with the readers where the cards are old: people may have left since."""
    logins = {uid: set(person.contact.logins) for uid, person in state.people.items()}
    reading = {login: uid for login, uid in state.reader_uids.items() if uid}
    for login, uid in reading.items():
        logins.setdefault(uid, set()).add(login)
    measured = set(reading.values()) if is_old else set(state.people)
    unlisted = sum(listed.isdisjoint(logins[uid]) for uid in measured)
    unknown = listed.difference(explained, *logins.values())
    return Mismatch(unlisted, tuple(sorted(unknown)), len(measured))


def known_beside(wanted: Wanted, state: RosterState) -> tuple[str, ...]:
    """Return the addresses on the list that the membership file explains although nobody in the roster has them.

    Addresses of broken records, for example. `tldops follow`, which reads the list alone, must not call them unknown.
    """
    if wanted.mismatch is None:
        return ()
    people = {login for match in wanted.people.values() for login in match.entry.contact.logins}
    people |= {login for uid in wanted.held for login in state.people[uid].contact.logins}
    return tuple(sorted(wanted.listed - people - set(wanted.mismatch.unknown) - set(wanted.readers)))
