"""Whether this worker can do its work: `/.health/live` and `/.health`, for anybody who asks.

They tell nothing about members, counts or generations, and cost next to nothing: what is found holds for a second.
"""

import contextlib
import json
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from radicale_tldops.roster.errors import CorruptStoreError, OlderCopyError, StoreError
from radicale_tldops.serve.live import LiveStore
from radicale_tldops.settings import Settings
from radicale_tldops.store.engine import SERVER_WAIT
from radicale_tldops.store.freshness import Freshness
from radicale_tldops.store.notes import FRESHNESS, read_note

LIVE = "/.health/live"
"""200 as long as the worker answers at all: for whoever restarts it."""

READY = "/.health"
"""200 as long as all is well, else 503: for whoever is to be woken."""

KEPT = 1.0
"""For how many seconds an answer holds: strangers who ask more often cost nothing."""

AHEAD = 300.0
"""By how many seconds the clock of whoever made a check may be ahead of ours."""

_OK = "ok"
_ALIVE = b'{"status":"ok"}\n'


class Health:
    """The answers about one worker. Safe for threads. `clock` is monotonic, `now` is the time of day."""

    def __init__(
        self,
        settings: Settings,
        live: LiveStore,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._roster = settings.store.roster
        self._max_age = settings.server.max_check_age * 3600.0
        self._live = live
        self._clock = clock
        self._now = now
        self._lock = threading.Lock()
        self._until = float("-inf")
        self._answer: tuple[int, bytes] | None = None
        self._fresh = Freshness()

    def answer(self, path: str) -> tuple[int, bytes]:
        """Return the status and the body, a JSON object, for `LIVE`, or for `READY` and anything else; never raises."""
        if path == LIVE:
            return 200, _ALIVE
        # One thread looks; the others give the answer of the second before, unless there is none yet.
        answer = self._answer
        if self._clock() >= self._until and self._lock.acquire(blocking=answer is None):
            try:
                if self._clock() >= self._until:
                    self._answer = self._look()
                    self._until = self._clock() + KEPT
            finally:
                self._lock.release()
        answer = self._answer
        assert answer is not None  # noqa: S101 - the first thread waits for it
        return answer

    def _look(self) -> tuple[int, bytes]:
        found = {**self._store(), **self._age()}
        well = all(word in (_OK, "off") for word in found.values())
        text = json.dumps({"status": _OK if well else "failing", **found}, separators=(",", ":"))
        return (200 if well else 503), f"{text}\n".encode()

    def _store(self) -> dict[str, str]:
        """Tell whether the store can be read now, and whether the newest generation passed its verification."""
        store = generation = _OK
        try:
            self._live.check()
        except StoreError:
            store = "unreadable"
        state = self._live.state()
        fault = state.fault
        if fault is None and state.generation is None:
            generation = "none"
        elif fault is not None and issubclass(fault, CorruptStoreError):
            store, generation = _OK, "damaged"
        elif fault is not None and issubclass(fault, OlderCopyError):
            store, generation = _OK, "older"
        elif fault is not None:
            store, generation = "unreadable", _OK if state.generation is not None else "none"
        return {"store": store, "generation": generation}

    def _age(self) -> dict[str, str]:
        """Tell whether the last check, and the last look at the list, are recent enough."""
        if not self._max_age:
            return {"check": "off", "list": "off"}
        # The store is judged elsewhere; a check does not become older than it is by a store that cannot be read.
        with contextlib.suppress(StoreError):
            self._fresh = read_note(self._roster, FRESHNESS, wait=SERVER_WAIT)
        return {"check": self._judged(self._fresh.checked_at), "list": self._judged(self._fresh.list_checked_at)}

    def _judged(self, at: datetime | None) -> str:
        if at is None:
            return "never"
        age = (self._now() - at).total_seconds()
        if age < -AHEAD:
            return "ahead"
        return "late" if age > self._max_age else _OK
