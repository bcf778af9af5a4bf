"""RosterApplication: Radicale's application, with the answers that a plugin alone cannot give.

What Radicale does wrong for a read-only book, or does not do at all, is mended here and nowhere else: the plugins work
the same without it (docs/rfc-checklist.md lists what differs).
"""

import base64
import binascii
from collections.abc import Iterable
from http import client
from xml.etree.ElementTree import Element, SubElement, tostring

from radicale import config, httputils, types
from radicale.app import Application

from radicale_tldops.dav.body import RequestError
from radicale_tldops.dav.requests import Request, complete, read_request
from radicale_tldops.live import LiveStore
from radicale_tldops.plugin import open_live
from radicale_tldops.roster.errors import StoreError
from radicale_tldops.roster.snapshot import split_principal
from radicale_tldops.wsgi import BodyReader

ALLOWED = "OPTIONS, GET, HEAD, PROPFIND, REPORT"
"""The methods that exist here, as `Allow` names them: Evolution takes "read-only" from this list."""

CLASSES = "1, 3, addressbook"
"""The compliance classes of the DAV header (RFC 4918, 10.1). No class 2: there are no locks on what nobody changes."""

_DAV = "{DAV:}"

# Where the environment of a request keeps its Content-Type: Radicale decodes even passwords by the charset in it.
_CONTENT_TYPE = "tldops.content_type"
# Where what Radicale knows of a request keeps what `read_request` knows of it, and whose it is.
_REQUEST = "tldops.request"
_READER = "tldops.reader"

_DEPTHS = frozenset({"0", "1", "infinity"})
"""The values of the Depth header (RFC 4918, 10.2)."""

_MAX_DIGITS = 18

_NEED_PRIVILEGES = b'<?xml version="1.0" encoding="utf-8"?>\n<D:error xmlns:D="DAV:"><D:need-privileges/></D:error>\n'

# Headers by which a client could pass for a proxy: Radicale takes paths, host and user from them.
_PROXY_HEADERS = (
    "HTTP_X_SCRIPT_NAME",
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_FORWARDED_SERVER",
    "HTTP_X_REMOTE_USER",
    "HTTP_X_REMOTE_ADDR",
    "REMOTE_USER",
)


class RosterApplication(Application):
    """Radicale's WSGI application for one read-only roster."""

    def __init__(self, configuration: config.Configuration) -> None:
        super().__init__(configuration)
        self._live: LiveStore = open_live(configuration, "storage")
        self._bodies = BodyReader()

    def __call__(self, environ: types.WSGIEnviron, start_response: types.WSGIStartResponse) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        environ = _without_pretence(environ)

        def start(status: str, headers: list[tuple[str, str]]) -> object:
            return start_response(status, _true_headers(status, headers))

        refusal = _refusal(environ, self._max_content_length)
        if refusal is None:
            try:
                self._live.check()
            except StoreError:
                # The reason is in the log; a stranger learns only that there is one.
                refusal = client.SERVICE_UNAVAILABLE
        if refusal is not None:
            text = f"{client.responses[refusal]}\n".encode()
            start(
                f"{refusal} {client.responses[refusal]}",
                [("Content-Type", "text/plain"), ("Content-Length", str(len(text)))],
            )
            return [text]
        return super().__call__(environ, start)

    def do_OPTIONS(
        self,
        environ: types.WSGIEnviron,
        base_prefix: str,
        path: str,
        user: str,
        user_groups: set[str],
        request_info: dict[str, object],
    ) -> types.WSGIResponse:
        """Tell what exists here (RFC 9110, 9.3.7)."""
        return client.OK, {"Allow": ALLOWED, "DAV": CLASSES}, None, None

    def do_GET(
        self,
        environ: types.WSGIEnviron,
        base_prefix: str,
        path: str,
        user: str,
        user_groups: set[str],
        request_info: dict[str, object],
    ) -> types.WSGIResponse:
        """Answer GET and HEAD, with 304 for what the client has already (RFC 9110, 13.1.2)."""
        answer = super().do_GET(environ, base_prefix, path, user, user_groups, request_info)
        headers = dict(answer[1])
        if answer[0] == client.OK and _has_it(environ.get("HTTP_IF_NONE_MATCH", ""), headers.get("ETag", "")):
            kept: dict[str, str] = {name: headers[name] for name in ("ETag", "Last-Modified") if name in headers}
            return client.NOT_MODIFIED, kept, None, None
        return answer

    def do_PROPFIND(
        self,
        environ: types.WSGIEnviron,
        base_prefix: str,
        path: str,
        user: str,
        user_groups: set[str],
        request_info: dict[str, object],
    ) -> types.WSGIResponse:
        """Answer PROPFIND (RFC 4918, 9.1)."""
        request_info[_READER] = split_principal(user)[0]
        try:
            return super().do_PROPFIND(environ, base_prefix, path, user, user_groups, request_info)
        except RequestError as error:
            return _refused(error)

    def do_REPORT(
        self,
        environ: types.WSGIEnviron,
        base_prefix: str,
        path: str,
        user: str,
        user_groups: set[str],
        request_info: dict[str, object],
    ) -> types.WSGIResponse:
        """Answer REPORT (RFC 3253, 3.6; RFC 6352, 8; RFC 6578, 3)."""
        request_info[_READER] = split_principal(user)[0]
        try:
            return super().do_REPORT(environ, base_prefix, path, user, user_groups, request_info)
        except RequestError as error:
            return _refused(error)

    def _read_xml_request_body(self, environ: types.WSGIEnviron, request_info: dict[str, object]) -> Element | None:
        """Read a body in place of Radicale, which calls this when it knows that the reader may read at this path."""
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = self._bodies.read(str(request_info[_READER]), environ["wsgi.input"], length)
        request = read_request(environ["REQUEST_METHOD"], environ[_CONTENT_TYPE], body)
        request_info[_REQUEST] = request
        return request.xml

    def _xml_response(self, xml_content: Element, request_info: dict[str, object]) -> bytes:
        """Write an answer with the 200 propstat first in every response: Thunderbird looks at the first alone."""
        request = request_info.get(_REQUEST)
        if isinstance(request, Request) and xml_content.tag == f"{_DAV}multistatus":
            complete(request, xml_content)
        for response in xml_content.iter(f"{_DAV}response"):
            propstats = response.findall(f"{_DAV}propstat")
            for propstat in propstats:
                response.remove(propstat)
            response.extend(sorted(propstats, key=lambda one: one.findtext(f"{_DAV}status") != "HTTP/1.1 200 OK"))
        return super()._xml_response(xml_content, request_info)

    def _refuse_write(
        self,
        environ: types.WSGIEnviron,
        base_prefix: str,
        path: str,
        user: str,
        user_groups: set[str],
        request_info: dict[str, object],
    ) -> types.WSGIResponse:
        """Refuse with 403 and `need-privileges` (RFC 3744, 7.1.1): DAVx5 goes on only after that very body."""
        if not user:
            return httputils.NOT_ALLOWED
        return client.FORBIDDEN, {"Content-Type": "application/xml"}, _NEED_PRIVILEGES, None

    do_PUT = do_DELETE = do_PROPPATCH = do_MKCOL = do_MKCALENDAR = do_MOVE = do_POST = _refuse_write


