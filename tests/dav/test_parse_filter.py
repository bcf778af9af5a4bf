from xml.etree.ElementTree import Element

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from radicale_tldops.dav.body import RequestError
from radicale_tldops.dav.query.collation import Collation
from radicale_tldops.dav.query.filters import (
    MAX_CONDITIONS,
    MAX_TEXT,
    CardFilter,
    FilterTest,
    MatchType,
    ParamFilter,
    PropFilter,
    TextMatch,
    parse_filter,
)
from radicale_tldops.roster.errors import TldopsError

from .cards import filter_element

MALFORMED = {
    "unknown child of filter": "<comp-filter name='VCARD'/>",
    "child of filter in another namespace": "<prop-filter xmlns='urn:x' name='FN'/>",
    "text-match straight in filter": "<text-match>x</text-match>",
    "text in filter": "jane",
    "text behind a prop-filter": "<prop-filter name='FN'/>jane",
    "prop-filter without name": "<prop-filter/>",
    "prop-filter with an empty name": "<prop-filter name=''/>",
    "group without a name": "<prop-filter name='item1.'/>",
    "name behind an empty group": "<prop-filter name='.TEL'/>",
    "unknown child of prop-filter": "<prop-filter name='FN'><time-range start='20260101T000000Z'/></prop-filter>",
    "prop-filter in prop-filter": "<prop-filter name='FN'><prop-filter name='N'/></prop-filter>",
    "text in prop-filter": "<prop-filter name='FN'>jane</prop-filter>",
    "wrong test in prop-filter": "<prop-filter name='FN' test='oneof'/>",
    "test in capitals": "<prop-filter name='FN' test='ALLOF'/>",
    "is-not-defined and a text-match": "<prop-filter name='FN'><is-not-defined/><text-match>x</text-match>"
    "</prop-filter>",
    "a param-filter and is-not-defined": "<prop-filter name='TEL'><param-filter name='TYPE'/><is-not-defined/>"
    "</prop-filter>",
    "is-not-defined twice": "<prop-filter name='FN'><is-not-defined/><is-not-defined/></prop-filter>",
    "text in is-not-defined": "<prop-filter name='FN'><is-not-defined>x</is-not-defined></prop-filter>",
    "child of is-not-defined": "<prop-filter name='FN'><is-not-defined><text-match/></is-not-defined></prop-filter>",
    "param-filter without name": "<prop-filter name='TEL'><param-filter/></prop-filter>",
    "param-filter with an empty name": "<prop-filter name='TEL'><param-filter name=''/></prop-filter>",
    "two text-matches in a param-filter": "<prop-filter name='TEL'><param-filter name='TYPE'><text-match>a</text-match>"
    "<text-match>b</text-match></param-filter></prop-filter>",
    "is-not-defined and a text-match in a param-filter": "<prop-filter name='TEL'><param-filter name='TYPE'>"
    "<is-not-defined/><text-match>b</text-match></param-filter></prop-filter>",
    "is-not-defined twice in a param-filter": "<prop-filter name='TEL'><param-filter name='TYPE'>"
    "<is-not-defined/><is-not-defined/></param-filter></prop-filter>",
    "param-filter in param-filter": "<prop-filter name='TEL'><param-filter name='TYPE'><param-filter name='X'/>"
    "</param-filter></prop-filter>",
    "text in param-filter": "<prop-filter name='TEL'><param-filter name='TYPE'>cell</param-filter></prop-filter>",
    "unknown match-type": "<prop-filter name='FN'><text-match match-type='regex'>x</text-match></prop-filter>",
    "empty match-type": "<prop-filter name='FN'><text-match match-type=''>x</text-match></prop-filter>",
    "wrong negate-condition": "<prop-filter name='FN'><text-match negate-condition='true'>x</text-match></prop-filter>",
    "child of text-match": "<prop-filter name='FN'><text-match>x<text-match>y</text-match></text-match></prop-filter>",
}


@pytest.mark.parametrize("inner", MALFORMED.values(), ids=MALFORMED.keys())
def test_what_the_definitions_do_not_allow_is_refused(inner: str) -> None:
    """Each thing that the DTD fragments of RFC 6352, 10.5 to 10.5.4 rule out is a RequestError, not a guess."""
    with pytest.raises(RequestError) as caught:
        parse_filter(filter_element(inner))
    assert caught.value.condition is None


def test_errors_are_the_projects_own_and_value_errors() -> None:
    """A caller that knows only the project's errors, or only ValueError, catches them."""
    with pytest.raises(TldopsError):
        parse_filter(Element("filter"))
    with pytest.raises(ValueError, match="CARDDAV:filter expected, not 'filter'"):
        parse_filter(Element("filter"))


def test_a_wrong_test_on_the_filter_is_refused() -> None:
    """`test` is anyof or allof (RFC 6352, 10.5)."""
    with pytest.raises(RequestError, match="test cannot be 'noneof'"):
        parse_filter(filter_element("", "test='noneof'"))


