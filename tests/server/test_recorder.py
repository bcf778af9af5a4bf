"""The recorder: what is written of logins and downloads, and that no request waits for it or fails because of it."""

import contextlib
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from radicale_tldops.serve import recorder as module
from radicale_tldops.serve.recorder import MAX_WAITING, Recorder
from radicale_tldops.settings import Settings, StoreSettings
from radicale_tldops.store import audit
from radicale_tldops.store.audit import load, read_detail
from radicale_tldops.store.members import load_devices
from radicale_tldops.store.retention import verify_log
from radicale_tldops.store.usage import load_usage
from tests.support.clock import START, Clock
from tests.support.permissions import obey_permissions
from tests.support.store import Store

JANE, JOHN = "jane@nic.example", "john@nic.example"
PHONE, HOME = "DAVx5/4.4 (Android)", "192.0.2.7"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def settings(store: Store) -> Settings:
    """Settings that name the store."""
    return Settings(store=StoreSettings(store.roster, store.members))


@contextlib.contextmanager
def recorder(store: Store, clock: Clock | None = None) -> Iterator[Recorder]:
    """A recorder as in a worker, which has written all that it can when the block ends."""
    clock = clock or Clock()
    worker = Recorder(settings(store), clock=clock, now=clock.date)
    try:
        yield worker
    finally:
        worker.close(30)


def told(store: Store) -> list[tuple[str, str]]:
    """The entries of the log, as action and subject."""
    return [(row.action, row.subject) for row in load(store.members)]


