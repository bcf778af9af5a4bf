"""The numbered inputs of MEMBERSHIP.md, as far as they are a matter of parsing."""

import pytest

from radicale_tldops.roster.errors import InputError
from sync.parse.records import Record
from tests.parse.reading import codes, fields, one, read

JOHN = '"John Doe, #1, .nl, +31 123456789" <john.doe@nic.nl>'

GOOD = {
    1: (JOHN, "John Doe", 1, "nl", ["+31 123456789"], "john.doe@nic.nl", []),
    2: (
        "“Jane Doe, #1, .vn, +84 123456789” jane.doe@nic.vn, jane@oarc.net",
        *("Jane Doe", 1, "vn", ["+84 123456789"], "jane.doe@nic.vn", ["jane@oarc.net"]),
    ),
    3: (
        "John Doe, #1, .nl, +31 123456789 <john.doe@nic.nl>",
        *("John Doe", 1, "nl", ["+31 123456789"], "john.doe@nic.nl", []),
    ),
    5: (
        "=?utf-8?b?UsOpZ2lzIEV4YW1wbGUsICMyLCAuZnIsICszMyAxIDAwIDAwIDAwIDAw?= <r@nic.example>",
        *("Régis Example", 2, "fr", ["+33 1 00 00 00 00"], "r@nic.example", []),
    ),
    6: (
        "Régis Example, #2, .fr/.re/.pm/.yt/.tf/.wf, +33 1 00 00 00 00 <r@nic.example>",
        *("Régis Example", 2, "fr re pm yt tf wf", ["+33 1 00 00 00 00"], "r@nic.example", []),
    ),
    7: (
        '"R&#233;gis Example, #2, .fr, .re, +33 1 00 00 00 00" <r@nic.example>',
        *("Régis Example", 2, "fr re", ["+33 1 00 00 00 00"], "r@nic.example", []),
    ),
    8: (
        r""""Sean \(NOC\) O'Example, #3, .ie, +353 \(0\)86 123 4567" <sean@nic.example>""",
        *("Sean (NOC) O'Example", 3, "ie", ["+353 (0)86 123 4567"], "sean@nic.example", []),
    ),
    9: (
        '"Doe, Jr., John, #1, .us, +1 202 555 0100" <john@nic.example>',
        *("Doe, Jr., John", 1, "us", ["+1 202 555 0100"], "john@nic.example", []),
    ),
    10: (
        '"Maria Example, #1, .do, +1 809 535-0111 #2141" <maria@nic.example>',
        *("Maria Example", 1, "do", ["+1 809 535-0111 #2141"], "maria@nic.example", []),
    ),
    11: (
        '"Ana Example, #2, .mw, +265 1 000 000, +265 888 000 000" <ana@nic.example>',
        *("Ana Example", 2, "mw", ["+265 1 000 000", "+265 888 000 000"], "ana@nic.example", []),
    ),
    12: (
        '"Li Example, SSC #1, .tw / .台灣 / .台湾, +886-2-0000-0000 ext. 126, li@example.net" <li@nic.example>',
        *("Li Example", 1, "tw 台灣 台湾", ["+886-2-0000-0000 ext. 126"], "li@nic.example", ["li@example.net"]),
    ),
    13: (
        '"Иван Пример, #1, .рф, +7 (7222) 60-00-06" <ivan@nic.example>',
        *("Иван Пример", 1, "рф", ["+7 (7222) 60-00-06"], "ivan@nic.example", []),
    ),
    14: (
        '"Omar Example, #1, .مصر, +20 2 0000 0000" <omar@nic.example>',
        *("Omar Example", 1, "مصر", ["+20 2 0000 0000"], "omar@nic.example", []),
    ),
    15: (
        '"G. Example; #2; UK; 0044 1865 000000" <g@nic.example>',
        *("G. Example", 2, "UK", ["0044 1865 000000"], "g@nic.example", []),
    ),
    19: (
        '"Zoë Example, #4, .gb, +44 1865 000000" <zoe@nic.example>',
        *("Zoë Example", 4, "gb", ["+44 1865 000000"], "zoe@nic.example", []),
    ),
    20: (
        '"Max Example, #1, .example, +49 30 000000" <MAX@Example.DE>',
        *("Max Example", 1, "example", ["+49 30 000000"], "MAX@Example.DE", []),
    ),
}


