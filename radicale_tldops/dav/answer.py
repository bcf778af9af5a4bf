"""An answer as a value."""

import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass

from radicale_tldops.dav.gzipping import Pieces

OK = 200
MULTI_STATUS = 207
NOT_MODIFIED = 304
PRECONDITION_FAILED = 412

CLASSES = "1, 3, access-control, addressbook"
"""The compliance classes of the DAV header (RFC 4918, 10.1; RFC 3744, 7.2; RFC 6352, 6.1).
Class 2 is locking, which a read-only book does not need."""

XML = ("Content-Type", "text/xml; charset=utf-8")

MAX_KEPT = 16 * 1024 * 1024
"""Most bytes of finished answers, and of their requests, that are kept."""

_OVERHEAD = 1024
"""The memory of an answer beside its bytes."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP response, without the headers of the connection.

    `is_current` says that a client has the newest book after this answer. `is_exact` says that the body must not be
    compressed: its entity tag is the one in answers to PROPFIND and REPORT. `pieces`, if there are any, stand for the
    body: as gzip, they take less time than to compress it.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    is_current: bool = False
    is_exact: bool = False
    pieces: Pieces | None = None


@dataclass(frozen=True, slots=True)
class Ready:
    """An answer as it is sent. `generation` is the one that it is from; `is_current` is as in `Answer`."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes
    generation: int
    is_current: bool = False


class AnswerCache:
    """Finished answers by their requests, at most `MAX_KEPT` bytes; the least recently used are dropped first.

    Any number of threads may use it at once.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: OrderedDict[Hashable, tuple[Ready, int]] = OrderedDict()
        self._size = 0

    def get(self, key: Hashable) -> Ready | None:
        """Return the answer kept under this key, or None."""
        with self._lock:
            kept = self._answers.get(key)
            if kept is None:
                return None
            self._answers.move_to_end(key)
            return kept[0]

    def put(self, key: Hashable, ready: Ready, size: int) -> None:
        """Keep an answer; `size` is that of answer and key in octets. One above half of `MAX_KEPT` is not kept."""
        size += _OVERHEAD
        if size > MAX_KEPT // 2:
            return
        with self._lock:
            self._size += size - self._answers.pop(key, (ready, 0))[1]
            self._answers[key] = (ready, size)
            while self._size > MAX_KEPT:
                self._size -= self._answers.popitem(last=False)[1][1]
