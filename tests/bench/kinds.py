"""What is asked of the servers: the requests that clients send, and what a complete answer to each is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import TypeAlias

from tests.bench.wire import head
from tests.support import CALENDARSERVER, CARDDAV, DAV, Client, Response, propfind_body

FEW = 20
"""How many cards a client asks for that has seen these change."""

_NAMESPACES = f'xmlns:D="DAV:" xmlns:C="{CARDDAV[1:-1]}"'
_DATA = "<D:prop><D:getetag/><C:address-data/></D:prop>"

_XML = {"Content-Type": "application/xml; charset=utf-8"}

_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server listens and what stands there.

    `email` is the list address of one person; `token` the sync token of now; `keeps` whether connections are kept.
    """

    name: str
    port: int
    authorization: str
    principal: str
    home: str
    book: str
    hrefs: tuple[str, ...]
    email: str
    token: str
    keeps: bool


@dataclass(frozen=True, slots=True)
class Ask:
    """A request without what is the same for all."""

    method: str
    path: str
    body: str = ""
    depth: str = ""

    def encoded(self, place: Place, key: str = "", *, packed: bool = False, fresh: bool = False) -> bytes:
        """Return it as it is sent; `key` tells the floor which answer to give.

        `fresh` makes its bytes differ from all before, by a comment or a query: nobody has the answer at hand.
        """
        body, path = self.body, self.path
        if fresh and body:
            body += f"<!--{next(_numbers):08}-->"
        elif fresh:
            path += f"?{next(_numbers):08}"
        headers = {"Authorization": place.authorization, **({"Depth": self.depth} if self.depth else {})}
        headers |= {"Accept-Encoding": "gzip"} if packed else {}
        headers |= {"X-Bench": key} if key else {}
        sent = body.encode()
        return head(self.method, path, headers | (_XML if sent else {}), len(sent)) + sent


Check: TypeAlias = Callable[[Place, Sequence[Response]], bool]
"""Tells whether the answers to one kind of request are complete."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of request, or a sequence of them. `is_large` says that all the cards are in the answer."""

    name: str
    asks: Callable[[Place], Sequence[Ask]]
    is_complete: Check
    is_large: bool = False


def find(name: str, client: Client, authorization: str, email: str, *, keeps: bool = True) -> Place:
    """Discover a server as a client does, and return what was found."""
    book = client.book()
    synced = client.sync(book)
    hrefs = tuple(href for href in synced.hrefs() if href != book)
    token = synced.xml.findtext(f"{DAV}sync-token", "")
    port = int(client.host.rpartition(":")[2])
    return Place(name, port, authorization, client.principal(), client.home(), book, hrefs, email, token, keeps)


def _discovery(place: Place) -> Sequence[Ask]:
    book = ("resourcetype", "displayname", "sync-token", "supported-report-set", "current-user-privilege-set")
    names = (*(DAV + name for name in book), f"{CALENDARSERVER}getctag")
    return (
        Ask("PROPFIND", "/", propfind_body(f"{DAV}current-user-principal", f"{DAV}resourcetype"), "0"),
        Ask("PROPFIND", place.principal, propfind_body(f"{CARDDAV}addressbook-home-set", f"{DAV}displayname"), "0"),
        Ask("PROPFIND", place.home, propfind_body(*names), "1"),
    )


def _has_found(place: Place, answers: Sequence[Response]) -> bool:
    wanted = (place.principal, place.home, place.book)
    return all(
        answer.status == 207 and path in {href.text for href in answer.xml.iter(f"{DAV}href")}
        for answer, path in zip(answers, wanted, strict=True)
    )


def _tokens(place: Place) -> Sequence[Ask]:
    return (Ask("PROPFIND", place.book, propfind_body(f"{CALENDARSERVER}getctag", f"{DAV}sync-token"), "0"),)


def _has_token(place: Place, answers: Sequence[Response]) -> bool:
    tree = answers[0].xml
    return tree.findtext(f".//{DAV}sync-token") == place.token and bool(tree.findtext(f".//{CALENDARSERVER}getctag"))


