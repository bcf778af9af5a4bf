"""Numbers that a spreadsheet program has counted up: the fill handle makes a series of one number."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import groupby, pairwise

from radicale_tldops.roster.contact import Contact
from sync.plan.identify import Identifiable
from sync.problems import Finding, Problem, printable

LEAST = 3
"""So many rows, each with the number of the row above and one more, or one less, are no chance."""

_NUMBERS: Mapping[str, Callable[[Contact], str]] = {
    "phones": lambda contact: next((phone.number for phone in contact.phones if phone.number[1:].isdigit()), ""),
    "signal": lambda contact: contact.signal if contact.signal.startswith("+") else "",
    "whatsapp": lambda contact: contact.whatsapp,
}
"""The number of a contact in each column of numbers, or ""."""


def counted_up(
    entries: Sequence[Identifiable], known: Collection[Contact]
) -> tuple[Sequence[Identifiable], Sequence[Problem]]:
    """Return the entries with a number that was counted up, and a problem for each; none where the roster is empty.

    `entries` stand in the order of the file. A number that the roster holds already was not made by a fill handle.
    """
    held = {_value(column, contact) for contact in known for column in _NUMBERS}
    held |= {_digits(phone.number) for contact in known for phone in contact.phones}
    found = [(column, entry) for column in _NUMBERS for entry in _series(column, entries, held)] if known else []
    entries = list({entry.origins: entry for _, entry in found}.values())
    return entries, [_finding(column, entry).at(entry.origins[0]) for column, entry in found]


def _series(column: str, entries: Sequence[Identifiable], held: Collection[int]) -> Iterator[Identifiable]:
    """Yield the entries of runs of more than `LEAST` rows, up or down, without those whose number the roster holds."""
    values = [_value(column, entry.contact) for entry in entries]
    steps = [after - before if before and after else 0 for before, after in pairwise(values)]
    start = 0
    for step, run in groupby(steps):
        number = len(list(run))
        if abs(step) == 1 and number >= LEAST:
            yield from (entries[at] for at in range(start, start + number + 1) if values[at] not in held)
        start += number


def _digits(text: str) -> int:
    return int("".join(filter(str.isdecimal, text)) or 0)


def _value(column: str, contact: Contact) -> int:
    return _digits(_NUMBERS[column](contact))


def _finding(column: str, entry: Identifiable) -> Finding:
    name = printable(entry.contact.name)
    message = f"{column}: the number of {name} is part of a series: each row has one more, or one less"
    return Finding(
        "damaged", message, remedy="Type the right numbers. If they are right, add two of them in each sync."
    )
