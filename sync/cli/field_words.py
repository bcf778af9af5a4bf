"""Fields of people in words: their names, and their values before and after."""

from collections.abc import Mapping, Sequence

from sync.cli.context import counted
from sync.plan.fields import FieldChange, Kind
from sync.plan.hazards import without_numbers

# Shown as a number of values unless asked for: a plan may be pasted into a mail.
_HIDDEN = frozenset({"phones", "signal", "whatsapp", "matrix", "note", "card_note", "evidence", "own_columns"})
_FEW = 3
"""So many ccTLDs of a person stand in a line about somebody."""
_FREE = frozenset({"name", "organisation", "role"})
"""Fields of free text, which may hold telephone numbers."""
SIGNS = {Kind.ADDED: "+", Kind.CHANGED: "~", Kind.REMOVED: "-", Kind.HELD: "=", Kind.RERENDERED: "~"}
STYLES = {Kind.ADDED: "green", Kind.CHANGED: "yellow", Kind.REMOVED: "red", Kind.HELD: "cyan", Kind.RERENDERED: "dim"}
_FIELDS = {
    "listed": "list address",
    "out_of_band": "out-of-band address",
    "not_on_list_since": "not on the list since",
    "own_columns": "columns of your own",
}
"""Fields that people know by another name."""


def field_name(field: FieldChange) -> str:
    """Return the name of a field as people know it."""
    return _FIELDS.get(field.field, field.field.replace("_", " "))


def difference(field: FieldChange, show_values: bool) -> str:
    """Return a field before and after as one text."""
    old, new = field_value(field, field.old, show_values), field_value(field, field.new, show_values)
    return f"{old} -> {new}" if old != new else f"other values ({new})"


def field_value(field: FieldChange, text: str, show_values: bool) -> str:
    """Return a value of a field; one that may hold a telephone number only with `show_values`."""
    if not text:
        return "none"
    if field.field in _HIDDEN and not show_values:
        return counted(text.count(", ") + 1, "value")
    return text if show_values or field.field not in _FREE else without_numbers(text)


def field_json(field: FieldChange, show_values: bool) -> Mapping[str, str]:
    """Return a field before and after as plain values; empty where it had none."""
    old, new = (text and field_value(field, text, show_values) for text in (field.old, field.new))
    return {"field": field.field, "old": old, "new": new}


def few_cctlds(cctlds: Sequence[str]) -> str:
    """Return the first ccTLDs of a person, as many as stand in a line about somebody."""
    return " ".join(cctlds[:_FEW]) + (" …" if len(cctlds) > _FEW else "")
