"""The book as tables for programs that have no CardDAV. Each names its columns in its own way."""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import StringIO

from radicale_tldops.roster.contact import Contact, Phone
from radicale_tldops.roster.snapshot import Snapshot

_MOST = 3
"""So many numbers and addresses have a column."""

_OUTLOOK_PHONES = {"cell": "Mobile Phone", "voice": "Business Phone", "fax": "Business Fax", "pager": "Pager"}
_OUTLOOK = (
    *("First Name", "Company", "Job Title", "E-mail Address", "E-mail 2 Address", "E-mail 3 Address"),
    *("Mobile Phone", "Business Phone", "Business Phone 2", "Business Fax", "Pager", "Categories", "Notes"),
)
_GOOGLE_PHONES = {"cell": "Mobile", "voice": "Work", "fax": "Work Fax", "pager": "Pager"}
_FORMULA = re.compile(r"[=@\t\r-]|\+(?![0-9])")


def vcards(snapshot: Snapshot) -> str:
    """Return every card, as the address book serves it."""
    return "".join(card.text for _, card in sorted(snapshot.plain.cards.items()))


def google_csv(snapshot: Snapshot) -> str:
    """Return the contacts in the columns of Google Contacts."""
    names = ["First Name", "Nickname", "Organization Name", "Organization Title", "Labels", "Notes"]
    for number in range(1, _MOST + 1):
        names += [f"{what} {number} - {part}" for what in ("E-mail", "Phone") for part in ("Label", "Value")]
    return _written(names, map(_google, _contacts(snapshot)))


def outlook_csv(snapshot: Snapshot) -> str:
    """Return the contacts in the columns of Outlook."""
    return _written(_OUTLOOK, map(_outlook, _contacts(snapshot)))


def _contacts(snapshot: Snapshot) -> Iterator[Contact]:
    contacts = (Contact.from_json(card.contact) for card in snapshot.plain.cards.values())
    return iter(sorted(contacts, key=lambda contact: (contact.served, contact.slot or 0, contact.name)))


def _google(contact: Contact) -> Mapping[str, str]:
    row = {
        "First Name": _shown(contact),
        "Nickname": contact.served,
        "Organization Name": contact.organisation,
        "Organization Title": contact.role,
        "Labels": "TLD-OPS ::: * myContacts",
        "Notes": _notes(contact),
    }
    for number, address in enumerate(contact.emails[:_MOST], start=1):
        row |= {f"E-mail {number} - Label": "Work", f"E-mail {number} - Value": address}
    for number, phone in enumerate(_dialled(contact)[:_MOST], start=1):
        label = _GOOGLE_PHONES.get(phone.kind, "Work")
        row |= {f"Phone {number} - Label": label, f"Phone {number} - Value": phone.display}
    return row


def _outlook(contact: Contact) -> Mapping[str, str]:
    row = {
        "First Name": _shown(contact),
        "Company": contact.organisation,
        "Job Title": contact.role,
        "Categories": "TLD-OPS",
        "Notes": _notes(contact),
    }
    for name, address in zip(_OUTLOOK[3:], contact.emails[:_MOST], strict=False):
        row[name] = address
    for phone in _dialled(contact):
        name = _OUTLOOK_PHONES.get(phone.kind, "Business Phone")
        name = next((each for each in (name, "Business Phone", "Business Phone 2") if each not in row), "")
        if name:
            row[name] = phone.display
    return row


def _shown(contact: Contact) -> str:
    """Return the name with the ccTLDs, as the card shows it: this is what people type."""
    return f"{contact.name} ({' '.join(filter(None, (contact.served, contact.organisation)))})"


def _dialled(contact: Contact) -> Sequence[Phone]:
    return [phone for phone in contact.phones if phone.dialable]


def _notes(contact: Contact) -> str:
    """Return what has no column of its own."""
    more = {"Signal": contact.signal, "WhatsApp": contact.whatsapp, "Matrix": contact.matrix}
    written = [phone.number for phone in contact.phones if not phone.dialable]
    further = [*contact.emails[_MOST:], *(phone.display for phone in _dialled(contact)[_MOST:])]
    lines = [f"{name}: {text}" for name, text in more.items() if text] + written + further
    day = contact.confirmed_on
    lines.append(f"last confirmed {day}" if day else "not confirmed")
    return "; ".join([*lines, *filter(None, [contact.card_note])])


def _written(names: Sequence[str], rows: Iterable[Mapping[str, str]]) -> str:
    text = StringIO(newline="")
    writer = csv.DictWriter(text, names, restval="")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return text.getvalue()


def _cell(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula. A number that begins with "+" is none."""
    return f"'{text}" if _FORMULA.match(text) else text
