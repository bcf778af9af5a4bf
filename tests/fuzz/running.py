"""Send them: to the application in this process, or to a real `tldops serve`.

python -m tests.fuzz.running SEED NUMBER        one request again, with its answer
"""

import contextlib
import http.client
import resource
import socket
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzz.checks import LeakError, check, unpacked
from tests.fuzz.requests import Hostile, generate
from tests.fuzz.target import Target, build
from tests.support import Response, free_port, process
from tests.support.in_process import call

MAX_GROWTH = 96
"""By how many megabytes a process may grow after the first fifth of a run: what is kept has a bound."""

_PAGE = resource.getpagesize()
_SECONDS = 20


@dataclass
class Tally:
    """What came of a run. `leaks` counts answers that told the roster to somebody without a login."""

    requests: int = 0
    closed: int = 0
    leaks: int = 0
    longest: int = 0
    grown: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    @property
    def server_errors(self) -> int:
        """How many answers were 5xx."""
        return sum(number for status, number in self.statuses.items() if status >= 500)


def in_process(target: Target, seed: str, numbers: range, *, most: int = 20) -> Tally:
    """Send requests to the application, and look at every answer, until so many were wrong."""
    tally = Tally()
    settled = numbers.start + max(len(numbers) // 5, 1)
    before = memory()
    for number in numbers:
        if number == settled:
            before = memory()
        _judge(target, generate(target, seed, number), lambda request: call(target.application, request.sent), tally)
        if len(tally.failures) >= most:
            break
    tally.grown = memory() - before
    return tally


def over_sockets(target: Target, seed: str, numbers: range, *, most: int = 20) -> Tally:
    """Send requests to a `tldops serve` of one worker, which has to outlive them all."""
    tally = Tally()
    with _serving(target) as (port, pid):
        standing = http.client.HTTPConnection("127.0.0.1", port, timeout=_SECONDS)
        standing.request("OPTIONS", "/")
        standing.getresponse().read()
        before, workers = standing.sock, _children(pid)
        for number in numbers:
            _judge(target, generate(target, seed, number), lambda request: _exchange(port, request), tally)
            if number % 50 == 0:
                standing.request("OPTIONS", "/")
                standing.getresponse().read()
            if len(tally.failures) >= most:
                break
        # The very connection that was there before: it belongs to the very process.
        if standing.sock is not before or _children(pid) != workers or not workers:
            tally.failures.append("the worker is not the one that was there before")
        standing.close()
    return tally


@contextlib.contextmanager
def _serving(target: Target) -> Iterator[tuple[int, int]]:
    port = free_port()
    command = [sys.executable, "-m", "sync", "--config", str(target.world.config), "serve"]
    with process([*command, "--port", str(port)], port, target.world.folder) as pid:
        yield port, pid


def _children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def _exchange(port: int, request: Hostile) -> Response:
    """Send the bytes of one request, whatever they are, and read the answer."""
    sent = request.sent
    lines = [f"{sent.method} {sent.path} HTTP/1.1", "Host: 127.0.0.1", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in sent.headers]
    if request.is_framed and sent.body:
        lines.append(f"Content-Length: {len(sent.body)}")
    with socket.create_connection(("127.0.0.1", port), _SECONDS) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + sent.body)
        if not request.is_framed:
            # It may wait for more than there is, or have refused it already.
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_WR)
        answer = http.client.HTTPResponse(connection, method=sent.method)
        try:
            answer.begin()
        except (http.client.BadStatusLine, ConnectionError):
            # Nothing is an answer to what has no end.
            if request.is_framed:
                raise
            return Response(400, {}, b"")
        return Response(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())


def _judge(target: Target, request: Hostile, send: Callable[[Hostile], Response], tally: Tally) -> None:
    tally.requests += 1
    tally.closed += not request.is_valid
    try:
        answer = send(request)
        tally.statuses[answer.status] += 1
        tally.longest = max(tally.longest, len(answer.body))
        check(target, request, answer)
    except (AssertionError, OSError, http.client.HTTPException) as fault:
        tally.leaks += isinstance(fault, LeakError)
        tally.failures.append(f"{type(fault).__name__}: {fault}\n{request}")


def memory() -> float:
    """Return what this process holds in memory, in megabytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE / 1e6


def main(arguments: list[str]) -> int:
    """Send one request again, and show it with its answer. The roster is the same, but for ids and passwords."""
    seed, number = arguments
    with tempfile.TemporaryDirectory() as folder:
        target = build(Path(folder))
        request = generate(target, seed, int(number))
        print(request)
        answer = call(target.application, request.sent)
        print(f"\n{answer.status} {dict(answer.headers)}\n\n{unpacked(answer)[:4000].decode('utf-8', 'replace')}")
        check(target, request, answer)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
