"""The members' pages as HTTP: one table of routes under /.web/, sign-in, sessions, and the headers of every page."""

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from urllib.parse import parse_qs

from radicale_tldops.dav.answer import Ready
from radicale_tldops.dav.body import RequestError
from radicale_tldops.dav.gzipping import Shared
from radicale_tldops.login.gate import Gate
from radicale_tldops.login.sessions import LASTS_SECONDS, Session, Sessions
from radicale_tldops.pages import copies
from radicale_tldops.pages.directory import Heading, copy_page, directory_page, everybody, heading_of, sections_of
from radicale_tldops.pages.environment import FILES, render
from radicale_tldops.roster.cctld import canonical_label
from radicale_tldops.roster.errors import DelayedError, StoreError
from radicale_tldops.roster.identity import Identity
from radicale_tldops.roster.snapshot import Reader, Snapshot
from radicale_tldops.serve.codes import CODE_SECONDS, Codes
from radicale_tldops.serve.device_pages import DevicePages
from radicale_tldops.serve.live import LiveStore
from radicale_tldops.serve.recorder import Recorder
from radicale_tldops.serve.request import Incoming
from radicale_tldops.serve.webforms import (
    BROWSER,
    HEADERS,
    HTML,
    SESSION,
    Environ,
    Forms,
    cookie_of,
    message,
    page,
    ready,
    redirect,
    set_cookie,
    static,
)
from radicale_tldops.settings import LdapLoginSettings, Settings
from radicale_tldops.zones.countries import countries_of

HOME = "/.web/"
_MOST_DOWN = 50
_NOT_READ = "The address and the password do not open the address book. Check both, or ask the secretariat."
_NOT_FRESH = "sign in anew for this: a device password only reads, and another sign-in counts for fifteen minutes"
_WRONG_CODE = (
    "This is not the code, or it has ended. Compare it with the newest mail. After five tries, or fifteen minutes, "
    "a new code is needed."
)
_LATER = "There were too many wrong passwords. Wait some minutes and try again."
_UNAVAILABLE = "The server cannot read its data now. Try again in a minute."

_Step = Callable[[Incoming, Environ], Ready]


