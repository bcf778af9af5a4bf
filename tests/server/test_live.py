"""What a worker knows: the last good state, for as long as is allowed, and never a mixture."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from radicale_tldops.roster.errors import StoreError
from radicale_tldops.roster.snapshot import Style
from radicale_tldops.serve.closing import LIST_SECONDS
from radicale_tldops.serve.live import POLL_SECONDS, LiveStore
from radicale_tldops.settings import Settings, StoreSettings
from radicale_tldops.store.freshness import Freshness
from radicale_tldops.store.members import add_device, revoke_devices
from radicale_tldops.store.newest import note
from radicale_tldops.store.notes import FRESHNESS
from radicale_tldops.store.write import write_note
from tests.support.clock import START, Clock
from tests.support.store import Store, login


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path)
    made.apply(put=["jane", "john"])
    return made


@pytest.fixture
def live(store: Store, clock: Clock) -> LiveStore:
    settings = Settings(store=StoreSettings(store.roster, store.members))
    return LiveStore(replace(settings, server=replace(settings.server, max_blind=60)), clock)


def test_a_new_generation_is_seen_at_the_next_look(store: Store, live: LiveStore, clock: Clock) -> None:
    """Nothing is read between two looks; the next one brings the new roster."""
    assert live.snapshot().generation == 1
    store.apply(put=["jim"])
    assert live.snapshot().generation == 1
    clock.now += POLL_SECONDS
    assert live.snapshot().generation == 2


def test_a_snapshot_that_was_handed_out_stays_what_it_was(store: Store, live: LiveStore, clock: Clock) -> None:
    """A request that began with one generation ends with it."""
    before = live.snapshot()
    store.apply(remove=["john"])
    clock.now += POLL_SECONDS
    assert len(live.snapshot().plain.cards) == 1
    assert len(before.plain.cards) == 2


def test_damage_leaves_the_last_good_roster_until_max_blind(store: Store, live: LiveStore, clock: Clock) -> None:
    """For a minute, here, and then the store is closed rather than serving people who may have left."""
    live.snapshot()
    with closing(sqlite3.connect(store.roster)) as connection, connection:
        connection.execute("UPDATE card SET text = 'x'")
        connection.execute("UPDATE meta SET value = value + 1 WHERE key = 'counter'")
    for _ in range(3):
        clock.now += 20
        assert len(live.snapshot().plain.cards) == 2
    clock.now += 25
    with pytest.raises(StoreError, match="does not match its digest"):
        live.snapshot()


def test_a_quiet_hour_is_not_blindness(store: Store, live: LiveStore, clock: Clock) -> None:
    """Without requests nobody looks; the first request afterwards looks, and serves."""
    live.snapshot()
    clock.now += 100_000
    assert live.snapshot().generation == 1


def test_a_writer_at_work_hides_nothing(store: Store, live: LiveStore, clock: Clock) -> None:
    """While the database is locked, the state before the commit is served, without waiting."""
    live.snapshot()
    with closing(sqlite3.connect(store.roster, isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        clock.now += POLL_SECONDS
        assert live.snapshot().generation == 1
        writer.execute("ROLLBACK")


def test_without_any_good_state_there_is_an_error(tmp_path: Path, clock: Clock) -> None:
    """Never an empty book."""
    live = LiveStore(Settings(store=StoreSettings(tmp_path / "none", tmp_path / "none either")), clock)
    with pytest.raises(StoreError, match="missing or empty"):
        live.snapshot()


def test_identity_needs_the_right_reader_the_right_password_and_the_list(
    store: Store, live: LiveStore, clock: Clock
) -> None:
    """A password belongs to one login, as long as it is the same reader, is not revoked, and is asked for exactly."""
    reader = live.snapshot().readers[login("john")]
    device, password = add_device(store.members, reader, "phone", Style.GROUPS, "tester", START)
    clock.now += POLL_SECONDS
    identity = live.identify(login("john"), password)
    assert identity is not None
    assert identity.device is not None
    assert (identity.reader, identity.style, identity.device.id) == (reader, Style.GROUPS, device.id)
    assert identity.principal == f"{reader.principal}~groups"
    for user, secret in (
        (login("jane"), password),
        (login("john"), password + "x"),
        (login("john"), password[:-1]),
        (login("john"), ""),
        ("", password),
        (reader.principal, password),
    ):
        assert live.identify(user, secret) is None
    store.apply(remove=["john"])
    store.apply(put=["john"])
    clock.now += POLL_SECONDS
    assert live.identify(login("john"), password) is None


def test_a_revoked_device_is_out_at_the_next_look(store: Store, live: LiveStore, clock: Clock) -> None:
    """No restart, no generation: the members database has a counter of its own."""
    device, password = add_device(store.members, live.snapshot().readers[login("john")], "a", Style.PLAIN, "t", START)
    clock.now += POLL_SECONDS
    assert live.identify(login("john"), password) is not None
    assert revoke_devices(store.members, [device.id], "lost", START) == 1
    clock.now += POLL_SECONDS
    assert live.identify(login("john"), password) is None


@pytest.mark.parametrize("when", ["at the start", "while serving"])
@pytest.mark.parametrize("harm", ["missing", "empty", "another one", "older"])
def test_without_the_newest_members_database_nobody_is_turned_away(
    store: Store, live: LiveStore, clock: Clock, harm: str, when: str
) -> None:
    """An error at once, which becomes 503: a 401 would make phones forget their account. Nothing is created."""
    older = store.members.read_bytes()
    _, password = add_device(store.members, live.snapshot().readers[login("john")], "a", Style.PLAIN, "t", START)
    note(store.roster, store.members)
    assert live.identify(login("john"), password) is not None
    away = store.members.rename(store.members.with_suffix(".away"))
    if harm == "another one":
        Store(store.members.parent / "other").members.rename(store.members)
    elif harm != "missing":
        store.members.write_bytes(older if harm == "older" else b"")
    clock.now += POLL_SECONDS
    if when == "at the start":
        live = LiveStore(Settings(store=StoreSettings(store.roster, store.members)), clock)
    for secret in (password, "wrong"):
        with pytest.raises(StoreError, match="members"):
            live.identify(login("john"), secret)
    assert store.members.exists() == (harm != "missing")
    away.rename(store.members)
    clock.now += POLL_SECONDS
    assert live.identify(login("john"), password) is not None


def test_an_older_copy_of_the_roster_is_not_served(store: Store, live: LiveStore, clock: Clock) -> None:
    """Sync tokens never go backwards: last week's file in the place of today's is refused, also after a restart."""
    old = store.roster.read_bytes()
    store.apply(put=["jim"])
    note(store.roster, store.members)
    assert live.snapshot().generation == 2
    new = store.roster.read_bytes()
    store.roster.write_bytes(old)
    clock.now += POLL_SECONDS
    assert live.snapshot().generation == 2
    restarted = LiveStore(Settings(store=StoreSettings(store.roster, store.members)), clock)
    with pytest.raises(StoreError, match="older copy"):
        restarted.snapshot()
    store.roster.write_bytes(new)
    clock.now += POLL_SECONDS
    assert restarted.snapshot().generation == 2


def test_an_older_copy_of_the_members_database_revives_nothing(store: Store, live: LiveStore, clock: Clock) -> None:
    """A device that was revoked stays out when the file from before is put back, also after a restart."""
    device, password = add_device(store.members, live.snapshot().readers[login("john")], "a", Style.PLAIN, "t", START)
    note(store.roster, store.members)
    old = store.members.read_bytes()
    revoke_devices(store.members, [device.id], "lost", START)
    note(store.roster, store.members)
    clock.now += POLL_SECONDS
    assert live.identify(login("john"), password) is None
    store.members.write_bytes(old)
    clock.now += POLL_SECONDS
    with pytest.raises(StoreError, match="members database is an older copy"):
        live.identify(login("john"), password)
    restarted = LiveStore(Settings(store=StoreSettings(store.roster, store.members)), clock)
    with pytest.raises(StoreError, match="members database is an older copy"):
        restarted.identify(login("john"), password)


def test_a_members_database_that_cannot_be_read_at_start_lets_nobody_be_turned_away(store: Store, clock: Clock) -> None:
    """An error, which becomes 503: a 401 would make phones forget their account."""
    store.members.write_bytes(b"garbage" * 500)
    live = LiveStore(Settings(store=StoreSettings(store.roster, store.members)), clock)
    with pytest.raises(StoreError, match="damaged"):
        live.check()
    with pytest.raises(StoreError, match="damaged"):
        live.identify(login("john"), "anything")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE generation SET created_at = 'x'",
        "UPDATE generation SET counts = '{'",
        "UPDATE meta SET value = 'x' WHERE key = 'counter'",
    ],
)
def test_a_damaged_note_is_damage_and_no_crash(store: Store, live: LiveStore, clock: Clock, statement: str) -> None:
    """Whatever row was hit, the last good roster goes on."""
    live.snapshot()
    with closing(sqlite3.connect(store.roster)) as connection, connection:
        connection.execute("UPDATE meta SET value = value + 1 WHERE key = 'counter'")
        assert connection.execute(statement).rowcount == 1
    clock.now += POLL_SECONDS
    assert len(live.snapshot().plain.cards) == 2


def test_access_closes_when_nobody_knows_the_list_for_too_long(store: Store, clock: Clock) -> None:
    """Only where that is wanted, counted from the last reading of the list; it opens again after the next."""
    today = Clock()

    def now() -> datetime:
        return START + timedelta(hours=today.now)

    settings = Settings(store=StoreSettings(store.roster, store.members))
    closing_one = replace(settings, subscribers=replace(settings.subscribers, close_after=2))
    live, other = LiveStore(closing_one, clock, now), LiveStore(settings, clock, now)
    today.now = 10.0
    write_note(store.roster, FRESHNESS, Freshness().list_read(now()))
    assert live.snapshot().generation == 1
    today.now += 2.1
    clock.now += LIST_SECONDS
    with pytest.raises(StoreError, match="subscriber list"):
        live.check()
    assert other.snapshot().generation == 1
    write_note(store.roster, FRESHNESS, Freshness().list_read(now()))
    clock.now += LIST_SECONDS
    assert live.snapshot().generation == 1


def test_a_password_works_as_soon_as_it_is_issued(store: Store, live: LiveStore) -> None:
    """A member who types it at once is not refused for want of a look."""
    reader = live.snapshot().readers[login("john")]
    for label in ("phone", "tablet"):
        device, password = add_device(store.members, reader, label, Style.PLAIN, "x", START)
        identity = live.identify(login("john"), password)
        assert identity is not None
        assert identity.device == device


def test_wrong_passwords_make_no_worker_look(store: Store, live: LiveStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that nobody has changed of late is not read again: whoever guesses costs a glance at two files."""
    for path in (store.roster, store.members):
        os.utime(path, (START.timestamp(),) * 2)
    looks = []
    assert live.snapshot().generation == 1
    monkeypatch.setattr("radicale_tldops.serve.live.read_mark", lambda *_, **__: looks.append(1))
    for _ in range(20):
        assert live.identify(login("john"), "wrong") is None
    assert not looks


def test_a_look_leaves_the_locks_of_a_writer_in_this_process_alone(store: Store, live: LiveStore) -> None:
    """The recorder writes in another thread: a file that is closed beside it would let a second writer in."""
    assert live.snapshot().generation == 1
    other = "import sqlite3, sys; sqlite3.connect(sys.argv[1], 0, isolation_level=None).execute('BEGIN IMMEDIATE')"
    with closing(sqlite3.connect(store.members, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        assert live.identify(login("john"), "wrong") is None
        live.reload()
        second = subprocess.run([sys.executable, "-c", other, str(store.members)], capture_output=True, text=True)
    assert "database is locked" in second.stderr


def test_two_changes_within_a_tick_of_the_files_clock_are_both_seen(store: Store, live: LiveStore) -> None:
    """The time of a file tells nothing of a change right after another one."""
    reader = live.snapshot().readers[login("john")]
    for number in range(20):
        device, password = add_device(store.members, reader, f"device {number}", Style.PLAIN, "x", START)
        identity = live.identify(login("john"), password)
        assert identity is not None
        assert identity.device == device
