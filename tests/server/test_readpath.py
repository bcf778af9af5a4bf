"""The read path in process: what no client can bring about by itself."""

import gc
import weakref
from collections.abc import Iterable
from pathlib import Path

import pytest

from radicale_tldops.dav import rendered
from radicale_tldops.dav.answer import Ready
from radicale_tldops.dav.properties import BookTexts
from radicale_tldops.dav.query.index import CardIndex
from radicale_tldops.dav.responses import RenderedCards
from radicale_tldops.login.gate import Gate
from radicale_tldops.roster.identity import Identity
from radicale_tldops.roster.snapshot import BOOK, Style
from radicale_tldops.serve.live import LiveStore
from radicale_tldops.serve.readpath import ReadPath
from radicale_tldops.serve.request import Incoming
from radicale_tldops.settings import Settings, StoreSettings
from radicale_tldops.store.read import load_snapshot
from tests.dav.shape import valid
from tests.support import DAV, Response
from tests.support.store import Store, href, login


class Worker:
    """A worker whose clock stands still: it looks at the store only when it has to."""

    def __init__(self, store: Store) -> None:
        self.settings = Settings(store=StoreSettings(store.roster, store.members))
        self.live = LiveStore(self.settings, lambda: 1000.0)
        self.reads = ReadPath(self.live, BookTexts("Book", "", 1000))

    def sync(self, token: str, *, takes_gzip: bool = False) -> Ready:
        """Send a sync-collection as Jane."""
        reader = self.live.snapshot().readers[login("jane")]
        body = (
            f'<sync-collection xmlns="DAV:"><sync-token>{token}</sync-token><prop><getetag/></prop></sync-collection>'
        )
        request = Incoming(
            method="REPORT",
            path=f"/{reader.principal}/{BOOK}/",
            peer="192.0.2.1",
            credentials=None,
            depth="0",
            length=len(body),
            content_type="text/xml",
            takes_gzip=takes_gzip,
            takes_vcard=True,
            minimal=False,
            no_root=False,
            user_agent="",
            conditions={},
        )
        return self.reads.answer(request, Identity(reader, None, Style.PLAIN), body.encode)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store with two people."""
    made = Store(tmp_path)
    made.apply(put=["jane", "john"])
    return made


def names(ready: Ready) -> tuple[set[str], str]:
    """The names of the cards in an answer, and the token."""
    answer = Response(207, {name.lower(): value for name, value in ready.headers}, ready.body)
    return {path.rpartition("/")[2] for path in answer.hrefs()}, valid(answer).findtext(f"{DAV}sync-token", "")


def test_a_token_from_another_process_is_never_ahead(store: Store) -> None:
    """If a client has a token that is newer than the snapshot, the server looks at the store first."""
    worker = Worker(store)
    assert names(worker.sync(""))[0] == {href("jane"), href("john")}
    store.apply(put=["jim"], note="2")
    newer = load_snapshot(store.roster).plain.token
    assert names(worker.sync("garbage"))[0] == {href("jane"), href("john")}
    assert names(worker.sync(newer)) == (set(), newer)
    assert names(worker.sync("garbage"))[0] == {href("jane"), href("john"), href("jim")}


def test_a_token_that_is_ahead_of_the_store_itself_gets_everything(store: Store) -> None:
    """Nobody can have it from here: it is answered like any other one, and not refused."""
    worker = Worker(store)
    token = load_snapshot(store.roster).plain.token
    assert names(worker.sync(f"{token}000")) == ({href("jane"), href("john")}, token)


def test_an_answer_is_of_one_generation(store: Store) -> None:
    """Its members, their tags and its token are of the snapshot that it began with, and it says of which."""
    worker = Worker(store)
    before = worker.sync("")
    store.apply(put=["john"], note="2")
    assert worker.sync("").body == before.body
    newer = worker.sync(load_snapshot(store.roster).plain.token)
    assert (before.generation, newer.generation) == (1, 2)
    assert names(worker.sync(names(before)[1])) == ({href("john")}, names(newer)[1])


def test_cards_are_indexed_before_they_are_served(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """No request waits for the index, which is made once."""
    made: list[int | None] = []
    worker = Worker(store)

    class Noted(CardIndex):
        def __init__(self, cards: Iterable[tuple[str, str]]) -> None:
            super().__init__(cards)
            made.append(worker.live.state().generation)

    monkeypatch.setattr(rendered, "CardIndex", Noted)
    worker.live.watch(worker.reads.prepare)
    assert made == [None]
    assert worker.sync("").generation == 1
    store.apply(put=["jim"], note="2")
    assert worker.live.reload().generation == 2
    assert made == [None, 1]
    assert worker.sync("").generation == 2
    assert len(made) == 2


def test_a_snapshot_is_freed_when_the_next_one_is_served(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """With all that was made of it, and without the garbage collector, which does not go through what is frozen."""
    made: list[weakref.ref[object]] = []
    worker = Worker(store)
    gate = Gate(worker.settings, worker.live)

    def note(name: str, original: type) -> None:
        def create(*arguments: object) -> object:
            created = original(*arguments)
            made.append(weakref.ref(created))
            return created

        monkeypatch.setattr(rendered, name, create)

    note("CardIndex", CardIndex)
    note("RenderedCards", RenderedCards)
    worker.live.watch(worker.reads.prepare)
    made.append(weakref.ref(worker.live.snapshot()))
    for takes_gzip in (False, True):
        assert worker.sync("", takes_gzip=takes_gzip).generation == 1
    assert gate.identify(login("jane"), "wrong", "192.0.2.1") is None
    assert len(made) == 3
    gc.disable()
    try:
        store.apply(put=["jim"], note="2")
        assert worker.live.reload().generation == 2
        assert [old() for old in made[:3]] == [None] * 3
    finally:
        gc.enable()
