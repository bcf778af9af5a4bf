"""Connections to an LDAP directory, with verified TLS and a deadline.

No password is sent before TLS is established and the server's certificate is verified against its name: a server that
refuses StartTLS or shows a wrong certificate gets none. (By default ldap3 verifies nothing.) All waits together end at
a `Deadline`.
"""

import contextlib
import ipaddress
import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ldap3 import NONE, SIMPLE, Connection, Server, Tls
from ldap3.core import results
from ldap3.core.exceptions import LDAPExceptionError
from ldap3.protocol.sasl.sasl import sasl_prep

from radicale_tldops.login.deadline import Deadline
from radicale_tldops.login.passwords import read_password
from radicale_tldops.roster.errors import DirectoryError, SettingsError
from radicale_tldops.settings import DirectorySettings

REST_SECONDS = 30.0
"""Seconds for which a server that failed is tried after the others."""

ANSWER_SECONDS = 3.0
"""Most seconds for connecting to a server, and for each answer, where the caller sets no deadline."""

MAX_ADDRESSES = 4
"""Most addresses of one server that are tried."""

REFUSED = frozenset(
    {
        results.RESULT_INVALID_CREDENTIALS,
        results.RESULT_NO_SUCH_OBJECT,
        results.RESULT_INAPPROPRIATE_AUTHENTICATION,
        results.RESULT_INSUFFICIENT_ACCESS_RIGHTS,
        results.RESULT_UNWILLING_TO_PERFORM,
        results.RESULT_CONSTRAINT_VIOLATION,
        results.RESULT_INVALID_DN_SYNTAX,
    }
)
"""Results of a bind that concern the person: wrong password, unknown, expired or locked."""

_resting: dict[str, float] = {}


class _PromptSocket:
    """A socket whose waits end at a deadline, with the methods that ldap3 uses."""

    def __init__(self, raw: socket.socket, deadline: Deadline) -> None:
        self.raw, self.deadline = raw, deadline

    def recv(self, size: int) -> bytes:
        self.raw.settimeout(self.deadline.left())
        return self.raw.recv(size)

    def sendall(self, data: bytes) -> None:
        self.deadline.begin_request()
        self.raw.settimeout(self.deadline.left())
        self.raw.sendall(data)

    def shutdown(self, how: int) -> None:
        self.raw.shutdown(how)

    def close(self) -> None:
        self.raw.close()


class _VerifiedTls(Tls):
    """TLS with the defaults of the standard library: the handshake verifies chain and name."""

    def __init__(self, context: ssl.SSLContext, host: str, deadline: Deadline) -> None:
        super().__init__(validate=ssl.CERT_REQUIRED)
        self._context, self._host, self._deadline = context, host, deadline
        self.fault = ""

    def wrap_socket(self, connection: Connection, do_handshake: bool = False) -> None:
        """Put TLS on the connection's socket, with our context and not ldap3's."""
        given: Any = connection.socket
        raw = given.raw if isinstance(given, _PromptSocket) else given
        raw.settimeout(self._deadline.left())
        try:
            wrapped = self._context.wrap_socket(raw, server_hostname=self._host)
        except ssl.SSLCertVerificationError as error:
            self.fault = f"its certificate is not accepted: {error.verify_message}"
            raise
        connection.socket = _PromptSocket(wrapped, self._deadline) if raw is not given else wrapped


def connect(settings: DirectorySettings, *, within: float | None = None) -> Connection:
    """Return a connection to the first server that answers, bound as `bind_dn` where there is one.

    `within` is the time in seconds for everything on this connection, connecting included; the servers share it.
    Without it, connecting to each server and every request have `ANSWER_SECONDS`. ldap3 raises no exception for a
    result that is not success: look at `connection.result`. End the connection with `close()`.

    Raises:
        DirectoryError: no server answered; with the reason for each, and never with a secret.
    """
    if not settings.servers:
        raise DirectoryError("no LDAP server is set.")
    password = service_password(settings)
    context = _context(settings)
    servers = _in_order(settings.servers)
    whole = Deadline(within) if within is not None else None
    reasons: list[str] = []
    for tried, url in enumerate(servers):
        try:
            with explained(url):
                deadline = whole.share(len(servers) - tried) if whole else Deadline(ANSWER_SECONDS)
                connection = _open(url, settings, context, deadline, password)
        except DirectoryError as error:
            _resting[url] = time.monotonic() + REST_SECONDS
            reasons.append(str(error))
            continue
        _resting.pop(url, None)
        # Connecting had a share of the time; from now on the connection has all that is left.
        connection.socket.deadline = whole or Deadline(ANSWER_SECONDS, each=True)
        return connection
    raise DirectoryError(" ".join(reasons))


@contextlib.contextmanager
def explained(what: str) -> Iterator[None]:
    """Turn every exception inside into a `DirectoryError` about `what`.

    The foreign exception and its text are left out: they may quote a password. ldap3 raises exceptions of many kinds.
    """
    try:
        yield
    except DirectoryError:
        raise
    except TimeoutError:
        message = f"{what}: no answer in time."
    except LDAPExceptionError as error:
        late = isinstance(error, TimeoutError) or "timed out" in str(error) or "took too long" in str(error)
        message = f"{what}: no answer in time." if late else f"{what}: {type(error).__name__}."
    except OSError as error:
        message = f"{what}: {error.strerror or type(error).__name__}."
    except Exception as error:
        message = f"{what}: the answer cannot be understood ({type(error).__name__})."
    else:
        return
    raise DirectoryError(message) from None


