"""The processes of `tldops serve`: how they stop, die, hold out against slow clients, and learn what is new."""

import contextlib
import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import prometheus_client
import pytest

import radicale_tldops
import sync
from radicale_tldops.roster.snapshot import Style
from radicale_tldops.serve.idle import end_if_quiet
from radicale_tldops.store.members import add_device
from radicale_tldops.store.read import load_snapshot
from radicale_tldops.store.write import deny
from tests.prove.rounds import kill_in_rounds
from tests.server.processes import Running, authorization, connect, running, state_of
from tests.support import DAV, Client, Login, World, free_port, propfind_body
from tests.support.browsing import Visitor
from tests.support.clock import START
from tests.support.nginx import behind_nginx
from tests.support.servers import needs
from tests.support.store import Store, denial, href
from tests.support.store import login as login_of
from tests.support.waiting import until

ROUNDS = 10
"""How many workers are killed; `make prove` kills more."""

SLOW = 200
"""How many slow sockets a member has to be served in spite of."""


@pytest.fixture
def store(world: World) -> Store:
    """A store with some people, where the world's configuration looks for it."""
    made = Store(world.folder)
    made.apply(put=["jane", "john", "jim"])
    return made


def issue(store: Store, name: str) -> Login:
    """Issue a device password to a person of the store."""
    reader = load_snapshot(store.roster).readers[login_of(name)]
    device, password = add_device(store.members, reader, "test", Style.PLAIN, "tester", START)
    return Login(reader.login, password, "", device.id)


@pytest.fixture
def server(world: World, store: Store) -> Iterator[Running]:
    """A server of the test's own."""
    with running(world) as started:
        yield started


@contextlib.contextmanager
def polled(connection: http.client.HTTPConnection, login: Login, card: str) -> Iterator[list[tuple[int, str]]]:
    """Poll a card over one connection; gives each status and ETag in order.

    Without a body: granian ends a connection where a body is left unread, as that of an answer with 401 is.
    """
    seen: list[tuple[int, str]] = []
    done = threading.Event()
    headers = {"Authorization": authorization(login)}

    def poll() -> None:
        while not done.wait(0.03):
            connection.request("GET", card, headers=headers)
            answer = connection.getresponse()
            answer.read()
            seen.append((answer.status, answer.headers.get("ETag", "")))

    thread = threading.Thread(target=poll)
    thread.start()
    try:
        yield seen
    finally:
        done.set()
        thread.join(30)
        connection.close()


@contextlib.contextmanager
def polled_everywhere(server: Running, login: Login) -> Iterator[list[list[tuple[int, str]]]]:
    """Poll over three connections."""
    card = Client(server.url, login).book() + href("jim")
    with contextlib.ExitStack() as stack:
        everywhere = [stack.enter_context(polled(connect(server.port), login, card)) for _ in range(3)]
        until(lambda: all(everywhere), "nothing answers")
        yield everywhere


def test_a_new_generation_is_live_on_every_connection(store: Store, server: Running) -> None:
    """No connection that has shown it ever goes back. `make bench` measures how soon it is live."""
    login = issue(store, "jane")
    with polled_everywhere(server, login) as everywhere:
        (before,) = {seen[-1][1] for seen in everywhere}
        store.apply(put=["jim"], note="changed")
        until(lambda: all(seen[-1][1] != before for seen in everywhere), "a connection shows the old generation")
        for seen in everywhere:
            assert {status for status, _ in seen} == {200}
            etags = [etag for _, etag in seen]
            assert etags == sorted(etags, key=lambda etag: etag != before)


@pytest.mark.parametrize("how", ["removed", "denied"])
def test_who_may_not_read_any_more_is_out_on_every_connection(store: Store, server: Running, how: str) -> None:
    """401 for good, while the others read on. `make bench` measures how soon."""
    login, other = issue(store, "john"), issue(store, "jane")
    with polled_everywhere(server, login) as everywhere, polled_everywhere(server, other) as others:
        if how == "removed":
            store.apply(remove=["john"])
        else:
            deny(store.roster, denial(login.user))
        until(lambda: all(seen[-1][0] == 401 for seen in everywhere), "a connection still lets the member in")
        reached = [len(seen) for seen in everywhere]
        until(
            lambda: all(len(seen) > 20 + number for seen, number in zip(everywhere, reached, strict=True)), "no answers"
        )
        for seen in everywhere:
            statuses = [status for status, _ in seen]
            assert statuses == sorted(statuses)
            assert set(statuses) == {200, 401}
        assert {status for seen in others for status, _ in seen} == {200}


