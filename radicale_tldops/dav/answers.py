"""The answers to PROPFIND, REPORT and GET, from a `Site` alone, so that each is of one generation."""

from urllib.parse import quote, unquote, urlsplit

from radicale_tldops.dav import properties
from radicale_tldops.dav.answer import OK, Answer, Visitor, multistatus
from radicale_tldops.dav.body import FORBIDDEN, RequestError
from radicale_tldops.dav.conditions import State
from radicale_tldops.dav.markup import DAV, element, escaped
from radicale_tldops.dav.principals import expand, principal_report
from radicale_tldops.dav.properties import CONTENT_TYPE, Kind, Resource
from radicale_tldops.dav.requests import ExpandProperty, Multiget, Query, Report, SyncCollection
from radicale_tldops.dav.responses import NO_CARDS, Cards, gone, response, truncated
from radicale_tldops.dav.site import BookSite, Place, Site
from radicale_tldops.dav.wanted import ADDRESS_DATA, Wanted
from radicale_tldops.roster.snapshot import BOOK

ZERO, ONE, INFINITY = "0", "1", "infinity"
"""The values of the Depth header (RFC 4918, 10.2)."""

MAX_EXPANDED = 256 * 1024
"""How many characters an expand-property may tell: it is about principals, and there is one."""

_VCARD = ("Content-Type", CONTENT_TYPE)


def propfind(
    site: Site, place: Place, visitor: Visitor, wanted: Wanted, depth: str, *, no_root: bool = False
) -> Answer:
    """Answer PROPFIND (RFC 4918, 9.1). With `no_root`, what was asked for itself is left out (RFC 8144, 3).

    The root lists nobody, for any depth; below it, infinity gives what is the reader's own.
    """
    before, cards = _responses(site, place, visitor, wanted, depth)
    if no_root and depth != ZERO:
        before, cards = before[1:], cards if before else NO_CARDS
    return multistatus(before, place.own, visitor, cards=cards)


def report(site: Site, place: Place, visitor: Visitor, request: Report, depth: str | None) -> Answer:
    """Answer REPORT (RFC 3253, 3.6; RFC 6352, 8; RFC 6578, 3.2; RFC 3744, 9). A `depth` of None was not sent.

    Raises:
        RequestError: the report is not for what stands here, or not of this depth.

    """
    match request:
        case Multiget() | Query() if place.kind not in (Kind.BOOK, Kind.CARD):
            raise _not_here()
        case SyncCollection() if place.kind is not Kind.BOOK:
            raise _not_here()
        case Multiget():
            return _multiget(site.book(place.style), place, visitor, request)
        case Query():
            return _query(site.book(place.style), place, visitor, request, depth or ONE)
        case SyncCollection():
            return _sync(site.book(place.style), place, visitor, request)
        case ExpandProperty():
            return _expand(site, place, visitor, request, depth or ZERO)
    if depth not in (None, ZERO):
        raise RequestError("a report about principals is of depth 0")
    own = place if place.own else Place(Kind.PRINCIPAL, visitor.principal)
    return principal_report(request, place, visitor, lambda wanted: _responses(site, own, visitor, wanted, INFINITY))


def get(site: Site, place: Place) -> Answer:
    """Answer GET of the book, which is all its cards, or of a card (RFC 9110, 9.3.1).

    Raises:
        RequestError: with 403 where there is nothing to download.

    """
    if place.kind not in (Kind.BOOK, Kind.CARD):
        raise RequestError("there is nothing to download here", FORBIDDEN)
    book = site.book(place.style)
    if place.kind is Kind.CARD:
        card = book.book.cards[place.card]
        tags = (("ETag", card.quoted_etag), ("Last-Modified", card.last_modified))
        return Answer(OK, (_VCARD, *tags), card.text.encode(), is_exact=True)
    named = ("Content-Disposition", f"attachment; filename*=utf-8''{quote(book.title, safe='')}.vcf")
    tags = (("ETag", book.book.ctag), ("Last-Modified", book.book.last_modified))
    return Answer(OK, (_VCARD, named, *tags), book.export(), is_current=True)


def state(site: Site, place: Place | None) -> State:
    """Return the state of what stands at a place; what has none of its own, or does not exist, has an empty one."""
    if place is None or place.kind not in (Kind.BOOK, Kind.CARD):
        return State()
    book = site.book(place.style).book
    return State(book.ctag, book.token) if place.kind is Kind.BOOK else State(book.cards[place.card].quoted_etag)


