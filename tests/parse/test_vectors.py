"""The numbered inputs of MEMBERSHIP.md, as far as they are a matter of parsing."""

import pytest

from radicale_tldops.roster.errors import InputError
from tests.parse.reading import codes, fields, only_record, read
from tests.parse.vectors import JOHN, VECTORS

UNDERSTOOD = [number for number, vector in VECTORS.items() if vector.refusal in ("", "bad-slot", "unknown-cctld")]
"""The lines that parsing understands: whether there is such a slot or ccTLD is for vetting to judge."""


@pytest.mark.parametrize("number", VECTORS)
def test_what_is_understood_of_a_line(number: int) -> None:
    """Name, slot, ccTLDs, telephones and addresses come out as a person would read them, also of a broken line."""
    vector = VECTORS[number]
    record = only_record(vector.line)
    assert fields(record) == (
        *(vector.name, vector.slot, vector.cctlds, vector.phones),
        *((vector.listed,), vector.out_of_band),
    )
    wanted = vector.warning or ("" if number in UNDERSTOOD else vector.refusal)
    assert codes(record) == ([wanted] if wanted else [])
    assert record.broken == (number not in UNDERSTOOD)


@pytest.mark.parametrize("number", UNDERSTOOD)
def test_what_surrounds_a_line_changes_nothing(number: int) -> None:
    """A byte order mark, either line end and a comment leave the record as it is."""
    line = VECTORS[number].line
    record = only_record(f"{line}\n")
    for text in (line, f"\ufeff{line}\r\n", f"# a comment\n\n{line}"):
        again = only_record(text)
        assert (fields(again), codes(again)) == (fields(record), codes(record))


def test_vector_4_says_how_to_export_without_loss() -> None:
    """A question mark inside a name is kept, and the warning names the lossless exports."""
    (problem,) = only_record(VECTORS[4].line).problems
    assert problem.severity == "warning"
    assert "dumpdb" in problem.remedy
    assert "mailman members" in problem.remedy


def test_vector_17_says_where_readers_are_named() -> None:
    """A name without a slot is an error whose remedy names [readers]."""
    (problem,) = only_record(VECTORS[17].line).problems
    assert "no slot" in problem.message
    assert "[readers]" in problem.remedy


def test_vector_18_is_of_the_format_addresses() -> None:
    """A file of addresses alone has a format of its own."""
    assert read(f"{VECTORS[18].line}\n").format == "addresses"


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
