"""Membership files as people keep them in a spreadsheet: each is read right, or refused with what to do."""

import re
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from io import BytesIO
from random import Random

import pytest
from openpyxl.comments import Comment
from openpyxl.styles import PatternFill

from radicale_tldops.roster.errors import InputError, SettingsError
from sync.parse import parse_sheets
from sync.parse.headings import Headings
from sync.problems import Severity
from sync.sources import spreadsheet, workbook
from sync.vet import Vetted, vet
from tests.support.books import HEADINGS, JANE, JOHN, SHEET, ods, part, repacked, xlsx
from tests.vet.entries import RULES, TODAY

BOTH = ["Jane Doe", "John Roe"]
OWN = ("First name", "Last name", "Nr", "TLD", "Telephone", "E-mail", "Second mail")
MAPPED: Mapping[str, Sequence[str]] = {
    "name": ("first name", "Last  Name"),
    "slot": ("Nr",),
    "oob_email": ("Second mail",),
}


def read(
    data: bytes,
    file: str = "members.xlsx",
    sheet: str = "",
    mapped: Mapping[str, Sequence[str]] = {},
    private: Sequence[str] = (),
) -> Vetted:
    """Read and vet a spreadsheet."""
    assert spreadsheet.is_spreadsheet(data, file)
    parsed = parse_sheets(spreadsheet.read(data, file), file, sheet, Headings.of(mapped, private))
    return vet(parsed, RULES, TODAY, None, {})


def names(result: Vetted) -> list[str]:
    """Return the names of the contacts."""
    return [contact.name for contact, _ in result.contacts]


def errors(result: Vetted) -> list[tuple[int, str]]:
    """Return the rows and codes of the errors."""
    return [(found.origin.line, found.code) for found in result.problems if found.severity is Severity.ERROR]


def refusal(data: bytes, file: str = "members.xlsx", **more: object) -> str:
    """Return the message with which a spreadsheet is refused."""
    with pytest.raises((InputError, SettingsError)) as caught:
        read(data, file, **more)  # type: ignore[arg-type]
    return str(caught.value)


def test_a_plain_sheet() -> None:
    """Each person with the row, in both formats."""
    for data, file in (
        (xlsx(HEADINGS, JANE, JOHN), "members.xlsx"),
        (ods(*[[str(cell) for cell in row] for row in (HEADINGS, JANE, JOHN)]), "members.ods"),
    ):
        result = read(data, file)
        assert [(contact.name, origins[0].line) for contact, origins in result.contacts] == [(BOTH[0], 2), (BOTH[1], 3)]
        assert [phone.number for contact, _ in result.contacts for phone in contact.phones] == [
            "+31612345678",
            "+32470123456",
        ]
        assert errors(result) == []


def test_headings_of_ones_own() -> None:
    """Mapped in the configuration, two of them into the name, in any case; or unmistakable by themselves."""
    rows = [("Jane", "Doe", *JANE[1:]), ("John", "Roe", *JOHN[1:])]
    assert names(read(xlsx(OWN, *rows), mapped=MAPPED)) == BOTH
    assert (
        names(read(xlsx(("Full name", "Slot", "Country code", "Phone number", "Mail", "OOB e-mail"), JANE))) == BOTH[:1]
    )


def test_a_column_for_each_cctld_and_for_each_number() -> None:
    """Several columns fill one."""
    headings = ("name", "slot", "ccTLD 1", "ccTLD 2", "Office", "Mobile", "email")
    row = ("Jane Doe", 1, ".fr", ".re", "+33 1 00 00 00 00", "+33 6 39 98 13 33", "jane@nic-fr.example")
    result = read(xlsx(headings, row), mapped={"cctlds": headings[2:4], "phones": headings[4:6]})
    ((contact, _),) = result.contacts
    assert contact.slots == (("fr", 1), ("re", 1))
    assert [phone.number for phone in contact.phones] == ["+33100000000", "+33639981333"]


def test_a_row_for_each_cctld() -> None:
    """One person, one card."""
    ((contact, origins),) = read(xlsx(HEADINGS, JANE, (*JANE[:2], ".be", *JANE[3:]))).contacts
    assert contact.slots == (("nl", 1), ("be", 1))
    assert [origin.line for origin in origins] == [2, 3]


