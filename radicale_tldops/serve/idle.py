"""Ending idle connections, which granian would keep for ever.

granian has a time limit only for the head of a request. A client that sends nothing, or half a body, would hold its
connection without end, and half a body also holds a thread. The kernel knows when data last went over a connection: a
thread asks it every few seconds.
"""

import os
import socket
import struct
import threading
import time
from pathlib import Path

QUIET_SECONDS = 30.0
"""A connection is ended after so many seconds without data in either direction."""

SILENT_SECONDS = 60.0
"""A connection is ended after so many seconds without data from the server: a request may not take a minute to
arrive."""

LOOK_SECONDS = 5.0
"""Seconds between two looks at the connections."""

_FILES = Path("/proc/self/fd")
_ESTABLISHED = 1

# A peer that is gone is noticed after 60 seconds; one that does not receive its answer after 30.
_KEEP_ALIVE = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 30_000}

# Of Linux's `struct tcp_info`, which only ever grows at its end: the state; segments on their way; milliseconds since
# data was sent, and received; bytes that are not sent yet.
_INFO = struct.Struct("=B23xI16xI4xI88xI")


def keep_alive(listening: socket.socket) -> None:
    """Set the options with which the connections of a listening socket notice that a peer is gone, and send at once."""
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    # Without it, an answer in two pieces waits 40 ms: the second piece for the client's delayed acknowledgement.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for name, value in _KEEP_ALIVE.items():
        if hasattr(socket, name):
            listening.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def watch_connections(port: int) -> None:
    """Start the thread that ends quiet connections to `port`; on other systems than Linux, do nothing."""
    if _FILES.is_dir() and hasattr(socket, "TCP_INFO"):
        threading.Thread(target=_watch, args=(port,), name="connections", daemon=True).start()


def _watch(port: int) -> None:
    while True:
        time.sleep(LOOK_SECONDS)
        for number in _open_files():
            end_if_quiet(number, port)


def end_if_quiet(number: int, port: int, seconds: float = QUIET_SECONDS) -> bool:
    """End the connection behind a file descriptor, if it is a quiet one to `port`; return whether it was ended.

    The file stays open until granian closes it. granian may close it at any moment and open another one with the same
    number: then another client has to connect again. Nothing is duplicated or closed here: to close a copy of a
    database's file would release the locks on it.
    """
    try:
        found = socket.socket(fileno=number)
    except OSError:
        return False
    try:
        is_ours = found.family in (socket.AF_INET, socket.AF_INET6) and found.getsockname()[1] == port
        if not is_ours or not _is_quiet(found, seconds):
            return False
        found.shutdown(socket.SHUT_RDWR)
        return True
    except OSError:
        return False
    finally:
        found.detach()


def _is_quiet(connection: socket.socket, seconds: float) -> bool:
    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO.size)
    if len(info) < _INFO.size:
        return False
    state, on_their_way, sent, received, waiting = _INFO.unpack(info)
    # A client that still receives an answer is not ended here; TCP_USER_TIMEOUT ends one that receives nothing.
    if state != _ESTABLISHED or on_their_way or waiting:
        return False
    return min(sent, received) >= seconds * 1000 or sent >= SILENT_SECONDS * 1000  # type: ignore[no-any-return]


def _open_files() -> list[int]:
    try:
        return [int(entry.name) for entry in os.scandir(_FILES)]
    except OSError:
        # The process has no free file descriptor now; the next look is soon.
        return []
