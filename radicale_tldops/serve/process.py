"""`tldops serve`: RosterApplication under granian, a production WSGI server."""

import contextlib
import logging
import os
import resource
import signal
import socket
import ssl
from errno import EADDRINUSE
from pathlib import Path

from granian import Granian
from granian.constants import HTTPModes, Interfaces, SSLProtocols
from granian.http import HTTP1Settings, HTTP2Settings
from granian.log import LogLevels
from radicale import config

from radicale_tldops.login.ldap import LdapLogin
from radicale_tldops.plugin import OPTION
from radicale_tldops.roster.errors import SettingsError
from radicale_tldops.serve.app import RosterApplication
from radicale_tldops.serve.body import THREADS
from radicale_tldops.serve.exporter import exporter
from radicale_tldops.serve.idle import watch_connections
from radicale_tldops.serve.logs import log_apart
from radicale_tldops.settings import ENVIRONMENT, ServerSettings, Settings, load

MAX_BODY = 1_000_000
"""Longest request body in bytes; the longest that a client sends, a multiget of the whole book, is a tenth of it."""

MAX_CARD = 200_000
"""What the book tells as its largest card in bytes (RFC 6352, 6.2.3); none comes near it."""

MAX_CONNECTIONS = 4000
"""How many connections a worker holds at most; the next ones wait until one of these ends."""

BACKLOG = 1024
"""How many connections wait that no worker has taken yet."""

MAX_HEAD = 65_536
"""Longest head of a request in bytes, so that a wrong password of 40 KB is still answered as one."""

MAX_STREAMS = 64
"""How many requests at once one connection of HTTP/2 may have."""

HEAD_SECONDS = 15
"""For how long the head of a request may come in, and an idle connection is kept."""

STOP_SECONDS = 10
"""For how long a worker that is to stop may go on with requests under way."""

# The variable by which the workers know the port they serve.
_PORT = "TLDOPS_PORT"

# The store, its journal, sockets of libraries, logs: what a worker opens beside its connections.
_OTHER_FILES = 200


def radicale_configuration(settings: Settings) -> config.Configuration:
    """Return Radicale's configuration for our plugins."""
    path = str(settings.path)
    configuration = config.load()
    configuration.update(
        {
            "server": {
                "validate_user_value": "none",
                "max_content_length": str(MAX_BODY),
                "max_resource_size": str(MAX_CARD),
                "_internal_server": "True",
                "delay_on_error": "0",
            },
            "auth": {"type": "radicale_tldops.auth", "delay": "0", "realm": settings.auth.realm, OPTION: path},
            "rights": {"type": "radicale_tldops.rights", OPTION: path},
            "storage": {"type": "radicale_tldops.storage", OPTION: path},
            "web": {"type": "none"},
            "logging": {"level": "warning"},
        },
        "tldops serve",
        privileged=True,
    )
    return configuration


def create() -> RosterApplication:
    """Build the application of one worker; granian calls it in each of them."""
    logging.getLogger("radicale").setLevel(logging.WARNING)
    log_apart()
    watch_connections(int(os.environ[_PORT]))
    return RosterApplication(radicale_configuration(load(Path(os.environ[ENVIRONMENT]))))


def serve(settings: Settings, host: str, port: int, workers: int) -> None:
    """Serve until interrupted: SIGTERM and SIGINT let the requests under way finish first.

    Raises:
        SettingsError: there is no configuration file, an address cannot be listened on, the certificate and its key
            cannot be used, or [auth.ldap] does not say how people are found.
    """
    if settings.path is None:
        raise SettingsError("`tldops serve` needs a configuration file; `tldops init` writes one.")
    check_tls(settings.server)
    if settings.auth.ldap.servers:
        LdapLogin(settings.auth.ldap)
    check_address(host, port)
    os.environ[ENVIRONMENT] = str(settings.path.absolute())
    os.environ[_PORT] = str(port)
    server = Granian(
        "radicale_tldops.serve.process:create",
        factory=True,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=THREADS,
        backlog=BACKLOG,
        backpressure=_connections(),
        http=HTTPModes.auto,
        http1_settings=HTTP1Settings(header_read_timeout=HEAD_SECONDS * 1000, max_buffer_size=MAX_HEAD),
        http2_settings=HTTP2Settings(
            max_concurrent_streams=MAX_STREAMS,
            max_headers_size=MAX_HEAD,
            keep_alive_interval=HEAD_SECONDS * 1000,
            keep_alive_timeout=HEAD_SECONDS,
        ),
        websockets=False,
        ssl_cert=settings.server.tls_certificate,
        ssl_key=settings.server.tls_key,
        ssl_protocol_min=SSLProtocols.tls12,
        log_level=LogLevels.error,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_SECONDS,
    )
    # Until granian sets its own, a forked worker has the parent's handler, and would not hear that it is to stop.
    os.register_at_fork(after_in_child=lambda: signal.signal(signal.SIGTERM, signal.SIG_DFL))
    metrics = settings.server.metrics
    with exporter(metrics, settings.store.roster) if metrics else contextlib.nullcontext():
        server.serve()


def _connections() -> int:
    """Return how many connections a worker may hold, after raising the limit on open files as far as it goes.

    A worker at its limit could not open the store any more.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS + _OTHER_FILES
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return max(min(MAX_CONNECTIONS, soft - _OTHER_FILES), THREADS)


def check_address(host: str, port: int) -> None:
    """Find out before any worker starts whether the address can be had.

    Raises:
        SettingsError: with the reason, for instance that another program listens there.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        reason = "another program listens there" if error.errno == EADDRINUSE else error.strerror or str(error)
        raise SettingsError(
            f"cannot listen on {host}, port {port}: {reason}. Choose another with --port or [server]."
        ) from error


def check_tls(server: ServerSettings) -> None:
    """Find out before any worker starts whether the certificate and its key can be used, where there are any.

    Raises:
        SettingsError: with the file and what is wrong with it.
    """
    certificate, key = server.tls_certificate, server.tls_key
    if certificate is None and key is None:
        return
    if certificate is None or key is None:
        raise SettingsError("[server] tls_certificate and tls_key go together: set both, or neither.")
    for name, path in (("tls_certificate", certificate), ("tls_key", key)):
        try:
            content = path.read_bytes()
        except OSError as error:
            raise SettingsError(f"{path}: cannot read [server] {name}: {error.strerror}.") from error
        wanted = b"CERTIFICATE" if path is certificate else b"PRIVATE KEY"
        if wanted + b"-----" not in content:
            raise SettingsError(f"{path}: [server] {name} holds no {wanted.decode().lower()} in PEM form.")
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key, _no_password)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise SettingsError(f"{key}: [server] tls_key is not the key of {certificate}.") from error
        reason = error.reason.replace("_", " ").lower() if error.reason else "it cannot be understood"
        raise SettingsError(f"{certificate}, {key}: the certificate or its key cannot be used: {reason}.") from error
    except _EncryptedKeyError as error:
        raise SettingsError(
            f"{key}: [server] tls_key is encrypted; the server needs it without a passphrase."
        ) from error


class _EncryptedKeyError(Exception):
    """The key asks for a passphrase."""


def _no_password() -> str:
    raise _EncryptedKeyError
