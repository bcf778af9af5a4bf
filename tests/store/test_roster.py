"""The roster database: generations, tombstones, digests, and what happens to it."""

import os
import sqlite3
import stat
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from radicale_tldops.roster.errors import ConflictError, CorruptStoreError, StoreError
from radicale_tldops.roster.snapshot import Book, Changes, Style
from radicale_tldops.store import create, opening
from radicale_tldops.store.engine import reading
from radicale_tldops.store.migrations import Step
from radicale_tldops.store.read import load_history, load_snapshot, load_state
from radicale_tldops.store.schema import ROSTER
from radicale_tldops.store.values import Change, NewReader, Stamp
from radicale_tldops.store.write import allow, apply_change, deny, drop_cards
from tests.support.clock import START
from tests.support.store import Store, denial, ensure, href, login, new_card, uid


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def tamper(store: Store, statement: str) -> None:
    """Change a database behind the back of the software."""
    with closing(sqlite3.connect(store.roster)) as connection, connection:
        assert connection.execute(statement).rowcount == 1


def told(book: Book, token: str) -> tuple[set[str], set[str]]:
    """What changed and what went since a token; nothing is told twice, and the book's own token comes with it."""
    changes = book.changes_since(token)
    assert len(set(changes.changed + changes.gone)) == len(changes.changed + changes.gone)
    assert (changes.token, changes.is_cut) == (book.token, False)
    return set(changes.changed), set(changes.gone)


def test_a_snapshot_is_what_was_applied(store: Store) -> None:
    """Cards, their bytes and the logins come back exactly."""
    store.apply(put=["jane", "john"], note="v1")
    snapshot = load_snapshot(store.roster)
    assert {card.href: card.text for card in snapshot.plain.cards.values()} == {
        href("jane"): "card of jane v1",
        href("john"): "card of john v1",
    }
    assert set(snapshot.readers) == {login("jane"), login("john")}
    assert snapshot.generation == 1


def test_databases_are_for_their_owner_alone(tmp_path: Path) -> None:
    """Both files have mode 0600, whatever the umask."""
    before = os.umask(0)
    try:
        store = Store(tmp_path)
    finally:
        os.umask(before)
    for path in (store.roster, store.members):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_unchanged_card_keeps_its_generation_and_date(store: Store) -> None:
    """Only what changed gets a new `since`: that is what sync tokens are built on."""
    store.apply(put=["jane", "john"])
    store.apply(put=["john"], note="new phone")
    cards = load_snapshot(store.roster).plain.cards
    assert (cards[href("jane")].since, cards[href("john")].since) == (1, 2)
    assert cards[href("jane")].changed_at < cards[href("john")].changed_at


def test_tokens_tell_the_exact_difference_however_old(store: Store) -> None:
    """Every token ever given leads to exactly what changed since, long after the old cards were dropped."""
    store.apply(put=["a", "b", "c"])
    tokens = {1: load_snapshot(store.roster).plain.token}
    store.apply(put=["b"], note="2")
    tokens[2] = load_snapshot(store.roster).plain.token
    store.apply(remove=["a"])
    tokens[3] = load_snapshot(store.roster).plain.token
    for number in range(20):
        store.apply(put=["c"], note=f"again {number}")
    book = load_snapshot(store.roster).plain
    assert told(book, tokens[1]) == ({href("b"), href("c")}, {href("a")})
    assert told(book, tokens[2]) == ({href("c")}, {href("a")})
    assert told(book, tokens[3]) == ({href("c")}, set())
    assert book.changes_since(book.token) == Changes((), (), book.token, is_cut=False)


def test_a_first_sync_lists_no_tombstones_and_a_foreign_token_lists_all(store: Store) -> None:
    """RFC 6578, 3.4 forbids removed members for the empty token; a token of elsewhere needs every one of them."""
    store.apply(put=["a", "b"])
    store.apply(remove=["a"])
    book = load_snapshot(store.roster).plain
    assert told(book, "") == ({href("b")}, set())
    for foreign in (
        "garbage",
        "6f1e9c6e-0000-4000-8000-000000000000",
        book.token + "9",
        f"data:,tldops/{'0' * 32}/plain/1",
    ):
        assert told(book, foreign) == ({href("b")}, {href("a")})


def test_somebody_who_returns_is_a_member_and_no_tombstone(store: Store) -> None:
    """A tombstone is hidden while its href is a member, and is there again when it goes again."""
    store.apply(put=["a", "b"])
    store.apply(remove=["a"])
    store.apply(put=["a"], note="back")
    book = load_snapshot(store.roster).plain
    assert href("a") in book.cards
    assert href("a") not in book.tombstones
    token = book.token
    store.apply(remove=["a"])
    assert told(load_snapshot(store.roster).plain, token) == (set(), {href("a")})


def test_the_styles_have_revisions_of_their_own(store: Store) -> None:
    """A change of group cards alone leaves the plain book, its token and its tag as they were."""
    store.apply(put=["a"], groups=["nl"])
    before = load_snapshot(store.roster)
    store.apply(groups=["nl"], note="other members")
    after = load_snapshot(store.roster)
    assert after.plain.token == before.plain.token
    assert after.plain.ctag == before.plain.ctag
    assert after.groups.token != before.groups.token
    store.apply(groups_gone=["nl"])
    gone = load_snapshot(store.roster)
    assert told(gone.groups, after.groups.token) == (set(), {href("group-nl")})
    assert set(gone.groups.cards) == {href("a")}


