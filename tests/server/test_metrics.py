"""Figures for Prometheus: what the worker counts and the store shows, on the loopback, and nobody's data."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from radicale_tldops.roster.errors import SettingsError
from radicale_tldops.serve.live import LiveStore
from radicale_tldops.serve.metrics import METHODS, OUTCOMES, Metrics, StoreFigures
from radicale_tldops.serve.process import listen
from radicale_tldops.settings import Settings, StoreSettings
from radicale_tldops.settings.file import load
from radicale_tldops.store.freshness import Freshness
from radicale_tldops.store.notes import FRESHNESS
from radicale_tldops.store.write import write_note
from tests.server.processes import running
from tests.support import JANE, JOHN, Client, World, free_port
from tests.support.clock import START
from tests.support.store import Store

Figures = Mapping[str, float]


def scrape(address: str) -> Figures:
    """Every series that Prometheus gets, by name with labels."""
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    return {
        name: float(value)
        for name, _, value in (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    }


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path)
    made.apply(put=["jane", "john"])
    return made


@dataclass(frozen=True)
class Counting:
    """The figures of a worker, and where they are shown."""

    metrics: Metrics
    live: LiveStore
    address: str


@pytest.fixture
def counting(store: Store) -> Iterator[Counting]:
    """A worker that counts."""
    with listen("127.0.0.1", 0) as listening:
        live = LiveStore(Settings(store=StoreSettings(store.roster, store.members)))
        port = listening.getsockname()[1]
        yield Counting(Metrics(live, store.roster, listening), live, f"127.0.0.1:{port}")


@pytest.fixture
def address(counting: Counting) -> str:
    """Where Prometheus is answered."""
    return counting.address


def test_what_is_counted_is_added_up(counting: Counting) -> None:
    """Requests by method and status class, durations, bytes, logins by outcome, lost rows."""
    for _ in range(2):
        for _ in range(3):
            counting.metrics.observe("REPORT", 207, 0.003, 1000)
        counting.metrics.observe("PROPFIND", 401, 0.0001, 10)
        counting.metrics.login("refused")
        counting.metrics.login("ok")
        counting.metrics.audit_dropped(2)
    found = scrape(counting.address)
    assert found['tldops_requests_total{method="REPORT",status="2xx"}'] == 6
    assert found['tldops_requests_total{method="PROPFIND",status="4xx"}'] == 2
    assert found['tldops_request_seconds_count{method="REPORT"}'] == 6
    assert found['tldops_request_seconds_bucket{le="0.002",method="REPORT"}'] == 0
    assert found['tldops_request_seconds_bucket{le="0.01",method="REPORT"}'] == 6
    assert found['tldops_request_seconds_sum{method="REPORT"}'] == pytest.approx(0.018)
    assert found["tldops_sent_bytes_total"] == 6020
    assert (found['tldops_logins_total{outcome="ok"}'], found['tldops_logins_total{outcome="refused"}']) == (2, 2)
    assert found["tldops_audit_dropped_total"] == 4


def test_every_series_is_there_before_its_first_event(address: str) -> None:
    """So that a rate over it does not miss the first one."""
    found = scrape(address)
    for method in (*METHODS, "other"):
        assert found[f'tldops_requests_total{{method="{method}",status="5xx"}}'] == 0
    for outcome in OUTCOMES:
        assert found[f'tldops_logins_total{{outcome="{outcome}"}}'] == 0
    assert found["tldops_blind_seconds"] == 0


def test_a_clients_own_words_make_no_series(counting: Counting) -> None:
    """A thousand invented methods are one "other"; a strange status or outcome is none at all."""
    before = set(scrape(counting.address))
    for number in range(1000):
        counting.metrics.observe(f"M{number}", 405, 0.1, 1)
        counting.metrics.observe("GET", number, 0.1, 1)
    counting.metrics.login("jane")
    found = scrape(counting.address)
    assert set(found) == before
    assert found['tldops_requests_total{method="other",status="4xx"}'] == 1000


def test_the_time_without_a_readable_store_is_shown(counting: Counting, store: Store) -> None:
    """From the first look that failed; 0 again as soon as one succeeds."""
    counting.live.reload()
    away = store.roster.rename(store.roster.with_name("away"))
    counting.live.reload()
    time.sleep(0.05)
    assert scrape(counting.address)["tldops_blind_seconds"] > 0
    away.rename(store.roster)
    counting.live.reload()
    assert scrape(counting.address)["tldops_blind_seconds"] == 0


def test_the_store_is_asked_when_prometheus_asks(store: Store, address: str) -> None:
    """Generation, cards and readers are those of now, whatever the worker counted."""
    found = scrape(address)
    assert found["tldops_store_readable"] == 1
    assert (found["tldops_generation"], found["tldops_cards"], found["tldops_readers"]) == (1, 2, 2)
    store.apply(remove=["john"])
    found = scrape(address)
    assert (found["tldops_generation"], found["tldops_cards"], found["tldops_readers"]) == (2, 1, 1)


def test_a_store_that_cannot_be_read_is_said_and_nothing_is_made_up(store: Store, address: str) -> None:
    """An old count of cards would look like health."""
    store.roster.write_bytes(b"no database" * 100)
    found = scrape(address)
    assert found["tldops_store_readable"] == 0
    assert not [name for name in found if name.startswith(("tldops_generation", "tldops_cards", "tldops_readers"))]


def test_the_ages_count_from_the_notes_of_the_sync(store: Store) -> None:
    """In seconds; what never happened has no age; a list that cannot be had says for how long."""
    now = START + timedelta(days=1)
    figures = {metric.name: metric.samples[0].value for metric in StoreFigures(store.roster, lambda: now).collect()}
    assert figures["tldops_generation_age_seconds"] == 86400
    assert "tldops_last_check_age_seconds" not in figures
    fresh = Freshness(now - timedelta(hours=2), now - timedelta(hours=1)).failed(now - timedelta(minutes=1), "Timeout")
    write_note(store.roster, FRESHNESS, fresh)
    figures = {metric.name: metric.samples[0].value for metric in StoreFigures(store.roster, lambda: now).collect()}
    assert figures["tldops_last_check_age_seconds"] == 7200
    assert figures["tldops_list_age_seconds"] == 3600
    assert figures["tldops_list_failing_seconds"] == 60


def test_without_metrics_nothing_is_counted_or_imported(store: Store) -> None:
    """Who wants no figures pays nothing for them."""
    program = (
        "import sys; from pathlib import Path; from radicale_tldops.serve.live import LiveStore\n"
        "from radicale_tldops.serve.metrics import Metrics\n"
        "from radicale_tldops.settings import Settings, StoreSettings\n"
        "roster, members = map(Path, sys.argv[1:])\n"
        "metrics = Metrics(LiveStore(Settings(store=StoreSettings(roster, members))), roster, None)\n"
        "metrics.observe('GET', 200, 0.1, 1); metrics.login('ok'); metrics.audit_dropped()\n"
        "assert 'prometheus_client' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program, store.roster, store.members], check=True, timeout=60)


def test_an_address_that_is_taken_is_an_error_before_anything_starts(world: World, address: str) -> None:
    """With the setting in it, and exit code 2."""
    world.configure(f'[server]\nmetrics = "{address}"\n')
    world.sync(JOHN)
    result = world.run("serve", "--port", str(free_port()))
    assert result.code == 2
    assert re.search(r"cannot listen on .* for metrics: .*\[server\] metrics", result.err, re.DOTALL), result.err
    assert "Traceback" not in result.err


@pytest.mark.parametrize(
    "address", ["0.0.0.0:9232", "192.0.2.1:9232", "localhost:9232", "127.0.0.1", "127.0.0.1:0", "[::]:9232", "9232"]
)
def test_only_an_address_of_the_loopback_is_taken(tmp_path: Path, address: str) -> None:
    """What is told there, how many contacts there are for example, is nobody's business outside."""
    config = tmp_path / "tldops.toml"
    config.write_text(f'[server]\nmetrics = "{address}"\n')
    with pytest.raises(SettingsError, match="loopback"):
        load(config)
    for right in ("127.0.0.1:9232", "[::1]:9232", ""):
        config.write_text(f'[server]\nmetrics = "{right}"\n')
        assert load(config).server.metrics == right


