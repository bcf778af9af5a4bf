"""`tldops plan`, `tldops sync` and `tldops rollback`: review, confirm, apply."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import click

from radicale_tldops.roster.errors import RefusedError, SettingsError
from radicale_tldops.store.notes import FRESHNESS, LAST_SYNC, LIST_KNOWN, NoteValues, read_note
from radicale_tldops.store.values import LastSync
from radicale_tldops.store.write import write_note
from sync import pipeline, prepare
from sync.apply import Stores, catch_up, newer_sources, note_no_change
from sync.cli.carry_out import (
    Consent,
    carry_out,
    consent_options,
    refuse_another_plan,
    report,
    shut_out,
    telling,
)
from sync.cli.context import FOUND, OK, App, file_argument, format_option, json_option, pass_app
from sync.cli.freshness import noting_failure, noting_list
from sync.cli.show import counted, plan_json, print_plan, print_problems
from sync.prepare import Prepared
from sync.sources.subscribers import PART, Subscribers

LOOKING = "Checking the membership file and the store"
ASKING = "Asking who is on the list"

show_values_option = click.option("--show-values", is_flag=True, help="Show telephone numbers in changes.")


@click.command()
@file_argument
@format_option
@click.option("--access-only", is_flag=True, help="Show what `sync --access-only` would do about who may read.")
@show_values_option
@json_option
@pass_app
def plan(
    app: App, file: Path | None, file_format: str | None, access_only: bool, show_values: bool, as_json: bool
) -> int:
    """Show what `sync` would do, and write nothing.

    One line for each person and login that changes, how the person was
    recognised, the hazards, and the id of the plan. Exits with 1 if the file has
    errors or the plan has hazards.

    \b
    Examples:
      tldops plan
      tldops plan members.csv --show-values
      tldops plan --access-only
    """
    now, stores = app.now, app.stores(roster_alone=access_only)
    if access_only:
        _refuse_file(file or file_format)
        with app.working(ASKING):
            prepared = _prepare_access(app, stores, pipeline.read_list(app.settings, now), now)
    else:
        with app.working(LOOKING):
            checked = pipeline.check(app.settings, pipeline.read(app.settings, file, now), file_format, now)
            prepared = prepare.prepare(app.settings, checked, now)
    problems = prepared.wanted.problems
    if as_json:
        app.json(plan_json(prepared.plan, problems, show_values=show_values))
    else:
        print_problems(app, prepared.wanted.to_see, show_values=show_values)
        print_plan(app, prepared.plan, show_values=show_values)
    return FOUND if prepared.plan.hazards or prepared.wanted.errors else OK


@click.command()
@file_argument
@format_option
@consent_options
@click.option(
    "--quarantine", is_flag=True, help="Apply the rest when records are broken; their people stay as they are."
)
@click.option(
    "--access-only",
    is_flag=True,
    help="Do what the list says about who may read, and leave the roster alone. Quiet where there is nothing to do.",
)
@show_values_option
@json_option
@pass_app
def sync(
    app: App,
    file: Path | None,
    file_format: str | None,
    yes: bool,
    plan_id: str | None,
    forced: tuple[str, ...],
    quarantine: bool,
    access_only: bool,
    show_values: bool,
    as_json: bool,
) -> int:
    """Bring the roster and the logins to what the membership file says.

    Shows the plan, asks, and applies it in one transaction: clients see the old
    roster or the new one. A hazard stops it unless it is named with --force,
    together with the id of the plan that was reviewed.

    \b
    Examples:
      tldops sync                              show, ask, apply
      tldops sync members.csv --yes            for a timer
      tldops sync --plan 1a2b… --force mass-removal
      tldops sync --access-only --yes          every minute
    """
    consent = Consent(yes, plan_id, forced, unseen=as_json)
    if access_only:
        _refuse_file(file or file_format or quarantine)
        return _follow_list(app, consent, as_json=as_json)
    now, stores = app.now, app.stores()
    with app.working(LOOKING):
        with noting_failure(stores, now):
            inputs = pipeline.read(app.settings, file, now)
        prepared = prepare.prepare(app.settings, pipeline.check(app.settings, inputs, file_format, now), now)
    errors = prepared.wanted.errors
    told = telling(app, prepared, prepared.wanted.problems, as_json=as_json, show_values=show_values)
    if not as_json:
        print_problems(app, prepared.wanted.to_see, show_values=show_values)
        print_plan(app, prepared.plan, show_values=show_values)
    if errors and not quarantine:
        with told, noting_list(stores, inputs.subscribers, prepared.plan, now):
            refuse_another_plan(prepared.plan, consent)
            if inputs.subscribers is not None:
                # The list is another source than the file: who has left it does not stay because of somebody's line.
                shut_out(app, stores, prepared, consent)
            raise RefusedError(
                f"nothing was applied: {counted(len(errors), 'error')} in {inputs.membership.source.name}. Mend them, "
                "or apply the rest with --quarantine. `tldops check` lists them."
            )
    last = LastSync(
        now.isoformat(),
        app.actor,
        newer_sources(read_note(stores.roster, LAST_SYNC).sources, inputs.sources),
        tuple((uid, held.reason) for uid, held in prepared.wanted.held.items()),
        len(errors),
        prepared.state.base,
    )
    applied = replace(last, sources=inputs.sources)
    fresh = read_note(stores.roster, FRESHNESS).all_read(now)
    known = prepare.known_addresses(prepared)
    notes: NoteValues = {LAST_SYNC: applied, FRESHNESS: fresh, LIST_KNOWN: known}
    with told, noting_list(stores, inputs.subscribers, prepared.plan, now):
        generation = carry_out(app, stores, prepared, consent, notes)
    if generation is None:
        note_no_change(stores, last, now)
        write_note(stores.roster, FRESHNESS, fresh)
        if known != read_note(stores.roster, LIST_KNOWN):
            write_note(stores.roster, LIST_KNOWN, known)
    else:
        # Imported here: most syncs have nothing to do, and do not need it.
        from sync.cli.audit import tidy

        tidy(app, stores)
    report(app, prepared, generation, prepared.wanted.problems, as_json=as_json, show_values=show_values)
    return OK


def _follow_list(app: App, consent: Consent, *, as_json: bool) -> int:
    """Do what the list alone says. Without a change all that is written is when the list was had."""
    now, stores = app.now, app.stores(roster_alone=True)
    with app.working(ASKING), noting_failure(stores, now):
        subscribers = pipeline.read_list(app.settings, now)
    prepared = _prepare_access(app, stores, subscribers, now)
    if not (as_json or prepared.plan.is_empty):
        print_plan(app, prepared.plan, show_values=False)
    last = read_note(stores.roster, LAST_SYNC)
    sources = tuple(one for one in last.sources if one.part != PART) + prepared.plan.sources
    fresh = read_note(stores.roster, FRESHNESS).list_read(now)
    notes: NoteValues = {LAST_SYNC: replace(last, sources=sources), FRESHNESS: fresh}
    told = telling(app, prepared, (), as_json=as_json, show_values=False)
    with told, noting_list(stores, subscribers, prepared.plan, now):
        generation = carry_out(app, stores, prepared, consent, notes)
    if generation is None:
        write_note(stores.roster, FRESHNESS, fresh)
        catch_up(stores)
    if as_json or generation is not None:
        report(app, prepared, generation, (), as_json=as_json, show_values=False)
    return OK


def _prepare_access(app: App, stores: Stores, subscribers: Subscribers | None, now: datetime) -> Prepared:
    """Make the plan that does what the list alone says."""
    if subscribers is None:
        raise SettingsError("[subscribers] names no list: the membership file is the list. Run `tldops sync`.")
    prepared = prepare.prepare_access(app.settings, stores, subscribers, now)
    if prepared.state.head is None:
        raise RefusedError("nothing was applied: there is no generation yet. `tldops sync` makes the first one.")
    return prepared


def _refuse_file(given: object) -> None:
    if given:
        raise click.UsageError("--access-only looks at the list alone: no FILE, --format or --quarantine with it.")


@click.command()
@click.argument("number", metavar="GENERATION", type=click.IntRange(min=1))
@consent_options
@show_values_option
@json_option
@pass_app
def rollback(
    app: App,
    number: int,
    yes: bool,
    plan_id: str | None,
    forced: tuple[str, ...],
    show_values: bool,
    as_json: bool,
) -> int:
    """Bring back the cards of an earlier generation, as a new generation.

    Cards only: who may read stays as the newest sync left it. The guards hold as
    in a sync. The last ten generations with cards of their own can be brought back.

    \b
    Examples:
      tldops history
      tldops rollback 41
    """
    consent = Consent(yes, plan_id, forced, unseen=as_json)
    stores = app.stores()
    prepared = prepare.prepare_rollback(app.settings, number, app.now)
    if not as_json:
        print_plan(app, prepared.plan, show_values=show_values)
    with telling(app, prepared, (), as_json=as_json, show_values=show_values):
        generation = carry_out(app, stores, prepared, consent, {})
    report(app, prepared, generation, (), as_json=as_json, show_values=show_values)
    return OK
