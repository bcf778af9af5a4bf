"""What is rendered is read back: by this package's own renderers, and by the standard library's."""

import re
import unicodedata
from email.utils import formataddr
from pprint import pformat

from hypothesis import given, settings
from hypothesis import strategies as st

from sync.parse import render_csv, render_report
from sync.parse.pairs import partnerless
from sync.parse.records import Record
from sync.problems import Origin
from tests.parse.reading import FILE, bare, is_forbidden, only_record, read

SETTINGS = settings(max_examples=200, deadline=None)
LABELS = ("nl", "VN", "uk", "xn--p1ai", "рф", "مصر", "台灣", "ලංකා", "இலங்கை", "ไทย")


def is_clean(name: str) -> bool:
    """Whether `name` is in the one form in which names come out, and holds no slot, no address and no sign of loss."""
    return (
        name == " ".join(unicodedata.normalize("NFC", name).split()).strip(" ,;")
        and bool(name)
        and not any(map(is_forbidden, name))
        and not re.search(r"#|\?|[\u00ad\u200b\u2060-\u206f\ufff9-\ufffb\U000e0000-\U000e007f]", name)
        and not re.search(r"&[#\w]+;", name)
        and "@" not in name
        and not partnerless(name)
        and not re.match(r"'+[=+\-@]", name)
    )


NAMES = st.text(
    st.one_of(st.characters(categories=("L", "Mn", "Nd", "P", "S", "Zs")), st.sampled_from("aeé ,;&'\"\\“”()<>=-")),
    min_size=1,
    max_size=30,
).filter(is_clean)
PHONES = st.from_regex(
    r"\+[1-9][0-9]{0,2}( [0-9]{2,4}| \(0\)[0-9]{2}|-[0-9]{3}){1,4}( ext\. [0-9]{1,4}| #[0-9]{2}|/[0-9]{2})?",
    fullmatch=True,
)
ADDRESSES = st.from_regex(r"[a-zA-Z0-9_'+-]{1,8}(\.[a-z]{1,5})?@[a-z0-9]{1,8}\.(example|nl|net)", fullmatch=True)
COLUMNS = st.dictionaries(
    st.sampled_from(["organisation", "role", "note", "timezone"]),
    NAMES.filter(lambda text: text[0] not in "'"),
    max_size=3,
)


@st.composite
def people(draw: st.DrawFn) -> Record:
    """Draw a person with everything that a line of the repository message can say."""
    return Record(
        origin=Origin(FILE, 1),
        name=draw(NAMES),
        slot=draw(st.integers(0, 999)),
        cctlds=tuple(draw(st.lists(st.sampled_from(LABELS), min_size=1, max_size=6))),
        phones=tuple(draw(st.lists(PHONES, max_size=4))),
        listed=(draw(ADDRESSES),),
        out_of_band=tuple(draw(st.lists(ADDRESSES, max_size=3, unique=True))),
    )


def full_name(person: Record) -> str:
    """Return the full name as list software holds it."""
    cctlds = " / ".join("." + label for label in person.cctlds)
    return ", ".join([person.name, f"#{person.slot}", cctlds, *person.phones, *person.out_of_band])


def is_plain(person: Record) -> bool:
    """Whether nothing in the name means something to a line without quotation marks."""
    return not re.search(r'["“”„<>]|^[{#]', person.name)


@given(people())
@SETTINGS
def test_the_repository_message_is_read_back(person: Record) -> None:
    """`render_report` and `parse` are inverse."""
    assert only_record(render_report(person) + "\n") == person


@given(people())
@SETTINGS
def test_mailman_2_and_early_mailman_3_are_read_back(person: Record) -> None:
    """What `formataddr` makes of a name, quoted or as an encoded word, is undone."""
    assert only_record(formataddr((full_name(person), person.listed[0])) + "\n") == person


@given(people().filter(is_plain))
@SETTINGS
def test_later_mailman_3_is_read_back(person: Record) -> None:
    """Names that hold commas, backslashes and everything else but quotation marks need none around them."""
    assert only_record(f"{full_name(person)} <{person.listed[0]}>\n") == person


@given(people())
@SETTINGS
def test_comments_are_read_back(person: Record) -> None:
    """The old form with the name in parentheses."""
    escaped = re.sub(r"([()\\])", r"\\\1", full_name(person))
    assert only_record(f"{person.listed[0]} ({escaped})\n") == person


@given(people(), st.booleans())
@SETTINGS
def test_dumps_are_read_back(person: Record, old: bool) -> None:
    """As Python 3 prints a dict, and as Python 2 did."""
    text = pformat({"members": {person.listed[0]: 0}, "usernames": {person.listed[0]: full_name(person)}})
    if old:
        text = f"{{'usernames': {{{person.listed[0]!r}: u{full_name(person)!a}}}}}"
    record = only_record(text)
    assert record == Record(Origin(FILE, record.origin.line), *(getattr(person, name) for name in Record.__slots__[1:]))


@given(st.lists(st.tuples(people(), COLUMNS, st.booleans()), min_size=1, max_size=4))
@SETTINGS
def test_tables_are_read_back(rows: list[tuple[Record, dict[str, str], bool]]) -> None:
    """`render_csv` and `parse` are inverse, with a slot or without, and no cell begins like a formula."""
    wanted = [
        Record(
            Origin(FILE, line),
            person.name,
            None if no_slot else person.slot,
            person.cctlds,
            person.phones,
            person.listed,
            person.out_of_band,
            columns,
        )
        for line, (person, columns, no_slot) in enumerate(rows, 2)
    ]
    text = render_csv(wanted)
    assert [bare(record) for record in read(text).records] == wanted
    assert not re.search(r'(?:^|,)"?[=+\-@]', re.sub(r'"(?:[^"]|"")*"', lambda cell: cell[0][:2], text), re.MULTILINE)


def test_what_a_rendering_cannot_hold_is_said_in_a_way_that_it_can() -> None:
    """A number that a comma would split gets a slash; a contact without a slot is still readable for people."""
    person = Record(Origin(FILE, 1), "J", None, ("nl",), ("+31 1, +31 2", "+311;ext=5"), ("j@nic.nl",))
    assert render_report(person) == "“J, .nl, +31 1 / +31 2, +311;ext=5” j@nic.nl"
    assert "\"'+31 1, +31 2; '+311;ext=5\"" in render_csv([person])