def test_a_title_and_two_lines_of_headings() -> None:
    """What stands above the headings is no entry."""
    grouped = ("Person", None, "Registry", "Reachable at")
    result = read(xlsx(("Members of the list, 2026",), (), grouped, HEADINGS, JANE, JOHN))
    assert names(result) == BOTH
    assert result.contacts[0][1][0].line == 5


def test_a_second_line_of_headings_is_an_error_with_its_row() -> None:
    """It may as well be somebody whose cells are damaged."""
    assert {
        line for line, _ in errors(read(xlsx(HEADINGS, ("required", "1-3", "with dot", "E.164", "", ""), JANE)))
    } == {2}


def test_a_row_of_totals_is_an_error_with_its_row() -> None:
    """Nobody is left out for it without a word."""
    result = read(xlsx(HEADINGS, JANE, JOHN, (), ("Total", 2)))
    assert names(result) == BOTH
    assert {line for line, _ in errors(result)} == {5}


def test_what_only_looks_different_changes_nothing() -> None:
    """Colours, comments, filters, links, hidden rows, columns and sheets, empty rows, spaces at the ends."""

    def dress(sheet: object) -> None:
        sheet["A2"].fill = PatternFill("solid", fgColor="FFFF00")  # type: ignore[index]
        sheet["A2"].comment = Comment("left in May?", "S")  # type: ignore[index]
        sheet["E2"].hyperlink = "mailto:somebody@else.example"  # type: ignore[index]
        sheet.auto_filter.ref = "A1:F4"  # type: ignore[attr-defined]
        sheet.row_dimensions[4].hidden = True  # type: ignore[attr-defined]
        sheet.column_dimensions["F"].hidden = True  # type: ignore[attr-defined]

    spaced = tuple(f"  {cell} " if isinstance(cell, str) else cell for cell in JOHN)
    result = read(xlsx(HEADINGS, JANE, ("", "  ", None), spaced, change=dress, more={"Notes": [("call Jane",)]}))
    assert names(result) == BOTH
    assert errors(result) == []
    assert [contact.out_of_band for contact, _ in result.contacts] == [("jane@oob.example",), ("john@oob.example",)]


def test_merged_cells_leave_a_row_without_a_name() -> None:
    """Only the first cell holds the value; the row is named, and nobody is guessed."""
    other = ("", "", "", "+31 6 87654321", "", "")
    result = read(xlsx(HEADINGS, JANE, other, change=lambda sheet: sheet.merge_cells("A2:A3")))
    assert {line for line, _ in errors(result)} == {3}


def test_dates_of_three_kinds() -> None:
    """A typed date, the date as it is wanted, and one in the country's form."""
    headings = (*HEADINGS, "appointed_on")
    people = [
        (f"{given} Doe", slot, ".nl", f"+31 6 1234567{slot}", f"{given}@nic-nl.example", f"{given}@oob.example", when)
        for slot, (given, when) in enumerate(
            (("Ada", date(2025, 3, 1)), ("Bea", "2025-03-02"), ("Cleo", "31.3.2025")), 1
        )
    ]
    result = read(xlsx(headings, *people))
    assert [contact.appointed_on for contact, _ in result.contacts] == [
        (date(2025, 3, 1),),
        (date(2025, 3, 2),),
        (date(2025, 3, 31),),
    ]
    with_time = (*JANE, datetime(2025, 3, 1, 12, 30))  # noqa: DTZ001 - a cell has no time zone
    assert [found.code for found in read(xlsx(headings, with_time)).problems if "date" in found.code] == ["bad-date"]


@pytest.mark.parametrize(
    ("value", "number"),
    [(31612345678, "+31612345678"), (31612345678.0, "+31612345678")],
)
def test_a_telephone_number_that_is_a_number(value: object, number: str) -> None:
    """It is read where it has one reading."""
    ((contact, _),) = read(xlsx(HEADINGS, (*JANE[:3], value, *JANE[4:]))).contacts
    assert [phone.number for phone in contact.phones] == [number]


@pytest.mark.parametrize("value", [12, 5e20, 3.1612345678, -3545, 612345678, date(2026, 3, 2), time(12, 30)])
def test_a_number_that_is_no_telephone_number_any_more(value: object) -> None:
    """What the program has made of it is not kept as a text."""
    result = read(xlsx(HEADINGS, (*JANE[:3], value, *JANE[4:])))
    assert result.contacts == ()
    assert (2, "damaged") in errors(result)


