"""Codes to sign in to the pages: asking the post office for one, and comparing what is typed.

What a stranger asks for is answered as what a member asks for, with the same work: nothing is written while the answer
waits. Tries are counted in memory: five of them, then the code is dead for this process.
"""

import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from radicale_tldops.login.throttle import Recent
from radicale_tldops.roster.identity import Identity
from radicale_tldops.roster.login import canonical_login
from radicale_tldops.roster.snapshot import Style
from radicale_tldops.serve.live import LiveStore
from radicale_tldops.serve.recorder import Recorder
from radicale_tldops.store.wishes import LASTS, browser_digest, find_wish, use_code

CODE_SECONDS = LASTS.total_seconds()
"""Seconds for which a browser waits for a code."""

MOST_TRIES = 5
"""Most codes that are compared for one browser."""

_MOST_ASKED = 30
"""Most wishes of a reader within an hour that reach the database, which takes fewer of them."""

_HOUR = 3600.0


class Codes:
    """Asks for codes and compares them. Safe for threads."""

    def __init__(
        self, members: Path, live: LiveStore, recorder: Recorder, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._members, self._live, self._recorder, self._clock = members, live, recorder, clock
        self._lock = threading.Lock()
        self._asked: dict[str, deque[float]] = {}
        self._tries: Recent[str, int] = Recent(CODE_SECONDS, clock)

    def ask(self, typed: str, peer: str) -> str:
        """Ask for a code for an address, if it is a reader's; return the token for the browser.

        Raises:
            StoreError: the store cannot be read.
        """
        token = secrets.token_urlsafe(32)
        browser = browser_digest(token)
        reader = self._live.snapshot().reader(canonical_login(typed.strip()))
        if reader is not None and self._has_room(reader.login):
            self._recorder.ask(reader.login, browser, peer)
        return token

    def enter(self, token: str, typed: str) -> Identity | None:
        """Return who has this code in the browser with this token, or None. A code works once.

        Raises:
            StoreError: the members database cannot be read, or the use of the code cannot be written.
        """
        now, browser = datetime.now(UTC), browser_digest(token)
        wish = find_wish(self._members, browser)
        with self._lock:
            tries = (self._tries.get(browser) or 0) + 1
            if wish is not None:
                self._tries.put(browser, tries)
        if wish is None or tries > MOST_TRIES or not wish.accepts(typed, now):
            return None
        reader = self._live.snapshot().reader(canonical_login(wish.login))
        if reader is None or not use_code(self._members, wish, now):
            return None
        return Identity(reader, None, Style.PLAIN)

    def _has_room(self, login: str) -> bool:
        """Bound what somebody who knows an address can make this server write."""
        now = self._clock()
        with self._lock:
            asked = self._asked.setdefault(login, deque(maxlen=_MOST_ASKED))
            if len(asked) == _MOST_ASKED and now - asked[0] < _HOUR:
                return False
            asked.append(now)
            return True
