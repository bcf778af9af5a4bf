"""The answers to PROPFIND, REPORT and GET, each made from one snapshot."""

from collections.abc import Iterable
from urllib.parse import quote, unquote, urlsplit

from radicale_tldops.dav import properties
from radicale_tldops.dav.answer import OK, Answer
from radicale_tldops.dav.body import FORBIDDEN, RequestError
from radicale_tldops.dav.conditions import State
from radicale_tldops.dav.markup import DAV, element, escaped
from radicale_tldops.dav.principals import expand, principal_report
from radicale_tldops.dav.properties import CONTENT_TYPE, ResourceKind
from radicale_tldops.dav.rendered import Place
from radicale_tldops.dav.requested import ADDRESS_DATA, RequestedProperties
from radicale_tldops.dav.requests import ExpandProperty, Multiget, Query, Report, SyncCollection
from radicale_tldops.dav.responses import NO_CARDS, CardResponses, gone, response, truncated
from radicale_tldops.roster.snapshot import BOOK

ZERO, ONE, INFINITY = "0", "1", "infinity"
"""The values of the Depth header (RFC 4918, 10.2)."""

MAX_EXPANDED = 256 * 1024
"""Most octets of the answer to an expand-property: it is about principals, and a reader sees only one."""

_VCARD = ("Content-Type", CONTENT_TYPE)


def propfind(place: Place, requested: RequestedProperties, depth: str, *, no_root: bool = False) -> Answer:
    """Answer PROPFIND (RFC 4918, 9.1). With `no_root`, the resource at the path is left out (RFC 8144, 3).

    The root lists no principals at any depth. Infinity at a principal includes its book and the cards.
    """
    before, cards = _responses(place, requested, depth)
    if no_root and depth != ZERO:
        before, cards = before[1:], cards if before else NO_CARDS
    return place.multistatus(before, cards)


def report(place: Place, request: Report, depth: str | None) -> Answer:
    """Answer REPORT (RFC 3253, 3.6; RFC 6352, 8; RFC 6578, 3.2; RFC 3744, 9). A `depth` of None was not sent.

    Raises:
        RequestError: the report is not supported at this place, or not with this depth.
    """
    match request:
        case Multiget() | Query() if place.kind not in (ResourceKind.BOOK, ResourceKind.CARD):
            raise _unsupported()
        case SyncCollection() if place.kind is not ResourceKind.BOOK:
            raise _unsupported()
        case Multiget():
            return _multiget(place, request)
        case Query():
            return _query(place, request, depth or ONE)
        case SyncCollection():
            return _sync(place, request)
        case ExpandProperty():
            return _expand(place, request, depth or ZERO)
    if depth not in (None, ZERO):
        raise RequestError("a report about principals is of depth 0")
    below = place if place.kind is not ResourceKind.ROOT else place.principal
    return principal_report(request, place, lambda requested: _responses(below, requested, INFINITY))


def get(place: Place) -> Answer:
    """Answer GET of the book, which is all its cards, or of a card (RFC 9110, 9.3.1).

    Raises:
        RequestError: with 403 for a resource that cannot be downloaded.
    """
    book = place.book
    if place.kind is ResourceKind.CARD:
        card = book.content.cards[place.card]
        tags = (("ETag", card.quoted_etag), ("Last-Modified", card.last_modified))
        return Answer(OK, (_VCARD, *tags), card.text.encode(), is_exact=True)
    if place.kind is not ResourceKind.BOOK:
        raise RequestError("there is nothing to download here", FORBIDDEN)
    name = ("Content-Disposition", f"attachment; filename*=utf-8''{quote(book.title, safe='')}.vcf")
    tags = (("ETag", book.content.ctag), ("Last-Modified", book.content.last_modified))
    return Answer(OK, (_VCARD, name, *tags), book.export(), is_current=True)


def state(place: Place | None) -> State:
    """Return the state of the book or card at a place; an empty state for everything else and for None."""
    if place is None or place.kind not in (ResourceKind.BOOK, ResourceKind.CARD):
        return State()
    content = place.book.content
    if place.kind is ResourceKind.BOOK:
        return State(content.ctag, content.token)
    return State(content.cards[place.card].quoted_etag)


def _has_book_below(place: Place, depth: str) -> bool:
    return place.kind is ResourceKind.PRINCIPAL and depth != ZERO


