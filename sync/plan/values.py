"""Which values of people change, are lost, or go to somebody else, field by field: what the guards count."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TypeAlias

from radicale_tldops.roster.contact import PRIVATE, Contact, name_key
from radicale_tldops.roster.login import canonical_login

_Values: TypeAlias = tuple[str, Collection[object], Collection[object]]
"""The name of a person, and the values of a field before and after."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A person before and after a plan.

    `claimed` says that the date of confirmation is not the file's. With `is_successor`, `after` is somebody else at an
    address of `before`, and only the names are compared. With `is_new`, `before` is empty.
    """

    before: Contact
    after: Contact
    claimed: bool = False
    is_successor: bool = False
    is_new: bool = False

    @property
    def name(self) -> str:
        """The name by which people know the person today."""
        return self.before.name or self.after.name


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
    GuardedField("notes on cards", "card_note", _attribute("card_note")),
)
"""Every field of a contact, in the order in which the guards name them."""


# What new people do not share with others. A colleague has the same switchboard.
_INDIVIDUAL = {"oob_email", "signal", "whatsapp", "matrix", "pgp_fingerprint", "pgp_url"}


@dataclass(frozen=True, slots=True)
class ValueChanges:
    """Who has another value or none, has none any more, or takes part in a move: names, by the label of the field."""

    changed: Mapping[str, Sequence[str]] = field(default_factory=dict)
    lost: Mapping[str, Sequence[str]] = field(default_factory=dict)
    moved: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def is_public(self) -> bool:
        """Whether somebody has another value in a field that members see."""
        return any(self.changed.get(guarded.label) for guarded in FIELDS if guarded.column not in PRIVATE)


NO_VALUES = ValueChanges()
"""Nobody has another value."""


def compare_values(pairs: Sequence[Pair], everybody: Collection[Contact], held: Collection[Contact]) -> ValueChanges:
    """Compare the values of the people in `pairs`.

    `everybody` are the people of the roster before the plan, and `held` those of them who stay as they are.
    """
    changed, lost, moved = {}, {}, {}
    for guarded in FIELDS:
        own = [pair for pair in pairs if _is_compared(guarded, pair)]
        gained = [_gained(guarded, pair) if guarded.moving is Moving.OWN else set() for pair in own]
        repeated = _repeated(own, gained)
        before_and_after = [(pair.name, guarded.values(pair.before), guarded.values(pair.after)) for pair in own]
        changed[guarded.label] = [name for name, old, new in before_and_after if _is_another(old, new, repeated)]
        lost[guarded.label] = [name for name, old, new in before_and_after if old and not new]
        if guarded.moving is Moving.OWN:
            moved[guarded.label] = _moved(guarded, own, gained, everybody, held)
        elif guarded.moving is Moving.SHARED:
            moved[guarded.label] = _reordered(before_and_after)
    return ValueChanges(
        *({label: tuple(names) for label, names in found.items() if names} for found in (changed, lost, moved))
    )


def _is_compared(guarded: GuardedField, pair: Pair) -> bool:
    if pair.is_successor:
        return guarded is NAMES
    if pair.is_new:
        return guarded.column in _INDIVIDUAL
    return not (guarded is CONFIRMED and pair.claimed)


def _gained(guarded: GuardedField, pair: Pair) -> set[object]:
    """Return the new values. Somebody's own number in another field is not one."""
    return set(guarded.values(pair.after)) - _values(guarded, pair.before)


def _values(guarded: GuardedField, contact: Contact) -> set[object]:
    """Return the values of a field; of one that may hold numbers, those of all such fields."""
    fields = [other for other in FIELDS if other.is_number] if guarded.is_number else [guarded]
    return {value for field in fields for value in field.values(contact)}


def _copied(pairs: Sequence[Pair], gained: Sequence[set[object]]) -> set[object]:
    """Return the values that people get at once who serve no ccTLD together: no office has these people."""
    getters: dict[object, list[Pair]] = defaultdict(list)
    for pair, values in zip(pairs, gained, strict=True):
        for value in values:
            getters[value].append(pair)
    return {
        value
        for value, some in getters.items()
        if len(some) > 1 and not set.intersection(*(_labels(pair.after) for pair in some))
    }


def _repeated(pairs: Sequence[Pair], gained: Sequence[set[object]]) -> Collection[object]:
    """Return the values that two people of the roster get at once: a cell was copied."""
    times = Counter(value for pair, values in zip(pairs, gained, strict=True) if not pair.is_new for value in values)
    return {value for value, number in times.items() if number > 1}


def _is_another(before: Collection[object], after: Collection[object], repeated: Collection[object]) -> bool:
    """Tell whether a value became another one, or went. A first value counts only where others get the same."""
    return set(before) != set(after) if before else any(value in repeated for value in after)


def _moved(
    guarded: GuardedField,
    pairs: Sequence[Pair],
    gained: Sequence[set[object]],
    everybody: Collection[Contact],
    held: Collection[Contact],
) -> Sequence[str]:
    """Return who gets what somebody else had or gets, and who of the changed and held people had it.

    Or those who had it alone and perhaps left, where they are more: two people may give what they had to one.
    """
    new: set[object] = set().union(*gained)
    if not new:
        return ()
    owners: dict[object, dict[int, Contact]] = defaultdict(dict)
    for contact in everybody:
        for value in new & _values(guarded, contact):
            owners[value][id(contact)] = contact
    taken = [values & owners.keys() for values in gained]
    given: set[object] = set().union(*taken)
    copied = _copied(pairs, gained)
    movers = [
        pair.name
        for pair, values, own in zip(pairs, taken, gained, strict=True)
        if values or own & copied or given & (set(guarded.values(pair.before)) - set(guarded.values(pair.after)))
    ]
    if len(movers) == 1 and guarded.column in _INDIVIDUAL:
        # A copy of what is one person's alone, given to somebody of another registry, is no ordinary edit.
        movers += [
            owner.name
            for pair, values in zip(pairs, taken, strict=True)
            for value in values
            for owner in owners[value].values()
            if _labels(owner).isdisjoint(_labels(pair.after))
        ]
    alone = {id(owner): owner.name for value in given if len(owners[value]) == 1 for owner in owners[value].values()}
    movers += [contact.name for contact in held if id(contact) in alone]
    return max(movers, sorted(alone.values()), key=len)


def _labels(contact: Contact) -> set[str]:
    return {label for label, _ in contact.slots}


def _reordered(before_and_after: Sequence[_Values]) -> Sequence[str]:
    """Return the people whose values went round: others, of whom nobody has the old or the new value, are left out."""
    different = [
        (name, tuple(before), tuple(after)) for name, before, after in before_and_after if tuple(before) != tuple(after)
    ]
    while True:
        olds, news = {old for _, old, _ in different}, {new for _, _, new in different}
        round_ = [(name, old, new) for name, old, new in different if old in news and new in olds]
        if len(round_) == len(different):
            return [name for name, *_ in different] if len(different) > 1 else ()
        different = round_
