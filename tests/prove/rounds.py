"""Rounds in which a client learns of a change, the worker is killed, and the client goes on over other connections."""

import http.client
import os
import signal
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection

from tests.server.processes import Running, authorization
from tests.support import DAV, Client, Login, Response
from tests.support.store import Store, href

PATIENCE = 30.0
"""How many seconds a client tries again until it is answered."""

_SYNC = (
    '<sync-collection xmlns="DAV:"><sync-token>%s</sync-token><sync-level>1</sync-level><prop><getetag/></prop>'
    "</sync-collection>"
)


@dataclass
class Outcome:
    """What came of the rounds. `longest` is how many seconds the first answer after a kill took at the most."""

    rounds: int = 0
    longest: float = 0.0
    failures: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Way:
    """One way to the server, over a new connection each time."""

    name: str
    connect: Callable[[], HTTPConnection]

    def ask(self, login: Login, method: str, path: str, body: str = "") -> Response:
        """Send a request until it is answered: a connection that broke, or a proxy that says so, is tried again."""
        headers = {"Authorization": authorization(login), "Content-Type": "application/xml"}
        deadline = time.monotonic() + PATIENCE
        while True:
            connection = self.connect()
            try:
                connection.request(method, path, body.encode(), headers)
                answer = connection.getresponse()
                found = Response(answer.status, dict(answer.getheaders()), answer.read())
            except (OSError, HTTPException):
                found = None
            finally:
                connection.close()
            if found is not None and found.status not in (502, 504):
                return found
            assert time.monotonic() < deadline, f"{self.name}: no answer"

    def state(self, login: Login, book: str, token: str) -> tuple[int, str, list[str]]:
        """Return the status, the new token and the changed paths since a token."""
        answer = self.ask(login, "REPORT", book, _SYNC % token)
        if answer.status != 207:
            return answer.status, "", []
        return 207, answer.xml.findtext(f"{DAV}sync-token", ""), answer.hrefs()


def kill_in_rounds(server: Running, proxy: int, store: Store, login: Login, rounds: int) -> Outcome:
    """Change the card of "jim" in each round, sync, kill the worker, and ask again, direct and behind the proxy."""
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    ways = (
        _Way("direct", lambda: http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)),
        _Way("nginx", lambda: HTTPSConnection("127.0.0.1", proxy, timeout=PATIENCE, context=trusting)),
    )
    book, outcome = Client(server.url, login).book(), Outcome()
    card = book + href("jim")
    _, token, _ = ways[0].state(login, book, "")
    for number in range(rounds):
        store.apply(put=["jim"], note=f"round {number}")
        first, second = ways[number % 2], ways[1 - number % 2]
        token = _told(first, login, book, token)
        etag = first.ask(login, "GET", card).headers.get("ETag")
        os.kill(server.worker, signal.SIGKILL)
        killed = time.monotonic()
        for way in (second, first, second, first):
            status, now, changed = way.state(login, book, token)
            outcome.longest = max(outcome.longest, time.monotonic() - killed if way is second else 0.0)
            if (status, now, changed) != (207, token, []):
                outcome.failures.append(f"round {number}, {way.name}: {status} {now} {changed} for {token}")
            found = way.ask(login, "GET", card)
            if (found.status, found.headers.get("ETag")) != (200, etag):
                outcome.failures.append(f"round {number}, {way.name}: {found.status} {found.headers} for {etag}")
        outcome.rounds += 1
    return outcome


def _told(way: _Way, login: Login, book: str, token: str) -> str:
    """Ask until the server tells of a change, and return the token that it gives."""
    deadline = time.monotonic() + PATIENCE
    while True:
        _, now, changed = way.state(login, book, token)
        if changed:
            return now
        assert time.monotonic() < deadline, "the change is never told of"
        time.sleep(0.05)
