"""`tldops plan`, `tldops sync` and `tldops rollback`: review, confirm, apply."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from radicale_tldops.roster.errors import RefusedError
from radicale_tldops.store import audit
from radicale_tldops.store.members import load_devices
from radicale_tldops.store.notes import FRESHNESS, LAST_SYNC, LIST_KNOWN, NoteValues, read_note
from radicale_tldops.store.values import Generation, LastSync
from sync import pipeline, prepare
from sync.apply import Stores, newer_sources, note_no_change
from sync.cli.carry_out import (
    PlanOptions,
    all_option,
    carry_out,
    last_contacts_held,
    plan_options,
    refuse_another_plan,
    report,
    reporting_refusal,
    same_person_option,
    show,
    shut_out,
    way_past,
)
from sync.cli.context import (
    FOUND,
    OK,
    App,
    GenerationNumber,
    counted,
    file_argument,
    format_option,
    json_option,
    pass_app,
    sheet_option,
    show_values_option,
)
from sync.cli.freshness import noting_failure, noting_list, noting_stop
from sync.cli.show import plan_json
from sync.cli.undo import left_out
from sync.pipeline import Inputs
from sync.plan.follow import known_beside
from sync.prepare import Prepared
from sync.problems import Origin, printable
from sync.sources.install import staged

_CHECKING = "Checking the membership file and the store"


@click.command()
@file_argument
@format_option
@sheet_option
@same_person_option
@show_values_option
@all_option
@json_option
@pass_app
def plan(app: App, /, file: Path | None, file_format: str | None, **shown: Any) -> int:
    """Show what `sync` would do, and write nothing.

    One line for each person and login that changes, why somebody goes, how a
    person was recognised, the hazards, and the id of the plan. On a terminal long
    lists are cut at a screen. Exits with 1 if the file has errors or the plan has
    hazards.

    \b
    Examples:
      tldops plan
      tldops plan --all
      tldops plan members.csv --show-values
    """
    now, options = app.now, PlanOptions(**shown)
    stores = app.stores()
    with app.working(_CHECKING):
        prepared = _prepare(app, stores, pipeline.read(app.settings, file, now), file_format, options, now)
    if options.as_json:
        app.json(plan_json(prepared.plan, prepared.wanted.problems, show_values=options.show_values))
    show(app, prepared, options)
    if prepared.plan.hazards and not options.as_json:
        app.print(way_past(prepared.plan, f"tldops sync {file or ''}".rstrip()))
    if prepared.desk_fault is not None:
        raise prepared.desk_fault
    return FOUND if prepared.plan.hazards or prepared.wanted.errors else OK


@click.command()
@file_argument
@format_option
@sheet_option
@click.option(
    "--quarantine", is_flag=True, help="Apply the rest when records are broken; their people stay as they are."
)
@click.option("--install", is_flag=True, help="Put FILE in the place of the file of [membership].")
@same_person_option
@show_values_option
@plan_options
@pass_app
def sync(app: App, file: Path | None, file_format: str | None, quarantine: bool, options: PlanOptions) -> int:
    """Bring the roster and the logins to what the membership file says.

    Shows the plan, asks, and applies it in one transaction. A hazard stops it
    unless it is named with --force, together with the id of the reviewed plan.

    \b
    Examples:
      tldops sync                              show, ask, apply
      tldops sync --yes                        for a timer
      tldops sync new.xlsx --install           and put it in the place of the old
      tldops sync --plan 1a2b… --force mass-removal
    """
    options.require_answer()
    now, stores = app.now, app.stores(creating=True)
    with app.working(_CHECKING):
        with noting_failure(stores, now):
            inputs = pipeline.read(app.settings, file, now)
        prepared = _prepare(app, stores, inputs, file_format, options, now)
    stores = replace(stores, desk_fault=prepared.desk_fault)
    show(app, prepared, options)
    last = _last_sync(app, prepared, inputs, options, read_note(stores.roster, LAST_SYNC), now)
    notes = _notes(stores, prepared, now)
    with (
        _installing(app, inputs, file_format, options) as install,
        reporting_refusal(app, prepared, options),
        noting_stop(stores, prepared, options.forced, now),
        noting_list(stores, inputs.subscribers, prepared.plan, now),
    ):
        if prepared.wanted.errors and not quarantine:
            _refuse_errors(app, stores, prepared, inputs, options)
        generation = carry_out(app, stores, prepared, options, {LAST_SYNC: last, **notes})
        install()
    if generation is None:
        _note_nothing(stores, inputs, last, notes, now)
    else:
        from sync.cli.audit import tidy  # most syncs have nothing to do and do not need it

        tidy(app, stores)
    return _end(app, prepared, generation, options)


def _end(app: App, prepared: Prepared, generation: Generation | None, options: PlanOptions) -> int:
    """Say what was applied, and return the exit code.

    Raises:
        StoreError: everything was done but what needs the desk database.
    """
    report(app, prepared, generation, options)
    if prepared.desk_fault is not None:
        raise prepared.desk_fault
    return last_contacts_held(app, prepared, options)


def _notes(stores: Stores, prepared: Prepared, now: datetime) -> NoteValues:
    fresh = read_note(stores.roster, FRESHNESS).all_read(now)
    return {FRESHNESS: fresh, LIST_KNOWN: known_beside(prepared.wanted, prepared.state)}


def _note_nothing(stores: Stores, inputs: Inputs, last: LastSync, notes: NoteValues, now: datetime) -> None:
    """Note a sync that changed nothing; its input must not lower the date from which an older one counts as stale."""
    newest = newer_sources(read_note(stores.roster, LAST_SYNC).sources, inputs.sources)
    note_no_change(stores, {LAST_SYNC: replace(last, sources=newest), **notes}, now)
    counts = {"held": len(last.held), "errors": last.errors}
    audit.record(stores.members, last.actor, "sync", "no change", counts, now)


def _prepare(
    app: App, stores: Stores, inputs: Inputs, file_format: str | None, options: PlanOptions, now: datetime
) -> Prepared:
    checked = pipeline.check(app.settings, inputs, file_format, now)
    prepared = prepare.prepare(app.settings, stores, checked, now, options.same_people)
    configured = None if options.install else pipeline.undone_by(app.settings, inputs)
    return prepared.not_installed(configured) if configured else prepared


@contextmanager
def _installing(
    app: App, inputs: Inputs, file_format: str | None, options: PlanOptions
) -> Iterator[Callable[[], None]]:
    """Yield what puts the input in the place of the configured file afterwards, where that was asked for.

    Raises:
        InputError: the configured file cannot be replaced, or could not be read afterwards.
    """
    if not options.install:
        yield lambda: None
        return
    if file_format or app.sheet:
        raise click.UsageError("--install goes without --format and --sheet: set them under [membership].")
    configured = pipeline.place_of(app.settings, inputs)
    with staged(inputs.membership.data, configured) as put:

        def install() -> None:
            kept = put()
            app.note(f"{configured} is the new file; the old one is {kept}." if kept else f"{configured} is in place.")

        yield install


def _last_sync(
    app: App, prepared: Prepared, inputs: Inputs, options: PlanOptions, before: LastSync, now: datetime
) -> LastSync:
    """Return the note about a sync that is not refused. What it cannot say of those who are held stays as `before`."""
    wanted, held = prepared.wanted, prepared.to_reach(options.forced).held
    kept = {(uid, name): since for uid, name, since in before.kept if uid in held}
    kept |= {(value.uid, value.name): value.since.isoformat() for value in wanted.kept}
    found = {uid: match.entry.origins for uid, match in wanted.people.items()}
    found |= {uid: person.origins for uid, person in held.items()}
    return LastSync(
        now.isoformat(),
        app.actor,
        inputs.sources,
        tuple((uid, person.reason) for uid, person in held.items()),
        len(wanted.errors),
        prepared.state.base,
        tuple(sorted({*wanted.columns, *(before.columns if held else ())})),
        tuple((uid, name, since) for (uid, name), since in sorted(kept.items())),
        {uid: _place(origins) for uid, origins in found.items() if origins},
    )


def _place(origins: Sequence[Origin]) -> str:
    return ", ".join(f"{printable(Path(origin.file).name)}:{origin.line}" for origin in origins)


def _refuse_errors(app: App, stores: Stores, prepared: Prepared, inputs: Inputs, options: PlanOptions) -> None:
    """Refuse a file with errors, after removing the logins that left a separate list: no line of the file keeps them.

    Raises:
        RefusedError: always.
    """
    refuse_another_plan(prepared.plan, options)
    if inputs.subscribers is not None:
        shut_out(app, stores, prepared, options)
    number = len(prepared.wanted.errors)
    raise RefusedError(
        f"nothing was applied: {counted(number, 'error')} in {inputs.membership.source.name}. Correct "
        f"{'it' if number == 1 else 'them'}. Or add --quarantine: people with an error stay as they are, and the rest "
        "is applied."
    )


@click.command()
@click.argument("number", metavar="[GENERATION]", type=GenerationNumber(1, 2**63 - 1), required=False)
@show_values_option
@plan_options
@pass_app
def rollback(app: App, number: int | None, options: PlanOptions) -> int:
    """Bring back the cards of an earlier generation, as a new generation.

    Without GENERATION: those before the last change of cards. Cards only: who may
    read stays as the newest sync left it, and the plan says what else does not
    come back, and how to get it. The guards hold as in a sync.

    \b
    Examples:
      tldops rollback                    undo the last sync
      tldops history
      tldops rollback 41
    """
    options.require_answer()
    stores = app.stores()
    past = prepare.generation_before(stores, number)
    prepared = prepare.prepare_rollback(app.settings, stores, past.id, app.now)
    show(app, prepared, options)
    if not options.as_json and not prepared.plan.is_empty:
        for line in left_out(prepared, past, load_devices(stores.members)[1]):
            app.print(line)
    with reporting_refusal(app, prepared, options):
        generation = carry_out(app, stores, prepared, options, {})
    return _end(app, prepared, generation, options)
