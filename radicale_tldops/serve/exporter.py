"""What Prometheus is told, on an address of its own, by the parent process: the workers' figures and the store's."""

import contextlib
import logging
import os
import re
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from radicale_tldops.roster.errors import SettingsError, StoreError
from radicale_tldops.serve.metrics import FOLDER
from radicale_tldops.store.engine import SERVER_WAIT
from radicale_tldops.store.freshness import Freshness
from radicale_tldops.store.notes import FRESHNESS, read_note
from radicale_tldops.store.read import load_head
from radicale_tldops.store.values import Generation

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

logger = logging.getLogger("radicale_tldops")

_MEMORY = Path("/dev/shm")  # noqa: S108 - the folder in it is made anew, for this user alone
"""Where the workers count: a disk that is full would end a worker that writes there."""


@contextlib.contextmanager
def exporter(address: str, roster: Path) -> Iterator[None]:
    """Answer Prometheus at `address` ("127.0.0.1:9232") until the block ends; the workers are started inside it.

    Raises:
        SettingsError: the address cannot be had, or there is no room for what the workers count.
    """
    folder = _make_folder()
    os.environ[FOLDER] = str(folder)
    try:
        from prometheus_client import CollectorRegistry, start_http_server

        registry = CollectorRegistry()
        registry.register(_Workers(folder))
        registry.register(StoreFigures(roster))
        host, _, port = address.rpartition(":")
        try:
            server, _thread = start_http_server(int(port), host.strip("[]"), registry)
        except OSError as error:
            raise SettingsError(
                f"cannot listen on {address} for metrics: {error.strerror}. Choose another in [server] metrics."
            ) from error
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()
    finally:
        os.environ.pop(FOLDER, None)
        shutil.rmtree(folder, ignore_errors=True)


def _make_folder() -> Path:
    memory = _MEMORY if os.access(_MEMORY, os.W_OK) else None
    try:
        return Path(tempfile.mkdtemp(prefix="tldops-metrics-", dir=memory))
    except OSError as error:
        raise SettingsError(f"there is no room for [server] metrics: {error.strerror}") from error


class _Workers:
    """The sum of what all workers counted, those included that have ended: a collector of prometheus-client."""

    def __init__(self, folder: Path) -> None:
        from prometheus_client.multiprocess import MultiProcessCollector

        self._folder = folder
        self._collector = MultiProcessCollector(None, str(folder))  # type: ignore[no-untyped-call]

    def collect(self) -> Iterator["Metric"]:
        """Yield the figures."""
        from prometheus_client.multiprocess import mark_process_dead

        for path in self._folder.glob("gauge_live*.db"):
            found = re.search(r"_([0-9]+)\.db\Z", path.name)
            if found and not _lives(int(found[1])):
                mark_process_dead(int(found[1]), str(self._folder))  # type: ignore[no-untyped-call]
        yield from self._collector.collect()  # type: ignore[no-untyped-call]


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class StoreFigures:
    """What the store itself tells, read when Prometheus asks: a collector of prometheus-client."""

    def __init__(self, roster: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._roster = roster
        self._clock = clock
        self._lock = threading.Lock()
        # A worker in the place of a dead one is forked: not while another thread holds a lock of some library here.
        os.register_at_fork(
            before=self._lock.acquire, after_in_parent=self._lock.release, after_in_child=self._lock.release
        )

    def collect(self) -> Iterator["Metric"]:
        """Yield the figures; without a readable store, the first one alone, which says so."""
        from prometheus_client.metrics_core import GaugeMetricFamily

        with self._lock:
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
        "tldops_generation_age_seconds": ("Since that was made.", (now - head.created_at).total_seconds()),
        "tldops_cards": ("Contacts in it.", float(head.counts.people)),
        "tldops_readers": ("Logins on the list, denied ones included.", float(head.counts.readers)),
    }


def _of_freshness(fresh: Freshness, now: datetime) -> dict[str, tuple[str, float]]:
    ages = {
        "tldops_last_check_age_seconds": ("Since a sync last looked at everything.", fresh.checked_at),
        "tldops_list_age_seconds": ("Since the list was last had.", fresh.list_checked_at),
        "tldops_list_failing_seconds": ("Since when the list cannot be had; 0 if it can.", fresh.failing_since or now),
    }
    figures = {name: (text, (now - at).total_seconds()) for name, (text, at) in ages.items() if at is not None}
    return figures | {
        "tldops_list_refused_logins": ("Logins not on the list that a guard keeps for now.", float(fresh.waiting))
    }
