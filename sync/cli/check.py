"""`tldops check`: what is wrong with a membership file."""

from pathlib import Path

import click

from radicale_tldops.roster.contact import Contact, people_per_cctld
from sync import pipeline
from sync.cli.context import FOUND, OK, App, file_argument, format_option, json_option, pass_app
from sync.cli.show import counted, print_problems, problem_json
from sync.problems import Origin, Severity


@click.command()
@file_argument
@format_option
@click.option("--strict", is_flag=True, help="Exit with 1 for warnings, too.")
@json_option
@pass_app
def check(app: App, file: Path | None, file_format: str | None, strict: bool, as_json: bool) -> int:
    """Parse and vet a membership file, and list every problem.

    Each problem comes with its file and line, the reason, and what to do. Nothing
    is written. Without FILE, the file of [membership] is checked.

    \b
    Examples:
      tldops check members.txt
      tldops check --json members.csv
      tldops check --strict            also fail on warnings
    """
    with app.working("Checking the membership file"):
        checked = pipeline.check(app.settings, pipeline.read(app.settings, file, app.now), file_format, app.now)
    vetted = checked.vetted
    contacts = [*vetted.contacts, *vetted.unlisted]
    problems = vetted.problems
    if as_json:
        app.json(
            {
                "contacts": [contact_json(contact, origins) for contact, origins in contacts],
                "problems": [problem_json(problem) for problem in problems],
            }
        )
    else:
        print_problems(app, problems)
        errors = sum(problem.severity is Severity.ERROR for problem in problems)
        cctlds = people_per_cctld(contact for contact, _ in contacts)
        app.print(
            f"{checked.sources[0].name} ({checked.format}): {counted(len(contacts), 'contact')} of "
            f"{counted(len(cctlds), 'ccTLD')}, {counted(errors, 'error')}, {counted(len(problems) - errors, 'warning')}"
        )
    severities = {problem.severity for problem in problems}
    return FOUND if Severity.ERROR in severities or (strict and severities) else OK


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
