"""A server with several workers, and which of them a connection leads to."""

import base64
import contextlib
import http.client
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support import Login, Workspace, free_port, process


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


@contextlib.contextmanager
def several(workspace: Workspace, workers: int = 2) -> Iterator[Running]:
    """Run `tldops serve` until the block ends, and wait until every worker is there."""
    port = free_port()
    command = [sys.executable, "-m", "sync", "--config", str(workspace.config), "serve"]
    command += ["--port", str(port), "--workers", str(workers)]
    with process(command, port, workspace.folder) as pid:
        for each in by_worker(pid, port, workers).values():
            each.close()
        yield Running(pid, port, workspace.folder / f"server-{port}.log")


def children(parent: int) -> list[int]:
    """The processes that a process started."""
    return [int(one) for one in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


def by_worker(parent: int, port: int, workers: int, gone: int = 0) -> dict[int, http.client.HTTPConnection]:
    """Return one open connection to each worker, by process id; `gone` is one that was killed."""
    found: dict[int, http.client.HTTPConnection] = {}
    deadline = time.monotonic() + 60
    while len(found) < workers:
        assert time.monotonic() < deadline, f"{len(found)} of {workers} workers answer"
        if gone in children(parent):
            time.sleep(0.01)
            continue
        opened = [connect(port) for _ in range(8)]
        for one in opened:
            worker = worker_of(one, parent)
            if worker is None or worker in found:
                one.close()
            else:
                found[worker] = one
    return found


def connect(port: int) -> http.client.HTTPConnection:
    """Open a connection and use it once, so that a worker has it."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/.health/live")
    connection.getresponse().read()
    return connection


def worker_of(connection: http.client.HTTPConnection, parent: int) -> int | None:
    """Tell which worker holds the other end of a connection."""
    assert connection.sock is not None
    ends = (connection.sock.getpeername()[1], connection.sock.getsockname()[1])
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if ends == (int(fields[1].split(":")[1], 16), int(fields[2].split(":")[1], 16)):
            for child in children(parent):
                with contextlib.suppress(OSError):
                    if any(inode(path) == fields[9] for path in Path(f"/proc/{child}/fd").iterdir()):
                        return child
    return None


def inode(path: Path) -> str:
    """The number of the socket behind an open file, or an empty text."""
    with contextlib.suppress(OSError):
        match = re.fullmatch(r"socket:\[(\d+)\]", str(path.readlink()))
        return match[1] if match else ""
    return ""


def authorization(login: Login) -> str:
    """The header value for a login (RFC 7617, 2)."""
    return f"Basic {base64.b64encode(f'{login.user}:{login.password}'.encode()).decode()}"
