"""Figures for Prometheus: added up over workers, kept when one dies, told on the loopback, and nobody's data."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from radicale_tldops.roster.errors import SettingsError
from radicale_tldops.serve.exporter import StoreFigures, exporter
from radicale_tldops.serve.live import LiveStore
from radicale_tldops.serve.metrics import FOLDER, METHODS, OUTCOMES, Metrics
from radicale_tldops.settings import Settings, StoreSettings, load
from radicale_tldops.store.freshness import Freshness
from radicale_tldops.store.notes import FRESHNESS
from radicale_tldops.store.write import write_note
from tests.server.processes import by_worker, children, several
from tests.support import JANE, JOHN, Client, Workspace, free_port
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


def count_in_a_worker(store: Store, code: str) -> None:
    """Run a process that counts, as a worker does, and ends."""
    program = (
        "import sys; from pathlib import Path; from radicale_tldops.serve.live import LiveStore\n"
        "from radicale_tldops.serve.metrics import Metrics\n"
        "from radicale_tldops.settings import Settings, StoreSettings\n"
        "metrics = Metrics(LiveStore(Settings(store=StoreSettings(Path(sys.argv[1]), Path(sys.argv[2])))))\n"
    )
    subprocess.run([sys.executable, "-c", program + code, store.roster, store.members], check=True, timeout=60)


@pytest.fixture
def address(store: Store) -> Iterator[str]:
    """Where Prometheus is answered."""
    address = f"127.0.0.1:{free_port()}"
    with exporter(address, store.roster):
        yield address


def test_what_workers_count_is_added_up(store: Store, address: str) -> None:
    """Requests by method and status class, durations, bytes, logins by outcome, lost rows; of ended workers, too."""
    for _ in range(2):
        count_in_a_worker(
            store,
            "for _ in range(3): metrics.observe('REPORT', 207, 0.003, 1000)\n"
            "metrics.observe('PROPFIND', 401, 0.0001, 10); metrics.login('refused'); metrics.login('ok')\n"
            "metrics.audit_dropped(2)\n",
        )
    found = scrape(address)
    assert found['tldops_requests_total{method="REPORT",status="2xx"}'] == 6
    assert found['tldops_requests_total{method="PROPFIND",status="4xx"}'] == 2
    assert found['tldops_request_seconds_count{method="REPORT"}'] == 6
    assert found['tldops_request_seconds_bucket{le="0.002",method="REPORT"}'] == 0
    assert found['tldops_request_seconds_bucket{le="0.01",method="REPORT"}'] == 6
    assert found['tldops_request_seconds_sum{method="REPORT"}'] == pytest.approx(0.018)
    assert found["tldops_sent_bytes_total"] == 6020
    assert (found['tldops_logins_total{outcome="ok"}'], found['tldops_logins_total{outcome="refused"}']) == (2, 2)
    assert found["tldops_audit_dropped_total"] == 4


def test_every_series_is_there_before_its_first_event(store: Store, address: str) -> None:
    """So that a rate over it does not miss the first one."""
    count_in_a_worker(store, "")
    found = scrape(address)
    for method in (*METHODS, "other"):
        assert found[f'tldops_requests_total{{method="{method}",status="5xx"}}'] == 0
    for outcome in OUTCOMES:
        assert found[f'tldops_logins_total{{outcome="{outcome}"}}'] == 0


def test_a_clients_own_words_make_no_series(store: Store, address: str) -> None:
    """A thousand invented methods are one "other"; a strange status or outcome is none at all."""
    count_in_a_worker(store, "")
    before = set(scrape(address))
    count_in_a_worker(
        store,
        "for n in range(1000): metrics.observe(f'M{n}', 405, 0.1, 1); metrics.observe('GET', n, 0.1, 1)\n"
        "metrics.login('jane')",
    )
    found = scrape(address)
    assert set(found) == before
    assert found['tldops_requests_total{method="other",status="4xx"}'] == 1000


def test_the_store_is_asked_when_prometheus_asks(store: Store, address: str) -> None:
    """Generation, cards and readers are those of now, with no worker at all."""
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
    figures = {one.name: one.samples[0].value for one in StoreFigures(store.roster, lambda: now).collect()}
    assert figures["tldops_generation_age_seconds"] == 86400
    assert "tldops_last_check_age_seconds" not in figures
    fresh = Freshness(now - timedelta(hours=2), now - timedelta(hours=1)).failed(now - timedelta(minutes=1), "Timeout")
    write_note(store.roster, FRESHNESS, fresh)
    figures = {one.name: one.samples[0].value for one in StoreFigures(store.roster, lambda: now).collect()}
    assert figures["tldops_last_check_age_seconds"] == 7200
    assert figures["tldops_list_age_seconds"] == 3600
    assert figures["tldops_list_failing_seconds"] == 60


def test_without_metrics_nothing_is_counted_or_imported(store: Store) -> None:
    """Who wants no figures pays nothing for them."""
    count_in_a_worker(
        store,
        "metrics.observe('GET', 200, 0.1, 1); metrics.login('ok'); metrics.audit_dropped()\n"
        "assert 'prometheus_client' not in sys.modules\n",
    )


def test_a_folder_without_room_costs_the_figures_and_no_member(
    store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The worker says so, and serves."""
    monkeypatch.setenv(FOLDER, str(tmp_path / "gone"))
    metrics = Metrics(LiveStore(Settings(store=StoreSettings(store.roster, store.members))))
    metrics.observe("GET", 200, 0.1, 1)
    metrics.login("ok")


