"""Limits for guessing passwords at the directory, with which nobody can lock a member out.

Device passwords need no limit: they have 150 bits, and checking one takes a microsecond. A correct one is accepted
after any number of wrong ones, so a member with a device password cannot be locked out. The limits are for LDAP
passwords, which people choose.

Three allowances are counted. Each fills again with time:

- **pair**: one login from one address. It is the smallest and fills most slowly, so it stops one address before that
  address can use up the allowance of the login.
- **address**: all logins from one address (IPv4 address, IPv6 /64), against trying one password on every login.
- **login**: one login from all addresses, against guessing from many machines. It fills five times as fast as the
  allowance of a pair, so more than five addresses at once are needed to keep it empty.

A line with IPv6 often has many /64: a /56 at home, a /48 in an office. So pair and address are counted for the /56 and
the /48, too, with two and four times the allowance: one line cannot use up the allowance of a login, and one /64 cannot
use up that of the lines beside it.

After a correct login from an address, the address is known for this login. Then only its own pair counts: guessing from
other addresses, or for other logins from the same address, does not stop the member there. From an unknown address, a
login can be delayed only by an attack from many lines at the same time.

A wrong password counts, and the correct one of a login without access. The same password from the same address counts
once: a phone with an old password does not use up the allowance of the laptop beside it. Where the address is useless
(a Unix socket, or the loopback, which means a proxy that the settings do not name), only the login counts.

Nothing sleeps here: the error says how long to wait. All counts are in memory and limited in number; the ones that were
not used for the longest time are deleted first. Only a password that was checked makes an entry, so a flood of refused
requests deletes no other entry.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import Generic, TypeVar

from radicale_tldops.roster.errors import ThrottledError

MOST = 8192
"""Most keys of each kind: a few megabytes."""

KNOWN_SECONDS = 30 * 86400.0
"""Seconds for which an address is known after a login from it."""

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")
Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Limit:
    """An allowance: `burst` at once, and one more every `every` seconds."""

    burst: int
    every: float

    def times(self, more: int) -> "Limit":
        """Return `more` times this allowance."""
        return Limit(more * self.burst, self.every / more)


PAIR = Limit(5, 300.0)
ADDRESS = Limit(20, 60.0)
LOGIN = Limit(50, 60.0)

WIDTHS = {64: 1, 56: 2, 48: 4}
"""The prefixes of an IPv6 address that are counted, with how many times the allowance of an IPv4 address each has."""


class Recent(Generic[Key, Value]):
    """A table of the newest `most` entries, each forgotten `seconds` after it was put. Safe for threads."""

    def __init__(self, seconds: float, clock: Clock = time.monotonic, most: int = MOST) -> None:
        self._seconds, self._clock, self._most = seconds, clock, most
        self._lock = threading.Lock()
        self._entries: OrderedDict[Key, tuple[float, Value]] = OrderedDict()

    def put(self, key: Key, value: Value) -> None:
        """Store a value with the time of now."""
        with self._lock:
            self._entries[key] = (self._clock(), value)
            self._entries.move_to_end(key)
            if len(self._entries) > self._most:
                self._entries.popitem(last=False)

    def get(self, key: Key) -> Value | None:
        """Return the value of a key; None if there is none or it is too old."""
        with self._lock:
            at, value = self._entries.get(key, (float("-inf"), None))
            if value is not None and self._clock() - at >= self._seconds:
                del self._entries[key]
                return None
            return value

    def drop(self, unwanted: Callable[[Value], bool]) -> None:
        """Delete every value for which `unwanted` returns true."""
        with self._lock:
            for key in [key for key, (_, value) in self._entries.items() if unwanted(value)]:
                del self._entries[key]

    def __len__(self) -> int:
        return len(self._entries)


class Buckets:
    """Allowances by key: a login, a place, or both. Not safe for threads."""

    def __init__(self, limit: Limit, clock: Clock = time.monotonic, most: int = MOST) -> None:
        self._limit, self._clock, self._most = limit, clock, most
        # For each key: the used part of the allowance, and the time of that count.
        self._used: OrderedDict[tuple[str, ...], tuple[float, float]] = OrderedDict()

    def wait(self, key: tuple[str, ...]) -> float:
        """Return the seconds until `key` has something left; 0 if it has."""
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
    """The allowances of this process. A `login` is canonical, a `peer` is an address. Safe for threads."""

    def __init__(self, clock: Clock = time.monotonic, most: int = MOST) -> None:
        self._lock = threading.Lock()
        self._pairs = [Buckets(PAIR.times(more), clock, most) for more in WIDTHS.values()]
        self._places = [Buckets(ADDRESS.times(more), clock, most) for more in WIDTHS.values()]
        self._logins = Buckets(LOGIN, clock, most)
        self._known: Recent[tuple[str, str], bool] = Recent(KNOWN_SECONDS, clock, most)

    def check(self, login: str, peer: str) -> None:
        """Check that a password may be tried now.

        Raises:
            ThrottledError: it may not; with the time to wait.
        """
        with self._lock:
            self._check(login, places_of(peer))

    def take(self, login: str, peer: str) -> None:
        """Count one password. Call `give_back` if it was correct or could not be checked.

        Raises:
            ThrottledError: it may not be tried now.
        """
        places = places_of(peer)
        with self._lock:
            self._check(login, places)
            for bucket, key in self._counted(login, places):
                bucket.take(key)

    def give_back(self, login: str, peer: str) -> None:
        """Undo a `take`."""
        with self._lock:
            for bucket, key in self._counted(login, places_of(peer)):
                bucket.give_back(key)

    def know(self, login: str, peer: str) -> None:
        """Remember that there was a correct login from this address."""
        place = place_of(peer)
        if place:
            self._known.put((login, place), True)

    def _check(self, login: str, places: Sequence[str]) -> None:
        wait = max(bucket.wait(key) for bucket, key in self._counted(login, places))
        if wait > 0:
            raise ThrottledError("too many wrong passwords", wait)

    def _counted(self, login: str, places: Sequence[str]) -> list[tuple[Buckets, tuple[str, ...]]]:
        """Return the allowances in which a password for this login from these places is counted."""
        pairs: list[tuple[Buckets, tuple[str, ...]]] = [
            (bucket, (login, place)) for bucket, place in zip(self._pairs, places, strict=False)
        ]
        if places and self._known.get((login, places[0])):
            return pairs[:1]
        wide = [(bucket, (place,)) for bucket, place in zip(self._places, places, strict=False)]
        return [*pairs, *wide, (self._logins, (login,))]


def place_of(peer: str) -> str:
    """Return what counts as one address: an IPv4 address, the /64 of an IPv6 address, or "" for a useless one."""
    return next(iter(places_of(peer)), "")


@lru_cache(4096)
def places_of(peer: str) -> tuple[str, ...]:
    """Return the IPv4 address, or the /64, /56 and /48 of an IPv6 address; nothing for a useless address."""
    try:
        address = ip_address(peer)
    except ValueError:
        return ()
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or address
    if address.is_loopback or address.is_unspecified:
        return ()
    if isinstance(address, IPv6Address):
        return tuple(f"{int(address) >> (128 - width):x}/{width}" for width in WIDTHS)
    return (str(address),)
