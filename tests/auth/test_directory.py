"""Connections to a directory: nothing secret before TLS that is verified, an end in time, the next server."""

import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest

from radicale_tldops.login import directory as directories
from radicale_tldops.login.directory import close, connect
from radicale_tldops.roster.errors import DirectoryError
from radicale_tldops.settings import DirectorySettings
from tests.auth.conftest import PEOPLE_THERE
from tests.support.directory import BASE, SERVICE, SERVICE_PASSWORD, Certificate, Directory, certificate, directory
from tests.support.wire import DONE, REFUSED, Recorder, black_hole, dripping, relay, start_tls_answer


@pytest.fixture(autouse=True)
def _rested() -> Iterator[None]:
    """Every test begins without a memory of servers that failed."""
    directories._resting.clear()
    yield
    directories._resting.clear()


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A certificate of a CA of its own, with the right names."""
    return certificate(tmp_path_factory.mktemp("shown"))


def names_of(settings: DirectorySettings, within: float | None = None) -> set[str]:
    """Connect and search: the logins of everybody there."""
    connection = connect(settings, within=within)
    try:
        assert connection.search(BASE, "(objectClass=inetOrgPerson)", attributes=["uid"])
        return {entry["attributes"]["uid"][0] for entry in connection.response or ()}
    finally:
        close(connection)


def refusal(settings: DirectorySettings, within: float | None = None) -> str:
    """The message with which a connection is refused; neither it nor its traceback has the password."""
    with pytest.raises(DirectoryError) as caught:
        connect(settings, within=within)
    assert SERVICE_PASSWORD not in "".join(traceback.format_exception(caught.value))
    return str(caught.value)


@pytest.mark.parametrize("secure", ["StartTLS", "LDAPS"])
def test_the_directory_answers_within_tls(slapd: Directory, secure: str) -> None:
    """Both ways; on the wire there is neither the password nor a name."""
    with relay(slapd.port if secure == "StartTLS" else slapd.tls_port) as wire:
        asked = slapd.settings(wire.url if secure == "StartTLS" else wire.tls_url)
        assert len(names_of(asked)) == len(PEOPLE_THERE)
        assert len(wire.seen) > 100
        assert SERVICE_PASSWORD.encode() not in wire.seen
        assert b"inetOrgPerson" not in wire.seen


def test_the_recorder_sees_what_is_sent_in_clear(slapd: Directory) -> None:
    """What the tests below prove they would not prove with a blind recorder. In clear only to this very machine."""
    with relay(slapd.port) as wire:
        assert names_of(replace(slapd.settings(wire.url), start_tls=False))
        assert SERVICE_PASSWORD.encode() in wire.seen


def test_in_clear_goes_nothing_to_another_machine(slapd: Directory) -> None:
    """Whatever the setting says."""
    for url in ("ldap://192.0.2.1", "ldap://directory.example", "ldap://[2001:db8::1]:389"):
        assert "start_tls = false" in refusal(replace(slapd.settings(url), start_tls=False))


def test_a_server_that_refuses_starttls_gets_nothing(tmp_path: Path) -> None:
    """A real one, without TLS: the request for StartTLS is all that it sees."""
    with directory(tmp_path, *PEOPLE_THERE, tls=False) as running, relay(running.port) as wire:
        assert wire.url in refusal(running.settings(wire.url))
        assert b"1.3.6.1.4.1.1466.20037" in wire.seen
        assert SERVICE_PASSWORD.encode() not in wire.seen
        assert SERVICE.encode() not in wire.seen


@pytest.mark.parametrize("code", [REFUSED, DONE])
@pytest.mark.usefixtures("impatient")
def test_somebody_in_between_who_strips_starttls_gets_nothing(slapd: Directory, code: int) -> None:
    """Whether it refuses, or agrees and then speaks no TLS."""
    with start_tls_answer(code) as wire:
        asked = slapd.settings(wire.url)
        assert wire.url in refusal(asked)
        assert wire.connections == 1
        assert b"1.3.6.1.4.1.1466.20037" in wire.seen
        assert SERVICE_PASSWORD.encode() not in wire.seen
        assert SERVICE.encode() not in wire.seen


@pytest.mark.parametrize("secure", ["StartTLS", "LDAPS"])
@pytest.mark.parametrize(
    ("fault", "told"),
    [("another CA", "certificate"), ("another name", "mismatch"), ("expired", "expired"), ("no CA set", "certificate")],
)
def test_a_server_with_a_wrong_certificate_gets_nothing(tmp_path: Path, secure: str, fault: str, told: str) -> None:
    """Not one byte of the password, and the message says what is wrong."""
    names = "DNS:directory.example, IP:192.0.2.1" if fault == "another name" else "DNS:localhost, IP:127.0.0.1"
    served = certificate(tmp_path / "served", names, expired=fault == "expired")
    with (
        directory(tmp_path / "slapd", *PEOPLE_THERE, served=served) as running,
        relay(running.port if secure == "StartTLS" else running.tls_port) as wire,
    ):
        asked = running.settings(wire.url if secure == "StartTLS" else wire.tls_url)
        if fault == "another CA":
            asked = replace(asked, ca_file=certificate(tmp_path / "other").authority)
        elif fault == "no CA set":
            asked = replace(asked, ca_file=None)
        message = refusal(asked)
        assert told in message
        assert "its certificate is not accepted" in message
        assert wire.connections == 1
        assert SERVICE_PASSWORD.encode() not in wire.seen
        assert SERVICE.encode() not in wire.seen


def test_a_name_is_verified_and_not_only_an_address(slapd: Directory) -> None:
    """`localhost` stands in the certificate as a name."""
    assert names_of(slapd.settings(f"ldap://localhost:{slapd.port}"))


@pytest.mark.parametrize("within", [None, 1.0])
@pytest.mark.parametrize("secure", ["StartTLS", "LDAPS"])
@pytest.mark.parametrize("never", [black_hole, dripping])
@pytest.mark.usefixtures("impatient")
def test_a_server_that_never_ends_is_given_up(
    slapd: Directory, never: Callable[[], AbstractContextManager[Recorder]], secure: str, within: float | None
) -> None:
    """One that does not answer, and one that answers byte by byte: the time-out is for the whole."""
    with never() as hole:
        asked = slapd.settings(hole.url if secure == "StartTLS" else hole.tls_url)
        assert "no answer in time" in refusal(asked, within)
        assert not hole.is_over
        assert hole.connections == 1


@pytest.mark.parametrize("within", [None, 1.0])
@pytest.mark.usefixtures("impatient")
def test_a_server_that_drips_within_tls_is_given_up(shown: Certificate, tmp_path: Path, within: float | None) -> None:
    """Behind a right certificate, too, an answer has to come to its end in time."""
    password = tmp_path / "password"
    password.write_text(SERVICE_PASSWORD)
    with dripping(shown) as hole:
        asked = DirectorySettings((hole.tls_url,), True, shown.authority, SERVICE, password)
        assert "no answer in time" in refusal(asked, within)
        assert not hole.is_over


@pytest.mark.usefixtures("impatient")
def test_within_bounds_all_that_comes_later(slapd: Directory) -> None:
    """And without it every request has its own time."""
    connection = connect(slapd.settings(), within=0.5)
    time.sleep(0.6)
    with pytest.raises(DirectoryError, match=r"asking: no answer in time"), directories.explained("asking"):
        connection.search(BASE, "(objectClass=*)")
    close(connection)
    connection = connect(slapd.settings())
    time.sleep(1.1)
    assert connection.search(BASE, "(objectClass=*)")
    close(connection)


@pytest.mark.usefixtures("impatient")
def test_the_next_server_is_asked_when_one_fails(slapd: Directory, tmp_path: Path) -> None:
    """One that is not there, one that never answers, one with a wrong certificate; in their order."""
    with black_hole() as hole, directory(tmp_path, served=certificate(tmp_path / "other")) as stranger:
        with relay(slapd.port) as wire:
            closed = "ldap://127.0.0.1:1"
            asked = slapd.settings(closed, hole.url, stranger.url, wire.url)
            assert names_of(asked)
            assert (hole.connections, wire.connections) == (1, 1)
        message = refusal(replace(asked, servers=(closed, hole.url)))
        assert closed in message
        assert hole.url in message


def test_the_next_server_is_asked_within_the_whole_time(slapd: Directory) -> None:
    """The first takes its share and not all of it."""
    with black_hole() as hole:
        assert names_of(slapd.settings(hole.url, slapd.url), within=3)
        assert hole.connections == 1


@pytest.mark.usefixtures("impatient")
def test_a_server_that_failed_lately_is_asked_last(slapd: Directory) -> None:
    """A dead first server costs its time once in a while, and not for every login; alone, it is asked all the same."""
    with black_hole() as hole:
        asked = slapd.settings(hole.url, slapd.url)
        for _ in range(3):
            assert names_of(asked)
        assert hole.connections == 1
        assert "no answer in time" in refusal(replace(asked, servers=(hole.url,)))
        assert hole.connections == 2


def test_the_servers_password_is_read_when_it_is_used(slapd: Directory, tmp_path: Path) -> None:
    """From the file, as it is now; a line end at the end is none of it."""
    file = tmp_path / "secret"
    asked = replace(slapd.settings(), password_file=file)
    file.write_text("an old password\n")
    assert "invalidCredentials" in refusal(asked)
    file.write_text(SERVICE_PASSWORD + "\r\n")
    assert names_of(asked)


@pytest.mark.parametrize("content", ["", "\n", " \n", "x\x00\n", "two\nlines\n", None])
def test_without_a_password_no_server_is_asked(slapd: Directory, tmp_path: Path, content: str | None) -> None:
    """A bind with an empty one would succeed and prove nothing (RFC 4513, 5.1.2)."""
    file = tmp_path / "secret"
    if content is not None:
        file.write_text(content)
    with relay(slapd.port) as wire:
        asked = slapd.settings(wire.url)
        assert str(file) in refusal(replace(asked, password_file=file))
        assert "password" in refusal(replace(asked, password_file=None))
        assert wire.connections == 0


def test_a_bind_without_a_name_or_a_password_is_never_made(slapd: Directory) -> None:
    """Whoever calls for it."""
    connection = connect(slapd.settings())
    for dn, password in ((SERVICE, ""), (SERVICE, " "), ("", SERVICE_PASSWORD)):
        with pytest.raises(DirectoryError):
            directories.bind(connection, dn, password)
    close(connection)


def test_a_connection_holds_no_password(slapd: Directory) -> None:
    """Nothing that shows the connection shows it."""
    connection = connect(slapd.settings())
    assert SERVICE_PASSWORD not in repr(connection) + str(connection) + repr(vars(connection))
    close(connection)


@pytest.mark.parametrize("url", ["ldap://nowhere.invalid", "ldaps://nowhere.invalid:636"])
def test_a_name_without_an_address_is_said(slapd: Directory, url: str) -> None:
    """With the name of the server."""
    assert url in refusal(slapd.settings(url))


def test_a_ca_file_that_cannot_be_read_is_said(slapd: Directory, tmp_path: Path) -> None:
    """Missing, or not what it should be; no server is asked."""
    other = tmp_path / "ca.pem"
    for content in (None, "no certificate"):
        if content:
            other.write_text(content)
        with relay(slapd.port) as wire:
            assert str(other) in refusal(replace(slapd.settings(wire.url), ca_file=other))
            assert wire.connections == 0
