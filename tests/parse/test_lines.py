"""Shapes of lines: where the name ends and the addresses begin, and what happens when that is not certain."""

import pytest

from radicale_tldops.roster.errors import InputError
from sync.parse import FORMATS
from tests.parse.reading import codes, fields, only_record, read

DOE = ("J Doe", 1, ("nl",), ("+31 1",), ("j@nic.nl",), ())
DOE_AWAY = (*DOE[:5], ("j@oarc.net",))


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("“J Doe, #1, .nl, +31 1” j@nic.nl", DOE),
        ("“J Doe, #1, .nl, +31 1”, j@nic.nl", DOE),
        ("“J Doe, #1, .nl, +31 1”,j@nic.nl,j@oarc.net", DOE_AWAY),
        ('"J Doe, #1, .nl, +31 1" j@nic.nl, j@oarc.net', DOE_AWAY),
        ("„J Doe, #1, .nl, +31 1“ j@nic.nl", DOE),
        ("”J Doe, #1, .nl, +31 1” j@nic.nl", DOE),
        ("“J Doe, #1, .nl, +31 1, j@oarc.net” j@nic.nl", DOE_AWAY),
        ("J Doe, #1, .nl, +31 1 j@nic.nl, j@oarc.net", DOE_AWAY),
        ("J Doe, #1, .nl, +31 1, j@nic.nl, j@oarc.net", DOE_AWAY),
        ("“J Doe, #1, .nl, +31 1” <j@nic.nl>", DOE),
        ('"J Doe, #1, .nl, +31 1" <j@nic.nl>,', DOE),
        ('"J Doe, #1, .nl, +31 1"\t< j@nic.nl >', DOE),
        ("\t J Doe, #1, .nl, +31 1 <j@nic.nl> ", DOE),
        ("J Doe,\t#1,\t.nl,\t+31\t1\t<j@nic.nl>", DOE),
        ("J Doe,\t#1,\t.nl\t.be,\t+31 1\t<j@nic.nl>", ("J Doe", 1, ("nl", "be"), *DOE[3:])),
        ("J Doe, #1, .nl, +31 1 <j@nic.nl>, j@oarc.net", DOE_AWAY),
        ('"J Doe, #1, .nl, +31 1" <j@nic.nl>, j@oarc.net', DOE_AWAY),
        ('"J Doe, #1, .nl, +31 1" <j@nic.nl>; <j@oarc.net>', DOE_AWAY),
        ("=?utf-8?q?J_Doe=2C_=231=2C_=2Enl=2C_+31_1?= <j@nic.nl>, j@oarc.net", DOE_AWAY),
        ("'t Hoen, #1, .nl, +31 1 <j@nic.nl>", ("'t Hoen", *DOE[1:])),
        ("'Jack' Doe, #1, .nl, +31 1 <j@nic.nl>", ("'Jack' Doe", *DOE[1:])),
        ("j@nic.nl (J Doe, #1, .nl, +31 1)", DOE),
        (r"j@nic.nl (J Doe \(NOC\), #1, .nl, +31 1)", ("J Doe (NOC)", *DOE[1:])),
        ("j@nic.nl (J Doe (NOC), #1, .nl, +31 1)", ("J Doe (NOC)", *DOE[1:])),
        (r'"J \"Jack\" D\oe, #1, .nl, +31 1" <j@nic.nl>', ('J "Jack" Doe', *DOE[1:])),
        (r'"J \\ Doe, #1, .nl, +31 1" <j@nic.nl>', ("J \\ Doe", *DOE[1:])),
        ('J "Jack" Doe, #1, .nl, +31 1 <j@nic.nl>', ('J "Jack" Doe', *DOE[1:])),
        ('"Jack" Doe, #1, .nl, +31 1 <j@nic.nl>', ('"Jack" Doe', *DOE[1:])),
        ("“J “Jack” Doe, #1, .nl, +31 1” j@nic.nl", ("J “Jack” Doe", *DOE[1:])),
        ("J <NOC> Doe, #1, .nl, +31 1 <j@nic.nl>", ("J <NOC> Doe", *DOE[1:])),
        ("“J Doe (NOC, Arnhem), #1, .nl, +31 1” j@nic.nl", ("J Doe (NOC, Arnhem)", *DOE[1:])),
        ("J Doe （NOC), #1, .nl, +31 1 <j@nic.nl>", ("J Doe （NOC)", *DOE[1:])),
        ("J „Jack“ Doe, #1, .nl, +31 1 <j@nic.nl>", ("J „Jack“ Doe", *DOE[1:])),
        ("J O'Doe ‘t Hoen’, #1, .nl, +31 1 <j@nic.nl>", ("J O'Doe ‘t Hoen’", *DOE[1:])),
        (r'"ד\"ר כהן, #1, .nl, +31 1" <j@nic.nl>', ('ד"ר כהן', *DOE[1:])),
        ('"J Doe, #1, .nl, 1) +31 1" <j@nic.nl>', ("J Doe", 1, ("nl",), ("1) +31 1",), *DOE[4:])),
        ("J \\ Doe, #1, .nl, +31 1 <j@nic.nl>", ("J \\ Doe", *DOE[1:])),
        ("J\u00a0\u202fDoe, #1, .nl,\u00a0+31\u00a01 <j@nic.nl>", DOE),
        ("Re\u0301gis, #1, .nl, +31 1 <j@nic.nl>", ("Régis", *DOE[1:])),
    ],
)
def test_every_shape_is_read(line: str, wanted: tuple[object, ...]) -> None:
    """A line in any of the shapes, with the spacing and quoting that people give it, is one clean record."""
    record = only_record(line)
    assert fields(record) == wanted
    assert record.problems == ()


