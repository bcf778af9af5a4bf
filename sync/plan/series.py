"""Telephone numbers that a spreadsheet program has counted up: the fill handle makes a series of one number."""

from collections.abc import Collection, Sequence

from radicale_tldops.roster.contact import Contact
from sync.plan.identify import Identifiable
from sync.problems import Finding, Problem, printable

LEAST = 3
"""So many rows, each with the number of the row above and one more, are no chance."""


def counted_up(
    entries: Sequence[Identifiable], known: Collection[Contact]
) -> tuple[Sequence[Identifiable], Sequence[Problem]]:
    """Return the entries with a number that was counted up, and a problem for each; none where the roster is empty.

    `entries` stand in the order of the file. A number that the roster holds already was not made by a fill handle.
    """
    held = {phone.number for contact in known for phone in contact.phones}
    series: list[Identifiable] = []
    run: list[Identifiable] = []
    before = 0
    for entry in entries:
        number = next((phone.number for phone in entry.contact.phones if phone.number[1:].isdigit()), "")
        value = int(number[1:] or 0)
        run = [*run, entry] if known and value and value == before + 1 and number not in held else []
        series += run if len(run) == LEAST else run[-1:] if len(run) > LEAST else []
        before = value
    return series, [_finding(entry).at(entry.origins[0]) for entry in series]


def _finding(entry: Identifiable) -> Finding:
    name = printable(entry.contact.name)
    message = f"phones: the number of {name} is one higher than that of the row above, as in {LEAST} rows or more"
    return Finding(
        "damaged", message, remedy="Type the right numbers. If they are right, add two of them in each sync."
    )