def test_readers_alone_change_no_token(store: Store) -> None:
    """Who may read is not what is read: clients have nothing to fetch again."""
    store.apply(put=["a"])
    before = load_snapshot(store.roster)
    change = Change(readers=[NewReader("secretariat@example.org", "", "", "secretariat")])
    apply_change(store.roster, 1, change, Stamp(START, "tester", counts=load_history(store.roster)[0].counts))
    after = load_snapshot(store.roster)
    assert (after.plain.token, after.groups.token) == (before.plain.token, before.groups.token)
    assert after.reader("secretariat@example.org") is not None


def test_a_plan_against_an_old_generation_is_refused(store: Store) -> None:
    """Whoever comes second learns that the store moved on; nothing is written."""
    store.apply(put=["a"])
    with pytest.raises(ConflictError, match="moved on"):
        apply_change(store.roster, 0, Change(), Stamp(START, "tester"))
    assert len(load_history(store.roster)) == 1


def test_two_writers_at_once_do_not_mix(store: Store) -> None:
    """While one writer holds the database, another is told so instead of waiting for ever."""
    with closing(sqlite3.connect(store.roster, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(ConflictError, match="another command is writing"):
            store.apply(put=["a"])
    assert load_history(store.roster) == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE card SET text = 'card of jane vX' WHERE href = '{card}'",
        "UPDATE card SET contact = replace(contact, 'nl', 'be') WHERE href = '{card}'",
        "UPDATE card SET etag = etag || '0' WHERE href = '{card}'",
        "DELETE FROM card WHERE href = '{card}'",
        "UPDATE reader SET login = 'mallory@nic.example' WHERE login = '{login}'",
        "DELETE FROM reader WHERE login = '{login}'",
        "UPDATE reader SET since = 7 WHERE login = '{login}'",
        "UPDATE denied SET login = 'other@nic.example'",
        "DELETE FROM denied",
        "DELETE FROM tombstone",
        "UPDATE generation SET digest = 'f' || digest WHERE id = 3",
        "UPDATE meta SET value = '' WHERE key = 'denied_digest'",
    ],
)
def test_a_flipped_bit_is_found_at_load(store: Store, statement: str) -> None:
    """No card, reader, denial, tombstone or digest can change unnoticed; such a store serves nothing."""
    store.apply(put=["jane", "john"])
    store.apply(remove=["john"])
    store.apply(put=["jim"])
    deny(store.roster, denial(login("jim")))
    load_snapshot(store.roster)
    tamper(store, statement.format(card=href("jane"), login=login("jane")))
    with pytest.raises(CorruptStoreError):
        load_snapshot(store.roster)


def test_a_damaged_list_of_denied_logins_cannot_be_sealed_again(store: Store) -> None:
    """Another `deny`, or an `allow`, must not make a changed row look right."""
    store.apply(put=["jane", "john"])
    deny(store.roster, denial(login("jane")))
    tamper(store, "UPDATE denied SET login = 'other@nic.example'")
    with pytest.raises(CorruptStoreError):
        deny(store.roster, denial(login("john")))
    with pytest.raises(CorruptStoreError):
        allow(store.roster, "other@nic.example")


def test_a_card_whose_bytes_stay_moves_no_token(store: Store) -> None:
    """New data that render to the same card are noted, and clients have nothing to fetch."""
    store.apply(put=["jane"], note="v1")
    before = load_snapshot(store.roster).plain
    same = replace(new_card("jane", "v1"), key="another renderer")
    counts = load_history(store.roster)[0].counts
    apply_change(store.roster, 1, Change(cards=[same]), Stamp(START, "tester", counts=counts))
    after = load_snapshot(store.roster).plain
    assert (after.token, after.cards) == (before.token, before.cards)
    assert load_state(store.roster, START).people[uid("jane")].key == "another renderer"


def test_the_date_of_the_book_is_that_of_its_last_change(store: Store) -> None:
    """A generation of readers alone makes no client think that the book is newer."""
    store.apply(put=["jane"])
    before = load_snapshot(store.roster).plain.last_modified
    counts = load_history(store.roster)[0].counts
    later = Stamp(START + timedelta(days=3), "tester", counts=counts)
    apply_change(store.roster, 1, Change(readers=[NewReader("x@example.org", "", "", "observer")]), later)
    assert load_snapshot(store.roster).plain.last_modified == before


def test_a_file_that_is_no_database_is_called_damaged(store: Store) -> None:
    """Garbage in the place of the database gives a message, not a traceback."""
    store.roster.write_bytes(b"garbage" * 1000)
    with pytest.raises(CorruptStoreError, match="restore"):
        load_snapshot(store.roster)


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    """A path that points at somebody else's SQLite file is refused before anything is written."""
    path = tmp_path / "other.sqlite"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE precious (value)")
    before = path.read_bytes()
    with pytest.raises(StoreError, match="not a database of tldops"):
        ensure(path, tmp_path / "members.sqlite")
    assert path.read_bytes() == before


