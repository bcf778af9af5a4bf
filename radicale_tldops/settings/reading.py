"""Reading single values: each function takes what TOML gave, and the folder from which relative paths count."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any, TypeVar

from radicale_tldops.roster.cctld import canonical_label
from radicale_tldops.roster.login import canonical_login

LIST_FORMATS = ("auto", "report", "mailman2", "mailman3", "mailman3-rfc2047", "dumpdb", "csv", "tsv", "addresses")
"""The formats of membership files and lists (docs/membership-file.md)."""

_HOST = r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?"

_T = TypeVar("_T")


class WrongValueError(ValueError):
    """The text says what is allowed instead. `entry` is the key of the wrong entry, where the value is a table."""

    def __init__(self, allowed: str, entry: str = "") -> None:
        super().__init__(allowed)
        self.entry = entry


@dataclass(frozen=True, slots=True)
class Setting:
    """What is known of a setting beside its type and default: how it is read, and what it means."""

    read: Callable[[Any, Path], Any]
    meaning: str


def setting(default: _T, read: Callable[[Any, Path], _T], meaning: str) -> _T:
    """Return a field of a dataclass that is a setting. `read` raises `WrongValueError`."""
    return field(default_factory=lambda: default, metadata={"setting": Setting(read, meaning)})


@dataclass(frozen=True, slots=True)
class GuardLimit:
    """A limit of the guards: a percentage or a number of people, whichever is larger."""

    percent: float = 0
    people: int = 0

    def of(self, base: int) -> float:
        """Return the limit for so many people, or logins."""
        return max(self.percent * base / 100, float(self.people))

    def __str__(self) -> str:
        """Return the limit as it is written in the configuration."""
        percent = f"{self.percent:g} %"
        return f"{percent} or {self.people}" if self.people else percent


def text(value: Any, _base: Path) -> str:
    """Read a text without line ends and other control characters."""
    if not isinstance(value, str) or any(ord(char) < 32 or ord(char) == 127 for char in value):
        raise WrongValueError("a text in quotes, on one line")
    return value


def _text_like(pattern: str, allowed: str) -> Callable[[Any, Path], str]:
    """Return the reader of a text that matches a pattern; the space around it is taken away."""
    form = re.compile(pattern)

    def read(value: Any, base: Path) -> str:
        if not form.fullmatch(text(value, base)):
            raise WrongValueError(allowed)
        return str(value).strip()

    return read


def one_of(*words: str) -> Callable[[Any, Path], str]:
    """Return the reader of one of these words."""
    return _text_like("|".join(map(re.escape, words)), f"one of {', '.join(filter(None, words))}")


name = _text_like(r".*\S.*", "a text that is not empty")
host = _text_like(r"([A-Za-z0-9_.-]+|[0-9a-fA-F:]+)?", 'the name of a machine, like "mail.example.org"')
url = _text_like(rf"(https?://{_HOST}/?)?", 'an address without a path, like "https://contacts.example.org/"')
list_id = _text_like(r"([A-Za-z0-9._+-]+(@[A-Za-z0-9.-]+)?)?", 'the id of a list, like "tld-ops.lists.example.org"')
attribute = _text_like(r"[A-Za-z][A-Za-z0-9-]*", 'the name of an LDAP attribute (RFC 4512, 1.4), like "mail"')
with_login = _text_like(r"(.*\{login\}.*)?", "a text with {login} in it")
_rest_url = _text_like(
    rf"https?://{_HOST}(/[A-Za-z0-9._~-]+)*/?", 'an address without "?", like "http://localhost:8001/3.1"'
)
_label = _text_like(
    r"\s*\.?([A-Za-z]{2}|[Xx][Nn]--[A-Za-z0-9-]+|(?=.*[^\x00-\x7f])[^\s.,;/]+)\s*", "two letters or an IDN label"
)
_directory = _text_like(rf"ldaps?://{_HOST}/?", "the address of an LDAP server")


def mail_address(value: Any, base: Path) -> str:
    """Read a mail address, or an empty text."""
    given = text(value, base).strip()
    if given and not canonical_login(given):
        raise WrongValueError('a mail address, like "tld-ops@example.org"')
    return given


def rest_url(value: Any, base: Path) -> str:
    """Read the address of a REST interface, with its path and without a user or a question mark."""
    return _rest_url(value, base).rstrip("/")


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


def whole(least: int, most: int) -> Callable[[Any, Path], int]:
    """Return the reader of a whole number from `least` to `most`."""

    def read(value: Any, _base: Path) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise WrongValueError(f"a whole number from {least} to {most}")
        return value

    return read


def limit(value: Any, _base: Path) -> GuardLimit:
    """Read a limit of the guards: "10 %", "5" or "10 % or 5"."""
    form = r"(?:(\d{1,3}(?:\.\d{1,6})?) ?%)?( or )?(\d{1,7})?"
    found = re.fullmatch(form, value, re.ASCII) if isinstance(value, str) else None
    if found is None or not value or bool(found[2]) != (found[1] is not None and found[3] is not None):
        found = None
    if found is None or float(found[1] or 0) > 100:
        raise WrongValueError('"10 %" (from 0 to 100), "5" (people), or "10 % or 5" for the larger of the two')
    return GuardLimit(float(found[1] or 0), int(found[3] or 0))


def _several(read: Callable[[Any, Path], str], allowed: str) -> Callable[[Any, Path], tuple[str, ...]]:
    """Return the reader of a list; the message about a wrong item says what a list and its items are."""

    def read_all(value: Any, base: Path) -> tuple[str, ...]:
        if not isinstance(value, list):
            raise WrongValueError(allowed)
        try:
            return tuple(read(item, base) for item in value)
        except WrongValueError as error:
            raise WrongValueError(f"{allowed}; each is {error}") from error

    return read_all


def _proxy(value: Any, base: Path) -> str:
    given = text(value, base)
    try:
        if given != "unix":
            ip_network(given)
    except ValueError as error:
        raise WrongValueError(f'an address, a network or "unix", which {given!r} is not: {error}') from error
    return given


names = _several(name, "a list of texts, each in quotes")
labels = _several(_label, 'a list of labels, for example ["nl", "рф"]')
addresses = _several(mail_address, 'a list of mail addresses, for example ["operator@example.org"]')
roles = _several(one_of("owner", "moderator"), 'a list of roles, for example ["owner", "moderator"]')
directories = _several(
    _directory, 'a list of servers, for example ["ldap://ldap.example.org", "ldaps://ldap2.example.org"]'
)
proxies = _several(_proxy, 'a list of addresses and networks, for example ["127.0.0.1", "2001:db8::/64"]')


def _with_reasons(key: Callable[[str], str], what: str, example: str) -> Callable[[Any, Path], Mapping[str, str]]:
    """Return the reader of a table of reasons; `key` returns the canonical form of what stands on the left, or ""."""

    def read(value: Any, _base: Path) -> Mapping[str, str]:
        if not isinstance(value, dict):
            raise WrongValueError(f'one line for each {what}: "{example}" = "the reason"')
        found: dict[str, str] = {}
        for written, reason in value.items():
            canonical = key(written)
            if not canonical:
                raise WrongValueError(f"a {what} on the left, which {written!r} is not", written)
            if not isinstance(reason, str) or not reason.strip():
                raise WrongValueError(f"a reason in quotes behind {written!r}", written)
            found[canonical] = reason.strip()
        return found

    return read


def _cctld(written: str) -> str:
    label = canonical_label(written)
    return label if re.fullmatch(r"[a-z]{2}|xn--[a-z0-9-]+", label) else ""


reasons = _with_reasons(canonical_login, "mail address", "somebody@example.org")
cctld_reasons = _with_reasons(_cctld, "ccTLD", ".nl")


def headings(value: Any, base: Path) -> Mapping[str, tuple[str, ...]]:
    """Read a table from columns to one heading, or to a list of headings that fill the column together."""
    if not isinstance(value, dict):
        raise WrongValueError('one line for each column: name = ["First name", "Last name"]')
    found: dict[str, tuple[str, ...]] = {}
    for column, given in value.items():
        try:
            found[column] = names(given if isinstance(given, list) else [given], base)
        except WrongValueError as error:
            raise WrongValueError("a heading in quotes, or a list of headings", column) from error
    return found


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
