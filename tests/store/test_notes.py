"""The table of notes: what earlier versions wrote, what is missing, and what is damaged."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from radicale_tldops.roster.errors import CorruptStoreError
from radicale_tldops.store.freshness import Freshness
from radicale_tldops.store.notes import (
    AUDIT_END,
    AUDIT_PRUNED,
    COUNTER,
    FRESHNESS,
    LAST_SYNC,
    LIST_KNOWN,
    NEWEST_ROSTER,
    NOTES,
    Note,
    read_note,
)
from radicale_tldops.store.values import LastSync, Link, Mark, Source
from tests.support.store import Store

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def write(path: Path, key: str, text: str) -> None:
    """Write a note past the commands."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, text))


def test_the_stored_texts_are_those_of_earlier_versions(tmp_path: Path) -> None:
    """A store needs no migration for its notes, and an older version could read what this one writes."""
    store, time = Store(tmp_path), NOON.isoformat()
    source = Source("membership", "members.txt", "ab", time)
    last = LastSync(time, "jane", (source,), (("uid", "why"),), 1, 7)
    stored: Sequence[tuple[Note[Any], str, object]] = (
        (COUNTER, "41", 41),
        (AUDIT_END, "7 abc", Link(7, "abc")),
        (AUDIT_PRUNED, "0 ", Link()),
        (LIST_KNOWN, '["a@nic.example", "b@nic.example"]', ("a@nic.example", "b@nic.example")),
        (
            FRESHNESS,
            f'{{"checked_at": "{time}", "list_checked_at": "{time}", "failing_since": null, "failure": "", '
            '"refused_since": null, "refusal": "", "waiting": 0, "stopped_since": null, "stopped": ""}',
            Freshness(NOON, NOON),
        ),
        (
            LAST_SYNC,
            f'{{"checked_at": "{time}", "actor": "jane", "sources": [{{"part": "membership", "name": "members.txt", '
            f'"sha256": "ab", "modified_at": "{time}"}}], "held": [["uid", "why"]], "errors": 1, '
            '"generation": 7, "columns": [], "kept": [], "places": {}}',
            last,
        ),
        (NEWEST_ROSTER, "0123 4 5", Mark("0123", 4, 5)),
    )
    for note, text, value in stored:
        write(store.roster, note.key, text)
        assert read_note(store.roster, note) == value
        assert note.encode(value) == text


@pytest.mark.parametrize("note", NOTES, ids=lambda note: note.key)
def test_a_note_that_is_missing_or_empty_has_its_default(tmp_path: Path, note: Note[Any]) -> None:
    """As in a database of an earlier version."""
    store = Store(tmp_path)
    with closing(sqlite3.connect(store.roster)) as connection, connection:
        connection.execute("DELETE FROM meta WHERE key = ?", (note.key,))
    assert read_note(store.roster, note) == note.default
    write(store.roster, note.key, "")
    assert read_note(store.roster, note) == note.default


def test_a_damaged_note_is_named(tmp_path: Path) -> None:
    """With the database, what to do, and no more of the text than fits a screen."""
    store = Store(tmp_path)
    write(store.roster, "counter", "x" * 100_000)
    with pytest.raises(CorruptStoreError, match=r"note counter.*tldops restore") as raised:
        read_note(store.roster, COUNTER)
    assert str(store.roster) in str(raised.value)
    assert len(str(raised.value)) < 1000