def _cards_below(place: Place, depth: str) -> Iterable[str]:
    """Return the names of the cards that a request of this depth reaches from here, without the place itself."""
    is_reached = depth == INFINITY if place.kind is ResourceKind.PRINCIPAL else depth != ZERO
    return place.book.content.cards if place.kind in (ResourceKind.PRINCIPAL, ResourceKind.BOOK) and is_reached else ()


def _responses(place: Place, requested: RequestedProperties, depth: str) -> tuple[list[bytes], CardResponses]:
    """Return the responses for a place and, depending on `depth`, for what is below it."""
    if place.kind is ResourceKind.CARD:
        return [], place.book.responses(requested, [place.card])
    before = [response(place.resource, requested).encode()]
    if _has_book_below(place, depth):
        before.append(response(place.book.resource, requested).encode())
    return before, place.book.responses(requested, _cards_below(place, depth))


def _multiget(place: Place, request: Multiget) -> Answer:
    """Answer addressbook-multiget: each href once, with 404 if it names no card of this book (RFC 6352, 8.7).

    At a card, only that card is in the answer.
    """
    base = f"/{place.own}/{BOOK}/"
    all_cards = known = place.book.content.cards
    if place.kind is ResourceKind.CARD:
        known = {place.card: known[place.card]}
    found = dict.fromkeys(known if place.kind is ResourceKind.CARD and not request.hrefs else ())
    missing = []
    for sent in request.hrefs:
        name = sent[len(base) :] if sent.startswith(base) else ""
        if name not in known:
            name = _card_name(sent, base)
        if name in known:
            found[name] = None
        else:
            missing.append(gone(sent).encode())
    is_current = len(found) == len(all_cards) and ADDRESS_DATA in request.requested.names
    return place.multistatus((), place.book.responses(request.requested, found), missing, is_current=is_current)


def _card_name(sent: str, base: str) -> str:
    """Return the name of the card in a full or percent-encoded URL, or "" for another URL."""
    try:
        path = unquote(urlsplit(sent).path, errors="strict")
    except (ValueError, UnicodeDecodeError):
        return ""
    return path.removeprefix(base) if path.startswith(base) else ""


def _query(place: Place, request: Query, depth: str) -> Answer:
    """Answer addressbook-query (RFC 6352, 8.6). At depth 0 a book has no result: it is not a card."""
    names = place.book.matching(request.filter)
    if place.kind is ResourceKind.CARD:
        names = [name for name in names if name == place.card]
    elif depth == ZERO:
        names = []
    is_cut = request.limit is not None and len(names) > request.limit
    cards = place.book.responses(request.requested, names[: request.limit] if is_cut else names)
    after = [truncated(properties.card_path("")).encode()] if is_cut else []
    has_all = not is_cut and len(names) == len(place.book.content.cards)
    return place.multistatus((), cards, after, is_current=has_all and ADDRESS_DATA in request.requested.names)


def _sync(place: Place, request: SyncCollection) -> Answer:
    """Answer sync-collection; no token is refused (docs/architecture.md, "Sync tokens")."""
    changes = place.book.content.changes_since(request.token, request.limit)
    path = properties.card_path("")
    after = [gone(path + name).encode() for name in changes.gone]
    if changes.is_cut:
        after.append(truncated(path).encode())
    after.append(element(DAV + "sync-token", escaped(changes.token)).encode())
    cards = place.book.responses(request.requested, changes.changed)
    return place.multistatus((), cards, after, is_current=not changes.is_cut)


def _expand(place: Place, request: ExpandProperty, depth: str) -> Answer:
    resources = [place.resource]
    if _has_book_below(place, depth):
        resources.append(place.book.resource)
    cards = place.book.content.cards
    resources += [properties.card(cards[name]) for name in _cards_below(place, depth)]
    responses, size = [], 0
    for resource in resources:
        responses.append(expand(resource, request, place.identity).encode())
        size += len(responses[-1])
        if size > MAX_EXPANDED:
            raise RequestError("the answer is too long", FORBIDDEN, DAV + "number-of-matches-within-limits")
    return place.multistatus(responses)


def _unsupported() -> RequestError:
    return RequestError("this report works on an address book", FORBIDDEN, DAV + "supported-report")
