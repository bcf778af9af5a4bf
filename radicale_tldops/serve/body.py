"""Reading a request's body, so that a reader whose bodies never come holds few of the worker's threads.

A read that has begun can only be waited for: granian locks up when an answer is sent while one is under way. It ends
when the connection does, which idle.py sees to. Where nothing may wait for a slow client at all, the proxy reads bodies
first (config/nginx.conf).
"""

import threading
from collections import Counter
from typing import Protocol

from radicale_tldops.dav.body import SERVICE_UNAVAILABLE, RequestError

THREADS = 32
"""Most threads that answer requests; connections that only wait hold none."""

MAX_READS = 8
"""Most bodies of one reader that may be under way. Most come with their headers."""

MAX_ALL = THREADS - 8
"""Most bodies that may be under way in all: requests without a body are answered whatever else happens."""

WAIT_SECONDS = 1.0
"""How long a further body waits for its turn."""

MAX_WAITING = 4
"""Most bodies of one reader that wait at a time: waiting holds a thread, too."""


class Input(Protocol):
    """The `wsgi.input` of PEP 3333, as far as it is used here."""

    def read(self) -> bytes:
        """Return the whole body, and wait for it."""


class BodyReader:
    """Reads the bodies of requests. Safe for threads."""

    def __init__(self) -> None:
        self._turn = threading.Condition()
        self._under_way: Counter[str] = Counter()
        self._waiting: Counter[str] = Counter()

    def read(self, reader: str, source: Input, length: int) -> bytes:
        """Return the `length` bytes of a body that `reader` sends.

        Raises:
            RequestError: with 400 when there are fewer, with 503 while this reader's other bodies do not come.

        """
        if not length:
            return b""
        self._take_turn(reader)
        try:
            # All of it: HTTP itself ends a body at its length, which has been checked by now.
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
        return self._under_way[reader] < MAX_READS and self._under_way.total() < MAX_ALL


def _decrease(counts: Counter[str], reader: str) -> None:
    counts[reader] -= 1
    if not counts[reader]:
        del counts[reader]
