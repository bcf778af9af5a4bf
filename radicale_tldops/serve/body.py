"""Reading a request's body, so that one reader whose bodies never come holds few of a worker's threads.

A read that has begun can only be waited for: granian locks up when an answer is sent while one is under way. It ends
when the connection does, which idle.py sees to; but over HTTP/2 a stream may be silent while its connection is not.
Such reads are told by their age, and a worker that has lost many threads to them is to be replaced. Where nothing may
wait for a slow client at all, the proxy reads bodies first (config/nginx.conf).
"""

import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Protocol

from radicale_tldops.dav.body import SERVICE_UNAVAILABLE, RequestError

THREADS = 32
"""Threads of a worker that answer requests; connections that only wait hold none."""

MAX_READS = 8
"""How many bodies of one reader may be under way in a worker. Most come with their headers."""

MAX_ALL = THREADS - 8
"""How many bodies may be under way in all: what has none is answered whatever else happens."""

WAIT_SECONDS = 1.0
"""How long another one waits for its turn."""

MAX_WAITING = 4
"""How many of one reader's wait at a time: waiting holds a thread, too."""


LOST_SECONDS = 120.0
"""After so long a body does not come any more: idle.py ends connections on which one takes half of that."""

MAX_LOST = THREADS // 4
"""A worker that has lost so many threads to bodies that do not come is to be replaced."""


class Input(Protocol):
    """The `wsgi.input` of PEP 3333, as far as it is used here."""

    def read(self) -> bytes:
        """Return the whole body, and wait for it."""


class BodyReader:
    """Reads the bodies of a worker's requests."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._turn = threading.Condition()
        self._under_way: dict[object, tuple[str, float]] = {}
        self._waiting: Counter[str] = Counter()

    def read(self, reader: str, source: Input, length: int) -> bytes:
        """Return the `length` bytes of a body that `reader` sends.

        Raises:
            RequestError: with 400 when there are fewer, with 503 while this reader's other bodies do not come.

        """
        if not length:
            return b""
        turn = self._take_turn(reader)
        try:
            # Not `read(length)`: granian's goes round for ever where an HTTP/2 stream is reset in the middle of a body.
            # HTTP itself ends a body at its length, which has been looked at by now.
            body = source.read()
        except (OSError, RuntimeError) as error:
            raise RequestError("the body cannot be read") from error
        finally:
            with self._turn:
                del self._under_way[turn]
                self._turn.notify_all()
        if len(body) != length:
            raise RequestError("the body ended before its Content-Length")
        return body

    def lost(self) -> int:
        """Return how many threads wait for bodies that do not come any more."""
        before = self._clock() - LOST_SECONDS
        with self._turn:
            return sum(1 for _, began in self._under_way.values() if began < before)

    def _take_turn(self, reader: str) -> object:
        with self._turn:
            if not self._is_free(reader):
                has_turn = False
                if self._waiting[reader] < MAX_WAITING:
                    self._waiting[reader] += 1
                    has_turn = self._turn.wait_for(lambda: self._is_free(reader), WAIT_SECONDS)
                    self._waiting[reader] -= 1
                    if not self._waiting[reader]:
                        del self._waiting[reader]
                if not has_turn:
                    raise RequestError("other requests have not arrived yet", SERVICE_UNAVAILABLE)
            turn = object()
            self._under_way[turn] = reader, self._clock()
            return turn

    def _is_free(self, reader: str) -> bool:
        before = self._clock() - LOST_SECONDS
        own = sum(1 for who, began in self._under_way.values() if who == reader and began >= before)
        return own < MAX_READS and len(self._under_way) < MAX_ALL
