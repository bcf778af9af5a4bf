"""How plans are shown to a person, at 80 columns, and to a program."""

from collections.abc import Iterable
from dataclasses import asdict

from sync.cli.context import App
from sync.cli.context import counted as counted
from sync.cli.problems import problem_json
from sync.plan.changes import Kind, PersonChange, ReaderChange
from sync.plan.fields import FieldChange
from sync.plan.hazards import without_numbers
from sync.plan.plan import Plan
from sync.problems import Problem

# Shown as a number of values unless asked for: a plan may be pasted into a mail.
_HIDDEN = frozenset({"phones", "signal", "whatsapp", "matrix", "note", "evidence"})
_FREE = frozenset({"name", "organisation", "role"})
"""Fields of free text, which may hold telephone numbers."""
_SIGNS = {Kind.ADDED: "+", Kind.CHANGED: "~", Kind.REMOVED: "-", Kind.HELD: "=", Kind.RERENDERED: "~"}
_STYLES = {Kind.ADDED: "green", Kind.CHANGED: "yellow", Kind.REMOVED: "red", Kind.HELD: "cyan", Kind.RERENDERED: "dim"}


def print_plan(app: App, plan: Plan, *, show_values: bool, reviewed: Plan | None = None) -> None:
    """Print what would happen to each person and login, the hazards, and the id.

    Hazards and id are those of `reviewed`, if given: forcing the hazard `last-contact` changes what its plan does.
    """
    reviewed = reviewed or plan
    for change in plan.people:
        _print_person(app, change, show_values=show_values)
    for reader in plan.access:
        _print_reader(app, reader)
    # A hazard of both halves is one thing to read.
    for line in dict.fromkeys(f"! {hazard.code}: {hazard.message}" for hazard in reviewed.hazards):
        app.print(line, style="bold red")
    totals = plan.totals
    app.print(
        f"Roster: {totals.added} added, {totals.changed} changed, {totals.removed} removed, "
        f"{len(plan.of_kind(Kind.HELD))} held; {counted(totals.people, 'person', 'people')} afterwards."
    )
    app.print(f"Access: {counted(totals.readers_added, 'login')} added, {totals.readers_removed} removed.")
    app.print(f"Plan {reviewed.id}, on top of generation {plan.base}.")


def _print_person(app: App, change: PersonChange, *, show_values: bool) -> None:
    how = f"  [{change.how}]" if change.how and change.kind is not Kind.RERENDERED else ""
    name = change.name if show_values else without_numbers(change.name)
    app.print(f"{_SIGNS[change.kind]} {change.served} {name}{how}", style=_STYLES[change.kind])
    if change.kind is Kind.HELD:
        where = f" ({', '.join(change.origins)})" if change.origins else ""
        app.print(f"    stays as it is: {change.reason}{where}")
    elif change.kind is Kind.REMOVED and change.reason:
        app.print(f"    {change.reason}")
    elif change.kind is Kind.RERENDERED:
        app.print("    the same data in a new layout of the card")
    elif change.kind is Kind.CHANGED:
        for field in change.fields:
            app.print(f"    {field.field}: {_difference(field, show_values)}")
    elif change.kind is Kind.ADDED and show_values:
        for field in change.fields:
            app.print(f"    {field.field}: {field.new}")


def _difference(field: FieldChange, show_values: bool) -> str:
    old, new = _value(field, field.old, show_values), _value(field, field.new, show_values)
    return f"{old} -> {new}" if old != new else f"other values ({new})"


def _value(field: FieldChange, text: str, show_values: bool) -> str:
    if not text:
        return "none"
    if field.field in _HIDDEN and not show_values:
        return counted(text.count(", ") + 1, "value")
    return text if show_values or field.field not in _FREE else without_numbers(text)


def _print_reader(app: App, change: ReaderChange) -> None:
    words = {Kind.ADDED: "may log in", Kind.REMOVED: "may no longer log in", Kind.CHANGED: "login changes"}
    reason = change.reason or (f"the name is now {without_numbers(change.name)}" if change.kind is Kind.CHANGED else "")
    detail = f" ({reason})" if reason else ""
    devices = f"; {change.devices}" if change.devices else ""
    app.print(
        f"{_SIGNS[change.kind]} {change.login}: {words[change.kind]}{detail}{devices}", style=_STYLES[change.kind]
    )


def plan_json(
    plan: Plan, problems: Iterable[Problem], *, show_values: bool, reviewed: Plan | None = None
) -> dict[str, object]:
    """Return a plan as plain values; hazards and id are those of `reviewed`, as in `print_plan`."""
    reviewed = reviewed or plan
    totals = {**asdict(plan.totals), "held": len(plan.of_kind(Kind.HELD))}
    return {
        "id": reviewed.id,
        "base": plan.base,
        "kind": plan.kind,
        "sources": [asdict(source) for source in plan.sources],
        "people": [_person_json(change, show_values) for change in plan.people],
        "access": [
            {name: value for name, value in asdict(change).items() if name != "off_list"} for change in plan.access
        ],
        "hazards": [
            {"code": hazard.code, "part": hazard.part.value, "message": hazard.message} for hazard in reviewed.hazards
        ],
        "totals": totals,
        "problems": [problem_json(problem, show_values=show_values) for problem in problems],
    }


def _person_json(change: PersonChange, show_values: bool) -> dict[str, object]:
    return {
        "kind": change.kind.value,
        "uid": change.uid,
        "name": change.name,
        "cctlds": change.served.split(),
        "how": change.how,
        "reason": change.reason,
        "origins": list(change.origins),
        "fields": [
            {
                "field": f.field,
                "old": f.old and _value(f, f.old, show_values),
                "new": f.new and _value(f, f.new, show_values),
            }
            for f in change.fields
        ],
    }
