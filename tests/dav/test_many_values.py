"""Books with more values than are looked at one by one: their values are searched as one text."""

from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from radicale_tldops.dav.query.collation import Collation
from radicale_tldops.dav.query.filters import CardFilter, MatchType, PropFilter, TextMatch
from radicale_tldops.dav.query.index import CardIndex

from .cards import card_text
from .reference_filter import Line

FILLER = ["filler"] * 200
"""So many that no search of the tests finds most of the values."""

MATCHES: dict[MatchType, Callable[[str, str], bool]] = {
    MatchType.EQUALS: lambda value, text: value == text,
    MatchType.CONTAINS: lambda value, text: text in value,
    MatchType.STARTS_WITH: lambda value, text: value.startswith(text),
    MatchType.ENDS_WITH: lambda value, text: value.endswith(text),
}
# What could stand between joined values, and what a search may run across.
short = st.text("ab\x00\x01\x02\n\uffff\U0010ffff", max_size=3)


def found(values: list[str], wanted: TextMatch) -> list[str]:
    """The numbers of the values that match, each in a card of its own."""
    index = CardIndex((str(number), card_text((Line("", "X-A", (), value),))) for number, value in enumerate(values))
    return index.matching([CardFilter(prop_filters=(PropFilter("X-A", text_matches=(wanted,)),))])


@pytest.mark.parametrize("match_type", MATCHES)
@given(st.lists(short, max_size=20), short, st.booleans())
@example(["", "a", "", ""], "", False)
@example(["a", "b"], "ab", False)
@example(["a", "b"], "a\x00b", False)
@example(["a\x00", "\x00b"], "\x00", False)
@example(["b", "ab", "aab", "ba"], "b", True)
def test_no_match_runs_across_values(match_type: MatchType, values: list[str], text: str, is_last: bool) -> None:
    """A value matches by itself or not at all, whatever it holds and wherever it stands."""
    everything = [*FILLER, *values] if is_last else [*values, *FILLER]
    expected = [str(number) for number, value in enumerate(everything) if MATCHES[match_type](value, text)]
    assert found(everything, TextMatch(text, Collation.OCTET, match_type)) == expected


@pytest.mark.parametrize("match_type", MATCHES)
@pytest.mark.parametrize("share", [1, 2, 10, 100])
def test_few_and_many_matches_are_all_found(match_type: MatchType, share: int) -> None:
    """It makes no difference which part of the values matches."""
    values = ["x" if number % share == 0 else "y" for number in range(300)]
    expected = [str(number) for number in range(0, 300, share)]
    assert found(values, TextMatch("X", match_type=match_type)) == expected
    assert found(values, TextMatch("X", match_type=match_type, negate=True)) == [
        str(number) for number in range(300) if number % share
    ]
