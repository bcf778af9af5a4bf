"""mailmanclient's connection to Mailman Core with limits on time and bytes; it sends the password nowhere else."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import requests
from mailmanclient.restbase.connection import Connection

from radicale_tldops.login.directory import is_this_machine
from radicale_tldops.login.passwords import read_password
from radicale_tldops.roster.errors import SettingsError
from radicale_tldops.settings import Mailman3Settings
from sync.sources.subscribers import ListError, ListFault

CONNECT_SECONDS = 3
"""Longest time in seconds for connecting to Mailman."""

READ_SECONDS = 10
"""Longest time in seconds for one wait for an answer."""

MAX_BYTES = 64 * 1024 * 1024
"""Most bytes of all answers to one command together. A member takes less than 1,000."""


def connect(settings: Mailman3Settings, section: str, name: str) -> Connection:
    """Return mailmanclient's connection with limits on time and bytes, which it does not have by default.

    In messages, `section` stands for the settings and `name` for the list.

    Raises:
        SettingsError: the list or the password is missing, or the password would go over a network without encryption.
    """
    if not settings.list:
        raise SettingsError(
            f"[{section}] has no `list`: set it to the id of the list, such as tld-ops.lists.example.org."
        )
    parts = urlsplit(settings.url)
    if parts.scheme == "http" and not settings.plain_http and not is_this_machine(parts.hostname or ""):
        raise SettingsError(
            f"[{section}] url = {settings.url!r}: over http:// Mailman's password would go to another machine "
            "without encryption. Use https:// or a tunnel. In a network that you trust, set plain_http = true."
        )
    password = read_password(settings.password_file, f"[{section}]")
    if not password.isascii():
        # Mailman compares it with hmac.compare_digest, which accepts only ASCII: else it answers with status 500.
        raise SettingsError(
            f"[{section}] the password has characters that are not ASCII, and Mailman does not accept them. Choose "
            "another password."
        )
    limit = _ByteLimit(name, MAX_BYTES)
    more = {
        "timeout": (CONNECT_SECONDS, READ_SECONDS),
        "verify": str(settings.ca_file) if settings.ca_file else True,
        # A redirect, or a proxy that the environment names, would send the password elsewhere.
        "allow_redirects": False,
        "proxies": {"http": "", "https": ""},
        "hooks": {"response": limit.bound},
    }
    # As bytes: Mailman reads UTF-8, and `requests` encodes a str as Latin-1.
    return Connection(settings.url, settings.user.encode(), password.encode(), [lambda given: {**given, **more}])


class _ByteLimit:
    """How many bytes may still be read."""

    def __init__(self, name: str, left: int) -> None:
        self._name, self._left = name, left

    def bound(self, response: requests.Response, *_args: object, **_more: object) -> None:
        """Limit how much is read of the body of a response. Nothing of it has been read yet."""
        response.raw = _BoundedBody(response.raw, self)

    def spend(self, count: int) -> None:
        """Count `count` bytes that were read.

        Raises:
            ListError: the limit is passed.
        """
        self._left -= count
        if self._left < 0:
            raise ListError(
                ListFault.ANSWER,
                f"{self._name}: the answers have more than {MAX_BYTES} bytes. No list is so long. Check `url`.",
            )


class _BoundedBody:
    """The body of a response of urllib3, uncompressed, up to a limit."""

    def __init__(self, body: Any, limit: _ByteLimit) -> None:
        self._body, self._limit = body, limit

    def __getattr__(self, name: str) -> Any:
        return getattr(self._body, name)

    def stream(self, size: int, decode_content: bool = True) -> Iterator[bytes]:
        """Yield the body in pieces."""
        for piece in self._body.stream(size, decode_content=decode_content):
            self._limit.spend(len(piece))
            yield piece
