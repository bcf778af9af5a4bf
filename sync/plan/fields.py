"""The fields in which two contacts differ, as a plan shows them."""

from dataclasses import dataclass, fields
from datetime import date

from radicale_tldops.roster.contact import Contact, Phone


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field before and after, as text."""

    field: str
    old: str
    new: str


def compare(old: Contact, new: Contact) -> tuple[FieldChange, ...]:
    """Return the fields in which two contacts differ, in the order of the fields."""
    return tuple(
        FieldChange(field.name, _text(before), _text(after))
        for field in fields(Contact)
        if (before := getattr(old, field.name)) != (after := getattr(new, field.name))
    )


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Phone):
        return f"{value.display} ({value.kind})" if value.kind in ("fax", "pager") else value.display
    if isinstance(value, tuple):
        if len(value) == 2 and isinstance(value[1], int | None) and isinstance(value[0], str):
            return f".{value[0]} #{value[1]}" if value[1] is not None else f".{value[0]}"
        return ", ".join(_text(item) for item in value)
    return str(value)
