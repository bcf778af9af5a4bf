"""`tldops plan`, `tldops sync` and `tldops rollback`: review, confirm, apply."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import click

from radicale_tldops.roster.errors import RefusedError
from radicale_tldops.store.values import Generation
from sync import pipeline
from sync.apply import LAST_SYNC, LastSync, Stores, apply_plan, newer_sources, note_no_change
from sync.cli.context import FOUND, OK, App, file_argument, format_option, json_option, pass_app
from sync.cli.show import counted, hazard_help, plan_json, print_plan, print_problems
from sync.guards import HAZARDS
from sync.pipeline import Prepared
from sync.plan import Kind
from sync.records import Problem, Severity

_Command = TypeVar("_Command", bound=Callable[..., object])

show_values_option = click.option("--show-values", is_flag=True, help="Show telephone numbers in changes.")


@dataclass(frozen=True, slots=True)
class Consent:
    """What the person, or the script, has agreed to on the command line."""

    yes: bool
    plan_id: str | None
    forced: tuple[str, ...]
    unseen: bool = False
    """Whether nothing is shown that somebody could agree to, because the output is for a program."""

    def __post_init__(self) -> None:
        if self.forced and self.plan_id is None:
            raise click.UsageError("--force goes with --plan ID: it overrides hazards of a plan that was reviewed.")
        if not (self.yes or self.plan_id or (sys.stdin.isatty() and not self.unseen)):
            without = "with --json" if self.unseen else "without a terminal"
            raise click.UsageError(f"{without}, say --yes, or --plan ID for a plan that was reviewed.")


def consent_options(command: _Command) -> _Command:
    """Add the options by which a plan is agreed to."""
    for option in (
        click.option(
            "--force",
            "forced",
            multiple=True,
            metavar="HAZARD",
            type=click.Choice(list(HAZARDS)),
            help=f"With --plan: apply in spite of this hazard ({hazard_help()}). May be repeated.",
        ),
        click.option("--plan", "plan_id", metavar="ID", help="Apply only if the plan is still the one with this id."),
        click.option("--yes", is_flag=True, help="Do not ask."),
    ):
        command = option(command)
    return command


@click.command()
@file_argument
@format_option
@show_values_option
@json_option
@pass_app
def plan(app: App, file: Path | None, file_format: str | None, show_values: bool, as_json: bool) -> int:
    """Show what `sync` would do, and write nothing.

    One line for each person and login that changes, how the person was
    recognised, the hazards, and the id of the plan. Exits with 1 if the file has
    errors or the plan has hazards.

    \b
    Examples:
      tldops plan
      tldops plan members.csv --show-values
    """
    now = app.now
    app.stores()
    with app.working("Checking the membership file and the store"):
        prepared = pipeline.prepare(app.settings, pipeline.check(app.settings, file, file_format, now), now)
    problems = prepared.wanted.problems
    if as_json:
        app.json(plan_json(prepared.plan, problems, show_values=show_values))
    else:
        print_problems(app, _to_see(prepared), show_values=show_values)
        print_plan(app, prepared.plan, show_values=show_values)
    return FOUND if prepared.plan.hazards or prepared.wanted.errors else OK


@click.command()
@file_argument
@format_option
@consent_options
@click.option(
    "--quarantine", is_flag=True, help="Apply the rest when records are broken; their people stay as they are."
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
    """
    consent = Consent(yes, plan_id, forced, unseen=as_json)
    now, stores = app.now, app.stores()
    with app.working("Checking the membership file and the store"):
        checked = pipeline.check(app.settings, file, file_format, now)
        prepared = pipeline.prepare(app.settings, checked, now)
    errors = prepared.wanted.errors
    if not as_json:
        print_problems(app, _to_see(prepared), show_values=show_values)
        print_plan(app, prepared.plan, show_values=show_values)
    if errors and not quarantine:
        if checked.subscribers is not None:
            # The list is another source than the file: who has left it does not stay because somebody's line is broken.
            _shut_out(app, stores, prepared, consent)
        raise RefusedError(
            f"nothing was applied: {counted(len(errors), 'error')} in {checked.source.name}. Mend them, or apply the "
            "rest with --quarantine. `tldops check` lists them."
        )
    last = LastSync(
        now.isoformat(),
        app.actor,
        newer_sources(pipeline.last_sync(app.settings).sources, prepared.plan.sources),
        tuple((uid, held.reason) for uid, held in prepared.wanted.held.items()),
        len(errors),
    )
    applied = replace(last, sources=prepared.plan.sources)
    generation = _carry_out(app, stores, prepared, consent, {LAST_SYNC: applied.to_json()})
    if generation is None:
        note_no_change(stores, last, now)
    _report(app, prepared, generation, prepared.wanted.problems, as_json=as_json, show_values=show_values)
    return OK


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
    in a sync. The last ten generations can be brought back.

    \b
    Examples:
      tldops history
      tldops rollback 41
    """
    consent = Consent(yes, plan_id, forced, unseen=as_json)
    stores = app.stores()
    prepared = pipeline.prepare_rollback(app.settings, number, app.now)
    if not as_json:
        print_plan(app, prepared.plan, show_values=show_values)
    generation = _carry_out(app, stores, prepared, consent, {})
    _report(app, prepared, generation, (), as_json=as_json, show_values=show_values)
    return OK


def _carry_out(
    app: App, stores: Stores, prepared: Prepared, consent: Consent, notes: Mapping[str, str]
) -> Generation | None:
    """Apply a plan that the person agrees to, and write `notes` with it; None if it holds nothing to do.

    Raises:
        RefusedError: the plan is another one than was reviewed, or a hazard was not overridden.
    """
    plan = prepared.plan
    if consent.plan_id is not None and consent.plan_id != plan.id:
        raise RefusedError(
            f"nothing was applied: the plan is {plan.id} now, and not {consent.plan_id}: the inputs or the store have "
            "changed. Review it with `tldops plan`."
        )
    open_hazards = [hazard for hazard in plan.hazards if hazard.code not in consent.forced]
    if plan.is_empty and not any(hazard.code == "empty-input" for hazard in open_hazards):
        return None
    if open_hazards:
        moved = _shut_out(app, stores, prepared, consent)
        names = " ".join(f"--force {code}" for code in dict.fromkeys(hazard.code for hazard in open_hazards))
        reasons = "; ".join(dict.fromkeys(hazard.message for hazard in open_hazards))
        # Taking logins away made a generation, on top of which the plan has another id.
        remedy = f"`tldops plan` shows what is left, for --plan ID {names}" if moved else f"--plan {plan.id} {names}"
        raise RefusedError(f"the roster was left as it is: {reasons}. If that is right: {remedy}")
    if not (consent.yes or consent.plan_id) and not click.confirm("Apply this plan?", err=True):
        raise RefusedError("nothing was applied.")
    forced = tuple(sorted({hazard.code for hazard in plan.hazards}))
    with app.progress("Rendering cards") as progress:
        return apply_plan(
            stores, prepared.state, plan, pipeline.rendering(app.settings), app.actor, app.now, forced, notes, progress
        )


def _shut_out(app: App, stores: Stores, prepared: Prepared, consent: Consent) -> bool:
    """Remove the readers who are no longer on the list, which a hazard in the roster alone does not stop.

    Returns whether there were any.
    """
    plan = prepared.plan.removals_of_access()
    if plan.is_empty or any(hazard.code not in consent.forced for hazard in plan.hazards):
        return False
    names = ", ".join(change.login for change in plan.access)
    if not (consent.yes or consent.plan_id) and not click.confirm(f"Shut out all the same: {names}?", err=True):
        return False
    done = apply_plan(stores, prepared.state, plan, pipeline.rendering(app.settings), app.actor, app.now)
    app.note(f"Access: {counted(len(plan.access), 'login')} removed in generation {done.id}: {names}.")
    return True


def _to_see(prepared: Prepared) -> tuple[Problem, ...]:
    """Return the errors, and the sign that the file may be cut off; all the other warnings are for `check`."""
    return tuple(
        problem
        for problem in prepared.wanted.problems
        if problem.severity is Severity.ERROR or problem.code == "no-final-newline"
    )


def _report(
    app: App,
    prepared: Prepared,
    generation: Generation | None,
    problems: tuple[Problem, ...],
    *,
    as_json: bool,
    show_values: bool,
) -> None:
    if as_json:
        app.json(
            {
                "applied": generation is not None,
                "generation": generation.as_json() if generation else None,
                "plan": plan_json(prepared.plan, problems, show_values=show_values),
            }
        )
    elif generation is None:
        app.print("Nothing to do: the roster and the logins are as they should be.")
    else:
        app.print(f"Applied as generation {generation.id}.", style="bold green")
        held = len(prepared.plan.of_kind(Kind.HELD))
        if held:
            app.print(f"{counted(held, 'person', 'people')} held: see `tldops status`.")
