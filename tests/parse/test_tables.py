"""CSV and TSV: columns by name, cells with several values, and rows that do not fit."""

import pytest

from radicale_tldops.roster.errors import InputError
from tests.parse.reading import codes, fields, only_record, read

HEADER = "name,slot,cctlds,phones,email,oob_email\n"
ROW = "J Doe,#1,.nl,+31 1,j@nic.nl,j@oarc.net\n"
DOE = ("J Doe", 1, ("nl",), ("+31 1",), ("j@nic.nl",), ("j@oarc.net",))


@pytest.mark.parametrize(
    "text",
    [
        HEADER + ROW,
        (HEADER + ROW).replace(",", "\t"),
        (HEADER + ROW).replace(",", ";"),
        (HEADER + ROW).replace("\n", "\r\n"),
        "\ufeff" + HEADER + ROW,
        "sep=;\n" + (HEADER + ROW).replace(",", ";"),
        "# people\n\n" + HEADER + "\n# one\n" + ROW + ",,,,,\n",
        HEADER.replace("oob_email", "OOB E-Mail").replace("name", " Name ").replace("E-Mail", "Email") + ROW,
        HEADER.replace(",", ", ") + '"J Doe", "#1", ".nl", "+31 1", "j@nic.nl", "j@oarc.net"\n',
        "email,cctlds,name,oob_email,phones,slot\nj@nic.nl,.nl,J Doe,j@oarc.net,+31 1,1\n",
        HEADER + ROW.replace("#1", "SSC #1").replace(".nl,+", "nl,+"),
        HEADER.replace("\n", ",,\n") + ROW.replace("\n", ",,\n"),
        HEADER + ROW.replace("#1", "1.0"),
        HEADER + ROW.replace("#1", '"1,00"'),
        "NAME,Slot,ccTLD,Phone,E-Mail,OOB E-Mail\n" + ROW,
        "name,slot,cctlds,phones,Email Address,oob_email\n" + ROW,
        "name,slot,cctlds,phones,Mail,oob-email\n" + ROW,
    ],
)
def test_a_table_is_read_whatever_its_separator_order_and_spelling(text: str) -> None:
    """The same person comes out of every spreadsheet's idea of CSV."""
    record = only_record(text)
    assert fields(record) == DOE
    assert record.problems == ()
    assert record.present == {"name", "slot", "cctlds", "phones", "email", "oob_email"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_table_is_read_in_every_unicode_encoding(encoding: str) -> None:
    """What spreadsheets save as "Unicode text" is read."""
    record = only_record((HEADER + ROW.replace("J Doe", "Zoë Doe")).replace(",", "\t").encode(encoding))
    assert fields(record) == ("Zoë Doe", *DOE[1:])


def test_cells_hold_several_values_and_rows_several_lines() -> None:
    """Semicolons and line breaks separate values; a row's line is its first, and the next row's is counted right."""
    text = HEADER + (
        '"Doe, ""Jack"" J",2,".nl; .be\n.lu / .рф","+31 1\n+31 2; +31 3;ext=4",'
        '"j@nic.nl;k@nic.nl","j@oarc.net\nj@example.org"\n'
    )
    first, second = read(text + ROW).records
    assert fields(first) == (
        'Doe, "Jack" J',
        2,
        ("nl", "be", "lu", "рф"),
        ("+31 1", "+31 2", "+31 3;ext=4"),
        ("j@nic.nl", "k@nic.nl"),
        ("j@oarc.net", "j@example.org"),
    )
    assert (first.problems, first.origin.line, second.origin.line) == ((), 2, 6)


def test_further_columns_are_carried_by_name_and_unknown_ones_warned_of_once() -> None:
    """Known columns go to vetting, those that are empty are only present; a column nobody knows is a warning."""
    header = "name,cctlds,email,Organisation,languages,PGP Fingerprint,shoe size,evidence\n"
    parsed = read(header + "J,.nl,j@nic.nl,SI&eacute;,en;nl,,44,\nK,.nl,k@nic.nl,,,,45,\n")
    first, _ = parsed.records
    assert first.columns == {"organisation": "SIé", "languages": "en; nl"}
    assert {"organisation", "pgp_fingerprint", "evidence", "shoe_size"} <= first.present
    (problem,) = parsed.problems
    assert (problem.code, problem.severity, problem.origin.line) == ("unknown-column", "warning", 1)
    assert "shoe_size" in problem.message


@pytest.mark.parametrize(
    ("column", "meant"),
    [
        *(
            ("phnes", "phones"),
            ("phonesx", "phones"),
            ("p hones", "phones"),
            ("Phone 1", "phones"),
            ("Phone (mobile)", "phones"),
            ("Telephone (24h)", "phones"),
            ("hpones", "phones"),
        ),
        *(("slt", "slot"), ("sl ot", "slot"), ("solt", "slot"), ("rôle", "role")),
        *(("oobemail_", "oob_email"), ("OOB Mail", "oob_email"), ("confirmedon_", "confirmed_on")),
        *(("timezon", "timezone"), ("organizatoin", "organisation"), ("appointed", "appointed_by” or “appointed_on")),
    ],
)
def test_a_column_of_nearly_a_known_name_is_an_error_of_the_file_and_no_row_is_applied(column: str, meant: str) -> None:
    """Else everybody would lose what stands in it. It is one problem, at the header, that says what is meant."""
    header = f"# people\nname,cctlds,email,{column}\n"
    parsed = read(header + "J Doe,.nl,j@nic.nl,1\nK Doe,.be,k@nic.be,2\n")
    (problem,) = {problem for record in parsed.records for problem in record.problems}
    assert (problem.code, problem.severity, str(problem.origin)) == ("misspelt-column", "error", "members.txt:2")
    assert f"is probably “{meant}”" in problem.message
    assert "Correct the heading" in problem.remedy
    assert column in problem.text
    assert [(record.broken, record.listed) for record in parsed.records] == [
        (True, ("j@nic.nl",)),
        (True, ("k@nic.be",)),
    ]


@pytest.mark.parametrize(
    "column", ["shoe size", "date", "type", "fax", "id", "x" * 1000, "phones 2", "E-Mail 2", "oob"]
)
def test_a_column_like_no_missing_one_is_a_warning(column: str) -> None:
    """Another word, or a second one of a column that is there, takes nothing from anybody."""
    parsed = read(f"name,cctlds,phones,email,oob_email,{column}\nJ Doe,.nl,+31 1,j@nic.nl,,1\n")
    assert [problem.code for problem in parsed.problems] == ["unknown-column"]
    assert parsed.records[0].problems == ()


def test_a_list_of_subscribers_may_have_columns_of_any_name() -> None:
    """What an export of list software calls them takes nothing from anybody."""
    assert read("email,name,languag,phnes\nj@nic.nl,,en,\n").problems == ()


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("J Doe,x,.nl,,j@nic.nl,", "bad-slot"),
        ("J Doe,1.5,.nl,,j@nic.nl,", "bad-slot"),
        ("J Doe,1,N/A,,j@nic.nl,", "no-cctld"),
        ("J Doe,1,none,,j@nic.nl,", "no-cctld"),
        ("J Doe,1,?,,j@nic.nl,", "no-cctld"),
        ("J Doe,1,.nl,,j@nic.nl,-", "bad-address"),
        ("J Doe,#1 #2,.nl,,j@nic.nl,", "bad-slot"),
        ("J Doe,9999,.nl,,j@nic.nl,", "bad-slot"),
        ("J Doe,1,,,j@nic.nl,", "no-cctld"),
        ("J Doe,1,.co.uk,,j@nic.nl,", "bad-cctld"),
        (",1,.nl,,j@nic.nl,", "no-name"),
        ("J Doe,1,.nl,,,", "no-address"),
        ("J Doe,1,.nl,,j@nic,", "bad-address"),
        ("J Doe,1,.nl,,j@nic.nl,oarc", "bad-address"),
        ("J Doe,1,.nl,+31 1", "bad-row"),
        ("Doe,J,1,.nl,+31 1,j@nic.nl,", "bad-row"),
        ('"J Doe, #1, .nl",1,.nl,,j@nic.nl,', "not-understood"),
        ("J Doe,1,.nl,x@example.org,j@nic.nl,", "not-understood"),
        ('"J\nDoe",1,.nl,,j@nic.nl,', "forbidden-character"),
        ("J\x85Doe,1,.nl,,j@nic.nl,", "forbidden-character"),
        ("J\rDoe,1,.nl,,j@nic.nl,", "forbidden-character"),
        ("J Doe,1,.nl,\u202a+31 1\u202c,j@nic.nl,", "forbidden-character"),
        ('"J" Doe,1,.nl,,j@nic.nl,', "unclosed-quote"),
        (f"{'J' * 70_000},1,.nl,,j@nic.nl,", "too-long"),
    ],
)
def test_a_row_that_does_not_fit_is_an_error_and_the_next_is_read(row: str, code: str) -> None:
    """Every bad cell has its reason, at the row's line; the rest of the table goes on."""
    bad, good = read(f"{HEADER}{row}\n{ROW}").records
    assert codes(bad) == [code]
    assert (bad.broken, bad.origin.line) == (True, 2)
    assert fields(good) == DOE