def test_a_killed_worker_is_replaced(store: Store, server: Running) -> None:
    """After kill -9 the next requests are answered, each of them, by one new worker; and so again, in a row."""
    login = issue(store, "jane")
    client = Client(server.url, login)
    book = client.book()
    for _ in range(3):
        before = server.worker
        os.kill(before, signal.SIGKILL)
        for _ in range(20):
            assert client.propfind(book, f"{DAV}sync-token").status == 207
        assert server.worker not in (0, before)


@pytest.mark.parametrize("harm", ["half", "wrong", "gone"])
def test_a_new_worker_has_the_settings_that_were_checked_at_the_start(world: World, store: Store, harm: str) -> None:
    """HARDENING 59: a file that was half edited, or is gone, when a worker dies changes nothing."""
    world.configure('[cards]\nbook_name = "As it was"\n')
    login = issue(store, "jane")
    with running(world) as server:
        client = Client(server.url, login)
        book = client.book()
        if harm == "gone":
            world.config.unlink()
        else:
            world.config.write_text({"half": "[serv", "wrong": '[cards]\nbook_name = "Other"\nx = 1\n'}[harm])
        before = server.worker
        os.kill(before, signal.SIGKILL)
        answer = client.propfind(book, f"{DAV}displayname")
        assert answer.xml.findtext(f".//{DAV}displayname") == "As it was"
        assert server.worker not in (0, before)


