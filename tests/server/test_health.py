"""`/.health` and `/.health/live`: what is wrong in one word, nothing about anybody, and next to no cost."""

import json
import re
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from radicale_tldops.serve.health import KEPT, LIVE, READY, Health
from radicale_tldops.serve.live import LiveStore
from radicale_tldops.settings import Settings, StoreSettings
from radicale_tldops.store.freshness import Freshness
from radicale_tldops.store.notes import FRESHNESS
from radicale_tldops.store.write import write_note
from tests.support import JANE, JOHN, Client, World, serve
from tests.support.store import Store

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
WELL = {"status": "ok", "store": "ok", "generation": "ok", "check": "ok", "list": "ok", "modes": "ok"}


class Watched:
    """A worker's health, with clocks that a test moves."""

    def __init__(self, store: Store, max_check_age: int = 24) -> None:
        self.monotonic = 1000.0
        self.now = NOW
        settings = Settings(store=StoreSettings(store.roster, store.members))
        settings = replace(settings, server=replace(settings.server, max_check_age=max_check_age, max_blind=60))
        self.live = LiveStore(settings, lambda: self.monotonic)
        self.health = Health(settings, self.live, lambda: self.monotonic, lambda: self.now)

    def look(self, path: str = READY) -> tuple[int, dict[str, str]]:
        """What somebody gets who asks a moment later."""
        self.monotonic += KEPT
        status, body = self.health.answer(path)
        return status, json.loads(body)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path)
    made.apply(put=["jane", "john"])
    write_note(made.roster, FRESHNESS, Freshness(NOW, NOW))
    return made


def test_all_is_well(store: Store) -> None:
    """A store that can be read, a generation that was verified, and a check that is recent."""
    assert Watched(store).look() == (200, WELL)


def flip_a_bit(store: Store) -> None:
    with closing(sqlite3.connect(store.roster)) as connection, connection:
        connection.execute("UPDATE card SET text = 'x'")
        connection.execute("UPDATE meta SET value = value + 1 WHERE key = 'counter'")


def take_away(store: Store) -> None:
    store.roster.rename(store.roster.with_suffix(".away"))


def take_the_devices_away(store: Store) -> None:
    store.members.rename(store.members.with_suffix(".away"))


def overwrite(store: Store) -> None:
    store.roster.write_bytes(b"no database at all" * 100)


@pytest.mark.parametrize(
    ("harm", "check", "word"),
    [
        (flip_a_bit, "generation", "damaged"),
        (overwrite, "generation", "damaged"),
        (take_away, "store", "unreadable"),
        (take_the_devices_away, "store", "unreadable"),
    ],
)
@pytest.mark.parametrize("when", ["at the start", "while serving"])
def test_a_store_in_trouble_fails_at_once(
    store: Store, harm: Callable[[Store], None], check: str, word: str, when: str
) -> None:
    """Readiness fails while the last good roster is still served; the worker itself lives."""
    watched = Watched(store)
    if when == "while serving":
        assert watched.look() == (200, WELL)
    harm(store)
    status, found = watched.look()
    assert (status, found["status"], found[check]) == (503, "failing", word)
    assert watched.look(LIVE) == (200, {"status": "ok"})


def test_an_older_copy_is_called_so(store: Store) -> None:
    """It can be read, and it is not what was here."""
    older = store.roster.read_bytes()
    store.apply(put=["jim"])
    watched = Watched(store)
    assert watched.look()[0] == 200
    with closing(sqlite3.connect(store.roster)) as roster:
        (lineage,) = roster.execute("SELECT value FROM meta WHERE key = 'lineage'").fetchone()
    with closing(sqlite3.connect(store.members)) as members, members:
        members.execute("INSERT INTO meta (key, value) VALUES ('newest_roster', ?)", (f"{lineage} 2 9",))
    store.roster.write_bytes(older)
    status, found = watched.look()
    assert (status, found["generation"]) == (503, "older")


def test_a_store_without_a_generation_is_not_ready(tmp_path: Path) -> None:
    """There is nothing that could be served."""
    status, found = Watched(Store(tmp_path)).look()
    assert (status, found["generation"], found["check"]) == (503, "none", "never")


