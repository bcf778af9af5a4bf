"""HTTP as thin as it goes, so that what is measured is the server: requests are bytes made before the clock starts."""

import gzip
import re
import socket
import time
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass

from tests.support import Response

TIMEOUT = 120.0
"""For how many seconds an answer is waited for."""

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it came: the head with its empty line, and the body as it was sent."""

    head: bytes
    body: bytes

    @property
    def status(self) -> int:
        """The status."""
        return int(self.head[9:12])

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, their names in lower case."""
        lines = self.head.decode("latin-1").split("\r\n")[1:-2]
        pairs = (line.partition(":") for line in lines)
        return {name.lower(): value.strip() for name, _, value in pairs}

    @property
    def plain(self) -> Response:
        """What it says: unpacked."""
        packed = self.headers.get("content-encoding") == "gzip"
        return Response(self.status, self.headers, gzip.decompress(self.body) if packed else self.body)


class Wire:
    """A connection to a port of the loopback: one for all requests, or with `keep` False a new one for each.

    A server that closes it all the same is connected to again, and that time counts.
    """

    def __init__(self, port: int, *, keep: bool = True) -> None:
        self._port = port
        self._keep = keep
        self._socket: socket.socket | None = None

    def exchange(self, request: bytes) -> Answer:
        """Send a request and read the whole answer.

        Raises:
            OSError: the connection ended before the answer did.

        """
        connection = self._socket or self._connect()
        self._socket = None
        try:
            connection.sendall(request)
            answer, goes_on = _read(connection)
        except BaseException:
            connection.close()
            raise
        if self._keep and goes_on:
            self._socket = connection
        else:
            connection.close()
        return answer

    def timed(self, request: bytes) -> tuple[Answer, float]:
        """Return the answer, and the seconds from before the request, and the connection if it is new."""
        began = time.perf_counter()
        answer = self.exchange(request)
        return answer, time.perf_counter() - began

    def close(self) -> None:
        """Give the connection up."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connect(self) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self._port), TIMEOUT)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection


def _read(connection: socket.socket) -> tuple[Answer, bool]:
    """Return an answer, and whether the connection goes on after it."""
    received = b""
    while (end := received.find(b"\r\n\r\n")) < 0:
        received += _more(connection)
    head, rest = received[: end + 4], received[end + 4 :]
    length = _LENGTH.search(head)
    if length is None and _CHUNKED.search(head):
        return Answer(head, _read_chunks(connection, rest)), True
    if length is None:
        raise OSError(f"an answer without a length: {head!r}")
    body = bytearray(int(length[1]))
    body[: len(rest)] = rest
    view, have = memoryview(body), len(rest)
    while have < len(body):
        count = connection.recv_into(view[have:])
        if not count:
            raise OSError("the connection ended within an answer")
        have += count
    lowered = head.lower()
    goes_on = lowered.startswith(b"http/1.1") and b"\r\nconnection: close" not in lowered
    return Answer(head, bytes(body)), goes_on


def _read_chunks(connection: socket.socket, rest: bytes) -> bytes:
    body = b""
    while True:
        while (end := rest.find(b"\r\n")) < 0:
            rest += _more(connection)
        size = int(rest[:end], 16)
        while len(rest) < end + 2 + size + 2:
            rest += _more(connection)
        body += rest[end + 2 : end + 2 + size]
        rest = rest[end + 2 + size + 2 :]
        if not size:
            return body


def _more(connection: socket.socket) -> bytes:
    received = connection.recv(1 << 16)
    if not received:
        raise OSError("the connection ended before an answer")
    return received


def authorization(user: str, password: str) -> str:
    """Return the value of the header (RFC 7617)."""
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


def head(method: str, path: str, headers: Mapping[str, str], length: int) -> bytes:
    """Return the line and the headers of a request whose body is so long."""
    sent = {"Host": "127.0.0.1", **headers, **({"Content-Length": str(length)} if length else {})}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items())]
    return "\r\n".join([*lines, "", ""]).encode()
