"""How a worker stands, and which passwords are possible."""

from dataclasses import dataclass

from radicale_tldops.roster.errors import StoreError

MAX_PASSWORD = 1024
"""Longer passwords are refused before they are hashed."""


@dataclass(frozen=True, slots=True)
class LiveState:
    """How a worker stands: what it serves, for how many seconds it has been blind, and what kind of fault that is.

    Each is None where it does not apply: `generation` before the first good load, the others while all is well.
    """

    generation: int | None
    blind_seconds: float | None
    fault: type[StoreError] | None


def is_possible(password: str) -> bool:
    """Tell whether this can be a password at all: an empty, blank or huge one is refused before anything is asked."""
    return bool(password.strip()) and "\x00" not in password and len(password) <= MAX_PASSWORD
