"""The bodies of PROPFIND and REPORT: checked, and reduced to what is understood, before Radicale sees them."""

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlparse
from xml.etree.ElementTree import Element, SubElement

from radicale_tldops.dav.body import BAD_REQUEST, FORBIDDEN, PROP, RequestError, charset_of, parse_body, quoted
from radicale_tldops.dav.filters import FilterError, parse_filter

MAX_PROPERTIES = 200
"""How many different properties may be asked for; no client is known to ask for more than 50."""

_DAV = "{DAV:}"
_CARDDAV = "{urn:ietf:params:xml:ns:carddav}"
_ALLPROP = _DAV + "allprop"
_PROPNAME = _DAV + "propname"
_HREF = _DAV + "href"
_RESPONSE = _DAV + "response"
_PROPSTAT = _DAV + "propstat"
_STATUS = _DAV + "status"
_SYNC_TOKEN = _DAV + "sync-token"
_ADDRESS_DATA = _CARDDAV + "address-data"
_FILTER = _CARDDAV + "filter"
_QUERY = _CARDDAV + "addressbook-query"
_MULTIGET = _CARDDAV + "addressbook-multiget"
_SYNC = _DAV + "sync-collection"

# What a card has by way of a REPORT. `address-data` is no property and belongs to neither allprop nor propname
# (RFC 6352, 10.4).
_CARD_PROPERTIES = (_DAV + "getetag", _DAV + "getcontenttype")

# Known reports that have nothing to tell here. Radicale answers the first of them with no response at all; some clients
# stop at an error (docs/rfc-checklist.md).
_SILENT = _DAV + "expand-property"
_SILENT_REPORTS = frozenset(
    _DAV + name
    for name in (
        "expand-property",
        "principal-property-search",
        "principal-search-property-set",
        "principal-match",
        "acl-principal-prop-set",
    )
)

# Radicale cannot read the name of a property without namespace, which XML and WebDAV allow.
_NO_NAMESPACE = "{data:,no-namespace}"


class Shape(StrEnum):
    """What the answer tells of a resource."""

    PROPERTIES = "properties"
    NAMES = "names"
    STATUS = "status"


@dataclass(frozen=True, slots=True)
class Request:
    """A body that can be trusted: no more in it than its limits and its report allow, every property once.

    `xml` is None for the empty body of a PROPFIND, which asks for allprop. It asks Radicale for what gives a response
    for every resource; `shape` says what of it the client wanted. `unreadable` are the hrefs of a multiget that are no
    URLs: they are not in `xml`, and have to be answered with 404.
    """

    xml: Element | None
    shape: Shape = Shape.PROPERTIES
    unreadable: tuple[str, ...] = ()


def read_request(method: str, content_type: str, body: bytes) -> Request:
    """Read the body of a PROPFIND or a REPORT.

    Elements that are not known are left out (RFC 4918, 17), and so is everything inside the properties asked for.

    Raises:
        RequestError: with 400, 403 or 415, for a body that is not what RFC 4918, 6352 or 6578 describes, for one beyond
            the limits here and in `body.py`, and for a filter, collation or type of `address-data` that is unknown.

    """
    if method == "PROPFIND" and not body:
        charset_of(content_type)
        return Request(None)
    root = parse_body(content_type, body)
    return _propfind(root) if method == "PROPFIND" else _report(root)


def complete(request: Request, multistatus: Element) -> None:
    """Give an answer of Radicale's what it lacks: a status for every resource, 404 for hrefs that are no URLs."""
    for response in multistatus.findall(_RESPONSE):
        propstats = response.findall(_PROPSTAT)
        if request.shape is Shape.STATUS:
            for propstat in propstats:
                response.remove(propstat)
        elif request.shape is Shape.NAMES:
            for name in response.iterfind(f"{_PROPSTAT}/{PROP}/*"):
                name.text = None
        if response.find(_PROPSTAT) is None and response.find(_STATUS) is None:
            # A response holds propstats or a status (RFC 4918, 14.24).
            SubElement(response, _STATUS).text = "HTTP/1.1 200 OK"
        for name in response.iterfind(f"{_PROPSTAT}/{PROP}/*"):
            if name.tag.startswith(_NO_NAMESPACE):
                name.tag = name.tag.removeprefix(_NO_NAMESPACE)
                # Radicale writes answers with DAV: as the namespace of names without prefix.
                name.set("xmlns", "")
    for href in request.unreadable:
        response = SubElement(multistatus, _RESPONSE)
        SubElement(response, _HREF).text = href
        SubElement(response, _STATUS).text = "HTTP/1.1 404 Not Found"


