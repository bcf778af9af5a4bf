"""The roster in the forms that people know: the list's message, and a spreadsheet."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from radicale_tldops.roster.contact import Contact
from sync.parse import render_csv, render_report
from sync.parse.records import Record
from sync.problems import Origin

_ROSTER = Origin("roster", 0)


def report(contacts: Iterable[Contact]) -> str:
    """Return the repository message: a line for each person, and for each further slot or list address of a person.

    A line without a slot is for reading; every other one reads back.
    """
    lines = []
    for record in _records(contacts):
        first, *others = record.listed
        lines.append(render_report(replace(record, listed=(first,))))
        lines += [render_report(replace(record, listed=(other,), out_of_band=())) for other in others]
    return "".join(f"{line}\n" for line in lines)


def spreadsheet(contacts: Iterable[Contact]) -> str:
    """Return CSV with all the columns, which `check` reads back to the same roster.

    A cell that a spreadsheet would take for a formula starts with an apostrophe.
    """
    return render_csv(_records(contacts))


def _records(contacts: Iterable[Contact]) -> Iterator[Record]:
    for contact in sorted(contacts, key=lambda person: (person.slots[0][0], person.slot or 0, person.name)):
        for slot, labels in _by_slot(contact):
            yield Record(
                origin=_ROSTER,
                name=contact.name,
                slot=slot,
                cctlds=tuple(labels),
                phones=tuple(phone.display for phone in contact.phones),
                listed=contact.listed,
                out_of_band=contact.out_of_band,
                columns=_columns(contact),
            )


def _columns(contact: Contact) -> dict[str, str]:
    """Return the further columns in which the contact has something.

    One that nobody uses is not written: an empty column of confirmations would read as nobody being confirmed.
    """
    columns = {
        "organisation": contact.organisation,
        "role": contact.role,
        "languages": "; ".join(contact.languages),
        "timezone": contact.timezone,
        "signal": contact.signal,
        "whatsapp": contact.whatsapp,
        "matrix": contact.matrix,
        "pgp_fingerprint": contact.pgp_fingerprint,
        "pgp_url": contact.pgp_url,
        "appointed_by": contact.appointed_by,
        "appointed_on": contact.appointed_on.isoformat() if contact.appointed_on else "",
        "evidence": contact.evidence,
        "confirmed_on": contact.confirmed_on.isoformat() if contact.confirmed_on else "",
        "note": contact.note,
    }
    return {name: text for name, text in columns.items() if text}


def _by_slot(contact: Contact) -> Sequence[tuple[int | None, list[str]]]:
    """Return the slots of a person, each with the U-labels for which it is held, in order of appearance."""
    labels: dict[int | None, list[str]] = {}
    for cctld, (_, slot) in zip(contact.cctlds, contact.slots, strict=True):
        labels.setdefault(slot, []).append(cctld.u_label)
    return list(labels.items())
