"""What the list alone says about readers, with the roster left as it is."""

from collections.abc import Collection, Mapping

from radicale_tldops.store.values import NewReader, RosterState
from sync.identify import Entry, How, Match
from sync.records import Origin
from sync.wanted import Mismatch, Wanted


def follow(
    state: RosterState,
    listed: frozenset[str],
    configured: Mapping[str, str],
    held: Collection[str],
    known: Collection[str],
) -> Wanted:
    """Return the wanted state in which the people are those of the roster, and read under those addresses on the list.

    `configured` are the readers who are no SSCs, with their reasons. `held` are the UIDs of people whose record was
    broken at the last full sync: they get no login that they do not have. `known` are the addresses on the list that
    the membership file explained then although nobody in the roster has them.
    """
    origin = (Origin("the roster", 0),)
    people = {uid: Match(uid, Entry(person.contact, origin), How.LIST_ADDRESS) for uid, person in state.people.items()}
    readers = {
        login: NewReader(login, uid, match.entry.contact.name)
        for uid, match in people.items()
        for login in match.entry.contact.logins
        if login in listed and (uid not in held or state.reader_uids.get(login) == uid)
    }
    readers |= {login: NewReader(login, "", "", reason) for login, reason in configured.items() if login in listed}
    in_roster = _logins(state)
    unlisted = sum(listed.isdisjoint(match.entry.contact.logins) for match in people.values())
    unknown = listed - in_roster - set(configured) - set(known)
    return Wanted(people, {}, readers, (), listed, Mismatch(unlisted, tuple(sorted(unknown))))


def known_beside(wanted: Wanted, state: RosterState) -> tuple[str, ...]:
    """Return the addresses on the list that the membership file explains although nobody in the roster has them.

    Those of broken records, for example. A later look at the list alone must not take them for strangers.
    """
    if wanted.mismatch is None:
        return ()
    people = {login for match in wanted.people.values() for login in match.entry.contact.logins}
    people |= {login for uid in wanted.held for login in state.people[uid].contact.logins}
    return tuple(sorted(wanted.listed - people - set(wanted.mismatch.unknown) - set(wanted.readers)))


def _logins(state: RosterState) -> set[str]:
    return {login for person in state.people.values() for login in person.contact.logins}
