"""A directory in trouble: nobody is told no, nothing waits long, and device passwords do not notice."""

import logging
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace

import pytest

from radicale_tldops.login import directory as directories
from radicale_tldops.login.ldap import MAX_BINDS, MAX_WAITING, REST_SECONDS, LdapLogin
from radicale_tldops.roster.errors import DirectoryError, UnavailableError
from radicale_tldops.serve.body import THREADS
from tests.auth.conftest import HOME, PASSWORDS, Place
from tests.support.directory import Directory
from tests.support.store import login
from tests.support.wire import REFUSED, Recorder, black_hole, dripping, listening, relay, start_tls_answer

PATIENCE = 20
"""Seconds after which a thread that should have ended has not; a slow machine is no failure."""


def refused_start_tls() -> AbstractContextManager[Recorder]:
    """A server without StartTLS."""
    return start_tls_answer(REFUSED)


def hanging_up() -> AbstractContextManager[Recorder]:
    """A server that closes every connection at once."""
    return listening(lambda client, _: client.close())


def garbage() -> AbstractContextManager[Recorder]:
    """A server that speaks something else."""

    def handle(client: socket.socket, _: Recorder) -> None:
        client.recv(65536)
        client.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n" + bytes(range(256)))

    return listening(handle)


@pytest.mark.parametrize("fault", [black_hole, dripping, refused_start_tls, hanging_up, garbage])
@pytest.mark.parametrize("typed", ["jane@nic.example", "nobody"])
@pytest.mark.usefixtures("impatient")
def test_while_the_directory_cannot_be_asked_nobody_is_told_no(
    place: Place, slapd: Directory, fault: Callable[[], AbstractContextManager[Recorder]], typed: str
) -> None:
    """Not now, for whoever is on the list and for whoever is not: the answer tells nothing, and no phone forgets."""
    with fault() as down:
        there = place.with_directory(slapd.settings(down.url))
        with pytest.raises(UnavailableError) as caught:
            there.enter(typed, PASSWORDS["jane"])
        assert caught.value.retry_after >= 1
        assert PASSWORDS["jane"].encode() not in down.seen


@pytest.mark.usefixtures("impatient")
def test_device_passwords_do_not_depend_on_the_directory(place: Place, slapd: Directory) -> None:
    """Right ones let in and wrong ones are wrong, without a connection, before, during and after a failure."""
    right = place.device("jane")
    wrong = right[:-1] + ("0" if right[-1] != "0" else "1")
    with black_hole() as hole:
        there = place.with_directory(slapd.settings(hole.url))
        for _ in range(2):
            assert there.enter("jane@nic.example", right) == login("jane")
            assert there.enter("jane@nic.example", wrong) == ""
            before = hole.connections
            with pytest.raises(UnavailableError):
                there.enter("jane", PASSWORDS["jane"])
        assert before == hole.connections == 1