def service_password(settings: DirectorySettings) -> str:
    """Return the password of `bind_dn`, or "" without a `bind_dn`.

    Raises:
        DirectoryError: the password is missing or empty: a bind with an empty one succeeds and proves nothing.
    """
    if not settings.bind_dn:
        return ""
    try:
        return read_password(settings.password_file, "bind_dn")
    except SettingsError as error:
        raise DirectoryError(str(error)) from None


def _open(
    url: str, settings: DirectorySettings, context: ssl.SSLContext, deadline: Deadline, password: str
) -> Connection:
    parts = urlsplit(url)
    host, secure = parts.hostname or "", parts.scheme == "ldaps"
    if not secure and not settings.start_tls and not is_this_machine(host):
        raise DirectoryError(f"{url}: start_tls = false is accepted for this machine only. Use StartTLS or ldaps://.")
    addresses = _addresses(host, parts.port or (636 if secure else 389), deadline)
    reason = DirectoryError(f"{url}: the name has no address.")
    for tried, (address, port) in enumerate(addresses):
        part = deadline.share(len(addresses) - tried)
        tls = _VerifiedTls(context, host, part)
        server = Server(address, port=port, use_ssl=secure, tls=tls, get_info=NONE, connect_timeout=part.left())
        # With auto_range, ldap3 takes a part of an attribute for the whole if the next part cannot be read.
        connection = Connection(
            server, auto_referrals=False, auto_range=False, check_names=False, return_empty_attributes=False
        )
        try:
            with explained(url):
                _secure(connection, part, start_tls=not secure and settings.start_tls)
                _bind(connection, settings.bind_dn, password, url)
            return connection
        except DirectoryError as error:
            close(connection)
            reason = DirectoryError(f"{url}: {tls.fault}.") if tls.fault else error
    raise reason


def _secure(connection: Connection, deadline: Deadline, *, start_tls: bool) -> None:
    connection.open(read_server_info=False)
    connection.socket = _PromptSocket(connection.socket, deadline)
    # Without this, each small request would wait until the one before is acknowledged.
    connection.socket.raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if start_tls:
        connection.start_tls(read_server_info=False)
    if (start_tls or connection.server.ssl) and not isinstance(connection.socket.raw, ssl.SSLSocket):
        raise DirectoryError("the server does not speak TLS.")


def _bind(connection: Connection, dn: str, password: str, url: str) -> None:
    if not dn:
        return
    result = bind(connection, dn, password)
    if result in (results.RESULT_BUSY, results.RESULT_UNAVAILABLE):
        raise DirectoryError(f"{url}: it is busy.")
    if result != results.RESULT_SUCCESS:
        raise DirectoryError(f"{url}: it refuses bind_dn ({connection.result['description']}).")


def bind(connection: Connection, dn: str, password: str) -> int:
    """Bind with a DN and a password, and return the result code (RFC 4511, 4.1.9).

    The password is sent as it was typed, and as SASLprep (RFC 4013) makes it only if that is refused.

    Raises:
        DirectoryError: the DN or the password is empty; such a bind would be anonymous (RFC 4513, 5.1.2).
    """
    if not dn.strip() or not password.strip():
        raise DirectoryError("a bind needs a name and a password.")
    code = _bind_once(connection, dn, password)
    prepared = _prepared(password)
    if code in REFUSED and prepared not in (password, ""):
        code = _bind_once(connection, dn, prepared)
    return code


def _bind_once(connection: Connection, dn: str, password: str) -> int:
    # ldap3 prepares a password that is text, and fails where SASLprep refuses a character. Bytes go as they are.
    given = password.encode()
    connection.user, connection.password, connection.authentication = dn, given, SIMPLE
    try:
        connection.bind(read_server_info=False)
    finally:
        # They are not needed again and must not stay in memory.
        connection.password = connection.request = None
    return int(connection.result["result"])


def _prepared(password: str) -> str:
    """Return a password as SASLprep makes it; "" where that refuses it or leaves nothing of it."""
    try:
        prepared: str = sasl_prep(password)  # type: ignore[no-untyped-call]
    except LDAPExceptionError:
        return ""
    return prepared if prepared.strip() else ""


def close(connection: Connection) -> None:
    """End a connection in any state, without waiting for the server."""
    opened = connection.socket
    with contextlib.suppress(Exception):
        connection.unbind()
    if opened is not None:
        with contextlib.suppress(OSError):
            opened.close()


def _context(settings: DirectorySettings) -> ssl.SSLContext:
    try:
        return _read_context(settings.ca_file, settings.ca_file.stat().st_mtime_ns if settings.ca_file else 0)
    except (OSError, ssl.SSLError) as error:
        raise DirectoryError(f"{settings.ca_file}: cannot read the CA certificates: {error.strerror}.") from None


@lru_cache(8)
def _read_context(ca_file: Path | None, _changed: int) -> ssl.SSLContext:
    """Read the CA certificates again only when the file has changed: to read those of the system takes time."""
    return ssl.create_default_context(cafile=ca_file)


def _in_order(servers: Sequence[str]) -> Sequence[str]:
    """Return the servers in their order, those that failed in the last seconds at the end."""
    now = time.monotonic()
    return sorted(servers, key=lambda url: _resting.get(url, 0.0) > now)


def is_this_machine(host: str) -> bool:
    """Tell whether a host is the loopback: what is sent there crosses no network."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _addresses(host: str, port: int, deadline: Deadline) -> Sequence[tuple[str, int]]:
    """Look a name up; return its addresses with the port, none for a name that does not exist."""
    try:
        answers = deadline.run(lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    except TimeoutError:
        raise
    except (OSError, UnicodeError):
        return ()
    return tuple(dict.fromkeys((str(answer[4][0]), port) for answer in answers[:MAX_ADDRESSES]))
