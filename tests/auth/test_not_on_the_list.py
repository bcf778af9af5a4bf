"""Right passwords of people who may not read: who guesses at a directory must not find them out here."""

import pytest

from radicale_tldops.login.gate import REFUSED_SECONDS
from radicale_tldops.login.throttle import PAIR
from radicale_tldops.roster.errors import ThrottledError
from tests.auth.conftest import PASSWORDS, Place
from tests.support.directory import Directory
from tests.support.store import login
from tests.support.wire import relay


def outcome(there: Place, name: str, password: str) -> str:
    """What an attempt gives: a login, "" for nobody, or that one has to wait."""
    try:
        return there.enter(name, password)
    except ThrottledError:
        return "wait"


@pytest.mark.parametrize("name", ["zoe", "jane"])
def test_a_right_password_of_nobody_who_may_read_looks_like_a_wrong_one(
    place: Place, slapd: Directory, name: str
) -> None:
    """Zoe is not on the list, Jane is denied. The same answers, asking the directory as often, and no guess more."""
    place.deny("jane")
    seen = []
    for password in (PASSWORDS[name], "a wrong one"):
        with relay(slapd.port) as wire:
            there = place.with_directory(slapd.settings(wire.url))
            steps = []
            for pause in (0.0, 1.0, REFUSED_SECONDS, 0.0, REFUSED_SECONDS):
                there.clock.now += pause
                steps.append((outcome(there, name, password), wire.connections))
            steps += [(outcome(there, name, f"guess {number}"), wire.connections) for number in range(PAIR.burst + 1)]
            steps.append((outcome(there, name, password), wire.connections))
            seen.append(steps)
    assert seen[0] == seen[1]
    assert {answer for answer, _ in seen[0]} == {"", "wait"}


def test_a_right_password_of_nobody_who_may_read_binds_once_a_minute(place: Place, slapd: Directory) -> None:
    """Whoever was removed, and whose phone goes on asking, keeps no directory busy, and is not made to wait."""
    with relay(slapd.port) as wire:
        there = place.with_directory(slapd.settings(wire.url))
        for minute in range(10):
            for _ in range(20):
                assert there.enter("zoe", PASSWORDS["zoe"]) == ""
            assert wire.connections == minute + 1
            there.clock.now += REFUSED_SECONDS


def test_who_is_put_on_the_list_need_not_wait(place: Place, slapd: Directory) -> None:
    """The very next request is let in, after a change and after the end of a denial."""
    there = place.with_directory(slapd.settings())
    there.deny("jane")
    for name in ("zoe", "jane"):
        assert there.enter(name, PASSWORDS[name]) == ""
    there.apply(put=["zoe"])
    there.allow("jane")
    for name in ("zoe", "jane"):
        assert there.enter(name, PASSWORDS[name]) == login(name)


def test_a_change_for_others_is_no_reason_to_ask_again(place: Place, slapd: Directory) -> None:
    """Else the time of the next no would tell a right password from a wrong one."""
    with relay(slapd.port) as wire:
        there = place.with_directory(slapd.settings(wire.url))
        for password in (PASSWORDS["zoe"], "a wrong one"):
            assert there.enter("zoe", password) == ""
        there.apply(put=["another"])
        there.deny("jane")
        for password in (PASSWORDS["zoe"], "a wrong one"):
            assert there.enter("zoe", password) == ""
        assert wire.connections == 2
