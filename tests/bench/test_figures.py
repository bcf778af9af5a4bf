"""The judge of the figures has to be right before it judges."""

from tests.bench.access_side import auc
from tests.bench.figures import Wanted
from tests.bench.floor import parse
from tests.bench.timing import percentile


def test_auc_is_the_share_of_pairs_that_the_first_wins() -> None:
    """It agrees with counting all pairs, ties as halves, on values with and without ties."""
    for some, other in (
        ([1.0, 2, 3], [1.0, 2, 3]),
        ([5.0, 6], [1.0, 2, 3]),
        ([1.0, 4, 4, 9], [2.0, 4, 7]),
        ([0.0], [1.0]),
    ):
        wins = sum((a > b) + (a == b) / 2 for a in some for b in other)
        assert auc(some, other) == wins / (len(some) * len(other))


def test_a_limit_counts_from_its_own_side() -> None:
    """What should stay below a limit misses it by reaching it; what should reach one meets it so."""
    assert [Wanted("", value, 3, "").met for value in (2.9, 3.0, 3.1)] == [True, False, False]
    assert [Wanted("", value, 3, "", at_least=True).met for value in (2.9, 3.0, 3.1)] == [False, True, True]
    assert not Wanted("", float("nan"), 3, "").met
    assert not Wanted("", float("nan"), 3, "", at_least=True).met


def test_the_floor_reads_the_whole_request() -> None:
    """The floor sees every element of a body and its text, so that it does not win by looking away."""
    body = b'<a xmlns="DAV:"><b>one</b><c/><b>two</b></a><!--7-->'
    assert parse(body) == [("DAV:}b", "one"), ("DAV:}c", ""), ("DAV:}b", "two"), ("DAV:}a", "")]


def test_a_percentile_is_one_of_the_values() -> None:
    """So many of a hundred values are not above it; of few values, the 99th percentile is the slowest."""
    values = [float(number) for number in range(200, 0, -1)]
    assert [percentile(values, share) for share in (1, 50, 99, 100)] == [2, 100, 198, 200]
    assert percentile([3.0, 1, 2], 99) == 3
