"""The state of the live store, which passwords are possible, and which have the form of a device password."""

import re
import unicodedata
from dataclasses import dataclass

from radicale_tldops.roster.errors import StoreError
from radicale_tldops.store.members import GROUP_LENGTH, PASSWORD_GROUPS, SYMBOLS

MAX_PASSWORD = 1024
"""Longer passwords are refused before they are hashed."""

_IMPOSSIBLE = re.compile("[\x00\ud800-\udfff]")
_LENGTH = GROUP_LENGTH * PASSWORD_GROUPS
_ISSUED = re.compile(rf"[{SYMBOLS}]{{{GROUP_LENGTH}}}(?:-[{SYMBOLS}]{{{GROUP_LENGTH}}}){{{PASSWORD_GROUPS - 1}}}")
_SIMILAR = re.compile(rf"-?[0-9a-z]{{{GROUP_LENGTH}}}(?:-[0-9a-z]{{{GROUP_LENGTH}}}){{{PASSWORD_GROUPS - 1}}}-?")
_GAP = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class LiveState:
    """What the live store serves, the seconds since it could last read the databases, and the class of the error.

    `generation` is None before the first load, the others are None while the databases can be read.
    """

    generation: int | None
    blind_seconds: float | None
    fault: type[StoreError] | None


def is_possible(password: str) -> bool:
    """Return whether this can be a password: it is not blank, not too long, and has no NUL and no surrogate."""
    return bool(password.strip()) and len(password) <= MAX_PASSWORD and not _IMPOSSIBLE.search(password)


def device_password(typed: str) -> str:
    """Return a device password as it was issued, or "" for a text that cannot be one.

    Case, dashes and spaces do not count, nor does any other character between letters and digits: phones change dashes
    and begin with a capital.
    """
    if _ISSUED.fullmatch(typed):
        return typed
    symbols = _GAP.sub("", _folded(typed))
    if len(symbols) != _LENGTH or not set(symbols) <= set(SYMBOLS):
        return ""
    return "-".join(symbols[start : start + GROUP_LENGTH] for start in range(0, _LENGTH, GROUP_LENGTH))


def resembles_device_password(typed: str) -> bool:
    """Return whether a text is a device password or one that was typed wrong, such as "o" for "0"."""
    return bool(device_password(typed) or _SIMILAR.fullmatch(_GAP.sub("-", _folded(typed))))


def _folded(typed: str) -> str:
    return unicodedata.normalize("NFKC", typed).lower()
