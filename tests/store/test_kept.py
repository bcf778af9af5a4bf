"""The generations before the newest one: nothing of them can change, go or move unnoticed."""

import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from radicale_tldops.roster.contact import Contact, Phone, Service
from radicale_tldops.roster.errors import CorruptStoreError
from radicale_tldops.store.kept import load_people, verify_kept
from radicale_tldops.store.read import load_snapshot
from radicale_tldops.store.values import Change, Counts, NewCard, Stamp
from radicale_tldops.store.write import apply_change
from tests.support.clock import START
from tests.support.store import Store, href, new_card, uid

OLD = f"href = '{href('jane')}' AND until = 3"
COLUMNS = "etag, text, contact, key"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Jane changes with generations 2, 3 and 4; John leaves with 4, and the group of .nl changes with 3."""
    store = Store(tmp_path)
    store.apply(put=["jane", "john", "jim"], note="1", groups=["nl"])
    store.apply(put=["jane"], note="2")
    store.apply(put=["jane"], note="3", groups=["nl"])
    store.apply(put=["jane"], remove=["john"], note="4")
    store.apply(put=["joe"], note="5")
    return store


@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE card SET text = 'x' WHERE {OLD}",
        f"UPDATE card SET contact = replace(contact, 'nl', 'be') WHERE {OLD}",
        f"UPDATE card SET key = 'x' WHERE {OLD}",
        f"UPDATE card SET etag = 'x' WHERE {OLD}",
        f"UPDATE card SET uid = 'x' WHERE {OLD}",
        f"UPDATE card SET href = 'x.vcf' WHERE {OLD}",
        f"UPDATE card SET until = 2 WHERE {OLD}",
        f"UPDATE card SET since = 5 WHERE {OLD}",
        f"DELETE FROM card WHERE {OLD}",
        f"INSERT INTO card SELECT 'x.vcf', since, until, 'x', {COLUMNS} FROM card WHERE {OLD}",
        "UPDATE group_card SET text = 'x' WHERE until = 3",
        "UPDATE group_card SET cctld = 'be' WHERE until = 3",
        "DELETE FROM group_card WHERE until = 3",
    ],
)
def test_a_row_that_a_later_generation_replaced_cannot_change(store: Store, statement: str) -> None:
    """Changed, moved, missing or added: no generation that it may have been part of is read, and later ones are."""
    before = {number: load_people(store.roster, number) for number in range(1, 6)}
    with closing(sqlite3.connect(store.roster)) as connection, connection:
        assert connection.execute(statement).rowcount == 1
    for number in (1, 2):
        with pytest.raises(CorruptStoreError, match=r"generation [34] replaced"):
            load_people(store.roster, number)
    with pytest.raises(CorruptStoreError, match=r"generation [34] replaced"):
        verify_kept(store.roster)
    assert load_snapshot(store.roster).generation == 5
    assert load_people(store.roster, 4) == before[4]
    assert load_people(store.roster, 5) == before[5]


def test_the_card_is_named_where_its_own_tag_tells_which(store: Store) -> None:
    """Bytes that do not match their tag have the name of the card in the message."""
    with closing(sqlite3.connect(store.roster)) as connection, connection:
        connection.execute(f"UPDATE card SET text = 'x' WHERE {OLD}")
    with pytest.raises(CorruptStoreError, match=href("jane")):
        load_people(store.roster, 1)


@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE card SET until = 7 WHERE {OLD}",
        f"UPDATE card SET until = NULL WHERE href = '{href('john')}'",
        f"UPDATE card SET until = 5 WHERE href = '{href('jim')}'",
        "UPDATE generation SET counts = replace(counts, '3', '4') WHERE id = 2",
        "UPDATE generation SET actor = 'x' WHERE id = 2",
        "UPDATE generation SET ended = (SELECT ended FROM generation WHERE id = 5) WHERE id = 3",
        "DELETE FROM generation WHERE id = 2",
    ],
)
def test_no_row_can_leave_or_join_a_generation_unnoticed(store: Store, statement: str) -> None:
    """Neither between the newest and the earlier ones, nor beyond the newest; a generation's own row stays as it is."""
    with closing(sqlite3.connect(store.roster)) as connection, connection:
        connection.execute(statement)
    with pytest.raises(CorruptStoreError):
        load_people(store.roster, 1)


def test_data_beside_a_card_that_stays_is_no_change_of_an_earlier_generation(store: Store) -> None:
    """New data that render to the same bytes are noted in the card as it stands, and earlier generations stay whole."""
    card = new_card("jim", "1")
    counts = load_people(store.roster, 5)[0].counts
    changed = type(card)(card.uid, card.text, card.contact, "another key")
    apply_change(store.roster, 5, Change(cards=[changed]), Stamp(START, "tester", counts=counts))
    verify_kept(store.roster)
    assert load_people(store.roster, 6)[1][uid("jim")].key == "another key"


def test_generations_stay_whole_while_old_ones_are_dropped(store: Store) -> None:
    """After each of thirty changes, all that is kept verifies: changes, removals and returns, logins alone as well."""
    for number in range(30):
        if number % 3 == 2:
            store.apply(access=False)
        elif number % 5 == 4:
            store.apply(remove=["jim"] if "jim" in store.people else [], put=["jane"], note=str(number))
        else:
            store.apply(put=["jim", "joe"], note=str(number), groups=["nl"])
        verify_kept(store.roster)


STORED = {
    '{"name":"Jane","slots":[["nl",1],["be",null]],"listed":["jane@nic.example"],"phones":[{"number":"+31201234567",'
    '"dialable":true,"kind":"voice","display":"+31 20 123 4567"}],"appointed_by":"admin","appointed_on":"2025-03-04",'
    '"confirmed_on":"2026-01-02"}': Contact(
        "Jane",
        (Service("nl", 1, "admin", date(2025, 3, 4)), Service("be", None, "admin", date(2025, 3, 4))),
        ("jane@nic.example",),
        phones=(Phone("+31201234567", display="+31 20 123 4567"),),
        confirmed_on=date(2026, 1, 2),
    ),
    '{"name":"Jane","services":[{"cctld":"nl","slot":1,"appointed_by":"tech","left":"admin 2020-01-01"}],"listed":'
    '["jane@nic.example"],"not_on_list_since":"2026-02-03"}': Contact(
        "Jane",
        (Service("nl", 1, "tech", left="admin 2020-01-01"),),
        ("jane@nic.example",),
        not_on_list_since=date(2026, 2, 3),
    ),
}


@pytest.mark.parametrize(("text", "contact"), STORED.items(), ids=["one appointment for all", "services"])
def test_contacts_of_earlier_versions_stay_readable(tmp_path: Path, text: str, contact: Contact) -> None:
    """Texts as they were stored, letter by letter: no row that is kept is ever written anew."""
    store = Store(tmp_path)
    new = Change(cards=[NewCard(uid("jane"), "an old card", text, "an old key")])
    apply_change(store.roster, 0, new, Stamp(START, "tester", counts=Counts(people=1)))
    store.base, store.people = 1, {"jane": ""}
    store.apply(put=["jane"], note="2")
    assert load_people(store.roster, 1)[1][uid("jane")].contact == contact
