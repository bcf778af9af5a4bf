"""RosterApplication: the WSGI application of `tldops serve`, with one table of its routes.

The plugins for stock Radicale do not use it; docs/rfc-checklist.md lists the differences.
"""

import logging
import socket
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
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
from radicale_tldops.roster.snapshot import BOOK_DESCRIPTION, Snapshot
from radicale_tldops.serve.access_log import AccessLog, Served
from radicale_tldops.serve.body import BodyReader
from radicale_tldops.serve.health import Health
from radicale_tldops.serve.live import shared
from radicale_tldops.serve.metrics import Metrics
from radicale_tldops.serve.readpath import NoReaderError, ReadPath, status_line
from radicale_tldops.serve.recorder import Recorder
from radicale_tldops.serve.request import FramingError, Incoming, check_framing, read_incoming
from radicale_tldops.serve.website import HOME, Website
from radicale_tldops.settings import Settings

logger = logging.getLogger("radicale_tldops")

Environ = Mapping[str, Any]
"""A request as the WSGI server gives it (PEP 3333)."""

MAX_CARD = 200_000
"""The largest size of a card in bytes, as the book states it (RFC 6352, 6.2.3)."""

ALLOWED = "OPTIONS, GET, HEAD, PROPFIND, REPORT"
"""The value of `Allow`. Evolution concludes from it that the book is read-only."""

REALM = "TLD-OPS contact repository"
"""Some clients show this text when they ask for the password."""

_WRITES = frozenset({"PUT", "DELETE", "PROPPATCH", "MKCOL", "MKCALENDAR", "MOVE", "POST"})
_METHODS = _WRITES | frozenset(ALLOWED.split(", "))

_TEXT = ("Content-Type", "text/plain; charset=utf-8")
_XML = ("Content-Type", "application/xml; charset=utf-8")

_CHALLENGE = ("WWW-Authenticate", f'Basic realm="{REALM}", charset="UTF-8"')

_RETRY_SECONDS = "30"


class _For(Enum):
    """Who gets an answer on a route."""

    ANYBODY = "anybody; credentials are ignored"
    NO_CREDENTIALS_OR_READER = "a request without credentials, or a reader"
    READER = "a reader"


_Handler = Callable[[Incoming, Identity | None, Environ], Ready]


class RosterApplication:
    """The WSGI application for one read-only roster (PEP 3333). Safe for threads."""

    def __init__(self, settings: Settings, metrics: socket.socket | None = None) -> None:
        """Open the stores of these settings. `metrics` is a listening socket for Prometheus."""
        self._live = shared(settings)
        self._health = Health(settings, self._live)
        self._metrics = Metrics(self._live, settings.store.roster, metrics)
        self._log = AccessLog() if settings.server.access_log else None
        self._proxies = Proxies(settings.server.proxies)
        self._bodies = BodyReader()
        self._gate = gate(settings)
        self._recorder = Recorder(settings, self._metrics.audit_dropped)
        self._reads = ReadPath(self._live, BookTexts(settings.cards.book_name, BOOK_DESCRIPTION, MAX_CARD))
        self._website = Website(settings, self._live, self._gate, self._recorder)
        # Read the store before the first request. An error is not lost: the first request gets it, too.
        self._live.watch(self._prepare)

    def _prepare(self, snapshot: Snapshot) -> Callable[[], None]:
        is_served = self._reads.prepare(snapshot)

        def is_served_now() -> None:
            is_served()
            self._website.end_sessions(snapshot)

        return is_served_now

    def _route(self, method: str, path: str) -> tuple[_For, Ready | _Handler]:
        """Return who is answered, and the answer or what makes it. The first line that fits counts.

        Every route is here. Which paths exist for a reader, `RenderedSnapshot.find` decides.
        """
        match method, path:
            case "GET" | "HEAD", "/.health" | "/.health/" | "/.health/live":
                return _For.ANYBODY, self._answer_health
            case "GET" | "HEAD", "/":
                return _For.ANYBODY, _TO_PAGES
            case "GET" | "HEAD" | "POST", _ if f"{path}/".startswith(HOME):
                return _For.ANYBODY, self._answer_browser
            case _ if method not in _METHODS:
                return _For.ANYBODY, _NO_SUCH_METHOD
            case _, "/.well-known/carddav" | "/.well-known/carddav/":
                return _For.ANYBODY, self._redirect_to_root
            case "OPTIONS", _:
                return _For.NO_CREDENTIALS_OR_READER, _OPTIONS
            case _ if method in _WRITES:
                return _For.READER, _READ_ONLY
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
            ready = handler if isinstance(handler, Ready) else handler(request, identity, environ)
        except Exception as fault:
            ready = self._refusal(fault, request)
        start_response(ready.status, ready.headers)
        body = b"" if request.method == "HEAD" else ready.body
        self._record(request, identity, ready, len(body), time.perf_counter() - started)
        # granian sends a list in one piece.
        return [body]

    def _identify(self, request: Incoming, whom: _For) -> Identity | None:
        """Return who sent a request; None for a request without credentials on a route for anybody.

        Raises:
            NoReaderError: the credentials are missing or wrong, or the login has no access.
            DelayedError: the credentials cannot be checked now.
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

    def _answer_browser(self, request: Incoming, _identity: Identity | None, environ: Environ) -> Ready:
        return self._website.answer(request, environ)

    def _redirect_to_root(self, _request: Incoming, _identity: Identity | None, _environ: Environ) -> Ready:
        # Clients that know the host alone begin there (RFC 6764, 5).
        self._live.check()
        return _plain(client.MOVED_PERMANENTLY, ("Location", "/"))

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
        """Return the answer for an error."""
        match fault:
            case FramingError(status=status):
                # The end of the body is unknown, so the beginning of a next request is unknown, too.
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
                # The log has the reason; a client does not get it.
                return _plain(client.SERVICE_UNAVAILABLE, ("Retry-After", _RETRY_SECONDS))
        # The text of an exception may quote the request, so only its class and place are logged.
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


_TO_PAGES = _plain(client.FOUND, ("Location", HOME))
_NO_SUCH_METHOD = _plain(client.METHOD_NOT_ALLOWED, ("Allow", ALLOWED))
_OPTIONS = _ready(client.OK, b"", ("Allow", ALLOWED), ("DAV", CLASSES))
# DAVx5 goes on after a refused write only with this very body (RFC 3744, 7.1.1).
_READ_ONLY = _ready(client.FORBIDDEN, error(DAV + "need-privileges"), ("Content-Type", "application/xml"))


def _place(fault: Exception) -> str:
    """Return the class of an exception, and the file and line that raised it."""
    frames = traceback.extract_tb(fault.__traceback__)
    where = f" in {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    return f"{type(fault).__name__}{where}"
