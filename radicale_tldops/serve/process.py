"""`tldops serve`: RosterApplication in one worker process under granian, and a parent that replaces the worker."""

import multiprocessing
import os
import resource
import signal
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable
from errno import EADDRINUSE
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from granian._granian import SocketHolder
from granian.constants import HTTPModes, Interfaces, SSLProtocols
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.mp import MPServer

from radicale_tldops.login.ldap import LdapLogin
from radicale_tldops.roster.errors import SettingsError
from radicale_tldops.serve.app import RosterApplication
from radicale_tldops.serve.body import THREADS
from radicale_tldops.serve.idle import keep_alive, watch_connections
from radicale_tldops.serve.logs import log_apart
from radicale_tldops.settings import LdapLoginSettings, ServerSettings, Settings
from radicale_tldops.settings.files import UnreadableFileError, read_file
from radicale_tldops.zones.countries import countries_of

MAX_CONNECTIONS = 4000
"""Most connections that the worker holds; further ones wait until one of these ends."""

BACKLOG = 1024
"""Most connections that wait until the worker accepts them, for instance while it is replaced."""

MAX_HEAD = 65_536
"""Longest head of a request in bytes: a password of 40 KB is still answered with 401."""

HEAD_SECONDS = 15
"""Longest time in seconds for the head of a request, and for an idle connection."""

STOP_SECONDS = 10
"""Seconds that running requests have to end after a request to stop."""

MAX_PEM = 1_000_000
"""Longest file of a certificate or a key, in bytes."""

REPLACE_SECONDS = 1.0
"""Least time between the starts of two workers: a worker that dies at once must not keep a core busy."""

# The files that the worker opens beside its connections: databases, journals, sockets of libraries, logs.
_OTHER_FILES = 200

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class _Server(MPServer):
    """granian with a listening socket of the parent, and with a worker that is replaced however often it dies."""

    def __init__(self, listening: socket.socket, **options: Any) -> None:
        super().__init__("radicale_tldops.serve.process", **options)
        self._listening = listening
        enabled, certificate, key, *others = self.ssl_ctx
        if enabled and sys.platform == "linux":
            # A new worker gets the files that were checked at the start, too.
            self.ssl_ctx = (True, _in_memory(str(certificate)), _in_memory(str(key)), *others)  # type: ignore[assignment]

    def _init_shared_socket(self) -> None:
        # On Linux, granian's workers open their own sockets: without a worker, connections would be refused.
        self._ssp = self._sso = None
        self._shd = SocketHolder(self._listening.fileno(), False, BACKLOG)  # type: ignore[call-arg,assignment]

    def _drop_shared_socket(self) -> None:
        # As soon as the worker has closed its copy, too, new connections are refused. Not `shutdown`: granian would
        # accept the same error without end, and never look at the request to stop.
        self._listening.close()

    def _respawn_workers(
        self, workers: object, spawn_target: object, target_loader: object, delay: float = 0.0
    ) -> None:
        # granian would start the new worker before the old one has ended, and stop if two die within 5.5 seconds.
        born = max(worker.birth for worker in self.wrks)
        self._stop_workers()  # type: ignore[no-untyped-call]
        time.sleep(max(0.0, born + REPLACE_SECONDS - time.monotonic()))
        self._spawn_workers(spawn_target, target_loader)  # type: ignore[no-untyped-call]
        if self.interrupt_signal:
            # granian may have cleared the event after the signal.
            self.main_loop_interrupt.set()

    def wait_for_signals(self) -> None:
        """Handle every signal in this thread; they are blocked in all others.

        Python runs a handler when the main thread wakes up. Of two signals at once, as when a terminal is closed, the
        kernel may give both to another thread.
        """
        while True:
            if signal.sigwait(_SIGNALS) == signal.SIGHUP:
                self.signal_handler_reload()  # type: ignore[no-untyped-call]
            else:
                self.signal_handler_interrupt()  # type: ignore[no-untyped-call]


def serve(settings: Settings, listening: socket.socket) -> None:
    """Serve on a socket of `listen` until SIGTERM or SIGINT; running requests finish first.

    Every worker gets these settings: the file is not read again.

    Raises:
        SettingsError: there is no configuration file, the address for metrics is not available, the certificate and
            its key cannot be used, or [auth.ldap] is incomplete.
    """
    if settings.path is None:
        raise SettingsError("`tldops serve` needs a configuration file; `tldops init` writes one.")
    check_tls(settings.server)
    if settings.auth.ldap != LdapLoginSettings():
        LdapLogin(settings.ldap, settings.auth.ldap)
    keep_alive(listening)
    listening.setblocking(False)
    metrics = _listen_for_metrics(settings.server.metrics) if settings.server.metrics else None
    # Before the first worker: a later one may find other files of the installation.
    countries_of(settings.vetting.add_cctlds, settings.vetting.retire_cctlds)
    _prepare_workers()
    server = _Server(
        listening,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=THREADS,
        backpressure=_connections(),
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=HEAD_SECONDS * 1000, max_buffer_size=MAX_HEAD),
        websockets=False,
        ssl_cert=settings.server.tls_certificate,
        ssl_key=settings.server.tls_key,
        ssl_protocol_min=SSLProtocols.tls12,
        log_level=LogLevels.error,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_SECONDS,
    )
    log_apart()
    threading.Thread(target=server.wait_for_signals, name="signals", daemon=True).start()
    create: Callable[[], RosterApplication] = partial(_create, settings, listening, metrics)
    server.serve(target_loader=create, wrap_loader=False)


