"""The properties of each resource: the root, a reader's principal, the book, a card.

Values are XML with marks instead of principals: OWN stands for the principal in the requested path, ME for the one that
the client is led to. They differ where a device of one style asks for a path of the other style. No XML can hold these
characters, so an answer is made for its reader by replacing them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from radicale_tldops.dav.markup import CALENDARSERVER, CARDDAV, DAV, element, escaped, href
from radicale_tldops.dav.query.collation import Collation
from radicale_tldops.roster.snapshot import BOOK, Book, Card

OWN = "\x00"
ME = "\x01"

CONTENT_TYPE = "text/vcard;charset=utf-8"
"""The media type of a card."""


class ResourceKind(StrEnum):
    """The kinds of resources."""

    ROOT = "root"
    PRINCIPAL = "principal"
    BOOK = "book"
    CARD = "card"


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource: its path with marks, and its properties as elements, by their Clark names."""

    path: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class BookTexts:
    """What the configuration says of the book. `max_card` is in octets."""

    name: str
    description: str
    max_card: int


IN_ALLPROP = frozenset(
    DAV + name
    for name in (
        "current-user-principal",
        "displayname",
        "getcontentlength",
        "getcontenttype",
        "getetag",
        "getlastmodified",
        "resourcetype",
    )
)
"""What DAV:allprop returns: the properties that RFC 4918 itself defines, and the reader's principal, so that a request
without a body leads to it. Those of RFC 3744, 6352 and 6578 "SHOULD NOT be returned" (RFC 3744, 5; RFC 6352, 6.2;
RFC 6578, 4)."""

_PRINCIPAL_REPORTS = tuple(
    DAV + name
    for name in (
        "expand-property",
        "acl-principal-prop-set",
        "principal-match",
        "principal-property-search",
        "principal-search-property-set",
    )
)
_CARD_REPORTS = (CARDDAV + "addressbook-multiget", CARDDAV + "addressbook-query")

REPORTS: Mapping[ResourceKind, tuple[str, ...]] = {
    ResourceKind.ROOT: _PRINCIPAL_REPORTS,
    ResourceKind.PRINCIPAL: _PRINCIPAL_REPORTS,
    ResourceKind.BOOK: (*_PRINCIPAL_REPORTS, *_CARD_REPORTS, DAV + "sync-collection"),
    ResourceKind.CARD: (*_PRINCIPAL_REPORTS, *_CARD_REPORTS),
}
"""DAV:supported-report-set (RFC 3253, 3.1.5)."""


def root() -> Resource:
    """Return the root: a collection that lists nothing, and names the reader's principal."""
    return Resource("/", _common(ResourceKind.ROOT) | _elements({DAV + "resourcetype": element(DAV + "collection")}))


def principal(name: str) -> Resource:
    """Return the reader's principal, which is also the address-book home (RFC 3744, 4; RFC 6352, 7.1.1).

    `name` is the reader's own name.
    """
    here = href(f"/{OWN}/")
    own = {
        DAV + "resourcetype": element(DAV + "principal") + element(DAV + "collection"),
        DAV + "displayname": escaped(name),
        DAV + "alternate-URI-set": "",
        DAV + "principal-URL": here,
        DAV + "group-membership": "",
        CARDDAV + "addressbook-home-set": here,
    }
    return Resource(f"/{OWN}/", _common(ResourceKind.PRINCIPAL) | _elements(own))


def book(content: Book, texts: BookTexts, length: int) -> Resource:
    """Return the address book (RFC 6352, 5.2 and 6.2; RFC 6578, 4). `length` is that of all its cards in octets."""
    own = {
        DAV + "resourcetype": element(CARDDAV + "addressbook") + element(DAV + "collection"),
        DAV + "displayname": escaped(texts.name),
        DAV + "getetag": content.ctag,
        DAV + "getlastmodified": content.last_modified,
        DAV + "getcontenttype": CONTENT_TYPE,
        DAV + "getcontentlength": str(length),
        DAV + "sync-token": escaped(content.token),
        CALENDARSERVER + "getctag": content.ctag,
        CARDDAV + "addressbook-description": escaped(texts.description),
        CARDDAV + "max-resource-size": str(texts.max_card),
        CARDDAV + "supported-address-data": '<C:address-data-type content-type="text/vcard" version="3.0"/>',
        CARDDAV + "supported-collation-set": _collations(),
    }
    return Resource(f"/{OWN}/{BOOK}/", _common(ResourceKind.BOOK) | _elements(own))


