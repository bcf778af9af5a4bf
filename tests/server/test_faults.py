"""What `tldops serve` does when the request, the store or the disk is not as it should be."""

import base64
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from radicale_tldops.store.audit import load
from tests.support import JANE, JOHN, Client, World, serve
from tests.support.waiting import until


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A client at a `tldops serve` that the tests share."""
    world = World(tmp_path_factory.mktemp("shared"))
    world.sync(JOHN, JANE)
    login = world.device("john.doe@nic.nl")
    with serve(world) as url:
        yield Client(url, login)


@pytest.fixture
def own(world: World) -> Iterator[Client]:
    """A client at a `tldops serve` of the test's own."""
    world.sync(JOHN, JANE)
    login = world.device("john.doe@nic.nl")
    with serve(world) as url:
        yield Client(url, login)


def raw(client: Client, request: bytes) -> bytes:
    """Send bytes and return the first of the answer."""
    host, port = client.host.split(":")
    with socket.create_connection((host, int(port)), 10) as connection:
        connection.sendall(request)
        connection.settimeout(10)
        return connection.recv(65536)


@pytest.mark.parametrize(
    "authorization", ["Basic !!!", "Basic", "Basic Zm9v", "Bearer abc", "basic \u00e9", "Digest x"]
)
def test_unreadable_credentials_are_unauthorised(client: Client, authorization: str) -> None:
    """Bad base64, no colon, another scheme: 401, never 500."""
    answer = client.request("PROPFIND", client.book(), "", Authorization=authorization.encode().decode("latin-1"))
    assert answer.status == 401


@pytest.mark.parametrize("length", [b"-1", b"x", b"1e3"])
def test_a_length_that_is_none_is_a_bad_request(client: Client, length: bytes) -> None:
    """A negative or unreadable Content-Length is refused before anything is read."""
    answer = raw(client, b"PROPFIND / HTTP/1.1\r\nHost: x\r\nContent-Length: " + length + b"\r\n\r\n")
    assert b" 400 " in answer.split(b"\r\n")[0]


def test_a_chunked_report_is_never_an_empty_book(client: Client) -> None:
    """Radicale takes a chunked body for an empty one; an empty 207 would make a client delete everybody."""
    token = base64.b64encode(f"{client.user}:{client.password}".encode())
    body = b'<sync-collection xmlns="DAV:"><sync-token/><sync-level>1</sync-level><prop><getetag/></prop>'
    body += b"</sync-collection>"
    request = b"REPORT %s HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n" % client.book().encode()
    request += b"Authorization: Basic %s\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (token, len(body), body)
    answer = raw(client, request)
    assert b" 411 " in answer.split(b"\r\n")[0] or answer.count(b"getetag") > 1


@pytest.mark.parametrize(
    "headers",
    [{"X_Script_Name": "//evil"}, {"X_Forwarded_Host": "evil.example"}, {"X_Remote_User": "jane.doe@nic.vn"}],
)
def test_nobody_passes_for_a_proxy(client: Client, headers: dict[str, str]) -> None:
    """Paths, redirects and identity do not follow headers that anybody can send."""
    moved = client.request("GET", "/.well-known/carddav", **headers)
    assert moved.headers["location"] == "/"
    assert client.request("PROPFIND", client.book(), "", **headers).status == 207
    assert Client(f"http://{client.host}").request("PROPFIND", client.book(), "", **headers).status == 401


def test_writes_carry_the_body_that_davx5_knows(client: Client) -> None:
    """DAVx5 goes on after a 403 only with `need-privileges`; a stranger still gets 401."""
    for method in ("PUT", "DELETE", "POST", "PROPPATCH", "MKCOL", "MOVE"):
        answer = client.request(method, client.book() + "x.vcf", "x")
        assert answer.status == 403
        assert answer.headers["content-type"] == "application/xml"
        assert answer.xml[0].tag == "{DAV:}need-privileges"
        assert Client(f"http://{client.host}").request(method, client.book() + "x.vcf", "x").status == 401


def test_options_and_405_tell_what_is_allowed(client: Client) -> None:
    """Evolution takes read-only from Allow; there are no locks."""
    options = client.request("OPTIONS", client.book())
    assert options.headers["allow"] == "OPTIONS, GET, HEAD, PROPFIND, REPORT"
    assert "addressbook" in options.headers["dav"]
    assert "2" not in [part.strip() for part in options.headers["dav"].split(",")]
    unknown = client.request("LOCK", client.book())
    assert (unknown.status, unknown.headers["allow"]) == (405, "OPTIONS, GET, HEAD, PROPFIND, REPORT")


def test_a_damaged_store_goes_on_with_the_last_good_roster(own: Client, world: World) -> None:
    """A flipped bit is noticed and not served; the book stays whole until max_blind."""
    book = own.book()
    with closing(sqlite3.connect(world.folder / "roster.sqlite")) as connection, connection:
        connection.execute("UPDATE card SET text = replace(text, 'Jane', 'Jame')")
        connection.execute("UPDATE meta SET value = value + 1 WHERE key = 'counter'")
    time.sleep(1)
    cards = own.cards(book)
    assert len(cards) == 2
    assert any("Jane Doe" in card for card in cards.values())


def test_a_vanished_store_goes_on_and_a_restored_one_is_taken_up(own: Client, world: World) -> None:
    """The file is moved away and back under the running server; no request fails."""
    book = own.book()
    roster = world.folder / "roster.sqlite"
    away = roster.rename(world.folder / "away")
    time.sleep(0.7)
    assert len(own.cards(book)) == 2
    away.rename(roster)
    world.sync(JOHN, JANE.replace("Jane Doe", "Jane D. Doe"))
    time.sleep(1)
    assert any("Jane D. Doe" in card for card in own.cards(book).values())


def test_without_a_good_store_at_start_there_is_503(world: World) -> None:
    """A server never starts with fewer cards: it answers 503 until the store is mended, and then serves."""
    world.sync(JOHN, JANE)
    login = world.device("john.doe@nic.nl")
    roster = world.folder / "roster.sqlite"
    good = roster.read_bytes()
    roster.write_bytes(good[:4096] + b"\0" * 4096 + good[8192:])
    with serve(world) as url:
        client = Client(url, login)
        assert client.request("PROPFIND", "/").status == 503
        assert Client(url).request("GET", "/.web/").status == 503
        roster.write_bytes(good)
        time.sleep(1)
        assert len(client.cards(client.book())) == 2


def test_serving_goes_on_while_a_writer_holds_the_store(own: Client, world: World) -> None:
    """No request waits for a writer: the state before its commit is served."""
    book = own.book()
    with closing(sqlite3.connect(world.folder / "roster.sqlite", isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        time.sleep(0.7)
        assert len(own.cards(book)) == 2
        writer.execute("ROLLBACK")


def test_nothing_that_a_stranger_sends_is_written(own: Client, world: World) -> None:
    """HARDENING 56: failed logins are in the server's log, the figures and the access log, and in no database."""
    members = world.folder / "members.sqlite"
    before = [row.action for row in load(members)]
    for number in range(20):
        wrong = Client(f"http://{own.host}", user=f"x{number}@example.net", password="wrong password")
        assert wrong.request("PROPFIND", "/").status == 401
    assert own.request("PROPFIND", "/", Depth="0").status == 207
    # What was recorded before the login of a member is written before it, too.
    until(lambda: "login" in [row.action for row in load(members)], "the login is never recorded")
    assert [row.action for row in load(members)] == [*before, "login"]
    assert b"example.net" not in members.read_bytes()
