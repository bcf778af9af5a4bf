"""Numbers that a spreadsheet program has counted up: the fill handle makes a series of one number."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from radicale_tldops.roster.contact import Contact
from sync.plan.identify import Identifiable
from sync.problems import Finding, Problem, printable

LEAST = 3
"""So many rows, each with the number of the row above and one more, are no chance."""

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
    found = [(column, entry) for column in _NUMBERS for entry in _series(column, entries, known)] if known else []
    entries = list({entry.origins: entry for _, entry in found}.values())
    return entries, [_finding(column, entry).at(entry.origins[0]) for column, entry in found]


def _series(column: str, entries: Sequence[Identifiable], known: Collection[Contact]) -> Iterator[Identifiable]:
    """Yield the entries of each run of `LEAST` or more."""
    held = {_value(column, contact) for contact in known}
    run: list[Identifiable] = []
    before = 0
    for entry in entries:
        value = _value(column, entry.contact)
        if not (value and value == before + 1 and value not in held):
            run.clear()
        else:
            run.append(entry)
            yield from run if len(run) == LEAST else run[LEAST:][-1:]
        before = value


def _value(column: str, contact: Contact) -> int:
    return int("".join(filter(str.isdecimal, _NUMBERS[column](contact))) or 0)


def _finding(column: str, entry: Identifiable) -> Finding:
    name = printable(entry.contact.name)
    message = f"{column}: the number of {name} is one higher than that of the row above, as in {LEAST} rows or more"
    return Finding(
        "damaged", message, remedy="Type the right numbers. If they are right, add two of them in each sync."
    )
