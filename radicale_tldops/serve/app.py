"""RosterApplication: the WSGI application of `tldops serve`, with every route that exists.

The plugins work without it in stock Radicale (docs/rfc-checklist.md lists what differs there).
"""

import logging
import socket
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from enum import Enum
from http import client
from typing import Any

from radicale_tldops.dav.answer import CLASSES, Ready
from radicale_tldops.dav.body import RequestError
from radicale_tldops.dav.markup import DAV, error
from radicale_tldops.dav.properties import BookTexts
from radicale_tldops.login.gate import shared as gate
from radicale_tldops.login.peer import Proxies
from radicale_tldops.roster.errors import DelayedError, StoreError, ThrottledError
from radicale_tldops.roster.identity import Identity
from radicale_tldops.roster.snapshot import BOOK_DESCRIPTION
from radicale_tldops.serve.access_log import AccessLog, Served
from radicale_tldops.serve.body import BodyReader
from radicale_tldops.serve.health import Health
from radicale_tldops.serve.live import shared
from radicale_tldops.serve.metrics import Metrics
from radicale_tldops.serve.readpath import NoReaderError, ReadPath, status_line
from radicale_tldops.serve.recorder import Recorder
from radicale_tldops.serve.request import FramingError, Incoming, check_framing, read_incoming
from radicale_tldops.serve.welcome import welcome_page
from radicale_tldops.settings import Settings

logger = logging.getLogger("radicale_tldops")

Environ = Mapping[str, Any]
"""What a WSGI server hands over of a request (PEP 3333)."""

MAX_CARD = 200_000
"""What the book says is the size of its largest card in bytes (RFC 6352, 6.2.3)."""

ALLOWED = "OPTIONS, GET, HEAD, PROPFIND, REPORT"
"""The methods that exist here, as `Allow` names them: Evolution takes "read-only" from this list."""

REALM = "TLD-OPS contact repository"
"""What some clients show when they ask for the password."""

_WRITES = frozenset({"PUT", "DELETE", "PROPPATCH", "MKCOL", "MKCALENDAR", "MOVE", "POST"})
_METHODS = _WRITES | frozenset(ALLOWED.split(", "))

_TEXT = ("Content-Type", "text/plain; charset=utf-8")
_XML = ("Content-Type", "application/xml; charset=utf-8")

_NEED_PRIVILEGES = error(DAV + "need-privileges")
"""DAVx5 goes on after a refused write only with this very body (RFC 3744, 7.1.1)."""

_CHALLENGE = ("WWW-Authenticate", f'Basic realm="{REALM}", charset="UTF-8"')
"""How to log in (RFC 7617, 2)."""

_RETRY_SECONDS = "30"


class _For(Enum):
    """Who is answered on a route."""

    ANYBODY = "anybody; credentials are not looked at"
    ANYBODY_ELSE = "anybody without credentials, and a reader"
    READER = "a reader"


_Handler = Callable[[Incoming, Identity | None, Environ], Ready]


