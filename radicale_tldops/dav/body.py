"""From the bytes of a request's body to an XML tree, with every limit in force from the first byte on."""

import re
from xml.etree.ElementTree import Element
from xml.parsers import expat

from radicale_tldops.roster.errors import TldopsError

MAX_DEPTH = 50
"""How deep elements may be nested; clients need six levels."""
MAX_ELEMENTS = 20_000
"""How many elements a body may hold: twice a multiget of 10,000 cards."""
MAX_ATTRIBUTES = 16
"""How many attributes an element may have; a text-match has three."""
MAX_NAME = 256
"""How many characters a namespace, or the name of an element or attribute, may have. The parser repeats the namespace
with every name, and an answer repeats every unknown property for every card."""

BAD_REQUEST = 400
FORBIDDEN = 403
UNSUPPORTED_MEDIA_TYPE = 415
SERVICE_UNAVAILABLE = 503

PROP = "{DAV:}prop"

# "XML processors MUST support UTF-8 and UTF-16" (RFC 4918, 19); the other two are what expat knows besides.
_CHARSETS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "utf-16": "utf-16",
    "us-ascii": "ascii",
    "ascii": "ascii",
    "iso-8859-1": "latin-1",
    "latin1": "latin-1",
}
_CHARSET = re.compile(r';\s*charset\s*=\s*"?([^";,\s]+)', re.IGNORECASE)


class RequestError(TldopsError, ValueError):
    """A request that is refused, with its HTTP `status`.

    `condition` is the precondition element that the answer names, in Clark notation, where an RFC defines one.
    """

    def __init__(self, message: str, status: int = BAD_REQUEST, condition: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.condition = condition


def charset_of(content_type: str) -> str | None:
    """Return Python's name of the charset in a Content-Type header, or None where there is none.

    Raises:
        RequestError: with 415 for an unknown one.

    """
    named = _CHARSET.search(content_type)
    if named is None:
        return None
    return _known_charset(named[1])


def _known_charset(name: str) -> str:
    try:
        return _CHARSETS[name.lower()]
    except KeyError:
        raise RequestError(f"unknown charset {quoted(name)}", UNSUPPORTED_MEDIA_TYPE) from None


def parse_body(content_type: str, body: bytes) -> Element:
    """Parse a body once. Names come in Clark notation; of the properties asked for, each comes once.

    Raises:
        RequestError: with 415 for an unknown charset, else with 400: not well-formed, with a document type declaration
            (and so with any entity of its own), or beyond a limit.

    """
    charset = charset_of(content_type)
    try:
        # The charset of the header goes before that of the XML declaration (RFC 7303, 3.2).
        text = body if charset is None else body.decode(charset)
    except UnicodeDecodeError:
        raise RequestError(f"the body is not in {charset}") from None
    tree = _Tree()
    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    parser.StartElementHandler = tree.start
    parser.EndElementHandler = tree.end
    parser.CharacterDataHandler = tree.text
    parser.StartNamespaceDeclHandler = tree.namespace
    parser.StartDoctypeDeclHandler = tree.doctype
    if charset is None:
        parser.XmlDeclHandler = tree.declaration
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        raise RequestError(f"the body is not well-formed XML: {error}") from error
    if tree.root is None:
        raise RequestError("the body is empty")
    return tree.root


class _Tree:
    """The tree that expat's events build. A property that is asked for again is not kept, nor what is inside it."""

    def __init__(self) -> None:
        self.root: Element | None = None
        self._open: list[Element] = []
        self._count = 0
        self._skipping = 0
        self._asked: set[str] = set()

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._open) + self._skipping >= MAX_DEPTH:
            raise RequestError(f"elements are nested too deep: at most {MAX_DEPTH} levels are allowed")
        tag = _clark(name)
        if self._skipping or self._is_repeated(tag):
            self._skipping += 1
            return
        self._count += 1
        if self._count > MAX_ELEMENTS:
            raise RequestError(f"too many elements: at most {MAX_ELEMENTS} are allowed")
        if len(attributes) > MAX_ATTRIBUTES:
            raise RequestError(f"too many attributes: an element may have at most {MAX_ATTRIBUTES}")
        element = Element(tag, {_clark(key): value for key, value in attributes.items()})
        if self._open:
            self._open[-1].append(element)
        else:
            self.root = element
        self._open.append(element)

    def end(self, name: str) -> None:
        if self._skipping:
            self._skipping -= 1
        else:
            self._open.pop()

    def text(self, text: str) -> None:
        if self._skipping:
            return
        parent = self._open[-1]
        if len(parent):
            parent[-1].tail = (parent[-1].tail or "") + text
        else:
            parent.text = (parent.text or "") + text

    def namespace(self, prefix: str | None, uri: str | None) -> None:
        _check_length(uri or "")

    def doctype(self, *_: object) -> None:
        raise RequestError("a document type declaration is not allowed, and no entities")

    def declaration(self, version: str, encoding: str | None, standalone: int) -> None:
        if encoding is not None:
            _known_charset(encoding)

    def _is_repeated(self, tag: str) -> bool:
        if len(self._open) != 2 or self._open[1].tag != PROP:
            return False
        repeated = tag in self._asked
        self._asked.add(tag)
        return repeated


def _clark(name: str) -> str:
    """Return a name of expat's, "namespace}name" or "name", in Clark notation."""
    _check_length(name.rpartition("}")[2])
    return "{" + name if "}" in name else name


def _check_length(name: str) -> None:
    if len(name) > MAX_NAME:
        raise RequestError(f"a name is too long: at most {MAX_NAME} characters are allowed")


def quoted(text: str) -> str:
    """Return what a client sent as a message may show it: one line, nothing that a terminal obeys, not a page long."""
    return ascii(text[:100])
