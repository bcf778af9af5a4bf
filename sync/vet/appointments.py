"""Who appointed a person for which ccTLD: one value for all the ccTLDs of an entry, or one for each in their order."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from radicale_tldops.roster.contact import APPOINTMENT, Service
from sync.problems import Finding, printable
from sync.vet.columns import read_columns
from sync.vet.damage import DateReader


@dataclass(frozen=True, slots=True)
class Appointed:
    """The services of an entry, the columns that are filled but not understood, and what is wrong."""

    services: tuple[Service, ...]
    unread: frozenset[str] = frozenset()
    findings: tuple[Finding, ...] = ()


def read_services(
    labels: Sequence[str], slot: int | None, cells: Mapping[str, str], today: date, dates: Mapping[str, DateReader]
) -> Appointed:
    """Return the ccTLDs of an entry with the appointments that its cells give."""
    services = {label: Service(label, slot) for label in labels}
    unread: set[str] = set()
    findings: list[Finding] = []
    for name in APPOINTMENT:
        text = cells.get(name, "").strip()
        parts = _parts(name, text, len(labels))
        if parts is None:
            message = f"{name}: {text.count(';') + 1} values for {len(labels)} ccTLDs; they are not used"
            remedy = "Give one value for all the ccTLDs of the entry, or one for each in their order."
            findings.append(Finding("bad-column", printable(message), text, remedy=remedy))
            unread.add(name)
            continue
        for part in dict.fromkeys(filter(None, parts)):
            values, bad, found = read_columns({name: part}, today, dates)
            unread |= bad
            findings += found
            for label, written in zip(labels, parts, strict=True):
                if written == part and name in values:
                    services[label] = replace(services[label], **values)
    return Appointed(tuple(services.values()), frozenset(unread), tuple(findings))


def _parts(name: str, text: str, count: int) -> Sequence[str] | None:
    """Return the value of each of `count` ccTLDs, "" for none; None where that is not clear.

    Evidence is free text, and may hold semicolons.
    """
    parts = [part.strip() for part in text.split(";")]
    if len(parts) == count:
        return parts
    if len(parts) == 1 or name == "evidence":
        return [text] * count
    return None if count else ()


def merge_services(several: Iterable[Sequence[Service]]) -> tuple[tuple[Service, ...], tuple[str, ...]]:
    """Join the services of one person's entries; return also what differs in them for one ccTLD.

    Evidence for one ccTLD is joined.
    """
    merged: dict[str, Service] = {}
    conflicts: dict[str, None] = {}
    for service in (service for services in several for service in services):
        known = merged.setdefault(service.cctld, service)
        for name in APPOINTMENT:
            before, value = getattr(known, name), getattr(service, name)
            if not value or value == before:
                continue
            if before and name == "evidence":
                texts = before.split("; ")
                value = before if value in texts else f"{before}; {value}"
            elif before:
                conflicts[f"{name} for .{service.cctld}"] = None
                continue
            known = replace(known, **{name: value})
        merged[service.cctld] = known
    return tuple(merged.values()), tuple(conflicts)