def test_a_formula_counts_by_its_value() -> None:
    """A formula without one, and an error, are never an empty cell."""
    plain = xlsx(HEADINGS, JANE, (*JOHN[:5], "=LOWER(E3)"))
    assert (3, "bad-address") in errors(read(plain))
    sheet = part(plain, SHEET)
    assert b"<f>LOWER(E3)</f><v />" in sheet or b"<f>LOWER(E3)</f><v></v>" in sheet or b"<v/>" in sheet
    for empty in (b"<v />", b"<v></v>", b"<v/>"):
        sheet = sheet.replace(b"<f>LOWER(E3)</f>" + empty, b"<f>LOWER(E3)</f><v>john@oob.example</v>")
    sheet = sheet.replace(b'<c r="F3"', b'<c r="F3" t="str"')
    assert names(read(repacked(plain, {SHEET: sheet}))) == BOTH
    broken = xlsx(HEADINGS, (*JANE[:3], "#REF!", *JANE[4:]))
    assert (2, "damaged") in errors(read(broken))


def test_two_sheets_with_headings() -> None:
    """One has to be named; nobody guesses which is the newer."""
    data = xlsx(HEADINGS, JANE, more={"2025": [HEADINGS, JOHN]})
    assert "more than one sheet has the headings of a membership list: 'Members', '2025'" in refusal(data)
    assert names(read(data, sheet="members")) == BOTH[:1]
    assert names(read(data, sheet="2025")) == BOTH[1:]
    assert "there is no sheet '2024'; there is 'Members', '2025'" in refusal(data, sheet="2024")


def test_a_sheet_whose_headings_are_not_known_is_not_passed_over() -> None:
    """An old sheet is not read in its place; notes with few addresses are no list."""
    dutch = [
        ("Naam", "Land", "Adres"),
        ("Jane Doe", "nl", "jane@nic-nl.example"),
        ("John", "be", "john@nic-be.example"),
    ]
    said = refusal(xlsx(HEADINGS, JANE, JOHN, more={"2026": dutch}))
    assert "the sheet '2026' holds addresses, too, and not the headings of a membership list, as 'Members' has" in said
    assert names(read(xlsx(HEADINGS, JANE, JOHN, more={"2026": dutch}), sheet="members")) == BOTH
    more = (*JOHN[:2], ".de", *JOHN[3:])
    assert names(read(xlsx(HEADINGS, JANE, JOHN, more, more={"Notes": [("ask jane@nic-nl.example",)]}))) == BOTH


def test_headings_with_many_columns_of_ones_own_below_a_title() -> None:
    """The required ones are enough."""
    own = [f"Column {letter}" for letter in "ABCDEFGHI"]
    result = read(xlsx(("Members",), (*HEADINGS, *own), (*JANE, *own)), private=own)
    assert names(result) == BOTH[:1]


def test_private_columns_are_kept_as_they_are() -> None:
    """Without a word, whatever they hold, also where one heading stands there twice."""
    data = xlsx((*HEADINGS, "Birthday", "Birthday"), (*JANE, date(1980, 1, 1), "#REF!"))
    result = read(data, private=["birthday"])
    assert names(result) == BOTH[:1]
    assert [contact.own_columns for contact, _ in result.contacts] == [(("birthday", "1980-01-01; #REF!"),)]
    assert [found.code for found in result.problems] == []


@pytest.mark.parametrize(
    ("mapped", "private", "said"),
    [
        ({"name": ["First"]}, [], "[membership.columns] name: the table has no column 'First' (it has name, slot,"),
        ({"name": ["name", "name"]}, [], "[membership.columns] name: the heading 'name' is named twice; name it once."),
        ({"name": ["a"], "email": ["a"]}, [], "name: the heading 'a' is named twice; name it once."),
        ({"name": ["a"]}, ["A"], "name: the heading 'a' is named twice; name it once."),
        ({"slot": ["a", "b"]}, [], "[membership.columns] slot: this column takes one heading"),
        ({"mobile": ["a"]}, [], "[membership.columns] mobile: there is no such column; the columns are name, slot,"),
    ],
)
def test_a_wrong_mapping(mapped: Mapping[str, Sequence[str]], private: Sequence[str], said: str) -> None:
    """One clear message each."""
    assert said in refusal(xlsx(HEADINGS, JANE), mapped=mapped, private=private)


