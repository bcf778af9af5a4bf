"""Who is who: which record of the file is which person of the roster.

A person is recognised by a list address, an out-of-band address, or the name within a ccTLD, so that the UID outlives a
change of any two of them. A record that could be two people is a problem for the secretariat; nothing is guessed.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from radicale_tldops.roster.contact import Contact
from radicale_tldops.roster.login import canonical_login
from radicale_tldops.roster.traits import address_trait, name_traits, trait_digest, traits
from sync.problems import Finding, Origin, Problem


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
    """An entry and its person: a person of the roster, one who returns, or a new one."""

    uid: str
    entry: Identifiable
    how: How
    returned: bool = False


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


def recognise(
    entries: Sequence[Identifiable],
    people: Mapping[str, Contact],
    departed: Mapping[str, frozenset[str]],
    new_uid: Callable[[str], str],
) -> Recognised:
    """Match entries with the people of the roster, then with those who left, and give new people a UID.

    `departed` maps digests of traits to UIDs; `new_uid` derives a UID from a canonical address.
    """
    index = People(people)
    claims = [index.claims(entry.contact) for entry in entries]
    certain = {uid for claim in claims for uid, common in claim.items() if _is_certain(common)}
    chosen = [_choose(claim, certain) for claim in claims]
    taken = Counter(uid for uids in chosen for uid in uids)
    gone = {uid for uids in departed.values() for uid in uids}
    used = set(people)
    outcomes: list[Match | Problem] = []
    for entry, claim, uids in zip(entries, claims, chosen, strict=True):
        if len(uids) > 1 or any(taken[uid] > 1 for uid in uids):
            outcomes.append(_ambiguous(entry, [people[uid].name for uid in uids]))
        elif uids:
            outcomes.append(Match(uids[0], entry, min(claim[uids[0]], key=list(How).index)))
        else:
            outcome = _newcomer(entry, departed, new_uid)
            if isinstance(outcome, Match):
                if outcome.uid in used or (outcome.uid in gone and not outcome.returned):
                    outcome = _collision(entry)
                else:
                    used.add(outcome.uid)
            outcomes.append(outcome)
    return Recognised(
        tuple(outcome for outcome in outcomes if isinstance(outcome, Match)),
        tuple(entry for entry, outcome in zip(entries, outcomes, strict=True) if isinstance(outcome, Problem)),
        tuple(outcome for outcome in outcomes if isinstance(outcome, Problem)),
    )


def _is_certain(common: frozenset[How]) -> bool:
    """Tell whether it is certainly this person: the same list address and the same name within a ccTLD."""
    return How.LIST_ADDRESS in common and How.NAME in common


def _choose(claim: Mapping[str, frozenset[How]], certain: set[str]) -> tuple[str, ...]:
    """Return the people that an entry may be: the certain one, else those without a certain entry."""
    sure = tuple(uid for uid, common in claim.items() if _is_certain(common))
    return sure if sure else tuple(sorted(uid for uid in claim if uid not in certain))


def _newcomer(
    entry: Identifiable, departed: Mapping[str, frozenset[str]], new_uid: Callable[[str], str]
) -> Match | Problem:
    """Return a person who returns, or a new one, or a problem where several who left are possible."""
    contact = entry.contact
    listed = [address_trait(canonical_login(address)) for address in contact.listed]
    others = [address_trait(canonical_login(address)) for address in contact.out_of_band]
    for how, some in ((How.LIST_ADDRESS, listed), (How.OUT_OF_BAND, others), (How.NAME, name_traits(contact))):
        uids = {uid for trait in some for uid in departed.get(trait_digest(trait), ())}
        if len(uids) > 1:
            return _ambiguous(entry, ["several people who left"])
        if uids:
            return Match(uids.pop(), entry, how, returned=True)
    return Match(new_uid(canonical_login(contact.listed[0])), entry, How.NEW)


def _ambiguous(entry: Identifiable, names: Sequence[str]) -> Problem:
    who = ", ".join(names)
    return _problem(
        "ambiguous-person", entry, f"it is not clear who {entry.contact.name} ({entry.contact.served}) is: {who}?"
    )


def _collision(entry: Identifiable) -> Problem:
    return _problem("uid-collision", entry, f"{entry.contact.name} would get the UID of somebody else")


def _problem(code: str, entry: Identifiable, message: str) -> Problem:
    return Finding(code, message).at(entry.origins[0])
