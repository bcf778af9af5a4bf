"""A snapshot with its rendered cards, its index and finished answers, which requests only look up."""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from radicale_tldops.dav import properties
from radicale_tldops.dav.answer import CLASSES, MULTI_STATUS, XML, Answer, AnswerCache
from radicale_tldops.dav.gzipping import Pieces
from radicale_tldops.dav.markup import MULTISTATUS, MULTISTATUS_END
from radicale_tldops.dav.properties import ME, OWN, BookTexts, Resource, ResourceKind
from radicale_tldops.dav.query.filters import CardFilter
from radicale_tldops.dav.query.index import CardIndex
from radicale_tldops.dav.requested import RequestedProperties
from radicale_tldops.dav.responses import CARD_START, NO_CARDS, CardResponses, RenderedCards
from radicale_tldops.roster.identity import Identity
from radicale_tldops.roster.snapshot import BOOK, Book, Snapshot, Style, split_principal

MAX_RENDERED = 64 * 1024 * 1024
"""Most bytes of rendered cards that a book keeps; the least recently used sets of properties are dropped first. The
properties that a client asks for take 1.5 MB for 1,000 cards."""

MAX_SETS = 64
"""Most sets of properties for which a book keeps rendered cards; all known clients together ask for about twenty."""


class RenderedBook:
    """One style of a snapshot's book: its properties, and its rendered cards. Safe for threads."""

    def __init__(self, content: Book, texts: BookTexts, index: CardIndex) -> None:
        """Take an index that holds the cards of `content`, and may hold others."""
        self.content = content
        self.title = texts.name
        octets = sum(len(card.text.encode()) for card in content.cards.values())
        self.resource: Resource = properties.book(content, texts, octets)
        self.index = index
        self._lock = threading.Lock()
        self._rendered: OrderedDict[RequestedProperties, RenderedCards] = OrderedDict()

    def responses(self, requested: RequestedProperties, names: Iterable[str]) -> CardResponses:
        """Return the responses for these cards, which have to be in the book."""
        chosen = tuple(names)
        if not chosen:
            return NO_CARDS
        with self._lock:
            rendered = self._rendered.get(requested)
            if rendered is None:
                rendered = self._rendered[requested] = RenderedCards(self.content, requested)
            self._rendered.move_to_end(requested)
        answer = rendered.of(chosen)
        with self._lock:
            total = sum(kept.size for kept in self._rendered.values())
            while total > MAX_RENDERED or len(self._rendered) > MAX_SETS:
                total -= self._rendered.popitem(last=False)[1].size
        return answer

    def matching(self, card_filter: CardFilter | None) -> list[str]:
        """Return the names of the cards that match a filter, in the order of the book."""
        cards = self.content.cards
        return [href for href in self.index.matching([card_filter] if card_filter else []) if href in cards]

    def export(self) -> bytes:
        """Return all the cards, one after the other: what GET of the book downloads."""
        return "".join(card.text for card in self.content.cards.values()).encode()


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """The resource that a path names for one reader.

    `own` is the principal in the path; for the root it is the reader's current-user-principal. `book` is the book of
    that principal, and `card` the name of a card in it.
    """

    kind: ResourceKind
    identity: Identity
    own: str
    book: RenderedBook
    card: str = ""

    @property
    def principal(self) -> "Place":
        """The principal above this place."""
        return Place(ResourceKind.PRINCIPAL, self.identity, self.own, self.book)

    @property
    def resource(self) -> Resource:
        """The properties of the resource."""
        match self.kind:
            case ResourceKind.ROOT:
                return properties.root()
            case ResourceKind.PRINCIPAL:
                return properties.principal(self.identity.name)
            case ResourceKind.BOOK:
                return self.book.resource
            case ResourceKind.CARD:
                return properties.card(self.book.content.cards[self.card])

    def multistatus(
        self,
        before: Iterable[bytes],
        cards: CardResponses = NO_CARDS,
        after: Iterable[bytes] = (),
        *,
        is_current: bool = False,
    ) -> Answer:
        """Return 207 with these responses, those for cards in between (RFC 4918, 13); marks in them become paths.

        A copy of a large book takes time, so the cards are joined once, by what they all begin with.
        """
        first = MULTISTATUS + self._filled(b"".join(before))
        last = self._filled(b"".join(after)) + MULTISTATUS_END
        own = self.own.encode()
        # Apple's clients look at DAV in any answer.
        headers = (XML, ("DAV", CLASSES))
        if cards.pack is not None:
            pieces = Pieces(first, CARD_START, own, cards.tails, last, cards.pack)
            return Answer(MULTI_STATUS, headers, is_current=is_current, pieces=pieces)
        parts = [first, *cards.tails]
        parts[-1] += last
        body = (CARD_START + own).join(parts)
        return Answer(MULTI_STATUS, headers, self._filled(body) if cards.has_marks else body, is_current)

    def _filled(self, content: bytes) -> bytes:
        return content.replace(OWN.encode(), self.own.encode()).replace(ME.encode(), self.identity.principal.encode())


class RenderedSnapshot:
    """A snapshot with its book in both styles, an index of all the cards, and finished answers.

    Any number of threads may use it at once.
    """

    def __init__(self, snapshot: Snapshot, texts: BookTexts, before: "RenderedSnapshot | None" = None) -> None:
        """Reuse the books and the index of `before` that have not changed: most changes concern readers only."""
        self.snapshot = snapshot
        self.answers = AnswerCache()
        books: Mapping[Style, RenderedBook] = before._books if before else {}
        kept = {style: book for style, book in books.items() if book.content.ctag == snapshot.book(style).ctag}
        # The book with the group cards has the cards of the other one, too.
        everything = snapshot.book(Style.GROUPS)
        index = (
            kept[Style.GROUPS].index
            if Style.GROUPS in kept
            else CardIndex((card.href, card.text) for card in everything.cards.values())
        )
        self._books: Mapping[Style, RenderedBook] = {
            style: kept[style] if style in kept else RenderedBook(snapshot.book(style), texts, index) for style in Style
        }

    def book(self, style: Style) -> RenderedBook:
        """Return the book in one of its styles."""
        return self._books[style]

    def find(self, identity: Identity, path: str) -> Place | None:
        """Return the place of a path for this reader, or None: the paths of other readers do not exist for this one."""
        parts = [part for part in path.split("/") if part]
        if not path.startswith("/") or len(parts) > 3:
            return None
        if not parts:
            return Place(ResourceKind.ROOT, identity, identity.principal, self.book(identity.style))
        own, *below = parts
        principal, style = split_principal(own)
        if principal != identity.reader.principal or below[:1] not in ([], [BOOK]):
            return None
        book = self.book(style)
        if len(below) < 2:
            return Place(ResourceKind.BOOK if below else ResourceKind.PRINCIPAL, identity, own, book)
        return Place(ResourceKind.CARD, identity, own, book, below[1]) if below[1] in book.content.cards else None
