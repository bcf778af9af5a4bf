"""Who is who: which record of the file is which person of the roster.

A person is recognised by a list address, an out-of-band address, or the name within a ccTLD, so that the UID outlives a
change of any two of them. A record that could be two people is a problem for the secretariat; nothing is guessed.

At an address whose new name shares no word with the old one, and is not the old one with a slip, somebody else is
assumed, unless somebody says that it is the same person.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Self
from uuid import UUID

from radicale_tldops.roster.contact import Contact
from radicale_tldops.roster.login import canonical_login
from radicale_tldops.roster.traits import (
    address_trait,
    name_letters,
    name_traits,
    name_words,
    trait_digest,
    traits,
    word_digest,
)
from radicale_tldops.store.values import RosterState
from sync.problems import Finding, Origin, Problem

_NEARLY = 0.66
"""Names with so large a part of their letters in common, in their order, are one name with a slip."""
_LEAST = 4
"""So many letters at the end or the beginning of a name are the rest of it."""


class How(StrEnum):
    """By what a person was recognised, the strongest first."""

    LIST_ADDRESS = "list address"
    OUT_OF_BAND = "out-of-band address"
    NAME = "name within the ccTLD"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Identifiable:
    """A vetted contact and where it stands."""

    contact: Contact
    origins: tuple[Origin, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """An entry and its person: a person of the roster, one who returns, or a new one.

    `is_claimed` says that the date of confirmation is not the file's, but that of `tldops confirm`.
    """

    uid: str
    entry: Identifiable
    how: How
    returned: bool = False
    is_claimed: bool = False


@dataclass(frozen=True, slots=True)
class Identities:
    """What decides who is who, beside the entries and the roster.

    `departed` maps digests of traits, and of the words of names, to the UIDs of those who left. `new_uid` derives a UID
    from a canonical address; `spent` are UIDs that were given before. `same_people` are addresses at which a new name
    is the same person's. `seed` is a text of this store and generation.
    """

    departed: Mapping[str, frozenset[str]]
    new_uid: Callable[[str], str]
    spent: frozenset[str] = frozenset()
    same_people: frozenset[str] = frozenset()
    seed: str = ""

    @classmethod
    def of(cls, state: RosterState, new_uid: Callable[[str], str], same_people: Collection[str] = ()) -> Self:
        """Return what decides for a state of the store."""
        return cls(state.departed, new_uid, state.spent, frozenset(same_people), f"{state.lineage} {state.base}")

    def uid(self, address: str, used: Collection[str]) -> str:
        """Return the UID of a new person: the one of the address, or version 4 where that belonged to somebody else.

        That one is made from the seed, so that a plan that is reviewed and the one that is applied are the same.
        """
        derived = self.new_uid(address)
        if derived not in used:
            return derived
        return str(UUID(bytes=hashlib.sha256(f"{self.seed} {address}".encode()).digest()[:16], version=4))

    def is_same(self, contact: Contact, other: Contact) -> bool:
        """Tell whether a contact with an address of another one is the same person, by the name or by what was said."""
        return self._is_said(contact) or is_same_name(contact.name, other.name)

    def has_left(self, contact: Contact, uid: str) -> bool:
        """Tell whether a contact may be somebody who left, by the words of the name: no more is kept of it."""
        return self._is_said(contact) or any(
            word_digest(uid, word) in self.departed for word in name_words(contact.name)
        )

    def _is_said(self, contact: Contact) -> bool:
        return not self.same_people.isdisjoint(contact.logins)


def is_same_name(name: str, other: str) -> bool:
    """Tell whether two names at one address are one person's: they share a word, or are the same but for a slip.

    A blank that is lost, a letter that is another, or a part that is missing may leave no word as it was.
    """
    if name_words(name) & name_words(other):
        return True
    shorter, longer = sorted((name_letters(name), name_letters(other)), key=len)
    if len(shorter) >= _LEAST and (longer.startswith(shorter) or longer.endswith(shorter)):
        return True
    return SequenceMatcher(None, shorter, longer, autojunk=False).ratio() >= _NEARLY


@dataclass(frozen=True, slots=True)
class Recognised:
    """The matches in the order of the entries, the entries that could not be matched, and why not."""

    matches: tuple[Match, ...]
    unresolved: tuple[Identifiable, ...]
    problems: tuple[Problem, ...]


class People:
    """The people of the roster by their traits."""

    def __init__(self, people: Mapping[str, Contact]) -> None:
        self._people = people
        self._by_trait: dict[str, set[str]] = {}
        for uid, contact in people.items():
            for trait in traits(contact):
                self._by_trait.setdefault(trait, set()).add(uid)

    def with_any(self, wanted: Iterable[str]) -> set[str]:
        """Return the UIDs of everybody with one of the traits."""
        return {uid for trait in wanted for uid in self._by_trait.get(trait, ())}

    def claims(self, contact: Contact) -> dict[str, frozenset[How]]:
        """Return, by UID, what `contact` has in common with the people of the roster."""
        found: dict[str, set[How]] = {}
        listed = {canonical_login(address) for address in contact.listed}
        for uid in self.with_any(traits(contact)):
            known = self._people[uid]
            common = found.setdefault(uid, set())
            if listed & {canonical_login(address) for address in known.listed}:
                common.add(How.LIST_ADDRESS)
            elif set(contact.logins) & set(known.logins):
                common.add(How.OUT_OF_BAND)
            if set(name_traits(contact)) & set(name_traits(known)):
                common.add(How.NAME)
        return {uid: frozenset(common) for uid, common in found.items()}


def recognise(entries: Sequence[Identifiable], people: Mapping[str, Contact], known: Identities) -> Recognised:
    """Match entries with the people of the roster, then with those who left, and give new people a UID."""
    index = People(people)
    claims = [_claims(entry.contact, index, people, known) for entry in entries]
    certain = {uid for claim in claims for uid, common in claim.items() if _is_certain(common)}
    chosen = [_choose(claim, certain) for claim in claims]
    taken = Counter(uid for uids in chosen for uid in uids)
    alone = [(person.name, name_words(person.name)) for uid, person in people.items() if uid not in taken]
    used = {*people, *known.spent, *(uid for uids in known.departed.values() for uid in uids)}
    returned: set[str] = set()
    outcomes: list[Match | Problem] = []
    for entry, claim, uids in zip(entries, claims, chosen, strict=True):
        if len(uids) > 1 or any(taken[uid] > 1 for uid in uids):
            outcomes.append(_ambiguous(entry, [people[uid].name for uid in uids]))
        elif uids:
            outcomes.append(Match(uids[0], entry, min(claim[uids[0]], key=list(How).index)))
        else:
            outcome = _newcomer(entry, known, used)
            before = [people[uid].name for uid in index.with_any(traits(entry.contact))]
            if before and (unclear := _cut_short(entry, before) or _swallowed(entry, alone)):
                outcome = _ambiguous(entry, unclear)
            if isinstance(outcome, Match):
                if outcome.uid in returned:
                    outcome = _ambiguous(entry, ["somebody who left, as is another record"])
                else:
                    used.add(outcome.uid)
                    returned.add(outcome.uid)
            outcomes.append(outcome)
    return Recognised(
        tuple(outcome for outcome in outcomes if isinstance(outcome, Match)),
        tuple(entry for entry, outcome in zip(entries, outcomes, strict=True) if isinstance(outcome, Problem)),
        tuple(outcome for outcome in outcomes if isinstance(outcome, Problem)),
    )


def _claims(
    contact: Contact, index: People, people: Mapping[str, Contact], known: Identities
) -> dict[str, frozenset[How]]:
    """Return the claims of a contact; none where it has only addresses of others, whose names are not its."""
    claims = index.claims(contact)
    if any(How.NAME in common for common in claims.values()):
        return claims
    may_be = any(known.is_same(contact, people[uid]) for uid in claims)
    return claims if may_be else {}


def _is_certain(common: frozenset[How]) -> bool:
    """Tell whether it is certainly this person: the same list address and the same name within a ccTLD."""
    return How.LIST_ADDRESS in common and How.NAME in common


def _choose(claim: Mapping[str, frozenset[How]], certain: set[str]) -> tuple[str, ...]:
    """Return the people that an entry may be: the certain one, else those without a certain entry."""
    sure = tuple(uid for uid, common in claim.items() if _is_certain(common))
    return sure if sure else tuple(sorted(uid for uid in claim if uid not in certain))


def _newcomer(entry: Identifiable, known: Identities, used: Collection[str]) -> Match | Problem:
    """Return a person who returns, or a new one, or a problem where several who left are possible."""
    contact = entry.contact
    listed = [address_trait(canonical_login(address)) for address in contact.listed]
    others = [address_trait(canonical_login(address)) for address in contact.out_of_band]
    for how, some in ((How.LIST_ADDRESS, listed), (How.OUT_OF_BAND, others), (How.NAME, name_traits(contact))):
        uids = {uid for trait in some for uid in known.departed.get(trait_digest(trait), ())}
        uids = {uid for uid in uids if how is How.NAME or known.has_left(contact, uid)}
        if len(uids) > 1:
            return _ambiguous(entry, ["several people who left"])
        if uids:
            return Match(uids.pop(), entry, how, returned=True)
    return Match(known.uid(canonical_login(contact.listed[0]), used), entry, How.NEW)


def _cut_short(entry: Identifiable, before: Sequence[str]) -> Sequence[str]:
    """Return the names at somebody's address of which a few letters may be the rest: no full name is so short."""
    letters = name_letters(entry.contact.name)
    is_short = len(letters) <= _LEAST and letters.upper() != letters.lower()
    return [name for name in before if is_short and len(name_letters(name)) > 2 * len(letters)]


def _swallowed(entry: Identifiable, alone: Sequence[tuple[str, frozenset[str]]]) -> Sequence[str]:
    """Return whose whole names stand in that of somebody else at an address, though they have no entry of their own.

    Two entries ran into one. `alone` are the names, with their words, of all who have no entry.
    """
    words = name_words(entry.contact.name)
    return [name for name, own in alone if own <= words]


def _ambiguous(entry: Identifiable, names: Sequence[str]) -> Problem:
    who = ", ".join(names)
    message = f"it is not clear who {entry.contact.name} ({entry.contact.served}) is: {who}?"
    return Finding("ambiguous-person", message).at(entry.origins[0])
