"""Reading a request's body, so that one reader whose bodies never come holds few of a worker's threads.

A read that has begun can only be waited for: granian locks up when an answer is sent while one is under way. Where
nothing may wait for a slow client at all, the proxy reads bodies first (config/nginx.conf).
"""

import threading
from collections import Counter
from typing import Protocol

from radicale_tldops.dav.body import SERVICE_UNAVAILABLE, RequestError

MAX_READS = 3
"""How many bodies of one reader may be under way in a worker, which has eight threads. Most come with their headers."""

WAIT_SECONDS = 1.0
"""How long one more waits for its turn, and only one: waiting holds a thread, too."""


class Input(Protocol):
    """The `wsgi.input` of PEP 3333, as far as it is used here."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes, and wait for them."""


class BodyReader:
    """Reads the bodies of a worker's requests."""

    def __init__(self) -> None:
        self._turn = threading.Condition()
        self._under_way: Counter[str] = Counter()
        self._waiting: set[str] = set()

    def read(self, reader: str, source: Input, length: int) -> bytes:
        """Return the `length` bytes of a body that `reader` sends.

        Raises:
            RequestError: with 400 when there are fewer, with 503 while this reader's other bodies do not come.

        """
        if not length:
            return b""
        self._take_turn(reader)
        try:
            body = source.read(length)
        except (OSError, RuntimeError) as error:
            raise RequestError("the body cannot be read") from error
        finally:
            with self._turn:
                self._under_way[reader] -= 1
                if not self._under_way[reader]:
                    del self._under_way[reader]
                self._turn.notify_all()
        if len(body) < length:
            raise RequestError("the body ended before its Content-Length")
        return body

    def _take_turn(self, reader: str) -> None:
        with self._turn:
            if self._under_way[reader] >= MAX_READS:
                has_turn = False
                if reader not in self._waiting:
                    self._waiting.add(reader)
                    has_turn = self._turn.wait_for(lambda: self._under_way[reader] < MAX_READS, WAIT_SECONDS)
                    self._waiting.discard(reader)
                if not has_turn:
                    raise RequestError("other requests of this reader have not arrived yet", SERVICE_UNAVAILABLE)
            self._under_way[reader] += 1