@pytest.mark.parametrize(
    "line", ["j@nic.nl", "<j@nic.nl>", '"j@nic.nl"', '"" <j@nic.nl>', "  j@nic.nl\t", '"j@nic.nl" <j@nic.nl>']
)
def test_an_address_alone_is_listed(line: str) -> None:
    """However an address stands alone, it is one listed address and no name."""
    record = only_record(line)
    assert (codes(record), record.name, record.listed) == (["address-only"], "", ("j@nic.nl",))


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('"J Doe, #1, .nl, +31 1', "unclosed-quote"),
        ('"J Doe, #1, .nl, +31 1 j@nic.nl', "unclosed-quote"),
        ('J Doe, #1, .nl, +31 1" <j@nic.nl>', "unclosed-quote"),
        (r'"J Doe, #1, .nl, +31 1\" <j@nic.nl>', "unclosed-quote"),
        ('"J "Jack" Doe, #1, .nl, +31 1" <j@nic.nl>', "unclosed-quote"),
        ('"J Doe, #1, .nl, +31 1"', "no-address"),
        ('"J Doe, #1, .nl, +31 1" ', "no-address"),
        ("“J Doe, #1, .nl, +31 1” j@nic.nl,", "cut-off"),
        ("“J Doe, #1, .nl, +31 1” j@nic", "bad-address"),
        ("“J Doe, #1, .nl, +31 1” j@nic.nl k@nic.nl", "bad-address"),
        ("“J Doe, #1, .nl, +31 1” none", "bad-address"),
        ('"J Doe, #1, .nl, +31 1" <j@nic.nl', "bad-address"),
        ('"J Doe, #1, .nl, +31 1" <nobody>', "bad-address"),
        ('"J Doe, #1, .nl, +31 1" <j@nic.nl> and more', "bad-address"),
        ("J Doe, #1, .nl, +31 1 <j@nic.nl", "cut-off"),
        ("J Doe, #1, .nl, +31 1", "no-address"),
        ("j@nic.nl (J Doe, #1, .nl, +31 (0)", "cut-off"),
        ("Please send changes to j@nic.nl", "not-understood"),
        ("some words", "not-understood"),
        ("x>", "not-understood"),
        ("> J Doe, #1, .nl, +31 1 <j@nic.nl>", "not-understood"),
        ("> “J Doe, #1, .nl, +31 1” j@nic.nl", "not-understood"),
    ],
)
def test_what_is_not_a_whole_entry_is_an_error(line: str, code: str) -> None:
    """A cut or foreign line is neither skipped nor completed."""
    good = "K Doe, #2, .nl, +31 2 <k@nic.nl>"
    record, other = read(f"{line}\n{good}\n").records
    assert code in codes(record)
    assert record.broken
    assert record.origin.line == 1
    assert not other.broken