def _prepare_workers() -> None:
    """Set what a worker takes over from this process: how it starts, and its signals."""
    if sys.platform == "linux":
        # A forked worker has the settings in its memory and reads no file of the installation.
        multiprocessing.set_start_method("fork", force=True)
    # The worker gets SIGTERM alone, from the parent: Ctrl-C in a terminal sends SIGINT to both.
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    # Until granian sets its own handler, a forked worker has the parent's and would ignore SIGTERM.
    os.register_at_fork(after_in_child=lambda: signal.signal(signal.SIGTERM, signal.SIG_DFL))


def _create(settings: Settings, listening: socket.socket, metrics: socket.socket | None) -> RosterApplication:
    """Return the application; granian calls this in each new worker."""
    signal.signal(signal.SIGUSR1, _stop)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGUSR1,))
    threading.Thread(target=_pass_on_the_end, name="signals", daemon=True).start()
    port = listening.getsockname()[1]
    # granian closes it.
    listening.detach()
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    log_apart()
    watch_connections(port)
    return RosterApplication(settings, metrics)


def _pass_on_the_end() -> None:
    """Wait for SIGTERM, which is blocked in every thread of a worker, and wake the main thread to handle it.

    Left to the kernel, another thread may get it, and the main thread, which runs the handlers, sleeps on.
    """
    while True:
        signal.sigwait({signal.SIGTERM})
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)


def _stop(number: int, frame: FrameType | None) -> None:
    """Do what granian does at SIGTERM."""
    handler = signal.getsignal(signal.SIGTERM)
    if callable(handler):
        handler(number, frame)
    else:
        sys.exit()


def _end_with_parent() -> None:
    """Stop this worker when its parent is gone: nothing would replace it, and a new server could not listen."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(STOP_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)


def _connections() -> int:
    """Raise the limit on open files if necessary, and return the number of connections that the worker may hold.

    At the limit the worker could not open the databases.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS + _OTHER_FILES
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return max(min(MAX_CONNECTIONS, soft - _OTHER_FILES), THREADS)


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket.

    Raises:
        SettingsError: the address is not available; with the reason.
    """
    try:
        return _open(host, port)
    except OSError as error:
        reason = "another program listens there" if error.errno == EADDRINUSE else error.strerror or str(error)
        raise SettingsError(
            f"cannot listen on {host}, port {port}: {reason}. Choose another with --port or [server]."
        ) from error


def _listen_for_metrics(address: str) -> socket.socket:
    # Imported here for every later worker, as an upgrade may replace it meanwhile.
    import prometheus_client  # noqa: F401

    host, _, port = address.rpartition(":")
    try:
        return _open(host.strip("[]"), int(port))
    except OSError as error:
        raise SettingsError(
            f"cannot listen on {address} for metrics: {error.strerror}. Choose another in [server] metrics."
        ) from error


def _open(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    opened = socket.socket(family, kind, protocol)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        opened.bind(address)
        opened.listen(BACKLOG)
    except OSError:
        opened.close()
        raise
    return opened


def check_tls(server: ServerSettings) -> None:
    """Check the certificate and its key, if they are set.

    Raises:
        SettingsError: with the file and the reason why it cannot be used.
    """
    certificate, key = server.tls_certificate, server.tls_key
    if certificate is None and key is None:
        return
    if certificate is None or key is None:
        raise SettingsError("[server] tls_certificate and tls_key: set both, or neither.")
    for name, path in (("tls_certificate", certificate), ("tls_key", key)):
        try:
            content, _ = read_file(path, MAX_PEM)
        except UnreadableFileError as error:
            raise SettingsError(f"{path}: cannot read [server] {name}: {error}.") from error
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


def _in_memory(path: str) -> str:
    """Return the path of a copy of a file in memory; this process and its workers can open it."""
    content, _ = read_file(Path(path), MAX_PEM)
    copy = os.memfd_create("pem")
    os.write(copy, content)
    return f"/proc/self/fd/{copy}"


class _EncryptedKeyError(Exception):
    """The key has a passphrase."""


def _no_password() -> str:
    raise _EncryptedKeyError
