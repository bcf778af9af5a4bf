"""The read path: it answers every request of a reader from the newest snapshot, and keeps finished answers."""

import gc
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from http import HTTPStatus

from radicale_tldops.dav import answers
from radicale_tldops.dav.answer import MULTI_STATUS, NOT_MODIFIED, PRECONDITION_FAILED, Answer, Ready
from radicale_tldops.dav.body import RequestError
from radicale_tldops.dav.conditions import conditional, is_met
from radicale_tldops.dav.gzipping import packed
from radicale_tldops.dav.markup import CARDDAV
from radicale_tldops.dav.properties import BookTexts, ResourceKind
from radicale_tldops.dav.rendered import Place, RenderedSnapshot
from radicale_tldops.dav.requested import RequestedProperties
from radicale_tldops.dav.requests import Report, SyncCollection, read_propfind, read_report
from radicale_tldops.roster.errors import TldopsError
from radicale_tldops.roster.identity import Identity
from radicale_tldops.roster.snapshot import Snapshot
from radicale_tldops.serve.live import LiveStore
from radicale_tldops.serve.request import Incoming

_MAX_PARSED = 4096
"""Longest body in octets whose parsed form is kept: a client sends the same ones for years."""

_MAX_CONTENT_TYPE = 200
"""Longest Content-Type in characters: it is part of the key of a kept answer."""

_MIN_PACKED = 256
"""Shortest body in octets that is compressed."""

_NOT_ACCEPTABLE = 406

_PRIVATE = (
    ("Cache-Control", "private, no-cache"),
    ("Vary", "Accept, Accept-Encoding, Authorization, Brief, Prefer"),
)
"""No proxy may keep an answer, and a client has to ask again before it uses a kept one."""

_NOT_FOUND = Answer(404, (("Content-Type", "text/plain; charset=utf-8"),), b"Not Found\n")


class NoReaderError(TldopsError):
    """The credentials are missing or wrong, or access ended before the body of the request had arrived: 401."""


class ReadPath:
    """Answers PROPFIND, REPORT, GET and HEAD of readers. Any number of threads may use it at once."""

    def __init__(self, live: LiveStore, texts: BookTexts) -> None:
        self._live = live
        self._texts = texts
        self._lock = threading.Lock()
        self._kept: tuple[RenderedSnapshot, ...] = ()

    def answer(self, request: Incoming, identity: Identity, body: Callable[[], bytes]) -> Ready:
        """Answer one request of a reader; `body` reads the body, and is called only where the path exists.

        Raises:
            RequestError: with the status and the precondition of the refusal.
            NoReaderError: access has ended meanwhile.
            StoreError: no snapshot is available.
        """
        sent = b""
        rendered = self._rendered_for(identity, self._live.snapshot())
        place = rendered.find(identity, request.path)
        if place is not None and request.method not in ("GET", "HEAD"):
            sent = body()
            # The body can take seconds to arrive: check access again, and answer from the newest snapshot.
            rendered = self._rendered_for(identity, self._live.snapshot())
            place = rendered.find(identity, request.path)
        if place is None:
            return _finished(_NOT_FOUND, request, rendered)
        if len(request.content_type) > _MAX_CONTENT_TYPE:
            raise RequestError("the Content-Type is too long")
        if "HTTP_IF" in request.conditions and not _meets_if(rendered, place, request):
            return _finished(Answer(PRECONDITION_FAILED), request, rendered)
        if request.method in ("GET", "HEAD"):
            return _get(rendered, place, request)
        return self._dav(rendered, place, request, sent)

    def prepare(self, snapshot: Snapshot) -> Callable[[], None]:
        """Index the cards of a snapshot before it is served; return what frees the one before when it is served.

        Everything that is in memory now will stay for long: without `gc.freeze`, each full garbage collection would go
        through all of it and stop every request meanwhile. Reference counting still frees it.
        """
        rendered = self._rendered(snapshot)
        gc.collect()
        gc.freeze()

        def is_served() -> None:
            self._kept = (rendered,)

        return is_served

    def _rendered_for(self, identity: Identity, snapshot: Snapshot) -> RenderedSnapshot:
        if not self._live.is_still(identity, snapshot):
            raise NoReaderError("this reader's access has ended")
        return self._rendered(snapshot)

    def _rendered(self, snapshot: Snapshot) -> RenderedSnapshot:
        """Return what was prepared for a snapshot; prepare it now if nothing was."""
        for rendered in self._kept:
            if rendered.snapshot is snapshot:
                return rendered
        with self._lock:
            newest = self._kept[-1:]
            if not newest or newest[0].snapshot is not snapshot:
                newest = (RenderedSnapshot(snapshot, self._texts, *newest),)
                self._kept = (*self._kept[-1:], *newest)
        return newest[0]

    def _dav(self, rendered: RenderedSnapshot, place: Place, request: Incoming, sent: bytes) -> Ready:
        """Answer PROPFIND or REPORT; a kept answer is used if the same was requested before."""
        identity = place.identity
        wishes = (request.content_type, request.takes_gzip, request.minimal, request.no_root)
        asker = (identity.principal, identity.name)
        key = (asker, request.method, place.kind, place.own, place.card, request.depth, wishes, sent)
        ready = rendered.answers.get(key)
        if ready is None:
            asked = (_parse_kept if len(sent) <= _MAX_PARSED else _parse)(request.method, request.content_type, sent)
            if isinstance(asked, SyncCollection) and place.book.content.is_ahead(asked.token):
                rendered = self._rendered_for(identity, self._live.reload())
                # The reader's book always exists.
                place = rendered.find(identity, request.path) or place
            ready = _finished(_decided(place, request, asked), request, rendered)
            rendered.answers.put(key, ready, len(ready.body) + len(sent))
        return ready