@pytest.mark.parametrize(
    "line",
    [
        '"J Doe, #1, .nl, +31 1" <j@nic.nl>, "K Doe, #2, .be, +32 2" <k@nic.be>',
        "J Doe, #1, .nl, +31 1 <j@nic.nl> K Doe, #2, .be, +32 2 <k@nic.be>",
        "J Doe #1 .nl <j@nic.nl> K Doe, #2, .be, +32 2 <k@nic.be>",
        "=?utf-8?q?J_Doe=2C_=231=2C_=2Enl?= <j@nic.nl> K Doe, #2, .be, +32 2 <k@nic.be>",
        "<j@nic.nl> K Doe, #2, .be, +32 2 <k@nic.be>",
        "J Doe <j@nic.nl> K Doe <k@nic.be>",
        '"J Doe" <j@nic.nl>, k@nic.be',
        "J Doe, #1, .nl, +31 1 <j@nic.nl>, K Doe, #2, .be, +32 2 <k@nic.be>, k@oarc.net",
        '"J Doe, #1, .nl, +31 1" <j@nic.nl>, "K Doe, #2, .be, +32 2" <k@nic.be>, k@oarc.net',
        "“J Doe, #1, .nl, +31 1” j@nic.nl “K Doe, #2, .be, +32 2” k@nic.be",
        "j@nic.nl (J Doe, #1, .nl, +31 1) k@nic.be (K Doe, #2, .be, +32 2)",
    ],
)
def test_two_entries_in_one_line_are_an_error_that_belongs_to_neither_address(line: str) -> None:
    """Where two entries ran together, no address is listed for the sum of them."""
    record = only_record(line)
    assert record.broken
    assert record.listed == ()


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("x@a.example (X Doe, #1, .nl, +31 1, j@nic.nl", "“@” in the name"),
        ("X Doe (NOC, #1, .nl, +31 1, j@nic.nl, j@oarc.net", "( without its partner in the name"),
        ("X Doe NOC), #1, .nl, +31 1 j@nic.nl", ") without its partner in the name"),
        ("X <Doe, #1, .nl, +31 1, j@nic.nl", "< without its partner in the name"),
        ("“X &quot;Doe, #1, .nl, +31 1” j@nic.nl", '" without its partner in the name'),
        ("X Doe, #1, .nl, +31 (0, +32 2, j@nic.nl", "a parenthesis behind the slot never closes"),
        ("“X Doe, #1, .nl, +31 (0, +32 2” j@nic.nl", "a parenthesis behind the slot never closes"),
    ],
)
def test_a_report_that_may_be_the_rest_of_two_entries_is_nobodys(line: str, what: str) -> None:
    """A bracket that never closes, or an address in the name: the address may be that of another entry."""
    record = only_record(f"{line}\n")
    assert codes(record) == ["run-together"]
    assert what in record.problems[0].message
    assert (record.broken, record.listed, record.out_of_band) == (True, (), ())


@pytest.mark.parametrize(
    "line",
    [
        "J <j@example.com> Doe, #1, .nl, +31 1 <j@nic.nl>",
        "J Doe <j@example.com>, #1, .nl, +31 1 <j@nic.nl>",
        '"j@example.com J Doe, #1, .nl, +31 1" <j@nic.nl>',
        '"J Doe (NOC, #1, .nl, +31 1" <j@nic.nl>',
        r'"J \"Doe, #1, .nl, +31 1" <j@nic.nl>',
        "J Doe, #1, .nl, +31 (0 1 <j@nic.nl>",
        r"j@nic.nl (J Doe \(NOC, #1, .nl, +31 1)",
        "{'usernames': {'j@nic.nl': 'J Doe (NOC, #1, .nl, +31 1'}}",
        "name,slot,cctlds,phones,email\nJ Doe k@nic.be,1,.nl,+31 1,j@nic.nl\n",
    ],
)
def test_such_a_name_beside_an_address_in_its_own_place_is_an_error_and_the_address_is_listed(line: str) -> None:
    """Nobody gets a card of that name; a list of subscribers with such a line still says who is on it."""
    record = only_record(line)
    assert (codes(record), record.broken, record.listed) == (["run-together"], True, ("j@nic.nl",))


def test_a_quotation_mark_without_its_partner_lists_no_address() -> None:
    """Outside of brackets nothing but its place says whose an address is."""
    record = only_record("J “Doe, #1, .nl, +31 1, k@nic.nl")
    assert (codes(record), record.listed, record.out_of_band) == (["unclosed-quote"], (), ())


@pytest.mark.parametrize(
    "line", ["j@nic.nl, k@nic.nl", "j@nic.nl k@nic.nl", "<j@nic.nl>; <k@nic.nl>", "j@nic.nl, <k@nic.nl>"]
)
def test_several_addresses_without_a_name_are_said_to_be_that(line: str) -> None:
    """Whether they are one person's or two subscribers' is not guessed, and the message says how to write them."""
    record = only_record(line)
    assert (codes(record), record.listed, record.broken) == (["not-understood"], (), True)
    assert "several addresses and no name; write each address on a line of its own" in record.problems[0].message


