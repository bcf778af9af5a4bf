"""Work that ends in time, whatever it waits for."""

import threading
from collections.abc import Callable
from typing import TypeVar

_T = TypeVar("_T")


def within(seconds: float, work: Callable[[], _T]) -> _T:
    """Return what `work` returns, or raise what it raises.

    A time-out of a socket bounds a single wait: a server that sends one byte a second never reaches it, and looking up
    a name has none at all. So the work is done by a thread that is left alone when the time is over; it holds up
    nothing, and ends with the process.

    Raises:
        TimeoutError: the time is over.
    """
    results: list[_T] = []
    failures: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=run, daemon=True, name="within-deadline")
    thread.start()
    thread.join(seconds)
    if failures:
        raise failures[0]
    if not results:
        raise TimeoutError
    return results[0]
