"""What a worker records of logins and downloads, without a request ever waiting for it or failing because of it.

A call is a look into a dictionary, and now and then a place in a bounded queue; one thread of the worker writes what
is in the queue, a second's worth in one transaction. What is new about a login is decided in that transaction, since
other workers may have seen it. What cannot be kept is counted, and the count is an entry of its own later on.
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
"""For how many seconds a device and a network that were written are not written again."""

MAX_WAITING = 1000
"""How many events wait at most for the writer."""

PATIENCE = 60.0
"""For how many seconds of a failing database the events are kept; then they are dropped, and so are those after."""

_PAUSE = 1.0
"""For how many seconds events are gathered before they are written together."""

_RETRY = 5.0
"""Seconds from one failure to write to the next try."""

_AGAIN_LOST = 300.0
"""After how many seconds something is tried again that was dropped."""

_MAX_KNOWN = 20_000
"""How many devices, and how many networks, a worker keeps in mind; more than there are, but for an attack."""


class Recorder:
    """Records logins and downloads in the members database. One for each worker process; safe for threads.

    Create it in the worker, not before a fork: it starts a thread. Nothing is raised by any method, and none but
    `close` waits. Where the database is missing, locked, full or read-only, events are dropped and counted.
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
        """Start the writer. `tell_dropped` is called with every number of events that is dropped, for metrics."""
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
        # granian's workers end without `atexit`, as all children of `multiprocessing` do.
        self._at_exit = Finalize(self, self.close, exitpriority=0)

    @property
    def dropped(self) -> int:
        """How many events this worker has dropped since it started."""
        return self._dropped

    def login(self, identity_login: str, device_id: str, peer: str, user_agent: str) -> None:
        """Take note that a reader was let in; call it for every request that was.

        A device, or a network, from which this login was not seen before becomes an entry in the audit log. All the
        others bring the date of last use up to date, at most once an hour.

        `identity_login` is the canonical login of the reader. `device_id` is that of the device password, or "" where
        identity was proved by something that knows no devices (LDAP). `peer` is the address of the client, behind a
        proxy that is trusted the one that it tells; all of it is never kept. `user_agent` is the header, "" without.
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
        """Take note that a client holds all of a generation; call it for every answer that brings one up to date.

        That is a sync report without a limit that cut it off, or a query or multiget that gave all that is there or
        all that had changed. The first time for each device and generation becomes an entry.

        `login` and `device_id` are as in `login`; `style` is "plain" or "groups".
        """
        known, until = self._downloads.get((login, device_id), (0, 0.0))
        if known >= generation and until > self._clock():
            return
        event = Download(self._now(), login, device_id, generation, style)
        self._mark(event, inf)
        self._put(event)

    def close(self, timeout: float = 5.0) -> None:
        """Write what is waiting, for at most `timeout` seconds, and stop. Called by itself when the process ends."""
        self._closing.set()
        with suppress(queue.Full):
            self._queue.put_nowait(None)
        self._writer.join(timeout)

    def _mark(self, event: Event, until: float) -> None:
        """Leave the same alone until then."""
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
        """Count events that will not be recorded; what they tell is tried again some minutes later."""
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
        """Undo what a killed writer left half-way, and learn what needs no writing again so soon."""
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
        """Gather events for a moment and write them, unless the database failed a moment ago."""
        self._gather()
        clock = self._clock()
        if (self._pending or self._untold) and clock >= self._retry_at:
            self._write(clock)

    def _gather(self) -> None:
        """Move what waits to what is written next, at most a queue's worth."""
        if len(self._pending) >= MAX_WAITING:
            self._closing.wait(_PAUSE)
            return
        with suppress(queue.Empty):
            first = self._queue.get(timeout=0 if self._closing.is_set() else _PAUSE)
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
        except Exception as error:  # whatever it is, members are served, and the next events are tried again
            self._fail(clock, f"{type(error).__name__} in the recorder")
            return
        with self._lock:
            self._untold -= untold
        if self._failing_since is not None:
            logger.warning("what members do is recorded again")
        self._pending, self._failing_since = [], None

    def _fail(self, clock: float, why: str) -> None:
        if self._failing_since is None:
            self._failing_since = clock
            logger.error("what members do cannot be recorded; they are served all the same. %s", why)
        self._retry_at = clock + _RETRY
        if clock - self._failing_since >= self._patience:
            dropped, self._pending = self._pending, []
            self._drop(dropped)

    def _drain(self) -> None:
        """Write everything that is left, and stop at the first failure."""
        while self._untold or self._pending or not self._queue.empty():
            self._gather()
            self._write(self._clock())
            if self._failing_since is not None:
                self._drop(self._pending)
                return
