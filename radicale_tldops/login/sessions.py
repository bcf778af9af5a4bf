"""Who is signed in to the pages. Sessions are kept in memory: nothing is written, and the end of the process ends them.

A session opens nothing by itself: at each request the identity behind it is judged anew, as a password is.
"""

import hashlib
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from radicale_tldops.roster.identity import Identity

LASTS_SECONDS = 12 * 3600.0
"""Seconds after which a session ends."""

FRESH_SECONDS = 15 * 60.0
"""Seconds after signing in for which a session may make and revoke device passwords."""

MOST_OF_OWNER = 20
"""Most sessions of one person; a further one ends the oldest."""


@dataclass(frozen=True, slots=True)
class Session:
    """Who signed in, and when by the clock of the process."""

    identity: Identity
    began_at: float

    @property
    def owner(self) -> str:
        """Whose session it is, as for a device."""
        return self.identity.reader.owner


class Sessions:
    """The sessions of this process, by the digest of their token. Safe for threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._sessions: OrderedDict[bytes, Session] = OrderedDict()

    def begin(self, identity: Identity) -> str:
        """Begin a session and return its token, which is new and says nothing."""
        token, now = secrets.token_urlsafe(32), self._clock()
        session = Session(identity, now)
        with self._lock:
            self._drop(lambda each: now - each.began_at > LASTS_SECONDS)
            own = [key for key, each in self._sessions.items() if each.owner == session.owner]
            for key in own[: max(0, len(own) + 1 - MOST_OF_OWNER)]:
                del self._sessions[key]
            self._sessions[_digest(token)] = session
        return token

    def find(self, token: str) -> Session | None:
        """Return the session with this token, or None where there is none, or no more."""
        session = self._sessions.get(_digest(token)) if token else None
        return session if session and self._clock() - session.began_at <= LASTS_SECONDS else None

    def is_fresh(self, session: Session) -> bool:
        """Tell whether the person has just been proved, by a code or the directory: a device password only reads."""
        return session.identity.device is None and self._clock() - session.began_at <= FRESH_SECONDS

    def end(self, token: str) -> None:
        """End a session."""
        with self._lock:
            self._sessions.pop(_digest(token), None)

    def end_all(self, owner: str) -> None:
        """End every session of a person."""
        with self._lock:
            self._drop(lambda each: each.owner == owner)

    def sweep(self, holds: Callable[[Identity], bool]) -> None:
        """End the sessions whose identity does not hold any more."""
        with self._lock:
            self._drop(lambda each: not holds(each.identity))

    def _drop(self, is_ended: Callable[[Session], bool]) -> None:
        for key in [key for key, each in self._sessions.items() if is_ended(each)]:
            del self._sessions[key]


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
