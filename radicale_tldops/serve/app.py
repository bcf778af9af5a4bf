"""RosterApplication: Radicale's application, with a read path of its own and the guards that a plugin cannot give.

Whatever stands here is answered by `readpath.py`; Radicale's own handlers get the pages (`/.web`). The plugins
work the same without this application (docs/rfc-checklist.md lists what differs).
"""

import logging
import os
import re
import time
import traceback
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from http import client

from radicale import config, types
from radicale.app import Application

from radicale_tldops.dav.answer import CLASSES, Ready
from radicale_tldops.dav.body import RequestError
from radicale_tldops.dav.markup import DAV, error
from radicale_tldops.dav.properties import BookTexts
from radicale_tldops.login.gate import REFUSED
from radicale_tldops.login.gate import shared as gate
from radicale_tldops.login.peer import Proxies
from radicale_tldops.plugin import plugin_settings
from radicale_tldops.roster.errors import DelayedError, StoreError, ThrottledError
from radicale_tldops.roster.identity import Identity
from radicale_tldops.serve.access_log import AccessLog
from radicale_tldops.serve.body import MAX_LOST, BodyReader, Input
from radicale_tldops.serve.health import Health
from radicale_tldops.serve.live import shared
from radicale_tldops.serve.metrics import Metrics
from radicale_tldops.serve.readpath import NoReaderError, ReadPath, status_line
from radicale_tldops.serve.recorder import Recorder
from radicale_tldops.serve.request import FramingError, Incoming, check_framing, read_incoming

logger = logging.getLogger("radicale_tldops")

READS = frozenset({"PROPFIND", "REPORT", "GET", "HEAD"})
WRITES = frozenset({"PUT", "DELETE", "PROPPATCH", "MKCOL", "MKCALENDAR", "MOVE", "POST"})

ALLOWED = "OPTIONS, GET, HEAD, PROPFIND, REPORT"
"""The methods that exist here, as `Allow` names them: Evolution takes "read-only" from this list."""

_WELL_KNOWN = frozenset({"/.well-known/carddav", "/.well-known/carddav/"})
"""Where clients that know the host alone begin (RFC 6764, 5)."""

_PAGES = re.compile(r"/|/\.web(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*/?")
"""What Radicale's own handlers answer. Nothing that they could take for another path gets there."""

_TEXT = ("Content-Type", "text/plain; charset=utf-8")
_XML = ("Content-Type", "application/xml; charset=utf-8")

_NEED_PRIVILEGES = error(DAV + "need-privileges")
"""DAVx5 goes on after a refused write only with this very body (RFC 3744, 7.1.1)."""

_RETRY_SECONDS = "30"

# Headers by which a client could pass for a proxy: Radicale takes paths, host and user from them.
_PROXY_HEADERS = frozenset(
    {
        "HTTP_X_SCRIPT_NAME",
        "HTTP_X_FORWARDED_FOR",
        "HTTP_X_FORWARDED_HOST",
        "HTTP_X_FORWARDED_PORT",
        "HTTP_X_FORWARDED_PROTO",
        "HTTP_X_FORWARDED_SERVER",
        "HTTP_X_REMOTE_USER",
        "HTTP_X_REMOTE_ADDR",
        "REMOTE_USER",
    }
)


@dataclass(slots=True)
class _Visit:
    """What becomes known of a request on the way, for the log."""

    started: float = field(default_factory=time.perf_counter)
    identity: Identity | None = None


