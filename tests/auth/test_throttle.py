"""The throttle, with a clock that the test moves."""

import tracemalloc

import pytest

from radicale_tldops.login.throttle import (
    ADDRESS,
    KNOWN_SECONDS,
    LOGIN,
    MOST,
    PAIR,
    Buckets,
    Limit,
    Recent,
    Throttle,
    place_of,
    places_of,
)
from radicale_tldops.roster.errors import ThrottledError
from tests.support.clock import Clock

HERE, THERE = "192.0.2.7", "203.0.113.5"


def guesses(throttle: Throttle, login: str, peer: str, most: int = 1000) -> int:
    """Guess until the throttle says no; return how many guesses there were."""
    for number in range(most):
        try:
            throttle.take(login, peer)
        except ThrottledError:
            return number
    return most


def addresses(count: int) -> list[str]:
    """As many addresses."""
    return [f"198.51.{number // 250}.{number % 250 + 1}" for number in range(count)]


def networks(width: int) -> list[str]:
    """An address of each /64 below a prefix of this width, or of some of them."""
    count = 2 ** (64 - width)
    return [f"2001:db8:1:{number:x}::1" for number in range(0, count, max(1, count // 64))]


def test_one_address_has_few_guesses_at_one_login() -> None:
    """Then it waits, and gets one more each time the wait is over."""
    clock = Clock()
    throttle = Throttle(clock)
    assert guesses(throttle, "jane", THERE) == PAIR.burst
    for _ in range(3):
        clock.now += PAIR.every
        assert guesses(throttle, "jane", THERE) == 1
    clock.now += 100 * PAIR.every
    assert guesses(throttle, "jane", THERE) == PAIR.burst


def test_the_wait_that_is_told_is_the_wait() -> None:
    """A moment earlier it is no, then it is yes."""
    clock = Clock()
    throttle = Throttle(clock)
    guesses(throttle, "jane", THERE)
    with pytest.raises(ThrottledError) as caught:
        throttle.check("jane", THERE)
    clock.now += caught.value.retry_after - 1
    with pytest.raises(ThrottledError):
        throttle.check("jane", THERE)
    clock.now += 1.01
    throttle.check("jane", THERE)


def test_one_address_never_locks_out_another() -> None:
    """Whoever guesses from one place for a week, at every moment that it may: elsewhere there is always a try."""
    clock = Clock()
    throttle = Throttle(clock)
    for _ in range(7 * 24 * 6):
        guesses(throttle, "jane", THERE)
        throttle.check("jane", HERE)
        clock.now += 600


@pytest.mark.parametrize("count", [2, 5])
def test_a_few_addresses_never_lock_out_another(count: int) -> None:
    """The allowance of a login fills as fast as theirs together."""
    clock = Clock()
    throttle = Throttle(clock)
    for _ in range(24 * 12):
        for peer in addresses(count):
            guesses(throttle, "jane", peer)
        throttle.check("jane", HERE)
        clock.now += 300


def test_many_addresses_have_few_guesses_at_one_login() -> None:
    """However many there are, it is one allowance."""
    throttle = Throttle(Clock())
    assert sum(guesses(throttle, "jane", peer) for peer in addresses(1000)) == LOGIN.burst


def test_many_addresses_do_not_lock_out_where_the_member_was_before() -> None:
    """An address from which the right password came is the member's for a month; then it has to show itself again."""
    clock = Clock()
    throttle = Throttle(clock)
    throttle.know("jane", HERE)
    for peer in addresses(100):
        guesses(throttle, "jane", peer)
    throttle.check("jane", HERE)
    with pytest.raises(ThrottledError):
        throttle.check("jane", "192.0.2.8")
    clock.now += KNOWN_SECONDS
    for peer in addresses(100):
        guesses(throttle, "jane", peer)
    with pytest.raises(ThrottledError):
        throttle.check("jane", HERE)


def test_one_address_has_few_guesses_at_all_logins() -> None:
    """One common password on everybody: the address is stopped."""
    throttle = Throttle(Clock())
    assert sum(guesses(throttle, f"person{number}", THERE, 1) for number in range(200)) == ADDRESS.burst


def test_who_shares_an_address_with_a_guesser_and_was_there_before_stays_in() -> None:
    """The guesses under other logins do not count for a login that is known there."""
    throttle = Throttle(Clock())
    throttle.know("jane", THERE)
    for number in range(100):
        guesses(throttle, f"person{number}", THERE)
    throttle.check("jane", THERE)
    with pytest.raises(ThrottledError):
        throttle.check("john", THERE)


def test_a_known_address_is_no_licence_to_guess() -> None:
    """There, too, the pair's allowance holds."""
    throttle = Throttle(Clock())
    throttle.know("jane", HERE)
    assert guesses(throttle, "jane", HERE) == PAIR.burst


def test_what_is_given_back_was_never_taken() -> None:
    """A right password, and one that nobody could judge, cost nothing."""
    throttle = Throttle(Clock())
    for _ in range(1000):
        throttle.take("jane", HERE)
        throttle.give_back("jane", HERE)
    assert guesses(throttle, "jane", HERE) == PAIR.burst


@pytest.mark.parametrize("width", [64, 56, 48])
def test_one_line_never_locks_out_another(width: int) -> None:
    """With as many networks of IPv6 as it has, and an IPv4 address: elsewhere there is always a try."""
    clock = Clock()
    throttle = Throttle(clock)
    for _ in range(60):
        for peer in (*networks(width), THERE):
            guesses(throttle, "jane", peer)
        throttle.check("jane", HERE)
        throttle.check("jane", "2001:db8:2::1")
        clock.now += 300


@pytest.mark.parametrize(("width", "count"), [(64, PAIR.burst), (56, 2 * PAIR.burst), (48, 4 * PAIR.burst)])
def test_the_networks_of_one_line_count_together(width: int, count: int) -> None:
    """Guesses at one login, and at all logins."""
    subnets = networks(width)
    throttle = Throttle(Clock())
    assert sum(guesses(throttle, "jane", peer) for peer in subnets) == count
    throttle = Throttle(Clock())
    tried = sum(guesses(throttle, f"person{number}", peer, 1) for peer in subnets for number in range(200))
    assert tried == count * ADDRESS.burst // PAIR.burst


@pytest.mark.parametrize("neighbour", ["2001:db8:1:2::1", "2001:db8:1:1ff::1"])
def test_one_network_does_not_lock_out_the_lines_beside_it(neighbour: str) -> None:
    """In the same /56, which a mobile operator gives to many phones, and in the same /48."""
    clock = Clock()
    throttle = Throttle(clock)
    for _ in range(24 * 12):
        guesses(throttle, "jane", "2001:db8:1:1::1")
        throttle.check("jane", neighbour)
        clock.now += 300


def test_a_known_network_is_not_locked_out_by_the_rest_of_its_line() -> None:
    """Where the member was before, only the own network counts."""
    throttle = Throttle(Clock())
    throttle.know("jane", "2001:db8:1:1::1")
    for number in range(2, 256):
        guesses(throttle, "jane", f"2001:db8:1:{number:x}::1")
        guesses(throttle, f"person{number}", "2001:db8:1:1::2", 1)
    throttle.check("jane", "2001:db8:1:1::3")


@pytest.mark.parametrize(
    ("address", "other", "same"),
    [
        ("192.0.2.7", "192.0.2.7", True),
        ("192.0.2.7", "192.0.2.8", False),
        ("192.0.2.7", "::ffff:192.0.2.7", True),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", True),
        ("2001:db8:1:2::1", "2001:DB8:1:2::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("2001:db8::", "192.0.2.7", False),
        ("::2", "0.0.0.2", False),
    ],
)
def test_what_is_one_address(address: str, other: str, same: bool) -> None:
    """An IPv4 address; the /64 of an IPv6 one, which is what one customer has at least."""
    assert (place_of(address) == place_of(other)) == same
    assert place_of(address)


@pytest.mark.parametrize(
    "peer", ["", "unix", "127.0.0.1", "127.8.8.8", "::1", "::", "0.0.0.0", "a name", "1.2.3", "\n"]
)
def test_an_address_that_tells_nothing_counts_for_nothing(peer: str) -> None:
    """Behind a proxy that is not named in the settings all peers look alike: one guesser must not be everybody."""
    throttle = Throttle(Clock())
    assert place_of(peer) == ""
    assert guesses(throttle, "jane", peer) == LOGIN.burst
    throttle.check("john", peer)
    throttle.know("jane", peer)
    with pytest.raises(ThrottledError):
        throttle.check("jane", peer)


def test_the_memory_is_bounded() -> None:
    """What was touched least lately is forgotten: twice as many addresses and logins take no more room."""
    throttle = Throttle(Clock(), most=300)
    sizes = []
    tracemalloc.start()
    for number in range(4000):
        peer = f"2001:db8:{number:x}::1"
        throttle.take(f"person{number}", peer)
        throttle.know(f"person{number}", peer)
        places_of.cache_clear()
        if number in (1999, 3999):
            sizes.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert sizes[1] < sizes[0] * 1.2
    buckets = (*throttle._pairs, *throttle._places, throttle._logins)
    assert {len(table) for table in buckets} | {len(throttle._known)} == {300}
    assert MOST <= 10_000


def test_what_is_refused_pushes_nothing_out() -> None:
    """A flood from a place that has to wait leaves no trace in the tables."""
    throttle = Throttle(Clock(), most=100)
    guesses(throttle, "jane", HERE)
    for number in range(10_000):
        guesses(throttle, f"person{number}", THERE, 1)
    with pytest.raises(ThrottledError):
        throttle.check("jane", HERE)
    assert len(throttle._logins) == ADDRESS.burst + 1


def test_an_allowance_by_itself() -> None:
    """Used up at once, or slowly and never."""
    clock = Clock()
    buckets = Buckets(Limit(3, 10.0), clock)
    waits = []
    for _ in range(4):
        waits.append(buckets.wait(("x",)))
        buckets.take(("x",))
    assert waits == [0, 0, 0, 10]
    for _ in range(100):
        clock.now += 10
        buckets.take(("y",))
        assert buckets.wait(("y",)) == 0


def test_what_is_remembered_is_forgotten_by_time_and_by_number() -> None:
    """The newest stay."""
    clock = Clock()
    recent: Recent[int, str] = Recent(60, clock, most=3)
    for number in range(4):
        recent.put(number, str(number))
        clock.now += 1
    assert [recent.get(number) for number in range(4)] == [None, "1", "2", "3"]
    clock.now += 57.5
    assert [recent.get(number) for number in range(4)] == [None, None, "2", "3"]
    recent.drop(lambda value: value == "2")
    assert [recent.get(number) for number in range(4)] == [None, None, None, "3"]
