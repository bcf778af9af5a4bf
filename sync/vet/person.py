"""Joins the entries of one person into a contact, and judges the person as a whole."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from itertools import chain

from radicale_tldops.roster.cctld import Cctld
from radicale_tldops.roster.contact import APPOINTMENT, Contact, Phone, has_out_of_band, is_stale
from sync.problems import Finding, Severity, printable
from sync.vet.addresses import login_of
from sync.vet.appointments import merge_services
from sync.vet.columns import merge_columns, merge_own
from sync.vet.entry import Entry
from sync.vet.limits import too_long
from sync.vet.rules import VettingRules


def merge(entries: Sequence[Entry]) -> tuple[Contact, tuple[Finding, ...]]:
    """Join the entries of one person without loss, in their order; return also what cannot be joined.

    The name is the one that comes first; the other spellings differ from it in case and spaces alone.
    """
    columns, contradictions = merge_columns([entry.columns for entry in entries])
    services, more = merge_services(entry.services for entry in entries)
    listed = _mailboxes(entry.listed for entry in entries)
    others = _mailboxes(entry.out_of_band for entry in entries)
    phones: dict[str, Phone] = {}
    for entry in entries:
        for phone in entry.phones:
            phones.setdefault(phone.number, phone)
    contact = Contact(
        name=entries[0].name,
        services=services,
        listed=tuple(listed.values()),
        out_of_band=tuple(address for login, address in others.items() if login not in listed),
        phones=tuple(phones.values()),
        own_columns=merge_own(entry.own for entry in entries),
        **columns,
    )
    findings = [
        Finding("conflicting-column", f"the entries of {printable(contact.name)} have different values in {name}")
        for name in (*contradictions, *more)
    ]
    if len(entries) > 1:
        together = {
            "ccTLD": tuple(service.cctld for service in services),
            "phone": tuple(phones),
            "address": contact.emails,
            "note": (contact.note,),
            "card_note": (contact.card_note,),
            "evidence": (max(contact.evidence, key=len, default=""),),
        }
        findings += (replace(found, message=f"the entries together: {found.message}") for found in too_long(together))
    return contact, tuple(findings)


def _mailboxes(several: Iterable[tuple[str, ...]]) -> dict[str, str]:
    """Return every address by its canonical login, as it is written first."""
    mailboxes: dict[str, str] = {}
    for address in chain.from_iterable(several):
        mailboxes.setdefault(login_of(address), address)
    return mailboxes


def judge(
    contact: Contact, entries: Iterable[Entry], rules: VettingRules, today: date, subscribers: frozenset[str] | None
) -> list[Finding]:
    """Return what is wrong with a person as a whole, `entries` joined."""
    present = frozenset[str]().union(*(entry.present for entry in entries))
    name = printable(contact.name)
    findings = []
    if subscribers is not None and not is_on_list(contact, subscribers):
        findings.append(Finding("not-on-list", f"no address of {name} is on the list: {', '.join(contact.logins)}"))
    if not contact.dials:
        findings.append(Finding("no-phone", f"{name} has no telephone number that dials"))
    if contact.emails and not has_out_of_band(contact, rules.registrable_domain):
        message = f"{name} has no address in a second domain that is not under {contact.served or 'the ccTLD'}"
        findings.append(Finding("no-out-of-band", message, ", ".join(contact.emails)))
    findings += _appointment(contact, present, rules)
    findings += _confirmation(contact, present, rules, today)
    return findings


def is_on_list(contact: Contact, subscribers: frozenset[str]) -> bool:
    """Whether the person is on the list, under any address."""
    return any(login_of(address) in subscribers for address in contact.emails)


def _appointment(contact: Contact, present: frozenset[str], rules: VettingRules) -> list[Finding]:
    needed = [name for name in APPOINTMENT if rules.require_appointment or name in present]
    missing: dict[str, list[str]] = {}
    for service in contact.services:
        if empty := ", ".join(name for name in needed if not getattr(service, name)):
            missing.setdefault(empty, []).append(Cctld(service.cctld).dotted)
    if not missing:
        return []
    what = "; ".join(f"{empty} missing for {' '.join(cctlds)}" for empty, cctlds in missing.items())
    if list(map(len, missing.values())) == [len(contact.services)]:
        what = f"{', '.join(missing)} missing"
    severity = Severity.ERROR if rules.require_appointment else None
    return [Finding("not-vetted", f"{printable(contact.name)}: {what}", severity=severity)]


def _confirmation(contact: Contact, present: frozenset[str], rules: VettingRules, today: date) -> list[Finding]:
    if contact.confirmed_on is None:
        missing = "confirmed_on" in present
        return [Finding("stale", f"{printable(contact.name)} has no date of confirmation")] if missing else []
    if not is_stale(contact.confirmed_on, today, rules.stale_after_months):
        return []
    return [Finding("stale", f"{printable(contact.name)} was last confirmed on {contact.confirmed_on}")]
