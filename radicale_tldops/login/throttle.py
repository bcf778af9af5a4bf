"""How fast passwords may be guessed at the directory, without a way to lock a member out from elsewhere.

Device passwords need no throttle: they have 150 bits, a look-up costs a microsecond, and whoever holds the right one is
let in however many wrong ones came before, from wherever. So a member with a device password cannot be locked out at
all, and what follows is about LDAP passwords alone, which people choose.

Three allowances are counted, each of which fills again with time:

- **pair**: one login from one address. It is the smallest and fills most slowly, so that one address is stopped by it
  before it can use up what is everybody's.
- **address**: all logins from one address (IPv4 address, IPv6 /64): somebody who tries one password on every login.
- **login**: one login from all addresses together: guessing that is spread over many machines. It fills five times
  as fast as a pair's allowance does, so it takes more than five addresses at once to keep it empty.

An address from which a login was proved right lately is known to be the member's. For the two together only the pair
counts: nothing that others do, elsewhere or at the same address under other logins, stops the member there. From an
address that nobody knows, a login can be slowed down only by an attack from many addresses at the same time.

Only a wrong password counts, and a right one of somebody who may not read. The same one again, from the same place, is
no new guess: a phone that holds an old password does not use up the allowance of the laptop beside it. Where the
address says nothing (a Unix socket, the loopback: a proxy that is not named in the settings), all peers look alike, and
only the login counts.

Nothing sleeps here: who has to wait is told for how long. All of it is held in memory, bounded, and each worker process
counts for itself; what has not been touched for longest is forgotten first. A key is only made for a password that
really was tried, so that a flood of refused attempts pushes nothing out.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import Generic, TypeVar

from radicale_tldops.roster.errors import ThrottledError

MOST = 8192
"""How many keys are kept of each kind: a few megabytes."""

KNOWN_SECONDS = 30 * 86400.0
"""For how long an address is known to be a member's after a login from it."""

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")
Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Limit:
    """An allowance: `burst` at once, and one more every `every` seconds."""

    burst: int
    every: float


PAIR = Limit(5, 300.0)
ADDRESS = Limit(20, 60.0)
LOGIN = Limit(50, 60.0)


class Recent(Generic[Key, Value]):
    """A table of the newest `most` entries, each forgotten `seconds` after it was put. Safe for threads."""

    def __init__(self, seconds: float, clock: Clock = time.monotonic, most: int = MOST) -> None:
        self._seconds, self._clock, self._most = seconds, clock, most
        self._lock = threading.Lock()
        self._entries: OrderedDict[Key, tuple[float, Value]] = OrderedDict()

    def put(self, key: Key, value: Value) -> None:
        """Remember a value from now on."""
        with self._lock:
            self._entries[key] = (self._clock(), value)
            self._entries.move_to_end(key)
            if len(self._entries) > self._most:
                self._entries.popitem(last=False)

    def get(self, key: Key) -> Value | None:
        """Return what was put, unless that is too long ago."""
        with self._lock:
            at, value = self._entries.get(key, (float("-inf"), None))
            if value is not None and self._clock() - at >= self._seconds:
                del self._entries[key]
                return None
            return value

    def drop(self, unwanted: Callable[[Value], bool]) -> None:
        """Forget every value of which that is true."""
        with self._lock:
            for key in [key for key, (_, value) in self._entries.items() if unwanted(value)]:
                del self._entries[key]

    def __len__(self) -> int:
        return len(self._entries)


class Buckets:
    """Allowances by key, which is a login, a place, or both. Not safe for threads by itself."""

    def __init__(self, limit: Limit, clock: Clock = time.monotonic, most: int = MOST) -> None:
        self._limit, self._clock, self._most = limit, clock, most
        # Of each key: how many of the allowance are used up, and when that was so.
        self._used: OrderedDict[tuple[str, ...], tuple[float, float]] = OrderedDict()

    def wait(self, key: tuple[str, ...]) -> float:
        """Return for how many seconds there is nothing left for `key`; 0 where there is."""
        return max(0.0, (self._now_used(key) + 1 - self._limit.burst) * self._limit.every)

    def take(self, key: tuple[str, ...]) -> None:
        """Use up one."""
        self._used[key] = (self._now_used(key) + 1, self._clock())
        self._used.move_to_end(key)
        if len(self._used) > self._most:
            self._used.popitem(last=False)

    def give_back(self, key: tuple[str, ...]) -> None:
        """Undo a `take`."""
        left = self._now_used(key) - 1
        if left > 0:
            self._used[key] = (left, self._clock())
        else:
            self._used.pop(key, None)

    def _now_used(self, key: tuple[str, ...]) -> float:
        used, at = self._used.get(key, (0.0, 0.0))
        return max(0.0, used - (self._clock() - at) / self._limit.every)

    def __len__(self) -> int:
        return len(self._used)


class Throttle:
    """The allowances of one worker process. `login` is in one spelling; `peer` is an address. Safe for threads."""

    def __init__(self, clock: Clock = time.monotonic, most: int = MOST) -> None:
        self._lock = threading.Lock()
        self._pairs = Buckets(PAIR, clock, most)
        self._places = Buckets(ADDRESS, clock, most)
        self._logins = Buckets(LOGIN, clock, most)
        self._known: Recent[tuple[str, str], bool] = Recent(KNOWN_SECONDS, clock, most)

    def check(self, login: str, peer: str) -> None:
        """Find out whether a password may be tried.

        Raises:
            ThrottledError: not now; with the time after which it may be.
        """
        with self._lock:
            self._check(login, place_of(peer))

    def take(self, login: str, peer: str) -> None:
        """Count one password as tried; where it was right, or nobody could say, it is given back.

        Raises:
            ThrottledError: none may be tried now.
        """
        place = place_of(peer)
        with self._lock:
            self._check(login, place)
            for bucket, key in self._counted(login, place):
                bucket.take(key)

    def give_back(self, login: str, peer: str) -> None:
        """Undo a `take`."""
        place = place_of(peer)
        with self._lock:
            for bucket, key in self._counted(login, place):
                bucket.give_back(key)

    def know(self, login: str, peer: str) -> None:
        """Remember that the login was proved right from this address."""
        place = place_of(peer)
        if place:
            self._known.put((login, place), True)

    def _check(self, login: str, place: str) -> None:
        wait = max(bucket.wait(key) for bucket, key in self._counted(login, place))
        if wait > 0:
            raise ThrottledError("too many wrong passwords", wait)

    def _counted(self, login: str, place: str) -> list[tuple[Buckets, tuple[str, ...]]]:
        """Return the allowances that a password for this login, from there, counts against."""
        if not place:
            return [(self._logins, (login,))]
        pair = (self._pairs, (login, place))
        if self._known.get((login, place)):
            return [pair]
        return [pair, (self._places, (place,)), (self._logins, (login,))]


@lru_cache(4096)
def place_of(peer: str) -> str:
    """Return what counts as one address: an IPv4 address, the /64 of an IPv6 one, or "" where it tells nothing."""
    try:
        address = ip_address(peer)
    except ValueError:
        return ""
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or address
    if address.is_loopback or address.is_unspecified:
        return ""
    return f"{int(address) >> 64:x}/64" if isinstance(address, IPv6Address) else str(address)
