"""Checking a login and a password, for the application and for the auth plugin.

A device password or a bind to the directory of `[auth.ldap]` proves an identity. The list decides then, whatever the
proof: a reader is on it now, and not denied. What is found, the first row that holds, and what `identify` does:

| found | answer |
|---|---|
| the device password of a reader | `Identity`; neither the directory nor the throttle is asked |
| another password of the form of device passwords, an impossible one, or no `[auth.ldap]` | None |
| the same password, login and place were refused in the last `REFUSED_SECONDS`, and the list is as it was | None |
| too many wrong passwords came before | `ThrottledError` |
| a bind of the last `PROOF_SECONDS`, and the list still gives the same reader | `Identity` |
| the directory fails | `UnavailableError`; nothing is counted |
| a bind succeeds, and the person is a reader | `Identity`; the proof is remembered |
| a bind succeeds, and the person is no reader, or it fails | None; both are remembered and counted alike |

None is answered with 401, and only where the login or the password is certainly wrong, because a phone that gets 401
forgets its password. `ThrottledError` is 429, `UnavailableError` and `StoreError` are 503, all with Retry-After. An
answer takes at most `LOGIN_SECONDS` and one second.
"""

import hashlib
import json
import logging
import secrets
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from radicale_tldops.login.failures import REFUSED, THROTTLED, UNLISTED, FailureLog
from radicale_tldops.login.identity import is_possible, resembles_device_password
from radicale_tldops.login.ldap import REST_SECONDS, LdapLogin, typed_login
from radicale_tldops.login.throttle import Recent, Throttle, place_of
from radicale_tldops.roster.errors import DirectoryError, ThrottledError, UnavailableError
from radicale_tldops.roster.identity import Identity
from radicale_tldops.roster.login import canonical_login
from radicale_tldops.roster.snapshot import Reader, Snapshot, split_principal
from radicale_tldops.serve.live import LiveStore
from radicale_tldops.serve.live import shared as shared_live
from radicale_tldops.settings import LdapLoginSettings, Settings

logger = logging.getLogger("radicale_tldops")

PROOF_SECONDS = 300.0
"""Seconds for which a successful bind is remembered."""

REFUSED_SECONDS = 60.0
"""Seconds for which a refused password is refused again without asking the directory."""


@dataclass(frozen=True, slots=True)
class _Proof:
    """The result of a bind as `login`: the addresses of the person, and the reader with one of them then, or None."""

    login: str
    addresses: tuple[str, ...]
    reader: Reader | None

    def holds(self, snapshot: Snapshot) -> bool:
        """Return whether `snapshot` still gives the same reader, or still none."""
        return _reader(snapshot, self.login, self.addresses) == self.reader


@dataclass(frozen=True, slots=True)
class _Refusal:
    """When a password was refused, and the result of the bind where the password was correct."""

    at: float
    proof: _Proof | None = None

    def holds(self, now: float, snapshot: Snapshot) -> bool:
        """Return whether this still holds: it is recent, and the person was not put on the list since."""
        return now - self.at < REFUSED_SECONDS and (self.proof is None or self.proof.holds(snapshot))