def _propfind(root: Element) -> Request:
    if root.tag != _DAV + "propfind":
        raise RequestError(f"a PROPFIND has the root element DAV:propfind, not {quoted(root.tag)}")
    chosen = _chosen(root)
    if chosen is None:
        raise RequestError("DAV:propfind asks for nothing: prop, allprop or propname is missing")
    clean = Element(root.tag)
    _copy(chosen, clean)
    return Request(clean)


def _report(root: Element) -> Request:
    if root.tag in _SILENT_REPORTS:
        return Request(Element(_SILENT))
    if root.tag not in (_QUERY, _MULTIGET, _SYNC):
        raise RequestError(f"there is no report {quoted(root.tag)}")
    clean = Element(root.tag)
    shape = _ask(root, clean)
    unreadable: tuple[str, ...] = ()
    if root.tag == _QUERY:
        clean.extend(_filters(root))
    elif root.tag == _MULTIGET:
        unreadable = _hrefs(root, clean)
    else:
        SubElement(clean, _SYNC_TOKEN).text = root.findtext(_SYNC_TOKEN)
    return Request(clean, shape, unreadable)


def _ask(root: Element, clean: Element) -> Shape:
    """Put into `clean` a DAV:prop that gets a response for every card, which Radicale's empty ones do not."""
    chosen = _chosen(root)
    if chosen is not None and chosen.tag == PROP and len(chosen):
        for wanted in chosen.iterfind(_ADDRESS_DATA):
            _check_address_data(wanted)
        _copy(chosen, clean)
        return Shape.PROPERTIES
    prop = SubElement(clean, PROP)
    for name in _CARD_PROPERTIES:
        SubElement(prop, name)
    if chosen is None or chosen.tag == PROP:
        return Shape.STATUS
    return Shape.PROPERTIES if chosen.tag == _ALLPROP else Shape.NAMES


def _chosen(root: Element) -> Element | None:
    """Return the one prop, allprop or propname of a request, or None."""
    found = [child for child in root if child.tag in (PROP, _ALLPROP, _PROPNAME)]
    if len(found) > 1:
        raise RequestError("only one of prop, allprop and propname may be asked for, and once")
    if found and len(found[0]) > MAX_PROPERTIES:
        raise RequestError(f"too many properties: at most {MAX_PROPERTIES} are allowed")
    return found[0] if found else None


def _copy(chosen: Element, parent: Element) -> None:
    copied = SubElement(parent, chosen.tag)
    if chosen.tag == PROP:
        for child in chosen:
            SubElement(copied, child.tag if child.tag.startswith("{") else _NO_NAMESPACE + child.tag)


def _check_address_data(wanted: Element) -> None:
    # The defaults of the two attributes are text/vcard and 3.0 (RFC 6352, 10.4).
    media_type = wanted.get("content-type", "text/vcard").partition(";")[0].strip().lower()
    if (media_type, wanted.get("version", "3.0").strip()) != ("text/vcard", "3.0"):
        raise RequestError("the cards are vCard 3.0 only", FORBIDDEN, _CARDDAV + "supported-address-data")


def _filters(root: Element) -> list[Element]:
    # RFC 6352, 10.3 asks for exactly one. Without any, every card is meant.
    filters = root.findall(_FILTER)
    if len(filters) > 1:
        raise RequestError("an addressbook-query has one filter")
    for element in filters:
        try:
            parse_filter(element)
        except FilterError as error:
            status = FORBIDDEN if error.condition else BAD_REQUEST
            raise RequestError(str(error), status, error.condition) from error
    return filters


def _hrefs(root: Element, clean: Element) -> tuple[str, ...]:
    """Copy the hrefs that are URLs, each once, and return the others."""
    unreadable: list[str] = []
    for text in dict.fromkeys((element.text or "").strip() for element in root.iterfind(_HREF)):
        try:
            readable = bool(urlparse(text).path)
        except ValueError:
            readable = False
        if readable:
            SubElement(clean, _HREF).text = text
        else:
            unreadable.append(text)
    return tuple(unreadable)
