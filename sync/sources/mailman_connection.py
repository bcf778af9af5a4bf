"""mailmanclient's connection to Mailman Core, bounded in time and bytes, and with its password for nobody else."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import requests
from mailmanclient.restbase.connection import Connection

from radicale_tldops.login.directory import is_this_machine
from radicale_tldops.login.passwords import read_password
from radicale_tldops.roster.errors import SettingsError
from radicale_tldops.settings import Mailman3Settings
from sync.sources.subscribers import Fault, ListError

CONNECT_SECONDS = 3
"""How long connecting to Mailman may take."""

READ_SECONDS = 10
"""How long each wait for an answer may take."""

MAX_BYTES = 64 * 1024 * 1024
"""How much is read of all the answers to one command together, in bytes; a member takes less than 1,000."""


def connect(settings: Mailman3Settings, section: str, name: str) -> Connection:
    """Return mailmanclient's connection, with the bounds in time and bytes that it does not set by itself.

    `section` names the settings in messages, `name` what is asked.

    Raises:
        SettingsError: the list or the password is missing, or the password would go over a network in clear.
    """
    if not settings.list:
        raise SettingsError(f"[{section}] names no list: set `list` to its id, like tld-ops.lists.example.org.")
    parts = urlsplit(settings.url)
    if parts.scheme == "http" and not settings.plain_http and not is_this_machine(parts.hostname or ""):
        raise SettingsError(
            f"[{section}] url = {settings.url!r}: over http:// Mailman's password would go to another machine "
            "in clear. Use https://, a tunnel, or, inside a network that you trust, plain_http = true."
        )
    password = read_password(settings.password_file, f"[{section}]")
    if not password.isascii():
        # It compares them with hmac.compare_digest, which takes no others, and fails with status 500.
        raise SettingsError(f"[{section}] the password is not all ASCII: Mailman accepts no other one. Set another.")
    limit = _ByteLimit(name, MAX_BYTES)
    more = {
        "timeout": (CONNECT_SECONDS, READ_SECONDS),
        "verify": str(settings.ca_file) if settings.ca_file else True,
        # A redirect would have Mailman's own links and the password go elsewhere; so would a proxy of the environment.
        "allow_redirects": False,
        "proxies": {"http": "", "https": ""},
        "hooks": {"response": limit.bound},
    }
    # Mailman reads UTF-8; of a text `requests` would make Latin-1.
    return Connection(settings.url, settings.user.encode(), password.encode(), [lambda given: {**given, **more}])


class _ByteLimit:
    """How many bytes may still be read."""

    def __init__(self, name: str, left: int) -> None:
        self._name, self._left = name, left

    def bound(self, response: requests.Response, *_args: object, **_more: object) -> None:
        """Have the body of a response, of which nothing is read yet, read within the limit."""
        response.raw = _BoundedBody(response.raw, self)

    def spend(self, count: int) -> None:
        """Note that so many bytes were read.

        Raises:
            ListError: the limit is passed.
        """
        self._left -= count
        if self._left < 0:
            raise ListError(
                Fault.ANSWER,
                f"{self._name}: the answers have more than {MAX_BYTES} bytes, as no list has. Check `url`.",
            )


class _BoundedBody:
    """The body of a response as urllib3 gives it, unpacked, until a limit is reached."""

    def __init__(self, body: Any, limit: _ByteLimit) -> None:
        self._body, self._limit = body, limit

    def __getattr__(self, name: str) -> Any:
        return getattr(self._body, name)

    def stream(self, size: int, decode_content: bool = True) -> Iterator[bytes]:
        """Yield the body in pieces."""
        for piece in self._body.stream(size, decode_content=decode_content):
            self._limit.spend(len(piece))
            yield piece