def test_the_server_answers_before_and_after_its_worker_died(world: World) -> None:
    """Over HTTP: the figures count from 0 in a new worker, at the same address."""
    address = f"127.0.0.1:{free_port()}"
    world.configure(f'[server]\nmetrics = "{address}"\n')
    world.sync(JOHN, JANE)
    login = world.device("john.doe@nic.nl")
    with running(world) as server:
        client = Client(server.url, login)
        for count in (20, 5):
            for _ in range(count):
                assert client.propfind("/", "{DAV:}current-user-principal").status == 207
            assert Client(server.url, user="jane", password="wrong").propfind("/", "{DAV:}displayname").status == 401
            found = scrape(address)
            assert found['tldops_requests_total{method="PROPFIND",status="2xx"}'] == count
            assert found['tldops_requests_total{method="PROPFIND",status="4xx"}'] == 1
            assert found['tldops_logins_total{outcome="ok"}'] == count
            assert found['tldops_logins_total{outcome="refused"}'] == 1
            assert found["tldops_sent_bytes_total"] > 1000
            assert found["tldops_blind_seconds"] == 0
            assert found["tldops_cards"] == 2
            assert not re.search(r"john|jane|nic|@", " ".join(found))
            os.kill(server.worker, signal.SIGKILL)
        # No member is told of it there, and nothing else is.
        assert Client(server.url).request("GET", "/metrics").status == 401
