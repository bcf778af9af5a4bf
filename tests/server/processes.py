"""A server with its two processes, the parent and its worker."""

import base64
import contextlib
import http.client
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support import Login, World, free_port, process


@dataclass(frozen=True)
class Running:
    """A running `tldops serve`: its parent process."""

    pid: int
    port: int
    log: Path

    @property
    def url(self) -> str:
        """What clients are told."""
        return f"http://127.0.0.1:{self.port}/"

    @property
    def worker(self) -> int:
        """The process id of the worker; 0 while there is none."""
        return next(iter(children(self.pid)), 0)


@contextlib.contextmanager
def started(world: World, port: int = 0) -> Iterator[Running]:
    """Run `tldops serve` until the block ends, and wait until it accepts connections; without a port, on a free one."""
    port = port or free_port()
    command = [sys.executable, "-m", "sync", "--config", str(world.config), "serve", "--port", str(port)]
    with process(command, port, world.folder) as pid:
        yield Running(pid, port, world.folder / f"server-{port}.log")


@contextlib.contextmanager
def running(world: World, port: int = 0) -> Iterator[Running]:
    """Do the same without TLS, and wait until it answers."""
    with started(world, port) as server:
        connect(server.port).close()
        yield server


def children(parent: int) -> list[int]:
    """The processes that a process started."""
    return [int(child) for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


def state_of(pid: int) -> str:
    """The state of a process; "Z" when it has ended, whether or not somebody has asked for its exit code."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
    return "Z"


def connect(port: int) -> http.client.HTTPConnection:
    """Open a connection and use it once."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/.health/live")
    connection.getresponse().read()
    return connection


def authorization(login: Login) -> str:
    """The header value for a login (RFC 7617, 2)."""
    return f"Basic {base64.b64encode(f'{login.user}:{login.password}'.encode()).decode()}"
