"""Work that ends in time."""

import threading

import pytest

from radicale_tldops.login.deadline import Deadline
from radicale_tldops.roster.errors import InputError


def test_the_result_and_the_error_of_the_work_come_through() -> None:
    """As if it had been called."""
    assert Deadline(10).run(lambda: 7) == 7
    assert Deadline(10).run(lambda: None) is None

    def failing() -> None:
        raise InputError("no list")

    with pytest.raises(InputError, match="no list"):
        Deadline(10).run(failing)


def test_work_that_does_not_end_is_left_alone() -> None:
    """Whoever waits gets a time-out; the work holds up nothing, and its result is lost."""
    end = threading.Event()
    with pytest.raises(TimeoutError):
        Deadline(0.05).run(end.wait)
    end.set()
