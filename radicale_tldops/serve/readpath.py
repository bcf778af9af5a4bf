"""The read path: what stands here, answered from the newest snapshot; finished answers are kept while it lasts."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from http import HTTPStatus

from radicale_tldops.dav import answers
from radicale_tldops.dav.answer import MULTI_STATUS, NOT_MODIFIED, PRECONDITION_FAILED, Answer, Visitor
from radicale_tldops.dav.body import RequestError
from radicale_tldops.dav.conditions import conditional, is_met
from radicale_tldops.dav.markup import CARDDAV
from radicale_tldops.dav.properties import BookTexts, Kind
from radicale_tldops.dav.requests import (
    ExpandProperty,
    PrincipalSearchPropertySet,
    Propfind,
    Report,
    SyncCollection,
    read_propfind,
    read_report,
)
from radicale_tldops.dav.site import Place, Site, find
from radicale_tldops.roster.errors import StoreError, TldopsError
from radicale_tldops.roster.identity import Identity
from radicale_tldops.roster.snapshot import Snapshot, Style
from radicale_tldops.serve.gzipping import packed
from radicale_tldops.serve.live import LiveStore
from radicale_tldops.serve.request import Incoming

MAX_KEPT = 32 * 1024 * 1024
"""How many bytes of finished answers, and of the requests that they belong to, a worker keeps."""

_MAX_PARSED = 4096
"""Requests up to this length in octets are kept as parsed: the same client sends the same ones for years."""

_MAX_CONTENT_TYPE = 200
"""Longest Content-Type, in characters: answers are kept by it."""

_MIN_PACKED = 256
"""Shorter bodies are not worth packing, in octets."""

_OVERHEAD = 1024
"""What an answer takes beside its bytes."""

_NOT_ACCEPTABLE = 406

_PRIVATE = (
    ("Cache-Control", "private, no-cache"),
    ("Vary", "Accept, Accept-Encoding, Authorization, Brief, Prefer"),
)
"""The roster is for its readers: no proxy keeps it, and a client asks before it shows what it kept."""

_NOT_FOUND = Answer(404, (("Content-Type", "text/plain; charset=utf-8"),), b"There is nothing here.\n")


@dataclass(frozen=True, slots=True)
class Ready:
    """An answer as it goes out. `generation` is what it was answered from; `is_current` as in `Answer`."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes
    generation: int
    is_current: bool = False


class NoReaderError(TldopsError):
    """Whoever asked was let in, and may not read any more by the time that the request had come: 401."""


class ReadPath:
    """Answers PROPFIND, REPORT, GET and HEAD of readers. Any number of threads may use it at once."""

    def __init__(self, live: LiveStore, texts: BookTexts) -> None:
        self._live = live
        self._texts = texts
        self._lock = threading.Lock()
        self._newest: _Generation | None = None

    def answer(self, request: Incoming, identity: Identity, body: Callable[[], bytes]) -> Ready:
        """Answer one request of a reader; `body` reads what it sent, when it is known that something stands here.

        Raises:
            RequestError: with the status and the precondition of the refusal.
            NoReaderError: whoever asked may not read any more.
            StoreError: there is nothing that could be served.

        """
        sent = b""
        generation = self._newest_for(identity)
        place = find(generation.site, identity.reader.principal, request.path)
        if place is not None and request.method not in ("GET", "HEAD"):
            sent = body()
            # It may have taken a long time to come: who may read what is asked anew, and of what is answered from.
            generation = self._newest_for(identity)
            place = find(generation.site, identity.reader.principal, request.path)
        if place is None:
            return generation.finished(_NOT_FOUND, request)
        if len(request.content_type) > _MAX_CONTENT_TYPE:
            raise RequestError("the Content-Type is too long")
        visitor = Visitor(identity.principal, identity.name)
        if "HTTP_IF" in request.conditions and not generation.meets_if(place, request, identity.reader.principal):
            return generation.finished(Answer(PRECONDITION_FAILED), request)
        if request.method in ("GET", "HEAD"):
            return self._get(generation, place, request)
        key = (
            visitor,
            request.method,
            place,
            request.depth,
            request.content_type,
            request.takes_gzip,
            request.minimal,
            request.no_root,
            sent,
        )
        ready = generation.kept.get(key)
        if ready is None:
            generation, answer = self._dav(generation, place, visitor, request, sent, identity)
            ready = generation.finished(answer, request)
            generation.kept.put(key, ready, len(ready.body) + len(sent))
        return ready

    def _newest_for(self, identity: Identity, snapshot: Snapshot | None = None) -> "_Generation":
        snapshot = snapshot or self._live.snapshot()
        if not self._live.is_still(identity, snapshot):
            raise NoReaderError("whoever asked may not read any more")
        return self._generation(snapshot)

    def _generation(self, snapshot: Snapshot) -> "_Generation":
        newest = self._newest
        if newest is None or newest.site.snapshot is not snapshot:
            with self._lock:
                newest = self._newest
                if newest is None or newest.site.snapshot is not snapshot:
                    newest = self._newest = _Generation(snapshot, self._texts, newest)
        return newest

    def prepare(self) -> None:
        """Build what the next request for the newest snapshot would have to build."""
        with suppress(StoreError):
            self._generation(self._live.snapshot()).site.book(Style.PLAIN)

    def _dav(
        self,
        generation: "_Generation",
        place: Place,
        visitor: Visitor,
        request: Incoming,
        sent: bytes,
        identity: Identity,
    ) -> tuple["_Generation", Answer]:
        read = _parse_kept if len(sent) <= _MAX_PARSED else _parse
        asked = read(request.method, request.content_type, sent)
        if isinstance(asked, Propfind):
            wanted = replace(asked.wanted, minimal=request.minimal)
            # Without the header, infinity is meant (RFC 4918, 9.1).
            depth = request.depth or answers.INFINITY
            return generation, answers.propfind(generation.site, place, visitor, wanted, depth, no_root=request.no_root)
        if isinstance(asked, SyncCollection) and generation.is_behind(place, asked.token):
            generation = self._newest_for(identity, self._live.reload())
        if request.minimal:
            asked = _minimal(asked)
        return generation, answers.report(generation.site, place, visitor, asked, request.depth)

    def _get(self, generation: "_Generation", place: Place, request: Incoming) -> Ready:
        if not request.takes_vcard and place.kind in (Kind.BOOK, Kind.CARD):
            condition = CARDDAV + "supported-address-data-conversion"
            raise RequestError("the cards are vCard 3.0 only", _NOT_ACCEPTABLE, condition)
        key = (place, request.takes_gzip)
        is_kept = place.kind is Kind.BOOK and not request.conditions
        ready = generation.kept.get(key) if is_kept else None
        if ready is None:
            answer = answers.get(generation.site, place)
            ready = generation.finished(conditional(answer, request.conditions), request)
            if is_kept:
                generation.kept.put(key, ready, len(ready.body))
        return ready


