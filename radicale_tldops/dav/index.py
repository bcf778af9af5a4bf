"""Which cards of an address book match a CARDDAV:filter (RFC 6352, 10.5)."""

import operator
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import compress

from radicale_tldops.dav.collation import Collation
from radicale_tldops.dav.filters import Filter, FilterTest, ParamFilter, PropFilter
from radicale_tldops.dav.vcard_text import Property, properties


@dataclass(frozen=True, slots=True)
class _Column:
    """All the properties of one name in a book: `properties[i]` stands in card number `cards[i]`."""

    cards: tuple[int, ...] = ()
    properties: tuple[Property, ...] = ()


class Index:
    """The cards of one address book, prepared for filters. Any number of threads may use it at once.

    Nothing is parsed before the first filter. What is cached is bounded by the book and not by the filters: one column
    for each property name that occurs, folded once for each collation.
    """

    def __init__(self, cards: Iterable[tuple[str, str]]) -> None:
        """Take `cards`, pairs of href and vCard text, in the order in which `matching` returns them."""
        book = tuple(cards)
        self._hrefs = tuple(href for href, _ in book)
        self._texts = tuple(text for _, text in book)
        self._folded: dict[tuple[str, Collation], list[str]] = {}

    def matching(self, filters: Sequence[Filter]) -> list[str]:
        """Return the hrefs of the cards that match every one of `filters`: of all the cards where there is none."""
        cards = self._all()
        for wanted in filters:
            if wanted.prop_filters:
                combine = operator.or_ if wanted.test is FilterTest.ANYOF else operator.and_
                cards &= reduce(combine, map(self._cards, wanted.prop_filters))
        return [self._hrefs[card] for card in sorted(cards)]

    def _all(self) -> set[int]:
        return set(range(len(self._hrefs)))

    @cached_property
    def _columns(self) -> dict[str, _Column]:
        cards: dict[str, list[int]] = {}
        found: dict[str, list[Property]] = {}
        for card, text in enumerate(self._texts):
            for prop in properties(text):
                cards.setdefault(prop.name, []).append(card)
                found.setdefault(prop.name, []).append(prop)
        return {name: _Column(tuple(cards[name]), tuple(found[name])) for name in found}

    def _cards(self, wanted: PropFilter) -> set[int]:
        """Return the numbers of the cards that match one prop-filter."""
        column = self._columns.get(wanted.name, _Column())
        named = _named(column, wanted)
        if not wanted.defined:
            # "A vCard property of the type specified by the "name" attribute does not exist" (10.5.1).
            return self._all().difference(compress(column.cards, named))
        verdicts = list(self._verdicts(column, wanted))
        if not verdicts:
            return set(compress(column.cards, named))
        # "A vCard property of the type specified by the "name" attribute exists, and … it matches" (10.5.1): "it" is
        # one property. With allof one and the same property must pass every test; and a card matches as soon as one of
        # its properties does, even where a negated test fails for another one. A card without the property does not
        # match, negated or not.
        combine = operator.or_ if wanted.test is FilterTest.ANYOF else operator.and_
        passed = reduce(lambda one, other: list(map(combine, one, other)), verdicts)
        return set(compress(column.cards, map(operator.and_, named, passed)))

    def _verdicts(self, column: _Column, wanted: PropFilter) -> Iterator[list[bool]]:
        """Yield for each test of a prop-filter which properties of the column pass it."""
        for text_match in wanted.text_matches:
            matches, negate = text_match.predicate(), text_match.negate
            # "or return a match if the text does not match, if the attribute value is set to "yes"" (10.5.4).
            yield [matches(value) != negate for value in self._values(wanted.name, column, text_match.collation)]
        for param_filter in wanted.param_filters:
            yield _param_verdicts(column, param_filter)

    def _values(self, name: str, column: _Column, collation: Collation) -> list[str]:
        values = self._folded.get((name, collation))
        if values is None:
            values = [collation.fold(prop.value) for prop in column.properties]
            if values:  # a name that the book does not have is not kept: clients can invent them without end
                self._folded[name, collation] = values
        return values


def _named(column: _Column, wanted: PropFilter) -> list[bool]:
    # "When the "name" attribute does not specify a group prefix, it MUST match properties in the vCard data without a
    # group prefix or with any group prefix. When the "name" attribute includes a group prefix, it MUST match
    # properties that have exactly the same group prefix and name" (10.5.1).
    if wanted.group is None:
        return [True] * len(column.cards)
    return [prop.group == wanted.group for prop in column.properties]


def _param_verdicts(column: _Column, wanted: ParamFilter) -> list[bool]:
    """Return which properties of the column match a param-filter."""
    values = [prop.parameter(wanted.name) for prop in column.properties]
    if not wanted.defined:
        # "A parameter of the type specified by the "name" attribute does not exist" (10.5.2).
        return [own is None for own in values]
    if wanted.text_match is None:
        return [own is not None for own in values]
    matches, fold, negate = wanted.text_match.predicate(), wanted.text_match.collation.fold, wanted.text_match.negate
    # "A parameter of the type specified by the "name" attribute exists, and … it matches the CARDDAV:text-match
    # conditions" (10.5.2). That is one parameter, however many values it lists: it matches by any of them, and a
    # negated test passes where none does, as in the RFC's example of a list, "a CATEGORIES property not set to PERSON".
    # A book has few different lists of values (INTERNET,WORK), so that each is tested once.
    passes = {own: own is not None and any(matches(fold(value)) for value in own) != negate for own in set(values)}
    return [passes[own] for own in values]
