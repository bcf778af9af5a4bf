"""What a worker knows of the two databases right now: the last good snapshot, and the device passwords.

Nothing here waits for a writer. A database that is locked, unreadable or damaged leaves the last good state in force
for `max_blind` seconds; without any good state yet, `StoreError` is raised.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from radicale_tldops.login.identity import LiveState, is_possible
from radicale_tldops.roster.errors import OlderCopyError, StoreError
from radicale_tldops.roster.identity import Device, Identity
from radicale_tldops.roster.login import canonical_login
from radicale_tldops.roster.snapshot import Snapshot, Style, split_principal
from radicale_tldops.settings import Settings
from radicale_tldops.store.change import file_identity, file_mark
from radicale_tldops.store.engine import WRITE_WAIT, BusyStoreError
from radicale_tldops.store.members import load_devices, password_digest
from radicale_tldops.store.newest import read_mark, refuse_older_members, refuse_older_roster
from radicale_tldops.store.notes import COUNTER, FRESHNESS, read_note
from radicale_tldops.store.read import load_snapshot
from radicale_tldops.store.values import Mark

logger = logging.getLogger("radicale_tldops")

POLL_SECONDS = 0.5
"""How often at most a worker looks for a change: a removed reader is out this long after the commit, plus a load."""

WATCH_SECONDS = 0.25
"""How often a worker's own thread looks; where nothing has changed, a look is a glance at two files."""

THOROUGH_SECONDS = 5.0
"""How often a database is read although its file looks the same."""

FIRST_SECONDS = 1.0
"""How long a request waits for the very first look; after that it is answered with 503."""

AGAIN_SECONDS = 0.02
"""How long after a look that could not read everything a refused login is worth another one."""

_CLOSED = "the list of subscribers has not been had for [subscribers] close_after hours: nobody reads until it is"

LIST_SECONDS = 5.0
"""How often a worker looks when the list was had last, where access closes after a while without it."""


