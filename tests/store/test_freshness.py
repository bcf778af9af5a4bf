"""The note of when the list was had: what alarms, and closing access, go by."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from radicale_tldops.roster.errors import CorruptStoreError, StoreError
from radicale_tldops.serve.metrics import StoreFigures
from radicale_tldops.store.freshness import Freshness
from radicale_tldops.store.notes import FRESHNESS, read_note
from radicale_tldops.store.write import write_note
from tests.support.store import Store

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=5)


def write_text(store: Store, text: str) -> None:
    """Write the note as something else than this version would."""
    with closing(sqlite3.connect(store.roster)) as connection, connection:
        connection.execute("INSERT INTO meta VALUES ('freshness', ?)", (text,))


def test_nothing_is_known_of_a_new_store(tmp_path: Path) -> None:
    """Neither that the list was had nor that it fails."""
    assert read_note(Store(tmp_path).roster, FRESHNESS) == Freshness()


@pytest.mark.parametrize(
    "value",
    [
        Freshness().all_read(NOON),
        Freshness().list_read(NOON),
        Freshness().failed(NOON, "time-out"),
        Freshness().all_read(NOON).failed(LATER, "empty"),
        Freshness().all_read(NOON).refused(LATER, "mass-access", 7),
    ],
)
def test_what_is_written_reads_back(tmp_path: Path, value: Freshness) -> None:
    """Times to the microsecond, and what never was as None."""
    store = Store(tmp_path)
    write_note(store.roster, FRESHNESS, value)
    assert read_note(store.roster, FRESHNESS) == value


def test_a_list_that_is_had_ends_a_failure_and_is_not_everything() -> None:
    """`tldops follow` does not count as a look at the membership file."""
    failing = Freshness().all_read(NOON).failed(NOON, "empty")
    assert failing.list_read(LATER) == Freshness(NOON, LATER)
    assert failing.all_read(LATER) == Freshness(LATER, LATER)


def test_a_failure_counts_from_its_first_time() -> None:
    """The reason is the latest one; the same again is no news."""
    first = Freshness().list_read(NOON).failed(LATER, "empty")
    again = first.failed(LATER + timedelta(minutes=1), "time-out")
    assert (again.failing_since, again.failure, again.list_checked_at) == (LATER, "time-out", NOON)
    assert first.failed(LATER + timedelta(minutes=2), "empty") == first


def test_a_refusal_counts_from_its_first_time_and_ends_with_a_list_that_is_followed() -> None:
    """The hazard and the number are the latest ones; the list was had, and a failure is over."""
    first = Freshness().failed(NOON, "empty").refused(NOON, "mass-access", 7)
    again = first.refused(LATER, "list-mismatch", 8)
    assert again == Freshness(None, LATER, refused_since=NOON, refusal="list-mismatch", waiting=8)
    assert again.list_read(LATER) == Freshness(None, LATER)
    assert again.failed(LATER, "empty").refused_since == NOON


def test_a_note_of_an_older_version_is_read(tmp_path: Path) -> None:
    """It tells of no refusal."""
    store = Store(tmp_path)
    time = NOON.isoformat()
    text = f'{{"checked_at": "{time}", "list_checked_at": "{time}", "failing_since": null, "failure": ""}}'
    write_text(store, text)
    assert read_note(store.roster, FRESHNESS) == Freshness(NOON, NOON)


@pytest.mark.parametrize("kept", [0, 7])
def test_who_waits_is_a_figure(tmp_path: Path, kept: int) -> None:
    """Monitoring sees logins that a guard keeps."""
    store = Store(tmp_path)
    write_note(store.roster, FRESHNESS, Freshness().refused(NOON, "mass-access", kept))
    figures = {metric.name: metric.samples[0].value for metric in StoreFigures(store.roster, lambda: LATER).collect()}
    assert figures["tldops_list_refused_logins"] == kept


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"checked_at": 7}', "null"])
def test_a_note_that_cannot_be_read_is_damage(tmp_path: Path, text: str) -> None:
    """It never passes for a list that was had."""
    store = Store(tmp_path)
    write_text(store, text)
    with pytest.raises(CorruptStoreError):
        read_note(store.roster, FRESHNESS)


def test_no_store_is_a_store_error(tmp_path: Path) -> None:
    """As with everything that is read from it."""
    with pytest.raises(StoreError):
        read_note(tmp_path / "roster.sqlite", FRESHNESS)
