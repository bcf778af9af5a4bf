"""Failed logins of one worker, with a bound on how many entries they become: whoever floods must not fill the disk."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from radicale_tldops.roster.login import MAX_LOGIN, canonical_login
from radicale_tldops.store.usage import Failure, network_of

WINDOW = 600.0
"""For how many seconds failures of one kind are added up before they become an entry."""

MAX_KINDS = 30
"""How many kinds are told apart at a time. A kind is a login as it was typed, an address and a reason."""

MANY = "many logins"
"""What stands in the place of the login where the kinds were too many."""

_MAX_REASON = 60

_Kind = tuple[str, str, str]


@dataclass(slots=True)
class _Window:
    ends: float
    since: datetime
    count: int = 0


class FailureWindows:
    """Decides which failures become entries: the first of a kind, then one with the number for each window."""

    def __init__(self, clock: Callable[[], float], now: Callable[[], datetime]) -> None:
        self._clock, self._now = clock, now
        self._kinds: dict[_Kind, _Window] = {}
        self._many: _Window | None = None
        self._lock = threading.Lock()

    def add(self, claimed_login: str, peer: str, reason: str) -> Failure | None:
        """Count one failure, and return it where it is to be recorded at once."""
        kind = (claimed_login[: MAX_LOGIN + 1], peer[:64], reason[:_MAX_REASON])
        with self._lock:
            known = self._kinds.get(kind)
            if known is not None:
                known.count += 1
                return None
            if len(self._kinds) >= MAX_KINDS:
                self._many = self._many or self._window()
                self._many.count += 1
                return None
            window = self._kinds[kind] = self._window()
        return _failure(kind, window.since, window.since, 1)

    def over(self, *, everything: bool = False) -> Sequence[Failure]:
        """Return the sums of the windows that are over, or of all of them, and forget kinds that have ceased."""
        clock, now, found = self._clock(), self._now(), []
        with self._lock:
            for kind, window in [*self._kinds.items()]:
                if everything or window.ends <= clock:
                    if window.count:
                        found.append(_failure(kind, window.since, now, window.count))
                        self._kinds[kind] = self._window()
                    else:
                        del self._kinds[kind]
            if self._many is not None and (everything or self._many.ends <= clock):
                found.append(Failure(self._many.since, now, MANY, "", "", self._many.count))
                self._many = None
        return found

    def _window(self) -> _Window:
        return _Window(self._clock() + WINDOW, self._now())


def _failure(kind: _Kind, since: datetime, until: datetime, count: int) -> Failure:
    login, peer, reason = kind
    return Failure(since, until, canonical_login(login), network_of(peer), reason, count)
