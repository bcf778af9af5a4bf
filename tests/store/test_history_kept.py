"""How long earlier cards are kept: by time, never fewer than ten generations, and not by a clock that is wrong."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from radicale_tldops.roster.errors import CorruptStoreError, UnknownSubjectError
from radicale_tldops.store import audit
from radicale_tldops.store.kept import load_people, verify_kept
from radicale_tldops.store.notes import KEPT_FROM, read_note
from radicale_tldops.store.read import load_history, load_snapshot, load_state
from radicale_tldops.store.retention import drop_history
from radicale_tldops.store.values import Change, Stamp
from radicale_tldops.store.write import apply_change, drop_cards
from tests.support.clock import START
from tests.support.store import Store, new_card, uid

DAY = timedelta(days=1)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Generation 1 puts "a" into an empty store, and each of the next 60 days brings a generation that changes it."""
    store = Store(tmp_path)
    store.apply(put=["a"], note="0")
    for day in range(1, 61):
        change(store, str(day), START + day * DAY)
    return store


def change(store: Store, note: str, now: datetime, kind: str = "sync") -> None:
    """Change the card of "a" at a time, with its entry in the audit log."""
    stamp = Stamp(now, "tester", kind, counts=replace(load_history(store.roster, limit=1)[0].counts))
    written = apply_change(store.roster, store.base, Change(cards=[new_card("a", note)]), stamp)
    store.base = written.id
    audit.record(store.members, "tester", kind, f"generation {written.id}", {}, now)


def kept_from(store: Store) -> int:
    """The oldest generation with its cards; it and all later ones can be read, and none before it."""
    verify_kept(store.roster)
    first = read_note(store.roster, KEPT_FROM)
    for number in range(max(first, 1), store.base + 1):
        assert load_people(store.roster, number)[1][uid("a")].key == f"a {number - 1}"
    if first > 1:
        with pytest.raises(UnknownSubjectError, match=f"oldest that are kept are those of generation {first}"):
            load_people(store.roster, first - 1)
    with pytest.raises(UnknownSubjectError, match=f"no generation {store.base + 1}"):
        load_people(store.roster, store.base + 1)
    return first


@pytest.mark.parametrize(
    ("days", "oldest"),
    # The cards that were served 20 days before the last day are those of generation 41, also in the hours after that.
    [(400, 0), (60, 0), (59, 1), (20, 40), (1, 52)],
    ids=["all is young", "to the second", "the first is old", "by time", "at least ten"],
)
def test_cards_stay_for_so_many_days_and_at_least_ten_generations(store: Store, days: int, oldest: int) -> None:
    """What was served at the beginning of the time is kept, whenever it was written."""
    before = load_snapshot(store.roster)
    drop_history(store.roster, store.members, days, START + 60 * DAY)
    assert kept_from(store) == oldest
    assert load_snapshot(store.roster) == before
    change(store, "61", START + 61 * DAY)
    assert kept_from(store) == oldest


def test_generations_of_logins_alone_push_nothing_out(store: Store) -> None:
    """The last ten generations with cards stay, however many others follow."""
    counts = load_history(store.roster, limit=1)[0].counts
    for number in range(12):
        stamp = Stamp(START + 60 * DAY, "tester", "access", counts=counts)
        store.base = apply_change(store.roster, store.base, Change(), stamp).id
        assert store.base == 62 + number
    drop_history(store.roster, store.members, 1, START + 60 * DAY)
    assert read_note(store.roster, KEPT_FROM) == 52


@pytest.mark.parametrize(("now", "later"), [(START + 3000 * DAY, 41), (START - 3000 * DAY, 0)], ids=["ahead", "behind"])
def test_a_clock_that_is_years_off_deletes_nothing(store: Store, now: datetime, later: int) -> None:
    """Neither while it is off, nor by what was written meanwhile: after a jump back, pruning waits for a month."""
    change(store, "61", now)
    drop_history(store.roster, store.members, 20, now)
    assert kept_from(store) == 0
    change(store, "62", START + 61 * DAY)
    drop_history(store.roster, store.members, 20, START + 61 * DAY)
    assert kept_from(store) == later