def test_an_address_in_the_place_of_the_name_is_no_name() -> None:
    """List software may show an old address beside the new one; only the latter is listed, and nobody is called so."""
    record = only_record("j@oarc.net <j@nic.nl>")
    assert (codes(record), record.name, record.listed) == (["address-only"], "", ("j@nic.nl",))
    assert "two addresses and no name" in record.problems[0].message


@pytest.mark.parametrize("quotes", ["''", "‘’", "‚‘", "«»", "»«", "‹›", "`'", "´´"])
@pytest.mark.parametrize("line", ["{} <j@nic.nl>", "{} j@nic.nl", "{}, j@nic.nl", '"{}" <j@nic.nl>', "j@nic.nl ({})"])
def test_other_quotation_marks_around_an_entry_are_a_fault_and_no_part_of_the_name(quotes: str, line: str) -> None:
    """No list software writes them, so nobody is called 'J Doe with a quotation mark in front."""
    record = only_record(line.format(f"{quotes[0]}J Doe, #1, .nl, +31 1{quotes[1]}"))
    assert (codes(record), record.broken) == (["not-understood"], True)
    assert f"between the quotation marks {quotes[0]} and {quotes[1]}" in record.problems[0].message
    assert fields(record) == DOE


@pytest.mark.parametrize(
    "text",
    [
        '"J\tDoe, #1, .nl, +31 1" <j@nic.nl>',
        '"J\\\tDoe, #1, .nl, +31 1" <j@nic.nl>',
        "J\t Doe, #1, .nl, +31 1 <j@nic.nl>",
        "“J\tDoe, #1, .nl, +31 1” j@nic.nl",
        "J&#9;Doe, #1, .nl, +31 1 <j@nic.nl>",
        "J&Tab;Doe, #1, .nl, +31 1 <j@nic.nl>",
        "=?utf-8?q?J=09Doe=2C_=231=2C_=2Enl=2C_+31_1?= <j@nic.nl>",
        "j@nic.nl (J\tDoe, #1, .nl, +31 1)",
        r"{'usernames': {'j@nic.nl': 'J\tDoe, #1, .nl, +31 1'}}",
        r"{'usernames': {'j@nic.nl': u'J\x09Doe, #1, .nl, +31 1'}}",
        'display_name,email\n"J\tDoe, #1, .nl, +31 1",j@nic.nl\n',
        'name,slot,cctlds,phones,email\n"J\tDoe",1,.nl,+31 1,j@nic.nl\n',
        "name,slot,cctlds,phones,email\nJ&#9;Doe,1,.nl,+31 1,j@nic.nl\n",
        "name,slot,cctlds,phones,email\n=?utf-8?q?J=09Doe?=,1,.nl,+31 1,j@nic.nl\n",
    ],
)
def test_a_tab_in_a_name_is_refused_however_it_comes(text: str) -> None:
    """A tab inside a name is a control like any other, in every format and encoding."""
    record = only_record(text)
    assert (codes(record), record.broken) == (["forbidden-character"], True)
    assert "U+0009 (tab)" in record.problems[0].message
    assert (record.name, record.listed) == ("J Doe", ("j@nic.nl",))


def test_a_broken_line_still_says_whose_it_is() -> None:
    """A cut line keeps its name and ccTLDs, so that the person can be found and kept."""
    record = only_record("x@example.com\n“Jane Doe, #1, .vn, +84 12".replace("x@example.com\n", "") + " jane@oarc")
    assert (record.name, record.cctlds, record.listed) == ("Jane Doe", ("vn",), ())


def test_comments_and_blank_lines_are_skipped_and_a_slot_is_no_comment() -> None:
    """A comment is "#" and white space; a line that begins with "#1" is an entry gone wrong."""
    parsed = read("# people\n#\n\n \t\n#\tmore\nJ Doe, #1, .nl, +31 1 <j@nic.nl>\n#1, .nl, +31 1 <k@nic.nl>\n")
    assert [(record.origin.line, codes(record)) for record in parsed.records] == [(6, []), (7, ["no-name"])]


