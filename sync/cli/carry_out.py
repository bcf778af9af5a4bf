"""What `sync` and `rollback` share: what was agreed to, carrying a plan out, and saying what was done."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import click

from radicale_tldops.roster.errors import RefusedError
from radicale_tldops.store.notes import NoteValues
from radicale_tldops.store.values import Generation
from sync import prepare
from sync.apply import Approval, Stores, apply_plan
from sync.cli.context import App
from sync.cli.show import counted, hazard_help, plan_json
from sync.plan.guards import HAZARDS
from sync.plan.plan import Kind, Plan
from sync.prepare import Prepared
from sync.problems import Problem

NOTHING_TO_DO = "Nothing to do: the roster and the logins are as they should be."

_REVIEW = {"access": "tldops plan --access-only"}
"""The command that shows a plan of a kind again, where that is not `tldops plan`."""

_Command = TypeVar("_Command", bound=Callable[..., object])


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


def refuse_another_plan(plan: Plan, consent: Consent) -> None:
    """Compare the plan with the one that was reviewed, before anything of it is done.

    Raises:
        RefusedError: it is another one.
    """
    if consent.plan_id is not None and consent.plan_id != plan.id:
        raise RefusedError(
            f"nothing was applied: the plan is {plan.id} now, and not {consent.plan_id}: the inputs or the store have "
            f"changed. Review it with `{_REVIEW.get(plan.kind, 'tldops plan')}`."
        )


def carry_out(app: App, stores: Stores, prepared: Prepared, consent: Consent, notes: NoteValues) -> Generation | None:
    """Apply a plan that the person agrees to, and write `notes` with it; None if it holds nothing to do.

    Raises:
        RefusedError: the plan is another one than was reviewed, or a hazard was not overridden.
    """
    plan = prepared.plan
    refuse_another_plan(plan, consent)
    open_hazards = [hazard for hazard in plan.hazards if hazard.code not in consent.forced]
    if plan.is_empty and not any(hazard.code == "empty-input" for hazard in open_hazards):
        return None
    if open_hazards:
        moved = shut_out(app, stores, prepared, consent)
        names = " ".join(f"--force {code}" for code in dict.fromkeys(hazard.code for hazard in open_hazards))
        reasons = "; ".join(dict.fromkeys(hazard.message for hazard in open_hazards))
        # Taking logins away made a generation, on top of which the plan has another id.
        review = _REVIEW.get(plan.kind, "tldops plan")
        remedy = f"`{review}` shows what is left, for --plan ID {names}" if moved else f"--plan {plan.id} {names}"
        left = "access" if plan.kind == "access" else "the roster"
        raise RefusedError(f"{left} was left as it is: {reasons}. If that is right: {remedy}")
    if not (consent.yes or consent.plan_id) and not click.confirm("Apply this plan?", err=True):
        raise RefusedError("nothing was applied.")
    forced = tuple(sorted({hazard.code for hazard in plan.hazards}))
    with app.progress("Rendering cards") as progress:
        approval = Approval(app.actor, app.now, forced, notes)
        return apply_plan(stores, prepared.state, plan, prepare.rendering(app.settings), approval, progress)


def shut_out(app: App, stores: Stores, prepared: Prepared, consent: Consent) -> bool:
    """Remove the readers who are no longer on the list, which a hazard in the roster alone does not stop.

    Returns whether there were any.
    """
    plan = prepared.plan.removals_of_access()
    if plan.is_empty or any(hazard.code not in consent.forced for hazard in plan.hazards):
        return False
    names = ", ".join(change.login for change in plan.access)
    if not (consent.yes or consent.plan_id) and not click.confirm(f"Shut out all the same: {names}?", err=True):
        return False
    done = apply_plan(stores, prepared.state, plan, prepare.rendering(app.settings), Approval(app.actor, app.now))
    app.note(f"Access: {counted(len(plan.access), 'login')} removed in generation {done.id}: {names}.")
    return True


@contextmanager
def telling(
    app: App, prepared: Prepared, problems: tuple[Problem, ...], *, as_json: bool, show_values: bool
) -> Iterator[None]:
    """Tell a program, to which no plan was shown, what the plan is that is refused inside."""
    try:
        yield
    except RefusedError:
        if as_json:
            report(app, prepared, None, problems, as_json=True, show_values=show_values)
        raise


def report(
    app: App,
    prepared: Prepared,
    generation: Generation | None,
    problems: tuple[Problem, ...],
    *,
    as_json: bool,
    show_values: bool,
) -> None:
    """Say what was done, None being nothing."""
    if as_json:
        app.json(
            {
                "applied": generation is not None,
                "generation": generation.as_json() if generation else None,
                "plan": plan_json(prepared.plan, problems, show_values=show_values),
            }
        )
    elif generation is None:
        app.print(NOTHING_TO_DO)
    else:
        app.print(f"Applied as generation {generation.id}.", style="bold green")
        held = len(prepared.plan.of_kind(Kind.HELD))
        if held:
            app.print(f"{counted(held, 'person', 'people')} held: see `tldops status`.")