def _decided(place: Place, request: Incoming, asked: RequestedProperties | Report) -> Answer:
    if isinstance(asked, RequestedProperties):
        # A PROPFIND without a Depth header is of depth infinity (RFC 4918, 9.1).
        requested, depth = replace(asked, minimal=request.minimal), request.depth or answers.INFINITY
        return answers.propfind(place, requested, depth, no_root=request.no_root)
    report = replace(asked, requested=replace(asked.requested, minimal=True)) if request.minimal else asked
    return answers.report(place, report, request.depth)


def _get(rendered: RenderedSnapshot, place: Place, request: Incoming) -> Ready:
    if not request.takes_vcard and place.kind in (ResourceKind.BOOK, ResourceKind.CARD):
        condition = CARDDAV + "supported-address-data-conversion"
        raise RequestError("the cards are vCard 3.0 only", _NOT_ACCEPTABLE, condition)
    is_kept = place.kind is ResourceKind.BOOK and not request.conditions
    key = ("GET", place.book.content.style, request.takes_gzip)
    ready = rendered.answers.get(key) if is_kept else None
    if ready is None:
        ready = _finished(conditional(answers.get(place), request.conditions), request, rendered)
        if is_kept:
            rendered.answers.put(key, ready, len(ready.body))
    return ready


def _finished(answer: Answer, request: Incoming, rendered: RenderedSnapshot) -> Ready:
    """Compress the body for a client that accepts gzip, and complete the headers."""
    headers = [*answer.headers, *_PRIVATE]
    body, pieces = answer.body, answer.pieces
    if pieces is not None and not request.takes_gzip:
        body = pieces.whole()
    elif pieces is not None or (request.takes_gzip and len(body) >= _MIN_PACKED and not answer.is_exact):
        body = pieces.packed() if pieces is not None else packed(body)
        # A strong entity tag would stand for the compressed bytes (RFC 9110, 8.8.3.3).
        headers = [(name, f"W/{value}" if name == "ETag" else value) for name, value in headers]
        headers.append(("Content-Encoding", "gzip"))
    if answer.status == MULTI_STATUS and (applied := _applied(request)):
        headers.append(("Preference-Applied", applied))
    if answer.status != NOT_MODIFIED:
        headers.append(("Content-Length", str(len(body))))
    return Ready(status_line(answer.status), headers, body, rendered.snapshot.generation, answer.is_current)


def _meets_if(rendered: RenderedSnapshot, place: Place, request: Incoming) -> bool:
    """Evaluate the If header for `place`, and for other paths of the same reader.

    Raises:
        RequestError: the header is malformed.
    """
    header, here = request.conditions["HTTP_IF"], answers.state(place)
    return is_met(header, here, lambda path: answers.state(rendered.find(place.identity, path)))


def _parse(method: str, content_type: str, body: bytes) -> RequestedProperties | Report:
    return read_propfind(content_type, body) if method == "PROPFIND" else read_report(content_type, body)


_parse_kept = lru_cache(maxsize=512)(_parse)


def _applied(request: Incoming) -> str:
    """Return the preferences that were applied (RFC 7240, 3)."""
    is_listing = request.method == "PROPFIND" and request.depth != answers.ZERO
    applied = ("return=minimal" if request.minimal else "", "depth-noroot" if request.no_root and is_listing else "")
    return ", ".join(filter(None, applied))


def status_line(status: int) -> str:
    """Return the status line for WSGI."""
    return f"{status} {HTTPStatus(status).phrase}"