def test_an_address_that_is_taken_is_an_error_before_anything_starts(store: Store, address: str) -> None:
    """With the setting in it; and the folder of the workers does not stay behind."""
    with pytest.raises(SettingsError, match=r"cannot listen on .* metrics"), exporter(address, store.roster):
        pass


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


def test_the_server_counts_over_all_workers_and_over_their_death(workspace: Workspace) -> None:
    """Over HTTP: what was counted stays when a worker is killed, its standing does not; the folder goes at the end."""
    address = f"127.0.0.1:{free_port()}"
    workspace.configure(f'[server]\nmetrics = "{address}"\n')
    workspace.sync(JOHN, JANE)
    login = workspace.device("john.doe@nic.nl")
    with several(workspace, workers=2) as server:
        client = Client(server.url, login)
        for _ in range(20):
            assert client.propfind("/", "{DAV:}current-user-principal").status == 207
        assert Client(server.url, user="jane", password="wrong").propfind("/", "{DAV:}displayname").status == 401
        folder = worker_folder(server.pid)
        assert len(list(folder.glob("gauge_livemax_*.db"))) == 2
        dead = children(server.pid)[0]
        os.kill(dead, signal.SIGKILL)
        for one in by_worker(server.pid, server.port, 2, gone=dead).values():
            one.close()
        found = scrape(address)
        assert found['tldops_requests_total{method="PROPFIND",status="2xx"}'] == 20
        assert found['tldops_requests_total{method="PROPFIND",status="4xx"}'] == 1
        assert (found['tldops_logins_total{outcome="ok"}'], found['tldops_logins_total{outcome="refused"}']) == (20, 1)
        assert found["tldops_sent_bytes_total"] > 1000
        assert found["tldops_blind_seconds"] == 0
        assert len(list(folder.glob("gauge_livemax_*.db"))) <= 2
        names = " ".join(found)
        assert not re.search(r"john|jane|nic|@", names)
    assert not folder.exists()


def worker_folder(parent: int) -> Path:
    """Where the workers of a server count, from the environment of one of them."""
    for child in children(parent):
        for path in Path(f"/proc/{child}/fd").iterdir():
            with contextlib.suppress(OSError):
                target = path.readlink()
                if "tldops-metrics-" in str(target):
                    return target.parent
    raise AssertionError("no worker counts")
