"""The health of the server: `/.health/live` and `/.health`, which anybody may request.

The answers contain nothing about members, counts or generations. Each is kept for a second, so requests cost little.
"""

import contextlib
import json
import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from radicale_tldops.roster.errors import CorruptStoreError, OlderCopyError, StoreError
from radicale_tldops.serve.live import LiveStore
from radicale_tldops.settings import Settings
from radicale_tldops.settings.modes import Exposure, look
from radicale_tldops.store.engine import SERVER_WAIT
from radicale_tldops.store.freshness import Freshness
from radicale_tldops.store.notes import FRESHNESS, read_note

logger = logging.getLogger("radicale_tldops")

LIVE = "/.health/live"
"""200 while the server answers at all, for a program that restarts it."""

READY = "/.health"
"""200 while everything works, else 503, for monitoring. Files that are open to others are a warning, unless strict."""

KEPT = 1.0
"""Seconds for which an answer is kept, so that many requests cost nothing."""

AHEAD = 300.0
"""Seconds by which the clock of the machine that made the check may be ahead of this one."""

_OK = "ok"
_ALIVE = b'{"status":"ok"}\n'


class Health:
    """The answers about this process. Safe for threads. `clock` is monotonic, `now` is the time of day."""

    def __init__(
        self,
        settings: Settings,
        live: LiveStore,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._settings = settings
        self._roster = settings.store.roster
        self._max_age = settings.server.max_check_age * 3600.0
        self._live = live
        self._clock = clock
        self._now = now
        self._lock = threading.Lock()
        self._until = float("-inf")
        self._answer: tuple[int, bytes] | None = None
        self._fresh = Freshness()
        self._exposed: Sequence[Exposure] = ()

    def answer(self, path: str) -> tuple[int, bytes]:
        """Return the status and the body, a JSON object, for `LIVE`, or for `READY` and anything else; never raises."""
        if path == LIVE:
            return 200, _ALIVE
        # One thread looks; the others return the last answer. Before the first answer they wait for it.
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
        modes = self._modes()
        well = well and (modes == _OK or not self._settings.store.strict_modes)
        text = json.dumps({"status": _OK if well else "failing", **found, "modes": modes}, separators=(",", ":"))
        return (200 if well else 503), f"{text}\n".encode()

    def _store(self) -> dict[str, str]:
        """Return whether the store can be read now, and whether the newest generation matches its digest."""
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
        """Return whether the last sync, and the last reading of the list, are recent enough."""
        if not self._max_age:
            return {"check": "off", "list": "off"}
        # `_store` reports an unreadable store; here the last dates that were read still count.
        with contextlib.suppress(StoreError):
            self._fresh = read_note(self._roster, FRESHNESS, wait=SERVER_WAIT)
        return {"check": self._judged(self._fresh.checked_at), "list": self._judged(self._fresh.list_checked_at)}

    def _modes(self) -> str:
        """Return whether others may read or write a file of the installation; the log says which."""
        before, self._exposed = self._exposed, look(self._settings)
        for exposure in self._exposed:
            if exposure not in before:
                logger.warning("%s", exposure)
        return "open" if self._exposed else _OK

    def _judged(self, at: datetime | None) -> str:
        if at is None:
            return "never"
        age = (self._now() - at).total_seconds()
        if age < -AHEAD:
            return "ahead"
        return "late" if age > self._max_age else _OK
