"""Which cards of an address book match a CARDDAV:filter (RFC 6352, 10.5)."""

import operator
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import accumulate, chain, compress

from radicale_tldops.dav.query.collation import Collation
from radicale_tldops.dav.query.filters import CardFilter, FilterTest, MatchType, ParamFilter, PropFilter, TextMatch
from radicale_tldops.dav.vcard_text import Head, properties

_MANY = 16
"""If more than one value in so many matches so far, each value is tested by itself. To find a value in the joined text
takes four times as long as to test it, but the search skips the other values at no cost."""


@dataclass(frozen=True, slots=True)
class _Column:
    """All the properties of one name in a book: `heads[i]` is the head of one that stands in card number `cards[i]`."""

    cards: list[int] = field(default_factory=list)
    heads: list[Head] = field(default_factory=list)

    def all(self) -> set[int]:
        """Return the numbers of all the properties."""
        return set(range(len(self.cards)))


_NO_PROPERTIES = _Column()


class _Values:
    """The folded values of a column in one text, so that one search goes through all of them."""

    __slots__ = ("_mark", "_owners", "_starts", "_text")

    def __init__(self, values: Sequence[str], owners: Sequence[int]) -> None:
        """Take the values, and for each the number of the property that it stands in: CATEGORIES has several."""
        self._owners = owners
        # A character that is in none of the values stands before, between and after them.
        used = set("".join(values))
        self._mark = next(mark for mark in map(chr, range(len(used) + 1)) if mark not in used)
        self._text = "".join([self._mark, *(value + self._mark for value in values)])
        # The positions of the marks: the one before each value, then the last one.
        self._starts = list(accumulate((len(value) + 1 for value in values), initial=0))

    def matching(self, text_match: TextMatch) -> set[int]:
        """Return the numbers of the properties of which a value matches a text-match, whether or not it is negated."""
        text, mark = text_match.collation.fold(text_match.text), self._mark
        if mark in text:
            return set()
        if not text and text_match.match_type is not MatchType.EQUALS:
            return set(self._owners)
        before = mark if text_match.match_type in (MatchType.EQUALS, MatchType.STARTS_WITH) else ""
        behind = mark if text_match.match_type in (MatchType.EQUALS, MatchType.ENDS_WITH) else ""
        found: set[int] = set()
        at = self._text.find(before + text + behind)
        while at >= 0:
            value = bisect_right(self._starts, at) - 1
            found.add(self._owners[value])
            if len(found) >= _MANY and len(found) * _MANY > value:
                return set(compress(self._owners, text_match.test(self._text[1:-1].split(mark))))
            at = self._text.find(before + text + behind, self._starts[value + 1])
        return found


