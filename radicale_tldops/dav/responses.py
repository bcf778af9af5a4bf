"""DAV:response elements (RFC 4918, 14.24): for the few resources, and for the cards of a book, each rendered once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from radicale_tldops.dav.markup import NOT_FOUND, OK, element, escaped, href
from radicale_tldops.dav.properties import CARD_CONSTANTS, CARD_VALUES, IN_ALLPROP, ME, OWN, Resource
from radicale_tldops.dav.vcard_text import part_of
from radicale_tldops.dav.wanted import ADDRESS_DATA, Mode, Wanted
from radicale_tldops.roster.snapshot import BOOK, Book, Card

CARD_START = b"<D:response><D:href>/"
"""What the response for a card begins with; the principal of the path comes next."""

_NOTHING = f"<D:propstat><D:prop/>{OK}</D:propstat>"


def response(resource: Resource, wanted: Wanted) -> str:
    """Return what is wanted of one resource, what there is before what there is not: Thunderbird reads the first."""
    if wanted.mode is Mode.STATUS:
        return f"<D:response>{href(resource.path)}{OK}</D:response>"
    values = resource.values
    if wanted.mode is Mode.PROPNAME:
        found, missing = "".join(map(element, values)), ""
    else:
        names = names_of(wanted, values)
        found = "".join(values[name] for name in names if name in values)
        missing = "".join(element(name) for name in names if name not in values)
    return f"<D:response>{href(resource.path)}{propstats(found, missing, wanted)}</D:response>"


def names_of(wanted: Wanted, supported: Iterable[str]) -> tuple[str, ...]:
    """Return the properties to tell: those that are named, or with allprop what belongs to it, and those besides."""
    if wanted.mode is Mode.PROP:
        return wanted.names
    return tuple(dict.fromkeys((*(name for name in supported if name in IN_ALLPROP), *wanted.names)))


def propstats(found: str, missing: str, wanted: Wanted) -> str:
    """Return the propstats for elements that are there and for such that are not (RFC 4918, 14.22; RFC 8144, 2.1)."""
    there = f"<D:propstat><D:prop>{found}</D:prop>{OK}</D:propstat>" if found else ""
    if missing and not wanted.minimal:
        return f"{there}<D:propstat><D:prop>{missing}</D:prop>{NOT_FOUND}</D:propstat>"
    return there or _NOTHING


def gone(path: str) -> str:
    """Return the response for what is not there, or not any more (RFC 6578, 3.5.2; RFC 6352, 8.7)."""
    return f"<D:response>{href(escaped(path))}{NOT_FOUND}</D:response>"


def truncated(path: str) -> str:
    """Return the response that says that there is more than was asked for (RFC 6352, 8.6.1; RFC 6578, 3.6)."""
    return (
        f"<D:response>{href(path)}<D:status>HTTP/1.1 507 Insufficient Storage</D:status>"
        "<D:error><D:number-of-matches-within-limits/></D:error></D:response>"
    )


@dataclass(frozen=True, slots=True)
class Cards:
    """The responses for some cards, each without what they all begin with: `CARD_START` and the principal of the path.

    `has_marks` says that there are marks in them still.
    """

    tails: Sequence[bytes]
    has_marks: bool


NO_CARDS = Cards((), has_marks=False)


class CardResponses:
    """The responses for the cards of one book, for one `Wanted`: rendered when first needed, then kept.

    Any number of threads may use it at once; the worst that can happen is that two render the same card.
    """

    def __init__(self, book: Book, wanted: Wanted) -> None:
        self._cards: Mapping[str, Card] = book.cards
        self._wanted = wanted
        self._made: dict[str, bytes] = {}
        self._head, self._names, self._tail = _frame(wanted)
        self._has_marks = any(mark in self._head + self._tail for mark in (OWN, ME))
        self.size = 0

    def of(self, names: Iterable[str]) -> Cards:
        """Return the responses for these cards of the book."""
        made = self._made
        return Cards([made.get(name) or self._make(name) for name in names], self._has_marks)

    def _make(self, name: str) -> bytes:
        card = self._cards[name]
        values = "".join([self._data(card) if one == ADDRESS_DATA else CARD_VALUES[one](card) for one in self._names])
        text = f"/{BOOK}/{name}</D:href>{self._head}{values}{self._tail}</D:response>".encode()
        self._made[name] = text
        self.size += len(text)
        return text

    def _data(self, card: Card) -> str:
        asked = self._wanted.data
        text = card.text
        if asked is not None:
            text = part_of(text, ((one.name, one.group, one.without_value) for one in asked))
        return f"<C:address-data>{escaped(text)}</C:address-data>"


def _frame(wanted: Wanted) -> tuple[str, tuple[str, ...], str]:
    """Return what is the same for every card: what comes before and after the values in which they differ."""
    if wanted.mode is Mode.STATUS:
        return OK, (), ""
    if wanted.mode is Mode.PROPNAME:
        return propstats("".join(map(element, (*CARD_CONSTANTS, *CARD_VALUES))), "", wanted), (), ""
    names = names_of(wanted, (*CARD_CONSTANTS, *CARD_VALUES))
    differing = tuple(name for name in names if name in CARD_VALUES or (name == ADDRESS_DATA and wanted.is_report))
    constants = "".join(CARD_CONSTANTS[name] for name in names if name in CARD_CONSTANTS)
    missing = "".join(element(name) for name in names if name not in CARD_CONSTANTS and name not in differing)
    # A mark that no XML holds stands for the values.
    head, _, tail = propstats(constants + "\x02", missing, wanted).partition("\x02")
    if not differing and not constants:
        return propstats("", missing, wanted), (), ""
    return head, differing, tail
