"""CARDDAV:filter (RFC 6352, 10.5), from the XML element to a value; `index.py` finds the cards that match it."""

import operator
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import repeat
from typing import TypeVar
from xml.etree.ElementTree import Element

from radicale_tldops.dav.body import FORBIDDEN, RequestError, quoted
from radicale_tldops.dav.markup import CARDDAV
from radicale_tldops.dav.query.collation import Collation, ascii_casemap

MAX_CONDITIONS = 100
"""How many prop-filters, param-filters and text-matches one filter may hold together."""
MAX_TEXT = 1024
"""How many characters the text of one text-match may have."""

_FILTER = CARDDAV + "filter"
_PROP_FILTER = CARDDAV + "prop-filter"
_PARAM_FILTER = CARDDAV + "param-filter"
_TEXT_MATCH = CARDDAV + "text-match"
_IS_NOT_DEFINED = CARDDAV + "is-not-defined"
_CONDITIONS = frozenset({_PROP_FILTER, _PARAM_FILTER, _TEXT_MATCH})

_Choice = TypeVar("_Choice", bound=StrEnum)


class FilterTest(StrEnum):
    """Whether one condition is enough or all must hold."""

    ANYOF = "anyof"
    ALLOF = "allof"


class MatchType(StrEnum):
    """Where in the value the text of a text-match must stand."""

    EQUALS = "equals"
    CONTAINS = "contains"
    STARTS_WITH = "starts-with"
    ENDS_WITH = "ends-with"


class _Negate(StrEnum):
    NO = "no"
    YES = "yes"


_MATCH: dict[MatchType, Callable[[str, str], bool]] = {
    MatchType.EQUALS: operator.eq,
    MatchType.CONTAINS: operator.contains,
    MatchType.STARTS_WITH: str.startswith,
    MatchType.ENDS_WITH: str.endswith,
}


@dataclass(frozen=True, slots=True)
class TextMatch:
    """CARDDAV:text-match: a test of the text of one value (RFC 6352, 10.5.4)."""

    text: str
    collation: Collation = Collation.UNICODE_CASEMAP
    match_type: MatchType = MatchType.CONTAINS
    negate: bool = False

    def test(self, values: Iterable[str]) -> Iterator[bool]:
        """Tell of each value, already folded by the collation, whether it matches the text. It ignores `negate`."""
        return map(_MATCH[self.match_type], values, repeat(self.collation.fold(self.text)))


@dataclass(frozen=True, slots=True)
class ParamFilter:
    """CARDDAV:param-filter: a test of one parameter of a property (RFC 6352, 10.5.2). `name` is in upper case."""

    name: str
    defined: bool = True
    text_match: TextMatch | None = None


@dataclass(frozen=True, slots=True)
class PropFilter:
    """CARDDAV:prop-filter: a test of the properties of one name (RFC 6352, 10.5.1).

    `name` and `group` are in upper case; a group of None stands for any group and for none.
    """

    name: str
    group: str | None = None
    defined: bool = True
    test: FilterTest = FilterTest.ANYOF
    text_matches: tuple[TextMatch, ...] = ()
    param_filters: tuple[ParamFilter, ...] = ()


@dataclass(frozen=True, slots=True)
class CardFilter:
    """CARDDAV:filter: which cards a report is about (RFC 6352, 10.5). Without prop-filters: every card."""

    test: FilterTest = FilterTest.ANYOF
    prop_filters: tuple[PropFilter, ...] = ()


def parse_filter(element: Element) -> CardFilter:
    """Read a CARDDAV:filter element.

    An unknown or misplaced element is an error, although WebDAV ignores unknown elements elsewhere (RFC 4918, 17):
    without it the filter would ask for something else. Unknown attributes are ignored.

    Raises:
        RequestError: with 403 for an unknown collation (RFC 6352, 8.3), with 400 for anything else that RFC 6352, 10.5
            does not allow, or that is beyond MAX_CONDITIONS or MAX_TEXT.
    """
    if element.tag != _FILTER:
        raise RequestError(f"CARDDAV:filter expected, not {_quoted(element.tag)}")
    if sum(1 for inner in element.iter() if inner.tag in _CONDITIONS) > MAX_CONDITIONS:
        raise RequestError(f"too many conditions in the filter: at most {MAX_CONDITIONS} are allowed")
    children = _children(element, {_PROP_FILTER})
    return CardFilter(_choice(element, "test", FilterTest.ANYOF), tuple(map(_prop_filter, children)))


