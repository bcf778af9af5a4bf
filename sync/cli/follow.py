"""`tldops follow`: who may read follows the list, and the roster stays as it is."""

from dataclasses import replace
from datetime import datetime

import click

from radicale_tldops.roster.errors import RefusedError, SettingsError
from radicale_tldops.store.notes import FRESHNESS, LAST_SYNC, NoteValues, read_note
from sync import pipeline, prepare
from sync.apply import Stores, note_no_change
from sync.cli.carry_out import PlanOptions, carry_out, plan_options, report, reporting_refusal, way_past
from sync.cli.context import FOUND, OK, App, pass_app
from sync.cli.freshness import noting_failure, noting_list
from sync.cli.show import PlanView, plan_json, print_plan
from sync.prepare import Prepared
from sync.sources.subscribers import PART, Subscribers


@click.command()
@click.option("--dry-run", is_flag=True, help="Show the plan and its id, and write nothing.")
@plan_options
@pass_app
def follow(app: App, dry_run: bool, options: PlanOptions) -> int:
    """Bring the logins to what the list says, and leave the roster as it is.

    For a timer of every minute: it reads the list and no membership file, and
    prints nothing if there is nothing to do. A hazard stops it as it stops `sync`.
    With --dry-run it exits with 1 if the plan has hazards.

    \b
    Examples:
      tldops follow --dry-run                  what would change?
      tldops follow --yes                      for a timer
    """
    now, stores = app.now, app.stores(roster_alone=True)
    if dry_run:
        return _show(app, _prepare(app, stores, _read_list(app, now), now), options)
    options.require_answer()
    with noting_failure(stores, now):
        subscribers = _read_list(app, now)
    prepared = _prepare(app, stores, subscribers, now)
    if not (options.as_json or prepared.plan.is_empty):
        print_plan(app, prepared.plan, PlanView(whole=options.whole))
    last = read_note(stores.roster, LAST_SYNC)
    sources = tuple(source for source in last.sources if source.part != PART) + prepared.plan.sources
    fresh = read_note(stores.roster, FRESHNESS).list_read(now)
    notes: NoteValues = {LAST_SYNC: replace(last, sources=sources), FRESHNESS: fresh}
    with reporting_refusal(app, prepared, options), noting_list(stores, subscribers, prepared.plan, now):
        generation = carry_out(app, stores, prepared, options, notes)
    if generation is None:
        note_no_change(stores, {FRESHNESS: fresh}, now)
    if options.as_json or generation is not None:
        report(app, prepared, generation, options)
    return OK


def _read_list(app: App, now: datetime) -> Subscribers | None:
    with app.working("Reading the list"):
        return pipeline.read_list(app.settings, now)


def _prepare(app: App, stores: Stores, subscribers: Subscribers | None, now: datetime) -> Prepared:
    """Make the plan; `subscribers` are None where the membership file itself is the list."""
    if subscribers is None:
        raise SettingsError("[subscribers] names no list: the membership file is the list. Run `tldops sync`.")
    prepared = prepare.prepare_access(app.settings, stores, subscribers, now)
    if prepared.state.head is None:
        raise RefusedError("nothing was applied: there is no generation yet. `tldops sync` makes the first one.")
    return prepared


def _show(app: App, prepared: Prepared, options: PlanOptions) -> int:
    if options.as_json:
        app.json(plan_json(prepared.plan, (), show_values=False))
    else:
        print_plan(app, prepared.plan, PlanView(whole=options.whole))
        if prepared.plan.hazards:
            app.print(way_past(prepared.plan, "tldops follow"))
    return FOUND if prepared.plan.hazards else OK
