"""Writes the roster as the message of the list, and as a spreadsheet."""

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import replace
from itertools import groupby

from radicale_tldops.roster.cctld import Cctld
from radicale_tldops.roster.contact import APPOINTMENT, Contact, Phone, Service
from sync.parse import render_csv, render_report
from sync.parse.headings import FURTHER
from sync.parse.records import Record
from sync.parse.render import rows_of, text_cell
from sync.problems import Origin
from sync.vet.phones import UNDIALLED, read_phones

_ROSTER = Origin("roster", 0)


def report(contacts: Iterable[Contact]) -> str:
    """Return the repository message: a line for each person, and for each further slot or list address of a person.

    `parse` reads every line back, except lines without a slot.
    """
    lines = []
    for record in _records(contacts, lambda service: service.slot):
        first, *others = record.listed
        lines.append(render_report(replace(record, listed=(first,))))
        lines += [render_report(replace(record, listed=(other,), out_of_band=())) for other in others]
    return "".join(f"{line}\n" for line in lines)


def spreadsheet(contacts: Iterable[Contact]) -> str:
    """Return CSV with all columns that have a value. `check` reads it back to the same roster.

    A cell that a spreadsheet would take for a formula starts with an apostrophe.
    """
    return render_csv(_records(contacts, _row))


def table(contacts: Iterable[Contact]) -> list[list[str]]:
    """Return the same as rows of texts for cells that hold no formulas, the headings first."""
    return [list(map(text_cell, row)) for row in rows_of(_records(contacts, _row))]


def _row(service: Service) -> Hashable:
    """Return what the ccTLDs of one row have in common. Evidence with semicolons would be one value for each."""
    alone = service.cctld if ";" in service.evidence else ""
    return service.slot, service.appointed_by, service.appointed_on, service.evidence, alone


def _records(contacts: Iterable[Contact], key: Callable[[Service], Hashable]) -> Iterator[Record]:
    """Yield the records of each contact: one for all ccTLDs of the same key that follow one another."""
    for contact in sorted(contacts, key=lambda person: (person.slots[0][0], person.slot or 0, person.name)):
        for _, some in groupby(contact.services, key):
            served = tuple(some)
            yield Record(
                origin=_ROSTER,
                name=contact.name,
                slot=served[0].slot,
                cctlds=tuple(Cctld(service.cctld).u_label for service in served),
                phones=tuple(map(_written, contact.phones)),
                listed=contact.listed,
                out_of_band=contact.out_of_band,
                columns=_columns(contact, served[0]),
                own=dict(contact.own_columns),
            )


def _written(phone: Phone) -> str:
    """Return the text that is read as the same number of the same kind, or as text that does not dial."""
    if not phone.dialable:
        return f"{UNDIALLED}{phone.number}"
    texts = (phone.display, f"{phone.kind} {phone.display}", phone.number)
    return next((text for text in texts if read_phones(text, None)[0] == [phone]), f"{phone.kind} {phone.number}")


def _columns(contact: Contact, service: Service) -> dict[str, str]:
    """Return the further columns in which the contact has a value; those about the appointment are of `service`.

    A column without any value is not written: an empty column of confirmations would say that nobody is confirmed.
    """
    values = {name: getattr(service if name in APPOINTMENT else contact, name) for name in FURTHER}
    values["languages"] = "; ".join(contact.languages)
    return {name: str(value) for name, value in values.items() if value}
