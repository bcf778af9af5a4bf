"""`tldops changes`: what happened to people since a day."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

import click

from radicale_tldops.store.past import load_changes
from radicale_tldops.store.values import Generation
from sync.cli.context import OK, App, counted, json_option, pass_app, show_values_option
from sync.cli.field_words import SIGNS, STYLES, difference, few_cctlds, field_json, field_name
from sync.people.past import TOLD, PastChange, past_changes, totals
from sync.plan.fields import Kind
from sync.plan.hazards import without_numbers


def day_of(context: click.Context, option: click.Parameter, value: datetime | None) -> date | None:
    """Return the day that an option gives; one in the future is wrong usage."""
    if value is not None and value.date() > context.ensure_object(App).now.date():
        raise click.BadParameter(f"{value.date()} is in the future.", context, option)
    return value and value.date()


DAY = click.DateTime(formats=["%Y-%m-%d"])
"""The type of an option that takes a day."""


@click.command()
@click.option("--since", metavar="DATE", type=DAY, callback=day_of, required=True, help="From this day (UTC) on.")
@click.option("--until", metavar="DATE", type=DAY, callback=day_of, help="Up to the end of this day; else up to now.")
@show_values_option
@json_option
@pass_app
def changes(app: App, since: date, until: date | None, show_values: bool, as_json: bool) -> int:
    """Tell who was added, removed and corrected since a day, when, and by whom.

    Each corrected field is a line. Cards that a new version of the software
    rendered anew are one line. Changes of what no card shows are not told, and
    those of logins alone stand in `tldops history` and `tldops audit`.

    \b
    Examples:
      tldops changes --since 2026-01-01
      tldops changes --since 2026-03-01 --until 2026-03-31 --json
    """
    last = until or app.now.date()
    if last < since:
        raise click.UsageError(f"--until {last} is before --since {since}.")
    generations, cards = load_changes(app.stores().roster, since, last)
    found = past_changes(cards)
    if as_json:
        app.json({"since": str(since), "until": str(last), **_plain(generations, found, show_values)})
        return OK
    app.print(_summary(found, since, until), style="bold")
    lines = [*_lines(generations, found, show_values or app.is_terminal)]
    for day, on_day in groupby(lines, key=lambda line: line.generation.created_at.date()):
        app.print(str(day))
        for line in on_day:
            app.print(_cut(app, line.text), style=line.style)
    if any(_cut(app, line.text) != line.text for line in lines):
        app.print("Long lines are cut: --json has them whole.", style="bold")
    return OK


@dataclass(frozen=True, slots=True)
class _ChangeLine:
    """One line about what a generation did."""

    generation: Generation
    text: str
    style: str


def _summary(found: Sequence[PastChange], since: date, until: date | None) -> str:
    """Return what happened in numbers."""
    number = totals(found)
    updates = sum(number[kind] for kind in TOLD)
    days = f"since {_words(since)}" if until is None else f"from {_words(since)} to {_words(until)}"
    return (
        f"{counted(updates, 'update')} {days}: {number[Kind.ADDED]} added, {number[Kind.REMOVED]} removed, "
        f"{number[Kind.CHANGED]} corrected."
    )


def _words(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _lines(generations: Sequence[Generation], found: Sequence[PastChange], show_values: bool) -> Iterator[_ChangeLine]:
    """Yield a line for everybody who came or went, for each field that was corrected, and for cards rendered anew."""
    by_generation: dict[int, list[PastChange]] = {}
    for change in found:
        by_generation.setdefault(change.generation.id, []).append(change)
    for made in generations:
        begin = f"  {made.created_at:%H:%M} {by_whom(made)}  "
        if made.kind == "restore":
            yield _ChangeLine(made, f"{begin}! {made.note}: what happened between is not kept", "bold yellow")
        changes = by_generation.get(made.id, [])
        for change in changes:
            if change.kind in TOLD:
                texts = _texts(change, show_values)
                yield from (
                    _ChangeLine(made, f"{begin}{SIGNS[change.kind]} {text}", STYLES[change.kind]) for text in texts
                )
        if anew := totals(changes)[Kind.RERENDERED]:
            text = f"{begin}{SIGNS[Kind.RERENDERED]} {counted(anew, 'card')} with the same data in a new layout"
            yield _ChangeLine(made, text, STYLES[Kind.RERENDERED])


def by_whom(made: Generation) -> str:
    """Return who made a generation, and what it is where it is no sync."""
    return made.actor if made.kind == "sync" else f"{made.actor} ({made.kind})"


def _texts(change: PastChange, show_values: bool) -> Sequence[str]:
    """Return who it is, for a correction with each field."""
    name = change.contact.name if show_values else without_numbers(change.contact.name)
    who = f"{few_cctlds(change.contact.served.split())} {name}"
    if change.kind is not Kind.CHANGED:
        return [who]
    return [f"{who}: {field_name(field)}: {difference(field, show_values)}" for field in change.fields]


def _cut(app: App, text: str) -> str:
    """Return a line that a terminal shows as one; a pipe gets it whole."""
    is_long = app.is_terminal and len(text) > app.out.width
    return f"{text[: app.out.width - 1]}…" if is_long else text


def _plain(generations: Sequence[Generation], found: Sequence[PastChange], show_values: bool) -> Mapping[str, object]:
    """Return everything as plain values."""
    number = totals(found)
    anew = Counter(change.generation.id for change in found if change.kind is Kind.RERENDERED)
    return {
        "totals": {kind.value: number[kind] for kind in (*TOLD, Kind.RERENDERED)},
        "changes": [change_json(change, show_values) for change in found if change.kind in TOLD],
        "rerendered": [{**_when(made), "cards": anew[made.id]} for made in generations if made.id in anew],
        "restored": [{**_when(made), "note": made.note} for made in generations if made.kind == "restore"],
    }


def change_json(change: PastChange, show_values: bool) -> Mapping[str, object]:
    """Return what happened to one person as plain values."""
    name = change.contact.name
    return {
        **_when(change.generation),
        "kind": change.kind.value,
        "uid": change.uid,
        "name": name if show_values else without_numbers(name),
        "cctlds": [cctld.a_label for cctld in change.contact.cctlds],
        "fields": [field_json(field, show_values) for field in change.fields],
    }


def _when(made: Generation) -> Mapping[str, object]:
    return {"generation": made.id, "at": made.created_at.isoformat(), "actor": made.actor, "generation_kind": made.kind}
