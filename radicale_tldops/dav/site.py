"""What one generation has to show: its books, ready to be answered from. Built once, immutable to whoever looks."""

import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from radicale_tldops.dav import properties
from radicale_tldops.dav.properties import BookTexts, Kind, Resource
from radicale_tldops.dav.query.filters import Filter
from radicale_tldops.dav.query.index import Index
from radicale_tldops.dav.responses import NO_CARDS, CardResponses, Cards
from radicale_tldops.dav.wanted import Wanted
from radicale_tldops.roster.snapshot import BOOK, Book, Snapshot, Style, split_principal

MAX_KEPT = 64 * 1024 * 1024
"""How many bytes of rendered responses a book keeps; beyond that those that were not used for longest are dropped.
All the properties that a client asks for, of 1,000 cards, are 1.5 MB."""

MAX_SETS = 64
"""For how many sets of properties a book keeps responses; all the clients together ask for some twenty."""


class BookSite:
    """One style of the book: its properties, its cards' responses, and its index."""

    def __init__(self, book: Book, texts: BookTexts) -> None:
        self.book = book
        self.title = texts.name
        self.resource: Resource = properties.book(book, texts, sum(len(c.text.encode()) for c in book.cards.values()))
        self._index = Index((card.href, card.text) for card in book.cards.values())
        self._lock = threading.Lock()
        self._kept: OrderedDict[Wanted, CardResponses] = OrderedDict()

    def responses(self, wanted: Wanted, names: Iterable[str]) -> Cards:
        """Return the responses for these cards, which have to be in the book."""
        chosen = tuple(names)
        if not chosen:
            return NO_CARDS
        with self._lock:
            kept = self._kept.get(wanted)
            if kept is None:
                kept = self._kept[wanted] = CardResponses(self.book, wanted)
            self._kept.move_to_end(wanted)
        answer = kept.of(chosen)
        with self._lock:
            total = sum(one.size for one in self._kept.values())
            while total > MAX_KEPT or len(self._kept) > MAX_SETS:
                total -= self._kept.popitem(last=False)[1].size
        return answer

    def matching(self, wanted: Filter | None) -> list[str]:
        """Return the names of the cards that match a filter, in the order of the book."""
        return list(self.book.cards) if wanted is None else self._index.matching([wanted])

    def export(self) -> bytes:
        """Return all the cards, one after the other: what GET of the book downloads."""
        return "".join(card.text for card in self.book.cards.values()).encode()


class Site:
    """A snapshot and its books in both styles, each built when first needed."""

    def __init__(self, snapshot: Snapshot, texts: BookTexts, before: "Site | None" = None) -> None:
        """Take over from the site `before` what has not changed: most changes are of who may read."""
        self.snapshot = snapshot
        self._texts = texts
        self._lock = threading.Lock()
        known: dict[Style, BookSite] = before._books.copy() if before else {}
        self._books: dict[Style, BookSite] = {
            style: one for style, one in known.items() if one.book.ctag == snapshot.book(style).ctag
        }

    def book(self, style: Style) -> BookSite:
        """Return the book in one of its styles."""
        with self._lock:
            known = self._books.get(style)
            if known is None:
                known = self._books[style] = BookSite(self.snapshot.book(style), self._texts)
            return known


@dataclass(frozen=True, slots=True)
class Place:
    """What a path names: for the principal and what is under it, `own` is the principal as it stands in the path."""

    kind: Kind
    own: str = ""
    card: str = ""

    @property
    def style(self) -> Style:
        """The style of the book that this principal shows."""
        return split_principal(self.own)[1]


def find(site: Site, reader: str, path: str) -> Place | None:
    """Return what stands at `path` for the reader with this principal, or None: nothing else exists for anybody."""
    parts = [part for part in path.split("/") if part]
    if not path.startswith("/") or len(parts) > 3:
        return None
    if not parts:
        return Place(Kind.ROOT)
    own = parts[0]
    name, style = split_principal(own)
    if name != reader:
        return None
    if len(parts) == 1:
        return Place(Kind.PRINCIPAL, own)
    if parts[1] != BOOK:
        return None
    if len(parts) == 2:
        return Place(Kind.BOOK, own)
    return Place(Kind.CARD, own, parts[2]) if parts[2] in site.snapshot.book(style).cards else None
