"""Reading single values: each function takes what TOML gave, and the folder that relative paths count from."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from radicale_tldops.roster.login import canonical_login

LIST_FORMATS = (*("auto", "report", "mailman2", "mailman3", "mailman3-rfc2047", "dumpdb", "csv", "tsv", "addresses"),)
"""The formats of membership files and lists (docs/membership-file.md)."""

_LABEL = re.compile(r"[A-Za-z]{2}|[Xx][Nn]--[A-Za-z0-9-]+|(?=.*[^\x00-\x7f])[^\s.,;/]+")

_SERVER = re.compile(r"https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?/?")

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
