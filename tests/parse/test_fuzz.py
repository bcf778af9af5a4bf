"""Anything at all gives a value or an `InputError`, and no good record comes out of a damaged one."""

import contextlib

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from radicale_tldops.roster.errors import InputError
from sync.parse import FORMATS, parse
from sync.parse.records import Parsed
from sync.problems import CODES
from tests.parse.reading import FILE, fields, is_forbidden, problems, read, texts

SETTINGS = settings(max_examples=200, deadline=None)

LINES = [
    '"John Doe, #1, .nl, +31 123456789" <john.doe@nic.nl>',
    "“Jane Doe, #1, .vn, +84 123456789” jane.doe@nic.vn, jane@oarc.net",
    "Régis Example, #2, .fr/.re/.pm, +33 1 00 00 00 00 <r@nic.example>",
    "=?utf-8?b?UsOpZ2lzIEV4YW1wbGUsICMyLCAuZnIsICszMyAxIDAwIDAwIDAwIDAw?= <r@nic.example>",
    r""""Sean \(NOC\) O&#39;Example, #3, .ie, +353 \(0\)86 123 4567" <sean@nic.example>""",
    "li@nic.example (Li Example, SSC #1, .tw / .台灣, +886-2-0000-0000 ext. 126, li@example.net)",
    "john@oarc.net",
]
CSV = 'name,slot,cctlds,phones,email,oob_email,note\n"Doe, J",1,".nl;.be","+31 1\n+31 2",j@nic.nl,j@oarc.net,a note\n'
DUMP = "{'members': {'r@nic.example': 0}, 'usernames': {'r@nic.example': u'R\\xe9gis, #2, .fr, +33 1'}}\n"
FILES = ["\n".join(LINES) + "\n", CSV, CSV.replace(",", ";"), CSV.replace(",", "\t"), DUMP]
SEEDS = [text.encode() for text in FILES] + ["\r\n".join(LINES).encode("utf-16")]


def check(data: bytes, form: str = "auto") -> Parsed | None:
    """Parse anything, and check what comes out; None stands for `InputError`."""
    try:
        parsed = parse(data, FILE, form)
    except InputError as error:
        refusal = str(error)
    else:
        check_parsed(parsed, data)
        return parsed
    assert refusal.startswith(FILE)
    assert refusal.isprintable()
    assert len(refusal) < 1000
    return None


def check_parsed(parsed: Parsed, data: bytes) -> None:
    """Check that what came out of `data` keeps the promises of its types."""
    lines = max(data.count(b"\n"), data.count(b"\r")) + 1
    assert parsed.records
    for problem in problems(parsed):
        assert problem.severity is CODES[problem.code].severity
        assert 1 <= problem.origin.line <= lines
        assert problem.message.isprintable()
        assert len(problem.message) < 1500
        assert problem.text.isprintable()
        assert len(problem.text) <= 200
    for record in parsed.records:
        assert not any(is_forbidden(char) for text in texts(record) for char in text)
        assert record.broken or (record.name and record.listed and record.cctlds)
        assert record.broken or len(record.problems) < 5


@given(st.binary(max_size=300), st.sampled_from(["auto", *FORMATS]))
@example(b"\xff\xfe\x00\xd8", "auto")
@example(b'name,cctlds,email\n"@', "csv")
@example(b"{'@", "dumpdb")
@SETTINGS
def test_any_bytes_give_a_value_or_the_projects_own_error(data: bytes, form: str) -> None:
    """No input gives a traceback, in any format."""
    check(data, form)


ALPHABET = st.one_of(st.characters(), st.sampled_from('",;#<>@.\\=?&\r\n\t\0\x85\u2028\u202e“”()/ 1'))


@given(st.text(ALPHABET, max_size=200), st.sampled_from(["auto", *FORMATS]))
@SETTINGS
def test_any_text_gives_a_value_or_the_projects_own_error(text: str, form: str) -> None:
    """The same for text of the characters that matter, past the decoding."""
    check((text + "\nj@nic.nl").encode("utf-8", "surrogatepass"), form)


@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 3), st.binary(max_size=3)), min_size=1, max_size=6),
)
@SETTINGS
def test_mutated_files_give_a_value_or_the_projects_own_error(seed: bytes, edits: list[tuple[int, int, bytes]]) -> None:
    """Bytes deleted, inserted and replaced in good files."""
    data = seed
    for place, deleted, inserted in edits:
        at = place % (len(data) + 1)
        data = data[:at] + inserted + data[at + deleted :]
    check(data)


FIELD = st.text(ALPHABET, max_size=15)


@given(
    st.sampled_from(
        ['"{}, #1, .{}, {}" <{}>', "{}, #1, .{}, {} <{}>", "“{}, #1, .{}, {}” {}", "{3} ({0}, #1, .{1}, {2})"]
    ),
    FIELD,
    FIELD,
    FIELD,
    FIELD,
)
@SETTINGS
def test_no_forbidden_character_reaches_a_field(shape: str, name: str, label: str, phone: str, address: str) -> None:
    """Whatever stands in the fields of a line, the fields of its records are clean, or there is an error."""
    line = shape.format(f"J{name}", f"nl{label}", f"+31 1{phone}", f"{address}j@nic.nl")
    check(f"# members\n{line}\n".encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize("text", FILES)
def test_a_file_cut_off_at_any_byte_gives_nobody_another_entry(text: str) -> None:
    """A good record of a cut file is a record of the whole file, but for the last line where the cut cannot show.

    There a warning says that the file has no line end.
    """
    data = text.encode()
    whole = {fields(record) for record in read(data).records}
    for length in range(len(data)):
        parsed = check(data[:length])
        if parsed is None:
            continue
        for record in parsed.records:
            if not record.broken and fields(record) not in whole:
                assert record is parsed.records[-1]
                assert [problem.code for problem in parsed.problems] == ["no-final-newline"]


def test_a_utf_16_file_cut_off_at_any_byte_is_never_read_as_something_else() -> None:
    """A cut in the middle of a character is refused, with and without a mark."""
    for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
        data = "\n".join(LINES[:1] * 3).encode(encoding)
        whole = {fields(record) for record in read(data).records}
        for length in range(len(data)):
            with contextlib.suppress(InputError):
                records = read(data[:length]).records
                assert {fields(record) for record in records if not record.broken} <= whole
                assert length % 2 == 0


def test_a_hundred_thousand_bad_fields_make_few_problems() -> None:
    """Garbage cannot make the list of problems longer than the file."""
    line = "N, #1, .nl," + "@," * 30_000 + " <j@nic.nl>\n"
    parsed = read(line * 3 + "“J, #1, .nl” " + "x@," * 20_000 + "\n")
    found = list(problems(parsed))
    assert len(found) < 20
    lists = read("J, #1, .nl, +31 1, " + ", ".join(f"address{number}@" for number in range(290)) + " <j@nic.nl>\n")
    assert max(len(problem.message) for problem in (*found, *problems(lists))) < 500
