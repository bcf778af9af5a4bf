"""The live store: the last snapshot that was verified, and the device passwords, in memory.

Nothing here waits for a writer. What a look at the store finds, and what requests are answered from then:

| found | answered from |
|---|---|
| both databases are the newest | them |
| a command is writing | the state before, until it has committed |
| the roster is missing, unreadable, damaged or older | the last good state for `max_blind` seconds, then `StoreError` |
| the members database is unreadable or damaged | the same, and a newer roster, so that access of removed readers ends |
| the members database is missing, empty or older | `StoreError` at once: right passwords would be refused |
| nothing good yet | `StoreError` |

`StoreError` is answered with 503: a 401 would make phones forget their account.
"""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from radicale_tldops.login.identity import LiveState, device_password, is_possible
from radicale_tldops.roster.errors import OlderCopyError, StoreError
from radicale_tldops.roster.identity import Identity
from radicale_tldops.roster.login import canonical_login
from radicale_tldops.roster.snapshot import Snapshot, Style, split_principal
from radicale_tldops.serve.closing import Closing
from radicale_tldops.serve.devices import LiveDevices
from radicale_tldops.settings import Settings
from radicale_tldops.store.change import file_identity, file_mark
from radicale_tldops.store.engine import WRITE_WAIT, BusyStoreError
from radicale_tldops.store.members import password_digest
from radicale_tldops.store.newest import read_mark, refuse_older_roster
from radicale_tldops.store.notes import NEWEST_ROSTER, read_note
from radicale_tldops.store.read import load_snapshot
from radicale_tldops.store.values import Mark

logger = logging.getLogger("radicale_tldops")

POLL_SECONDS = 0.5
"""Least seconds between two looks: access of a removed reader ends this long after the commit, plus one load."""

WATCH_SECONDS = 0.25
"""Seconds between two looks of the watching thread; without a change, a look only reads the state of two files."""

THOROUGH_SECONDS = 5.0
"""Seconds after which a database is read although its file seems unchanged."""

FIRST_SECONDS = 1.0
"""Seconds that a request waits for the first look; after that it gets 503."""

AGAIN_SECONDS = 0.02
"""Least seconds between a look that could not read everything and another one because of a refused login."""