class Gate:
    """Checks logins. One instance per process and configuration; safe for threads.

    Raises:
        SettingsError: [auth.ldap] is incomplete, or no server is set.
    """

    def __init__(self, settings: Settings, live: LiveStore, clock: Callable[[], float] = time.monotonic) -> None:
        ldap = settings.auth.ldap
        self._live = live
        self._clock = clock
        self._ldap = LdapLogin(settings.ldap, ldap, clock) if ldap != LdapLoginSettings() else None
        self._throttle = Throttle(clock)
        self._key = secrets.token_bytes(32)
        self._proofs: Recent[bytes, _Proof] = Recent(PROOF_SECONDS, clock)
        # Without an end, up to the size of the table: the same wrong password next week is not a new guess.
        self._refused: Recent[bytes, _Refusal] = Recent(float("inf"), clock)
        # Weak: a snapshot that is no longer served is freed before anybody logs in.
        self._swept: Callable[[], Snapshot | None] = lambda: None
        self._failures = FailureLog(clock)
        self._complaint = ""

    def identify(self, user_name: str, password: str, peer: str) -> Identity | None:
        """Return the identity, or None for a wrong login or password and for a login without access.

        `user_name` is as it was typed; it may end in "~groups". `peer` is the address of the client, as `Proxies.peer`
        returns it.

        Raises:
            ThrottledError: too many wrong passwords came before; this one was not checked.
            UnavailableError: only the directory can check the password, and it cannot be asked now.
            StoreError: the store cannot be read (see `LiveStore`).
        """
        identity = self._live.identify(user_name, password)
        self._forget_proofs()
        if identity is not None:
            if self._ldap:
                self._throttle.know(identity.reader.login, peer)
            return identity
        name, style = split_principal(user_name)
        attempt = _Attempt(typed_login(name), password, peer)
        guess = self._digest(attempt.login or name, password, place_of(peer))
        is_new, reason = self._refused.get(guess) is None, REFUSED
        if self._ldap and attempt.is_for_directory:
            try:
                reader, reason = self._by_directory(self._ldap, attempt, guess)
            except ThrottledError:
                self._failures.log(peer, THROTTLED, name)
                raise
            if reader is not None:
                return Identity(reader, None, style)
        if is_new:
            self._failures.log(peer, reason, name)
            if self._refused.get(guess) is None:
                self._refused.put(guess, _Refusal(float("-inf")))
        return None

    def _by_directory(self, ldap: LdapLogin, attempt: "_Attempt", guess: bytes) -> tuple[Reader | None, str]:
        """Return the reader, or None and the reason."""
        refusal = self._refused.get(guess)
        if refusal is not None and refusal.holds(self._clock(), self._live.snapshot()):
            return None, REFUSED
        # Before the look at the proofs: their answer, too, would show a guesser whether a password is correct.
        self._throttle.check(attempt.login, attempt.peer)
        proof = self._digest(attempt.login, attempt.password)
        reader = self._proved(proof)
        if reader is None:
            with ldap.turn():
                # Another thread may have asked the same meanwhile: a client opens several connections.
                reader = self._proved(proof)
                if reader is None:
                    return self._bind(ldap, attempt, guess, proof)
        self._throttle.know(attempt.login, attempt.peer)
        return reader, ""

    def _proved(self, proof: bytes) -> Reader | None:
        """Return the reader of a remembered bind, if it is still the same one and on the list."""
        known = self._proofs.get(proof)
        return known.reader if known and known.holds(self._live.snapshot()) else None

    def _forget_proofs(self) -> None:
        """Drop every proof that a change of the list ended: a reader who comes back has to bind again."""
        snapshot = self._live.snapshot()
        if snapshot is not self._swept():
            self._proofs.drop(lambda proof: not proof.holds(snapshot))
            self._swept = weakref.ref(snapshot)

    def _bind(self, ldap: LdapLogin, attempt: "_Attempt", guess: bytes, proof: bytes) -> tuple[Reader | None, str]:
        login, peer = attempt.login, attempt.peer
        self._throttle.take(login, peer)
        try:
            addresses = ldap.addresses(login, attempt.password)
        except Exception as error:
            self._throttle.give_back(login, peer)
            raise self._unavailable(error) from None
        self._complaint = ""
        reader = _reader(self._live.snapshot(), login, addresses) if addresses is not None else None
        shown = None if addresses is None else _Proof(login, addresses, reader)
        if shown is None or reader is None:
            # A guesser must not learn that a password is correct at the directory but its owner is not on the list,
            # neither from the time of the next answer nor from the number of guesses that are left. So both cases are
            # remembered and counted, once: the phone of a removed member, which asks again, uses up one guess.
            if self._refused.get(guess) is not None:
                self._throttle.give_back(login, peer)
            self._refused.put(guess, _Refusal(self._clock(), shown))
            return None, UNLISTED if shown else REFUSED
        self._throttle.give_back(login, peer)
        self._proofs.put(proof, shown)
        self._throttle.know(login, peer)
        return reader, ""

    def _unavailable(self, error: Exception) -> UnavailableError:
        """Log an error of the directory once. A foreign exception's text is left out: it may quote the password."""
        message = str(error) if isinstance(error, DirectoryError) else f"[auth.ldap]: {type(error).__name__}."
        if message != self._complaint:
            logger.error("logins by LDAP fail: %s", message)
        self._complaint = message
        return UnavailableError("the directory cannot be asked", REST_SECONDS)

    def _digest(self, *parts: str) -> bytes:
        """Return a digest that is useless without the key of this process. Different parts give different digests."""
        text = json.dumps(parts).encode("ascii")
        return hashlib.blake2b(text, key=self._key, digest_size=32, person=b"tldops-gate").digest()


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A login as `typed_login` returns it, its password, and the address of the client."""

    login: str
    password: str
    peer: str

    @property
    def is_for_directory(self) -> bool:
        """Whether the password may be one of the directory."""
        return bool(self.login) and is_possible(self.password) and not resembles_device_password(self.password)


def _reader(snapshot: Snapshot, login: str, addresses: tuple[str, ...]) -> Reader | None:
    """Return the reader with one of these addresses: the login that was typed, else the first.

    If one address is denied, there is none: all addresses have the same password.
    """
    logins = {canonical_login(address) for address in addresses} - {""}
    return snapshot.reader(*sorted(logins, key=lambda name: (name != login, name)))


_shared: dict[tuple[Path | None, LiveStore], Gate] = {}
_shared_lock = threading.Lock()


def shared(settings: Settings) -> Gate:
    """Return the gate of this process for a configuration, so that all callers share its counts."""
    live = shared_live(settings)
    with _shared_lock:
        key = (settings.path, live)
        if key not in _shared:
            _shared[key] = Gate(settings, live)
        return _shared[key]
