"""Which values of people change, are lost, or go to somebody else, field by field: what the guards count."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TypeAlias

from radicale_tldops.roster.contact import Contact, name_key
from radicale_tldops.roster.login import canonical_login

_Values: TypeAlias = tuple[Collection[object], Collection[object]]
"""The values of a field of one person, before and after."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A person before and after a plan.

    `claimed` says that the date of confirmation is not the file's. With `is_successor`, `after` is somebody else at an
    address of `before`, and only the names are compared.
    """

    before: Contact
    after: Contact
    claimed: bool = False
    is_successor: bool = False


class Moving(Enum):
    """When a value counts as moved from one person to another."""

    OWN = auto()
    """The value belongs to one person: whenever somebody gets what somebody else had."""
    SHARED = auto()
    """Many people have the same value: when the changed people have each other's old values, in another order."""
    NEVER = auto()
    """People exchange such values as a matter of course."""


@dataclass(frozen=True, slots=True)
class GuardedField:
    """A field of a contact as the guards see it: what it is called, its column, its values, and when they move.

    `is_number` says that its values may be telephone numbers: what moves from one such field to another has moved, too.
    """

    label: str
    column: str
    values: Callable[[Contact], Collection[object]]
    moving: Moving = Moving.SHARED
    is_number: bool = False


def _attribute(name: str) -> Callable[[Contact], Collection[object]]:
    def values(contact: Contact) -> Collection[object]:
        value = getattr(contact, name)
        return value if isinstance(value, tuple) else (value,) if value else ()

    return values


def _handle(name: str) -> Callable[[Contact], Collection[object]]:
    return lambda contact: [getattr(contact, name).casefold()] if getattr(contact, name) else []


def _numbers(contact: Contact) -> Sequence[str]:
    return [phone.number.partition(";")[0] for phone in contact.phones]


def _logins(addresses: Sequence[str]) -> Sequence[str]:
    return [canonical_login(address) for address in addresses]


NAMES = GuardedField("names", "name", lambda contact: (name_key(contact.name),), Moving.OWN)
CONFIRMED = GuardedField("dates of confirmation", "confirmed_on", _attribute("confirmed_on"))
FIELDS: Sequence[GuardedField] = (
    NAMES,
    GuardedField("ccTLDs", "cctlds", lambda contact: [label for label, _ in contact.slots]),
    GuardedField("slots", "slot", lambda contact: [slot for slot in contact.slots if slot[1]], Moving.NEVER),
    GuardedField("list addresses", "email", lambda contact: _logins(contact.listed), Moving.OWN),
    GuardedField("out-of-band addresses", "oob_email", lambda contact: _logins(contact.out_of_band), Moving.OWN),
    GuardedField("telephone numbers", "phones", _numbers, Moving.OWN, is_number=True),
    GuardedField("organisations", "organisation", _attribute("organisation")),
    GuardedField("roles", "role", _attribute("role")),
    GuardedField("languages", "languages", _attribute("languages")),
    GuardedField("time zones", "timezone", _attribute("timezone")),
    GuardedField("Signal handles", "signal", _handle("signal"), Moving.OWN, is_number=True),
    GuardedField("WhatsApp handles", "whatsapp", _handle("whatsapp"), Moving.OWN, is_number=True),
    GuardedField("Matrix handles", "matrix", _handle("matrix"), Moving.OWN),
    GuardedField("PGP fingerprints", "pgp_fingerprint", _attribute("pgp_fingerprint"), Moving.OWN),
    GuardedField("addresses of PGP keys", "pgp_url", _attribute("pgp_url"), Moving.OWN),
    GuardedField("appointing contacts", "appointed_by", _attribute("appointed_by")),
    GuardedField("dates of appointment", "appointed_on", _attribute("appointed_on")),
    GuardedField("evidence", "evidence", _attribute("evidence")),
    CONFIRMED,
    GuardedField("notes", "note", _attribute("note")),
)
"""Every field of a contact, in the order in which the guards name them."""


@dataclass(frozen=True, slots=True)
class ValueCounts:
    """How many people have another value or none, none any more, or take part in a move, by the label of the field."""

    changed: Mapping[str, int] = field(default_factory=dict)
    lost: Mapping[str, int] = field(default_factory=dict)
    moved: Mapping[str, int] = field(default_factory=dict)


NO_VALUES = ValueCounts()
"""Nobody has another value."""


def count(pairs: Sequence[Pair], everybody: Collection[Contact]) -> ValueCounts:
    """Count the values of the people in `pairs`; `everybody` are the people of the roster before the plan."""
    if not pairs:
        return NO_VALUES
    changed, lost, moved = {}, {}, {}
    for guarded in FIELDS:
        own = [pair for pair in pairs if _is_compared(guarded, pair)]
        before_and_after = [(guarded.values(pair.before), guarded.values(pair.after)) for pair in own]
        changed[guarded.label] = sum(_is_another(before, after) for before, after in before_and_after)
        lost[guarded.label] = sum(bool(before) and not after for before, after in before_and_after)
        if guarded.moving is Moving.OWN:
            moved[guarded.label] = _moved(guarded, own, everybody)
        elif guarded.moving is Moving.SHARED:
            moved[guarded.label] = _reordered(before_and_after)
    return ValueCounts(
        *({label: number for label, number in found.items() if number} for found in (changed, lost, moved))
    )


def _is_compared(guarded: GuardedField, pair: Pair) -> bool:
    if pair.is_successor:
        return guarded is NAMES
    return not (guarded is CONFIRMED and pair.claimed)


def _is_another(before: Collection[object], after: Collection[object]) -> bool:
    """Tell whether a value became another one, or went. A first value does not count."""
    return bool(before) and set(before) != set(after)


def _moved(guarded: GuardedField, pairs: Sequence[Pair], everybody: Collection[Contact]) -> int:
    """Count the people who get what somebody else had, and those of the changed people who had it.

    Or those who had it alone and perhaps left, where they are more: two people may give what they had to one.
    """
    fields = [other for other in FIELDS if other.is_number] if guarded.is_number else [guarded]
    owners: dict[object, list[Contact]] = defaultdict(list)
    for contact in everybody:
        for value in {value for other in fields for value in other.values(contact)}:
            owners[value].append(contact)
    given: set[object] = set()
    takers: set[int] = set()
    for pair in pairs:
        new = set(guarded.values(pair.after)) - set(guarded.values(pair.before))
        taken = {value for value in new if any(owner is not pair.before for owner in owners.get(value, ()))}
        # Somebody's own number in another field is not somebody else's.
        taken -= {value for value in taken if pair.before in owners[value]}
        if taken:
            given |= taken
            takers.add(id(pair))
    movers = sum(
        id(pair) in takers or not given.isdisjoint(set(guarded.values(pair.before)) - set(guarded.values(pair.after)))
        for pair in pairs
    )
    givers = {id(owners[value][0]) for value in given if len(owners[value]) == 1}
    return max(movers, len(givers))


def _reordered(before_and_after: Sequence[_Values]) -> int:
    """Count the people whose values went round: others, of whom nobody has the old or the new value, are left out."""
    different = [(tuple(before), tuple(after)) for before, after in before_and_after if tuple(before) != tuple(after)]
    while True:
        olds, news = {before for before, _ in different}, {after for _, after in different}
        round_ = [(before, after) for before, after in different if before in news and after in olds]
        if len(round_) == len(different):
            return len(different) if len(different) > 1 else 0
        different = round_
