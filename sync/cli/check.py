"""`tldops check`: what is wrong with a membership file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from radicale_tldops.roster.contact import Contact, people_per_cctld
from sync import pipeline
from sync.cli.context import (
    FOUND,
    OK,
    App,
    counted,
    file_argument,
    format_option,
    json_option,
    pass_app,
    sheet_option,
)
from sync.cli.problems import known_code, print_problems, problem_json
from sync.problems import Origin, Severity


@dataclass(frozen=True, slots=True)
class _Wish:
    """How the problems are to be shown: `whole` without a cut, `only` those of one code."""

    as_json: bool
    whole: bool
    only: str | None

    def __post_init__(self) -> None:
        if self.as_json and self.only:
            raise click.UsageError("--json always prints every problem: leave out --only.")


@click.command()
@file_argument
@format_option
@sheet_option
@click.option("--all", "whole", is_flag=True, help="Show every problem, and not only some examples of each kind.")
@click.option("--only", metavar="CODE", callback=known_code, help="Show one kind of problem, every case of it.")
@click.option("--strict", is_flag=True, help="Exit with 1 for warnings, too.")
@json_option
@pass_app
def check(app: App, /, file: Path | None, file_format: str | None, strict: bool, **wish: Any) -> int:
    """Parse and vet a membership file, and list every problem.

    Problems are shown by kind, the worst first: what it means, what to do, and
    where the first cases are. A pipe gets all of them. Nothing is written. Without
    FILE, the file of [membership] is checked.

    \b
    Examples:
      tldops check members.txt
      tldops check --only slot-taken   one kind, every case of it
      tldops check --json members.csv
      tldops check --strict            also fail on warnings
    """
    wanted = _Wish(**wish)
    with app.working("Checking the membership file"):
        checked = pipeline.check(app.settings, pipeline.read(app.settings, file, app.now), file_format, app.now)
    if wanted.as_json:
        app.json(
            {
                "contacts": [contact_json(contact, origins) for contact, origins in _contacts(checked)],
                "problems": [problem_json(problem) for problem in checked.vetted.problems],
            }
        )
    else:
        _print(app, checked, wanted)
    severities = {problem.severity for problem in checked.vetted.problems}
    return FOUND if Severity.ERROR in severities or (strict and severities) else OK


def _contacts(checked: pipeline.Checked) -> Sequence[tuple[Contact, tuple[Origin, ...]]]:
    return [*checked.vetted.contacts, *checked.vetted.unlisted]


def _print(app: App, checked: pipeline.Checked, wish: _Wish) -> None:
    """Print the problems that are asked for, and what the whole file holds."""
    contacts, problems = _contacts(checked), checked.vetted.problems
    some = [problem for problem in problems if wish.only in (None, problem.code)]
    is_cut = print_problems(app, some, whole=wish.whole or wish.only is not None)
    if wish.only and not some:
        app.print(f"No problem has the code {wish.only}.")
    errors = sum(problem.is_error for problem in problems)
    cctlds = people_per_cctld(contact for contact, _ in contacts)
    app.print(
        f"{checked.sources[0].name} ({checked.format}): {counted(len(contacts), 'contact')} of "
        f"{counted(len(cctlds), 'ccTLD')}, {counted(errors, 'error')}, {counted(len(problems) - errors, 'warning')}"
    )
    if is_cut:
        app.print("These are examples: --all shows every problem, --only CODE every one of a kind.")


def contact_json(contact: Contact, origins: tuple[Origin, ...]) -> dict[str, object]:
    """Return a contact as `check --json` prints it."""
    return {
        "name": contact.name,
        "slot": contact.slot,
        "slots": dict(contact.slots),
        "cctlds": [label for label, _ in contact.slots],
        "emails": list(contact.emails),
        "phones": [phone.number for phone in contact.phones],
        "line": origins[0].line,
        "lines": [origin.line for origin in origins],
    }
