import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from radicale_tldops.dav.vcard_text import Head, properties

from .cards import card_text
from .reference_filter import Line

NAMES = st.text(string.ascii_letters + string.digits + "-", min_size=1, max_size=8)
VALUES = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=100) | st.text("\\\n,;:=\" aé'", max_size=20)
PARAMETER_VALUES = st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters='"'), max_size=10)
LINES = st.builds(
    Line,
    group=st.just("") | NAMES,
    name=NAMES,
    parameters=st.lists(
        st.tuples(NAMES, st.lists(PARAMETER_VALUES, min_size=1, max_size=3).map(tuple)),
        max_size=3,
        unique_by=lambda parameter: parameter[0].upper(),
    ).map(tuple),
    value=VALUES,
)


def only(line: str) -> tuple[Head, str]:
    """Return the head and the value of the one property in `line`."""
    ((head, (value,)),) = properties(line)
    return head, value


@given(st.lists(LINES, max_size=5).map(tuple))
def test_reads_what_was_written(card: tuple[Line, ...]) -> None:
    """What is escaped, quoted and folded into a card comes out of it again, names in upper case."""
    expected = [
        (
            Head(
                line.name.upper(),
                line.group.upper() or None,
                tuple((name.upper(), values) for name, values in line.parameters),
            ),
            (line.value,),
        )
        for line in card
    ]
    assert list(properties(card_text(card)))[2:-1] == expected


@given(st.text() | st.text('\r\n \tAa1.-;=:,"\\', max_size=60))
@example("\ud800:\ud800\r\n")
@example("A;" * 1000)
@example('A;B="' * 1000)
def test_any_text_is_readable(text: str) -> None:
    """No text raises, and a line gives at most one property."""
    assert len(list(properties(text))) <= text.count("\n") + 1


def test_lines_that_are_no_content_line_are_left_out() -> None:
    """Text without a name, without a colon, with a bare or half-quoted parameter does not hide its neighbours."""
    text = 'FN:a\r\n\r\nno colon\r\n:no name\r\nTEL;CELL:1\r\nTEL;TYPE="CELL:2\r\nÉ:3\r\na.b.c:4\r\n.FN:5\r\nFN:z\r\n'
    assert list(properties(text)) == [(Head("FN"), ("a",)), (Head("FN"), ("z",))]


def test_a_fold_is_one_line_end_and_one_blank() -> None:
    """Unfolding takes away CRLF with one space or tab and nothing else (RFC 2425, 5.8.1)."""
    assert only("FN:Ja\r\n ne\r\n\t  Doe")[1] == "Jane  Doe"


@pytest.mark.parametrize("blank", [" ", "\t"])
def test_a_lone_cr_before_a_fold_belongs_to_the_value(blank: str) -> None:
    """Only CRLF, or a bare LF, goes with the blank."""
    assert only(f"FN:a\r\r\n{blank}b\r\n\tc\r\n")[1] == "a\rbc"


def test_other_line_separators_belong_to_the_value() -> None:
    """NEL, U+2028, VT, FF and a lone CR end no line."""
    value = "a\x85b\u2028c\vd\fe\rf"
    assert only(f"NOTE:{value}\r\n")[1] == value


def test_only_the_escapes_of_vcard_are_resolved() -> None:
    r"""`\n`, `\N`, `\,`, `\;` and `\\` are escapes, read from the left; anything else stays."""
    assert only(r"NOTE:a\nb\Nc\,d\;e\\nf\:g\x\\")[1] == "a\nb\nc,d;e\\nf\\:g\\x\\"


@pytest.mark.parametrize(
    ("written", "values"),
    [
        (".nl,TLD-OPS", (".nl", "TLD-OPS")),
        (r"a\,b,c\\,d\n,", ("a,b", "c\\", "d\n", "")),
        ("", ("",)),
        ("\\", ("\\",)),
    ],
)
def test_a_list_is_read_as_its_values(written: str, values: tuple[str, ...]) -> None:
    """CATEGORIES and NICKNAME hold values between commas (RFC 2426, 4); an escaped comma separates none."""
    for name in ("CATEGORIES", "NICKNAME"):
        assert list(properties(f"item1.{name}:{written}\r\n")) == [(Head(name, "ITEM1"), values)]


def test_values_of_a_repeated_parameter_are_joined() -> None:
    """`TYPE=a;type=b,c` is one parameter with three values; a quoted value may hold separators."""
    head, value = only('item1.tel;TYPE=a;X-L="p,q;r:s",,t;type=b,c:1')
    assert value == "1"
    assert head == Head("TEL", "ITEM1", (("TYPE", ("a", "b", "c")), ("X-L", ("p,q;r:s", "", "t"))))
    assert head.parameter("TYPE") == ("a", "b", "c")
    assert head.parameter("type") is None
    assert head.parameter("X") is None


def test_an_empty_parameter_value_is_defined() -> None:
    """`TYPE=` has one value, the empty text; that is not the same as having none."""
    assert only("TEL;TYPE=:1")[0].parameter("TYPE") == ("",)
    assert only("TEL:1")[0].parameter("TYPE") is None
