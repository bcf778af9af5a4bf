"""What can stand between the server and its directory: a recorder, and servers that never come to an end."""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tests.support.directory import Certificate

# Extended responses to StartTLS (RFC 4511, 4.14.2): a message id, then a result code.
REFUSED = 2
DONE = 0


@dataclass
class Recorder:
    """A TCP relay: `port` is its own, `seen` all that clients sent, `connections` how many came.

    `is_over` says that an answer came to its own end before the client gave up.
    """

    port: int
    seen: bytearray = field(default_factory=bytearray)
    connections: int = 0
    is_over: bool = False

    @property
    def url(self) -> str:
        """The address that speaks StartTLS, if what is behind it does."""
        return f"ldap://127.0.0.1:{self.port}"

    @property
    def tls_url(self) -> str:
        """The same for TLS from the first byte."""
        return f"ldaps://127.0.0.1:{self.port}"


@contextlib.contextmanager
def listening(handle: Callable[[socket.socket, Recorder], None]) -> Iterator[Recorder]:
    """Listen on the loopback until the block ends; every connection is handled in a thread of its own."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        record = Recorder(server.getsockname()[1])
        open_ones: list[socket.socket] = []

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client, _ = server.accept()
                    record.connections += 1
                    open_ones.append(client)
                    threading.Thread(target=quietly, args=(client,), daemon=True).start()

        def quietly(client: socket.socket) -> None:
            with contextlib.suppress(OSError, ValueError):
                handle(client, record)

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield record
        finally:
            for sock in open_ones:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
                sock.close()
            with contextlib.suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)


def relay(port: int) -> "contextlib.AbstractContextManager[Recorder]":
    """Pass everything on to `port`, and back."""

    def handle(client: socket.socket, record: Recorder) -> None:
        with socket.create_connection(("127.0.0.1", port)) as server:

            def back() -> None:
                with contextlib.suppress(OSError):
                    while data := server.recv(65536):
                        client.sendall(data)
                    client.shutdown(socket.SHUT_RDWR)

            threading.Thread(target=back, daemon=True).start()
            while data := client.recv(65536):
                record.seen += data
                server.sendall(data)

    return listening(handle)


def start_tls_answer(code: int) -> "contextlib.AbstractContextManager[Recorder]":
    """Answer the first request with this result of StartTLS, and record what comes after it in clear."""

    def handle(client: socket.socket, record: Recorder) -> None:
        request = client.recv(65536)
        record.seen += request
        # LDAPMessage: SEQUENCE, its length, INTEGER, its length, the message id.
        client.sendall(bytes((0x30, 0x0C, 0x02, 0x01, request[4], 0x78, 0x07, 0x0A, 0x01, code, 0x04, 0, 0x04, 0)))
        while data := client.recv(65536):
            record.seen += data

    return listening(handle)


def black_hole() -> "contextlib.AbstractContextManager[Recorder]":
    """Accept, take everything, and never answer."""

    def handle(client: socket.socket, record: Recorder) -> None:
        while data := client.recv(65536):
            record.seen += data

    return listening(handle)


def dripping(shown: Certificate | None = None) -> "contextlib.AbstractContextManager[Recorder]":
    """Answer with a message without end, a byte at a time, inside TLS where there is a certificate to show.

    The next byte always comes before a time-out of a second for each of them would be over.
    """

    def handle(client: socket.socket, record: Recorder) -> None:
        if shown is not None:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(shown.certificate, shown.key)
            client = context.wrap_socket(client, server_side=True)
        # The beginning of a message of a megabyte, or of a TLS record of 16 KB: both begin with a length.
        for byte in (b"\x30\x83\x10\x00\x00" if shown else b"\x16\x03\x03\x40\x00") + bytes(200):
            client.sendall(bytes((byte,)))
            time.sleep(0.3)
        record.is_over = True

    return listening(handle)