class CardIndex:
    """The cards of one address book, prepared for filters. Any number of threads may use it at once.

    The values are folded for the default collation at once, for another one when a filter first asks for it. What is
    kept is bounded by the book and not by the filters.
    """

    def __init__(self, cards: Iterable[tuple[str, str]]) -> None:
        """Take `cards`, pairs of href and vCard text, in the order in which `matching` returns them."""
        book = tuple(cards)
        self._hrefs = tuple(href for href, _ in book)
        self._texts = tuple(text for _, text in book)
        self._columns: defaultdict[str, _Column] = defaultdict(_Column)
        values: defaultdict[str, list[tuple[str, ...]]] = defaultdict(list)
        for number, text in enumerate(self._texts):
            for head, own in properties(text):
                column = self._columns[head.name]
                column.cards.append(number)
                column.heads.append(head)
                values[head.name].append(own)
        self._folded = {Collation.UNICODE_CASEMAP: _folded(values, Collation.UNICODE_CASEMAP)}

    def matching(self, filters: Sequence[CardFilter]) -> list[str]:
        """Return the hrefs of the cards that match every one of `filters`: all cards if `filters` is empty."""
        found = []
        for card_filter in filters:
            if card_filter.prop_filters:
                combine = operator.or_ if card_filter.test is FilterTest.ANYOF else operator.and_
                found.append(reduce(combine, map(self._cards, card_filter.prop_filters)))
        if not found:
            return list(self._hrefs)
        return [self._hrefs[card] for card in sorted(reduce(operator.and_, found))]

    def _cards(self, prop_filter: PropFilter) -> set[int]:
        """Return the numbers of the cards that match one prop-filter."""
        # A name that the book does not have is not kept: a client can invent any number of names.
        column = self._columns.get(prop_filter.name, _NO_PROPERTIES)
        # "A vCard property of the type specified by the "name" attribute exists, and … it matches" (10.5.1): "it" is
        # one property. With allof one and the same property must pass every test; and a card matches as soon as one of
        # its properties does, even where a negated test fails for another one. A card without the property does not
        # match, negated or not.
        tests = list(self._verdicts(column, prop_filter))
        combine = operator.or_ if prop_filter.test is FilterTest.ANYOF else operator.and_
        passed = reduce(combine, tests) if tests else column.all()
        if prop_filter.group is not None:
            # "When the "name" attribute does not specify a group prefix, it MUST match properties in the vCard data
            # without a group prefix or with any group prefix. When the "name" attribute includes a group prefix, it
            # MUST match properties that have exactly the same group prefix and name" (10.5.1).
            passed = {number for number in passed if column.heads[number].group == prop_filter.group}
        cards = {column.cards[number] for number in passed}
        # "A vCard property of the type specified by the "name" attribute does not exist" (10.5.1).
        return cards if prop_filter.defined else set(range(len(self._hrefs))) - cards

    def _verdicts(self, column: _Column, prop_filter: PropFilter) -> Iterator[set[int]]:
        """Yield for each test of a prop-filter which properties of the column pass it."""
        for text_match in prop_filter.text_matches:
            values = self._values(text_match.collation).get(prop_filter.name)
            found = values.matching(text_match) if values is not None else set()
            # "or return a match if the text does not match, if the attribute value is set to "yes"" (10.5.4).
            yield column.all() - found if text_match.negate else found
        for param_filter in prop_filter.param_filters:
            yield _param_verdicts(column, param_filter)

    def _values(self, collation: Collation) -> Mapping[str, _Values]:
        """Return the folded values of each column."""
        if collation not in self._folded:
            values: defaultdict[str, list[tuple[str, ...]]] = defaultdict(list)
            for text in self._texts:
                for head, own in properties(text):
                    values[head.name].append(own)
            self._folded[collation] = _folded(values, collation)
        return self._folded[collation]


def _folded(values: Mapping[str, Sequence[tuple[str, ...]]], collation: Collation) -> Mapping[str, _Values]:
    folded = {}
    for name, some in values.items():
        texts = list(map(collation.fold, chain.from_iterable(some)))
        lists = len(texts) > len(some)
        owners = [number for number, own in enumerate(some) for _ in own] if lists else range(len(some))
        folded[name] = _Values(texts, owners)
    return folded


def _param_verdicts(column: _Column, param_filter: ParamFilter) -> set[int]:
    """Return which properties of the column match a param-filter."""
    # A book has few different heads, so that each is tested once.
    passes = {head: _passes(head.parameter(param_filter.name), param_filter) for head in set(column.heads)}
    return {number for number, head in enumerate(column.heads) if passes[head]}


def _passes(values: tuple[str, ...] | None, param_filter: ParamFilter) -> bool:
    """Return whether the values of one parameter match a param-filter; None is a parameter that does not exist."""
    # "A parameter of the type specified by the "name" attribute does not exist" (10.5.2).
    if not param_filter.defined or param_filter.text_match is None:
        return (values is not None) == param_filter.defined
    # "A parameter of the type specified by the "name" attribute exists, and … it matches the CARDDAV:text-match
    # conditions" (10.5.2). That is one parameter, however many values it lists: it matches by any of them, and a
    # negated test passes where none does, as in the RFC's example of a list, "a CATEGORIES property not set to PERSON".
    text_match = param_filter.text_match
    return values is not None and any(text_match.test(map(text_match.collation.fold, values))) != text_match.negate
