"""The audit log and its retention: what shows, what may go, and what one entry follows from another."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from radicale_tldops.roster.errors import RefusedError, StoreError
from radicale_tldops.store import audit, newest, retention
from radicale_tldops.store.audit import AuditFilter, Known, load, stream, verify
from radicale_tldops.store.create import create_members
from radicale_tldops.store.engine import writing
from radicale_tldops.store.retention import accept, keep, verify_log
from radicale_tldops.store.values import AuditRow, Link
from tests.support.clock import START
from tests.support.store import Store

DAY = timedelta(days=1)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store with ten entries, one a day, that the roster knows of."""
    store = Store(tmp_path)
    store.apply(put=["jane", "john"])
    write(store, range(10))
    return store


def write(store: Store, days: Sequence[int]) -> None:
    """Write an entry on each of these days, and let a command end."""
    for day in days:
        subject = f"generation {day + 1}" if day % 2 else f"person{day}@nic.example"
        audit.record(store.members, "clerk", "test", subject, {"day": day}, START + day * DAY)
    newest.note(store.roster, store.members)


def change(store: Store, statement: str) -> None:
    """Change the members database past the commands, as a server that was broken into could."""
    with closing(sqlite3.connect(store.members)) as connection, connection:
        assert connection.execute(statement).rowcount


def put(store: Store, anchor: audit.Anchor) -> None:
    """Put an anchor in the place of its entry past the commands."""
    with closing(sqlite3.connect(store.members)) as connection, connection:
        names = ", ".join(f"{name} = ?" for name in anchor.values)
        connection.execute(f"UPDATE audit SET {names} WHERE id = ?", (*anchor.values.values(), anchor.number))


def prune(store: Store, days: int, now: datetime = START + 10 * DAY) -> retention.PruningResult:
    """Prune as a command does."""
    done = keep(store.roster, store.members, days, "clerk", now)
    newest.note(store.roster, store.members)
    return done


def test_failed_logins_that_an_older_version_recorded_are_verified_and_shown(store: Store) -> None:
    """No such entry is written now; those in an old log stay readable, and others follow them."""
    detail = {"count": 3, "network": "192.0.2.0/24", "reason": "refused"}
    audit.record(store.members, "server", "login failed", "no login", detail, START + 10 * DAY)
    write(store, [11])
    verdict = verify_log(store.roster, store.members)
    assert (verdict.whole, verdict.entries) == (True, 12)
    (shown,) = load(store.members, AuditFilter(action="login failed"))
    assert (shown.actor, shown.subject, audit.read_detail(shown)) == ("server", "no login", detail)


def test_a_log_is_whole_with_and_without_what_was_pruned(store: Store) -> None:
    """After each of several prunings the chain is verified from the anchor on, and new entries follow."""
    assert verify_log(store.roster, store.members).whole
    assert prune(store, 7).pruned == 3
    verdict = verify_log(store.roster, store.members)
    assert verdict.whole
    assert verdict.anchor is not None
    assert (verdict.anchor.number, verdict.entries) == (3, 8)
    write(store, [10, 11])
    assert prune(store, 7, START + 13 * DAY).pruned == 3
    verdict = verify_log(store.roster, store.members)
    assert verdict.whole
    assert verdict.anchor is not None
    assert verdict.anchor.number == 6
    assert [row.id for row in stream(store.members)] == list(range(6, 15))


def test_pruning_takes_the_words_and_leaves_the_number(store: Store) -> None:
    """Nothing of what the pruned entries said is in the database any more; who pruned up to where is an entry."""
    prune(store, 7)
    rows = load(store.members)
    assert (rows[0].action, rows[0].actor, rows[0].subject) == ("pruned", "", "entries 1 to 3")
    assert "person0@nic.example" not in str(rows)
    assert "person2@nic.example" not in str(rows)
    said = audit.read_detail(rows[-1])
    assert (rows[-1].action, rows[-1].actor, said["entries"]) == ("prune", "clerk", 3)
    assert said["until"] == (START + 2 * DAY).isoformat()


