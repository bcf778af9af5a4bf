"""HTTP/2, frame by frame: bodies that are cut off, or have no length (RFC 9113)."""

import base64
import socket
import struct
import time

from tests.support import DAV, JANE, JOHN, Client, Login, Workspace, serve

DATA, HEADERS, RST_STREAM, SETTINGS = 0, 1, 3, 4
END_STREAM, END_HEADERS = 1, 4
CANCEL = struct.pack(">I", 8)


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """Return one frame (RFC 9113, 4.1)."""
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def literal(text: str) -> bytes:
    """Return a string as HPACK has it, without Huffman coding (RFC 7541, 5.2)."""
    size, rest = min(len(text), 127), len(text) - 127
    more = b"" if rest < 0 else bytes([rest % 128 | 128, rest // 128]) if rest > 127 else bytes([rest])
    return bytes([size]) + more + text.encode()


def report(path: str, login: Login, **headers: str) -> bytes:
    """Return the headers of a REPORT (RFC 7541, 6.2.2)."""
    token = base64.b64encode(f"{login.user}:{login.password}".encode()).decode()
    fields = {
        ":method": "REPORT",
        ":scheme": "http",
        ":path": path,
        ":authority": "localhost",
        "authorization": f"Basic {token}",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    return b"".join(b"\x00" + literal(name) + literal(value) for name, value in fields.items())


def connected(client: Client) -> socket.socket:
    """Open a connection that speaks HTTP/2 from its first byte on."""
    host, port = client.host.split(":")
    connection = socket.create_connection((host, int(port)), 20)
    connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0))
    return connection


def test_bodies_that_are_cut_off_lose_no_thread(workspace: Workspace) -> None:
    """A phone that loses its network, cancels, or ends too early, again and again: it is served like before."""
    workspace.sync(JOHN, JANE)
    login = workspace.device("john.doe@nic.nl")
    with serve(workspace) as url:
        client = Client(url, login)
        book = client.book()
        head = report(book, login, content_length="5000")
        for end in (b"", frame(RST_STREAM, 0, 1, CANCEL), frame(DATA, END_STREAM, 1, b"<")):
            for _ in range(16):
                with connected(client) as connection:
                    connection.sendall(frame(HEADERS, END_HEADERS, 1, head) + frame(DATA, 0, 1, b"<"))
                    # Let the request begin before it is cut off.
                    time.sleep(0.05)
                    connection.sendall(end)
                    time.sleep(0.01)
        # More than a worker has threads: all are there again.
        assert client.propfind(book, f"{DAV}getetag", depth="1").status == 207


def test_a_body_without_a_length_is_asked_for_one(workspace: Workspace) -> None:
    """411, and never the answer to an empty request."""
    workspace.sync(JOHN, JANE)
    login = workspace.device("john.doe@nic.nl")
    with serve(workspace) as url:
        client = Client(url, login)
        head = report(client.book(), login, content_type="text/xml")
        with connected(client) as connection:
            connection.sendall(frame(HEADERS, END_HEADERS, 1, head) + frame(DATA, END_STREAM, 1, b"<a/>"))
            received = b""
            while b"Length Required" not in received:
                more = connection.recv(65536)
                assert more, received
                received += more
