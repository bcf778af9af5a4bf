"""Deadlines: how long work with another system may take as a whole, however many waits are in it.

The time-out of a socket limits a single wait. A server that sends one byte a second never reaches it, and looking up a
name has no time-out at all.
"""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

_T = TypeVar("_T")


class Deadline:
    """The end of some work, `seconds` from now. With `each`, every request has so many seconds of its own."""

    def __init__(self, seconds: float, *, each: bool = False) -> None:
        self._seconds, self._each = seconds, each
        self._end = time.monotonic() + seconds

    def begin_request(self) -> None:
        """Give a new request its own time, where each request has one."""
        if self._each:
            self._end = time.monotonic() + self._seconds

    def left(self) -> float:
        """Return the seconds that are left.

        Raises:
            TimeoutError: the deadline has passed.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("it took too long")
        return left

    def share(self, of: int) -> "Deadline":
        """Return a deadline after one part `of` the time that is left; raise as `left` does."""
        return Deadline(self.left() / of)

    def run(self, work: Callable[[], _T]) -> _T:
        """Return what `work` returns, or raise what it raises.

        A thread does the work. At the deadline it is left alone: nothing waits for it, and it ends with the process.

        Raises:
            TimeoutError: the work was not done at the deadline.
        """
        results: list[_T] = []
        failures: list[BaseException] = []

        def run() -> None:
            try:
                results.append(work())
            except BaseException as error:
                failures.append(error)

        thread = threading.Thread(target=run, daemon=True, name="deadline")
        thread.start()
        thread.join(self.left())
        if failures:
            raise failures[0]
        if not results:
            raise TimeoutError("it took too long")
        return results[0]
