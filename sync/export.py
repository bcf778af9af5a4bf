"""The roster in the forms that people know: the list's message, a spreadsheet, an offline copy."""

import csv
import io
from collections.abc import Iterable, Sequence

from radicale_tldops.roster.contact import Contact

COLUMNS = (
    "name",
    "slot",
    "cctlds",
    "phones",
    "email",
    "oob_email",
    "organisation",
    "role",
    "languages",
    "timezone",
    "signal",
    "whatsapp",
    "matrix",
    "pgp_fingerprint",
    "pgp_url",
    "appointed_by",
    "appointed_on",
    "evidence",
    "confirmed_on",
    "note",
)
"""The columns of the membership file, in the order in which they are written."""

# What a spreadsheet takes for the start of a formula when a cell begins with it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def report(contacts: Iterable[Contact]) -> str:
    """Return the repository message: one line per person, and per slot where a person holds different ones."""
    lines = []
    for contact in _in_order(contacts):
        addresses = ", ".join(contact.emails)
        phones = [phone.display for phone in contact.phones]
        for slot, cctlds in _by_slot(contact):
            fields = [contact.name, *([f"#{slot}"] if slot is not None else []), cctlds, *phones]
            lines.append(f"“{', '.join(fields)}” {addresses}")
    return "".join(f"{line}\n" for line in lines)


def spreadsheet(contacts: Iterable[Contact]) -> str:
    """Return CSV with a header, which `check` reads back to the same roster.

    A cell that a spreadsheet would take for a formula starts with an apostrophe.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for contact in _in_order(contacts):
        for slot, cctlds in _by_slot(contact):
            writer.writerow(neutral(cell) for cell in _row(contact, slot, cctlds))
    return out.getvalue()


def neutral(cell: str) -> str:
    """Return a cell that no spreadsheet runs as a formula."""
    return "'" + cell if cell.startswith(_FORMULA) else cell


def _row(contact: Contact, slot: int | None, cctlds: str) -> Sequence[str]:
    return (
        contact.name,
        "" if slot is None else str(slot),
        cctlds,
        "; ".join(phone.display for phone in contact.phones),
        "; ".join(contact.listed),
        "; ".join(contact.out_of_band),
        contact.organisation,
        contact.role,
        "; ".join(contact.languages),
        contact.timezone,
        contact.signal,
        contact.whatsapp,
        contact.matrix,
        contact.pgp_fingerprint,
        contact.pgp_url,
        contact.appointed_by,
        contact.appointed_on.isoformat() if contact.appointed_on else "",
        contact.evidence,
        contact.confirmed_on.isoformat() if contact.confirmed_on else "",
        contact.note,
    )


def _in_order(contacts: Iterable[Contact]) -> Sequence[Contact]:
    return sorted(contacts, key=lambda contact: (contact.slots[0][0], contact.slot or 0, contact.name))


def _by_slot(contact: Contact) -> Sequence[tuple[int | None, str]]:
    """Return the slots of a person, each with the ccTLDs for which it is held, in order of appearance."""
    cctlds: dict[int | None, list[str]] = {}
    for cctld, (_, slot) in zip(contact.cctlds, contact.slots, strict=True):
        cctlds.setdefault(slot, []).append(cctld.dotted)
    return [(slot, " ".join(labels)) for slot, labels in cctlds.items()]
