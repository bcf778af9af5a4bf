"""Records logins and downloads in the members database; no request waits for that or fails because of it.

A call looks into a dictionary and puts an event that may be new into a bounded queue. One thread writes the events of
about a second in one transaction, which also decides what is new. Events that are lost are counted, and a later entry
of the audit log gives their number.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from math import inf
from multiprocessing.util import Finalize

from radicale_tldops.roster.errors import StoreError
from radicale_tldops.settings import Settings
from radicale_tldops.store.engine import recover
from radicale_tldops.store.usage import (
    RARELY,
    Asked,
    Copy,
    Download,
    Event,
    Login,
    Lost,
    between,
    load_usage,
    network_of,
    product,
    write_events,
)

logger = logging.getLogger("radicale_tldops")

AGAIN = RARELY.total_seconds()
"""Seconds for which a device and a network are not written again."""

MAX_WAITING = 1000
"""Most events that wait for the writer."""

PATIENCE = 60.0
"""Seconds for which events are kept while the database fails; then they and later ones are dropped."""

_PAUSE = 1.0
"""Seconds for which events are gathered and then written together."""

_RETRY = 5.0
"""Seconds from a failed write to the next try."""

_AGAIN_LOST = 300.0
"""Seconds after which the same login or download is recorded again after an event was dropped."""

_MAX_KNOWN = 20_000
"""Most devices, and most networks, that are remembered; only an attack brings more."""


class Recorder:
    """Records logins and downloads in the members database. Safe for threads.

    Create it after the fork of the worker: it starts a thread. No method raises, and only `close` waits. While the
    database is missing, locked, full or read-only, events are kept for a while, then dropped and counted.
    """

    def __init__(
        self,
        settings: Settings,
        tell_dropped: Callable[[int], None] = lambda count: None,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        patience: float = PATIENCE,
    ) -> None:
        """Start the writer. `tell_dropped` is called with the number of events each time some are dropped."""
        self._members = settings.store.members
        self._tell_dropped = tell_dropped
        self._clock, self._now, self._patience = clock, now, patience
        self._queue: queue.Queue[Event | None] = queue.Queue(MAX_WAITING)
        self._devices: dict[tuple[str, str], float] = {}
        self._networks: dict[tuple[str, str], float] = {}
        self._downloads: dict[tuple[str, str], tuple[int, float]] = {}
        self._lock = threading.Lock()
        self._dropped = self._untold = 0
        self._lost_since = now()
        self._pending: list[Event] = []
        self._failing_since: float | None = None
        self._retry_at = 0.0
        self._closing = threading.Event()
        self._writer = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._writer.start()
        # A child of `multiprocessing` ends without `atexit`.
        self._at_exit = Finalize(self, self.close, exitpriority=0)

    @property
    def dropped(self) -> int:
        """The number of events that were dropped since the start."""
        return self._dropped

    def login(self, identity_login: str, device_id: str, peer: str, user_agent: str) -> None:
        """Record that a reader logged in; call it for every request with correct credentials.

        A device or a network that is new for this login becomes an entry in the audit log. The others update the date
        of last use, at most once an hour.

        `identity_login` is the canonical login of the reader. `device_id` is the device of the password, "" for LDAP.
        `peer` is the address of the client, as `Proxies.peer` returns it; only its network is stored. `user_agent` is
        the header, "" without one.
        """
        now, network = self._clock(), network_of(peer)
        if (
            self._devices.get((identity_login, device_id), 0.0) > now
            and self._networks.get((identity_login, network), 0.0) > now
        ):
            return
        event = Login(self._now(), identity_login, device_id, network, product(user_agent))
        self._mark(event, now + AGAIN)
        self._put(event)

    def download(self, login: str, device_id: str, generation: int, style: str) -> None:
        """Record that a client has all cards of a generation; call it for every answer that is `is_current`.

        The first download of each generation by each device becomes an entry in the audit log.

        `login` and `device_id` are as in `login`; `style` is "plain" or "groups".
        """
        known, until = self._downloads.get((login, device_id), (0, 0.0))
        if known >= generation and until > self._clock():
            return
        event = Download(self._now(), login, device_id, generation, style)
        self._mark(event, inf)
        self._put(event)

    def copy(self, login: str, device_id: str, generation: int, form: str) -> None:
        """Record that a reader took a copy of the whole book, each time. The arguments are as in `download`."""
        self._put(Copy(self._now(), login, device_id, generation, form))

    def ask(self, login: str, browser: str, peer: str) -> None:
        """Record that somebody wants a code for a reader's login. `browser` is the digest of the browser's cookie."""
        self._put(Asked(self._now(), login, browser, network_of(peer)))

    def close(self, timeout: float = 5.0) -> None:
        """Write the waiting events, for at most `timeout` seconds, and stop. The end of the process calls this, too."""
        self._closing.set()
        with suppress(queue.Full):
            self._queue.put_nowait(None)
        self._writer.join(timeout)

    def _mark(self, event: Event, until: float) -> None:
        """Ignore the same device, network or download until then."""
        # Entries that are forgotten cost a write that changes nothing.
        for known in (self._devices, self._networks, self._downloads):
            if len(known) > _MAX_KNOWN:
                known.clear()
        if isinstance(event, Login):
            self._devices[event.login, event.device] = until
            self._networks[event.login, event.network] = until
        elif isinstance(event, Download):
            self._downloads[event.login, event.device] = event.generation, until

    def _put(self, event: Event) -> None:
        try:
            self._queue.put_nowait(event)
        except queue.Full:
            self._drop([event])

    def _drop(self, events: list[Event]) -> None:
        """Count events that are lost. The same logins and downloads are recorded again some minutes later."""
        count = len(events)
        if not count:
            return
        until = self._clock() + _AGAIN_LOST
        for event in events:
            self._mark(event, until)
        with self._lock:
            if not self._untold:
                self._lost_since = self._now()
            self._dropped += count
            self._untold += count
        self._tell_dropped(count)

    def _run(self) -> None:
        self._prime()
        while not self._closing.is_set():
            self._step()
        self._drain()

    def _prime(self) -> None:
        """Undo the unfinished transaction of a killed writer, and read what was recorded a short time ago."""
        try:
            recover(self._members)
            used, networks = load_usage(self._members)
        except (StoreError, OSError):
            return
        now, clock = self._now(), self._clock()

        def until(last_seen: str) -> float:
            return clock + AGAIN - between(last_seen, now).total_seconds()

        self._devices.update({(use.login, use.device): until(use.last_seen) for use in used})
        self._networks.update({(seen.login, seen.network): until(seen.last_seen) for seen in networks})
        self._downloads.update({(use.login, use.device): (use.generation, inf) for use in used if use.generation})

    def _step(self) -> None:
        """Gather events for a second and write them, unless a write failed in the last seconds."""
        self._gather()
        clock = self._clock()
        if (self._pending or self._untold) and clock >= self._retry_at:
            self._write(clock)

    def _gather(self) -> None:
        """Move the waiting events to those that are written next, at most `MAX_WAITING`."""
        if len(self._pending) >= MAX_WAITING:
            self._closing.wait(_PAUSE)
            return
        # With nothing to try again, only the next event or `close` wakes the thread up.
        pause = _PAUSE if self._pending or self._untold else None
        with suppress(queue.Empty):
            first = self._queue.get(timeout=0 if self._closing.is_set() else pause)
            self._closing.wait(_PAUSE)
            self._pending += [first] if first is not None else []
            while len(self._pending) < MAX_WAITING:
                event = self._queue.get_nowait()
                self._pending += [event] if event is not None else []

    def _write(self, clock: float) -> None:
        with self._lock:
            untold, since = self._untold, self._lost_since
        lost = [Lost(self._now(), since, untold)] if untold else []
        try:
            write_events(self._members, [*lost, *self._pending])
        except StoreError as error:
            self._fail(clock, str(error))
            return
        except Exception as error:  # members are still served, and the events are tried again
            self._fail(clock, f"{type(error).__name__} in the recorder")
            return
        with self._lock:
            self._untold -= untold
        if self._failing_since is not None:
            logger.warning("logins and downloads are recorded again")
        self._pending, self._failing_since = [], None

    def _fail(self, clock: float, why: str) -> None:
        if self._failing_since is None:
            self._failing_since = clock
            logger.error("logins and downloads cannot be recorded; members are served without it. %s", why)
        self._retry_at = clock + _RETRY
        if clock - self._failing_since >= self._patience:
            dropped, self._pending = self._pending, []
            self._drop(dropped)

    def _drain(self) -> None:
        """Write all events that are left, and stop at the first failure."""
        while self._untold or self._pending or not self._queue.empty():
            self._gather()
            self._write(self._clock())
            if self._failing_since is not None:
                self._drop(self._pending)
                return