def test_health_recovers_by_itself(store: Store) -> None:
    """As soon as the store is there again, and no later than the next look."""
    watched = Watched(store)
    take_away(store)
    assert watched.look()[0] == 503
    store.roster.with_suffix(".away").rename(store.roster)
    assert watched.look() == (200, WELL)


@pytest.mark.parametrize(
    ("hours", "word"), [(0, "ok"), (23.9, "ok"), (24.1, "late"), (8760, "late"), (-0.05, "ok"), (-8760, "ahead")]
)
def test_the_last_check_must_be_recent(store: Store, hours: float, word: str) -> None:
    """Whoever left the list still reads until a check says so; a clock that was put back does not hide it."""
    watched = Watched(store)
    watched.now = NOW + timedelta(hours=hours)
    status, found = watched.look()
    assert (status, found["check"], found["list"]) == (200 if word == "ok" else 503, word, word)


def test_a_list_that_cannot_be_had_is_late_by_itself(store: Store) -> None:
    """The two are judged apart: a sync of access alone keeps the list fresh, not the roster."""
    write_note(store.roster, FRESHNESS, Freshness(NOW - timedelta(days=2), NOW))
    status, found = Watched(store).look()
    assert (status, found["check"], found["list"]) == (503, "late", "ok")


def test_no_limit_no_look(store: Store) -> None:
    """0 is for those who sync by hand, when there is something to sync."""
    watched = Watched(store, max_check_age=0)
    watched.now = NOW + timedelta(days=3000)
    assert watched.look() == (200, {**WELL, "check": "off", "list": "off"})


def test_strangers_who_ask_often_cost_one_look(store: Store) -> None:
    """Within a second the answer stands, whatever happens to the store; after it, not."""
    watched = Watched(store)
    watched.look()
    take_away(store)
    for _ in range(1000):
        assert watched.health.answer(READY)[0] == 200
    assert watched.look()[0] == 503


def test_many_threads_get_whole_answers(store: Store) -> None:
    """The first ones wait for the first look; nobody gets nothing."""
    watched = Watched(store)
    answers: list[tuple[int, bytes]] = []
    threads = [threading.Thread(target=lambda: answers.append(watched.health.answer(READY))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 8
    assert len(set(answers)) == 1


def test_a_writer_at_work_is_no_trouble(store: Store) -> None:
    """While a command commits, all is still well, and nobody waits long."""
    watched = Watched(store)
    watched.look()
    with closing(sqlite3.connect(store.roster, isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        assert watched.look() == (200, WELL)
        writer.execute("ROLLBACK")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, str]]:
    """A server whose store the tests may harm."""
    world = World(tmp_path_factory.mktemp("health"))
    world.sync(JOHN, JANE)
    with serve(world) as url:
        yield world, url


@pytest.mark.parametrize("path", [LIVE, READY])
def test_health_over_http_tells_strangers_nothing_else(server: tuple[World, str], path: str) -> None:
    """Words alone: no number, no name, no path, no address; GET and HEAD, without a login."""
    client = Client(server[1])
    answer = client.request("GET", path)
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert set(json.loads(answer.body)) <= set(WELL)
    assert re.fullmatch(rb'[{},:"a-z]+\n', answer.body)
    head = client.request("HEAD", path)
    assert (head.status, head.body) == (200, b"")


def test_readiness_over_http_follows_the_store(server: tuple[World, str]) -> None:
    """503 while the store is away, and the worker still alive; 200 when it is back."""
    world, url = server
    client = Client(url)
    roster = world.folder / "roster.sqlite"
    assert client.request("GET", READY).status == 200
    roster.rename(roster.with_suffix(".away"))
    wait_for(lambda: client.request("GET", READY).status == 503)
    assert client.request("GET", LIVE).status == 200
    roster.with_suffix(".away").rename(roster)
    wait_for(lambda: client.request("GET", READY).status == 200)


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until something is so; the answers are cached for a second."""
    pause = threading.Event()
    for _ in range(100):
        if condition():
            return
        pause.wait(0.1)
    raise AssertionError("it never came to be so")