class LiveStore:
    """The state that a worker serves from. One instance per process and configuration; safe for threads."""

    def __init__(
        self,
        settings: Settings,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._roster = settings.store.roster
        self._members = settings.store.members
        self._max_blind = settings.server.max_blind
        self._close_after = timedelta(hours=settings.subscribers.close_after)
        self._clock = clock
        self._now = now
        self._lock = threading.Lock()
        self._snapshot: Snapshot | None = None
        self._mark: object = None
        self._devices: Mapping[str, Device] | None = None
        self._devices_mark: object = None
        self._next_poll = self._thorough_at = float("-inf")
        self._files: tuple[object, object] = (None, None)
        self._has_looked = False
        self._is_compared = False
        self._trusted: tuple[Snapshot | None, object] = (None, None)
        self._blind_since: float | None = None
        self._complaint = ""
        self._fault: type[StoreError] | None = None
        self._list_read_at: datetime | None = None
        self._next_list_look = float("-inf")
        self._closed = False

    def watch(self, seen: Callable[[], None]) -> None:
        """Look for changes from now on in a thread of its own, so that no request has to; `seen` is called after each.

        Requests look themselves all the same, should this thread ever be late.
        """
        threading.Thread(target=self._watch, args=(seen,), name="live-store", daemon=True).start()

    def _watch(self, seen: Callable[[], None]) -> None:
        while True:
            with self._lock:
                self._poll()
            seen()
            time.sleep(WATCH_SECONDS)

    def snapshot(self) -> Snapshot:
        """Return the newest snapshot that could be verified.

        Raises:
            StoreError: nothing good was ever loaded, the store has been unreadable for `max_blind` seconds, or the list
                of subscribers for `close_after` hours.
        """
        now = self._clock()
        if now >= self._next_poll:
            self._look_once(now)
        snapshot, blind_since = self._snapshot, self._blind_since
        if snapshot is None or (blind_since is not None and now - blind_since > self._max_blind):
            raise StoreError(self._complaint or "the store has not been read yet")
        if self._close_after and self._is_closed(snapshot):
            self._tell_closed(True)
            raise StoreError(_CLOSED)
        self._tell_closed(False)
        return snapshot

    def _look_once(self, now: float) -> None:
        """Look, unless somebody else does: then go on with what is there, or wait a moment for the very first look."""
        is_first = self._snapshot is None or self._devices is None
        if self._lock.acquire(timeout=FIRST_SECONDS if is_first else 0):
            try:
                if now >= self._next_poll:
                    self._poll()
            finally:
                self._lock.release()

    def check(self) -> Snapshot:
        """Return the newest snapshot, as `snapshot` does, where requests can be answered.

        Raises:
            StoreError: the roster or the device passwords were never read, or not for `max_blind` seconds.
        """
        snapshot = self.snapshot()
        if self._devices is None:
            raise StoreError(self._complaint or "the device passwords have not been read yet")
        return snapshot

    def state(self) -> LiveState:
        """Return how this worker stood when it last looked; it does not look now."""
        snapshot, blind_since = self._snapshot, self._blind_since
        return LiveState(
            generation=None if snapshot is None else snapshot.generation,
            blind_seconds=None if blind_since is None else self._clock() - blind_since,
            fault=self._fault,
        )

    def _is_closed(self, snapshot: Snapshot) -> bool:
        """Tell whether it is too long ago that anybody knew who is on the list.

        A store that never noted it counts from its newest generation.
        """
        return self._now() - (self._list_read_at or snapshot.created_at) > self._close_after

    def _tell_closed(self, is_closed: bool) -> None:
        """Say in the log once that access closed, and once that it is open again."""
        if is_closed and not self._closed:
            logger.error("%s", _CLOSED)
        elif self._closed and not is_closed:
            logger.warning("the list of subscribers was had: members read again")
        self._closed = is_closed

    def reload(self) -> Snapshot:
        """Look at the store now, whenever it was last looked at: a client has seen something newer."""
        with self._lock:
            self._poll()
        return self.snapshot()

    def identify(self, user_name: str, password: str) -> Identity | None:
        """Return who this is, or None for anybody who may not read now.

        Unknown logins and wrong passwords take the same path: one hash, one look-up. Before anybody is refused, the
        store is looked at again if it has changed: a password works as soon as it was issued.
        """
        if not is_possible(password):
            return None
        identity = self._identified(user_name, password)
        if identity is None and self._looked_again():
            identity = self._identified(user_name, password)
        return identity

    def _looked_again(self) -> bool:
        """Look at the store if its files have changed since the last look; tell whether somebody has looked anew.

        That costs a glance at two files; where that says nothing, whoever guesses makes no worker look without end.
        """
        marks = self._marks()
        last = self._next_poll - POLL_SECONDS
        if self._is_known(marks) or (None in self._files and self._clock() < last + AGAIN_SECONDS):
            return False
        # Another thread that looks right now may have begun before the change.
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
        """Tell whether the files are sure to be as they were at the last look."""
        return marks == self._files and None not in marks

    def _identified(self, user_name: str, password: str) -> Identity | None:
        # Where no password can be judged yet, saying no would make phones forget their account.
        snapshot = self.check()
        name, asked = split_principal(user_name)
        devices = self._devices or {}
        device, reader = devices.get(password_digest(password)), snapshot.reader(canonical_login(name))
        if device is None or reader is None:
            return None
        identity = Identity(reader, device, Style.GROUPS if asked is Style.GROUPS else Style(device.style))
        return identity if identity.may_read(snapshot, devices) else None

    def is_still(self, identity: Identity, snapshot: Snapshot) -> bool:
        """Tell whether somebody who was identified may read this snapshot: a request can take its time to arrive."""
        return identity.may_read(snapshot, self._devices or {})

    def _poll(self) -> None:
        """Look for changes; whoever calls holds the lock."""
        now = self._clock()
        marks = self._marks()
        if not self._is_known(marks) or self._fault is not None or now >= self._thorough_at:
            self._files = None, None
            if self._look():
                self._files = marks
            self._thorough_at = now + THOROUGH_SECONDS
        # From the end of the look: one that takes long is not followed by the next at once.
        self._next_poll = self._clock() + POLL_SECONDS

    def _look(self) -> bool:
        """Read what has changed; tell whether all of it could be read."""
        # A command at work is waited for only where there is nothing else to serve, and only once.
        wait = 0.0 if self._has_looked else WRITE_WAIT
        self._has_looked = True
        faults: list[StoreError] = []
        is_whole = True
        for poll in (self._poll_devices, self._poll_roster):
            try:
                poll(wait)
            except BusyStoreError as error:
                is_whole = False
                # A writer at work is no fault, and the state before its commit is the right one to serve meanwhile.
                if self._snapshot is None or self._devices is None:
                    faults.append(error)
            except StoreError as error:
                faults.append(error)
            except Exception as error:  # whatever it is, the last good snapshot goes on
                faults.append(StoreError(f"looking at the store failed: {type(error).__name__}"))
        now = self._clock()
        if not faults:
            self._blind_since = None
        elif self._blind_since is None:
            self._blind_since = now
        self._fault = type(faults[0]) if faults else None
        if self._close_after and now >= self._next_list_look:
            self._next_list_look = now + LIST_SECONDS
            # What cannot be read now stays as it was, and grows old.
            with suppress(StoreError):
                self._list_read_at = read_note(self._roster, FRESHNESS, wait=0.0).list_checked_at
        self._complain(" ".join(map(str, faults)))
        return is_whole and not faults and self._is_compared

    def _poll_roster(self, wait: float) -> None:
        known = read_mark(self._roster, wait=wait)
        mark = (file_identity(self._roster), known)
        if mark != self._mark:
            snapshot = load_snapshot(self._roster, wait=wait)
            self._compare(known, wait)
            self._snapshot, self._mark = snapshot, mark
            logger.info(
                "serving generation %d with %d cards", self._snapshot.generation, len(self._snapshot.plain.cards)
            )
        elif not self._is_compared:
            self._compare(known, wait)
        if self._is_compared:
            self._trusted = self._snapshot, self._mark

    def _compare(self, mark: Mark, wait: float) -> None:
        """Compare the roster with the newest one that the members database knows of, as soon as that can be read.

        Until then it is served: whoever was removed has to be out even while the members database cannot be read. If
        it turns out to be an older one, the one from before is served again.
        """
        self._is_compared = False
        try:
            refuse_older_roster(self._members, mark, wait=wait)
        except OlderCopyError:
            self._snapshot, self._mark = self._trusted
            raise
        except StoreError:
            return
        self._is_compared = True

    def _poll_devices(self, wait: float) -> None:
        mark = (file_identity(self._members), read_note(self._members, COUNTER, wait=wait))
        if mark != self._devices_mark:
            counter, devices = load_devices(self._members, wait=wait)
            valid = {device.digest: device for device in devices if not device.revoked_at}
            refuse_older_members(self._roster, counter, len(valid), wait=wait)
            self._devices, self._devices_mark = valid, mark

    def _complain(self, message: str) -> None:
        if message and message != self._complaint:
            logger.error("%s", message)
        self._complaint = message


_shared: dict[tuple[Path, Path, int, int], LiveStore] = {}
_shared_lock = threading.Lock()


def shared(settings: Settings) -> LiveStore:
    """Return the process's one live store for these databases, so that the plugins agree about every request."""
    store, close_after = settings.store, settings.subscribers.close_after
    key = (store.roster.absolute(), store.members.absolute(), settings.server.max_blind, close_after)
    with _shared_lock:
        if key not in _shared:
            _shared[key] = LiveStore(settings)
        return _shared[key]