@pytest.mark.parametrize("collation", ["i;ascii-numeric", "I;OCTET", "i;*", "", " i;octet", "+i;octet", "en;vnd-x"])
def test_an_unknown_collation_has_its_own_error(collation: str) -> None:
    """An unsupported collation, or a wildcard, is CARDDAV:supported-collation (RFC 6352, 8.3)."""
    inner = f"<prop-filter name='FN'><text-match collation='{collation}'>x</text-match></prop-filter>"
    with pytest.raises(RequestError) as caught:
        parse_filter(filter_element(inner))
    assert caught.value.status == 403
    assert caught.value.condition == "{urn:ietf:params:xml:ns:carddav}supported-collation"


def test_defaults() -> None:
    """What is left out is anyof, i;unicode-casemap, contains and not negated (RFC 6352, 8.3, 10.5 to 10.5.4)."""
    inner = "<prop-filter name='FN'><text-match>x</text-match></prop-filter>"
    text_match = TextMatch("x", Collation.UNICODE_CASEMAP, MatchType.CONTAINS, negate=False)
    expected = CardFilter(FilterTest.ANYOF, (PropFilter("FN", None, True, FilterTest.ANYOF, (text_match,)),))
    assert parse_filter(filter_element(inner)) == expected
    explicit = inner.replace("<text-match", "<text-match collation='default'")
    assert parse_filter(filter_element(explicit)) == expected


def test_a_filter_with_everything() -> None:
    """Every element and attribute of RFC 6352, 10.5 arrives in its place; white space between them does not matter."""
    element = filter_element(
        """
        <prop-filter name="Item1.email" test="allof">
          <text-match collation="i;octet" match-type="ends-with" negate-condition="yes"> x </text-match>
          <text-match collation="i;ascii-casemap" match-type="equals" negate-condition="no">y</text-match>
          <param-filter name="type"/>
          <param-filter name="x-a"><is-not-defined/></param-filter>
          <param-filter name="x-b"><text-match match-type="starts-with"/></param-filter>
        </prop-filter>
        <prop-filter name="note"> <is-not-defined/> </prop-filter>
        """,
        'test="allof" unknown="ignored"',
    )
    email = PropFilter(
        "EMAIL",
        "ITEM1",
        test=FilterTest.ALLOF,
        text_matches=(
            TextMatch(" x ", Collation.OCTET, MatchType.ENDS_WITH, negate=True),
            TextMatch("y", Collation.ASCII_CASEMAP, MatchType.EQUALS),
        ),
        param_filters=(
            ParamFilter("TYPE"),
            ParamFilter("X-A", defined=False),
            ParamFilter("X-B", text_match=TextMatch("", match_type=MatchType.STARTS_WITH)),
        ),
    )
    assert parse_filter(element) == CardFilter(FilterTest.ALLOF, (email, PropFilter("NOTE", defined=False)))


def test_names_are_folded_in_ascii_only() -> None:
    """A dotless i is no i: "ımpp" does not name IMPP, which unicode casing would make of it."""
    assert parse_filter(filter_element("<prop-filter name='ımpp'/>")).prop_filters[0].name == "ıMPP"


def test_the_number_of_conditions_is_limited() -> None:
    """Prop-filters, param-filters and text-matches count together, up to MAX_CONDITIONS and no further."""
    condition = (
        "<prop-filter name='TEL'><text-match/><param-filter name='TYPE'><text-match/></param-filter></prop-filter>"
    )
    full = condition * (MAX_CONDITIONS // 4)
    assert len(parse_filter(filter_element(full)).prop_filters) == MAX_CONDITIONS // 4
    with pytest.raises(RequestError, match="too many conditions"):
        parse_filter(filter_element(full + "<prop-filter name='FN'/>"))


def test_the_length_of_a_text_is_limited() -> None:
    """A text-match of MAX_TEXT characters is read, one of a character more is refused, under a param-filter too."""
    longest = "é" * MAX_TEXT
    inner = "<prop-filter name='TEL'><text-match>{}</text-match></prop-filter>"
    assert parse_filter(filter_element(inner.format(longest))).prop_filters[0].text_matches[0].text == longest
    inside = (
        "<prop-filter name='TEL'><param-filter name='TYPE'><text-match>{}</text-match></param-filter></prop-filter>"
    )
    for place in (inner, inside):
        with pytest.raises(RequestError, match="too long"):
            parse_filter(filter_element(place.format(longest + "x")))


def test_a_deep_tree_is_refused_and_not_descended_into() -> None:
    """Nesting far beyond Python's recursion limit is an error like any other."""
    element = innermost = filter_element("")
    for _ in range(20_000):
        child = Element("{urn:ietf:params:xml:ns:carddav}is-not-defined")
        innermost.append(child)
        innermost = child
    with pytest.raises(RequestError, match="'is-not-defined' has no place in 'filter'"):
        parse_filter(element)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
@example("x" * 10_000)
def test_messages_are_one_short_printable_line(text: str) -> None:
    """What a client sends reaches a log escaped and cut (HARDENING 22)."""
    element = filter_element("")
    element.set("test", "x" + text)
    with pytest.raises(RequestError) as caught:
        parse_filter(element)
    message = str(caught.value)
    assert message.isprintable()
    assert len(message) < 700