class RosterApplication:
    """The WSGI application for one read-only roster (PEP 3333). Safe for threads."""

    def __init__(self, settings: Settings, metrics: socket.socket | None = None) -> None:
        """Start to serve these settings; `metrics` is a socket that listens for Prometheus."""
        self._live = shared(settings)
        self._health = Health(settings, self._live)
        self._metrics = Metrics(self._live, settings.store.roster, metrics)
        self._log = AccessLog() if settings.server.access_log else None
        self._proxies = Proxies(settings.server.proxies)
        self._bodies = BodyReader()
        self._gate = gate(settings)
        self._recorder = Recorder(settings, self._metrics.audit_dropped)
        self._reads = ReadPath(self._live, BookTexts(settings.cards.book_name, BOOK_DESCRIPTION, MAX_CARD))
        self._page = welcome_page(settings.server.url)
        # The first request need not wait for the first look at the store; it also gets the error, where there is one.
        with suppress(StoreError):
            self._live.check()
        self._live.watch(self._reads.prepare)

    def _route(self, method: str, path: str) -> tuple[_For, _Handler]:
        """Return who is answered, and by what. This table holds every route that exists; the first that fits counts.

        Which paths exist for a reader, `dav.site.find` knows.
        """
        match method, path:
            case "GET" | "HEAD", "/.health" | "/.health/" | "/.health/live":
                return _For.ANYBODY, self._answer_health
            case "GET" | "HEAD", "/":
                return _For.ANYBODY, self._answer_browser
            case "GET" | "HEAD", "/.web" | "/.web/":
                return _For.ANYBODY, self._redirect_to_page
            case _ if method not in _METHODS:
                return _For.ANYBODY, self._refuse_method
            case _, "/.well-known/carddav" | "/.well-known/carddav/":
                return _For.ANYBODY, self._redirect_to_root
            case "OPTIONS", _:
                return _For.ANYBODY_ELSE, self._answer_options
            case _ if method in _WRITES:
                return _For.READER, self._refuse_write
            case _:  # PROPFIND, REPORT, GET, HEAD
                return _For.READER, self._answer_reader

    def __call__(self, environ: Environ, start_response: Callable[..., object]) -> Iterable[bytes]:
        """Answer one request."""
        started = time.perf_counter()
        request = read_incoming(environ, self._proxies)
        identity = None
        try:
            check_framing(request, environ)
            whom, handler = self._route(request.method, request.path)
            if whom is not _For.ANYBODY:
                self._live.check()
                identity = self._identify(request, whom)
            ready = handler(request, identity, environ)
        except Exception as fault:
            ready = self._refusal(fault, request)
        start_response(ready.status, ready.headers)
        body = b"" if request.method == "HEAD" else ready.body
        self._record(request, identity, ready, len(body), time.perf_counter() - started)
        # granian sends a list at once; anything else it asks for piece by piece.
        return [body]

    def _identify(self, request: Incoming, whom: _For) -> Identity | None:
        """Return who asks, or None where anybody may.

        Raises:
            NoReaderError: whoever asks may not read.
            DelayedError: nobody can say now who asks.
        """
        if request.credentials is None:
            if whom is _For.READER:
                raise NoReaderError("no credentials")
            return None
        login, password = request.credentials
        try:
            identity = self._gate.identify(login, password, request.peer)
        except DelayedError as delay:
            self._metrics.login("throttled" if isinstance(delay, ThrottledError) else "unavailable")
            raise
        if identity is None:
            self._metrics.login("refused")
            raise NoReaderError("wrong credentials")
        self._metrics.login("ok")
        self._recorder.login(identity.reader.login, identity.device_id, request.peer, request.user_agent)
        return identity

    def _answer_health(self, request: Incoming, _identity: Identity | None, _environ: Environ) -> Ready:
        status, text = self._health.answer(request.path)
        return _ready(status, text, ("Content-Type", "application/json"), ("Cache-Control", "no-store"))

    def _answer_browser(self, _request: Incoming, _identity: Identity | None, _environ: Environ) -> Ready:
        self._live.check()
        return self._page

    def _redirect_to_page(self, _request: Incoming, _identity: Identity | None, _environ: Environ) -> Ready:
        return _plain(client.FOUND, ("Location", "/"))

    def _redirect_to_root(self, _request: Incoming, _identity: Identity | None, _environ: Environ) -> Ready:
        # Clients that know the host alone begin there (RFC 6764, 5).
        self._live.check()
        return _plain(client.MOVED_PERMANENTLY, ("Location", "/"))

    def _answer_options(self, _request: Incoming, _identity: Identity | None, _environ: Environ) -> Ready:
        return _ready(client.OK, b"", ("Allow", ALLOWED), ("DAV", CLASSES))

    def _refuse_write(self, _request: Incoming, _identity: Identity | None, _environ: Environ) -> Ready:
        return _ready(client.FORBIDDEN, _NEED_PRIVILEGES, ("Content-Type", "application/xml"))

    def _refuse_method(self, _request: Incoming, _identity: Identity | None, _environ: Environ) -> Ready:
        return _plain(client.METHOD_NOT_ALLOWED, ("Allow", ALLOWED))

    def _answer_reader(self, request: Incoming, identity: Identity | None, environ: Environ) -> Ready:
        assert identity is not None  # noqa: S101 - `_identify` has refused all others
        principal = identity.reader.principal
        ready = self._reads.answer(
            request, identity, lambda: self._bodies.read(principal, environ["wsgi.input"], request.length)
        )
        if ready.is_current and request.method != "HEAD":
            self._recorder.download(identity.reader.login, identity.device_id, ready.generation, identity.style)
        return ready

    def _refusal(self, fault: Exception, request: Incoming) -> Ready:
        """Return the answer to a request that could not be answered."""
        match fault:
            case FramingError(status=status):
                # Where the body ends is not known, and so not where the next request would begin.
                return _plain(status, ("Connection", "close"))
            case RequestError(status=status, condition=None):
                return _ready(status, f"{fault}\n".encode(), _TEXT)
            case RequestError(status=status, condition=str(condition)):
                return _ready(status, error(condition), _XML)
            case NoReaderError():
                return _plain(client.UNAUTHORIZED, _CHALLENGE)
            case ThrottledError(retry_after=seconds):
                return _plain(client.TOO_MANY_REQUESTS, ("Retry-After", str(seconds)))
            case DelayedError(retry_after=seconds):
                return _plain(client.SERVICE_UNAVAILABLE, ("Retry-After", str(seconds)))
            case StoreError():
                # The log has the reason; the client learns only that there is one.
                return _plain(client.SERVICE_UNAVAILABLE, ("Retry-After", _RETRY_SECONDS))
        # The text of an exception may quote what was sent: only its kind and place are logged.
        logger.error("%s of %r failed: %s", request.method, request.path, _place(fault))
        return _plain(client.INTERNAL_SERVER_ERROR)

    def _record(self, request: Incoming, identity: Identity | None, ready: Ready, sent: int, seconds: float) -> None:
        status = int(ready.status[:3])
        self._metrics.observe(request.method, status, seconds, sent)
        if self._log is not None:
            login = request.credentials[0] if request.credentials else ""
            device = identity.label if identity else ""
            self._log.log(
                Served(
                    request.peer, request.method, request.path, status, login, device, sent, seconds, ready.generation
                )
            )


def _ready(status: int, body: bytes, *headers: tuple[str, str]) -> Ready:
    return Ready(status_line(status), [*headers, ("Content-Length", str(len(body)))], body, 0)


def _plain(status: int, *headers: tuple[str, str]) -> Ready:
    return _ready(status, f"{client.responses[status]}\n".encode(), _TEXT, *headers)


def _place(fault: Exception) -> str:
    """Return the kind of an exception and where it came up."""
    frames = traceback.extract_tb(fault.__traceback__)
    where = f" in {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    return f"{type(fault).__name__}{where}"
