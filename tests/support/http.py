"""A small DAV client, and the names of XML that its answers hold."""

import base64
import http.client
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass

from tests.support.world import Login

DAV = "{DAV:}"
CARDDAV = "{urn:ietf:params:xml:ns:carddav}"
CALENDARSERVER = "{http://calendarserver.org/ns/}"


@dataclass(frozen=True)
class Response:
    """An HTTP response."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def xml(self) -> ET.Element:
        """The body, read as XML."""
        return ET.fromstring(self.body)

    def hrefs(self, status: str = "") -> list[str]:
        """The hrefs of a multistatus; with `status`, those whose response or first propstat says so."""
        return [
            response.findtext(f"{DAV}href", "")
            for response in self.xml.iter(f"{DAV}response")
            if status in (response.findtext(f"{DAV}status") or response.findtext(f"{DAV}propstat/{DAV}status") or "")
        ]


class Client:
    """A small DAV client that looks at every byte."""

    def __init__(self, url: str, login: Login | None = None, user: str = "", password: str = "") -> None:
        self.host = url.removeprefix("http://").rstrip("/")
        self.user = user or (login.user if login else "")
        self.password = password or (login.password if login else "")

    def request(self, method: str, path: str, body: str | bytes = b"", **headers: str) -> Response:
        """Send one request; header names are written with "_" for "-"."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.user:
            token = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
            sent.setdefault("Authorization", f"Basic {token}")
        connection = http.client.HTTPConnection(self.host, timeout=30)
        try:
            connection.request(method, path, body.encode() if isinstance(body, str) else body, sent)
            answer = connection.getresponse()
            given: dict[str, str] = {}
            for name, value in answer.getheaders():
                known = given.get(name.lower())
                given[name.lower()] = f"{known}, {value}" if known is not None else value
            return Response(answer.status, given, answer.read())
        finally:
            connection.close()

    def propfind(self, path: str, *properties: str, depth: str = "0") -> Response:
        """Ask for properties by their Clark names."""
        return self.request("PROPFIND", path, propfind_body(*properties), Depth=depth)

    def report(self, path: str, body: str) -> Response:
        """Send a REPORT."""
        return self.request("REPORT", path, body, Depth="1", Content_Type="application/xml; charset=utf-8")

    def principal(self) -> str:
        """Discover the principal as every client does."""
        found = self.propfind("/", f"{DAV}current-user-principal")
        assert found.status == 207, found
        return found.xml.findtext(f".//{DAV}current-user-principal/{DAV}href", "")

    def home(self) -> str:
        """Discover the address book home."""
        found = self.propfind(self.principal(), f"{CARDDAV}addressbook-home-set")
        return found.xml.findtext(f".//{CARDDAV}addressbook-home-set/{DAV}href", "")

    def book(self) -> str:
        """Discover the one book."""
        found = self.propfind(self.home(), f"{DAV}resourcetype", depth="1")
        books = [
            response.findtext(f"{DAV}href", "")
            for response in found.xml.iter(f"{DAV}response")
            if response.find(f".//{CARDDAV}addressbook") is not None
        ]
        assert len(books) == 1, books
        return books[0]

    def sync(self, book: str, token: str = "", *properties: str) -> Response:
        """Send a sync-collection report (RFC 6578, 3)."""
        wanted = "".join(_element(name) for name in (properties or (f"{DAV}getetag",)))
        return self.report(
            book,
            f'<sync-collection xmlns="DAV:"><sync-token>{token}</sync-token><sync-level>1</sync-level>'
            f"<prop>{wanted}</prop></sync-collection>",
        )

    def cards(self, book: str) -> dict[str, str]:
        """Download the whole book: vCards by href."""
        found = self.report(
            book,
            f'<addressbook-query xmlns="{CARDDAV[1:-1]}"><prop xmlns="DAV:"><getetag/>'
            f"{_element(f'{CARDDAV}address-data')}</prop></addressbook-query>",
        )
        assert found.status == 207, found
        return {
            response.findtext(f"{DAV}href", ""): response.findtext(f".//{CARDDAV}address-data", "")
            for response in found.xml.iter(f"{DAV}response")
        }


def propfind_body(*properties: str) -> str:
    """Return the body of a PROPFIND for properties by their Clark names."""
    return f'<propfind xmlns="DAV:"><prop>{"".join(_element(name) for name in properties)}</prop></propfind>'


def _element(clark: str) -> str:
    namespace, name = clark[1:].split("}")
    return f'<x:{name} xmlns:x="{namespace}"/>'