def test_a_sheet_that_is_no_list() -> None:
    """The message names what is missing."""
    said = refusal(xlsx(("Minutes",), ("We met.",)))
    assert "no sheet has the headings of a membership list (sheets: 'Members')" in said
    assert "name, cctlds, email are required" in said
    assert "the table has no column cctlds (it has name, phones, email)" in refusal(
        xlsx(("name", "phones", "email"), ("Jane Doe", "+31 6 12345678", "j@nic.example"))
    )


def _bomb() -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", bytes(spreadsheet.MAX_UNPACKED + 1))
    return file.getvalue()


def _far(sheet: object) -> None:
    sheet["XFD1048576"] = "x"  # type: ignore[index]


def _wide(sheet: object) -> None:
    sheet["XFD2"] = "x"  # type: ignore[index]


_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
_PLAIN = xlsx(HEADINGS, JANE)


@pytest.mark.parametrize(
    ("data", "file", "said"),
    [
        (_bomb(), "members.xlsx", "unpacked, the file is larger than 64 MiB"),
        (xlsx(HEADINGS, JANE, change=_far), "members.xlsx", "members.xlsx:1048576: the sheet goes on to row 1048576"),
        (
            xlsx(HEADINGS, JANE, change=_wide),
            "members.xlsx",
            "members.xlsx:2: the sheet goes on to row 2, column 16384",
        ),
        (_OLE + "EncryptedPackage".encode("utf-16-le"), "members.xlsx", "protected by a password; save it without"),
        (_OLE, "members.xls", "in the old .xls format, or another Office document; save the sheet as .xlsx"),
        (repacked(_PLAIN, {"xl/vbaProject.bin": b"x"}), "members.xlsx", "holds macros; save it without them"),
        (ods(["name"]), "members.xlsx", "the name says .xlsx, and the content is .ods; give it the right name"),
        (_PLAIN, "members.ods", "the name says .ods, and the content is .xlsx; give it the right name"),
        (b"name,email,cctlds\n", "members.xlsx", "the name says .xlsx, and the content is another; save it again"),
        (_PLAIN[: len(_PLAIN) // 2], "members.xlsx", "cannot be read as a spreadsheet; open it, and save it again"),
        (repacked(_PLAIN, {SHEET: b"<worksheet><"}), "members.xlsx", "cannot be read as a spreadsheet"),
        (repacked(_PLAIN, {SHEET: None}), "members.xlsx", "cannot be read as a spreadsheet"),
        (repacked(_PLAIN, {"xl/workbook.xml": None}), "members.xlsx", "this is a ZIP archive, and no spreadsheet"),
        (repacked(ods(["name"]), {"content.xml": b"<x"}), "members.ods", "cannot be read as a spreadsheet"),
    ],
)
def test_what_is_refused(data: bytes, file: str, said: str) -> None:
    """One clear message each."""
    assert said in refusal(data, file)


@pytest.mark.parametrize("formula", ["='[1]Other'!A1", "=VLOOKUP(A2,[other.xlsx]Sheet1!$A$1:$B$9,2)"])
def test_a_value_of_another_file_is_refused(formula: str) -> None:
    """Nobody has seen where it comes from."""
    said = refusal(xlsx(HEADINGS, (*JANE[:5], formula)))
    assert "members.xlsx:2: the cell F2 of the sheet 'Members' takes its value from another file" in said
    cells = {"@": """<table:table-cell table:formula="of:=['file:///a.ods'#$S.A1]" office:value-type="string"/>"""}
    said = refusal(ods(["name", "cctlds", "email"], ["Jane Doe", ".nl", "@"], cells=cells), "members.ods")
    assert said.endswith("a cell takes its value from another file; paste the value in its place")


def test_a_formula_of_an_ods_without_a_value_is_refused() -> None:
    """A program that has not computed it wrote the file."""
    cells = {"@": '<table:table-cell table:formula="of:=LOWER([.A1])"/>'}
    said = refusal(ods(["name", "cctlds", "email"], ["Jane Doe", ".nl", "@"], cells=cells), "members.ods")
    assert said.endswith("a formula has no value in the file; open it in LibreOffice, and save it again")


def test_typed_cells_of_an_ods() -> None:
    """A date, a number as a telephone number, and as a slot."""

    def typed(kind: str, value: str, shown: str) -> str:
        return f'<table:table-cell office:value-type="{kind}" {value}><text:p>{shown}</text:p></table:table-cell>'

    cells = {
        "3": typed("float", 'office:value="3"', "3"),
        "tel": typed("float", 'office:value="31612345678"', "3,16E+10"),
        "day": typed("date", 'office:date-value="2025-03-01"', "1. März"),
    }
    row = ["Jane Doe", "3", ".nl", "tel", "jane@nic-nl.example", "jane@oob.example", "day"]
    ((contact, _),) = read(ods([*map(str, HEADINGS), "appointed_on"], row, cells=cells), "members.ods").contacts
    assert contact.slots == (("nl", 3),)
    assert contact.phones[0].number == "+31612345678"
    assert contact.appointed_on == (date(2025, 3, 1),)


@pytest.mark.parametrize("whole", [_PLAIN, xlsx(HEADINGS, (*JANE[:5], "=LOWER(E2)"))])
def test_a_flipped_bit_is_named_as_damage_or_read(whole: bytes) -> None:
    """Wherever it is, no library's own error gets out."""
    rng = Random(1)
    refused = 0
    for _ in range(300):
        at = rng.randrange(len(whole))
        damaged = whole[:at] + bytes([whole[at] ^ (1 << rng.randrange(8))]) + whole[at + 1 :]
        try:
            read(damaged, "members")
        except InputError:
            refused += 1
        except AssertionError:
            assert not spreadsheet.is_spreadsheet(damaged, "members")
    assert refused > 100


def test_a_million_empty_rows_are_skipped() -> None:
    """Formatted to the end, with nothing in them."""
    sheet = part(_PLAIN, SHEET)
    empty = b"".join(b'<row r="%d"><c r="A%d" s="0"/></row>' % (row, row) for row in range(3, 300_000))
    assert names(read(repacked(_PLAIN, {SHEET: sheet.replace(b"</sheetData>", empty + b"</sheetData>")}))) == BOTH[:1]


@pytest.mark.parametrize(
    ("now", "then"),
    [
        (b'<row r="3"', b'<row r="2"'),
        (b'<row r="2"', b'<row r="9"'),
        (b'<c r="E3"', b'<c r="B3"'),
        (b'<c r="A3"', b'<c r="AA3"'),
    ],
)
def test_rows_and_cells_out_of_order_are_refused(now: bytes, then: bytes) -> None:
    """The library leaves out what stands too late: a person would be lost."""
    plain = xlsx(HEADINGS, JANE, JOHN)
    sheet = part(plain, SHEET)
    assert now in sheet
    assert "cannot be read as a spreadsheet; open it" in refusal(repacked(plain, {SHEET: sheet.replace(now, then)}))


def test_rows_and_cells_without_numbers_are_read() -> None:
    """They count up by themselves."""
    plain = xlsx(HEADINGS, JANE, JOHN)
    sheet = re.sub(rb'(<(?:row|c)) r="\w+"', rb"\1", part(plain, SHEET))
    assert names(read(repacked(plain, {SHEET: sheet}))) == BOTH


def test_two_parts_with_one_name_are_refused() -> None:
    """Which of them counts is another in each program."""
    file = BytesIO(xlsx(HEADINGS, JANE))
    with zipfile.ZipFile(file, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr(SHEET, part(xlsx(HEADINGS, JOHN), SHEET))
    assert "cannot be read as a spreadsheet" in refusal(file.getvalue())


@pytest.mark.parametrize(
    ("cell", "note"),
    [
        ("one_x000D_\n", "one"),
        ("one_x000d_", "one"),
        ("_x005F_x000D_", "_x000D_"),
        ("_xD83D_", "_xD83D_"),
        ("x000D_", "x000D_"),
    ],
)
def test_a_character_by_its_code(cell: str, note: str) -> None:
    """Excel writes so what XML cannot hold, among it a line break made on a Mac; an export writes a text as it is."""
    headings = [*map(str, HEADINGS), "note"]
    ((contact, _),) = read(xlsx(headings, (*JANE, cell))).contacts
    assert contact.note == note
    ((contact, _),) = read(workbook.write([headings, [*map(str, JANE), note]])).contacts
    assert contact.note == note


def _string(inside: str, attributes: str = 'office:value-type="string"') -> str:
    return f"<table:table-cell {attributes}>{inside}</table:table-cell>"


def test_breaks_in_a_cell_of_an_ods() -> None:
    """A line break separates values, as everywhere; a tab in a name is an error, and never nothing."""
    cells = {
        "tel": _string("<text:p>+31 6 12345678<text:line-break/>+31 20 1234567</text:p>"),
        "name": _string("<text:p>Jane<text:tab/>Doe</text:p>"),
    }
    row = [*map(str, JANE[:3]), "tel", *map(str, JANE[4:])]
    headings = ["name ", *map(str, HEADINGS[1:])]
    ((contact, _),) = read(ods(headings, row, cells=cells), "members.ods").contacts
    assert [phone.number for phone in contact.phones] == ["+31612345678", "+31201234567"]
    result = read(ods(headings, ["name", *map(str, JANE[1:])], cells=cells), "members.ods")
    assert errors(result) == [(2, "forbidden-character")]


def test_the_error_of_a_formula_in_an_ods_is_no_empty_cell() -> None:
    """LibreOffice writes an empty value beside it."""
    attributes = 'table:formula="of:=1/0" office:value-type="string" office:string-value=""'
    row = [*map(str, JANE[:3]), "tel", *map(str, JANE[4:])]
    data = ods([*map(str, HEADINGS)], row, cells={"tel": _string("<text:p>#DIV/0!</text:p>", attributes)})
    assert errors(read(data, "members.ods")) == [(2, "damaged")]


@pytest.mark.parametrize(
    "cell",
    [
        _string("<text:p>+31 6 12345678</text:p>", ""),
        _string("<office:annotation><text:p>a remark</text:p></office:annotation><text:p>+31</text:p>", 'table:x="y"'),
        _string("<text:p><![CDATA[+31 6 12345678]]></text:p>"),
    ],
)
def test_a_cell_of_an_ods_without_a_type_is_refused(cell: str) -> None:
    """Its text would be an empty cell; a remark at an empty cell is fine."""
    row = [*map(str, JANE[:3]), "tel", *map(str, JANE[4:])]
    said = refusal(ods([*map(str, HEADINGS)], row, cells={"tel": cell}), "members.ods")
    assert said.endswith("a cell has no type, as a text or a number; open it in LibreOffice, and save it again")
    remark = _string("<office:annotation><text:p>ask</text:p></office:annotation>", "")
    assert names(read(ods([*map(str, HEADINGS)], row, cells={"tel": remark}), "members.ods")) == BOTH[:1]


def test_a_person_below_the_last_row_of_an_ods_is_not_left_out() -> None:
    """Rows that repeat can put somebody there; empty ones alone may end below it."""
    plain = ods([*map(str, HEADINGS)], [*map(str, JANE)], [*map(str, JOHN)])
    content = part(plain, "content.xml")
    empty = b'<table:table-row table:number-rows-repeated="1048576"><table:table-cell/></table:table-row>'
    last = content.rindex(b"<table:table-row>")
    moved = content[:last] + empty + content[last:]
    said = refusal(repacked(plain, {"content.xml": moved}), "members.ods")
    assert said.endswith("a sheet goes on below row 1048576. Delete what does not belong to the list")
    longer = content.replace(b"</table:table>", empty + b"</table:table>")
    assert names(read(repacked(plain, {"content.xml": longer}), "members.ods")) == BOTH


def test_a_cell_that_no_spreadsheet_program_can_hold_is_refused() -> None:
    """Its text would fill the screen of each message."""
    long = part(_PLAIN, SHEET).replace(b"Jane Doe", b"J" * 40_000)
    people = ods([*map(str, HEADINGS)], ["J" * 40_000, *map(str, JANE[1:])])
    for data, file in ((repacked(_PLAIN, {SHEET: long}), "members.xlsx"), (people, "members.ods")):
        assert f"{file}:2: a cell holds more than 32767 characters; shorten it" in refusal(data, file)


def test_strict_open_xml_is_named() -> None:
    """To save it again would give the same."""
    book = part(_PLAIN, "xl/workbook.xml").replace(
        b"http://schemas.openxmlformats.org/spreadsheetml/2006/main", b"http://purl.oclc.org/ooxml/spreadsheetml/main"
    )
    said = refusal(repacked(_PLAIN, {"xl/workbook.xml": book}))
    assert said.endswith('the file is a "Strict Open XML Spreadsheet"; save it as an "Excel Workbook"')
