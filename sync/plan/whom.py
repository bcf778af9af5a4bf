"""Who is meant by an address, a name or a UID that somebody typed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from radicale_tldops.roster.contact import name_key
from radicale_tldops.roster.errors import RefusedError
from radicale_tldops.roster.login import canonical_login
from radicale_tldops.roster.traits import address_trait, trait_digest
from radicale_tldops.store.values import RosterState

_HINT = "`tldops people TEXT` finds them by a part, `tldops access list` shows who may read"


@dataclass(frozen=True, slots=True)
class Subject:
    """One person, or one reader who is no SSC.

    `owner` is the person's UID or the reader's login. `logins` are those on the list now, and `address` is one of them,
    else an address of the person, else what was typed.
    """

    owner: str
    name: str
    served: str
    logins: tuple[str, ...]
    address: str

    def __str__(self) -> str:
        return " ".join(filter(None, (self.served, self.name, f"({self.address or self.owner})")))


def find_subject(state: RosterState, typed: str, hint: str = _HINT) -> Subject:
    """Return the one person who is meant: by any address of the record, by the name, or by the UID.

    `hint` says how to find whom one means.

    Raises:
        RefusedError: nobody, or more than one person, is meant.
    """
    found = sorted((_subject(state, owner, typed) for owner in _owners(state, typed)), key=str)
    if len(found) == 1:
        return found[0]
    if not found:
        raise RefusedError(
            f"{typed!r} is no address, name or UID of anybody in the roster, on the list or denied. Nothing was "
            f"changed. Give the whole name or an address: {hint}."
        )
    raise RefusedError(
        f"{typed!r} may be {len(found)} people: {', '.join(map(str, found))}. Nothing was changed. Say which one by an "
        "address."
    )


def _owners(state: RosterState, typed: str) -> set[str]:
    """Return whose address, name or UID this is."""
    readers = {login: state.reader_uids[login] or login for login in state.readers}
    everybody = {*state.people, *readers.values(), *state.denials, *_union(state.departed)}
    if typed in everybody:
        return {typed}
    login = canonical_login(typed)
    if login:
        owners = {uid for uid, person in state.people.items() if login in person.contact.logins}
        owners |= {readers[login]} if login in readers else set()
        # Somebody who left is meant only where nobody has the address now.
        return owners or {
            *state.departed.get(trait_digest(address_trait(login)), ()),
            *(owner for owner, denial in state.denials.items() if denial.login == login),
        }
    name = name_key(typed)
    named = [(uid, person.contact.name) for uid, person in state.people.items()]
    named += [(readers[login], reader.name or reader.reason) for login, reader in state.readers.items()]
    named += [(owner, denial.name) for owner, denial in state.denials.items()]
    return {owner for owner, known in named if name and name_key(known) == name}


def _union(departed: Mapping[str, Iterable[str]]) -> set[str]:
    return {uid for uids in departed.values() for uid in uids}


def _subject(state: RosterState, owner: str, typed: str) -> Subject:
    logins = tuple(sorted(login for login in state.readers if (state.reader_uids[login] or login) == owner))
    person, denial = state.people.get(owner), state.denials.get(owner)
    contact = person.contact if person else None
    name = contact.name if contact else denial.name if denial else ""
    addresses = (*logins, *(contact.logins if contact else ()), denial.login if denial else canonical_login(typed))
    return Subject(owner, name, contact.served if contact else "", logins, addresses[0])