def test_shapes_mix_in_one_file_with_their_own_line_numbers() -> None:
    """Each line is recognised by itself."""
    lines = [
        '"J Doe, #1, .nl, +31 1" <j@nic.nl>',
        "",
        "“J Doe, #1, .nl, +31 1” j@nic.nl",
        "J Doe, #1, .nl, +31 1 <j@nic.nl>",
        "=?utf-8?q?J_Doe=2C_=231=2C_=2Enl=2C_=2B31_1?= <j@nic.nl>",
        "j@nic.nl (J Doe, #1, .nl, +31 1)",
    ]
    parsed = read("\r\n".join(lines) + "\r\n")
    assert [record.origin.line for record in parsed.records] == [1, 3, 4, 5, 6]
    assert {fields(record) for record in parsed.records} == {DOE}
    assert parsed.format == "mixed"


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("“J Doe, #1, .nl, +31 1” j@nic.nl\n", "report"),
        ('"J Doe, #1, .nl, +31 1" <j@nic.nl>\nk@nic.nl\n', "mailman2"),
        ("J Doe, #1, .nl, +31 1 <j@nic.nl>\nk@nic.nl\n", "mailman3"),
        ('=?utf-8?q?J?= <j@nic.nl>\n"J Doe, #1, .nl, +31 1" <j@nic.nl>\n', "mailman3-rfc2047"),
        ("{'usernames': {'j@nic.nl': 'J Doe, #1, .nl, +31 1'}}\n", "dumpdb"),
        ("name;cctlds;email\nJ Doe;.nl;j@nic.nl\n", "csv"),
        ("name\tcctlds\temail\nJ Doe\t.nl\tj@nic.nl\n", "tsv"),
        ("j@nic.nl\nk@nic.nl\n", "addresses"),
    ],
)
def test_the_format_is_recognised_and_can_be_asked_for(text: str, form: str) -> None:
    """`auto` finds the name of the format, and asking for that name gives the same records."""
    assert form in FORMATS
    assert read(text).format == form
    assert read(text, form) == read(text)


@pytest.mark.parametrize("form", ["report", "addresses", "mailman2"])
def test_an_explicit_format_refuses_lines_of_another(form: str) -> None:
    """Who says which format it is does not get a guess."""
    record = only_record("=?utf-8?q?J_Doe=2C_=231=2C_=2Enl?= <j@nic.nl>", form)
    assert codes(record) == ["not-understood"]


def test_only_line_feed_and_its_pair_with_carriage_return_end_a_line() -> None:
    """NEL and U+2028 inside a name must not let one member write two entries."""
    hostile = "X\u2028Y, #1, .nl, +31 1\x85Z, #1, .be, +32 1 <x@nic.nl>"
    (record,) = read(f"{hostile}\n").records
    assert record.broken


def test_old_mac_line_ends_are_read_where_they_end_the_file() -> None:
    """A file that has no line feed and ends with a carriage return is one of lines that end so."""
    first, second = read("J Doe, #1, .nl, +31 1 <j@nic.nl>\rK Doe, #2, .nl, +31 2 <k@nic.nl>\r").records
    assert (fields(first), second.name, second.origin.line) == (DOE, "K Doe", 2)
    assert codes(only_record("J\rDoe, #1, .nl, +31 1 <j@nic.nl>")) == ["forbidden-character"]
    assert codes(only_record("J\rDoe, #1, .nl, +31 1 <j@nic.nl>\n")) == ["forbidden-character"]


@pytest.mark.parametrize("head", ["", "# members\r", "name;slot;cctlds;phones;email\r"])
def test_old_mac_line_ends_need_no_last_one(head: str) -> None:
    """Where every piece between carriage returns is a line, they are line ends; with a line feed, a clear refusal."""
    row = "{0} Doe;1;.nl;+31 1;{0}@nic.nl" if ";" in head else "{0} Doe, #1, .nl, +31 1 <{0}@nic.nl>"
    text = head + "\r".join(row.format(letter) for letter in "jkl")
    assert [record.name for record in read(text).records] == ["j Doe", "k Doe", "l Doe"]
    with pytest.raises(InputError, match="carriage returns; save the file with line feeds"):
        read(text + "\n")


@pytest.mark.parametrize(
    "line", ["“J Doe, #1, .nl, +31 1” j@nic.nl, j@oarc.ne", '"J Doe, #1, .nl, +31 1" <j@nic.nl>', "j@nic.nl"]
)
def test_a_missing_line_break_at_the_end_is_a_warning(line: str) -> None:
    """The last line may be cut off in a way that does not show, and lines may be missing behind it."""
    for text, number in ((f"{line}\n{line}", 2), (line, 1), (f"{line}\n# a comment", 1)):
        (problem,) = read(text).problems
        assert (problem.code, problem.severity, problem.origin.line) == ("no-final-newline", "warning", number)
    assert read(f"{line}\n{line}\n").problems == ()
