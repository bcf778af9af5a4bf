"""Failed logins in the log, in a form that fail2ban reads and no client can forge."""

import json
import logging
import threading
import time
from collections.abc import Callable
from ipaddress import ip_address

from radicale_tldops.login.throttle import Buckets, Limit, places_of

auth_logger = logging.getLogger("radicale_tldops.auth")

LOGGED = Limit(30, 10.0)
"""How many failed logins of one address, or one /48 of IPv6, are logged."""

_MAX_SHOWN = 100
"""Most characters of a login that are logged."""

REFUSED = "wrong password or unknown login"
UNLISTED = "not on the list"
THROTTLED = "too many attempts"
"""Why a login failed, in the words of the log. config/fail2ban looks for these words."""


class FailureLog:
    """Writes failed logins to the log, a limited number for each address. Safe for threads.

    The line is: failed login from ADDRESS: REASON: "LOGIN". The address is before everything that a client can choose,
    and the login is escaped as in JSON, so no login can forge a line. The same login and password from the same address
    are logged once: an old password in a forgotten phone is not password guessing.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._lock = threading.Lock()
        self._lines = Buckets(LOGGED, clock)
        self._left_out = 0

    def log(self, peer: str, reason: str, name: str) -> None:
        """Log one failed login, or only count it if its address has reached the limit."""
        key = places_of(peer)[-1:]
        with self._lock:
            if self._lines.wait(key) > 0:
                self._left_out += 1
                return
            self._lines.take(key)
            left_out, self._left_out = self._left_out, 0
        shown = name if len(name) <= _MAX_SHOWN else f"{name[:_MAX_SHOWN]}..."
        quoted = json.dumps(shown).replace("\x7f", "\\u007f")
        auth_logger.warning("failed login from %s: %s: %s", _address(peer), reason, quoted)
        if left_out:
            auth_logger.warning("%d more failed logins were left out of the log", left_out)


def _address(peer: str) -> str:
    try:
        return str(ip_address(peer.partition("%")[0]))
    except ValueError:
        return "unknown"
