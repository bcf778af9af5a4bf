"""TLS by the server itself: 1.2 and up, HTTP/1.1, and a clear word where the files are not right."""

import contextlib
import http.client
import os
import shutil
import signal
import socket
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from radicale_tldops.roster.errors import SettingsError
from radicale_tldops.serve.process import check_tls
from radicale_tldops.settings import ServerSettings
from tests.server.processes import authorization, started
from tests.support import JANE, JOHN, Login, World, free_port
from tests.support.certificates import new_pair, openssl, trusting
from tests.support.servers import needs
from tests.support.waiting import until


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate and its key, another key, and files that are neither."""
    needs("openssl")
    folder = tmp_path_factory.mktemp("tls")
    new_pair(folder, "server")
    new_pair(folder, "other")
    openssl("pkey", "-in", folder / "server.key", "-aes256", "-passout", "pass:x", "-out", folder / "locked.key")
    (folder / "empty.pem").write_text("")
    (folder / "broken.pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    (folder / "binary.pem").write_bytes(bytes(range(256)))
    return folder


@pytest.mark.parametrize(
    ("certificate", "key", "message"),
    [
        ("server.pem", None, "or neither"),
        (None, "server.key", "or neither"),
        ("gone.pem", "server.key", r"gone\.pem: cannot read \[server\] tls_certificate: No such file"),
        ("server.pem", "gone.key", r"gone\.key: cannot read \[server\] tls_key: No such file"),
        (".", "server.key", "cannot read .* it is a directory"),
        ("server.pem", "other.key", r"other\.key: \[server\] tls_key is not the key of .*server\.pem"),
        ("server.key", "server.pem", r"server\.key: \[server\] tls_certificate holds no certificate"),
        ("server.pem", "server.pem", r"tls_key holds no private key"),
        ("server.pem", "locked.key", r"locked\.key: .* is encrypted"),
        ("empty.pem", "server.key", r"empty\.pem: .* holds no certificate"),
        ("binary.pem", "server.key", r"binary\.pem: .* holds no certificate"),
        ("broken.pem", "server.key", r"broken\.pem, .*server\.key: the certificate or its key cannot be used"),
    ],
)
def test_wrong_files_are_named(files: Path, certificate: str | None, key: str | None, message: str) -> None:
    """One message that says which file and what is wrong with it."""
    server = ServerSettings(
        tls_certificate=files / certificate if certificate else None, tls_key=files / key if key else None
    )
    with pytest.raises(SettingsError, match=message):
        check_tls(server)


def test_right_files_pass(files: Path) -> None:
    """With a certificate and its key, and with neither."""
    check_tls(ServerSettings())
    check_tls(replace(ServerSettings(), tls_certificate=files / "server.pem", tls_key=files / "server.key"))


def test_serve_says_it_before_anything_starts(world: World, files: Path) -> None:
    """Exit code 2, one message, no traceback, and nothing listens."""
    world.configure(tls(files / "server.pem", files / "other.key"))
    world.sync(JOHN)
    result = world.run("serve", "--port", str(free_port()))
    assert result.code == 2
    assert result.out == ""
    assert "is not the key of" in result.err
    assert "Traceback" not in result.err


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, files: Path) -> Iterator[tuple[int, Login]]:
    """The port of a server that speaks TLS, and a login."""
    world = World(tmp_path_factory.mktemp("served"))
    world.configure(tls(files / "server.pem", files / "server.key"))
    world.sync(JOHN, JANE)
    login = world.device("john.doe@nic.nl")
    with started(world) as running:
        yield running.port, login


def tls(certificate: Path, key: Path) -> str:
    """The settings for these files."""
    return f'[server]\ntls_certificate = "{certificate}"\ntls_key = "{key}"\n'


def test_a_member_reads_over_tls(server: tuple[int, Login], files: Path) -> None:
    """The whole way: verified certificate, login, answer; the connection is kept for the next request."""
    port, login = server
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=30, context=trusting(files / "server.pem"))
    sockets = set()
    for _ in range(3):
        connection.request("PROPFIND", "/", headers={"Authorization": authorization(login), "Depth": "0"})
        answer = connection.getresponse()
        assert (answer.status, answer.read()[:5]) == (207, b"<?xml")
        assert connection.sock is not None
        sockets.add(connection.sock.getsockname())
    assert len(sockets) == 1
    connection.close()


@pytest.mark.parametrize(
    ("version", "taken"),
    [
        (ssl.TLSVersion.TLSv1, False),
        (ssl.TLSVersion.TLSv1_1, False),
        (ssl.TLSVersion.TLSv1_2, True),
        (ssl.TLSVersion.TLSv1_3, True),
    ],
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tls_1_2_and_up(server: tuple[int, Login], files: Path, version: ssl.TLSVersion, taken: bool) -> None:
    """Old phones speak 1.2; nothing older is spoken with anybody (RFC 8996)."""
    context = trusting(files / "server.pem")
    # Else it is this side's own policy that refuses.
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    with socket.create_connection(("127.0.0.1", server[0]), 10) as plain:
        if taken:
            with context.wrap_socket(plain, server_hostname="127.0.0.1") as made:
                assert made.version() == version.name.replace("_", ".")
        else:
            with pytest.raises((ssl.SSLError, ConnectionError)):
                context.wrap_socket(plain, server_hostname="127.0.0.1")


@pytest.mark.parametrize("offered", [["http/1.1"], ["h2", "http/1.1"]])
def test_http_1_1_alone_is_spoken(server: tuple[int, Login], files: Path, offered: list[str]) -> None:
    """By ALPN (RFC 7301): HTTP/2 is the proxy's, and a client that could speak it reads over HTTP/1.1."""
    context = trusting(files / "server.pem")
    context.set_alpn_protocols(offered)
    with (
        socket.create_connection(("127.0.0.1", server[0]), 10) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as made,
    ):
        assert made.selected_alpn_protocol() == "http/1.1"