def card(content: Card) -> Resource:
    """Return a card."""
    values = dict(CARD_CONSTANTS) | {name: make(content) for name, make in CARD_VALUES.items()}
    return Resource(card_path(content.href), values)


def card_path(name: str) -> str:
    """Return the path of a card by its name."""
    return f"/{OWN}/{BOOK}/{name}"


def _collations() -> str:
    return "".join(element(CARDDAV + "supported-collation", collation) for collation in Collation)


def _elements(contents: Mapping[str, str]) -> dict[str, str]:
    return {name: element(name, content) for name, content in contents.items()}


@cache
def _common(kind: ResourceKind) -> dict[str, str]:
    """Return the properties of every resource: access control (RFC 3744, 5), the reader's principal (RFC 5397, 3)."""
    read = element(DAV + "privilege", element(DAV + "read"))
    owner = "" if kind is ResourceKind.ROOT else href(f"/{OWN}/")
    reader = owner or href(f"/{ME}/")
    entry = element(DAV + "principal", reader) + element(DAV + "grant", read) + element(DAV + "protected")
    reports = "".join(
        element(DAV + "supported-report", element(DAV + "report", element(name))) for name in REPORTS[kind]
    )
    return _elements(
        {
            DAV + "owner": owner,
            DAV + "group": "",
            DAV + "current-user-principal": href(f"/{ME}/"),
            DAV + "current-user-privilege-set": read,
            DAV + "supported-privilege-set": _supported_privileges(),
            DAV + "acl": element(DAV + "ace", entry),
            # One entry for each principal, which grants, and no "everybody but".
            DAV + "acl-restrictions": element(DAV + "grant-only") + element(DAV + "no-invert"),
            DAV + "inherited-acl-set": "",
            DAV + "principal-collection-set": href("/"),
            DAV + "supported-report-set": reports,
        }
    )


def _supported_privileges() -> str:
    """Return DAV:all, which contains DAV:read, which contains two abstract privileges (RFC 3744, 5.3)."""
    abstract = element(DAV + "abstract")

    def privilege(name: str, text: str, extra: str = "", inner: str = "") -> str:
        described = f'<D:description xml:lang="en">{text}</D:description>'
        content = element(DAV + "privilege", element(DAV + name)) + extra + described + inner
        return element(DAV + "supported-privilege", content)

    inner = privilege("read-acl", "See who may read", abstract)
    inner += privilege("read-current-user-privilege-set", "See one's own privileges", abstract)
    return privilege("all", "Everything", abstract, privilege("read", "Read", inner=inner))


CARD_CONSTANTS: Mapping[str, str] = _common(ResourceKind.CARD) | _elements(
    {
        DAV + "resourcetype": "",
        DAV + "getcontenttype": CONTENT_TYPE,
        # On every resource that takes a report with a collation (RFC 6352, 8.3).
        CARDDAV + "supported-collation-set": _collations(),
    }
)
"""The properties that are the same for every card."""

CARD_VALUES: Mapping[str, Callable[[Card], str]] = {
    DAV + "getetag": lambda content: f"<D:getetag>{content.quoted_etag}</D:getetag>",
    DAV + "getlastmodified": lambda content: f"<D:getlastmodified>{content.last_modified}</D:getlastmodified>",
    DAV + "getcontentlength": lambda content: f"<D:getcontentlength>{len(content.text.encode())}</D:getcontentlength>",
}
"""The properties in which cards differ."""
