"""Requests that are hostile or merely unusual, at `tldops serve`: the right refusal, and never an empty book."""

import base64
import http.client
import select
import socket
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from radicale_tldops.serve.body import MAX_READS
from tests.support import DAV, JANE, JOHN, Client, Response, World, serve
from tests.support.waiting import until

SYNC = '<sync-collection xmlns="DAV:"><sync-token/><sync-level>1</sync-level>{}</sync-collection>'
MULTIGET = '<C:addressbook-multiget xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav">{}</C:addressbook-multiget>'
QUERY = '<C:addressbook-query xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav">{}</C:addressbook-query>'


@dataclass(frozen=True)
class Readers:
    """Two readers of one server."""

    john: Client
    jane: Client


@pytest.fixture(scope="module")
def readers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Readers]:
    """Two clients at a `tldops serve` with two cards; the one worker has to outlive every test here."""
    world = World(tmp_path_factory.mktemp("requests"))
    world.sync(JOHN, JANE)
    john, jane = (world.device(login) for login in ("john.doe@nic.nl", "jane.doe@nic.vn"))
    with serve(world) as url:
        yield Readers(Client(url, john), Client(url, jane))


@pytest.fixture
def client(readers: Readers) -> Client:
    """John's client."""
    return readers.john


@pytest.fixture(autouse=True)
def still_serving(client: Client) -> Iterator[None]:
    """After every request, whatever it was, the whole book is there."""
    yield
    assert len(client.cards(client.book())) == 2


def propfind(client: Client, inner: str, depth: str = "0") -> Response:
    """Send a PROPFIND of the book."""
    return client.request("PROPFIND", client.book(), f'<propfind xmlns="DAV:">{inner}</propfind>', Depth=depth)


@pytest.mark.parametrize(
    "body",
    [
        "<a>" * 60_000 + "</a>" * 60_000,
        f'<propfind xmlns="DAV:"><prop>{"<a/>" * 160_000}',
        f'<propfind xmlns="DAV:"><prop>{"".join(f"<a{n}/>" for n in range(25_000))}</prop></propfind>',
        '<!DOCTYPE a [<!ENTITY b "c">]><propfind xmlns="DAV:"><prop><getetag/></prop></propfind>',
        '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><propfind xmlns="DAV:"><allprop/></propfind>',
        '<propfind xmlns="DAV:"><allprop/><propname/></propfind>',
        '<propfind xmlns="DAV:"/>',
        '<unknown xmlns="DAV:"/>',
        "<",
        "not XML",
    ],
    ids=["deep", "cut off", "many", "entity", "external", "both", "nothing", "root", "broken", "text"],
)
@pytest.mark.parametrize("method", ["PROPFIND", "REPORT"])
def test_a_body_that_is_no_request_is_a_bad_request(client: Client, method: str, body: str) -> None:
    """Deep, huge, with entities, of another shape: 400, and the same process goes on."""
    assert client.request(method, client.book(), body, Depth="1").status == 400


def test_a_body_over_the_limit_is_too_large(client: Client) -> None:
    """More than a megabyte is refused by its Content-Length, before anything is read."""
    assert client.request("REPORT", client.book(), "", Content_Length="1000001").status == 413
    assert client.request("REPORT", client.book(), "", Content_Length="9" * 5000).status in (400, 413)


@pytest.mark.parametrize("charset", ["nonsense", "utf-7", "base64"])
def test_an_unknown_charset_is_unsupported(client: Client, charset: str) -> None:
    """415, never a 500 from a codec that is not one."""
    answer = client.request("REPORT", client.book(), "<a/>", Content_Type=f"text/xml; charset={charset}")
    assert answer.status == 415


@pytest.mark.parametrize("inner", ["<prop/>", "", "<allprop/>", "<propname/>"])
def test_no_report_loses_members_for_want_of_properties(client: Client, inner: str) -> None:
    """A client that asks for no property would take an empty answer for an empty book: every member is listed."""
    book = client.book()
    members = sorted(client.cards(book))
    hrefs = "".join(f"<href>{href}</href>" for href in members)
    for body in (SYNC.format(inner), MULTIGET.format(inner + hrefs), QUERY.format(inner)):
        answer = client.report(book, body)
        assert answer.status == 207
        assert sorted(answer.hrefs("200")) == members, body
        for response in answer.xml.iter(f"{DAV}response"):
            assert response.find(f"{DAV}status") is not None or response.find(f"{DAV}propstat") is not None