def assert_says(record: Record, *wanted: object) -> None:
    """Check that the record carries exactly these fields."""
    name, slot, cctlds, phones, listed, out_of_band = wanted
    assert isinstance(cctlds, str)
    assert isinstance(phones, list)
    assert isinstance(out_of_band, list)
    assert fields(record) == (name, slot, tuple(cctlds.split()), tuple(phones), (listed,), tuple(out_of_band))


@pytest.mark.parametrize("number", GOOD)
def test_good_lines_are_read_without_a_problem(number: int) -> None:
    """Name, slot, ccTLDs, telephones and addresses come out as a person would read them."""
    line, *wanted = GOOD[number]
    for text in (str(line), f"{line}\n", f"\ufeff{line}\r\n", f"# a comment\n\n{line}"):
        record = one(text)
        assert_says(record, *wanted)
        assert record.problems == ()


def test_vector_4_warns_of_a_lossy_export_and_says_how_to_do_better() -> None:
    """A question mark inside a name is kept, and the lossless exports are named."""
    record = one('"R?gis Example, #2, .fr, +33 1 00 00 00 00" <r@nic.example>')
    assert record.name == "R?gis Example"
    (problem,) = record.problems
    assert (problem.code, problem.severity) == ("lossy-export", "warning")
    assert "dumpdb" in problem.remedy
    assert "mailman members" in problem.remedy
    assert not record.broken


def test_vector_16_has_no_separators_and_is_still_tied_to_its_person() -> None:
    """The slot is not cut out of the middle of a text; name and address are kept."""
    record = one('"Kim Example #1 .kr +82 2 000 0000" <kim@nic.example>')
    assert codes(record) == ["no-separators"]
    assert record.broken
    assert (record.name, record.listed, record.slot) == ("Kim Example", ("kim@nic.example",), None)


def test_vector_17_is_no_ssc_entry() -> None:
    """A name without a slot is an error whose remedy names [readers]."""
    record = one('"Secretariat, ccNSO" <secretariat@icann.example>')
    (problem,) = record.problems
    assert problem.code == "no-slot"
    assert "no slot" in problem.message
    assert "[readers]" in problem.remedy
    assert (record.name, record.listed) == ("Secretariat, ccNSO", ("secretariat@icann.example",))


def test_vector_18_is_good_for_access_alone() -> None:
    """An address without a name is listed, is an error as an entry of the roster, and gives the file its format."""
    parsed = read("john@oarc.net\n")
    (record,) = parsed.records
    assert parsed.format == "addresses"
    assert codes(record) == ["address-only"]
    assert (record.name, record.listed) == ("", ("john@oarc.net",))


def test_vector_21_aborts() -> None:
    """What Mailman prints for an empty list is never read as a list without members, wherever in a file it stands."""
    for text in ("tld-ops.lists.example has no members\n", f"{JOHN}\ntld-ops.lists.example has no members\r\n"):
        with pytest.raises(InputError, match="no members"):
            read(text)


def test_vector_22_gives_every_repetition_as_a_record() -> None:
    """Repetitions are for vetting to judge: parsing drops nothing."""
    parsed = read(f"{JOHN}\n{JOHN}\n{JOHN.replace('john.doe@nic.nl', 'john@oarc.net')}\n")
    assert [record.origin.line for record in parsed.records] == [1, 2, 3]
    assert [record.listed[0] for record in parsed.records] == ["john.doe@nic.nl", "john.doe@nic.nl", "john@oarc.net"]


@pytest.mark.parametrize("char", ["\r", "\x85", "\u2028", "\u2029", "\0", "\x0b", "\x0c", "\x1b", "\x7f", "\ufffe"])
@pytest.mark.parametrize(
    "shape",
    ['"J{}D, #1, .nl, +31 1" <j@nic.nl>', "J{}D, #1, .nl, +31 1 <j@nic.nl>", "“J{}D, #1, .nl, +31 1” j@nic.nl"],
)
def test_vector_23_a_control_in_a_name_is_refused_and_makes_no_second_entry(char: str, shape: str) -> None:
    """One line stays one record, in error, with the code point in the message."""
    parsed = read(f"# two lines, so that the file's line ends are known\n{shape.format(char)}\n")
    (record,) = parsed.records
    assert record.origin.line == 2
    (problem,) = record.problems
    assert problem.code == "forbidden-character"
    assert f"U+{ord(char):04X}" in problem.message
    assert problem.text.isprintable()
    assert record.listed == ("j@nic.nl",)