@pytest.mark.parametrize("option", ["--http1.1", "--http2"])
def test_a_client_reads_whatever_version_it_prefers(server: tuple[int, Login], files: Path, option: str) -> None:
    """The same answer, over HTTP/1.1."""
    needs("curl")
    port, login = server
    command = ["curl", "--silent", option, "--cacert", str(files / "server.pem"), "-X", "PROPFIND", "-H", "Depth: 0"]
    done = subprocess.run(
        [*command, "-K", "-", "-w", " %{http_code} %{http_version}", f"https://localhost:{port}/"],
        input=f'user = "{login.user}:{login.password}"\n',
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.endswith(" 207 1.1")


def test_plain_http_gets_no_answer_where_tls_is_spoken(server: tuple[int, Login]) -> None:
    """A password that was sent in clear by mistake is not rewarded with an address book."""
    with socket.create_connection(("127.0.0.1", server[0]), 10) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            assert b"HTTP/1" not in plain.recv(1000)


@pytest.mark.parametrize("harm", ["gone", "replaced", "broken"])
def test_a_new_worker_has_the_certificate_that_was_checked_at_the_start(
    world: World, files: Path, tmp_path: Path, harm: str
) -> None:
    """HARDENING 59: a worker that dies while the files are renewed is replaced all the same."""
    certificate, key = tmp_path / "current.pem", tmp_path / "current.key"
    shutil.copy(files / "server.pem", certificate)
    shutil.copy(files / "server.key", key)
    world.configure(tls(certificate, key))
    world.sync(JOHN, JANE)
    with started(world) as server:
        until(lambda: server.worker, "no worker is started")
        first = server.worker
        if harm == "gone":
            key.unlink()
        elif harm == "replaced":
            shutil.copy(files / "other.pem", certificate)
        else:
            certificate.write_text("")
        os.kill(first, signal.SIGKILL)
        until(lambda: server.worker not in (0, first), "the worker is not replaced")
        seen = ssl.get_server_certificate(("127.0.0.1", server.port), timeout=30)
        assert seen.strip() == (files / "server.pem").read_text().strip()


def test_a_restart_takes_the_new_certificate(world: World, files: Path, tmp_path: Path) -> None:
    """A certificate that was renewed at its place is served after the restart that renewal hooks make."""
    for name in ("server", "other"):
        for kind in ("pem", "key"):
            shutil.copy(files / f"{name}.{kind}", tmp_path / f"current.{kind}")
        world.configure(tls(tmp_path / "current.pem", tmp_path / "current.key"))
        world.sync(JOHN, JANE)
        with started(world) as server:
            seen = ssl.get_server_certificate(("127.0.0.1", server.port), timeout=10)
            assert seen.strip() == (files / f"{name}.pem").read_text().strip()
