"""What happened to people, in the words of a plan: who came, who went, and who got which other value."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from radicale_tldops.roster.contact import Contact
from radicale_tldops.store.past import CardChange
from radicale_tldops.store.values import Generation
from sync.plan.fields import FieldChange, Kind, compare

TOLD = (Kind.ADDED, Kind.CHANGED, Kind.REMOVED)
"""What counts as a change of a person: all but a new layout of the card."""

NOBODY = Contact("", (), ())
"""The contact with which somebody who came or went is compared."""


@dataclass(frozen=True, slots=True)
class PastChange:
    """What a generation did to one person; `contact` is the person afterwards, or at the end."""

    kind: Kind
    generation: Generation
    uid: str
    contact: Contact
    fields: tuple[FieldChange, ...]


def past_changes(changes: Iterable[CardChange]) -> Sequence[PastChange]:
    """Return what happened, by generation, and within one by ccTLD and slot."""
    return sorted(map(_past_change, changes), key=_place)


def _place(change: PastChange) -> tuple[int, str, int, str]:
    contact = change.contact
    return change.generation.id, contact.served, contact.slot or 0, contact.name


def _past_change(change: CardChange) -> PastChange:
    old, new = change.old or NOBODY, change.new or NOBODY
    fields = compare(old, new)
    if change.old is None:
        kind = Kind.ADDED
    elif change.new is None:
        kind = Kind.REMOVED
    else:
        kind = Kind.CHANGED if fields else Kind.RERENDERED
    return PastChange(kind, change.generation, change.uid, change.new or change.old or NOBODY, fields)


def totals(changes: Iterable[PastChange]) -> Mapping[Kind, int]:
    """Count what happened, by its kind."""
    return Counter(change.kind for change in changes)
