"""What a worker knows of the two databases right now: the last good snapshot, and the device passwords.

Nothing here waits for a writer. A database that is locked, unreadable or damaged leaves the last good state in force
for `max_blind` seconds; without any good state yet, `StoreError` is raised.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from radicale_tldops.roster.errors import OlderCopyError, StoreError
from radicale_tldops.roster.login import canonical_login
from radicale_tldops.roster.snapshot import GROUPS_SUFFIX, Reader, Snapshot, Style, split_principal
from radicale_tldops.settings import Settings
from radicale_tldops.store.engine import WRITE_WAIT, BusyStoreError
from radicale_tldops.store.freshness import read_freshness
from radicale_tldops.store.members import load_devices, password_digest, read_members_counter
from radicale_tldops.store.newest import Mark, read_mark, refuse_older_members, refuse_older_roster
from radicale_tldops.store.read import load_snapshot
from radicale_tldops.store.values import Device

logger = logging.getLogger("radicale_tldops")

POLL_SECONDS = 0.5
"""How often at most a worker looks for a change: a removed reader is out this long after the commit, plus a load."""

LIST_SECONDS = 5.0
"""How often a worker looks when the list was had last, where access closes after a while without it."""

MAX_PASSWORD = 1024
"""Longer passwords are refused before they are hashed."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a request comes from: the reader, the device, and the style of the book that this client gets.

    There is no device where the login was proved by LDAP.
    """

    reader: Reader
    device: Device | None
    style: Style

    @property
    def label(self) -> str:
        """What the device is called, for logs: its label, or "LDAP"."""
        return self.device.label if self.device else "LDAP"

    @property
    def principal(self) -> str:
        """The principal's name in paths, with the suffix for the style."""
        return self.reader.principal + (GROUPS_SUFFIX if self.style is Style.GROUPS else "")


@dataclass(frozen=True, slots=True)
class LiveState:
    """How a worker stands: what it serves, for how many seconds it has been blind, and what kind of fault that is.

    Each is None where it does not apply: `generation` before the first good load, the others while all is well.
    """

    generation: int | None
    blind_seconds: float | None
    fault: type[StoreError] | None


def is_possible(password: str) -> bool:
    """Tell whether this can be a password at all: an empty, blank or huge one is refused before anything is asked."""
    return bool(password.strip()) and "\x00" not in password and len(password) <= MAX_PASSWORD


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
        self._next_poll = float("-inf")
        self._blind_since: float | None = None
        self._complaint = ""
        self._fault: type[StoreError] | None = None
        self._list_read_at: datetime | None = None
        self._next_list_look = float("-inf")

    def snapshot(self) -> Snapshot:
        """Return the newest snapshot that could be verified.

        Raises:
            StoreError: nothing good was ever loaded, the store has been unreadable for `max_blind` seconds, or the list
                of subscribers for `close_after` hours.
        """
        now = self._clock()
        # One thread looks; the others go on with what is there, unless there is nothing yet.
        if now >= self._next_poll and self._lock.acquire(blocking=self._snapshot is None):
            try:
                if now >= self._next_poll:
                    self._poll(now)
            finally:
                self._lock.release()
        snapshot, blind_since = self._snapshot, self._blind_since
        if snapshot is None or (blind_since is not None and now - blind_since > self._max_blind):
            raise StoreError(self._complaint or "the store has not been read yet")
        if self._close_after and self._is_closed(snapshot):
            raise StoreError("the list of subscribers has not been had for too long: nobody reads until it is")
        return snapshot

    def check(self) -> None:
        """Find out whether requests can be answered.

        Raises:
            StoreError: the roster or the device passwords were never read, or not for `max_blind` seconds.
        """
        self.snapshot()
        if self._devices is None:
            raise StoreError(self._complaint or "the device passwords have not been read yet")

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

    def reload(self) -> Snapshot:
        """Look at the store now, whenever it was last looked at: a client has seen something newer."""
        with self._lock:
            self._poll(self._clock())
        return self.snapshot()

    def identify(self, user_name: str, password: str) -> Identity | None:
        """Return who this is, or None for anybody who may not read now.

        Unknown logins and wrong passwords take the same path: one hash, one look-up.
        """
        snapshot = self.snapshot()
        name, asked = split_principal(user_name)
        if not is_possible(password):
            return None
        # Where no password can be judged yet, saying no would make phones forget their account.
        self.check()
        device = (self._devices or {}).get(password_digest(password))
        reader = snapshot.reader(canonical_login(name))
        if device is None or reader is None or device.login != reader.login or device.reader_since != reader.since:
            return None
        style = Style.GROUPS if asked is Style.GROUPS else Style(device.style)
        return Identity(reader, device, style)

    def is_still(self, identity: Identity, snapshot: Snapshot) -> bool:
        """Tell whether somebody who was identified may read this snapshot: a request can take its time to arrive."""
        reader = snapshot.reader(identity.reader.login)
        if reader is None or (reader.principal, reader.since) != (identity.reader.principal, identity.reader.since):
            return False
        device = identity.device
        return device is None or (self._devices or {}).get(device.digest) == device

    def _poll(self, now: float) -> None:
        wait = WRITE_WAIT if self._snapshot is None else 0.0
        faults: list[StoreError] = []
        for poll in (self._poll_roster, self._poll_devices):
            try:
                poll(wait)
            except BusyStoreError as error:
                # A writer at work is no fault, and the state before its commit is the right one to serve meanwhile.
                if self._snapshot is None or self._devices is None:
                    faults.append(error)
            except StoreError as error:
                faults.append(error)
        if not faults:
            self._blind_since = None
        elif self._blind_since is None:
            self._blind_since = now
        self._fault = type(faults[0]) if faults else None
        if self._close_after and now >= self._next_list_look:
            self._next_list_look = now + LIST_SECONDS
            # What cannot be read now stays as it was, and grows old.
            with suppress(StoreError):
                self._list_read_at = read_freshness(self._roster, wait=wait).list_checked_at
        self._complain(" ".join(map(str, faults)))
        self._next_poll = now + POLL_SECONDS

    def _poll_roster(self, wait: float) -> None:
        known = read_mark(self._roster, wait=wait)
        mark = (_identity(self._roster), known)
        if mark != self._mark:
            snapshot = load_snapshot(self._roster, wait=wait)
            self._refuse_older(known, wait)
            self._snapshot, self._mark = snapshot, mark
            logger.info(
                "serving generation %d with %d cards", self._snapshot.generation, len(self._snapshot.plain.cards)
            )

    def _refuse_older(self, mark: Mark, wait: float) -> None:
        try:
            refuse_older_roster(self._members, mark, wait=wait)
        except OlderCopyError:
            raise
        except StoreError:
            # Whoever was removed has to be out even while the members database cannot be read.
            return

    def _poll_devices(self, wait: float) -> None:
        mark = (_identity(self._members), read_members_counter(self._members, wait=wait))
        if mark != self._devices_mark:
            counter, devices = load_devices(self._members, wait=wait)
            valid = {one.digest: one for one in devices if not one.revoked_at}
            refuse_older_members(self._roster, counter, len(valid), wait=wait)
            self._devices, self._devices_mark = valid, mark

    def _complain(self, message: str) -> None:
        if message and message != self._complaint:
            logger.error("%s", message)
        self._complaint = message


def _identity(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return (0, 0)
    return (status.st_dev, status.st_ino)


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
