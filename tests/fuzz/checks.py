"""What has to hold for every answer to every request."""

import gzip
import re
import xml.etree.ElementTree as ET

from tests.differential.comparing import members
from tests.fuzz.requests import Hostile
from tests.fuzz.target import Target
from tests.support import CARDDAV, DAV, Response
from tests.support.in_process import Sent

MAX_FACTOR = 4
"""By how much an answer may be longer than all the cards with all that there is to know of them: whoever asks for
properties that no card has is told so for each card."""

_OPEN = ("/.well-known", "/.web", "/.health")
# A request may name the whole address (RFC 9112, 3.2.2).
_HOST = re.compile(r"^https?://[^/]*", re.IGNORECASE)


class BrokenPropertyError(AssertionError):
    """An answer is not as it has to be."""


class LeakError(BrokenPropertyError):
    """Somebody without a valid login was told something of the roster."""


def check(target: Target, request: Hostile, answer: Response) -> None:
    """Look at an answer.

    Raises:
        BrokenPropertyError: with what is wrong.
    """
    _hold(answer.status < 500, f"status {answer.status}")
    content = unpacked(answer)
    _hold(request.sent.method != "HEAD" or not content, "HEAD has a body")
    _hold(answer.status != 304 or not content, "304 has a body")
    if not request.is_valid:
        _check_closed(target, request, answer, content)
        return
    limit = MAX_FACTOR * target.honest + 8 * len(request.sent.body)
    _hold(len(content) <= limit, f"{len(content)} octets are more than {limit}")
    for other in target.other_principals:
        if other.strip("/").encode() in content:
            _hold(other.strip("/") in f"{request.sent.path} {request.sent.body!r}", f"names {other}, another reader")
    if answer.status == 207:
        _check_multistatus(content)
    if is_whole_book(target, request.sent, answer.status):
        _check_complete(target, request.sent, content)


def unpacked(answer: Response) -> bytes:
    """Return the content of an answer as the client sees it."""
    if answer.headers.get("content-encoding") == "gzip" and answer.body:
        return gzip.decompress(answer.body)
    return answer.body


def _check_closed(target: Target, request: Hostile, answer: Response, content: bytes) -> None:
    """Whoever has no valid login gets nothing of the roster, and no answer that a reader would get."""
    found = target.secrets.search(content) or target.secrets.search(repr(answer.headers).encode())
    if found is not None:
        raise LeakError(f"{found[0]!r} is told to somebody without a login")
    _hold(answer.status != 207, "207 for somebody without a login")
    if answer.status < 300:
        # Health and the pages for browsers answer everybody, and OPTIONS without a login says what the server is.
        path = _HOST.sub("", request.sent.path).partition("?")[0]
        is_open = path.startswith(_OPEN) or (request.sent.method, request.sender) == ("OPTIONS", "nobody")
        _hold(is_open or request.sender == "odd", f"{answer.status} for somebody without a login")


def _check_multistatus(content: bytes) -> None:
    """RFC 4918, 14.24: a response has an href, and either a status or propstats, each with a prop and a status."""
    try:
        root = ET.fromstring(content)
        members(content)
    except (ET.ParseError, AssertionError) as error:
        raise BrokenPropertyError(f"the multistatus is broken: {error}") from error
    for response in root.iterfind(f".//{DAV}response"):
        propstats = response.findall(f"{DAV}propstat")
        _hold(bool(response.findtext(f"{DAV}href")) or not propstats, "a response without an href")
        _hold((response.find(f"{DAV}status") is None) == bool(propstats), "a response without a status")
        for propstat in propstats:
            _hold((propstat.findtext(f"{DAV}status") or "").startswith("HTTP/1.1 "), "a propstat without a status")
            _hold(propstat.find(f"{DAV}prop") is not None, "a propstat without a prop")


def is_whole_book(target: Target, sent: Sent, status: int) -> bool:
    """Tell whether a request asks for all of the cards, as far as can be told for sure, and got an answer."""
    if sent.path not in (target.book, target.book.replace("/tld-ops", "~groups/tld-ops")):
        return False
    if sent.method == "GET":
        return status == 200
    if status != 207 or b"charset" in dict(sent.headers).get("Content-Type", "").encode():
        return False
    depth = dict(sent.headers).get("Depth", "").lower()
    if sent.method != "REPORT":
        return depth in ("1", "infinity")
    try:
        root = ET.fromstring(sent.body)
    except ET.ParseError as error:
        raise BrokenPropertyError(f"207 for a body that is no XML: {error}") from error
    if root.tag == f"{CARDDAV}addressbook-query":
        limits = (f"{CARDDAV}filter", f"{CARDDAV}limit")
        return depth != "0" and not any(root.find(name) is not None for name in limits)
    if root.tag == f"{DAV}sync-collection":
        lineage = target.tokens[0].split("/")[1]
        tokens = [element.text or "" for element in root.iter(f"{DAV}sync-token")]
        return root.find(f"{DAV}limit") is None and not any(lineage in token for token in tokens)
    return False


def _check_complete(target: Target, sent: Sent, content: bytes) -> None:
    if sent.method == "GET":
        missing = [name for name in target.names if f"UID:{name.removesuffix('.vcf')}".encode() not in content]
    else:
        told = {href.rsplit("/", 1)[-1] for href, member in members(content).items() if member.status != "404"}
        missing = sorted(target.names - told)
    _hold(not missing, f"{len(missing)} of {len(target.names)} cards are missing")


def _hold(it_holds: bool, otherwise: str) -> None:
    if not it_holds:
        raise BrokenPropertyError(otherwise)