class _Generation:
    """A snapshot with what was made of it so far."""

    def __init__(self, snapshot: Snapshot, texts: BookTexts, before: "_Generation | None") -> None:
        self.site: Site = Site(snapshot, texts, before.site if before else None)
        self.kept = _Kept()

    def is_behind(self, place: Place, token: str) -> bool:
        """Tell whether a client has a token of another worker, newer than what is known here."""
        return place.kind is Kind.BOOK and self.site.snapshot.book(place.style).is_ahead(token)

    def finished(self, answer: Answer, request: Incoming) -> Ready:
        """Pack a body for who can unpack it, and complete the headers."""
        headers = [*answer.headers, *_PRIVATE]
        body = answer.body
        if request.takes_gzip and len(body) >= _MIN_PACKED and not answer.is_exact:
            body = packed(body)
            # A strong entity tag is of the bytes that are sent (RFC 9110, 8.8.3.3).
            headers = [(name, f"W/{value}" if name == "ETag" else value) for name, value in headers]
            headers.append(("Content-Encoding", "gzip"))
        if answer.status == MULTI_STATUS and (applied := _applied(request)):
            headers.append(("Preference-Applied", applied))
        if answer.status != NOT_MODIFIED:
            headers.append(("Content-Length", str(len(body))))
        return Ready(status_line(answer.status), headers, body, self.site.snapshot.generation, answer.is_current)

    def meets_if(self, place: Place, request: Incoming, reader: str) -> bool:
        """Evaluate the If header for what stands at `place`, and for other paths of this reader.

        Raises:
            RequestError: it cannot be read.

        """
        here = answers.state(self.site, place)
        return is_met(
            request.conditions["HTTP_IF"], here, lambda path: answers.state(self.site, find(self.site, reader, path))
        )


class _Kept:
    """Finished answers by what was asked, at most `MAX_KEPT` bytes: those that nobody asks for any more go first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: OrderedDict[Hashable, tuple[Ready, int]] = OrderedDict()
        self._size = 0

    def get(self, key: Hashable) -> Ready | None:
        """Return an answer that is kept."""
        with self._lock:
            kept = self._answers.get(key)
            if kept is None:
                return None
            self._answers.move_to_end(key)
            return kept[0]

    def put(self, key: Hashable, ready: Ready, size: int) -> None:
        """Keep an answer; `size` is what it and its key take, in octets."""
        size += _OVERHEAD
        if size > MAX_KEPT // 2:
            return
        with self._lock:
            self._size += size - self._answers.pop(key, (ready, 0))[1]
            self._answers[key] = (ready, size)
            while self._size > MAX_KEPT:
                self._size -= self._answers.popitem(last=False)[1][1]


def _parse(method: str, content_type: str, body: bytes) -> Propfind | Report:
    return read_propfind(content_type, body) if method == "PROPFIND" else read_report(content_type, body)


_parse_kept = lru_cache(maxsize=512)(_parse)


def _minimal(asked: Report) -> Report:
    """Return the report with nothing said of what there is not (RFC 8144, 2.1)."""
    if isinstance(asked, PrincipalSearchPropertySet):
        return asked
    if isinstance(asked, ExpandProperty):
        return replace(asked, minimal=True)
    return replace(asked, wanted=replace(asked.wanted, minimal=True))


def _applied(request: Incoming) -> str:
    """Name the preferences that were honoured (RFC 7240, 3)."""
    is_listing = request.method == "PROPFIND" and request.depth != answers.ZERO
    applied = ("return=minimal" if request.minimal else "", "depth-noroot" if request.no_root and is_listing else "")
    return ", ".join(filter(None, applied))


def status_line(status: int) -> str:
    """Return a status as WSGI wants it."""
    return f"{status} {HTTPStatus(status).phrase}"
