"""Conditional headers, whatever is in them (RFC 9110, 13; RFC 4918, 10.4)."""

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from radicale_tldops.dav.answer import Answer
from radicale_tldops.dav.body import RequestError
from radicale_tldops.dav.conditions import State, conditional, is_met, moment
from radicale_tldops.roster.snapshot import http_date

CARD = Answer(200, (("ETag", '"a"'), ("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT")), b"card")
NAMES = ("HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_IF_UNMODIFIED_SINCE")

_PIECES = st.sampled_from(["(", ")", "<u:a>", "<u:b>", "</p>", '["a"]', '[W/"a"]', '["b"]', "Not", " ", "<", "]", "é"])


def evaluate(header: str) -> bool | int:
    """Return whether the header holds of the entity tag "a" and the sync token u:a, or the status of a refusal."""
    try:
        return is_met(header, State('"a"', "u:a"), lambda path: State('"b"', "u:b") if path == "/p" else State())
    except RequestError as refused:
        return refused.status


@settings(max_examples=200, deadline=None)
@given(st.lists(_PIECES, max_size=12).map("".join))
def test_an_if_header_holds_or_not_or_is_refused(header: str) -> None:
    """And a list that always holds, put behind, makes every one hold."""
    outcome = evaluate(header)
    assert outcome in (True, False, 400)
    if outcome != 400:
        assert evaluate(f"{header}(Not <u:c>)") is True
        assert evaluate(f"{header})") == 400


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(NAMES), st.text(st.characters(max_codepoint=255), max_size=30)))
def test_any_header_gives_a_card_or_304_or_412(conditions: dict[str, str]) -> None:
    """Nothing that a client sends is an error, and without a body there is no card."""
    answer = conditional(CARD, conditions)
    assert (answer.status, answer.body) in ((200, b"card"), (304, b""), (412, b""))


@given(st.integers(0, 3_000_000_000))
def test_a_date_is_read_in_all_three_forms(seconds: int) -> None:
    """RFC 9110, 5.6.7: and each means the same second."""
    when = datetime.fromtimestamp(seconds, UTC)
    for text in (http_date(when), when.strftime("%A, %d-%b-%y %H:%M:%S GMT"), when.strftime("%a %b %e %H:%M:%S %Y")):
        assert moment(text) == when


@given(
    st.text(max_size=60) | st.from_regex(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT", fullmatch=True)
)
def test_anything_else_is_no_date(text: str) -> None:
    """A date that does not exist is none, and never an error."""
    found = moment(text)
    assert found is None or found.tzinfo is UTC
