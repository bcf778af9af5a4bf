"""What cannot be understood changes nothing: a person of the roster keeps the old value until the file is readable."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from radicale_tldops.roster.contact import APPOINTMENT, Contact
from sync.plan.identify import Identifiable, Match
from sync.problems import Finding, Origin, Problem, Severity, printable

KEPT_DAYS = 30
"""How long a value that is not understood may stand in the file before the record counts as broken."""


_ENDING = 7
"""So many last digits of a number are the same in every country where it is read."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A value of the roster that stays, by the person and the field, since which day, and the problem about it."""

    uid: str
    name: str
    since: date
    problem: Problem


@dataclass(frozen=True, slots=True)
class Unclear:
    """What in the file is not understood, by the first origin of a record.

    `unread` are the fields that are filled and not understood, and `assumed` are records with a telephone number that
    was read by the ccTLD. `since` says since when the roster keeps a value, by UID and field; `today` is the day of the
    sync.
    """

    unread: Mapping[Origin, frozenset[str]]
    assumed: frozenset[Origin]
    since: Mapping[tuple[str, str], date]
    today: date


def keep_values(
    matches: Sequence[Match], known: Mapping[str, Contact], unclear: Unclear
) -> tuple[dict[str, Match], tuple[Kept, ...], tuple[Identifiable, ...]]:
    """Return the matches by UID with the values that stay, these values, and the entries that are broken by now.

    An entry is broken where a value has stayed for more than `KEPT_DAYS`, or where none of its telephone numbers dials
    any more.
    """
    people: dict[str, Match] = {}
    kept: list[Kept] = []
    broken: list[Identifiable] = []
    for match in matches:
        stored = known.get(match.uid)
        values = list(_kept(match, stored, unclear)) if stored else []
        kept += values
        if any(value.problem.is_error for value in values):
            broken.append(match.entry)
            continue
        entry = match.entry
        if values and stored:
            entry = replace(entry, contact=_with_kept(entry.contact, stored, [value.name for value in values]))
        people[match.uid] = replace(match, entry=entry)
    return people, tuple(kept), tuple(broken)


def _kept(match: Match, stored: Contact, unclear: Unclear) -> Iterator[Kept]:
    """Yield the values of a person that stay."""
    contact, origin = match.entry.contact, match.entry.origins[0]
    name = printable(contact.name)
    unread = unclear.unread.get(origin, ())
    why = {field: f"{field} is not understood" for field in unread if _has(stored, field, contact)}
    remedy = ""
    if match.is_claimed:
        why.pop("confirmed_on", None)  # the answer that `tldops confirm` recorded counts
    if not unclear.assumed.isdisjoint(match.entry.origins) and _moved_abroad(stored, contact):
        why["phones"] = "a telephone number without country code would be one of another country"
        remedy = "Write the number with its country code."
    for field, reason in sorted(why.items()):
        first = unclear.since.get((match.uid, field), unclear.today)
        severity = Severity.ERROR if unclear.today - first > timedelta(days=KEPT_DAYS) else None
        message = f"{name}: {reason}; the old value is kept since {first}"
        finding = Finding("kept-value", message, severity=severity, remedy=remedy if field == "phones" else "")
        yield Kept(match.uid, field, first, finding.at(origin))
    if contact.phones and not contact.dials and stored.dials:
        message = f"{name} has no telephone number that dials any more; the old ones are kept"
        yield Kept(match.uid, "phones", unclear.today, Finding("phones-lost", message).at(origin))


def _has(stored: Contact, name: str, contact: Contact) -> bool:
    """Tell whether the roster has a value that can stay: of an appointment, one for a ccTLD that is still served."""
    if name not in APPOINTMENT:
        return bool(getattr(stored, name))
    labels = {label for label, _ in contact.slots}
    return any(getattr(service, name) for service in stored.services if service.cctld in labels)


def _with_kept(contact: Contact, stored: Contact, names: Sequence[str]) -> Contact:
    """Return the contact with the old values of some fields; of appointments, those that it has no new ones for."""
    fields = {name: getattr(stored, name) for name in names if name not in APPOINTMENT}
    before = {service.cctld: service for service in stored.services}
    services = []
    for service in contact.services:
        old = before.get(service.cctld, service)
        kept = {name: getattr(service, name) or getattr(old, name) for name in names if name in APPOINTMENT}
        services.append(replace(service, **kept))
    return replace(contact, services=tuple(services), **fields)


def _moved_abroad(stored: Contact, contact: Contact) -> bool:
    """Tell whether a number keeps its digits and changes its country, as the person has other ccTLDs."""
    before = {phone.number for phone in stored.phones}
    endings = {number[-_ENDING:] for number in before}
    return any(phone.number not in before and phone.number[-_ENDING:] in endings for phone in contact.phones)
