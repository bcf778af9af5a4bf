"""DAV:response elements (RFC 4918, 14.24): for the few resources, and for the cards of a book, each rendered once."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from radicale_tldops.dav.gzipping import pack_shared
from radicale_tldops.dav.markup import NOT_FOUND, OK, element, escaped, href
from radicale_tldops.dav.properties import CARD_CONSTANTS, CARD_VALUES, IN_ALLPROP, ME, OWN, Resource
from radicale_tldops.dav.requested import ADDRESS_DATA, Mode, RequestedProperties
from radicale_tldops.dav.vcard_text import part_of
from radicale_tldops.roster.snapshot import BOOK, Book, Card

CARD_START = b"<D:response><D:href>/"
"""What the response for a card begins with; the principal of the path comes next."""

_NOTHING = f"<D:propstat><D:prop/>{OK}</D:propstat>"


def response(resource: Resource, requested: RequestedProperties) -> str:
    """Return the response for one resource, found properties before missing ones: Thunderbird reads the first."""
    if requested.mode is Mode.STATUS:
        return f"<D:response>{href(resource.path)}{OK}</D:response>"
    values = resource.values
    if requested.mode is Mode.PROPNAME:
        found, missing = "".join(map(element, values)), ""
    else:
        names = names_of(requested, values)
        found = "".join(values[name] for name in names if name in values)
        missing = "".join(element(name) for name in names if name not in values)
    return f"<D:response>{href(resource.path)}{propstats(found, missing, requested)}</D:response>"


def names_of(requested: RequestedProperties, supported: Iterable[str]) -> tuple[str, ...]:
    """Return the names of the properties to return: with allprop its own ones come first."""
    if requested.mode is Mode.PROP:
        return requested.names
    return tuple(dict.fromkeys((*(name for name in supported if name in IN_ALLPROP), *requested.names)))


def propstats(found: str, missing: str, requested: RequestedProperties) -> str:
    """Return the propstats for found and missing elements (RFC 4918, 14.22; RFC 8144, 2.1)."""
    there = f"<D:propstat><D:prop>{found}</D:prop>{OK}</D:propstat>" if found else ""
    if missing and not requested.minimal:
        return f"{there}<D:propstat><D:prop>{missing}</D:prop>{NOT_FOUND}</D:propstat>"
    return there or _NOTHING


def gone(path: str) -> str:
    """Return the response for what does not exist, or does not any more (RFC 6578, 3.5.2; RFC 6352, 8.7)."""
    return f"<D:response>{href(escaped(path))}{NOT_FOUND}</D:response>"


def truncated(path: str) -> str:
    """Return the response that says that a limit left something out (RFC 6352, 8.6.1; RFC 6578, 3.6)."""
    return (
        f"<D:response>{href(path)}<D:status>HTTP/1.1 507 Insufficient Storage</D:status>"
        "<D:error><D:number-of-matches-within-limits/></D:error></D:response>"
    )


@dataclass(frozen=True, slots=True)
class CardResponses:
    """The responses for some cards, each without its beginning: `CARD_START` and the principal of the path.

    `has_marks` says that marks in them have to be replaced. `pack` is as in `Pieces`; there is one for all
    the cards of a book without marks.
    """

    tails: Sequence[bytes]
    has_marks: bool
    pack: Callable[[int], bytes | None] | None = None


NO_CARDS = CardResponses((), has_marks=False)


class RenderedCards:
    """The responses for the cards of one book, for one `RequestedProperties`: rendered when first needed, then kept.

    Any number of threads may use it at once; two of them may render the same card, with the same result.
    """

    def __init__(self, book: Book, requested: RequestedProperties) -> None:
        self._cards: Mapping[str, Card] = book.cards
        self._order = tuple(book.cards)
        self._requested = requested
        self._made: dict[str, bytes] = {}
        self._head, self._names, self._tail = _frame(requested)
        self._has_marks = any(mark in self._head + self._tail for mark in (OWN, ME))
        self._all: Sequence[bytes] = ()
        self._packed: dict[int, bytes | None] = {}
        self.size = 0

    def of(self, names: tuple[str, ...]) -> CardResponses:
        """Return the responses for these cards of the book."""
        made, is_whole = self._made, names == self._order
        tails = (is_whole and self._all) or [made.get(name) or self._make(name) for name in names]
        if is_whole:
            self._all = tails
        # `pack` is not kept here: an object that refers to itself would not be freed with its snapshot.
        return CardResponses(tails, self._has_marks, self._pack if is_whole and not self._has_marks else None)

    def _pack(self, length: int) -> bytes | None:
        """Return all the responses packed for principals of this length, which is one for each style."""
        if length not in self._packed:
            blocks = pack_shared(self._all, CARD_START, length)
            self._packed[length] = blocks
            self.size += len(blocks or b"")
        return self._packed[length]

    def _make(self, href: str) -> bytes:
        card = self._cards[href]
        made = [self._data(card) if name == ADDRESS_DATA else CARD_VALUES[name](card) for name in self._names]
        text = f"/{BOOK}/{href}</D:href>{self._head}{''.join(made)}{self._tail}</D:response>".encode()
        self._made[href] = text
        self.size += len(text)
        return text

    def _data(self, card: Card) -> str:
        asked = self._requested.data
        text = card.text if asked is None else part_of(card.text, asked)
        return f"<C:address-data>{escaped(text)}</C:address-data>"


def _frame(requested: RequestedProperties) -> tuple[str, tuple[str, ...], str]:
    """Return what comes before the values of a card, the names of these values, and what comes after them."""
    if requested.mode is Mode.STATUS:
        return OK, (), ""
    if requested.mode is Mode.PROPNAME:
        return propstats("".join(map(element, (*CARD_CONSTANTS, *CARD_VALUES))), "", requested), (), ""
    names = names_of(requested, (*CARD_CONSTANTS, *CARD_VALUES))
    differing = tuple(name for name in names if name in CARD_VALUES or (name == ADDRESS_DATA and requested.is_report))
    constants = "".join(CARD_CONSTANTS[name] for name in names if name in CARD_CONSTANTS)
    missing = "".join(element(name) for name in names if name not in CARD_CONSTANTS and name not in differing)
    # The character stands for the values: no XML can hold it.
    head, _, tail = propstats(constants + "\x02", missing, requested).partition("\x02")
    if not differing and not constants:
        return propstats("", missing, requested), (), ""
    return head, differing, tail