def _without_pretence(environ: types.WSGIEnviron) -> types.WSGIEnviron:
    """Return the environment without what only a proxy may say, and with the rest as Radicale reads it.

    WSGI servers hand over PATH_INFO as latin-1 (PEP 3333, "Unicode issues"); Radicale takes it for decoded text.
    """
    clean = {key: value for key, value in environ.items() if key not in _PROXY_HEADERS}
    clean["SCRIPT_NAME"] = ""
    path = str(environ.get("PATH_INFO", "")).encode("latin-1", "replace")
    clean["PATH_INFO"] = path.decode("utf-8", "replace")
    clean["QUERY_STRING"] = ""
    clean["REQUEST_METHOD"] = str(environ["REQUEST_METHOD"]).upper()
    clean[_CONTENT_TYPE] = str(clean.pop("CONTENT_TYPE", None) or "")
    if "HTTP_DEPTH" in clean:
        clean["HTTP_DEPTH"] = str(clean["HTTP_DEPTH"]).strip().lower()
    if not _is_basic(str(environ.get("HTTP_AUTHORIZATION", ""))):
        clean.pop("HTTP_AUTHORIZATION", None)
    return clean


def _is_basic(header: str) -> bool:
    """Tell whether an Authorization header holds readable Basic credentials (RFC 7617, 2)."""
    scheme, _, credentials = header.partition(" ")
    if scheme.lower() != "basic" or len(credentials) > 8192:
        return False
    try:
        return b":" in base64.b64decode(credentials.strip().encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return False


def _refusal(environ: types.WSGIEnviron, max_length: int) -> int | None:
    """Return the status for a request whose framing cannot be trusted, or None; nothing of its body is read."""
    length = str(environ.get("CONTENT_LENGTH") or "0")
    if not (length.isascii() and length.isdigit()):
        return client.BAD_REQUEST
    # Python takes no number of thousands of digits.
    if len(length) > _MAX_DIGITS or int(length) > max_length:
        return client.REQUEST_ENTITY_TOO_LARGE
    if environ.get("HTTP_TRANSFER_ENCODING"):
        # Radicale takes a body without a length for an empty one, and would answer a REPORT with an empty book.
        return client.LENGTH_REQUIRED
    if environ["REQUEST_METHOD"] in ("PROPFIND", "REPORT") and environ.get("HTTP_DEPTH", "0") not in _DEPTHS:
        return client.BAD_REQUEST
    return None


def _refused(error: RequestError) -> types.WSGIResponse:
    """Return the answer to a request that was refused, with its precondition element (RFC 4918, 16)."""
    if error.condition is None:
        return error.status, {"Content-Type": "text/plain"}, f"{error}\n", None
    body = Element(f"{_DAV}error")
    SubElement(body, error.condition)
    return error.status, {"Content-Type": "application/xml"}, tostring(body, "utf-8"), None


def _has_it(if_none_match: str, etag: str) -> bool:
    """Compare an If-None-Match header with an entity tag, weakly (RFC 9110, 13.1.2)."""
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return bool(etag) and (etag in tags or tags == ["*"])


def _true_headers(status: str, headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Name the compliance classes that hold here, and what is allowed where something was not."""
    kept = [(name, CLASSES if name == "DAV" else value) for name, value in headers]
    if status.startswith("405"):
        kept.append(("Allow", ALLOWED))
    return kept
