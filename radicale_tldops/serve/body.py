"""Reading the bodies of requests, so that one reader with slow connections cannot hold all threads.

A read cannot be interrupted: granian locks up when an answer is sent before the read has ended. The read ends with the
connection, and idle.py ends slow connections. A proxy can read whole bodies first (config/nginx.conf).
"""

import threading
from collections import Counter
from typing import Protocol

from radicale_tldops.dav.body import SERVICE_UNAVAILABLE, RequestError

THREADS = 64
"""Most threads that answer requests; connections that only wait hold none."""

MAX_READS = 8
"""Most bodies of one reader that are read at the same time. Most bodies arrive together with their headers."""

MAX_ALL = THREADS - 8
"""Most bodies that are read at the same time; the other threads answer requests without a body."""

WAIT_SECONDS = 1.0
"""Seconds that a further body waits for its turn."""

MAX_WAITING = 4
"""Most bodies of one reader that wait: each of them holds a thread."""


class Input(Protocol):
    """The `wsgi.input` of PEP 3333, as far as it is used here."""

    def read(self) -> bytes:
        """Wait for the whole body and return it."""


class BodyReader:
    """Reads the bodies of requests, at most `each` of one sender and `most` at the same time. Safe for threads."""

    def __init__(self, each: int = MAX_READS, most: int = MAX_ALL) -> None:
        self._each, self._most = each, most
        self._turn = threading.Condition()
        self._under_way: Counter[str] = Counter()
        self._waiting: Counter[str] = Counter()

    def read(self, reader: str, source: Input, length: int) -> bytes:
        """Return the `length` bytes of a body that `reader` sends.

        Raises:
            RequestError: with 400 for a shorter body, with 503 while other bodies of this reader are read.
        """
        if not length:
            return b""
        self._take_turn(reader)
        try:
            # HTTP ends a body at its Content-Length, which was checked before.
            body = source.read()
        except (OSError, RuntimeError) as error:
            raise RequestError("the body cannot be read") from error
        finally:
            with self._turn:
                _decrease(self._under_way, reader)
                self._turn.notify_all()
        if len(body) != length:
            raise RequestError("the body ended before its Content-Length")
        return body

    def _take_turn(self, reader: str) -> None:
        with self._turn:
            if not self._is_free(reader):
                has_turn = False
                if self._waiting[reader] < MAX_WAITING:
                    self._waiting[reader] += 1
                    has_turn = self._turn.wait_for(lambda: self._is_free(reader), WAIT_SECONDS)
                    _decrease(self._waiting, reader)
                if not has_turn:
                    raise RequestError("other requests have not arrived yet", SERVICE_UNAVAILABLE)
            self._under_way[reader] += 1

    def _is_free(self, reader: str) -> bool:
        return self._under_way[reader] < self._each and self._under_way.total() < self._most


def _decrease(counts: Counter[str], reader: str) -> None:
    counts[reader] -= 1
    if not counts[reader]:
        del counts[reader]
