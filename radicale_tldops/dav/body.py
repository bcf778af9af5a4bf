"""Parsing the body of a request into an XML tree, with limits that are checked while it is parsed."""

import re
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from radicale_tldops.roster.errors import TldopsError

MAX_DEPTH = 50
"""Most levels of nested elements; clients need six."""
MAX_ELEMENTS = 20_000
"""Most elements of a body: twice those of a multiget of 10,000 cards."""
MAX_ATTRIBUTES = 16
"""Most attributes of an element; a text-match has three."""
MAX_NAME = 256
"""Most characters of a namespace, and of the name of an element or attribute. The parser repeats the namespace
with every name, and an answer repeats every unknown property for every card."""

BAD_REQUEST = 400
FORBIDDEN = 403
UNSUPPORTED_MEDIA_TYPE = 415
SERVICE_UNAVAILABLE = 503

PROP = "{DAV:}prop"

_CHILD, _PROPERTY = 2, 3
"""The levels of a child of the root element, and of a property in DAV:prop."""

# "XML processors MUST support UTF-8 and UTF-16" (RFC 4918, 19); expat also knows the other two.
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
    return None if named is None else _known_charset(named[1])


def _known_charset(name: str) -> str:
    try:
        return _CHARSETS[name.lower()]
    except KeyError:
        raise RequestError(f"unknown charset {quoted(name)}", UNSUPPORTED_MEDIA_TYPE) from None


def parse_body(content_type: str, body: bytes) -> Element:
    """Return the root element of a body. Names are in Clark notation; each property in a DAV:prop occurs once.

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
    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    parser.StartNamespaceDeclHandler = _namespace
    parser.StartDoctypeDeclHandler = _doctype
    if charset is None:
        parser.XmlDeclHandler = _declaration
    builder = _builder(parser)
    try:
        parser.Parse(text, True)
        return builder.close()
    except expat.ExpatError as error:
        raise RequestError(f"the body is not well-formed XML: {error}") from error
    finally:
        # The handlers refer to the parser: without this, parser and tree would stay until the garbage collector runs.
        parser.StartElementHandler = parser.EndElementHandler = None


def _builder(parser: expat.XMLParserType) -> TreeBuilder:
    """Return the builder of the tree from the parser's events; a property that is repeated is left out."""
    # A multiget has thousands of events: text goes to the builder directly, and the handlers use local names only.
    builder = TreeBuilder()
    begin, finish = builder.start, builder.end
    tags, asked = dict[str, str](), set[str]()
    level, count, in_prop, is_skipping = 0, 0, False, False

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal level, count, in_prop, is_skipping
        if level >= MAX_DEPTH:
            raise RequestError(f"elements are nested too deep: at most {MAX_DEPTH} levels are allowed")
        level += 1
        tag = tags.get(name) or tags.setdefault(name, _clark(name))
        if is_skipping:
            return
        if level == _CHILD:
            in_prop = tag == PROP
        elif level == _PROPERTY and in_prop:
            if tag in asked:
                is_skipping, parser.CharacterDataHandler = True, None
                return
            asked.add(tag)
        count += 1
        if count > MAX_ELEMENTS:
            raise RequestError(f"too many elements: at most {MAX_ELEMENTS} are allowed")
        begin(tag, _named(attributes) if attributes else attributes)

    def end(name: str) -> None:
        nonlocal level, is_skipping
        level -= 1
        if not is_skipping:
            finish(name)
        elif level < _PROPERTY:
            is_skipping, parser.CharacterDataHandler = False, builder.data

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = builder.data
    return builder


def _named(attributes: dict[str, str]) -> dict[str, str]:
    if len(attributes) > MAX_ATTRIBUTES:
        raise RequestError(f"too many attributes: an element may have at most {MAX_ATTRIBUTES}")
    return {_clark(key): value for key, value in attributes.items()}


def _namespace(prefix: str | None, uri: str | None) -> None:
    _check_length(uri or "")


def _doctype(*_: object) -> None:
    raise RequestError("a document type declaration is not allowed")


def _declaration(version: str, encoding: str | None, standalone: int) -> None:
    if encoding is not None:
        _known_charset(encoding)


def _clark(name: str) -> str:
    """Return a name of expat's, "namespace}name" or "name", in Clark notation."""
    _check_length(name.rpartition("}")[2])
    return "{" + name if "}" in name else name


def _check_length(name: str) -> None:
    if len(name) > MAX_NAME:
        raise RequestError(f"a name is too long: at most {MAX_NAME} characters are allowed")


def quoted(text: str) -> str:
    """Return a client's text for a message: at most 100 characters in one line, without control characters."""
    return ascii(text[:100])