def test_a_denial_outlives_generations(store: Store) -> None:
    """What `deny` wrote holds until `allow`, whatever is applied."""
    store.apply(put=["a", "b"])
    deny(store.roster, denial(login("a")))
    store.apply(put=["a"], note="2")
    snapshot = load_snapshot(store.roster)
    assert snapshot.reader(login("a")) is None
    assert snapshot.reader(login("b")) is not None
    allow(store.roster, login("a"))
    assert load_snapshot(store.roster).reader(login("a")) is not None


def test_the_principal_is_opaque_and_for_life(store: Store) -> None:
    """The id shows neither address nor UID, survives leaving and returning, and differs between people."""
    store.apply(put=["a", "b"])
    first = load_snapshot(store.roster).readers
    store.apply(remove=["a"])
    store.apply(put=["a"])
    again = load_snapshot(store.roster).readers
    assert again[login("a")].principal == first[login("a")].principal != first[login("b")].principal
    assert again[login("a")].since == 3
    assert first[login("a")].principal.isalnum()
    assert first[login("a")].principal not in uid("a")


def test_a_changed_name_is_the_same_reader_and_another_person_is_not(store: Store) -> None:
    """Device passwords hang on `since`: a new name keeps it, an address that passes to somebody else does not."""
    store.apply(put=["a"])
    counts = load_history(store.roster)[0].counts
    for number, reader in enumerate(
        [NewReader(login("a"), uid("a"), "New Name"), NewReader(login("a"), uid("z"), "Z")]
    ):
        apply_change(store.roster, number + 1, Change(readers=[reader]), Stamp(START, "tester", counts=counts))
        found = load_snapshot(store.roster).readers[login("a")]
        assert (found.name, found.since) == (reader.name, 1 if number == 0 else 3)


def test_what_identified_those_who_left_is_kept_only_as_digests(store: Store) -> None:
    """Nothing readable stays of a person who left, once the old cards are dropped."""
    store.apply(put=["quentin", "b"])
    store.apply(remove=["quentin"])
    for number in range(12):
        store.apply(put=["b"], note=str(number))
    drop_cards(store.roster, 4, most=100)
    state = load_state(store.roster, START)
    assert {uid("quentin")} in [set(uids) for uids in state.departed.values()]
    assert b"quentin" not in store.roster.read_bytes().lower() or _is_in_free_pages(store.roster, b"quentin")


def _is_in_free_pages(path: Path, word: bytes) -> bool:
    """SQLite leaves deleted bytes in free pages; a vacuumed copy shows what the tables hold."""
    copy = path.with_suffix(".copy")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("VACUUM INTO ?", (str(copy),))
    return word not in copy.read_bytes().lower()


def test_recent_generations_reach_beyond_the_clock(store: Store) -> None:
    """A generation from the future counts as recent: a clock that was wrong must not empty the window of the guards."""
    store.apply(put=["a"])
    state = load_state(store.roster, datetime(2026, 10, 1, tzinfo=UTC))
    assert [generation.id for generation in state.recent] == [1]
    assert load_state(store.roster, START + timedelta(days=1)).recent == []


def test_an_older_store_is_migrated_forward_and_a_newer_one_refused(tmp_path: Path) -> None:
    """A command brings the schema up in one transaction; who cannot write says what to do; a newer one is refused."""
    store = Store(tmp_path)
    store.apply(put=["a"])

    def add_column(connection: Connection) -> None:
        connection.exec_driver_sql("ALTER TABLE card ADD COLUMN colour VARCHAR")

    later = replace(ROSTER, steps=[*ROSTER.steps, Step("a test", add_column)])
    with reading(store.roster) as connection, pytest.raises(StoreError, match="older version"):
        opening.check_version(store.roster, connection, later)
    with pytest.raises(StoreError, match="Run `tldops migrate`"):
        create.update(store.roster, later)
    create.update(store.roster, later, migrating=True)
    with closing(sqlite3.connect(store.roster)) as raw:
        assert raw.execute("SELECT colour FROM card").fetchall() == [(None,)]
    with pytest.raises(StoreError, match="later version"):
        create.update(store.roster, ROSTER)
    with pytest.raises(StoreError, match="later version"):
        load_snapshot(store.roster)


def test_a_migration_that_fails_leaves_the_old_store(tmp_path: Path) -> None:
    """Half a migration is no migration."""
    store = Store(tmp_path)
    store.apply(put=["a"])

    def break_off(connection: Connection) -> None:
        connection.exec_driver_sql("ALTER TABLE card ADD COLUMN colour VARCHAR")
        raise StoreError("the machine stopped")

    with pytest.raises(StoreError, match="stopped"):
        create.update(store.roster, replace(ROSTER, steps=[*ROSTER.steps, Step("a test", break_off)]), migrating=True)
    assert set(load_snapshot(store.roster).plain.cards) == {href("a")}
    assert load_snapshot(store.roster).book(Style.PLAIN).revision == 1
