"""Ending all access while the subscriber list cannot be read: [subscribers] close_after."""

import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from radicale_tldops.roster.errors import StoreError
from radicale_tldops.roster.snapshot import Snapshot
from radicale_tldops.settings import Settings
from radicale_tldops.store.notes import FRESHNESS, read_note

logger = logging.getLogger("radicale_tldops")

LIST_SECONDS = 5.0
"""Seconds between two looks at when the list was last read."""

_CLOSED = (
    "the subscriber list was unreadable for [subscribers] close_after hours: all access ends until it is read again"
)


class Closing:
    """Tells whether the list was last read more than `close_after` hours ago; never, if that is 0. `now` is in UTC."""

    def __init__(self, settings: Settings, now: Callable[[], datetime]) -> None:
        self._roster = settings.store.roster
        self._close_after = timedelta(hours=settings.subscribers.close_after)
        self._now = now
        self._list_read_at: datetime | None = None
        self._next_look = float("-inf")
        self._closed = False

    def look(self, now: float) -> None:
        """Read when the list was last read, if the last look is long enough ago. `now` is monotonic, in seconds."""
        if self._close_after and now >= self._next_look:
            self._next_look = now + LIST_SECONDS
            # If it cannot be read now, the time of the last reading stays.
            with suppress(StoreError):
                self._list_read_at = read_note(self._roster, FRESHNESS, wait=0.0).list_checked_at

    def check(self, snapshot: Snapshot) -> None:
        """Log once that all access ended, and once that it is open again.

        Without a note about the list, the time of the newest generation counts.

        Raises:
            StoreError: all access has ended.
        """
        was_closed = self._closed
        since = self._list_read_at or snapshot.created_at
        self._closed = bool(self._close_after) and self._now() - since > self._close_after
        if self._closed and not was_closed:
            logger.error("%s", _CLOSED)
        elif was_closed and not self._closed:
            logger.warning("the subscriber list was read: access is open again")
        if self._closed:
            raise StoreError(_CLOSED)
