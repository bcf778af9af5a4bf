"""Who a request comes from, and how a worker stands."""

from dataclasses import dataclass

from radicale_tldops.roster.errors import StoreError
from radicale_tldops.roster.snapshot import GROUPS_SUFFIX, Reader, Style
from radicale_tldops.store.values import Device

MAX_PASSWORD = 1024
"""Longer passwords are refused before they are hashed."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a request comes from: the reader, the device, and the style of the book that this client gets.

    There is no device where the login was proved by LDAP.
    """

    reader: Reader
    device: Device | None
    style: Style

    @property
    def label(self) -> str:
        """What the device is called, for logs: its label, or "LDAP"."""
        return self.device.label if self.device else "LDAP"

    @property
    def principal(self) -> str:
        """The principal's name in paths, with the suffix for the style."""
        return self.reader.principal + (GROUPS_SUFFIX if self.style is Style.GROUPS else "")


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
