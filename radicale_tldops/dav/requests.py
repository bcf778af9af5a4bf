"""The bodies of PROPFIND and REPORT, as values; unknown elements in them are ignored (RFC 4918, 17)."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from xml.etree.ElementTree import Element

from radicale_tldops.dav.body import MAX_NAME, RequestError, charset_of, parse_body, quoted
from radicale_tldops.dav.markup import CARDDAV, DAV
from radicale_tldops.dav.query.filters import CardFilter, parse_filter
from radicale_tldops.dav.requested import MAX_PROPERTIES, Mode, RequestedProperties, read_requested

_LEVELS = frozenset({"", "1", "infinite", "infinity"})
"""The values of DAV:sync-level (RFC 6578, 6.3), no value, and the one of its drafts: on a flat collection all mean the
same."""

_MAX_DIGITS = 18

_NO_PROPERTIES = RequestedProperties(Mode.PROP)

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9._-]*")
_XMLNS = "http://www.w3.org/2000/xmlns/"


@dataclass(frozen=True, slots=True)
class Multiget:
    """CARDDAV:addressbook-multiget (RFC 6352, 8.7). `hrefs` are as they were sent, each once."""

    requested: RequestedProperties
    hrefs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """CARDDAV:addressbook-query (RFC 6352, 8.6). Without a filter: every card. `limit` is CARDDAV:nresults."""

    requested: RequestedProperties
    filter: CardFilter | None
    limit: int | None


@dataclass(frozen=True, slots=True)
class SyncCollection:
    """DAV:sync-collection (RFC 6578, 3.2). `limit` is DAV:nresults (3.7)."""

    requested: RequestedProperties
    token: str
    limit: int | None


@dataclass(frozen=True, slots=True)
class Expansion:
    """A property to return, and which properties of the resources that it names (RFC 3253, 3.8)."""

    name: str
    inner: tuple["Expansion", ...]


@dataclass(frozen=True, slots=True)
class ExpandProperty:
    """DAV:expand-property (RFC 3253, 3.8). `requested` says only whether missing properties are left out."""

    properties: tuple[Expansion, ...]
    requested: RequestedProperties = _NO_PROPERTIES


@dataclass(frozen=True, slots=True)
class PrincipalMatch:
    """DAV:principal-match (RFC 3744, 9.3): by a property that names a principal, or None for DAV:self."""

    requested: RequestedProperties
    by: str | None


@dataclass(frozen=True, slots=True)
class Search:
    """DAV:property-search: `text` in every one of these properties (RFC 3744, 9.4)."""

    names: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class PrincipalPropertySearch:
    """DAV:principal-property-search (RFC 3744, 9.4). All searches have to match, with `anyof` at least one.

    It searches the principals below the path, with `everywhere` those of DAV:principal-collection-set.
    """

    requested: RequestedProperties
    searches: tuple[Search, ...]
    anyof: bool
    everywhere: bool


@dataclass(frozen=True, slots=True)
class PrincipalSearchPropertySet:
    """DAV:principal-search-property-set (RFC 3744, 9.5). It asks for no properties."""

    requested: RequestedProperties = _NO_PROPERTIES


@dataclass(frozen=True, slots=True)
class AclPrincipalPropSet:
    """DAV:acl-principal-prop-set (RFC 3744, 9.2)."""

    requested: RequestedProperties


Report = (
    Multiget
    | Query
    | SyncCollection
    | ExpandProperty
    | PrincipalMatch
    | PrincipalPropertySearch
    | PrincipalSearchPropertySet
    | AclPrincipalPropSet
)


def read_propfind(content_type: str, body: bytes) -> RequestedProperties:
    """Read the body of a PROPFIND; an empty one asks for all properties (RFC 4918, 9.1).

    Raises:
        RequestError: with 400 or 415, for a body that the RFC does not describe or that is beyond a limit.
    """
    if not body:
        charset_of(content_type)
        return RequestedProperties(Mode.ALLPROP)
    root = parse_body(content_type, body)
    if root.tag != DAV + "propfind":
        raise RequestError(f"a PROPFIND has the root element DAV:propfind, not {quoted(root.tag)}")
    requested = read_requested(root)
    if requested.mode is Mode.STATUS:
        raise RequestError("DAV:propfind asks for nothing: prop, allprop or propname is missing")
    return requested


def read_report(content_type: str, body: bytes) -> Report:
    """Read the body of a REPORT.

    Raises:
        RequestError: with 400, 403 or 415, for a body that no RFC describes, for one beyond a limit, and for a report,
            collation or kind of card that is not supported.
    """
    root = parse_body(content_type, body)
    read = _REPORTS.get(root.tag)
    if read is None:
        # The name alone does not say whether such a report exists: 400, with the precondition of RFC 3253, 3.6.
        raise RequestError(f"no report is called {quoted(root.tag)}", condition=DAV + "supported-report")
    return read(root)


def _multiget(root: Element) -> Multiget:
    hrefs = dict.fromkeys([(href.text or "").strip() for href in root.findall(DAV + "href")])
    return Multiget(read_requested(root, is_report=True), tuple(hrefs))


def _query(root: Element) -> Query:
    # RFC 6352, 10.3 asks for exactly one filter; some clients send none, and mean every card.
    filters = root.findall(CARDDAV + "filter")
    if len(filters) > 1:
        raise RequestError("an addressbook-query has one filter")
    card_filter = parse_filter(filters[0]) if filters else None
    return Query(read_requested(root, is_report=True), card_filter, _limit(root, CARDDAV))


def _sync(root: Element) -> SyncCollection:
    if root.findtext(DAV + "sync-level", "").strip() not in _LEVELS:
        raise RequestError("sync-level is 1 or infinite")
    token = root.findtext(DAV + "sync-token", "").strip()
    requested = read_requested(root, is_report=True)
    if requested.mode is Mode.STATUS:
        # A status without a propstat would mean that the member is gone (RFC 6578, 3.2).
        requested = replace(requested, mode=Mode.PROP)
    return SyncCollection(requested, token, _limit(root, DAV))


def _limit(root: Element, namespace: str) -> int | None:
    limit = root.find(namespace + "limit")
    if limit is None:
        return None
    number = limit.findtext(namespace + "nresults", "").strip()
    if not (number.isascii() and number.isdigit() and len(number) <= _MAX_DIGITS and int(number)):
        raise RequestError("nresults is a whole number of at least 1")
    return int(number)


def _expand(root: Element) -> ExpandProperty:
    if sum(1 for _ in root.iter(DAV + "property")) > MAX_PROPERTIES:
        raise RequestError(f"too many properties: at most {MAX_PROPERTIES} are allowed")
    return ExpandProperty(_expansions(root))


def _expansions(parent: Element) -> tuple[Expansion, ...]:
    found: dict[str, Expansion] = {}
    for asked in parent.iterfind(DAV + "property"):
        local, namespace = asked.get("name", ""), asked.get("namespace", "DAV:")
        # The answer uses the value of the attribute as the name of an element.
        if not _NAME.fullmatch(local) or len(local) > MAX_NAME:
            raise RequestError("the name of a property must be a name of XML")
        if namespace == _XMLNS or len(namespace) > MAX_NAME:
            raise RequestError("the namespace of a property must be one that elements can have")
        name = f"{{{namespace}}}{local}" if namespace else local
        found.setdefault(name, Expansion(name, _expansions(asked)))
    return tuple(found.values())


def _principal_match(root: Element) -> PrincipalMatch:
    by_self, by_property = root.find(DAV + "self"), root.find(DAV + "principal-property")
    if (by_self is None) == (by_property is None):
        raise RequestError("a principal-match has either self or principal-property")
    if by_property is None:
        return PrincipalMatch(read_requested(root), None)
    if len(by_property) != 1:
        raise RequestError("principal-property names one property")
    return PrincipalMatch(read_requested(root), by_property[0].tag)


def _principal_search(root: Element) -> PrincipalPropertySearch:
    searches = tuple(map(_search, root.iterfind(DAV + "property-search")))
    if not searches:
        raise RequestError("a principal-property-search has a property-search")
    # Apple added `test`, and its clients send it.
    everywhere = root.find(DAV + "apply-to-principal-collection-set") is not None
    return PrincipalPropertySearch(read_requested(root), searches, root.get("test") == "anyof", everywhere)


def _search(element: Element) -> Search:
    named = element.find(DAV + "prop")
    names = tuple(child.tag for child in named) if named is not None else ()
    text = element.findtext(DAV + "match")
    if not names or text is None:
        raise RequestError("a property-search has a prop and a match")
    return Search(names, text)


_REPORTS: Mapping[str, Callable[[Element], Report]] = {
    CARDDAV + "addressbook-multiget": _multiget,
    CARDDAV + "addressbook-query": _query,
    DAV + "sync-collection": _sync,
    DAV + "expand-property": _expand,
    DAV + "principal-match": _principal_match,
    DAV + "principal-property-search": _principal_search,
    DAV + "principal-search-property-set": lambda _: PrincipalSearchPropertySet(),
    DAV + "acl-principal-prop-set": lambda root: AclPrincipalPropSet(read_requested(root)),
}
