"""The state of the live store, and which passwords are possible."""

from dataclasses import dataclass

from radicale_tldops.roster.errors import StoreError

MAX_PASSWORD = 1024
"""Longer passwords are refused before they are hashed."""


@dataclass(frozen=True, slots=True)
class LiveState:
    """What the live store serves, the seconds since it could last read the databases, and the class of the error.

    `generation` is None before the first load, the others are None while the databases can be read.
    """

    generation: int | None
    blind_seconds: float | None
    fault: type[StoreError] | None


def is_possible(password: str) -> bool:
    """Return whether this can be a password: it is not blank, not too long, and has no NUL character."""
    return bool(password.strip()) and "\x00" not in password and len(password) <= MAX_PASSWORD