def test_a_log_of_a_few_days_proves_no_clock(tmp_path: Path) -> None:
    """Where the audit log does not reach back a month, nothing goes."""
    store = Store(tmp_path)
    store.apply(put=["a"], note="0")
    for day in range(1, 21):
        change(store, str(day), START + day * DAY)
    drop_history(store.roster, store.members, 1, START + 20 * DAY)
    assert kept_from(store) == 0


def test_a_long_past_goes_in_parts(store: Store) -> None:
    """Each call deletes a bounded number of rows, and what is left is whole."""
    assert [drop_cards(store.roster, 30, most=most) for most in (10, 10, 1, 0, 100)] == [11, 21, 22, 23, 30]
    assert kept_from(store) == 30


def test_a_damaged_store_is_not_sealed_by_deleting(store: Store) -> None:
    """The digest of the newest generation is written anew, so it has to match before."""
    with closing(sqlite3.connect(store.roster)) as connection, connection:
        connection.execute("UPDATE card SET text = 'x' WHERE until IS NULL")
    with pytest.raises(CorruptStoreError):
        drop_history(store.roster, store.members, 20, START + 60 * DAY)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE meta SET value = '45' WHERE key = 'kept_from'",
        "UPDATE meta SET value = '35' WHERE key = 'kept_from'",
        "DELETE FROM meta WHERE key = 'kept_from'",
        "UPDATE generation SET kind = 'rollback' WHERE id = 3",
        "UPDATE generation SET created_at = '2020-01-01T00:00:00+00:00' WHERE id = 61",
        "UPDATE generation SET chain = 'x' WHERE id = 60",
        "UPDATE generation SET actor = 'x' WHERE id = 61",
        "DELETE FROM generation WHERE id = 60",
    ],
)
def test_what_is_read_of_the_past_at_each_load_is_verified_there(store: Store, statement: str) -> None:
    """How far the past goes, whether cards were brought back, the times that are served, and the newest links."""
    drop_history(store.roster, store.members, 20, START + 60 * DAY)
    with closing(sqlite3.connect(store.roster)) as connection, connection:
        assert connection.execute(statement).rowcount == 1
    with pytest.raises(CorruptStoreError):
        load_snapshot(store.roster)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE generation SET actor = 'x' WHERE id = 50",
        "UPDATE generation SET chain = 'x' WHERE id = 49",
        "DELETE FROM generation WHERE id = 50",
        "INSERT INTO generation SELECT 1000 + id, lineage, created_at, actor, kind, plan_id, sources, counts, forced, "
        "note, digest, ended, chain FROM generation WHERE id = 50",
    ],
)
def test_earlier_rows_are_verified_by_whoever_reads_them(store: Store, statement: str) -> None:
    """The history, the recent generations that the guards count, and the cards of then."""
    with closing(sqlite3.connect(store.roster)) as connection, connection:
        assert connection.execute(statement).rowcount == 1
    for read in (
        lambda: load_history(store.roster),
        lambda: load_history(store.roster, since=50),
        lambda: load_state(store.roster, START + 48 * DAY),
        lambda: load_people(store.roster, 45),
    ):
        with pytest.raises(CorruptStoreError):
            read()


def test_history_is_read_from_a_number_on_or_so_many(store: Store) -> None:
    """The newest first, and the state holds those of the window alone."""
    assert [past.id for past in load_history(store.roster, limit=3)] == [61, 60, 59]
    assert [past.id for past in load_history(store.roster, since=60)] == [61, 60]
    assert len(load_history(store.roster)) == 61
    assert [past.id for past in load_state(store.roster, START + 59 * DAY).recent] == [61, 60]
