"""Who is this? The one place that the application and the auth plugin ask.

Two things may prove who somebody is: a device password, and a bind to the directory of `[auth.ldap]`. Whatever the
proof, the gate is the list: whoever is not a reader now, or is denied, is nobody.

Device passwords come first, and never depend on anything else: not on the directory, not on the throttle. They have a
shape of their own, and a password of that shape never goes to the directory.

For the application: `identify` gives an `Identity`, or None (401), or raises `ThrottledError` (429 with Retry-After),
`UnavailableError` or `StoreError` (503 with Retry-After). It says 401 only where login or password are wrong for
sure: a phone that gets 401 forgets its password. It waits for at most `LOGIN_SECONDS` and one second.
"""

import hashlib
import json
import logging
import re
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from radicale_tldops.login.identity import is_possible
from radicale_tldops.login.ldap import REST_SECONDS, LdapLogin, typed_login
from radicale_tldops.login.throttle import Buckets, Limit, Recent, Throttle, place_of
from radicale_tldops.roster.errors import DirectoryError, ThrottledError, UnavailableError
from radicale_tldops.roster.identity import Identity
from radicale_tldops.roster.login import canonical_login
from radicale_tldops.roster.snapshot import Reader, Snapshot, split_principal
from radicale_tldops.serve.live import LiveStore
from radicale_tldops.serve.live import shared as shared_live
from radicale_tldops.settings import LdapLoginSettings, Settings
from radicale_tldops.store.members import PASSWORD_GROUPS

logger = logging.getLogger("radicale_tldops")
auth_logger = logging.getLogger("radicale_tldops.auth")

PROOF_SECONDS = 300.0
"""How long a bind that succeeded proves who somebody is."""

REFUSED_SECONDS = 60.0
"""For how long a password that let nobody in is refused without asking the directory again."""

LOGGED = Limit(30, 10.0)
"""How many failed logins of one address are logged, each in a line of its own."""

_MAX_SHOWN = 100
"""How many characters of a login are logged."""

# In upper case, or with spaces, it is wrong; but then, too, it is somebody's device password and not the directory's.
_DEVICE_PASSWORD = re.compile(rf"(?i)\s*[0-9a-z]{{5}}(?:[-\s][0-9a-z]{{5}}){{{PASSWORD_GROUPS - 1}}}\s*")


REFUSED = "wrong password or unknown login"
UNLISTED = "not on the list"
THROTTLED = "too many attempts"
"""Why a login failed, as the log says it; config/fail2ban knows these words."""


@dataclass(frozen=True, slots=True)
class _Proof:
    """What a bind showed: the addresses of who typed `login`, and the reader that they were at that time, or None."""

    login: str
    addresses: tuple[str, ...]
    reader: Reader | None

    def holds(self, snapshot: Snapshot) -> bool:
        """Tell whether they are the very same reader still, or none still."""
        return _reader(snapshot, self.login, self.addresses) == self.reader


@dataclass(frozen=True, slots=True)
class _Refusal:
    """When a password let nobody in, and what the bind showed, where the password was right."""

    at: float
    proof: _Proof | None = None

    def holds(self, now: float, snapshot: Snapshot) -> bool:
        """Tell whether the directory need not be asked again: it was of late, and nobody was put on the list since."""
        return now - self.at < REFUSED_SECONDS and (self.proof is None or self.proof.holds(snapshot))


