"""Metrics for Prometheus on an address of their own: counts of this process, and facts from the store.

No label holds text of a client or names a member. prometheus-client is imported only where metrics are on.
"""

import logging
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

from radicale_tldops.roster.errors import StoreError
from radicale_tldops.serve.live import LiveStore
from radicale_tldops.store.engine import SERVER_WAIT
from radicale_tldops.store.freshness import Freshness
from radicale_tldops.store.notes import FRESHNESS, read_note
from radicale_tldops.store.read import load_head
from radicale_tldops.store.values import Generation

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.metrics_core import Metric

logger = logging.getLogger("radicale_tldops")

METHODS = ("OPTIONS", "GET", "HEAD", "PROPFIND", "REPORT")
"""The methods that have a label of their own; every other one is counted as `OTHER`."""

OTHER = "other"

OUTCOMES = ("ok", "refused", "throttled", "unavailable")
"""The outcomes of a login: accepted; wrong password or login; too many wrong ones before, so not checked; the store or
the directory cannot be reached."""

BUCKETS = (0.0005, 0.002, 0.01, 0.05, 0.25, 1.0, 5.0)
"""The upper bounds of the histogram in seconds: a poll takes less than the first, a whole book about 0.02."""


class Metrics:
    """The metrics of this process since it started. Without `listening` nothing is counted. Safe for threads."""

    def __init__(self, live: LiveStore, roster: Path, listening: socket.socket | None) -> None:
        """Start to count, and to answer Prometheus on a listening socket, in threads of its own."""
        self._requests: dict[tuple[str, int], Callable[[], None]] = {}
        self._seconds: dict[str, Callable[[float], None]] = {}
        self._sent: Callable[[int], None] | None = None
        self._logins: dict[str, Callable[[], None]] = {}
        self._dropped: Callable[[int], None] | None = None
        if listening is not None:
            from prometheus_client import CollectorRegistry

            registry = CollectorRegistry()
            self._count_in(registry, live)
            registry.register(StoreFigures(roster))
            _answer(listening, registry)

    def observe(self, method: str, status: int, seconds: float, sent: int) -> None:
        """Count one request; `sent` is the length of the body in bytes."""
        if self._sent is None:
            return
        name = method if method in self._seconds else OTHER
        count = self._requests.get((name, status // 100))
        if count is not None:
            count()
        self._seconds[name](seconds)
        self._sent(sent)

    def login(self, outcome: str) -> None:
        """Count one attempt to log in; `outcome` is one of `OUTCOMES`."""
        count = self._logins.get(outcome)
        if count is not None:
            count()

    def audit_dropped(self, rows: int = 1) -> None:
        """Count events that could not be recorded in the members database."""
        if self._dropped is not None:
            self._dropped(rows)

    def _count_in(self, registry: "CollectorRegistry", live: LiveStore) -> None:
        from prometheus_client import Counter, Gauge, Histogram

        requests = Counter("tldops_requests", "Requests answered.", ["method", "status"], registry=registry)
        seconds = Histogram(
            "tldops_request_seconds", "Time until the answer is ready.", ["method"], buckets=BUCKETS, registry=registry
        )
        sent = Counter("tldops_sent_bytes", "Bytes of the answers' bodies.", registry=registry)
        logins = Counter("tldops_logins", "Attempts to log in.", ["outcome"], registry=registry)
        dropped = Counter("tldops_audit_dropped", "Rows that could not be recorded.", registry=registry)
        blind = Gauge(
            "tldops_blind_seconds", "Time since the store could last be read; 0 if it can.", registry=registry
        )
        blind.set_function(lambda: live.state().blind_seconds or 0.0)
        # Every series exists from the start, so a rate includes the first event.
        for method in (*METHODS, OTHER):
            for hundred in range(2, 6):
                self._requests[method, hundred] = requests.labels(method, f"{hundred}xx").inc
            self._seconds[method] = seconds.labels(method).observe
        self._logins = {outcome: logins.labels(outcome).inc for outcome in OUTCOMES}
        self._dropped, self._sent = dropped.inc, sent.inc


def _answer(listening: socket.socket, registry: "CollectorRegistry") -> None:
    """Start to answer Prometheus on this socket."""
    from prometheus_client import MetricsHandler

    handler = MetricsHandler.factory(registry)
    server = ThreadingHTTPServer(listening.getsockname()[:2], handler, bind_and_activate=False)
    server.socket.close()
    server.socket = listening
    # It looks for its end at these intervals, and ends with the process: twice a second, the default, is for nothing.
    threading.Thread(target=server.serve_forever, args=(3600,), name="metrics", daemon=True).start()


class StoreFigures:
    """Facts from the store, read for each request of Prometheus: a collector of prometheus-client."""

    def __init__(self, roster: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._roster = roster
        self._clock = clock

    def collect(self) -> Iterator["Metric"]:
        """Yield the metrics; for an unreadable store only `tldops_store_readable`, with the value 0."""
        from prometheus_client.metrics_core import GaugeMetricFamily

        figures = self._figures()
        yield GaugeMetricFamily("tldops_store_readable", "Whether the roster can be read.", value=float(bool(figures)))
        for name, (text, value) in figures.items():
            yield GaugeMetricFamily(name, text, value=value)

    def _figures(self) -> dict[str, tuple[str, float]]:
        try:
            head = load_head(self._roster, wait=SERVER_WAIT)
            fresh = read_note(self._roster, FRESHNESS, wait=SERVER_WAIT)
        except StoreError as error:
            logger.info("metrics: %s", error)
            return {}
        now = self._clock()
        return {**_of_generation(head, now), **_of_freshness(fresh, now)}


def _of_generation(head: Generation | None, now: datetime) -> dict[str, tuple[str, float]]:
    text = "The newest generation; 0 without any."
    if head is None:
        return {"tldops_generation": (text, 0.0)}
    return {
        "tldops_generation": (text, float(head.id)),
        "tldops_generation_age_seconds": ("Time since that was made.", (now - head.created_at).total_seconds()),
        "tldops_cards": ("Contacts in it.", float(head.counts.people)),
        "tldops_readers": ("Logins on the list, denied ones included.", float(head.counts.readers)),
    }


def _of_freshness(fresh: Freshness, now: datetime) -> dict[str, tuple[str, float]]:
    ages = {
        "tldops_last_check_age_seconds": ("Time since a sync last read every input.", fresh.checked_at),
        "tldops_list_age_seconds": ("Time since the subscriber list was last read.", fresh.list_checked_at),
        "tldops_list_failing_seconds": (
            "Time since the subscriber list became unreadable; 0 if it can be read.",
            fresh.failing_since or now,
        ),
    }
    figures = {name: (text, (now - at).total_seconds()) for name, (text, at) in ages.items() if at is not None}
    return figures | {
        "tldops_list_refused_logins": ("Logins not on the list that a guard keeps for now.", float(fresh.waiting))
    }
