"""What `tldops export` writes, read back: the same contacts, field for field."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date
from io import BytesIO

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radicale_tldops.roster.contact import Contact, Phone, serving
from radicale_tldops.zones.root_data import delegations, registrable_domain
from sync.documents.export import report, spreadsheet, table
from sync.parse import parse, parse_sheets
from sync.sources.spreadsheet import read as read_book
from sync.sources.workbook import write
from sync.vet import VettingRules, vet
from sync.vet.phones import read_phones
from tests.data.membership import TODAY, as_csv, people
from tests.vet.writings import PIECES

RULES = VettingRules(delegations(), registrable_domain)
Writer = Callable[[Iterable[Contact]], str | bytes]
IN_A_LINE = ("name", "slots", "listed", "out_of_band", "phones")
"""The fields that the repository message holds."""


def read(written: str | bytes, today: date = TODAY) -> dict[str, Contact]:
    """Return the contacts of a membership file without errors, by list address."""
    if isinstance(written, str):
        parsed = parse(written.encode(), "members", "auto")
    else:
        parsed = parse_sheets(read_book(written, "members.xlsx"), "members.xlsx")
    vetted = vet(parsed, RULES, today, None, {})
    found = [contact for contact, _ in vetted.contacts]
    by_address = {contact.listed[0]: contact for contact in found}
    assert len(by_address) == len(found)
    return by_address


def workbook(contacts: Iterable[Contact]) -> bytes:
    """Return the roster as an .xlsx file."""
    return write(table(contacts))


def in_a_line(contact: Contact) -> Sequence[object]:
    """Return the values that the repository message holds."""
    return [getattr(contact, name) for name in IN_A_LINE]


@pytest.fixture(scope="module")
def demo() -> dict[str, Contact]:
    """The contacts of the demo, with every column."""
    return read(as_csv(people(400)))


@pytest.mark.parametrize("as_file", [spreadsheet, workbook])
def test_the_spreadsheet_of_the_demo_is_read_back_field_for_field(demo: dict[str, Contact], as_file: Writer) -> None:
    """Every contact is equal, the kinds of numbers and the order of values included."""
    assert len(demo) > 390
    assert read(as_file(demo.values())) == demo


def test_the_message_of_the_demo_is_read_back(demo: dict[str, Contact]) -> None:
    """Every field that a line of the message holds is equal."""
    again = read(report(demo.values()))
    assert {address: in_a_line(contact) for address, contact in again.items()} == {
        address: in_a_line(contact) for address, contact in demo.items()
    }


NASTY = (
    *("fax +31 20 1234567", "mobile: +1 202 555 0100", "pager +1 202 555 0101", "+1 202 555 0102 ext. 12"),
    *("+31 20 7654321 / 020 7654322", "call the desk", "ext. 5", "NA", "n/a", ".nl", "0151 12345678", "+31 123456789"),
    *("+9725012345678", "fax +31123456780 ext. 3", "Tel/Fax: +31 20 1234568", "not dialled: 020 1234567", "=1+1", "-5"),
)


def jane(**changes: object) -> Contact:
    """Return a contact with every kind of number, and slots in no order."""
    phones: dict[str, Phone] = {}
    for text in NASTY:
        phones |= {phone.number: phone for phone in read_phones(text, None)[0]}
    contact = Contact(
        "Jane Doe",
        serving(("nl", 1), ("de", 2), ("be", 1), ("fr", None)),
        ("jane@nic.example", "j@nic.example"),
        ("jane@oob.example",),
        tuple(phones.values()),
    )
    return replace(contact, **changes)  # type: ignore[arg-type]


def test_every_kind_of_number_and_the_order_of_slots_come_back() -> None:
    """Fax machines, extensions, what does not dial, and ccTLDs of the same slot that do not stand together."""
    contact = jane()
    assert {phone.kind for phone in contact.phones} == {"voice", "cell", "fax", "pager"}
    for as_file in (spreadsheet, workbook):
        assert read(as_file([contact])) == {contact.listed[0]: contact}
    slotted = replace(contact, services=serving(("nl", 1), ("de", 2), ("be", 1)))
    assert in_a_line(read(report([slotted]))[slotted.listed[0]]) == in_a_line(slotted)


@settings(deadline=None)
@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=6).map("".join), max_size=4), st.sampled_from(["NL", None]))
def test_whatever_was_read_of_a_telephone_text_comes_back(texts: list[str], region: str | None) -> None:
    """The same numbers, the same kinds, the same texts that do not dial, in the same order."""
    cells = [cell for text in texts for line in text.split("\n") for cell in line.replace(";ext", "x").split(";")]
    folded = (" ".join(cell.replace("\u200e", "").replace("@", "").split()) for cell in cells)
    phones = {phone.number: phone for cell in folded for phone in read_phones(cell, region)[0]}
    contact = jane(phones=tuple(phones.values())[:20])
    for as_file in (spreadsheet, workbook):
        assert read(as_file([contact])) == {contact.listed[0]: contact}


@pytest.mark.parametrize("text", ["ACME;=HYPERLINK(1)", "a; +1", "a;'=1", "=1;=2", "'=1;''-2", "a ; @x", "a;b;-"])
def test_no_part_of_a_cell_is_a_formula_for_a_spreadsheet_with_semicolons(text: str) -> None:
    """Nothing behind a semicolon begins as a formula does, and the text comes back."""
    contact = jane(organisation=text, phones=())
    written = spreadsheet([contact])
    assert not [part for part in written.split(";") if part.strip("\u00a0 ").startswith(tuple("=+-@"))]
    book = workbook([contact])
    (sheet,) = openpyxl.load_workbook(BytesIO(book)).worksheets
    cells = [cell for row in sheet.rows for cell in row if cell.value]
    assert text.replace("'", "") in [str(cell.value).replace("'", "") for cell in cells]
    assert {(cell.data_type, cell.number_format) for cell in cells} == {("s", "@")}
    assert read(written) == read(book) == {contact.listed[0]: contact}
