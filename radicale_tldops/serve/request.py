"""A request as a value, read from the WSGI environment (PEP 3333)."""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from radicale_tldops.login.peer import Proxies

MAX_BODY = 1_000_000
"""Longest request body in bytes; the longest that a client sends, a multiget of the whole book, is a tenth of it."""

MAX_CREDENTIALS = 8192
"""Longest Basic credentials, in characters of base 64."""

_DEPTHS = frozenset({"0", "1", "infinity"})
"""The values of the Depth header (RFC 4918, 10.2)."""

_MAX_DIGITS = 18


class FramingError(ValueError):
    """The length of the body or the depth of a request is unclear; the body is not read."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass(frozen=True, slots=True)
class Incoming:
    """One request. `path` is decoded; `depth` is None where the header was not sent.

    `minimal` and `no_root` are what `Prefer`, or `Brief`, asks for (RFC 8144, 2 and 3). `takes_vcard` says that a vCard
    3.0 is acceptable as an answer. `conditions` are the headers of
    RFC 9110, 13.1 and RFC 4918, 10.4, by their names in the environment.
    """

    method: str
    path: str
    peer: str
    credentials: tuple[str, str] | None
    depth: str | None
    length: int
    content_type: str
    takes_gzip: bool
    takes_vcard: bool
    minimal: bool
    no_root: bool
    user_agent: str
    conditions: Mapping[str, str]


def read_incoming(environ: Mapping[str, object], proxies: Proxies) -> Incoming:
    """Read the line and the headers of a request; `check_framing` checks it."""

    def header(name: str) -> str:
        value = environ.get(name)
        return value if isinstance(value, str) else ""

    preferences = _preferences(header("HTTP_PREFER"))
    conditions = {name: header(name) for name in _CONDITIONS if name in environ}
    return Incoming(
        # Methods are case-sensitive (RFC 9110, 9.1).
        method=header("REQUEST_METHOD"),
        # A WSGI server gives the bytes of a path decoded as latin-1 (PEP 3333, "Unicode issues").
        path=header("PATH_INFO").encode("latin-1", "replace").decode("utf-8", "replace"),
        peer=proxies.peer(header("REMOTE_ADDR"), header("HTTP_X_FORWARDED_FOR")),
        credentials=_credentials(header("HTTP_AUTHORIZATION")),
        depth=header("HTTP_DEPTH").strip().lower() if "HTTP_DEPTH" in environ else None,
        length=_length(header("CONTENT_LENGTH")),
        content_type=header("CONTENT_TYPE"),
        takes_gzip=_takes_gzip(header("HTTP_ACCEPT_ENCODING")),
        takes_vcard=_takes_vcard(header("HTTP_ACCEPT")),
        minimal=preferences.get("return") == "minimal" or header("HTTP_BRIEF").strip().lower() == "t",
        no_root="depth-noroot" in preferences,
        user_agent=header("HTTP_USER_AGENT"),
        conditions=conditions,
    )


def check_framing(request: Incoming, environ: Mapping[str, object]) -> None:
    """Check where the body ends, and the Depth header.

    Raises:
        FramingError: with 400, 411 or 413; the connection must be closed.
    """
    if request.length < 0:
        raise FramingError(400)
    if request.length > MAX_BODY:
        raise FramingError(413)
    if environ.get("HTTP_TRANSFER_ENCODING"):
        # A chunked body has no Content-Length. If it counted as empty, the answer would be an empty book.
        raise FramingError(411)
    if request.method in ("PROPFIND", "REPORT") and request.depth not in (None, *_DEPTHS):
        raise FramingError(400)


_CONDITIONS = ("HTTP_IF", "HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_IF_UNMODIFIED_SINCE")

_MAX_PREFER = 1024
"""The number of characters of a Prefer header that are read; clients send about thirty."""

_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
_QUOTED = r'"(?:[^"\\]|\\.)*+"'
_PREFERENCE = re.compile(rf"({_WORD})\s*+(?:=\s*+({_WORD}|{_QUOTED}))?(?:{_QUOTED}|[^,])*+")
"""A preference with its value, and its parameters, which are ignored (RFC 7240, 2)."""

_ZERO = re.compile(r"0(?:\.0{0,3})?")
"""A weight that means "not acceptable" (RFC 9110, 12.4.2)."""

_CARDS = frozenset({"text/vcard", "text/x-vcard", "text/directory"})
"""The media type of a vCard, and its older names."""


def _length(header: str) -> int:
    """Return the Content-Length, or -1 if it is not a number. Python refuses a number of thousands of digits."""
    if not header:
        return 0
    if not (header.isascii() and header.isdigit()):
        return -1
    return int(header) if len(header) <= _MAX_DIGITS else 10**_MAX_DIGITS


def _credentials(header: str) -> tuple[str, str] | None:
    """Return login and password of Basic credentials (RFC 7617, 2), or None for anything else."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic" or len(encoded) > MAX_CREDENTIALS:
        return None
    try:
        raw = base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        return None
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        # Clients older than RFC 7617 send latin-1.
        text = raw.decode("latin-1")
    login, colon, password = text.partition(":")
    return (login, password) if colon else None


def _preferences(header: str) -> Mapping[str, str]:
    """Return the preferences by name, in lower case; the first of two with the same name counts (RFC 7240, 2)."""
    found: dict[str, str] = {}
    for name, value in _PREFERENCE.findall(header[:_MAX_PREFER]):
        found.setdefault(name.lower(), value.strip('"').lower())
    return found


def _weighted(header: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield each acceptable value, in lower case, with its parameters (RFC 9110, 12.4.2)."""
    for item in header.lower().split(","):
        name, *parts = (part.strip() for part in item.split(";"))
        pairs = (part.partition("=") for part in parts)
        parameters = {key.strip(): value.strip().strip('"') for key, _, value in pairs}
        if name and not _ZERO.fullmatch(parameters.get("q", "1")):
            yield name, parameters


def _takes_gzip(header: str) -> bool:
    """Return whether gzip is acceptable (RFC 9110, 12.5.3)."""
    return "gzip" in header.lower() and any(name in ("gzip", "x-gzip") for name, _ in _weighted(header))


def _takes_vcard(header: str) -> bool:
    """Return whether a vCard 3.0 is acceptable (RFC 9110, 12.5.1; RFC 6352, 5.1.1.1).

    An Accept header without any kind of card is ignored: it is not meant for the cards.
    """
    if "vcard" not in header.lower():
        return True
    accepted = list(_weighted(header))
    named = [parameters.get("version", "3.0") for name, parameters in accepted if name in _CARDS]
    return "3.0" in named or any(name in ("*/*", "text/*") for name, _ in accepted)
