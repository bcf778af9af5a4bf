"""What cannot be understood changes nothing: a person of the roster keeps the old value until the file is readable."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from radicale_tldops.roster.contact import Contact
from sync.plan.identify import Identifiable, Match
from sync.problems import Finding, Origin, Problem, Severity, printable

KEPT_DAYS = 30
"""How long a value that is not understood may stand in the file before the record counts as broken."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A value of the roster that stays, by the person and the field, since which day, and the problem about it."""

    uid: str
    name: str
    since: date
    problem: Problem


def keep_values(
    matches: Sequence[Match],
    known: Mapping[str, Contact],
    unread: Mapping[Origin, frozenset[str]],
    since: Mapping[tuple[str, str], date],
    today: date,
) -> tuple[dict[str, Match], tuple[Kept, ...], tuple[Identifiable, ...]]:
    """Return the matches by UID with the values that stay, these values, and the entries that are broken by now.

    `unread` are the fields that are filled and not understood, by the first origin of a record. An entry is broken
    where a value has stayed for more than `KEPT_DAYS`, or where none of its telephone numbers dials any more.
    """
    people: dict[str, Match] = {}
    kept: list[Kept] = []
    broken: list[Identifiable] = []
    for match in matches:
        stored = known.get(match.uid)
        values = _kept(match, stored, unread, since, today) if stored else []
        kept += values
        if any(value.problem.severity is Severity.ERROR for value in values):
            broken.append(match.entry)
            continue
        fields = {value.name: getattr(stored, value.name) for value in values}
        entry = replace(match.entry, contact=replace(match.entry.contact, **fields)) if fields else match.entry
        people[match.uid] = replace(match, entry=entry)
    return people, tuple(kept), tuple(broken)


def _kept(
    match: Match,
    stored: Contact,
    unread: Mapping[Origin, frozenset[str]],
    since: Mapping[tuple[str, str], date],
    today: date,
) -> list[Kept]:
    """Return the values of a person that stay."""
    contact, origin = match.entry.contact, match.entry.origins[0]
    values = []
    for name in sorted(unread.get(origin, ())):
        if getattr(stored, name):
            first = since.get((match.uid, name), today)
            is_late = today - first > timedelta(days=KEPT_DAYS)
            message = f"{printable(contact.name)}: {name} is not understood; the old value is kept since {first}"
            severity = Severity.ERROR if is_late else None
            values.append(Kept(match.uid, name, first, Finding("kept-value", message, severity=severity).at(origin)))
    if contact.phones and not contact.dials and stored.dials:
        message = f"{printable(contact.name)} has no telephone number that dials any more; the old ones are kept"
        values.append(Kept(match.uid, "phones", today, Finding("phones-lost", message).at(origin)))
    return values
