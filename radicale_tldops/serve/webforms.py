"""What every page of the website has in common: headers, cookies, and forms that only our own pages may send."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from radicale_tldops.dav.answer import Ready
from radicale_tldops.dav.body import RequestError
from radicale_tldops.pages.environment import render
from radicale_tldops.serve.body import BodyReader
from radicale_tldops.serve.readpath import status_line
from radicale_tldops.serve.request import Incoming

Environ = Mapping[str, Any]
"""A request as the WSGI server gives it (PEP 3333)."""

SESSION, BROWSER = "__Host-tldops", "__Host-tldops-code"
"""The cookies of a session, and of a browser that waits for a code. No other host can set them."""

HTML = ("Content-Type", "text/html; charset=utf-8")
HEADERS = (
    (
        "Content-Security-Policy",
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("Cache-Control", "no-store"),
)

_MOST_FORM = 8192
"""The longest form in octets."""

_READS, _ALL_READS = 2, 16
"""Most forms of one address, and of all, that are read at the same time: anybody can send one."""

_FOREIGN = "the form was not sent from this page. Go back to the page, load it anew, and send it again"


class Forms:
    """Reads forms. `url` is `[server] url`. Safe for threads."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._origin = f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
        self._bodies = BodyReader(_READS, _ALL_READS)

    def read(self, request: Incoming, environ: Environ) -> Mapping[str, str]:
        """Return the fields of a form that was sent from one of our pages.

        Raises:
            RequestError: it was sent from elsewhere, or is no form.
        """
        if not self._is_ours(environ):
            raise RequestError(_FOREIGN, 403)
        if request.length > _MOST_FORM or not request.content_type.startswith("application/x-www-form-urlencoded"):
            raise RequestError("this is no form of these pages")
        body = self._bodies.read(request.peer, environ["wsgi.input"], request.length)
        try:
            fields = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=20)
        except ValueError as error:
            raise RequestError("this is no form of these pages") from error
        return {name: values[0] for name, values in fields.items()}

    def _is_ours(self, environ: Environ) -> bool:
        """Tell whether a page of ours sent this: by Fetch Metadata, else by the Origin (Fetch Standard, 3.2)."""
        site = environ.get("HTTP_SEC_FETCH_SITE")
        if site is not None:
            return bool(site == "same-origin")
        return bool(self._origin) and environ.get("HTTP_ORIGIN") == self._origin


def cookie_of(environ: Environ, name: str = SESSION) -> str:
    """Return the value of a cookie, "" without it."""
    pairs = (part.strip().partition("=") for part in str(environ.get("HTTP_COOKIE", "")).split(";"))
    return next((value for own, _, value in pairs if own == name), "")


def set_cookie(name: str, token: str, seconds: float) -> tuple[str, str]:
    """Return the header that sets a cookie; 0 seconds take it away."""
    return "Set-Cookie", f"{name}={token}; Path=/; Max-Age={seconds:.0f}; HttpOnly; Secure; SameSite=Lax"


def page(status: int, text: str, *headers: tuple[str, str]) -> Ready:
    """Return a page."""
    return ready(status, text.encode(), HTML, *HEADERS, *headers)


def message(status: int, title: str, text: str, *headers: tuple[str, str]) -> Ready:
    """Return a page that says one thing."""
    return page(status, render("message.html", title=title, text=text), *headers)


def redirect(status: int, where: str, *headers: tuple[str, str]) -> Ready:
    """Send the browser to another page."""
    return ready(status, b"", ("Location", where), *HEADERS, *headers)


def static(text: str, kind: str) -> Ready:
    """Return a file whose name changes with its text, so that a browser may keep it."""
    kept = ("Cache-Control", "public, max-age=31536000, immutable")
    return ready(200, text.encode(), ("Content-Type", f"{kind}; charset=utf-8"), *HEADERS[1:-1], kept)


def ready(status: int, body: bytes, *headers: tuple[str, str]) -> Ready:
    """Return an answer of the website; it is of no generation."""
    return Ready(status_line(status), [*headers, ("Content-Length", str(len(body)))], body, 0)