def test_a_quotation_mark_left_open_does_not_swallow_the_rest_silently() -> None:
    """Nothing behind it is read as rows, and the error says so; a cell that took in other rows is one too."""
    parsed = read(HEADER + ROW + '"K Doe,2,.nl,,k@nic.nl,\n' + ROW * 3)
    first, second = parsed.records
    assert not first.broken
    assert (codes(second), second.origin.line) == (["unclosed-quote"], 3)
    assert "nothing after this line" in second.problems[0].message
    swallowed = only_record(HEADER + 'K Doe,2,.nl,"+31 1,k@nic.nl,\n' + ROW + 'L Doe,3,.nl,+31 3",l@nic.nl,\n')
    assert codes(swallowed) == ["unclosed-quote"]
    endless = read(HEADER + '"' + "x\n" * 1000 + '",1,.nl,,k@nic.nl,\n').records
    assert [codes(record) for record in endless] == [["unclosed-quote"]]


def test_a_required_column_that_is_missing_stops_the_file() -> None:
    """The message names the file, the line, the column and those that are there."""
    for missing in ("name", "cctlds", "email"):
        header = ",".join(column for column in HEADER.strip().split(",") if column != missing)
        with pytest.raises(InputError, match=rf"members.txt:1: .* no column {missing}"):
            read(f"{header}\n{','.join(['x'] * 5)}@\n")
    with pytest.raises(InputError, match="twice"):
        read("name,cctlds,email,Email\nJ,.nl,j@nic.nl,k@nic.nl\n")
    for form in ("csv", "tsv"):
        with pytest.raises(InputError, match="header"):
            read("J Doe,.nl,j@nic.nl\n", form)