class Gate:
    """Tells who somebody is. One instance per process and configuration; safe for threads.

    Raises:
        SettingsError: [auth.ldap] is set, but not how people are found, or no server is set.
    """

    def __init__(self, settings: Settings, live: LiveStore, clock: Callable[[], float] = time.monotonic) -> None:
        ldap = settings.auth.ldap
        self._live = live
        self._clock = clock
        self._ldap = LdapLogin(settings.ldap, ldap, clock) if ldap != LdapLoginSettings() else None
        self._throttle = Throttle(clock)
        self._key = secrets.token_bytes(32)
        self._proofs: Recent[bytes, _Proof] = Recent(PROOF_SECONDS, clock)
        # Kept for ever, in bounds: what was wrong once is no new guess next week.
        self._refused: Recent[bytes, _Refusal] = Recent(float("inf"), clock)
        self._swept: Snapshot | None = None
        self._failures = FailureLog(clock)
        self._complaint = ""

    def identify(self, user_name: str, password: str, peer: str) -> Identity | None:
        """Return who this is, or None for anybody who may not read now.

        `user_name` is what was typed, perhaps with "~groups" behind it. `peer` is the true address of the client
        (behind a proxy: what `Proxies.peer` says).

        Raises:
            ThrottledError: too many wrong passwords; this one was not looked at.
            UnavailableError: only the directory could tell, and it cannot be asked now.
            StoreError: nobody can be judged (see `LiveStore`).
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
        # Before the cache: it, too, would tell who guesses whether a password is right.
        self._throttle.check(attempt.login, attempt.peer)
        proof = self._digest(attempt.login, attempt.password)
        reader = self._proved(proof)
        if reader is None:
            with ldap.turn():
                # Another thread may have asked the same while this one waited: a client has several connections.
                reader = self._proved(proof)
                if reader is None:
                    return self._bind(ldap, attempt, guess, proof)
        self._throttle.know(attempt.login, attempt.peer)
        return reader, ""

    def _proved(self, proof: bytes) -> Reader | None:
        """Return the reader whom a bind of late proved, as long as it is the same one, and on the list."""
        known = self._proofs.get(proof)
        return known.reader if known and known.holds(self._live.snapshot()) else None

    def _forget_proofs(self) -> None:
        """Drop every proof that a change of the list ended, asked for or not: who comes back has to prove it anew."""
        snapshot = self._live.snapshot()
        if snapshot is not self._swept:
            self._proofs.drop(lambda proof: not proof.holds(snapshot))
            self._swept = snapshot

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
            # Whoever guesses must not see that a password is right at the directory, and only of nobody on the list:
            # neither by the time that it takes to say no again, nor by how many guesses are left. So both are
            # remembered, and both are counted, once: somebody who was removed, and whose phone goes on asking, has
            # used up no more than by one mistyped password.
            if self._refused.get(guess) is not None:
                self._throttle.give_back(login, peer)
            self._refused.put(guess, _Refusal(self._clock(), shown))
            return None, UNLISTED if shown else REFUSED
        self._throttle.give_back(login, peer)
        self._proofs.put(proof, shown)
        self._throttle.know(login, peer)
        return reader, ""

    def _unavailable(self, error: Exception) -> UnavailableError:
        """Say once what is wrong with the directory. What a foreign exception says may quote the password."""
        message = str(error) if isinstance(error, DirectoryError) else f"[auth.ldap]: {type(error).__name__}."
        if message != self._complaint:
            logger.error("logins by LDAP fail: %s", message)
        self._complaint = message
        return UnavailableError("the directory cannot be asked", REST_SECONDS)

    def _digest(self, *parts: str) -> bytes:
        """Return a digest that tells nothing to who lacks this process's key; parts cannot run into each other."""
        text = json.dumps(parts).encode("ascii")
        return hashlib.blake2b(text, key=self._key, digest_size=32, person=b"tldops-gate").digest()


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A login in its one spelling ("" where it can be none), the password that came with it, and from where."""

    login: str
    password: str
    peer: str

    @property
    def is_for_directory(self) -> bool:
        """Whether this may be somebody's password at the directory."""
        return bool(self.login) and is_possible(self.password) and not _DEVICE_PASSWORD.fullmatch(self.password)


class FailureLog:
    """Writes failed logins to the log, each in one line that no login can forge, and not without end. Safe for threads.

    The line: failed login from ADDRESS: REASON: "LOGIN". The address comes first, so that nothing that was typed
    stands before it; the login is escaped as in JSON, in ASCII. What was refused before, from the same place, is not
    logged again: a forgotten phone with an old password is nobody who guesses.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._lock = threading.Lock()
        self._lines = Buckets(LOGGED, clock)
        self._left_out = 0

    def log(self, peer: str, reason: str, name: str) -> None:
        """Log one failed login, as long as its address has not filled the log."""
        key = (place_of(peer),)
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


def _reader(snapshot: Snapshot, login: str, addresses: tuple[str, ...]) -> Reader | None:
    """Return the reader that a person with these addresses is: the one who was typed, else the first of them.

    One address that is denied is enough to shut the person out: it is the same password for all of them.
    """
    logins = {canonical_login(address) for address in addresses} - {""}
    return snapshot.reader(*sorted(logins, key=lambda name: (name != login, name)))


_shared: dict[tuple[Path | None, LiveStore], Gate] = {}
_shared_lock = threading.Lock()


def shared(settings: Settings) -> Gate:
    """Return the process's one gate for this configuration, so that everybody counts and remembers the same."""
    live = shared_live(settings)
    with _shared_lock:
        key = (settings.path, live)
        if key not in _shared:
            _shared[key] = Gate(settings, live)
        return _shared[key]