def test_a_black_hole_holds_few_threads_and_device_logins_go_on_meanwhile(
    place: Place, slapd: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All threads of a worker but one ask a directory that never answers; the one has its answer before any bind ends.

    At most so many connections are made as may be under way, and who finds no place comes back at once.
    """
    right = place.device("jane")
    back = threading.Semaphore(0)
    most = THREADS - 1

    def enter(number: int) -> None:
        try:
            with pytest.raises(UnavailableError):
                there.enter(f"person{number}", "a password")
        finally:
            back.release()

    with ThreadPoolExecutor(most) as threads:
        with black_hole() as hole:
            # Longer than this test: the binds end because the black hole does.
            monkeypatch.setattr("radicale_tldops.login.ldap.LOGIN_SECONDS", 60.0)
            there = place.with_directory(slapd.settings(hole.url))
            waiting = [threads.submit(enter, number) for number in range(most)]
            for _ in range(most - MAX_BINDS):
                assert back.acquire(timeout=PATIENCE)
            assert there.enter("jane@nic.example", right) == login("jane")
            assert [future.done() for future in waiting].count(False) == MAX_BINDS
            assert hole.connections == MAX_BINDS
        for future in waiting:
            future.result(PATIENCE)
    assert MAX_BINDS + MAX_WAITING < THREADS - 1


@pytest.mark.usefixtures("impatient")
def test_after_a_failure_one_login_tries_for_all(place: Place, slapd: Directory) -> None:
    """A directory that is still dead holds one thread; when it is back, the first to find that out opens it to all."""
    there = place.with_directory(slapd.settings())
    with black_hole() as hole:
        ldap = there.gate._ldap
        assert ldap is not None
        working, ldap._directory = ldap._directory, replace(ldap._directory, servers=(hole.url,))
        with pytest.raises(UnavailableError):
            there.enter("jane", PASSWORDS["jane"])
        there.clock.now += REST_SECONDS + 0.1
        with ThreadPoolExecutor(THREADS - 1) as threads:
            answers = [threads.submit(there.enter, "jane", PASSWORDS["jane"]) for _ in range(THREADS - 1)]
        assert {type(answer.exception()) for answer in answers} == {UnavailableError}
        assert hole.connections == 2
        ldap._directory = working
    there.clock.now += REST_SECONDS + 0.1
    assert there.enter("jane", PASSWORDS["jane"]) == login("jane")
    with ThreadPoolExecutor(2) as threads:
        assert [*threads.map(there.enter, ("john", "mara"), (PASSWORDS["john"], PASSWORDS["mara"]))] == [
            login("john"),
            login("mara.other"),
        ]


def test_a_clients_connections_all_get_in_at_once(place: Place, slapd: Directory) -> None:
    """Six of them, with nothing kept yet: none is sent away, and the directory is asked once or twice."""
    with relay(slapd.port) as wire:
        there = place.with_directory(slapd.settings(wire.url))
        together = threading.Barrier(MAX_BINDS + MAX_WAITING)

        def enter() -> str:
            together.wait(PATIENCE)
            return there.enter("jane", PASSWORDS["jane"])

        with ThreadPoolExecutor(MAX_BINDS + MAX_WAITING) as threads:
            answers = [threads.submit(enter) for _ in range(MAX_BINDS + MAX_WAITING)]
        assert {answer.result() for answer in answers} == {login("jane")}
        assert 1 <= wire.connections <= MAX_BINDS


@pytest.mark.usefixtures("impatient")
def test_after_a_failure_the_directory_rests(place: Place, slapd: Directory) -> None:
    """One login pays the time-out; the others hear at once for how long, and then it is asked again."""
    with black_hole() as hole:
        there = place.with_directory(slapd.settings(hole.url))
        for _ in range(5):
            with pytest.raises(UnavailableError) as caught:
                there.enter("jane", PASSWORDS["jane"])
            assert 1 <= caught.value.retry_after <= REST_SECONDS
        assert hole.connections == 1
        there.clock.now += REST_SECONDS + 0.1
        with pytest.raises(UnavailableError):
            there.enter("jane", PASSWORDS["jane"])
        assert hole.connections == 2


def test_who_was_proved_stays_in_while_the_directory_is_away(place: Place, slapd: Directory) -> None:
    """For the time that a proof is kept."""
    with relay(slapd.port) as wire:
        there = place.with_directory(slapd.settings(wire.url))
        assert there.enter("jane", PASSWORDS["jane"]) == login("jane")
    there.clock.now += 60
    assert there.enter("jane", PASSWORDS["jane"]) == login("jane")
    with pytest.raises(UnavailableError):
        there.enter("john", PASSWORDS["john"])


def test_a_login_goes_to_the_next_server(place: Place, slapd: Directory) -> None:
    """A dead first one costs a login part of its time, and nobody the access."""
    directories._resting.clear()
    with black_hole() as hole:
        there = place.with_directory(slapd.settings(hole.url, slapd.url))
        assert there.enter("jane", PASSWORDS["jane"]) == login("jane")
        assert there.enter("john", PASSWORDS["john"]) == login("john")
        assert hole.connections == 1


@pytest.mark.usefixtures("impatient")
def test_an_outage_is_no_wrong_password(place: Place, slapd: Directory, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is counted against whoever tries while the directory is away, and nothing is logged as a failed login."""
    with black_hole() as hole:
        there = place.with_directory(slapd.settings(hole.url))
        for number in range(3):
            there.clock.now += REST_SECONDS + 1
            with pytest.raises(UnavailableError):
                there.enter("jane", f"password {number}")
        assert there.gate._throttle._pairs[0].wait(("jane", HOME)) == 0
        assert len(there.gate._throttle._pairs[0]) == 0
        assert not [record for record in caplog.records if record.name == "radicale_tldops.auth"]


@pytest.mark.parametrize("kind", [ValueError, RuntimeError, UnicodeError, KeyError, OSError, DirectoryError])
def test_a_back_end_that_quotes_the_password_is_not_quoted(
    asking: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, kind: type[Exception]
) -> None:
    """Refused for now, one line in the log, and the password neither there nor in what is raised."""

    def fail(*_: object) -> None:
        # What the project's own errors say is chosen here; they quote nothing, and are the only ones to be shown.
        raise kind("the server is away" if kind is DirectoryError else f"cannot bind with {PASSWORDS['jane']}")

    monkeypatch.setattr(LdapLogin, "addresses", fail)
    with caplog.at_level(logging.DEBUG), pytest.raises(UnavailableError) as caught:
        asking.enter("jane", PASSWORDS["jane"])
    assert PASSWORDS["jane"] not in caplog.text + repr(caught.value) + repr(caught.value.__cause__)
    assert ("the server is away" if kind is DirectoryError else kind.__name__) in caplog.text
    assert caught.value.__suppress_context__


@pytest.mark.usefixtures("impatient")
def test_an_outage_is_logged_once(place: Place, slapd: Directory, caplog: pytest.LogCaptureFixture) -> None:
    """With the reason and without anybody's name or password."""
    with black_hole() as hole, caplog.at_level(logging.INFO):
        there = place.with_directory(slapd.settings(hole.url))
        for _ in range(2):
            there.clock.now += REST_SECONDS + 1
            with pytest.raises(UnavailableError):
                there.enter("jane", PASSWORDS["jane"])
        lines = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
        assert lines == [f"logins by LDAP fail: {hole.url}: no answer in time."]