def test_a_list_of_subscribers_in_a_table_gives_its_addresses() -> None:
    """An address column without people is access alone; full names beside it are read as such."""
    for text in (
        "email\nj@nic.nl\nk@nic.nl\n",
        "Display Name,E-mail\n,j@nic.nl\n,k@nic.nl\n",
        "Address;Role\nj@nic.nl;member\nk@nic.nl;x\n",
    ):
        parsed = read(text)
        assert parsed.format == "addresses"
        assert [record.listed for record in parsed.records] == [("j@nic.nl",), ("k@nic.nl",)]
    record = only_record('display_name,email\n"J Doe, #1, .nl, +31 1",j@nic.nl\n')
    assert (fields(record), record.problems) == ((*DOE[:5], ()), ())


def test_names_beside_the_addresses_of_a_list_do_not_make_it_a_roster() -> None:
    """A table of names and addresses serves as a list; as a roster, every row says which column is missing."""
    parsed = read("Name,Email\nJ Doe,j@nic.nl\n,k@nic.nl\n")
    assert [record.listed for record in parsed.records] == [("j@nic.nl",), ("k@nic.nl",)]
    assert [codes(record) for record in parsed.records] == [["no-cctld"], ["address-only"]]
    assert parsed.records[0].name == "J Doe"
    assert "the table has no column cctlds" in parsed.records[0].problems[0].message
    assert "column cctlds" in parsed.records[0].problems[0].remedy
    assert not [problem for problem in parsed.problems if problem.severity == "error"]
    record = only_record('Name,Email\n"J Doe, #1, .nl, +31 1",j@nic.nl\n')
    assert (fields(record), record.problems) == ((*DOE[:5], ()), ())


@pytest.mark.parametrize(
    "header", ["Subscriber,Email", "Member,E-Mail", "Address,Mail", "member_address,email address"]
)
def test_the_address_column_does_not_depend_on_the_order(header: str) -> None:
    """What is called an e-mail address goes before what may be a person, wherever it stands."""
    for names, row in ((header, "J Doe,j@nic.nl"), (",".join(reversed(header.split(","))), "j@nic.nl,J Doe")):
        assert only_record(f"{names}\n{row}\n").listed == ("j@nic.nl",)


def test_a_header_with_a_cell_deleted_is_shown_with_its_gap() -> None:
    """No row of the table can be read then: the message names the header's line, its columns, and why."""
    header = HEADER.replace("slot", "")
    with pytest.raises(InputError) as refusal:
        read(header + ROW * 40)
    said = str(refusal.value)
    assert "members.txt:1: none of the 40 rows can be read with this header: name, (none), cctlds, phones" in said
    assert "Line 2: " in said
    assert "a cell under a column without a name" in said