class RosterApplication(Application):
    """The WSGI application for one read-only roster (PEP 3333)."""

    def __init__(self, configuration: config.Configuration) -> None:
        super().__init__(configuration)
        settings = plugin_settings(configuration, "storage")
        self._live = shared(settings)
        self._health = Health(settings, self._live)
        self._metrics = Metrics(self._live)
        self._log = AccessLog() if settings.server.access_log else None
        self._proxies = Proxies(settings.server.proxies)
        self._bodies = BodyReader()
        self._gate = gate(settings)
        self._recorder = Recorder(settings, self._metrics.audit_dropped)
        texts = BookTexts(settings.cards.book_name, settings.cards.book_description, self._max_resource_size)
        self._reads = ReadPath(self._live, texts)
        # The first request need not wait for the first look; what is wrong with the store it will hear, too.
        with suppress(StoreError):
            self._live.check()
        self._live.watch(self._tend)
        self._challenge = ("WWW-Authenticate", f'Basic realm="{_quoted(self._auth_realm)}", charset="UTF-8"')

    def __call__(self, environ: types.WSGIEnviron, start_response: types.WSGIStartResponse) -> Iterable[bytes]:
        """Answer one request."""
        visit = _Visit()
        request = read_incoming(environ, self._proxies)
        ready = self._respond(request, environ, visit)
        # Radicale's configuration may name headers for every answer.
        headers = [*ready.headers, *self._extra_headers.items()] if self._extra_headers else ready.headers
        start_response(ready.status, headers)
        body = b"" if request.method == "HEAD" else ready.body
        self._record(request, visit, int(ready.status[:3]), len(body), ready.generation)
        # granian sends a list at once; anything else it asks for piece by piece.
        return [body]

    def _tend(self) -> None:
        """Do what no request shall wait for; the live store's own thread calls this every quarter of a second."""
        self._reads.prepare()
        lost = self._bodies.lost()
        if lost >= MAX_LOST:
            logger.error("%d threads wait for bodies that do not come: this worker is replaced", lost)
            # granian starts another one; the requests under way here are sent again by their clients.
            os._exit(1)

    def _respond(self, request: Incoming, environ: types.WSGIEnviron, visit: _Visit) -> Ready:
        try:
            return self._answer(request, environ, visit)
        except FramingError as refusal:
            return _unframed(refusal)
        except RequestError as refusal:
            if refusal.condition is not None:
                return _ready(refusal.status, error(refusal.condition), _XML)
            return _ready(refusal.status, f"{refusal}\n".encode(), _TEXT)
        except NoReaderError:
            return _plain(client.UNAUTHORIZED, self._challenge)
        except DelayedError as delay:
            status = client.TOO_MANY_REQUESTS if isinstance(delay, ThrottledError) else client.SERVICE_UNAVAILABLE
            return _plain(status, ("Retry-After", str(delay.retry_after)))
        except StoreError:
            return _unavailable()
        except Exception as fault:
            # The text of an exception may quote what was sent: its kind and place have to do.
            logger.error("%s of %r failed: %s", request.method, request.path, _place(fault))
            return _plain(client.INTERNAL_SERVER_ERROR)

    def _answer(self, request: Incoming, environ: types.WSGIEnviron, visit: _Visit) -> Ready:
        """Answer what is not passed on.

        Raises:
            FramingError: the request cannot be read.
            RequestError: it is refused.
            StoreError: nothing can be served.
        """
        method = request.method
        if f"{request.path}/".startswith("/.health/") and method in ("GET", "HEAD"):
            status, text = self._health.answer(request.path)
            return _ready(status, text, ("Content-Type", "application/json"), ("Cache-Control", "no-store"))
        check_framing(request, environ, self._max_content_length)
        if method not in READS and method not in WRITES and method != "OPTIONS":
            return _plain(client.METHOD_NOT_ALLOWED, ("Allow", ALLOWED))
        self._live.check()
        if request.path in _WELL_KNOWN:
            return _plain(client.MOVED_PERMANENTLY, ("Location", "/"))
        if method in ("GET", "HEAD") and _PAGES.fullmatch(request.path):
            return self._pass_on(environ, request)
        visit.identity = identity = self._identify(request)
        if identity is None and (request.credentials is not None or method != "OPTIONS"):
            return _plain(client.UNAUTHORIZED, self._challenge)
        if method == "OPTIONS":
            return _ready(client.OK, b"", ("Allow", ALLOWED), ("DAV", CLASSES))
        assert identity is not None  # noqa: S101 - all others have been sent away
        if method in WRITES:
            return _ready(client.FORBIDDEN, _NEED_PRIVILEGES, ("Content-Type", "application/xml"))
        ready = self._reads.answer(request, identity, lambda: self._read(request, identity, environ["wsgi.input"]))
        if ready.is_current and method != "HEAD":
            self._recorder.download(identity.reader.login, identity.device_id, ready.generation, identity.style)
        return ready

    def _identify(self, request: Incoming) -> Identity | None:
        if request.credentials is None:
            return None
        login, password = request.credentials
        try:
            identity = self._gate.identify(login, password, request.peer)
        except DelayedError as delay:
            self._metrics.login("throttled" if isinstance(delay, ThrottledError) else "unavailable")
            raise
        if identity is None:
            self._metrics.login("refused")
            self._recorder.failure(login, request.peer, REFUSED)
            return None
        self._metrics.login("ok")
        self._recorder.login(identity.reader.login, identity.device_id, request.peer, request.user_agent)
        return identity

    def _read(self, request: Incoming, identity: Identity, source: Input) -> bytes:
        return self._bodies.read(identity.reader.principal, source, request.length)

    def _pass_on(self, environ: types.WSGIEnviron, request: Incoming) -> Ready:
        """Let Radicale answer, from an environment without a body and without what only a proxy may say."""
        clean = {key: value for key, value in environ.items() if key not in _PROXY_HEADERS}
        clean |= {
            "SCRIPT_NAME": "",
            "PATH_INFO": request.path,
            "QUERY_STRING": "",
            "REMOTE_ADDR": request.peer,
            # Radicale decodes even passwords by the charset in it.
            "CONTENT_TYPE": "",
            "CONTENT_LENGTH": "0",
        }
        # The pages are the same for everybody; whoever logs in does so here, where it is counted and recorded.
        clean.pop("HTTP_AUTHORIZATION", None)
        told: list[tuple[str, list[tuple[str, str]]]] = []
        body = b"".join(super().__call__(clean, lambda status, headers: told.append((status, headers))))
        status, headers = told[0]
        return Ready(status, headers, body, 0)

    def _record(self, request: Incoming, visit: _Visit, status: int, sent: int, generation: int) -> None:
        seconds = time.perf_counter() - visit.started
        self._metrics.observe(request.method, status, seconds, sent)
        if self._log is not None:
            login = request.credentials[0] if request.credentials else ""
            device = visit.identity.label if visit.identity else ""
            self._log.log(request.peer, request.method, request.path, status, login, device, sent, seconds, generation)


def _quoted(text: str) -> str:
    """Return the inside of a quoted-string (RFC 9110, 5.6.4), in the ASCII that a header holds for sure."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return escaped.encode("ascii", "replace").decode()


def _ready(status: int, body: bytes, *headers: tuple[str, str]) -> Ready:
    return Ready(status_line(status), [*headers, ("Content-Length", str(len(body)))], body, 0)


def _plain(status: int, *headers: tuple[str, str]) -> Ready:
    return _ready(status, f"{client.responses[status]}\n".encode(), _TEXT, *headers)


def _unframed(refusal: FramingError) -> Ready:
    # Where the body ends is not known, and so not where the next request would begin.
    return _plain(refusal.status, ("Connection", "close"))


def _unavailable() -> Ready:
    # The reason is in the log; whoever asks learns only that there is one.
    return _plain(client.SERVICE_UNAVAILABLE, ("Retry-After", _RETRY_SECONDS))


def _place(fault: Exception) -> str:
    """Return the kind of an exception and where it came up."""
    frames = traceback.extract_tb(fault.__traceback__)
    where = f" in {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    return f"{type(fault).__name__}{where}"