def _responses(site: Site, place: Place, visitor: Visitor, wanted: Wanted, depth: str) -> tuple[list[bytes], Cards]:
    """Return the responses for what stands at a place and, by depth, below it."""
    if place.kind is Kind.CARD:
        return [], site.book(place.style).responses(wanted, [place.card])
    before, cards = [response(_resource(site, place, visitor), wanted).encode()], NO_CARDS
    if place.kind is Kind.PRINCIPAL and depth != ZERO:
        before.append(response(site.book(place.style).resource, wanted).encode())
    if (place.kind is Kind.BOOK and depth != ZERO) or (place.kind is Kind.PRINCIPAL and depth == INFINITY):
        book = site.book(place.style)
        cards = book.responses(wanted, book.book.cards)
    return before, cards


def _resource(site: Site, place: Place, visitor: Visitor) -> Resource:
    if place.kind is Kind.ROOT:
        return properties.root()
    if place.kind is Kind.PRINCIPAL:
        return visitor.resource
    book = site.book(place.style)
    return book.resource if place.kind is Kind.BOOK else properties.card(book.book.cards[place.card])


def _multiget(book: BookSite, place: Place, visitor: Visitor, request: Multiget) -> Answer:
    """Answer addressbook-multiget: each href once, 404 for what is no card of this book (RFC 6352, 8.7).

    Asked of a card, it is about that card alone.
    """
    base = f"/{place.own}/{BOOK}/"
    known = book.book.cards
    if place.kind is Kind.CARD:
        known = {place.card: known[place.card]}
    found = dict.fromkeys(known if place.kind is Kind.CARD and not request.hrefs else ())
    missing = []
    for sent in request.hrefs:
        name = sent[len(base) :] if sent.startswith(base) else ""
        if name not in known:
            name = _card_name(sent, base)
        if name in known:
            found[name] = None
        else:
            missing.append(gone(sent).encode())
    is_current = len(found) == len(book.book.cards) and ADDRESS_DATA in request.wanted.names
    cards = book.responses(request.wanted, found)
    return multistatus((), place.own, visitor, cards=cards, after=missing, is_current=is_current)


def _card_name(sent: str, base: str) -> str:
    """Return the name of the card that a full or percent-encoded URL stands for, or an empty text."""
    try:
        path = unquote(urlsplit(sent).path, errors="strict")
    except (ValueError, UnicodeDecodeError):
        return ""
    return path.removeprefix(base) if path.startswith(base) else ""


def _query(book: BookSite, place: Place, visitor: Visitor, request: Query, depth: str) -> Answer:
    """Answer addressbook-query: of depth 0 only what was asked for itself, and a book matches no filter (8.6)."""
    names = book.matching(request.filter)
    if place.kind is Kind.CARD:
        names = [name for name in names if name == place.card]
    elif depth == ZERO:
        names = []
    cut = request.limit is not None and len(names) > request.limit
    cards = book.responses(request.wanted, names[: request.limit] if cut else names)
    after = [truncated(f"/{properties.OWN}/{BOOK}/").encode()] if cut else []
    is_current = not cut and len(names) == len(book.book.cards) and ADDRESS_DATA in request.wanted.names
    return multistatus((), place.own, visitor, cards=cards, after=after, is_current=is_current)


def _sync(book: BookSite, place: Place, visitor: Visitor, request: SyncCollection) -> Answer:
    """Answer sync-collection; no token is refused (docs/architecture.md, "Sync tokens")."""
    changes = book.book.changes_since(request.token, request.limit)
    path = properties.card_path("")
    after = [gone(path + name).encode() for name in changes.gone]
    if changes.is_cut:
        after.append(truncated(path).encode())
    after.append(element(DAV + "sync-token", escaped(changes.token)).encode())
    cards = book.responses(request.wanted, changes.changed)
    return multistatus((), place.own, visitor, cards=cards, after=after, is_current=not changes.is_cut)


def _expand(site: Site, place: Place, visitor: Visitor, request: ExpandProperty, depth: str) -> Answer:
    resources = [_resource(site, place, visitor)]
    if place.kind is Kind.PRINCIPAL and depth != ZERO:
        resources.append(site.book(place.style).resource)
    if (place.kind is Kind.BOOK and depth != ZERO) or (place.kind is Kind.PRINCIPAL and depth == INFINITY):
        resources += map(properties.card, site.book(place.style).book.cards.values())
    responses, size = [], 0
    for one in resources:
        responses.append(expand(one, request, visitor).encode())
        size += len(responses[-1])
        if size > MAX_EXPANDED:
            raise RequestError("too much to tell", FORBIDDEN, DAV + "number-of-matches-within-limits")
    return multistatus(responses, place.own, visitor)


def _not_here() -> RequestError:
    return RequestError("this report is of an address book", FORBIDDEN, DAV + "supported-report")