def test_everything_may_be_old_enough_to_go(store: Store) -> None:
    """A log of which all is pruned holds the anchor and the entry of the pruning, and is whole."""
    assert prune(store, 1, START + 400 * DAY).pruned == 10
    assert [row.action for row in load(store.members)] == ["pruned", "prune"]
    assert verify_log(store.roster, store.members).whole
    assert prune(store, 1, START + 400 * DAY).pruned == 0


def test_nothing_is_pruned_that_is_to_be_kept(store: Store) -> None:
    """0 days are for ever, an age that nothing has reached prunes nothing, and nothing is written for it."""
    before = store.roster.read_bytes()
    assert prune(store, 0, START + 9999 * DAY).pruned == 0
    assert prune(store, 11).pruned == 0
    assert keep(store.roster, store.members, 7, "clerk", START + 10 * DAY, slack=30).pruned == 0
    assert len(load(store.members)) == 10
    assert store.roster.read_bytes() == before


def test_an_old_entry_behind_a_newer_one_stays(store: Store) -> None:
    """Only a beginning goes: after a clock was set back, numbers stay without a gap."""
    audit.record(store.members, "clerk", "late", "generation 99", {}, START - 100 * DAY)
    assert prune(store, 7).pruned == 3
    assert load(store.members, AuditFilter(action="late"))
    assert verify_log(store.roster, store.members).whole


def test_generations_whose_entries_were_pruned_count_as_audited(store: Store) -> None:
    """Otherwise the next command would write their entries again."""
    numbers, _ = audit.audited_generations(store.members)
    assert {2, 10} <= numbers
    prune(store, 7)
    prune(store, 5)
    left, pruned = audit.audited_generations(store.members)
    assert numbers <= left | set(range(1, pruned + 1))
    assert pruned < 11
    assert 11 not in left


FORGERIES = {
    "an entry": "UPDATE audit SET subject = 'x' WHERE id = 8",
    "the digest of the anchor": "UPDATE audit SET chain = 'x' WHERE id = 3",
    "what the anchor says": "UPDATE audit SET subject = 'entries 1 to 2' WHERE id = 3",
    "how many the anchor says": "UPDATE audit SET detail = replace(detail, 'ies\": 3', 'ies\": 2') WHERE id = 3",
    "the newest generation in the anchor": "UPDATE audit SET detail = replace(detail, 's\": 2', 's\": 9') WHERE id = 3",
    "the date of the anchor": "UPDATE audit SET at = '2020' WHERE id = 3",
    "an anchor that is gone": "DELETE FROM audit WHERE id = 3",
    "an anchor that is none": "UPDATE audit SET action = 'x' WHERE id = 3",
    "an anchor that cannot be read": "UPDATE audit SET detail = '[' WHERE id = 3",
    "an anchor of another type": "UPDATE audit SET detail = x'00ff' WHERE id = 3",
    "the entry of the pruning": "UPDATE audit SET detail = '{}' WHERE id = 11",
    "the entry of the pruning, which is gone": "DELETE FROM audit WHERE id = 11",
}


@pytest.mark.parametrize("what", FORGERIES)
def test_what_was_changed_in_a_pruned_log_shows(store: Store, what: str) -> None:
    """Each change of an entry, of the anchor, or of what was told about it is found."""
    prune(store, 7)
    change(store, FORGERIES[what])
    assert not verify_log(store.roster, store.members).whole


def test_more_taken_out_than_a_command_pruned_shows(store: Store) -> None:
    """Whoever can write the members database alone can make an anchor that fits, and is found all the same."""
    prune(store, 7)
    victim = load(store.members)[4]
    anchor = audit.Anchor(victim.id, victim.at, victim.chain, 6)
    change(store, f"DELETE FROM audit WHERE id < {victim.id}")
    put(store, anchor)
    audit.record(store.members, "clerk", "prune", "audit log", anchor.detail, START + 10 * DAY)
    assert verify(stream(store.members), Known(pruned=Link(victim.id, victim.chain))).whole
    verdict = verify_log(store.roster, store.members)
    assert verdict.forged
    assert not verdict.whole


