"""An answer as a value, and who it is for."""

from collections.abc import Iterable
from dataclasses import dataclass

from radicale_tldops.dav.markup import MULTISTATUS, MULTISTATUS_END
from radicale_tldops.dav.properties import ME, OWN, Resource
from radicale_tldops.dav.properties import principal as principal_of
from radicale_tldops.dav.responses import CARD_START, NO_CARDS, Cards

OK = 200
MULTI_STATUS = 207
NOT_MODIFIED = 304
PRECONDITION_FAILED = 412

CLASSES = "1, 3, access-control, addressbook"
"""The compliance classes of the DAV header (RFC 4918, 10.1; RFC 3744, 7.2; RFC 6352, 6.1).
No class 2: there are no locks on what nobody changes."""

XML = ("Content-Type", "text/xml; charset=utf-8")
_DAV = ("DAV", CLASSES)
"""Apple's clients look at it in any answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP response, without what concerns the connection alone.

    `is_current` says that a client which understood it holds the newest book from then on. `is_exact` says that the
    body has to arrive as it is, since its entity tag is the one that everything else calls it by.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    is_current: bool = False
    is_exact: bool = False


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks: the principal that the client is led to, with its style, and the reader's own name."""

    principal: str
    name: str

    @property
    def resource(self) -> Resource:
        """The visitor's own principal."""
        return principal_of(self.name)


def multistatus(
    before: Iterable[bytes],
    own: str,
    visitor: Visitor,
    *,
    cards: Cards = NO_CARDS,
    after: Iterable[bytes] = (),
    is_current: bool = False,
) -> Answer:
    """Return 207 with these responses, those for cards in between (RFC 4918, 13).

    Marks in them become the principal `own` and the visitor's. Of a book that is large every copy counts: the cards are
    put together once, with what they all begin with between them.
    """
    first = MULTISTATUS + filled(b"".join(before), own, visitor)
    last = filled(b"".join(after), own, visitor) + MULTISTATUS_END
    parts = [first, *cards.tails]
    parts[-1] += last
    body = (CARD_START + own.encode()).join(parts)
    return Answer(MULTI_STATUS, (XML, _DAV), filled(body, own, visitor) if cards.has_marks else body, is_current)


def filled(content: bytes, own: str, visitor: Visitor) -> bytes:
    """Put principals in the place of marks."""
    return content.replace(OWN.encode(), own.encode()).replace(ME.encode(), visitor.principal.encode())
