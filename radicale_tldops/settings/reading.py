"""Reading single values: each function takes what TOML gave, and the folder that relative paths count from."""

import re
from collections.abc import Callable, Mapping
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

from radicale_tldops.roster.login import canonical_login

LIST_FORMATS = (*("auto", "report", "mailman2", "mailman3", "mailman3-rfc2047", "dumpdb", "csv", "tsv", "addresses"),)
"""The formats of membership files and lists (docs/membership-file.md)."""

_LABEL = re.compile(r"[A-Za-z]{2}|[Xx][Nn]--[A-Za-z0-9-]+|(?=.*[^\x00-\x7f])[^\s.,;/]+")

_SERVER = re.compile(r"https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?/?")

_DIRECTORY = re.compile(r"ldaps?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?/?")

_REST = re.compile(r"https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+)*/?")

_LIST_ID = re.compile(r"[A-Za-z0-9._+-]+(@[A-Za-z0-9.-]+)?")

_ATTRIBUTE = re.compile(r"[A-Za-z][A-Za-z0-9-]*")

Read = Callable[[Any, Path], Any]


class WrongValueError(ValueError):
    """The text says what is allowed instead; `entry` is the key inside a table of which the value is."""

    def __init__(self, allowed: str, entry: str = "") -> None:
        super().__init__(allowed)
        self.entry = entry


def text(value: Any, _base: Path) -> str:
    """Read a text without line ends and other controls."""
    if not isinstance(value, str) or any(ord(char) < 32 or ord(char) == 127 for char in value):
        raise WrongValueError("a text in quotes, on one line")
    return value


def name(value: Any, base: Path) -> str:
    """Read a text that is not empty."""
    if not text(value, base).strip():
        raise WrongValueError("a text that is not empty")
    return str(value).strip()


def path(value: Any, base: Path) -> Path:
    """Read a path; a relative one counts from the folder `base`."""
    if not text(value, base).strip():
        raise WrongValueError("the path of a file, in quotes")
    return base / Path(value).expanduser()


def optional_path(value: Any, base: Path) -> Path | None:
    """Read a path, or nothing for an empty text."""
    return path(value, base) if value != "" else None


def flag(value: Any, _base: Path) -> bool:
    """Read true or false."""
    if not isinstance(value, bool):
        raise WrongValueError("true or false")
    return value


def whole(least: int, most: int) -> Read:
    """Return the reader of a whole number from `least` to `most`."""

    def read(value: Any, _base: Path) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise WrongValueError(f"a whole number from {least} to {most}")
        return value

    return read


def percent(value: Any, _base: Path) -> float:
    """Read a percentage."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 100:
        raise WrongValueError("a number from 0 to 100")
    return float(value)


def labels(value: Any, _base: Path) -> tuple[str, ...]:
    """Read a list of ccTLD labels."""
    if not isinstance(value, list) or not all(isinstance(item, str) and item.strip() for item in value):
        raise WrongValueError('a list of labels, for example ["nl", "рф"]')
    for item in value:
        if not _LABEL.fullmatch(item.strip().lstrip(".")):
            raise WrongValueError(f"two letters or an IDN label each, which {item!r} is not")
    return tuple(item.strip() for item in value)


def list_format(value: Any, base: Path) -> str:
    """Read the name of a list format."""
    if text(value, base) not in LIST_FORMATS:
        raise WrongValueError(f"one of {', '.join(LIST_FORMATS)}")
    return str(value)


def reasons(value: Any, _base: Path) -> Mapping[str, str]:
    """Read a table from mail addresses, made canonical, to reasons."""
    if not isinstance(value, dict):
        raise WrongValueError('one line for each address: "somebody@example.org" = "the reason"')
    found: dict[str, str] = {}
    for address, reason in value.items():
        login = canonical_login(address)
        if not login:
            raise WrongValueError(f"a mail address on the left, which {address!r} is not", address)
        if not isinstance(reason, str) or not reason.strip():
            raise WrongValueError(f"a reason in quotes behind {address!r}", address)
        found[login] = reason.strip()
    return found


def url(value: Any, base: Path) -> str:
    """Read the address of a server, or an empty text."""
    given = text(value, base)
    if given and not _SERVER.fullmatch(given):
        raise WrongValueError('an address without a path, like "https://contacts.example.org/"')
    return given


def directories(value: Any, _base: Path) -> tuple[str, ...]:
    """Read a list of LDAP servers."""
    if not isinstance(value, list) or not all(isinstance(item, str) and _DIRECTORY.fullmatch(item) for item in value):
        raise WrongValueError('a list of servers, for example ["ldap://ldap.example.org", "ldaps://ldap2.example.org"]')
    return tuple(value)


def choice(*allowed: str) -> Read:
    """Return the reader of one of several words, or of an empty text for none of them."""

    def read(value: Any, base: Path) -> str:
        if text(value, base) and value not in allowed:
            raise WrongValueError(f"one of {', '.join(allowed)}")
        return str(value)

    return read


def names(value: Any, base: Path) -> tuple[str, ...]:
    """Read a list of texts that are not empty."""
    if not isinstance(value, list):
        raise WrongValueError("a list of texts, each in quotes")
    return tuple(name(item, base) for item in value)


def rest_url(value: Any, base: Path) -> str:
    """Read the address of a REST interface, with its path and without a user or a question mark."""
    if not _REST.fullmatch(text(value, base)):
        raise WrongValueError('an address like "http://localhost:8001/3.1"')
    return str(value).rstrip("/")


def list_id(value: Any, base: Path) -> str:
    """Read the id of a mailing list, or its address, or an empty text."""
    if text(value, base) and not _LIST_ID.fullmatch(value):
        raise WrongValueError('the id of a list, like "tld-ops.lists.example.org"')
    return str(value)


def attribute(value: Any, base: Path) -> str:
    """Read the name of an attribute type (RFC 4512, 1.4)."""
    if not _ATTRIBUTE.fullmatch(text(value, base)):
        raise WrongValueError('the name of an LDAP attribute, like "mail"')
    return str(value)


def proxies(value: Any, _base: Path) -> tuple[str, ...]:
    """Read a list of addresses and networks, or the word "unix"."""
    allowed = 'a list of addresses and networks, for example ["127.0.0.1", "2001:db8::/64"], or "unix" in it'
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise WrongValueError(allowed)
    for item in value:
        try:
            if item != "unix":
                ip_network(item)
        except ValueError as error:
            raise WrongValueError(f"{allowed}; {item!r} is none: {error}") from error
    return tuple(value)


def loopback(value: Any, base: Path) -> str:
    """Read an address of this machine's loopback with a port, or an empty text."""
    given = text(value, base)
    host, _, port = given.rpartition(":")
    try:
        right = not given or (
            ip_address(host.removeprefix("[").removesuffix("]")).is_loopback
            and port.isascii()
            and 0 < int(port) < 65536
        )
    except ValueError:
        right = False
    if not right:
        raise WrongValueError('an address of the loopback with a port, like "127.0.0.1:9232"')
    return given


def with_login(value: Any, base: Path) -> str:
    """Read a text with a place for what a person typed as login, or an empty text."""
    if text(value, base) and "{login}" not in value:
        raise WrongValueError("a text with {login} in it")
    return str(value)