def test_an_anchor_in_a_log_that_was_never_pruned_shows(store: Store) -> None:
    """The same before the first pruning."""
    row = load(store.members)[5]
    anchor = audit.Anchor(row.id, row.at, row.chain, 0)
    change(store, f"DELETE FROM audit WHERE id < {row.id}")
    put(store, anchor)
    audit.record(store.members, "clerk", "prune", "audit log", anchor.detail, START)
    assert verify_log(store.roster, store.members).forged


def test_pruning_that_was_stopped_half_way_is_finished_by_the_next(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The roster knows already, the log holds everything still: it is whole, and so it is after the next pruning."""

    def stop(*_: object) -> int:
        raise StoreError("the machine stopped")

    with monkeypatch.context() as patch:
        patch.setattr(retention, "_prune", stop)
        with pytest.raises(StoreError, match="stopped"):
            prune(store, 7)
    assert verify_log(store.roster, store.members).whole
    assert len(load(store.members)) == 10
    assert prune(store, 9).pruned == 1
    assert verify_log(store.roster, store.members).whole
    assert prune(store, 7).pruned == 2
    assert verify_log(store.roster, store.members).whole


def test_a_log_that_was_changed_is_not_pruned(store: Store) -> None:
    """Pruning would take the traces away; once the log was accepted, it goes on, and that stays on record."""
    change(store, "UPDATE audit SET actor = 'nobody' WHERE id = 2")
    with pytest.raises(RefusedError, match="nothing was pruned"):
        prune(store, 7)
    assert len(load(store.members)) == 10
    wrong = accept(store.roster, store.members, "clerk", START + 10 * DAY)
    newest.note(store.roster, store.members)
    assert wrong.broken == 2
    assert verify_log(store.roster, store.members).whole
    assert audit.read_detail(load(store.members)[-1])["broken"] == 2
    assert prune(store, 7).pruned == 3
    assert verify_log(store.roster, store.members).whole
    change(store, "DELETE FROM audit WHERE id = 11")
    assert not verify_log(store.roster, store.members).whole


def test_a_log_begun_anew_can_be_accepted(store: Store) -> None:
    """Where the members database was replaced on purpose, the roster misses the old entries until somebody says so."""
    prune(store, 7)
    store.members.unlink()
    create_members(store.roster, store.members)
    audit.record(store.members, "clerk", "test", "x", {}, START)
    assert verify_log(store.roster, store.members).broken == 2
    accept(store.roster, store.members, "clerk", START)
    assert verify_log(store.roster, store.members).whole
    change(store, "DELETE FROM audit WHERE id = 2")
    assert verify_log(store.roster, store.members).broken == 2


def test_what_follows_what_was_accepted_is_verified(store: Store) -> None:
    """Accepting is no general amnesty."""
    change(store, "UPDATE audit SET actor = 'nobody' WHERE id = 2")
    accept(store.roster, store.members, "clerk", START + 10 * DAY)
    write(store, [11, 12])
    assert verify_log(store.roster, store.members).whole
    change(store, "UPDATE audit SET actor = 'nobody' WHERE id = 12")
    assert verify_log(store.roster, store.members).broken == 12


def test_an_accepted_log_keeps_the_entry_that_says_so(store: Store) -> None:
    """That entry cannot be changed in its turn; a whole log is not accepted, and gets no entry."""
    accept(store.roster, store.members, "clerk", START)
    assert len(load(store.members)) == 10
    change(store, "DELETE FROM audit WHERE id = 1")
    accept(store.roster, store.members, "clerk", START)
    change(store, "UPDATE audit SET actor = 'nobody', chain = 'x' WHERE action = 'accept'")
    assert not verify_log(store.roster, store.members).whole


@pytest.mark.parametrize(
    ("wanted", "days"),
    [
        (AuditFilter(), range(10)),
        (AuditFilter(limit=3), [7, 8, 9]),
        (AuditFilter(since=START + 4 * DAY), range(4, 10)),
        (AuditFilter(until=START + 4 * DAY), range(4)),
        (AuditFilter(since=START + 2 * DAY, until=START + 5 * DAY, limit=2), [3, 4]),
        (AuditFilter(subject="person4@nic.example"), [4]),
        (AuditFilter(actor="clerk", action="test", limit=1), [9]),
        (AuditFilter(actor="server"), []),
        (AuditFilter(action="TEST"), []),
    ],
)
def test_filters(store: Store, wanted: AuditFilter, days: Sequence[int]) -> None:
    """All that is set has to hold; of what does, the newest are given, the oldest first."""
    assert [audit.read_detail(row)["day"] for row in load(store.members, wanted)] == [*days]


def test_a_long_log_is_read_in_pieces(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pieces meet without a gap, whatever their size."""
    for size in (1, 2, 3, 5, 9, 10, 11):
        monkeypatch.setattr(audit, "_AT_A_TIME", size)
        assert [row.id for row in stream(store.members)] == list(range(1, 11))


def test_details_are_erased_and_the_log_stays_whole(store: Store) -> None:
    """What was said of one subject goes; every other entry, and the order of all, can still be verified."""
    for day in (10, 11):
        audit.record(store.members, "clerk", "deny", "jane@nic.example", {"reason": f"Jané, {day}"}, START + day * DAY)
    audit.record(store.members, "clerk", "deny", "john@nic.example", {"reason": "stays"}, START + 12 * DAY)
    with writing(store.members) as connection:
        assert audit.erase_details(connection, ["jane@nic.example"]) == (2, 0)
        said = audit.AuditEntry(START + 13 * DAY, "clerk", audit.ERASE, "uid", {"subjects": ["jane@nic.example"]})
        audit.append(connection, [said])
    newest.note(store.roster, store.members)
    assert verify_log(store.roster, store.members).whole
    assert "Jan\\u00e9" not in store.members.read_bytes().decode("latin-1")
    assert "Jané".encode() not in store.members.read_bytes()
    (kept,) = load(store.members, AuditFilter(subject="john@nic.example"))
    assert audit.read_detail(kept) == {"reason": "stays"}
    change(store, "UPDATE audit SET subject = 'joan@nic.example' WHERE id = 12")
    assert verify_log(store.roster, store.members).broken == 12


def test_a_detail_that_something_else_took_away_shows(store: Store) -> None:
    """Only an entry about an erasure explains it, and only for its own subjects."""
    with writing(store.members) as connection:
        audit.erase_details(connection, ["person2@nic.example"])
        said = audit.AuditEntry(START + 13 * DAY, "clerk", audit.ERASE, "uid", {"subjects": ["person4@nic.example"]})
        audit.append(connection, [said])
    assert verify_log(store.roster, store.members).broken == 3


def test_the_details_of_an_earlier_version_are_kept(store: Store) -> None:
    """Its chain covers the detail itself: without it, the log could not be verified."""
    with closing(sqlite3.connect(store.members)) as connection, connection:
        row = AuditRow(11, "2026-01-02", "clerk", "deny", "jane@nic.example", "{}", "")
        (before,) = connection.execute("SELECT chain FROM audit WHERE id = 10").fetchone()
        values = {**asdict(row), "chain": audit._older_link(before, row)}
        connection.execute("INSERT INTO audit VALUES (:id, :at, :actor, :action, :subject, :detail, :chain)", values)
    with writing(store.members) as transaction:
        assert audit.erase_details(transaction, ["jane@nic.example"]) == (0, 1)
    assert verify_log(store.roster, store.members).whole