def test_a_new_worker_needs_no_file_of_the_software(
    world: World, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HARDENING 64: an upgrade may take away or replace every file, and a worker that dies is replaced all the same."""
    software = tmp_path / "software"
    for package in (radicale_tldops, sync, prometheus_client):
        assert package.__file__
        folder = Path(package.__file__).parent
        shutil.copytree(folder, software / folder.name, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setenv("PYTHONPATH", str(software))
    world.configure(f'[server]\nmetrics = "127.0.0.1:{free_port()}"\n')
    login = issue(store, "jane")
    with running(world) as server:
        shutil.rmtree(software)
        before = server.worker
        os.kill(before, signal.SIGKILL)
        client = Client(server.url, login)
        assert len(client.cards(client.book())) == 3
        visitor = Visitor(server.url)
        assert visitor.sign_in(login.user, login.password).status == 303
        assert visitor.is_in
        assert server.worker not in (0, before)


def test_a_client_is_never_told_a_state_older_than_one_that_it_was_told_of(world: World, store: Store) -> None:
    """HARDENING 48: through changes and killed workers, over other connections, direct and behind nginx."""
    with running(world) as server, behind_nginx(world.folder, f"127.0.0.1:{server.port}") as proxy:
        outcome = kill_in_rounds(server, proxy, store, issue(store, "jane"), ROUNDS)
    assert not outcome.failures, "\n".join(outcome.failures)
    print(f"{outcome.rounds} killed workers; the first answer took {outcome.longest:.2f} s at the most")
    assert outcome.rounds == ROUNDS


def test_a_graceful_stop_finishes_what_is_under_way(world: World, store: Store) -> None:
    """SIGTERM while a request comes in: it is answered whole, nobody new is taken, and the exit code is 0."""
    login = issue(store, "jane")
    body = propfind_body(f"{DAV}sync-token").encode()
    with running(world) as server:
        book = Client(server.url, login).book()
        head = f"PROPFIND {book} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {authorization(login)}\r\nDepth: 0\r\n"
        with socket.create_connection(("127.0.0.1", server.port), 30) as connection:
            connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body[:10])
            time.sleep(0.5)
            os.kill(server.pid, signal.SIGTERM)
            time.sleep(1)
            connection.sendall(body[10:])
            answer = connection.makefile("rb").read()
        assert answer.startswith(b"HTTP/1.1 207")
        assert b"sync-token>" in answer
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", server.port), 5)
        assert ended(server.pid) == 0


def ended(pid: int) -> int:
    """Wait for the end of a process of this one, and return its exit code."""
    until(lambda: state_of(pid) == "Z", f"{pid} does not end")
    done = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert done is not None
    return done.si_status


def test_a_restart_serves_the_same(world: World, store: Store) -> None:
    """Tokens, hrefs and ETags outlive the process: no client notices more than a pause."""
    login = issue(store, "jane")
    answers = []
    for _ in range(2):
        with running(world) as server:
            client = Client(server.url, login)
            answers.append(client.propfind(client.book(), f"{DAV}getetag", f"{DAV}sync-token", depth="1").body)
    assert answers[0] == answers[1]


def stalled(server: Running, login: Login, book: str) -> list[socket.socket]:
    """Open connections that begin in every way, and never go on."""
    head = f"REPORT {book} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n"
    begin = f"GET {book} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {authorization(login)}\r\n\r\n".encode()
    wrong = "Authorization: Basic bm9ib2R5Ondyb25n\r\n"
    ways = [
        b"",
        b"GET / HTTP/1.1\r\nHost: loc",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        f"{head}\r\n<a".encode(),
        f"{head}{wrong}\r\n<a".encode(),
        f"{head}Authorization: {authorization(login)}\r\n\r\n<a".encode(),
        # Asks for the book time and again, and reads nothing of it.
        begin * 50,
    ]
    opened = []
    for number in range(SLOW):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        sock.connect(("127.0.0.1", server.port))
        sock.setblocking(False)
        with contextlib.suppress(BlockingIOError, ConnectionError):
            sock.send(ways[number % len(ways)])
        opened.append(sock)
    return opened


def test_200_slow_sockets_keep_nobody_waiting(world: World, store: Store) -> None:
    """Half heads, half bodies, with a login and without, and answers that nobody reads: a member is served."""
    login, hostile = issue(store, "jane"), issue(store, "john")
    with running(world) as server:
        client = Client(server.url, login)
        book = client.book()
        slow = stalled(server, hostile, book)
        for _ in range(100):
            assert client.propfind(book, f"{DAV}sync-token", depth="1").status == 207
        for sock in slow:
            sock.close()


def test_a_connection_on_which_nothing_happens_is_ended() -> None:
    """Only one of ours, only when it is quiet, and never one whose answer is still on its way."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port), 10) as client:
            served, _ = listening.accept()
            with served:
                time.sleep(0.2)
                assert not end_if_quiet(listening.fileno(), port, 0.1)
                assert not end_if_quiet(client.fileno(), port, 0.1)
                assert not end_if_quiet(served.fileno(), port, 60)
                assert not end_if_quiet(served.fileno(), port + 1, 0.1)
                served.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    while True:
                        served.send(bytes(65536))
                time.sleep(0.2)
                assert not end_if_quiet(served.fileno(), port, 0.1)
                while received(client):
                    pass
                time.sleep(0.2)
                assert end_if_quiet(served.fileno(), port, 0.1)
                client.settimeout(10)
                assert client.recv(1) == b""


def received(client: socket.socket) -> bytes:
    """What has arrived, or nothing when nothing more comes for a moment."""
    client.settimeout(0.2)
    try:
        return client.recv(1 << 20)
    except TimeoutError:
        return b""


@pytest.mark.parametrize("number", [0, 2, 999_999])
def test_other_files_are_left_alone(number: int) -> None:
    """Whatever the number stands for by now, nothing happens to it, and nothing is raised."""
    assert not end_if_quiet(number, 1, 0.0)


def test_a_dead_peer_is_noticed(server: Running) -> None:
    """Every connection inherits TCP keep-alive: a phone that left the network holds nothing for hours."""
    needs("ss")
    with socket.create_connection(("127.0.0.1", server.port), 10) as connection:
        between = f"( sport = :{server.port} and dport = :{connection.getsockname()[1]} )"
        done = subprocess.run(["ss", "-tno", between], capture_output=True, text=True, check=True, timeout=30)
    seconds = re.search(r"keepalive,(\d+)sec", done.stdout)
    assert seconds, done.stdout
    assert int(seconds[1]) <= 30


def test_memory_stays_flat(world: World, store: Store) -> None:
    """A worker needs no more after 2,000 requests and 20 generations than it does after the first of them."""
    login = issue(store, "jane")
    with running(world) as server:
        worker = server.worker
        client = Client(server.url, login)
        book = client.book()

        def load(round_: int) -> None:
            for number in range(10):
                store.apply(put=["joan"], note=f"{round_} {number}")
                for _ in range(100):
                    assert client.propfind(book, f"{DAV}getetag", depth="1").status == 207

        load(0)
        before = resident(worker)
        load(1)
        after = resident(worker)
    print(f"a worker: {before:.1f} MB, then {after:.1f} MB")
    assert after < before + 10


def resident(pid: int) -> float:
    """The memory of a process in MB."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) / 1024
