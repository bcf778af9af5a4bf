"""`tldops serve`: RosterApplication under granian, a production WSGI server."""

import logging
import os
import socket
from pathlib import Path

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels
from radicale import config

from radicale_tldops.app import RosterApplication
from radicale_tldops.plugin import OPTION
from radicale_tldops.roster.errors import SettingsError
from radicale_tldops.settings import ENVIRONMENT, Settings, load

MAX_BODY = 1_000_000
"""Longest request body in bytes; the longest that a client sends, a multiget of the whole book, is a tenth of it."""

MAX_CARD = 200_000
"""What the book tells as its largest card in bytes (RFC 6352, 6.2.3); none comes near it."""

BLOCKING_THREADS = 8
"""Threads of a worker that answer requests; connections that only wait hold none."""


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
    return RosterApplication(radicale_configuration(load(Path(os.environ[ENVIRONMENT]))))


def serve(settings: Settings, host: str, port: int, workers: int) -> None:
    """Serve until interrupted.

    Raises:
        SettingsError: there is no configuration file, or the address cannot be listened on.
    """
    if settings.path is None:
        raise SettingsError("`tldops serve` needs a configuration file; `tldops init` writes one.")
    check_address(host, port)
    os.environ[ENVIRONMENT] = str(settings.path.absolute())
    Granian(
        "radicale_tldops.server:create",
        factory=True,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        # Python runs one thread of a worker at a time; more of them would only queue there instead of in granian.
        blocking_threads=BLOCKING_THREADS,
        websockets=False,
        log_level=LogLevels.error,
        respawn_failed_workers=True,
        workers_kill_timeout=10,
    ).serve()


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
        reason = "another program listens there" if error.errno == 98 else error.strerror or str(error)
        raise SettingsError(
            f"cannot listen on {host}, port {port}: {reason}. Choose another with --port or [server]."
        ) from error
