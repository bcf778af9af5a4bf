"""The properties of what stands here: the root, a reader's principal, the book, a card.

Values are XML that holds marks instead of paths: OWN stands for the principal in the path that is asked, ME for the
principal that the client is led to. They differ where a device of one style looks at the other one. The marks are
characters that no XML can hold, so that an answer of any length is made for its reader by replacing them.
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


class Kind(StrEnum):
    """What can stand at a path."""

    ROOT = "root"
    PRINCIPAL = "principal"
    BOOK = "book"
    CARD = "card"


@dataclass(frozen=True, slots=True)
class Resource:
    """What stands at a path: its path with marks, and its properties as elements, by their Clark names."""

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
"""What DAV:allprop tells: the properties that RFC 4918 itself defines, and where the reader is, so that a request
without a body leads somewhere. Those of RFC 3744, 6352 and 6578 "SHOULD NOT be returned" (RFC 3744, 5; RFC 6352, 6.2;
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

REPORTS: Mapping[Kind, tuple[str, ...]] = {
    Kind.ROOT: _PRINCIPAL_REPORTS,
    Kind.PRINCIPAL: _PRINCIPAL_REPORTS,
    Kind.BOOK: (*_PRINCIPAL_REPORTS, *_CARD_REPORTS, DAV + "sync-collection"),
    Kind.CARD: (*_PRINCIPAL_REPORTS, *_CARD_REPORTS),
}
"""DAV:supported-report-set (RFC 3253, 3.1.5)."""


def root() -> Resource:
    """Return the root: a collection that lists nothing, and says where the principal is."""
    return Resource("/", _common(Kind.ROOT) | _elements({DAV + "resourcetype": element(DAV + "collection")}))


def principal(name: str) -> Resource:
    """Return the reader's principal, which is its address-book home, too (RFC 3744, 4; RFC 6352, 7.1.1).

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
    return Resource(f"/{OWN}/", _common(Kind.PRINCIPAL) | _elements(own))


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
    return Resource(f"/{OWN}/{BOOK}/", _common(Kind.BOOK) | _elements(own))


def card(content: Card) -> Resource:
    """Return a card."""
    values = dict(CARD_CONSTANTS) | {name: make(content) for name, make in CARD_VALUES.items()}
    return Resource(card_path(content.href), values)


def card_path(name: str) -> str:
    """Return the path of a card by its name."""
    return f"/{OWN}/{BOOK}/{name}"


def _collations() -> str:
    return "".join(element(CARDDAV + "supported-collation", one) for one in Collation)


def _elements(contents: Mapping[str, str]) -> dict[str, str]:
    return {name: element(name, content) for name, content in contents.items()}


@cache
def _common(kind: Kind) -> dict[str, str]:
    """Return what every resource has: who may do what here (RFC 3744, 5), and where the reader is (RFC 5397, 3)."""
    read = element(DAV + "privilege", element(DAV + "read"))
    owner = "" if kind is Kind.ROOT else href(f"/{OWN}/")
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
    """Return DAV:all with DAV:read in it, and what reading the roster brings along (RFC 3744, 5.3)."""
    abstract = element(DAV + "abstract")

    def privilege(name: str, text: str, extra: str = "", inner: str = "") -> str:
        described = f'<D:description xml:lang="en">{text}</D:description>'
        content = element(DAV + "privilege", element(DAV + name)) + extra + described + inner
        return element(DAV + "supported-privilege", content)

    inner = privilege("read-acl", "See who may read", abstract)
    inner += privilege("read-current-user-privilege-set", "See what one may do", abstract)
    return privilege("all", "Everything", abstract, privilege("read", "Read", inner=inner))


CARD_CONSTANTS: Mapping[str, str] = _common(Kind.CARD) | _elements(
    {
        DAV + "resourcetype": "",
        DAV + "getcontenttype": CONTENT_TYPE,
        # On everything that can be asked with a collation (RFC 6352, 8.3).
        CARDDAV + "supported-collation-set": _collations(),
    }
)
"""The properties that are the same for every card."""

CARD_VALUES: Mapping[str, Callable[[Card], str]] = {
    DAV + "getetag": lambda one: f"<D:getetag>{one.quoted_etag}</D:getetag>",
    DAV + "getlastmodified": lambda one: f"<D:getlastmodified>{one.last_modified}</D:getlastmodified>",
    DAV + "getcontentlength": lambda one: f"<D:getcontentlength>{len(one.text.encode())}</D:getcontentlength>",
}
"""The properties in which cards differ."""