def _prop_filter(element: Element) -> PropFilter:
    # "When the "name" attribute does not specify a group prefix, it MUST match properties in the vCard data without a
    # group prefix or with any group prefix" (10.5.1).
    group, dot, name = _name(element).rpartition(".")
    if not name or (dot and not group):
        raise RequestError(f"no property can be named {_quoted(element.get('name'))}")
    children = _children(element, {_IS_NOT_DEFINED, _TEXT_MATCH, _PARAM_FILTER})
    return PropFilter(
        name,
        group if dot else None,
        _defined(children),
        _choice(element, "test", FilterTest.ANYOF),
        tuple(_text_match(child) for child in children if child.tag == _TEXT_MATCH),
        tuple(_param_filter(child) for child in children if child.tag == _PARAM_FILTER),
    )


def _param_filter(element: Element) -> ParamFilter:
    name = _name(element)
    children = _children(element, {_IS_NOT_DEFINED, _TEXT_MATCH})
    if len(children) > 1:
        raise RequestError("a param-filter holds one text-match or one is-not-defined, not more")
    defined = _defined(children)
    return ParamFilter(name, defined, _text_match(children[0]) if children and defined else None)


def _text_match(element: Element) -> TextMatch:
    _children(element, frozenset(), text=True)
    text = element.text or ""
    if len(text) > MAX_TEXT:
        raise RequestError(f"the text of a text-match is too long: at most {MAX_TEXT} characters are allowed")
    return TextMatch(
        text,
        _collation(element.get("collation", "default")),
        _choice(element, "match-type", MatchType.CONTAINS),
        _choice(element, "negate-condition", _Negate.NO) is _Negate.YES,
    )


def _collation(identifier: str) -> Collation:
    # "In the absence of a collation explicitly specified by the client, or if the client specifies the "default"
    # collation identifier …, the server MUST default to using "i;unicode-casemap"" (8.3).
    if identifier == "default":
        return Collation.UNICODE_CASEMAP
    try:
        return Collation(identifier)
    except ValueError:
        condition = CARDDAV + "supported-collation"
        raise RequestError(f"unknown collation {_quoted(identifier)}", FORBIDDEN, condition) from None


def _defined(children: Sequence[Element]) -> bool:
    absent = [child for child in children if child.tag == _IS_NOT_DEFINED]
    for child in absent:
        _children(child, frozenset())
    if absent and len(children) > 1:
        raise RequestError("is-not-defined must be alone in its prop-filter or param-filter")
    return not absent


def _name(element: Element) -> str:
    name = element.get("name")
    if not name:
        raise RequestError(f"{_quoted(element.tag)} has no name")
    return ascii_casemap(name)


def _choice(element: Element, attribute: str, default: _Choice) -> _Choice:
    given = element.get(attribute)
    if given is None:
        return default
    try:
        return type(default)(given)
    except ValueError:
        raise RequestError(f"{attribute} cannot be {_quoted(given)}") from None


def _children(element: Element, allowed: Collection[str], *, text: bool = False) -> list[Element]:
    """Return the children, all of which must have an `allowed` tag; `text` says whether there may be text as well."""
    children = list(element)
    for child in children:
        if child.tag not in allowed:
            raise RequestError(f"{_quoted(child.tag)} has no place in {_quoted(element.tag)}")
    if not text and any(stray and stray.strip() for stray in (element.text, *(child.tail for child in children))):
        raise RequestError(f"{_quoted(element.tag)} holds text")
    return children


def _quoted(value: object) -> str:
    return quoted(str(value).removeprefix(CARDDAV))