def test_a_property_that_is_asked_for_again_is_answered_once(client: Client) -> None:
    """2 KB of requests must not become 8 MB of answers."""
    answer = propfind(client, f"<prop>{'<getetag/>' * 10_000}{'<nonsense/>' * 10_000}</prop>")
    assert len(answer.xml.findall(f".//{DAV}getetag")) == 1
    assert len(answer.xml.findall(f".//{DAV}nonsense")) == 1
    many = "".join(f"<p{number}/>" for number in range(1000))
    assert propfind(client, f"<prop>{many}</prop>").status == 400


def test_a_stranger_learns_nothing_from_a_malformed_request(client: Client) -> None:
    """What is wrong with a body is for readers alone: anybody else gets 401."""
    stranger = Client(f"http://{client.host}")
    for body in ("<a>" * 60_000, "not XML", SYNC.format("<prop/>")):
        assert stranger.request("REPORT", client.book(), body).status == 401


@pytest.mark.parametrize("method", ["PROPFIND", "REPORT"])
def test_the_process_outlives_deep_nesting(client: Client, method: str) -> None:
    """A connection that was open before is still served: it belongs to the one process that was there before."""
    standing = http.client.HTTPConnection(client.host, timeout=30)
    try:
        standing.request("OPTIONS", "/")
        standing.getresponse().read()
        before = standing.sock
        assert before is not None
        assert client.request(method, client.book(), "<a>" * 60_000 + "</a>" * 60_000).status == 400
        standing.request("OPTIONS", "/")
        assert standing.getresponse().status == 200
        assert standing.sock is before
    finally:
        standing.close()


@pytest.mark.parametrize("method", ["GET", "PUT", "OPTIONS"])
def test_a_charset_that_nothing_is_read_in_does_not_matter(client: Client, method: str) -> None:
    """Radicale decodes even the password by it, and answers 500."""
    href = next(iter(client.cards(client.book())))
    plain = client.request(method, href, "")
    answer = client.request(method, href, "", Content_Type="text/vcard; charset=nonsense")
    assert (answer.status, answer.body) == (plain.status, plain.body)
    assert plain.status in (200, 403)


def half_open(client: Client, book: str) -> socket.socket:
    """Send a REPORT of which the most part never comes."""
    token = base64.b64encode(f"{client.user}:{client.password}".encode()).decode()
    host, port = client.host.split(":")
    connection = socket.create_connection((host, int(port)), 20)
    head = f"REPORT {book} HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {token}\r\nContent-Length: 500\r\n\r\n<a/>"
    connection.sendall(head.encode())
    return connection


def test_a_body_that_ends_early_is_a_bad_request(client: Client) -> None:
    """It is not taken for what came of it."""
    with half_open(client, client.book()) as connection:
        connection.shutdown(socket.SHUT_WR)
        assert b" 400 " in connection.recv(65536).split(b"\r\n")[0]


def test_a_reader_whose_bodies_never_come_holds_up_nobody_else(readers: Readers) -> None:
    """More half-open requests than the worker has threads: some wait, the rest is refused, and others are served."""
    john, jane = readers.john, readers.jane
    book = john.book()
    connections = [half_open(john, book) for _ in range(20)]
    try:
        waiting = set(connections)
        while len(waiting) > MAX_READS:
            answered, _, _ = select.select(list(waiting), [], [], 20)
            assert answered, "nobody is answered any more"
            for connection in answered:
                assert b" 503 " in connection.recv(65536).split(b"\r\n")[0]
            waiting -= set(answered)
        assert len(jane.cards(jane.book())) == 2
        assert john.propfind(book, f"{DAV}displayname").status == 503
        stranger = Client(f"http://{john.host}")
        assert stranger.propfind(book, f"{DAV}displayname").status == 401
    finally:
        for connection in connections:
            connection.close()
    until(lambda: john.propfind(book, f"{DAV}displayname").status != 503, "John is not answered any more")
