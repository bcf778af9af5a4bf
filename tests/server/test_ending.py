"""How the processes of `tldops serve` end: when they are told to, and when one of them is killed."""

import contextlib
import os
import signal
import socket
import time
from pathlib import Path

import pytest

from tests.server.processes import connect, running, state_of
from tests.support import World, free_port
from tests.support.store import Store
from tests.support.waiting import until


@pytest.fixture
def store(world: World) -> Store:
    """A store with some people, where the world's configuration looks for it."""
    made = Store(world.folder)
    made.apply(put=["jane", "john"])
    return made


@pytest.mark.usefixtures("store")
def test_a_worker_stops_by_itself_when_the_server_is_told_to_stop(world: World) -> None:
    """Whichever thread of it gets the signal. Its parent, which would kill it ten seconds later, is kept from that."""
    with running(world) as server:
        worker = server.worker
        os.kill(server.pid, signal.SIGTERM)
        time.sleep(0.5)
        os.kill(server.pid, signal.SIGSTOP)
        try:
            wait_for_the_end(worker)
        finally:
            os.kill(server.pid, signal.SIGCONT)


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("other", [signal.SIGINT, signal.SIGHUP])
def test_both_stop_that_get_two_signals_at_once(world: World, other: signal.Signals) -> None:
    """A terminal sends Ctrl-C, or that it was closed, to both processes, and the parent tells its worker to stop."""
    for _ in range(3):
        with running(world) as server:
            worker = server.worker
            os.kill(server.pid, signal.SIGSTOP)
            try:
                os.kill(worker, other)
                os.kill(worker, signal.SIGTERM)
                wait_for_the_end(worker)
            finally:
                os.kill(server.pid, signal.SIGCONT)
            os.kill(server.pid, other)
            os.kill(server.pid, signal.SIGTERM)
            wait_for_the_end(server.pid)


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("busy", [False, True])
def test_a_worker_ends_with_its_parent(world: World, *, busy: bool) -> None:
    """Nobody would replace it, and a new server could not listen: after kill -9 of the parent the port is free."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(running(world))
        connection = stack.enter_context(contextlib.closing(connect(server.port)))
        assert connection.sock is not None
        if busy:
            connection.sock.sendall(b"GET / HTTP/1.1\r\nHost: ")
        worker = server.worker
        os.kill(server.pid, signal.SIGKILL)
        until(lambda: refuses(server.port), "the worker of a dead server goes on")
        with running(world, server.port) as next_server:
            connect(next_server.port).close()
            wait_for_the_end(worker)


@pytest.mark.usefixtures("store")
def test_a_worker_is_replaced_while_nobody_reads_the_log(world: World) -> None:
    """The parent logs the end of its worker, too: it must not wait for a reader, and it stops when it is told to."""
    port = free_port()
    log = world.folder / f"server-{port}.log"
    os.mkfifo(log)
    unread = os.open(log, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with running(world, port) as server:
            fill(log)
            worker = server.worker
            os.kill(worker, signal.SIGKILL)
            connect(port).close()
            assert server.worker not in (0, worker)
            os.kill(server.pid, signal.SIGTERM)
            wait_for_the_end(server.pid)
    finally:
        os.close(unread)


def fill(pipe: Path) -> None:
    """Write to a pipe until it takes not one byte more."""
    writing = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    for size in (4096, 1):
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(writing, bytes(size))
    os.close(writing)


def wait_for_the_end(pid: int) -> None:
    """Wait until a process has ended."""
    until(lambda: state_of(pid) == "Z", f"process {pid} goes on")


def refuses(port: int) -> bool:
    """Tell whether nobody listens on a port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