class Website:
    """Answers requests for pages. Any number of threads may use it at once."""

    def __init__(self, settings: Settings, live: LiveStore, gate: Gate, recorder: Recorder) -> None:
        self._live, self._gate, self._recorder = live, gate, recorder
        self._cards, self._url = settings.cards, settings.server.url
        self._vetting = settings.vetting
        self._has_directory = settings.auth.ldap != LdapLoginSettings()
        self._sessions = Sessions()
        self._devices = DevicePages(settings)
        self._codes = Codes(settings.store.members, live, recorder) if settings.mail.server else None
        self._forms = Forms(settings.server.url)
        self._lock = threading.Lock()
        self._by_route = self._routes()
        self._kept: tuple[object, tuple[Heading, Shared]] | None = None

    def answer(self, request: Incoming, environ: Environ) -> Ready:
        """Answer a request for a path under /.web/; never raises for what a client or the store does."""
        try:
            return self._find(request)(request, environ)
        except RequestError as error:
            return message(error.status, "This does not work", f"{error}.")
        except DelayedError as delay:
            return message(429, "Too many tries", _LATER, ("Retry-After", str(delay.retry_after)))
        except StoreError:
            return message(503, "Not now", _UNAVAILABLE, ("Retry-After", "30"))

    def _routes(self) -> Mapping[tuple[str, str], _Step]:
        """Return what answers. Every page is here; HEAD is answered as GET."""
        return {
            ("GET", "/.web"): lambda *_: redirect(301, HOME),
            ("GET", "/.web/"): self._home,
            ("GET", "/.web/sign-in"): lambda *_: self._sign_in_page(200),
            ("POST", "/.web/sign-in"): self._sign_in,
            ("POST", "/.web/ask"): self._ask,
            ("GET", "/.web/code"): lambda *_: self._code_page(200),
            ("POST", "/.web/code"): self._enter,
            ("POST", "/.web/sign-out"): self._sign_out,
            ("POST", "/.web/copy"): self._copy,
            ("GET", "/.web/devices"): self._show_devices,
            ("POST", "/.web/devices/add"): self._add_device,
            ("POST", "/.web/devices/revoke"): self._revoke_device,
            ("GET", "/.web/devices/tld-ops.mobileconfig"): self._profile,
            **{("GET", f"{HOME}{name}"): partial(_file, *file) for name, file in FILES.items()},
        }

    def _find(self, request: Incoming) -> _Step:
        method = "GET" if request.method == "HEAD" else request.method
        found = self._by_route.get((method, request.path))
        if found is None and ("POST", request.path) in self._by_route:
            # Somebody who loads a page again after a form lands here.
            return lambda *_: redirect(303, HOME)
        return found or (lambda *_: message(404, "Not found", "There is no such page."))

    def end_sessions(self, snapshot: Snapshot) -> None:
        """End the sessions of those who may not read this snapshot: they do not come back with the person."""
        self._sessions.sweep(lambda identity: self._live.is_still(identity, snapshot))

    def _home(self, request: Incoming, environ: Environ) -> Ready:
        """Return the directory, or the page to sign in."""
        snapshot = self._live.check()
        identity = self._signed_in(environ, snapshot)
        if identity is None:
            return self._sign_in_page(200)
        typed = parse_qs(str(environ.get("QUERY_STRING", ""))[:1000]).get("down", [""])[0]
        down = [label for word in typed.replace(",", " ").split()[:_MOST_DOWN] if (label := canonical_label(word))]
        heading, people = self._everybody(snapshot, down)
        before, _, after = directory_page(heading, identity.name, "", typed)
        headers = [HTML, *HEADERS, ("Vary", "Accept-Encoding, Cookie")]
        if not request.takes_gzip:
            return ready(200, b"".join((before.encode(), people.text, after.encode())), *headers)
        body = people.packed(before.encode(), after.encode())
        return ready(200, body, *headers, ("Content-Encoding", "gzip"))

    def _everybody(self, snapshot: Snapshot, down: Sequence[str]) -> tuple[Heading, Shared]:
        """Return what of the page is the same for every reader, rendered once an hour: clocks change."""
        now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        if down:
            return self._rendered(snapshot, now, down)
        key = snapshot.lineage, snapshot.generation, now
        with self._lock:
            if self._kept is None or self._kept[0] != key:
                self._kept = key, self._rendered(snapshot, now)
            return self._kept[1]

    def _rendered(self, snapshot: Snapshot, now: datetime, down: Sequence[str] = ()) -> tuple[Heading, Shared]:
        known = countries_of(self._vetting.add_cctlds, self._vetting.retire_cctlds)
        people = everybody(sections_of(snapshot, known, now), down)
        return heading_of(snapshot, self._cards.book_name, self._cards.tlp), Shared(people.encode())

    def _sign_in_page(self, status: int, problem: str = "", *headers: tuple[str, str]) -> Ready:
        text = render(
            "sign_in.html",
            book=self._cards.book_name,
            url=self._url,
            problem=problem,
            has_directory=self._has_directory,
            sends_codes=self._codes is not None,
        )
        return page(status, text, *headers)

    def _sign_in(self, request: Incoming, environ: Environ) -> Ready:
        """Begin a session for a device password, or a password of the directory."""
        form = self._forms.read(request, environ)
        self._live.check()
        login, password = form.get("login", "").strip(), form.get("password", "")
        try:
            identity = self._gate.identify(login, password, request.peer)
        except DelayedError as delay:
            return self._sign_in_page(429, _LATER, ("Retry-After", str(delay.retry_after)))
        if identity is None:
            return self._sign_in_page(403, _NOT_READ)
        return self._begin(identity, request, environ)

    def _begin(self, identity: Identity, request: Incoming, environ: Environ) -> Ready:
        """Begin a session, and end the one that this browser had."""
        self._recorder.login(identity.reader.login, identity.device_id, request.peer, request.user_agent)
        self._sessions.end(cookie_of(environ))
        token = self._sessions.begin(identity)
        return redirect(303, HOME, set_cookie(SESSION, token, LASTS_SECONDS))

    def _ask(self, request: Incoming, environ: Environ) -> Ready:
        """Ask the post office for a code. Nobody can tell from the answer whether the address is a reader's."""
        form = self._forms.read(request, environ)
        self._live.check()
        if self._codes is None:
            raise RequestError("this server sends no codes")
        browser = self._codes.ask(form.get("login", ""), request.peer)
        return redirect(303, "/.web/code", set_cookie(BROWSER, browser, CODE_SECONDS))

    def _enter(self, request: Incoming, environ: Environ) -> Ready:
        """Begin a session for a code that was typed."""
        form = self._forms.read(request, environ)
        if self._codes is None:
            raise RequestError("this server sends no codes")
        identity = self._codes.enter(cookie_of(environ, BROWSER), form.get("code", ""))
        if identity is None:
            return self._code_page(403, _WRONG_CODE)
        begun = self._begin(identity, request, environ)
        begun.headers.append(set_cookie(BROWSER, "", 0))
        return begun

    def _code_page(self, status: int, problem: str = "") -> Ready:
        return page(status, render("code.html", book=self._cards.book_name, problem=problem))

    def _sign_out(self, request: Incoming, environ: Environ) -> Ready:
        form = self._forms.read(request, environ)
        session = self._sessions.find(cookie_of(environ))
        if session is not None and form.get("everywhere"):
            self._sessions.end_all(session.owner)
        self._sessions.end(cookie_of(environ))
        return redirect(303, HOME, set_cookie(SESSION, "", 0))

    def _copy(self, request: Incoming, environ: Environ) -> Ready:
        """Return the whole book as a file, and record that."""
        form = self._forms.read(request, environ).get("form", "")
        snapshot = self._live.check()
        identity = self._signed_in(environ, snapshot)
        if identity is None:
            return redirect(303, HOME)
        made = self._written(form, snapshot, identity)
        if made is None:
            raise RequestError("there is no such form of a copy")
        text, kind, ending = made
        self._recorder.copy(identity.reader.login, identity.device_id, snapshot.generation, form)
        name = f"tld-ops-generation-{snapshot.generation}{ending}"
        headers = [("Content-Type", kind), ("Content-Disposition", f'attachment; filename="{name}"'), *HEADERS]
        return ready(200, text.encode(), *headers)

    def _show_devices(self, _request: Incoming, environ: Environ) -> Ready:
        session = self._session(environ, self._live.check())
        if session is None:
            return redirect(303, HOME)
        return self._devices.show(session.identity.reader, is_fresh=self._sessions.is_fresh(session))

    def _add_device(self, request: Incoming, environ: Environ) -> Ready:
        form = self._forms.read(request, environ)
        return self._devices.add(self._fresh(environ), form.get("program", ""), form.get("label", ""))

    def _revoke_device(self, request: Incoming, environ: Environ) -> Ready:
        form = self._forms.read(request, environ)
        return self._devices.revoke(self._fresh(environ), form.get("id", ""))

    def _profile(self, _request: Incoming, environ: Environ) -> Ready:
        session = self._session(environ, self._live.check())
        return self._devices.profile(session.identity.reader) if session else redirect(303, HOME)

    def _fresh(self, environ: Environ) -> Reader:
        """Return the reader of a session that may make and revoke device passwords.

        Raises:
            RequestError: there is none.
        """
        session = self._session(environ, self._live.check())
        if session is None or not self._sessions.is_fresh(session):
            raise RequestError(
                "sign in anew for this: a device password only reads, and fifteen minutes may have passed", 403
            )
        return session.identity.reader

    def _written(self, form: str, snapshot: Snapshot, identity: Identity) -> tuple[str, str, str] | None:
        """Return a copy as text, with its type and the end of its name; None for an unknown form."""
        table = "text/csv; charset=utf-8"
        match form:
            case "html":
                known = countries_of(self._vetting.add_cctlds, self._vetting.retire_cctlds)
                return copy_page(snapshot, known, self._cards, identity.reader), HTML[1], ".html"
            case "vcf":
                return copies.vcards(snapshot), "text/vcard; charset=utf-8", ".vcf"
            case "google":
                return copies.google_csv(snapshot), table, "-google.csv"
            case "outlook":
                # Excel and Outlook take a file with this mark for UTF-8.
                return "\ufeff" + copies.outlook_csv(snapshot), table, "-outlook.csv"
        return None

    def _signed_in(self, environ: Environ, snapshot: Snapshot) -> Identity | None:
        """Return who is signed in and may read now."""
        session = self._session(environ, snapshot)
        return session.identity if session else None

    def _session(self, environ: Environ, snapshot: Snapshot) -> Session | None:
        """Return the session of a browser, if its reader may read now: else it has ended."""
        token = cookie_of(environ)
        session = self._sessions.find(token)
        if session is None:
            return None
        if not self._live.is_still(session.identity, snapshot):
            self._sessions.end(token)
            return None
        return session


def _file(text: str, kind: str, _request: Incoming, _environ: Environ) -> Ready:
    return static(text, kind)