def test_two_spellings_of_a_column_are_the_column_twice() -> None:
    """Which of them counts is not guessed."""
    with pytest.raises(InputError, match="column email is there twice"):
        read("name,cctlds,E-Mail,mail\nJ,.nl,j@nic.nl,k@nic.nl\n")


@pytest.mark.parametrize("form", ["auto", "csv", "addresses"])
def test_a_header_below_other_lines_is_pointed_at(form: str) -> None:
    """A title above the table is not read as an entry, and the message says in which line the header stands."""
    with pytest.raises(InputError, match=r"^members\.txt:3: the header of the table is not the first line"):
        read(f"Members of TLD-OPS\n\n{HEADER}{ROW}", form)
    assert codes(read("Please send name, slot, email and cctlds\nJ Doe, #1, .nl <j@nic.nl>\n").records[1]) == []


@pytest.mark.parametrize(
    ("row", "word"),
    [
        (",1,.nl,,j@nic.nl,", "name"),
        ("J Doe,x,.nl,,j@nic.nl,", "slot"),
        ("J Doe,1,,,j@nic.nl,", "cctlds"),
        ("J Doe,1,.co.uk,,j@nic.nl,", "cctlds"),
        ("J Doe,1,.nl +31 1,,j@nic.nl,", "cctlds"),
        ("J Doe,1,.nl,,,", "email"),
        ("J Doe,1,.nl,x@example.org,j@nic.nl,", "column"),
        ("J Doe x@example.org,1,.nl,,j@nic.nl,", "column name"),
    ],
)
def test_remedies_for_a_row_speak_of_columns(row: str, word: str) -> None:
    """Nobody who fills in a spreadsheet is told how to write a line."""
    bad, _ = read(f"{HEADER}{row}\n{ROW}").records
    (problem,) = bad.problems
    assert word in problem.remedy
    assert "column" in problem.remedy
    assert not any(phrase in problem.remedy for phrase in ("before the slot", "behind the slot", "#1", "the line"))


@pytest.mark.parametrize("name", ["J Doe (NOC", 'Ada x":;X', "@SUM(1)"])
def test_a_name_of_its_own_cell_needs_no_partner_for_a_bracket(name: str) -> None:
    """A cell says itself where it ends, so nothing of another row is in it."""
    cell = name.replace('"', '""')
    record = only_record(f'{HEADER}"{cell}",1,.nl,,j@nic.nl,\n')
    assert (record.name, record.problems) == (name, ())


@pytest.mark.parametrize(
    ("cell", "name"), [("&amp;amp; &amp;#233;", "&amp; &#233;"), ("Doe&#59;", "Doe;"), ("Andr&#233;", "André")]
)
def test_a_name_of_its_own_cell_keeps_its_last_semicolon(cell: str, name: str) -> None:
    """No separator follows a name in a cell, so nothing of the name is taken for one."""
    assert only_record(f"{HEADER}{cell},1,.nl,,j@nic.nl,\n").name == name


@pytest.mark.parametrize(
    "name", ["Jane Doe; John Roe", "Jane Doe / John Roe", "Jane Doe & John Roe", "Jane Doe and John Roe"]
)
def test_several_people_in_one_row_are_an_error(name: str) -> None:
    """One card would be for both; a second address alone, or a part of one word, is no sign of that."""
    columns = "name,cctlds,email\n"
    (problem,) = only_record(f"{columns}{name},.nl,jane@nic.nl; john@nic.nl\n").problems
    assert (problem.code, "give each a row" in problem.message) == ("not-understood", True)
    assert only_record(f"{columns}{name},.nl,jane@nic.nl\n").problems == ()
    assert only_record(f"{columns}Jane Doe; Jr.,.nl,jane@nic.nl; jd@nic.nl\n").problems == ()


def test_a_neutralised_formula_is_read_as_it_was() -> None:
    """The apostrophe that an export puts before "+" and "=" is not part of the value."""
    record = only_record(HEADER + "'=J Doe,1,.nl,'+31 1,j@nic.nl,\n")
    assert (record.name, record.phones) == ("=J Doe", ("+31 1",))


def test_a_table_without_rows_is_no_list() -> None:
    """A header alone never means that there is nobody."""
    with pytest.raises(InputError):
        read(HEADER + "# j@nic.nl\n")