@contextlib.contextmanager
def locked(store: Store) -> Iterator[None]:
    """Hold the members database as a command that writes for long."""
    with contextlib.closing(sqlite3.connect(store.members, isolation_level=None)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        yield


def test_logins_and_downloads_are_recorded_once(store: Store) -> None:
    """Of a hundred requests of one client, one login and one download are entries; another device is another."""
    with recorder(store) as worker:
        for _ in range(100):
            worker.login(JANE, "d1", HOME, PHONE)
            worker.download(JANE, "d1", 4, "plain")
        worker.login(JOHN, "d2", HOME, PHONE)
    assert told(store) == [("login", JANE), ("download", JANE), ("login", JOHN)]
    assert read_detail(load(store.members)[0])["agent"] == "DAVx5"
    assert worker.dropped == 0


def test_whole_addresses_and_user_agents_are_kept_nowhere(store: Store) -> None:
    """Neither database holds a client's address, nor the versions that it tells."""
    with recorder(store) as worker:
        worker.login(JANE, "d1", "192.0.2.77", "DAVx5/4.4-secretversion (Pixel)")
        worker.login(JANE, "d1", "2001:db8:1:2::77", "")
    content = store.members.read_bytes() + store.roster.read_bytes()
    for part in (b"192.0.2.77", b"::77", b"secretversion", b"Pixel"):
        assert part not in content
    assert b"192.0.2.0/24" in content


def test_recorders_agree_on_what_is_new(store: Store) -> None:
    """What one worker has written is not new to another, nor to one that starts later."""
    with recorder(store) as first, recorder(store) as second:
        for worker in (first, second, first):
            worker.login(JANE, "d1", HOME, PHONE)
            worker.download(JANE, "d1", 4, "plain")
    assert len(told(store)) == 2
    before = store.members.read_bytes()
    with recorder(store) as third:
        third.login(JANE, "d1", HOME, PHONE)
        third.download(JANE, "d1", 4, "plain")
    assert store.members.read_bytes() == before


def test_last_use_goes_on(store: Store, clock: Clock) -> None:
    """An hour later the date moves on, without an entry."""
    with recorder(store, clock) as worker:
        worker.login(JANE, "d1", HOME, PHONE)
        clock.now += module.AGAIN + 1
        worker.login(JANE, "d1", HOME, PHONE)
    (used,), _ = load_usage(store.members)
    assert used.last_seen == clock.date().isoformat()
    assert len(told(store)) == 1


def test_a_chain_that_many_write_is_one_chain(store: Store) -> None:
    """Three recorders and a command at once: nothing is lost, the numbers have no gap, no command fails."""
    failed: list[BaseException] = []

    def command() -> None:
        try:
            for number in range(30):
                audit.record(store.members, "clerk", "test", str(number), {}, START)
        except BaseException as error:
            failed.append(error)

    running = threading.Thread(target=command)
    with recorder(store) as first, recorder(store) as second, recorder(store) as third:
        running.start()
        for number in range(60):
            for worker in (first, second, third):
                worker.login(JANE, f"d{number}", HOME, PHONE)
                worker.download(JANE, f"d{number}", 1, "plain")
        running.join()
    assert not failed
    actions = [action for action, _ in told(store)]
    assert (actions.count("login"), actions.count("download"), actions.count("test")) == (60, 60, 30)
    assert verify_log(store.roster, store.members).entries == 150
    assert verify_log(store.roster, store.members).whole


def test_a_locked_database_makes_nobody_wait_and_loses_nothing(store: Store) -> None:
    """Calls return while another holds the database, and what they told is written when it is free."""
    with recorder(store) as worker, locked(store):
        for number in range(50):
            worker.login(JANE, f"d{number}", HOME, PHONE)
        assert worker.dropped == 0
    assert len(told(store)) == 50


def test_what_is_lost_is_counted_and_told(store: Store, clock: Clock) -> None:
    """A database that fails for longer than the patience: the number is there at once, and an entry later."""
    counted: list[int] = []
    worker = Recorder(settings(store), counted.append, clock=clock, now=clock.date, patience=0)
    aside = store.members.rename(store.members.with_name("aside"))
    worker.login(JANE, "d1", HOME, PHONE)
    worker.download(JANE, "d1", 4, "plain")
    wait_until(lambda: worker.dropped == 2)
    aside.rename(store.members)
    assert sum(counted) == 2
    clock.now += 301
    worker.login(JANE, "d1", HOME, PHONE)
    worker.download(JANE, "d1", 4, "plain")
    worker.close(30)
    assert told(store) == [("not recorded", "logins and downloads"), ("login", JANE), ("download", JANE)]
    assert read_detail(load(store.members)[0])["count"] == 2
    assert (worker.dropped, verify_log(store.roster, store.members).whole) == (2, True)


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for what a thread does; fails after half a minute."""
    pause = threading.Event()
    for _ in range(600):
        if condition():
            return
        pause.wait(0.05)
    raise AssertionError("it never happened")


def test_a_full_queue_drops_and_counts(store: Store) -> None:
    """Memory is bounded: what comes on top of a full queue is counted, and no call fails."""
    with recorder(store) as worker, locked(store):
        for number in range(3 * MAX_WAITING):
            worker.login(JANE, f"d{number}", HOME, PHONE)
        dropped = worker.dropped
        assert MAX_WAITING <= dropped < 3 * MAX_WAITING
    actions = [action for action, _ in told(store)]
    assert actions.count("login") == 3 * MAX_WAITING - dropped
    lost = [read_detail(row)["count"] for row in load(store.members, audit.AuditFilter(action="not recorded"))]
    assert sum(lost) == dropped


def _missing(store: Store) -> None:
    store.members.unlink()


def _damaged(store: Store) -> None:
    store.members.write_bytes(b"garbage" * 1000)


def _older(store: Store) -> None:
    with contextlib.closing(sqlite3.connect(store.members)) as connection, connection:
        connection.execute("UPDATE meta SET value = '1' WHERE key = 'schema_version'")


def _without_tables(store: Store) -> None:
    with contextlib.closing(sqlite3.connect(store.members)) as connection, connection:
        connection.execute("DROP TABLE last_used")


@pytest.mark.parametrize("harm", [_missing, _damaged, _older, _without_tables])
def test_no_fault_of_the_database_reaches_a_request(store: Store, harm: Callable[[Store], None]) -> None:
    """Missing, damaged, of an older version, with a table that is gone: calls return, and drops are counted."""
    harm(store)
    before = store.members.read_bytes() if store.members.exists() else b""
    with recorder(store) as worker:
        worker.login(JANE, "d1", HOME, PHONE)
        worker.download(JANE, "d1", 4, "plain")
    assert worker.dropped == 2
    assert (store.members.read_bytes() if store.members.exists() else b"") == before


def test_a_date_that_nobody_can_read_is_replaced(store: Store) -> None:
    """One damaged value does not keep what others do from being recorded."""
    with recorder(store) as worker:
        worker.login(JANE, "d1", HOME, PHONE)
    with contextlib.closing(sqlite3.connect(store.members)) as connection, connection:
        connection.execute("UPDATE last_used SET last_seen = 'yesterday'")
    with recorder(store) as worker:
        worker.login(JANE, "d1", HOME, PHONE)
        worker.login(JOHN, "d2", HOME, PHONE)
    assert worker.dropped == 0
    assert {row.last_seen for row in load_usage(store.members)[0]} == {Clock().date().isoformat()}


FAULTY = """
import sys
from pathlib import Path
from radicale_tldops.serve.recorder import Recorder
from radicale_tldops.settings import Settings, StoreSettings
from radicale_tldops.store.members import load_devices
members = Path(sys.argv[1])
one = Recorder(Settings(store=StoreSettings(members.with_name("roster.sqlite"), members)))
for number in range(900):
    one.login(f"person{number}@nic.example", "d1", "192.0.2.7", "curl/8.5")
one.close(30)
load_devices(members)
print(one.dropped)
"""


def full() -> None:
    """Let no file grow."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))


@pytest.mark.parametrize("fault", [obey_permissions, full])
def test_a_read_only_or_full_disk(store: Store, fault: Callable[[], None]) -> None:
    """Everything is counted, device passwords are read as ever, and the database is what it was."""
    before = store.members.read_bytes()
    store.members.chmod(0o400)
    store.members.parent.chmod(0o500 if fault is obey_permissions else 0o700)
    command = [sys.executable, "-c", FAULTY, str(store.members)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, preexec_fn=fault)
    finally:
        store.members.parent.chmod(0o700)
    assert (done.returncode, done.stdout.strip()) == (0, "900"), done
    assert store.members.read_bytes() == before
    assert not (store.members.with_name("members.sqlite-journal")).exists()


ENDING = """
import multiprocessing, sys
from pathlib import Path
from radicale_tldops.serve.recorder import Recorder
from radicale_tldops.settings import Settings, StoreSettings

def work(members):
    one = Recorder(Settings(store=StoreSettings(members.with_name("roster.sqlite"), members)))
    one.login("jane@nic.example", "d1", "192.0.2.7", "curl/8.5")

if __name__ == "__main__":
    members = Path(sys.argv[1])
    if sys.argv[2] == "child":
        child = multiprocessing.get_context("fork").Process(target=work, args=(members,))
        child.start()
        child.join()
    else:
        work(members)
"""


@pytest.mark.parametrize("where", ["child", "program"])
def test_a_process_that_ends_writes_what_is_waiting(store: Store, where: str) -> None:
    """Nobody has to call `close`, neither in a program nor in a worker of granian's, which is such a child."""
    subprocess.run([sys.executable, "-c", ENDING, str(store.members), where], timeout=60, check=True)
    assert told(store) == [("login", JANE)]


KILLED = """
import os, signal, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA cache_size = 1")
connection.execute("BEGIN IMMEDIATE")
connection.execute("UPDATE meta SET value = 'half written'")
for number in range(300):
    connection.execute("INSERT INTO seen_from VALUES (?, '', '', '')", (f"{number}" * 50,))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_worker_left_half_way_is_undone_at_the_next_start(store: Store) -> None:
    """A server that only reads could not read the device passwords until somebody writes: the recorder does."""
    subprocess.run([sys.executable, "-c", KILLED, str(store.members)], timeout=60, check=False)
    journal = store.members.with_name("members.sqlite-journal")
    assert journal.stat().st_size > 0
    with recorder(store):
        wait_until(lambda: not journal.exists())
    assert load_devices(store.members) == (0, [])
    assert load_usage(store.members) == ([], [])


def test_a_worker_bounds_what_it_remembers(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """More devices than it keeps in mind are forgotten there, and not told twice."""
    monkeypatch.setattr(module, "_MAX_KNOWN", 20)
    with recorder(store) as worker:
        for number in [*range(100), *range(100)]:
            worker.login(JANE, f"d{number}", HOME, PHONE)
        assert len(worker._devices) <= 22
    assert len(told(store)) == 100


def test_time_is_the_time_of_the_request(store: Store) -> None:
    """An entry that waited has the time of what it tells, in UTC."""
    before = datetime.now(UTC)
    worker = Recorder(settings(store))
    worker.login(JANE, "d1", HOME, PHONE)
    after = datetime.now(UTC)
    worker.close(30)
    assert before <= datetime.fromisoformat(load(store.members)[0].at) <= after
