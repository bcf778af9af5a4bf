"""What happens to a person, and the fields in which two contacts differ, as a plan shows them."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum

from radicale_tldops.roster.cctld import Cctld
from radicale_tldops.roster.contact import APPOINTMENT, Contact, Phone


class Kind(StrEnum):
    """What happens to a person: `rerendered` is a card with the same data in a new layout."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"
    HELD = "held"
    RERENDERED = "rerendered"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field before and after, as text."""

    field: str
    old: str
    new: str


def compare(old: Contact, new: Contact) -> tuple[FieldChange, ...]:
    """Return the fields in which two contacts differ, in the order of the fields."""
    changes: list[FieldChange] = []
    for field in fields(Contact):
        if field.name == "services":
            changes += _services(old, new)
        elif field.name == "own_columns":
            changes += _own_columns(old, new)
        elif (before := getattr(old, field.name)) != (after := getattr(new, field.name)):
            changes.append(FieldChange(field.name, _text(before), _text(after)))
    return tuple(changes)


def _own_columns(old: Contact, new: Contact) -> Iterator[FieldChange]:
    """Yield the difference of the texts in columns of the secretariat's own, if there is one."""
    before, after = (dict(contact.own_columns) for contact in (old, new))
    headings = sorted(name for name in before | after if before.get(name) != after.get(name))
    if headings:
        texts = (", ".join(f"{name}: {some[name]}" for name in headings if name in some) for some in (before, after))
        yield FieldChange("own_columns", *texts)


def _services(old: Contact, new: Contact) -> Iterator[FieldChange]:
    """Yield the differences of the slots, and of what stands in each column about the appointments."""
    if old.slots != new.slots:
        yield FieldChange("slots", _text(old.slots), _text(new.slots))
    is_move = bool(old.services) and old.cctlds != new.cctlds
    for name, shown in (*((name, name) for name in APPOINTMENT), ("left", "appointment_left")):
        before, after = _filled(old, name), _filled(new, name)
        if before != after:
            texts = (_by_cctld(either, name, with_label=is_move) for either in (old, new))
            yield FieldChange(shown, *texts)


def _filled(contact: Contact, name: str) -> dict[str, object]:
    return {service.cctld: value for service in contact.services if (value := getattr(service, name))}


def _by_cctld(contact: Contact, name: str, *, with_label: bool) -> str:
    """Return the values of a column, with their ccTLDs where these do not all have the same."""
    values = _filled(contact, name)
    if len(values) == len(contact.services) and len(set(values.values())) == 1 and not with_label:
        return _text(next(iter(values.values())))
    return ", ".join(f"{Cctld(label).dotted} {_text(value)}" for label, value in values.items())


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Phone):
        return f"{value.display} ({value.kind})" if value.kind in ("fax", "pager") else value.display
    if isinstance(value, tuple):
        if len(value) == 2 and isinstance(value[1], int | None) and isinstance(value[0], str):
            dotted = Cctld(value[0]).dotted
            return f"{dotted} #{value[1]}" if value[1] is not None else dotted
        return ", ".join(_text(item) for item in value)
    return str(value)
