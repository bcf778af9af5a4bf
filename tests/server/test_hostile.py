"""Bytes that no client should send, over a real socket: each is answered or cut off, and members are served."""

import base64
import contextlib
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.server.processes import Running, authorization, running
from tests.support import DAV, JANE, JOHN, Client, Login, World, propfind_body

GET = b"GET /.health/live HTTP/1.1\r\nHost: x\r\n"
BODY = propfind_body(f"{DAV}sync-token").encode()
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)
LAST = b"GET /.health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
"""Asks the server to end the connection, so that the end of the answers can be read."""

AS_IT_IS = {
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 5 + b"\r\n\r\n", [400]),
    "HTTP/0.9": (b"GET /\r\n\r\n", [400]),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", []),
    "HTTP/9.9": (b"GET / HTTP/9.9\r\nHost: x\r\n\r\n", [400]),
    "PROXY protocol": (b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n" + GET + b"\r\n", [400]),
    "NUL in the path": (b"GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n", [400]),
    "tabs": (b"GET\t/\tHTTP/1.1\r\nHost: x\r\n\r\n", [400]),
    "a folded header": (GET + b"X: a\r\n b\r\n\r\n", [400]),
    "a space before the colon": (GET + b"X : a\r\n\r\n", [400]),
    "NUL in a header": (GET + b"X: a\0b\r\n\r\n", [400]),
    "a head of a megabyte": (GET + b"X: " + b"a" * 1_000_000 + b"\r\n\r\n", [431]),
    "a thousand headers": (GET + b"X: a\r\n" * 1000 + b"\r\n", [431]),
    "a long path": (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", [414]),
    "a long method": (b"G" * 50_000 + b" / HTTP/1.1\r\nHost: x\r\n\r\n" + LAST, [405, 200]),
    "another host": (b"GET http://evil.example/.health/live HTTP/1.1\r\nHost: x\r\n\r\n" + LAST, [200, 200]),
    "CONNECT": (b"CONNECT evil.example:443 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", [405]),
    "200 at once": ((GET + b"\r\n") * 199 + LAST, [200] * 200),
    "garbage after a request": (GET + b"\r\n\0\1\2\r\n\r\n", [200, 400]),
    "a body for GET": (GET + b"Content-Length: 5\r\n\r\nabcde" + LAST, [200, 200]),
}
"""What is sent without a login, and the statuses of the answers until the server ends the connection."""

OF_A_MEMBER = {
    "a right one": (LENGTH + b"\r\n" + BODY + LAST, [207, 200]),
    "Expect: 100-continue": (LENGTH + b"Expect: 100-continue\r\n\r\n" + BODY + LAST, [100, 207, 200]),
    "another expectation": (LENGTH + b"Expect: 200-ok\r\n\r\n" + BODY + LAST, [207, 200]),
    "the length twice": (LENGTH * 2 + b"\r\n" + BODY + LAST, [207, 200]),
    "two lengths": (LENGTH + b"Content-Length: 5\r\n\r\n" + BODY, [400]),
    "a list of lengths": (b"Content-Length: 5, 5\r\n\r\nabcde", [400]),
    "a signed length": (b"Content-Length: +5\r\n\r\nabcde", [400]),
    "an endless length": (b"Content-Length: " + b"9" * 23 + b"\r\n\r\n" + BODY, [400]),
    "two gigabytes": (b"Content-Length: 2000000000\r\n\r\n" + BODY, [413]),
    "two depths": (LENGTH + b"Depth: 1\r\n\r\n" + BODY, [400]),
    "chunks": (CHUNKED + LAST, [411]),
    "chunks and a length": (LENGTH + CHUNKED + LAST, [411]),
    "a request inside": (b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + LAST, [411]),
    "endless chunks": (b"Transfer-Encoding: chunked\r\n\r\nffffffff\r\n" + b"a" * 100_000, [411]),
    "a chunk of no size": (b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", [411]),
    "another coding": (b"Transfer-Encoding: xchunked\r\n\r\n" + BODY, [400]),
    "a coding after chunks": (b"Transfer-Encoding: chunked, identity\r\n\r\n" + BODY, [400]),
}
"""How a PROPFIND of the book with a member's login goes on after its first headers, and the statuses."""


@dataclass(frozen=True)
class Attacked:
    """A server, and a member who is served all the time."""

    server: Running
    login: Login
    book: str

    def statuses(self, sent: bytes) -> list[int]:
        """Send bytes, and return the statuses of all answers until the server ends the connection."""
        with socket.create_connection(("127.0.0.1", self.server.port), 30) as connection:
            received = b""
            # The server may close the connection before it has read everything; its answer is there all the same.
            with contextlib.suppress(ConnectionError):
                connection.sendall(sent)
            with contextlib.suppress(ConnectionError):
                while part := connection.recv(1 << 20):
                    received += part
        return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3}) [^<\r]*\r\n", received)]


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    """A server whose one worker has to outlive every test here."""
    world = World(tmp_path_factory.mktemp("hostile"))
    world.sync(JOHN, JANE)
    login = world.device("john.doe@nic.nl")
    with running(world) as server:
        worker = server.worker
        yield Attacked(server, login, Client(server.url, login).book())
        assert server.worker == worker


@pytest.fixture(autouse=True)
def still_serving(attacked: Attacked) -> Iterator[None]:
    """After everything that was sent, a member is served."""
    yield
    assert Client(attacked.server.url, attacked.login).propfind(attacked.book, f"{DAV}sync-token").status == 207


@pytest.mark.parametrize("name", AS_IT_IS)
def test_what_is_no_request_is_refused(attacked: Attacked, name: str) -> None:
    """Bad request lines and heads: one short answer, and no 5xx."""
    sent, statuses = AS_IT_IS[name]
    assert attacked.statuses(sent) == statuses


@pytest.mark.parametrize("name", OF_A_MEMBER)
def test_a_body_has_one_end(attacked: Attacked, name: str) -> None:
    """HARDENING 2 and 3: where the end of a body is in doubt, nothing after it is taken for a request."""
    sent, statuses = OF_A_MEMBER[name]
    head = f"PROPFIND {attacked.book} HTTP/1.1\r\nHost: x\r\nDepth: 0\r\n"
    head += f"Authorization: {authorization(attacked.login)}\r\n"
    assert attacked.statuses(head.encode() + sent) == statuses


def test_credentials_as_long_as_a_head_are_unauthorised(attacked: Attacked) -> None:
    """HARDENING 16: a password of 40 KB."""
    password = base64.b64encode(b"a:" + b"b" * 40_000)
    head = b"PROPFIND / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Basic " + password
    assert attacked.statuses(head + b"\r\n\r\n") == [401]