def _sync(place: Place, token: str, *names: str) -> Sequence[Ask]:
    wanted = "".join(f"<{name}/>" for name in names)
    body = f"<D:sync-collection {_NAMESPACES}><D:sync-token>{token}</D:sync-token>"
    body += f"<D:sync-level>1</D:sync-level><D:prop>{wanted}</D:prop></D:sync-collection>"
    return (Ask("REPORT", place.book, body),)


def _is_unchanged(place: Place, answers: Sequence[Response]) -> bool:
    return answers[0].xml.findtext(f"{DAV}sync-token") == place.token and not answers[0].hrefs()


def _has_etags(place: Place, answers: Sequence[Response]) -> bool:
    with_etag = {
        response.findtext(f"{DAV}href")
        for response in answers[0].xml.iter(f"{DAV}response")
        if response.findtext(f".//{DAV}getetag")
    }
    return with_etag | {place.book} == {*place.hrefs, place.book}


def _etags(place: Place) -> Sequence[Ask]:
    return (Ask("PROPFIND", place.book, propfind_body(f"{DAV}getetag"), "1"),)


def _multiget(number: int | None = None) -> Callable[[Place], Sequence[Ask]]:
    def asks(place: Place) -> Sequence[Ask]:
        hrefs = "".join(f"<D:href>{href}</D:href>" for href in place.hrefs[:number])
        body = f"<C:addressbook-multiget {_NAMESPACES}>{_DATA}{hrefs}</C:addressbook-multiget>"
        return (Ask("REPORT", place.book, body),)

    return asks


def _query(text: Callable[[Place], str]) -> Callable[[Place], Sequence[Ask]]:
    def asks(place: Place) -> Sequence[Ask]:
        body = f'<C:addressbook-query {_NAMESPACES}>{_DATA}<C:filter><C:prop-filter name="EMAIL">'
        body += f'<C:text-match match-type="contains">{text(place)}</C:text-match></C:prop-filter></C:filter>'
        return (Ask("REPORT", place.book, body + "</C:addressbook-query>", "1"),)

    return asks


def _has_cards(number: int | None = None) -> Check:
    def check(place: Place, answers: Sequence[Response]) -> bool:
        body, wanted = answers[0].body, len(place.hrefs) if number is None else number
        return answers[0].status == 207 and body.count(b"END:VCARD") == wanted == body.count(b"BEGIN:VCARD")

    return check


def _has_person(place: Place, answers: Sequence[Response]) -> bool:
    return _has_cards(1)(place, answers) and place.email.encode() in answers[0].body


def _get(place: Place) -> Sequence[Ask]:
    return (Ask("GET", place.hrefs[0]),)


def _is_card(_place: Place, answers: Sequence[Response]) -> bool:
    return answers[0].status == 200 and answers[0].body.count(b"END:VCARD") == 1


DISCOVERY = Kind("discovery (3 PROPFINDs)", _discovery, _has_found)
CTAG = Kind("ctag poll (PROPFIND)", _tokens, _has_token)
POLL = Kind("no-change sync", lambda place: _sync(place, place.token, "D:getetag"), _is_unchanged)
FIRST = Kind("initial sync, ETags", lambda place: _sync(place, "", "D:getetag"), _has_etags, is_large=True)
FIRST_CARDS = Kind(
    "initial sync, cards", lambda place: _sync(place, "", "D:getetag", "C:address-data"), _has_cards(), is_large=True
)
ETAGS = Kind("all ETags (PROPFIND)", _etags, _has_etags, is_large=True)
MULTIGET = Kind("multiget of 1,000", _multiget(), _has_cards(), is_large=True)
MULTIGET_FEW = Kind(f"multiget of {FEW}", _multiget(FEW), _has_cards(FEW))
GET = Kind("one card (GET)", _get, _is_card)
QUERY_ALL = Kind("query, 1,000 hits", _query(lambda place: "@"), _has_cards(), is_large=True)
QUERY_ONE = Kind("query, 1 hit", _query(lambda place: place.email), _has_person)

KINDS = (DISCOVERY, CTAG, POLL, FIRST, FIRST_CARDS, ETAGS, MULTIGET, MULTIGET_FEW, GET, QUERY_ALL, QUERY_ONE)
