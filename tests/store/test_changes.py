"""Changes told in pages: a client that goes on ends with exactly the book, whatever happened between them."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from radicale_tldops.roster.snapshot import Book, Card, Style, make_book
from radicale_tldops.roster.synctoken import SyncToken
from tests.support.clock import START

LINEAGE = "0123456789abcdef" * 2
HREFS = [f"{letter}.vcf" for letter in "ABCabc019-"]

_some = st.sets(st.sampled_from(HREFS), max_size=6)
_limits = st.integers(1, 4) | st.none()


def book_of(since: dict[str, int], gone: dict[str, int], style: Style = Style.PLAIN, lineage: str = LINEAGE) -> Book:
    """Make a book of cards that say when they were written."""
    cards = [Card(href, href, f"{href} of {number}", str(number), number, START) for href, number in since.items()]
    return make_book(style, lineage, cards, gone, {})


class Client:
    """A client that keeps what it was told, as every one does."""

    def __init__(self, token: str = "", held: dict[str, str] | None = None) -> None:
        self.token = token
        self.held = dict(held or {})
        self.is_whole = False
        self.begun = 0

    def turn(self, book: Book, limit: int | None) -> None:
        """Ask for a page, and look at each card that it names in the book of the same moment."""
        if not self.token:
            self.begun = book.revision
        changes = book.changes_since(self.token, limit)
        told = changes.changed + changes.gone
        assert len(set(told)) == len(told), "a member is told twice (RFC 6578, 3.2)"
        assert limit is None or len(told) <= limit
        assert not changes.is_cut or (told and limit is not None), "a page that leads nowhere"
        assert all(book.tombstones[href] > self.begun for href in changes.gone), "a first sync with what went before it"
        assert changes.token != self.token or not told, "a page that comes again and again"
        assert SyncToken.parse(changes.token) is not None
        self.held |= {href: book.cards[href].text for href in changes.changed}
        for href in changes.gone:
            assert href not in book.cards
            self.held.pop(href, None)
        self.token, self.is_whole = changes.token, not changes.is_cut
        if self.is_whole:
            self.begun = 0

    def finish(self, book: Book, limit: int | None) -> None:
        """Go on until nothing is cut short."""
        for _ in range(3 * len(HREFS)):
            self.turn(book, limit)
            if self.is_whole:
                return
        raise AssertionError("it never ends")


class Pages(RuleBasedStateMachine):
    """A book that changes, and clients that are anywhere on their way through it."""

    def __init__(self) -> None:
        super().__init__()
        self.revision = 1
        self.since: dict[str, int] = {}
        self.gone: dict[str, int] = {}
        self.clients: list[Client] = []

    @property
    def book(self) -> Book:
        """The book of this moment."""
        return book_of(self.since, self.gone)

    @initialize(hrefs=_some)
    def begin(self, hrefs: set[str]) -> None:
        """Start with some cards, a new client, and one that comes from elsewhere with cards that it need not have."""
        self.since = dict.fromkeys(hrefs, 1)
        self.clients = [Client(), Client("6f1e9c6e-0000-4000-8000-000000000000", dict.fromkeys(hrefs, "old"))]

    @rule(put=_some, removed=_some)
    def change(self, put: set[str], removed: set[str]) -> None:
        """Write a generation: some are new, come back or change, and some go."""
        self.revision += 1
        for href in removed & set(self.since):
            del self.since[href]
            self.gone[href] = self.revision
        self.since |= dict.fromkeys(put - removed, self.revision)

    @rule(which=st.integers(0, 9), limit=_limits)
    def turn_a_page(self, which: int, limit: int | None) -> None:
        """One of the clients asks for a page; when it was told that there is no more, it has the book."""
        client = self.clients[which % len(self.clients)]
        client.turn(self.book, limit)
        if client.is_whole:
            assert client.token == self.book.token
            assert client.held == self.whole()

    @rule()
    def another_client(self) -> None:
        """Somebody else starts."""
        self.clients.append(Client())

    @invariant()
    def whoever_goes_on_has_the_book(self) -> None:
        """From wherever each client is, in pages of any size."""
        for client in self.clients:
            for limit in (1, 3, None):
                copy = Client(client.token, client.held)
                copy.begun = client.begun
                copy.finish(self.book, limit)
                assert copy.held == self.whole()
                assert copy.token == self.book.token

    def whole(self) -> dict[str, str]:
        """What a client has to hold."""
        return {href: card.text for href, card in self.book.cards.items()}


TestPages = Pages.TestCase
TestPages.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)


def test_pages_come_oldest_first() -> None:
    """What changes meanwhile comes later in this order, so that nothing is passed over."""
    book = book_of({"b.vcf": 1, "a.vcf": 3, "c.vcf": 1}, {"d.vcf": 2})
    first = book.changes_since("garbage", 2)
    assert (first.changed, first.gone, first.is_cut) == (("b.vcf", "c.vcf"), (), True)
    second = book.changes_since(first.token, 1)
    assert (second.changed, second.gone, second.is_cut) == ((), ("d.vcf",), True)
    third = book.changes_since(second.token, 1)
    assert (third.changed, third.gone, third.is_cut) == (("a.vcf",), (), False)
    assert third.token == book.token


def test_no_page_of_a_first_sync_tells_what_went_before_it() -> None:
    """RFC 6578, 3.4: removed members have no place in it, on no page; who goes meanwhile was perhaps told before."""
    since, gone = {"b.vcf": 1, "a.vcf": 4, "c.vcf": 1}, {"d.vcf": 2, "e.vcf": 3}
    first = book_of(since, gone).changes_since("", 1)
    second = book_of(since, gone).changes_since(first.token, 1)
    assert (first.changed, first.gone, second.changed, second.gone) == (("b.vcf",), (), ("c.vcf",), ())
    later = book_of({"a.vcf": 4, "c.vcf": 1}, {**gone, "b.vcf": 5})
    third = later.changes_since(second.token, 1)
    assert (third.changed, third.gone, third.is_cut) == (("a.vcf",), (), True)
    last = later.changes_since(third.token, 1)
    assert (last.changed, last.gone, last.token) == ((), ("b.vcf",), later.token)


@pytest.mark.parametrize("limit", [4, 5, None])
def test_as_many_as_the_limit_are_not_cut(limit: int | None) -> None:
    """And the token is then that of the book, without a place in it."""
    book = book_of({"b.vcf": 1, "a.vcf": 3, "c.vcf": 1}, {"d.vcf": 2})
    changes = book.changes_since("garbage", limit)
    assert (changes.is_cut, changes.token) == (False, book.token)
    assert SyncToken.parse(changes.token) == SyncToken(LINEAGE, "plain", 3)


def test_a_cut_token_is_of_its_book_alone() -> None:
    """That of the other style or of another lineage, or of a newer state, is answered like a foreign one: with all."""
    cards, gone = {"b.vcf": 1, "a.vcf": 3}, {"d.vcf": 2}
    book = book_of(cards, gone)
    cut = book.changes_since("garbage", 1).token
    assert book.changes_since(cut).changed == ("a.vcf",)
    for other in (book_of(cards, gone, Style.GROUPS), book_of(cards, gone, lineage="f" * 32)):
        changes = other.changes_since(cut)
        assert (set(changes.changed), set(changes.gone)) == (set(cards), set(gone))
    assert not book.is_ahead(cut)
    for newer in (SyncToken(LINEAGE, "plain", 9, "a.vcf"), SyncToken(LINEAGE, "plain", 1, "b.vcf", 9)):
        assert book.is_ahead(str(newer))
        assert set(book.changes_since(str(newer)).changed) == set(cards)


@pytest.mark.parametrize(
    "rest", ["1/", "1/a/b", "1/a/01", "1/a/2/3", "1/a b", f"1/{'a' * 81}", "01/a", "", "1/a\n", "1/é", "-1", "1" * 19]
)
def test_what_is_no_token_is_none(rest: str) -> None:
    """A token comes back as it was given out, or it is anybody's."""
    for token in (SyncToken(LINEAGE, "plain", 1, "a"), SyncToken(LINEAGE, "plain", 1, "a", 2)):
        assert SyncToken.parse(str(token)) == token
    assert SyncToken.parse(f"data:,tldops/{LINEAGE}/plain/{rest}") is None
