"""What `sync`, `follow` and `rollback` share: showing a plan, asking, applying it, and saying what was done."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path

import click

from radicale_tldops.roster.errors import RefusedError
from radicale_tldops.roster.login import canonical_login
from radicale_tldops.store.notes import NoteValues
from radicale_tldops.store.values import Generation
from sync import prepare
from sync.apply import Approval, Stores, apply_plan
from sync.cli.context import FOUND, OK, App, counted, few, json_option
from sync.cli.problems import print_problems
from sync.cli.show import PlanView, plan_json, print_plan
from sync.plan.fields import Kind
from sync.plan.hazards import HAZARDS, LAST_CONTACT, NOT_INSTALLED
from sync.plan.plan import Plan
from sync.prepare import Prepared
from sync.problems import Origin

NOTHING_TO_DO = "Nothing to do: the roster and the logins are as they should be."

_REVIEW = {"sync": "tldops plan", "access": "tldops follow --dry-run", "rollback": "tldops rollback GENERATION"}
"""The command that shows a plan of each kind again."""

same_person_option = click.option(
    "--same-person",
    "same_people",
    multiple=True,
    metavar="ADDRESS",
    callback=lambda _context, _option, values: tuple(map(canonical_login, values)),
    help="The new name at this address is the same person's. May be repeated.",
)
all_option = click.option("--all", "whole", is_flag=True, help="Cut no list at a screen of the terminal.")


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """The options of the commands that apply a plan: what is agreed to, and how the plan is printed."""

    yes: bool = False
    plan_id: str | None = None
    forced: tuple[str, ...] = ()
    as_json: bool = False
    show_values: bool = False
    same_people: tuple[str, ...] = ()
    whole: bool = False
    install: bool = False

    @property
    def agreed(self) -> bool:
        """Whether the plan is applied without a question."""
        return self.yes or self.plan_id is not None

    def require_answer(self) -> None:
        """Raise a usage error where a question would be needed and nobody can answer it."""
        if self.forced and self.plan_id is None:
            raise click.UsageError("--force goes with --plan ID: it overrides hazards of a plan that was reviewed.")
        if not (self.agreed or (sys.stdin.isatty() and not self.as_json)):
            without = "with --json" if self.as_json else "without a terminal"
            raise click.UsageError(f"{without}, say --yes, or --plan ID for a plan that was reviewed.")


def plan_options(command: Callable[..., object]) -> Callable[..., object]:
    """Add the options of `PlanOptions`, but `--show-values` and `--same-person`; the command gets all as `options`."""

    @wraps(command)
    def with_options(*arguments: object, **given: object) -> object:
        own = {field.name: given.pop(field.name) for field in fields(PlanOptions) if field.name in given}
        return command(*arguments, options=PlanOptions(**own), **given)  # type: ignore[arg-type]

    for option in (
        json_option,
        click.option(
            "--force",
            "forced",
            multiple=True,
            metavar="HAZARD",
            type=click.Choice(list(HAZARDS)),
            help=f"With --plan: apply in spite of this hazard ({', '.join(HAZARDS)}). May be repeated.",
        ),
        all_option,
        click.option("--plan", "plan_id", metavar="ID", help="Apply only if the plan still has this id."),
        click.option("--yes", is_flag=True, help="Do not ask."),
    ):
        option(with_options)
    return with_options


def show(app: App, prepared: Prepared, options: PlanOptions) -> None:
    """Print a plan for a person, with the problems that matter for it; nothing for a program.

    Who is asked to agree sees the telephone numbers. A pipe or a log gets them on request only.
    """
    if not options.as_json:
        show_values = options.show_values or sys.stdout.isatty()
        is_cut = print_problems(app, prepared.to_see, whole=options.whole, show_values=show_values)
        view = PlanView(show_values, options.whole, is_cut, prepared.plan)
        print_plan(app, prepared.to_apply(options.forced), view)
        _print_without_card(app, prepared.without_card)


def _print_without_card(app: App, origins: Sequence[Origin]) -> None:
    """Say where people stand who are not on the list: no line of the plan names them."""
    if not origins:
        return
    places = [f"{Path(origin.file).name}:{origin.line}" for origin in origins]
    app.print(
        f"Not on the list, so no login and no new card: {counted(len(origins), 'person', 'people')} "
        f"({few(places)}). `tldops reconcile` says what to do."
    )


def way_past(plan: Plan, command: str) -> str:
    """Return what to do about the hazards of a plan that was only shown; `command` applies it."""
    codes = {hazard.code for hazard in plan.hazards}
    if codes == {LAST_CONTACT}:
        forced = f"`{command} --plan {plan.id} --force {LAST_CONTACT}`"
        return f"`{command}` holds the last contact and applies the rest. To let that person go, too: {forced}."
    # Letting the last contact of a ccTLD go is not proposed beside anything else.
    forced = "".join(f" --force {code}" for code in sorted(codes - {LAST_CONTACT, NOT_INSTALLED}))
    install = " --install" if NOT_INSTALLED in codes else ""
    reviewed = f" --plan {plan.id}{forced}" if forced else ""
    return (
        f"What is marked with ! stops `{command}`. Correct the input. Or, if all of this is right: "
        f"`{command}{install}{reviewed}`."
    )


def refuse_another_plan(plan: Plan, options: PlanOptions) -> None:
    """Compare the plan with the one that was reviewed, before anything of it is done.

    Raises:
        RefusedError: the ids differ.
    """
    if options.plan_id is not None and options.plan_id != plan.id:
        raise RefusedError(
            f"nothing was applied: the plan is now {plan.id}, not {options.plan_id}, because the inputs or the store "
            f"have changed. Review it with `{_REVIEW[plan.kind]}`."
        )


def carry_out(
    app: App, stores: Stores, prepared: Prepared, options: PlanOptions, notes: NoteValues
) -> Generation | None:
    """Ask, apply the plan, and write `notes` with it. Return None for a plan without changes.

    Raises:
        RefusedError: the plan is not the reviewed one, has a hazard that was not forced, or was not agreed to.
    """
    refuse_another_plan(prepared.plan, options)
    plan = prepared.to_apply(options.forced)
    open_hazards = [hazard for hazard in prepared.plan.hazards if hazard.code not in (*options.forced, LAST_CONTACT)]
    if plan.is_empty and not any(hazard.code == "empty-input" for hazard in open_hazards):
        return None
    if open_hazards:
        moved = shut_out(app, stores, prepared, options)
        names = " ".join(f"--force {code}" for code in dict.fromkeys(hazard.code for hazard in open_hazards))
        reasons = "; ".join(dict.fromkeys(hazard.message for hazard in open_hazards))
        # Removing logins made a generation, and a plan on top of it has another id.
        remedy = (
            f"--plan ID {names}: `{_REVIEW[plan.kind]}` shows the id of what is left"
            if moved
            else f"--plan {prepared.plan.id} {names}"
        )
        unchanged = "access" if plan.kind == "access" else "the roster"
        raise RefusedError(
            f"{unchanged} was left as it is: {reasons}. Correct the input. Or, if it is right, add {remedy}"
        )
    if not options.agreed and not click.confirm("Apply this plan?", err=True):
        raise RefusedError("nothing was applied.")
    forced = {hazard.code for hazard in prepared.plan.hazards} & set(options.forced)
    approval = Approval(app.actor, app.now, tuple(sorted(forced)), notes)
    with app.progress("Rendering cards") as progress:
        return apply_plan(stores, prepared.state, plan, prepare.rendering(app.settings), approval, progress)


def shut_out(app: App, stores: Stores, prepared: Prepared, options: PlanOptions) -> bool:
    """Remove the readers who are no longer on the list, and return whether there were any.

    A hazard in the roster does not stop this; a hazard of access does.
    """
    plan = prepared.plan.removals_of_access()
    if plan.is_empty or any(hazard.code not in options.forced for hazard in plan.hazards):
        return False
    names = ", ".join(change.login for change in plan.access)
    if not options.agreed and not click.confirm(f"Remove these logins, which left the list: {names}?", err=True):
        return False
    approval = Approval(app.actor, app.now)
    done = apply_plan(stores, prepared.state, plan, prepare.rendering(app.settings), approval)
    app.note(f"Access: {counted(len(plan.access), 'login')} removed in generation {done.id}: {names}.")
    return True


@contextmanager
def reporting_refusal(app: App, prepared: Prepared, options: PlanOptions) -> Iterator[None]:
    """Print the plan as JSON before a refusal is reported, where JSON was asked for."""
    try:
        yield
    except RefusedError:
        if options.as_json:
            report(app, prepared, None, options)
        raise


def last_contacts_held(app: App, prepared: Prepared, options: PlanOptions) -> int:
    """Return the exit status of a plan that was carried out, and say how to let a last contact go if one is held."""
    hazards = [hazard for hazard in prepared.plan.hazards if hazard.code == LAST_CONTACT]
    if not hazards or LAST_CONTACT in options.forced:
        return OK
    reasons = "; ".join(hazard.message for hazard in hazards)
    again = _REVIEW[prepared.plan.kind]
    app.note(f"Held: {reasons}. To let go: --plan ID --force {LAST_CONTACT}; `{again}` shows the id.")
    return FOUND


def report(app: App, prepared: Prepared, generation: Generation | None, options: PlanOptions) -> None:
    """Say what was applied; `generation` is None where nothing was."""
    plan = prepared.to_apply(options.forced)
    if options.as_json:
        problems, values = prepared.wanted.problems, options.show_values
        app.json(
            {
                "applied": generation is not None,
                "generation": generation.as_json() if generation else None,
                "plan": plan_json(plan, problems, show_values=values, reviewed=prepared.plan),
            }
        )
        return
    held = len(plan.of_kind(Kind.HELD))
    if generation:
        app.print(f"Applied as generation {generation.id}.", style="bold green")
    else:
        app.print("Nothing to do for those who are not held." if held else NOTHING_TO_DO)
    if held:
        app.print(f"{counted(held, 'person', 'people')} held: see `tldops status`.")