class LiveStore:
    """The state from which requests are answered. One instance per process and configuration; safe for threads."""

    def __init__(
        self,
        settings: Settings,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._roster = settings.store.roster
        self._members = settings.store.members
        self._max_blind = settings.server.max_blind
        self._clock = clock
        self._closing = Closing(settings, now)
        self._prepare: Callable[[Snapshot], Callable[[], None]] = lambda _: lambda: None
        self._lock = threading.Lock()
        self._snapshot: Snapshot | None = None
        self._mark: object = None
        self._devices = LiveDevices(self._roster, self._members)
        self._next_poll = self._thorough_at = float("-inf")
        self._files: tuple[object, object] = (None, None)
        self._has_looked = False
        self._is_compared = False
        self._trusted: tuple[Snapshot | None, object] = (None, None)
        self._blind_since: float | None = None
        self._complaint = ""
        self._fault: type[StoreError] | None = None

    def watch(self, prepare: Callable[[Snapshot], Callable[[], None]]) -> None:
        """Look at the store now, and start a thread that looks for changes, so that requests need not.

        `prepare` is called with each new snapshot before it is served, and what it returns when it is served. A request
        still looks itself if the thread is late.
        """
        self._prepare = prepare
        with self._lock:
            self._poll()
        threading.Thread(target=self._watch, name="live-store", daemon=True).start()

    def _watch(self) -> None:
        while True:
            time.sleep(WATCH_SECONDS)
            with self._lock:
                self._poll()

    def snapshot(self) -> Snapshot:
        """Return the newest snapshot that could be verified.

        Raises:
            StoreError: nothing was loaded yet, or the store was unreadable for `max_blind` seconds, or the subscriber
                list for `close_after` hours.
        """
        now = self._clock()
        if now >= self._next_poll:
            self._look_once(now)
        snapshot, blind_since = self._snapshot, self._blind_since
        if snapshot is None or (blind_since is not None and now - blind_since > self._max_blind):
            raise StoreError(self._complaint or "the store has not been read yet")
        self._closing.check(snapshot)
        return snapshot

    def _look_once(self, now: float) -> None:
        """Look, unless another thread does. Without a state yet, wait up to `FIRST_SECONDS` for that thread."""
        is_first = self._snapshot is None or self._devices.in_force is None
        if self._lock.acquire(timeout=FIRST_SECONDS if is_first else 0):
            try:
                if now >= self._next_poll:
                    self._poll()
            finally:
                self._lock.release()

    def check(self) -> Snapshot:
        """Return the newest snapshot, as `snapshot` does, if the device passwords were read, too.

        Raises:
            StoreError: the roster or the device passwords were never read, or not for `max_blind` seconds.
        """
        snapshot = self.snapshot()
        if self._devices.in_force is None:
            raise StoreError(self._complaint or "the device passwords have not been read yet")
        return snapshot

    def state(self) -> LiveState:
        """Return the state at the last look; do not look now."""
        snapshot, blind_since = self._snapshot, self._blind_since
        return LiveState(
            generation=None if snapshot is None else snapshot.generation,
            blind_seconds=None if blind_since is None else self._clock() - blind_since,
            fault=self._fault,
        )

    def reload(self) -> Snapshot:
        """Look at the store now and return the newest snapshot: a client has a newer token than this process."""
        with self._lock:
            self._poll()
        return self.snapshot()

    def identify(self, user_name: str, password: str) -> Identity | None:
        """Return the identity for a device password, or None for a wrong one and for a login without access.

        Unknown logins and wrong passwords take the same path: one hash, one look-up. Before a refusal, the store is
        read again if it has changed, so a new password works at once.
        """
        if not is_possible(password):
            return None
        identity = self._identified(user_name, password)
        if identity is None and self._looked_again():
            identity = self._identified(user_name, password)
        return identity

    def _looked_again(self) -> bool:
        """Look at the store if its files have changed since the last look; return whether there was a new look.

        A check of two files comes first. If it is not conclusive, `AGAIN_SECONDS` limit the looks, so password guessing
        cannot cause looks without end.
        """
        marks = self._marks()
        last = self._next_poll - POLL_SECONDS
        if self._is_known(marks) or (None in self._files and self._clock() < last + AGAIN_SECONDS):
            return False
        # Another thread may be looking, and may have begun before the change.
        if not self._lock.acquire(timeout=FIRST_SECONDS):
            return False
        try:
            if not self._is_known(marks):
                self._poll()
        finally:
            self._lock.release()
        return True

    def _marks(self) -> tuple[object, object]:
        return file_mark(self._roster), file_mark(self._members)

    def _is_known(self, marks: tuple[object, object]) -> bool:
        """Return whether the files are certainly the same as at the last look."""
        return marks == self._files and None not in marks

    def _identified(self, user_name: str, password: str) -> Identity | None:
        # Before anything was read this raises: a 401 would make phones forget their account.
        snapshot = self.check()
        name, asked = split_principal(user_name)
        devices = self._devices.in_force or {}
        login = canonical_login(name)
        device = devices.get(password_digest(device_password(password) or password))
        reader = snapshot.reader_of(device.owner, login) if device else None
        if device is None or reader is None:
            return None
        identity = Identity(reader, device, Style.GROUPS if asked is Style.GROUPS else Style(device.style))
        return identity if identity.may_read(snapshot, devices) else None

    def is_still(self, identity: Identity, snapshot: Snapshot) -> bool:
        """Return whether an identity may still read this snapshot: the body of a request can take time to arrive."""
        return identity.may_read(snapshot, self._devices.in_force or {})

    def _poll(self) -> None:
        """Look for changes; the caller holds the lock."""
        now = self._clock()
        marks = self._marks()
        if not self._is_known(marks) or self._fault is not None or now >= self._thorough_at:
            self._files = None, None
            if self._look():
                self._files = marks
            self._thorough_at = now + THOROUGH_SECONDS
        # Count from the end of the look, so a slow look is not followed by another at once.
        self._next_poll = self._clock() + POLL_SECONDS

    def _look(self) -> bool:
        """Read what has changed; return whether all could be read."""
        # Only the first look waits for a running command: before it there is nothing to serve.
        wait = 0.0 if self._has_looked else WRITE_WAIT
        self._has_looked = True
        faults: list[StoreError] = []
        is_whole = True
        for poll in (self._devices.look, self._poll_roster):
            try:
                poll(wait)
            except BusyStoreError as error:
                is_whole = False
                # A running writer is not an error: until its commit, the state before it is the right one.
                if self._snapshot is None or self._devices.in_force is None:
                    faults.append(error)
            except StoreError as error:
                faults.append(error)
            except Exception as error:  # the last good snapshot is still served
                faults.append(StoreError(f"looking at the store failed: {type(error).__name__}"))
        now = self._clock()
        if not faults:
            self._blind_since = None
        elif self._blind_since is None:
            self._blind_since = now
        self._fault = type(faults[0]) if faults else None
        self._closing.look(now)
        self._complain(" ".join(map(str, faults)))
        return is_whole and not faults and self._is_compared

    def _poll_roster(self, wait: float) -> None:
        known = self._known_roster(wait)
        found = read_mark(self._roster, wait=wait)
        mark = (file_identity(self._roster), found)
        if mark != self._mark:
            snapshot = load_snapshot(self._roster, wait=wait)
            self._compare(known, found)
            is_served = self._prepare(snapshot)
            self._snapshot, self._mark = snapshot, mark
            is_served()
            logger.info("serving generation %d with %d cards", snapshot.generation, len(snapshot.plain.cards))
        elif not self._is_compared:
            self._compare(known, found)
        if self._is_compared:
            self._trusted = self._snapshot, self._mark

    def _known_roster(self, wait: float) -> Mark | StoreError | None:
        """Return the mark of the newest roster that the members database knows of, or why it cannot be read."""
        try:
            return read_note(self._members, NEWEST_ROSTER, wait=wait)
        except StoreError as error:
            return error

    def _compare(self, known: Mark | StoreError | None, found: Mark) -> None:
        """Compare the roster with the newest one that the members database knows of.

        If the members database cannot be read, the roster is served meanwhile: access of a removed reader has to end
        even then. If the roster is an older one, the one before is served again.
        """
        self._is_compared = False
        if isinstance(known, StoreError):
            return
        try:
            refuse_older_roster(known, found)
        except OlderCopyError:
            self._snapshot, self._mark = self._trusted
            raise
        self._is_compared = True

    def _complain(self, message: str) -> None:
        if message and message != self._complaint:
            logger.error("%s", message)
        self._complaint = message


_shared: dict[tuple[Path, Path, int, int], LiveStore] = {}
_shared_lock = threading.Lock()


def shared(settings: Settings) -> LiveStore:
    """Return the live store of this process for these databases, so that the plugins use the same state."""
    store, close_after = settings.store, settings.subscribers.close_after
    key = (store.roster.absolute(), store.members.absolute(), settings.server.max_blind, close_after)
    with _shared_lock:
        if key not in _shared:
            _shared[key] = LiveStore(settings)
        return _shared[key]
