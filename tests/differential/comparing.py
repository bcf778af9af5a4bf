"""What two answers to the same request have not in common."""

import gzip
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tests.support import CARDDAV, DAV, Response
from tests.support.in_process import Sent

COMPARED_HEADERS = ("allow", "dav", "etag", "last-modified", "content-type", "content-disposition", "location")
"""What of the headers a client goes by."""

NOTHING = "nothing"
"""What stands for something that one of the two answers does not have."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that Radicale answers in one way, and we in another.

    `of` says what kind of thing: "status", "header", "href", "property", "body". `name` is the property, the header or
    the href; `place` is what the request, or the response inside a multistatus, is about.
    """

    of: str
    asked: str
    place: str
    name: str
    radicale: str
    tldops: str


def differences(sent: Sent, radicale: Response, tldops: Response) -> Iterator[Difference]:
    """Yield every difference between two answers, one by one."""
    asked = _asked(sent)
    here = place(sent.path)
    if radicale.status != tldops.status:
        yield Difference("status", asked, here, "", str(radicale.status), str(tldops.status))
    for name in COMPARED_HEADERS:
        ours, theirs = (_header(answer, name) for answer in (tldops, radicale))
        if ours != theirs and radicale.status == tldops.status:
            yield Difference("header", asked, here, name, theirs, ours)
    if radicale.status != tldops.status:
        return
    if radicale.status != 207:
        ours, theirs = (_text(answer) for answer in (tldops, radicale))
        if ours != theirs and (radicale.status < 300 or "xml" in _header(tldops, "content-type")):
            yield Difference("body", asked, here, "", theirs, ours)
        return
    yield from _multistatus(asked, _members(radicale), _members(tldops))


def place(path: str) -> str:
    """Return what stands at a path: "root", "principal", "book", "card" or "elsewhere"."""
    parts = [part for part in path.split("/") if part]
    if path == "/":
        return "root"
    if len(parts) == 1 and len(parts[0].split("~")[0]) >= 8 and not parts[0].startswith((".", "0000")):
        return "principal"
    if len(parts) == 2 and parts[1] == "tld-ops":
        return "book"
    return "card" if len(parts) == 3 and parts[1] == "tld-ops" else "elsewhere"


def plain_body(answer: Response) -> bytes:
    """Return the body, unpacked."""
    return gzip.decompress(answer.body) if answer.headers.get("content-encoding") == "gzip" else answer.body


@dataclass(frozen=True, slots=True)
class Member:
    """A response in a multistatus: its own status, or properties with theirs."""

    status: str
    properties: Mapping[str, str]


def members(body: bytes) -> dict[str, Member]:
    """Read a multistatus (RFC 4918, 13): by href, and with the sync token under an href of its own."""
    root = ET.fromstring(body)
    assert root.tag == f"{DAV}multistatus"
    found: dict[str, Member] = {}
    for response in root.iterfind(f"{DAV}response"):
        href = response.findtext(f"{DAV}href", "")
        assert href not in found, f"{href} comes twice"
        properties: dict[str, str] = {}
        for propstat in response.iterfind(f"{DAV}propstat"):
            status = _code(propstat.findtext(f"{DAV}status", ""))
            for element in propstat.iterfind(f"{DAV}prop/*"):
                assert element.tag not in properties, f"{element.tag} comes twice"
                properties[element.tag] = value(element) if status == "200" else status
        found[href] = Member(_code(response.findtext(f"{DAV}status", "")), properties)
    token = root.find(f"{DAV}sync-token")
    if token is not None:
        found["sync-token"] = Member(token.text or "", {})
    return found


def value(element: ET.Element) -> str:
    """Return the content of a property in one form: what stands for the same is the same, and order is kept."""
    text = (element.text or "").replace("\r\n", "\n")
    if element.tag != f"{CARDDAV}address-data":
        text = text.strip()
    inner = "".join(
        f"<{child.tag}{''.join(f' {name}={text!r}' for name, text in sorted(child.attrib.items()))}>{value(child)}</>"
        for child in element
    )
    return text + inner


def _multistatus(asked: str, radicale: Mapping[str, Member], tldops: Mapping[str, Member]) -> Iterator[Difference]:
    for href in {**radicale, **tldops}:
        theirs, ours = radicale.get(href), tldops.get(href)
        where = place(href) if href != "sync-token" else href
        if theirs is None or ours is None:
            yield Difference(
                "href", asked, where, href, *("nothing" if member is None else "there" for member in (theirs, ours))
            )
            continue
        if theirs.status != ours.status:
            yield Difference("href", asked, where, href, theirs.status or "properties", ours.status or "properties")
        for name in {**theirs.properties, **ours.properties}:
            pair = (theirs.properties.get(name, NOTHING), ours.properties.get(name, NOTHING))
            if pair[0] != pair[1]:
                yield Difference("property", asked, where, name, *pair)


def _members(answer: Response) -> dict[str, Member]:
    return members(plain_body(answer))


def _asked(sent: Sent) -> str:
    """Return the method, and of a report its name."""
    if sent.method != "REPORT":
        return sent.method
    try:
        return ET.fromstring(sent.body).tag.rpartition("}")[2]
    except ET.ParseError:
        return sent.method


def _header(answer: Response, name: str) -> str:
    return answer.headers.get(name, NOTHING)


def _text(answer: Response) -> str:
    return plain_body(answer).decode("utf-8", "backslashreplace")


def _code(status: str) -> str:
    return status.removeprefix("HTTP/1.1 ")[:3]
