from dataclasses import replace
from xml.etree.ElementTree import Element, SubElement, tostring

from hypothesis import given, note
from hypothesis import strategies as st

from radicale_tldops.dav.query.filters import parse_filter
from radicale_tldops.dav.query.index import CardIndex

from .cards import card_text
from .reference_filter import NAMESPACE, Card, Line, matches_filter

NAMES = ("EMAIL", "TEL", "x-a")
GROUPS = ("", "", "item1", "Item2")
PARAMETERS = ("TYPE", "X-P")
# Few enough characters that texts meet, and of every kind that a collation treats differently.
LETTERS = "aAbBéÉe\u0301\u0323ßsSıIiİσςΣ\uff41ǆǅﬁµ한,;:\\ \n.\x00\x01"
PARAMETER_VALUES = ("home", "HOME", "work", "é", "É", "a,b", "x;y:z", "")

texts = st.text(LETTERS, max_size=6)
lines = st.builds(
    Line,
    group=st.sampled_from(GROUPS),
    name=st.sampled_from(NAMES),
    parameters=st.lists(
        st.tuples(
            st.sampled_from(PARAMETERS),
            st.lists(st.sampled_from(PARAMETER_VALUES), min_size=1, max_size=2).map(tuple),
        ),
        max_size=2,
    ).map(tuple),
    value=texts,
)
lists = st.builds(replace, lines, name=st.just("CATEGORIES"), more=st.lists(texts, max_size=3).map(tuple))
cards = st.lists(lines | lists, max_size=4).map(tuple)


@st.composite
def text_matches(draw: st.DrawFn, wanted: st.SearchStrategy[str]) -> Element:
    element = Element(NAMESPACE + "text-match")
    element.text = draw(wanted)
    collations = [None, "i;unicode-casemap", "default", "i;ascii-casemap", "i;octet"]
    _set(element, "collation", draw(st.sampled_from(collations)))
    _set(element, "match-type", draw(st.sampled_from([None, "equals", "contains", "starts-with", "ends-with"])))
    _set(element, "negate-condition", draw(st.sampled_from([None, "no", "yes"])))
    return element


@st.composite
def param_filters(draw: st.DrawFn) -> Element:
    element = Element(NAMESPACE + "param-filter", name=draw(st.sampled_from(["type", "TYPE", "x-p", "X-UNKNOWN"])))
    match draw(st.sampled_from(["empty", "is-not-defined", "text-match", "text-match"])):
        case "is-not-defined":
            SubElement(element, NAMESPACE + "is-not-defined")
        case "text-match":
            element.append(draw(text_matches(st.sampled_from((*PARAMETER_VALUES, "o", "w")))))
    return element


@st.composite
def prop_filters(draw: st.DrawFn, book: list[Card]) -> Element:
    names = ["email", "EMAIL", "Tel", "x-a", "X-UNKNOWN", "item1.EMAIL", "ITEM2.tel", "item3.EMAIL", "Categories"]
    element = Element(NAMESPACE + "prop-filter", name=draw(st.sampled_from(names)))
    _set(element, "test", draw(st.sampled_from([None, "anyof", "allof"])))
    if draw(st.integers(0, 5)) == 0:
        SubElement(element, NAMESPACE + "is-not-defined")
        return element
    values = [value for card in book for line in card for value in (line.value, *line.more)] or [""]
    part = st.builds(lambda value, first, last: value[first:last], st.sampled_from(values), *[st.integers(-3, 3)] * 2)
    wanted = st.sampled_from(values) | part | part.map(str.swapcase) | texts.map(lambda text: text[:2])
    element.extend(draw(st.lists(text_matches(wanted), max_size=2)))
    element.extend(draw(st.lists(param_filters(), max_size=2)))
    return element


@st.composite
def filters(draw: st.DrawFn, book: list[Card]) -> Element:
    element = Element(NAMESPACE + "filter")
    _set(element, "test", draw(st.sampled_from([None, "anyof", "allof"])))
    element.extend(draw(st.lists(prop_filters(book), max_size=3)))
    return element


def _set(element: Element, attribute: str, value: str | None) -> None:
    if value is not None:
        element.set(attribute, value)


@given(st.data())
def test_the_index_finds_what_the_reference_finds(data: st.DataObject) -> None:
    """For any cards and any filters the index gives the cards of RFC 6352, 10.5, in book order."""
    book = data.draw(st.lists(cards, max_size=4))
    index = CardIndex((str(number), card_text(card)) for number, card in enumerate(book))
    for _ in range(3):  # the later ones meet columns that are already there
        wanted = data.draw(st.lists(filters(book), max_size=2))
        note("\n".join(tostring(element, "unicode") for element in wanted))
        expected = [
            str(number) for number, card in enumerate(book) if all(matches_filter(card, element) for element in wanted)
        ]
        assert index.matching([parse_filter(element) for element in wanted]) == expected
