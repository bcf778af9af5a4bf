"""Who moves to another ccTLD leaves the appointment behind: what the file still gives is that for the old ccTLD."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from radicale_tldops.roster.cctld import Cctld
from radicale_tldops.roster.contact import Contact, Service
from sync.plan.identify import Identifiable, Match
from sync.problems import Finding, Problem, Severity, printable


def leave_appointments(
    matches: Sequence[Match], known: Mapping[str, Contact], *, required: bool
) -> tuple[list[Match], tuple[Identifiable, ...], tuple[Problem, ...]]:
    """Return the matches without the appointments that were left behind, and a problem about each.

    Where appointments are `required` it is an error, and the entry is one of those between, which are broken.
    """
    stay: list[Match] = []
    broken: list[Identifiable] = []
    problems: list[Problem] = []
    for match in matches:
        stored, contact = known.get(match.uid), match.entry.contact
        services = _services(contact, stored) if stored else contact.services
        left = [service for service in services if service.left]
        if left:
            match = replace(match, entry=replace(match.entry, contact=replace(contact, services=services)))
            cctlds = " ".join(Cctld(service.cctld).dotted for service in left)
            message = (
                f"{printable(contact.name)} now serves {cctlds}, and the file gives the appointment for another ccTLD"
            )
            severity = Severity.ERROR if required else None
            finding = Finding("appointment-left", f"{message}: {left[0].left}", severity=severity)
            problems.append(finding.at(match.entry.origins[0]))
        if left and required:
            broken.append(match.entry)
        else:
            stay.append(match)
    return stay, tuple(broken), tuple(problems)


def _services(contact: Contact, stored: Contact) -> tuple[Service, ...]:
    """Return the services without the appointments that are those for a ccTLD which the person has left.

    Such a one stays left as long as the file gives it, or a part of it: a date may have become unreadable.
    """
    before = {service.cctld: service for service in stored.services}
    served = {service.cctld for service in contact.services}
    gone = [service.appointment for service in stored.services if service.cctld not in served]
    services = []
    for service in contact.services:
        known = before.get(service.cctld)
        parts = set(service.appointment.split())
        left = next((text for text in ([known.left] if known else gone) if parts <= set(text.split())), "")
        services.append(Service(service.cctld, service.slot, left=left) if parts and left else service)
    return tuple(services)
