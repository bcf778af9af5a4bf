"""What a worker counts for Prometheus; `exporter.py`, in the parent process, adds the workers up and answers it.

Every worker counts into files of its own in a folder that the parent made (prometheus-client's multiprocess mode).
No label is a client's own word, and none names a member.

prometheus-client decides at its import whether there are several processes: it is imported only when there is a folder,
and costs nothing where nobody wants figures.
"""

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from radicale_tldops.roster.errors import StoreError
from radicale_tldops.serve.live import LiveStore

logger = logging.getLogger("radicale_tldops")

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The variable by which the parent tells a worker, and prometheus-client in it, where to count."""

METHODS = ("OPTIONS", "GET", "HEAD", "PROPFIND", "REPORT")
"""The methods that are counted apart; every other one is "other"."""

OTHER = "other"

OUTCOMES = ("ok", "refused", "throttled", "unavailable")
"""How a login can end: let in; wrong; refused unseen, after too many; the store or the directory out of reach."""

BUCKETS = (0.0005, 0.002, 0.01, 0.05, 0.25, 1.0, 5.0)
"""The upper bounds of the histogram, in seconds: a poll takes less than the first, a whole book some hundredths."""

TICK = 5.0
"""Every so many seconds a worker looks how it stands, whether or not somebody asks it something."""

# The room for a worker's files is taken at once: a file that cannot grow when a figure is written kills the process.
_FILE_SIZE = 1 << 17


class Metrics:
    """The figures of one worker. Without the variable `FOLDER` nothing is counted. Safe for threads; never raises."""

    def __init__(self, live: LiveStore) -> None:
        self._requests: dict[tuple[str, int], Callable[[], None]] = {}
        self._seconds: dict[str, Callable[[float], None]] = {}
        self._sent: Callable[[int], None] | None = None
        self._logins: dict[str, Callable[[], None]] = {}
        self._dropped: Callable[[int], None] | None = None
        folder = os.environ.get(FOLDER)
        if not folder:
            return
        try:
            _reserve(Path(folder))
        except OSError as error:
            # Members are served, whether or not anybody counts it.
            logger.error("no metrics from this worker: %s: %s", folder, error.strerror)
            return
        self._create()
        threading.Thread(target=_watch, args=(live, _blind_gauge()), name="metrics", daemon=True).start()

    def observe(self, method: str, status: int, seconds: float, sent: int) -> None:
        """Count one request: its method and status, how long it took, and the length of the answer's body."""
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
        """Count what should have been recorded in the members database and could not be."""
        if self._dropped is not None:
            self._dropped(rows)

    def _create(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Histogram

        registry = CollectorRegistry()
        requests = Counter("tldops_requests", "Requests answered.", ["method", "status"], registry=registry)
        seconds = Histogram(
            "tldops_request_seconds", "Time until the answer is ready.", ["method"], buckets=BUCKETS, registry=registry
        )
        sent = Counter("tldops_sent_bytes", "Bytes of the answers' bodies.", registry=registry)
        logins = Counter("tldops_logins", "Attempts to log in.", ["outcome"], registry=registry)
        dropped = Counter("tldops_audit_dropped", "Rows that could not be recorded.", registry=registry)
        # Every series is there from the start: a rate over it then has the first event in it.
        for method in (*METHODS, OTHER):
            for hundred in range(2, 6):
                self._requests[method, hundred] = requests.labels(method, f"{hundred}xx").inc
            self._seconds[method] = seconds.labels(method).observe
        self._logins = {outcome: logins.labels(outcome).inc for outcome in OUTCOMES}
        self._dropped, self._sent = dropped.inc, sent.inc


def _blind_gauge() -> Callable[[float], None]:
    from prometheus_client import CollectorRegistry, Gauge

    text = "For how long the worst-off worker has not been able to read the store."
    return Gauge("tldops_blind_seconds", text, registry=CollectorRegistry(), multiprocess_mode="livemax").set


def _reserve(folder: Path) -> None:
    for kind in ("counter", "histogram", "gauge_livemax"):
        file = os.open(folder / f"{kind}_{os.getpid()}.db", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.posix_fallocate(file, 0, _FILE_SIZE)
        finally:
            os.close(file)


def _watch(live: LiveStore, blind: Callable[[float], None]) -> None:
    """Keep telling how the worker stands, for as long as it lives."""
    while True:
        with contextlib.suppress(StoreError):
            live.snapshot()
        blind(live.state().blind_seconds or 0.0)
        time.sleep(TICK)
