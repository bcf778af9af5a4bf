"""From the bytes of a request's body to an XML tree, with every limit in force from the first byte on."""

import re
from xml.etree.ElementTree import Element, TreeBuilder
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

_IN_ROOT, _IN_PROP = 1, 2
"""How many elements are open around a child of the root, and around a property that is asked for."""

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
        # They hold the parser, and so would keep it and the tree until the garbage collector comes.
        parser.StartElementHandler = parser.EndElementHandler = None


def _builder(parser: expat.XMLParserType) -> TreeBuilder:
    """Return what builds a tree from the parser's events, without properties that are asked for again.

    A multiget has thousands of events. So text goes from the parser to the builder with no code between them, what is
    skipped has handlers of its own, and what the handlers know stands in local names.
    """
    builder = TreeBuilder()
    begin, finish = builder.start, builder.end
    tags: dict[str, str] = {}
    asked: set[str] = set()
    level, count, in_prop = 0, 0, False

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal level, count, in_prop
        if level >= MAX_DEPTH:
            raise _too_deep()
        try:
            tag = tags[name]
        except KeyError:
            tag = tags[name] = _clark(name)
        if level == _IN_ROOT:
            in_prop = tag == PROP
        elif level == _IN_PROP and in_prop:
            if tag in asked:
                _skip(parser)
                return
            asked.add(tag)
        level += 1
        count += 1
        if count > MAX_ELEMENTS:
            raise RequestError(f"too many elements: at most {MAX_ELEMENTS} are allowed")
        begin(tag, _named(attributes) if attributes else attributes)

    def end(name: str) -> None:
        nonlocal level
        level -= 1
        finish(name)

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = builder.data
    return builder


def _skip(parser: expat.XMLParserType) -> None:
    """Leave out the property that has just begun, up to its end."""
    level = _IN_PROP + 1
    kept = parser.StartElementHandler, parser.EndElementHandler
    kept_text = parser.CharacterDataHandler

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal level
        if level >= MAX_DEPTH:
            raise _too_deep()
        _clark(name)
        level += 1

    def end(name: str) -> None:
        nonlocal level
        level -= 1
        if level == _IN_PROP:
            parser.StartElementHandler, parser.EndElementHandler = kept
            parser.CharacterDataHandler = kept_text

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = None


def _named(attributes: dict[str, str]) -> dict[str, str]:
    if len(attributes) > MAX_ATTRIBUTES:
        raise RequestError(f"too many attributes: an element may have at most {MAX_ATTRIBUTES}")
    return {_clark(key): value for key, value in attributes.items()}


def _namespace(prefix: str | None, uri: str | None) -> None:
    _check_length(uri or "")


def _doctype(*_: object) -> None:
    raise RequestError("a document type declaration is not allowed, and no entities")


def _declaration(version: str, encoding: str | None, standalone: int) -> None:
    if encoding is not None:
        _known_charset(encoding)


def _clark(name: str) -> str:
    """Return a name of expat's, "namespace}name" or "name", in Clark notation."""
    _check_length(name.rpartition("}")[2])
    return "{" + name if "}" in name else name


def _too_deep() -> RequestError:
    return RequestError(f"elements are nested too deep: at most {MAX_DEPTH} levels are allowed")


def _check_length(name: str) -> None:
    if len(name) > MAX_NAME:
        raise RequestError(f"a name is too long: at most {MAX_NAME} characters are allowed")


def quoted(text: str) -> str:
    """Return what a client sent as a message may show it: one line, nothing that a terminal obeys, not a page long."""
    return ascii(text[:100])
