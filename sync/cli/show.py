"""How plans are shown to a person, at 80 columns, and to a program."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TypeVar

from radicale_tldops.roster.cctld import Cctld
from sync.cli.context import App, counted
from sync.cli.field_words import SIGNS, STYLES, difference, field_json, field_name
from sync.cli.problems import problem_json
from sync.plan.changes import PersonChange, ReaderChange
from sync.plan.fields import Kind
from sync.plan.hazards import REMEDIES, without_numbers
from sync.plan.identify import How
from sync.plan.plan import Plan
from sync.problems import Problem

_WORDS = {
    Kind.ADDED: "added",
    Kind.CHANGED: "changed",
    Kind.REMOVED: "removed",
    Kind.HELD: "held",
    Kind.RERENDERED: "with a new layout of the card",
}
_Change = TypeVar("_Change", PersonChange, ReaderChange)


@dataclass(frozen=True, slots=True)
class PlanView:
    """How a plan is printed.

    `whole` cuts no list at a screen; `is_cut` says that something before it was cut. Hazards and id are those of
    `reviewed`, where it is given: forcing the hazard `last-contact` changes what its plan does.
    """

    show_values: bool = False
    whole: bool = False
    is_cut: bool = False
    reviewed: Plan | None = None


def print_plan(app: App, plan: Plan, view: PlanView) -> None:
    """Print what would happen to each person and login, the hazards, and the id.

    On a terminal, the people and the logins of each kind are cut at a screen: none of them hides another one.
    """
    reviewed = view.reviewed or plan
    is_cut = view.is_cut
    for kind in Kind:
        people = plan.of_kind(kind)
        is_cut |= _print_list(app, people, lambda change: _person(change, view), f"people {_WORDS[kind]}", view)
    for kind in Kind:
        logins = [change for change in plan.access if change.kind is kind]
        is_cut |= _print_list(app, logins, lambda change: [_reader(change)], f"logins {_WORDS[kind]}", view)
    _print_hazards(app, reviewed)
    _print_few(app, plan)
    totals = plan.totals
    app.print(
        f"Roster: {totals.added} added, {totals.changed} changed, {totals.removed} removed, "
        f"{len(plan.of_kind(Kind.HELD))} held; {counted(totals.people, 'person', 'people')} afterwards."
    )
    app.print(f"Access: {counted(totals.readers_added, 'login')} added, {totals.readers_removed} removed.")
    if is_cut:
        app.print("Not everything is shown: --all shows it.", style="bold")
    app.print(f"Plan {reviewed.id}, on top of generation {plan.base}.")


def _print_list(
    app: App, changes: Sequence[_Change], lines_of: Callable[[_Change], Sequence[str]], what: str, view: PlanView
) -> bool:
    """Print the lines of each change, on a terminal as many as a screen holds; return whether some are left out."""
    room = None if view.whole or not app.is_terminal else app.out.height
    for number, change in enumerate(changes):
        lines = lines_of(change)
        if room is not None:
            room -= sum(1 + len(line) // app.out.width for line in lines)
            if room <= 0 and number:
                app.print(f"  … and {len(changes) - number} more {what}", style="dim")
                return True
        app.print(lines[0], style=STYLES[change.kind])
        for line in lines[1:]:
            app.print(line)
    return False


def _print_hazards(app: App, plan: Plan) -> None:
    """Print the hazards of each code, and below them what to do."""
    for code in dict.fromkeys(hazard.code for hazard in plan.hazards):
        # A hazard of both halves is one thing to read.
        messages = dict.fromkeys(hazard.message for hazard in plan.hazards if hazard.code == code)
        for message in messages:
            app.print(f"! {code}: {message}", style="bold red")
        if not any(". " in message for message in messages):  # some say what to do in more detail
            app.print(f"    {REMEDIES[code]}")


def _print_few(app: App, plan: Plan) -> None:
    """Say which ccTLDs the plan leaves with one contact or none."""
    for number, words in ((0, "no contact"), (1, "one contact")):
        labels = [Cctld(label).dotted for label, left in plan.few.items() if left == number]
        if labels:
            app.print(f"Left with {words}: {' '.join(labels)}", style="bold yellow")


def _person(change: PersonChange, view: PlanView) -> list[str]:
    """Return the lines about a person."""
    show_values = view.show_values
    name, reason = (text if show_values else without_numbers(text) for text in (change.name, change.reason))
    lines = [f"{SIGNS[change.kind]} {change.served} {name}{_how(change)}"]
    if change.kind is Kind.HELD:
        where = f" ({', '.join(change.origins)})" if change.origins else ""
        lines.append(f"    stays as it is: {reason}{where}")
    elif reason:
        lines.append(f"    {reason}")
    if change.kind is Kind.RERENDERED and not reason:
        lines.append("    the same data in a new layout of the card")
    elif change.kind is Kind.CHANGED:
        lines += (f"    {field_name(field)}: {difference(field, show_values)}" for field in change.fields)
    elif change.kind is Kind.ADDED and show_values:
        # The name stands above them.
        lines += (f"    {field_name(field)}: {field.new}" for field in change.fields if field.field != "name")
    return lines


def _how(change: PersonChange) -> str:
    """Return by what a person was recognised, where it is not the plain case: the list address and the same name."""
    if change.how == How.NEW:
        return "  [new]"
    returned, _, how = change.how.rpartition(": ")
    is_plain = how == How.LIST_ADDRESS and not any(field.field == "name" for field in change.fields)
    if change.kind not in (Kind.ADDED, Kind.CHANGED) or (is_plain and not returned):
        return ""
    return f"  [{f'{returned}, ' if returned else ''}recognised by the {how}]"


def _reader(change: ReaderChange) -> str:
    """Return the line about a login."""
    words = {Kind.ADDED: "may log in", Kind.REMOVED: "may no longer log in", Kind.CHANGED: "login changes"}
    reason = change.reason or (f"the name is now {without_numbers(change.name)}" if change.kind is Kind.CHANGED else "")
    detail = f" ({reason})" if reason else ""
    devices = f"; {change.devices}" if change.devices else ""
    return f"{SIGNS[change.kind]} {change.login}: {words[change.kind]}{detail}{devices}"


def plan_json(
    plan: Plan, problems: Iterable[Problem], *, show_values: bool, reviewed: Plan | None = None
) -> dict[str, object]:
    """Return a plan as plain values; hazards and id are those of `reviewed`, as in `PlanView`."""
    reviewed = reviewed or plan
    totals = {**asdict(plan.totals), "held": len(plan.of_kind(Kind.HELD))}
    return {
        "id": reviewed.id,
        "base": plan.base,
        "kind": plan.kind,
        "sources": [asdict(source) for source in plan.sources],
        "people": [_person_json(change, show_values) for change in plan.people],
        "access": [_reader_json(change, show_values) for change in plan.access],
        "hazards": [
            {"code": hazard.code, "part": hazard.part.value, "message": hazard.message, "remedy": REMEDIES[hazard.code]}
            for hazard in reviewed.hazards
        ],
        "totals": totals,
        "left_with": {
            "none": [label for label, number in plan.few.items() if number == 0],
            "one": [label for label, number in plan.few.items() if number == 1],
        },
        "problems": [problem_json(problem, show_values=show_values) for problem in problems],
    }


def _reader_json(change: ReaderChange, show_values: bool) -> dict[str, object]:
    return {
        "kind": change.kind.value,
        "login": change.login,
        "name": change.name if show_values else without_numbers(change.name),
        "reason": change.reason,
        "devices": change.devices,
    }


def _person_json(change: PersonChange, show_values: bool) -> dict[str, object]:
    return {
        "kind": change.kind.value,
        "uid": change.uid,
        "name": change.name if show_values else without_numbers(change.name),
        "cctlds": [cctld.a_label for cctld in change.cctlds],
        "how": change.how,
        "reason": change.reason if show_values else without_numbers(change.reason),
        "origins": list(change.origins),
        "fields": [field_json(field, show_values) for field in change.fields],
    }
