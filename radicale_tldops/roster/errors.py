"""The errors of this project. Everything that it raises on purpose is a `TldopsError`."""

import math


class TldopsError(Exception):
    """Any error with a message for a person: what is wrong, where, and what to do."""


class SettingsError(TldopsError):
    """`tldops.toml` is missing, unreadable, or holds a wrong key or value."""


class InputError(TldopsError):
    """A membership file or a list of subscribers cannot be read, or is not one."""


class RefusedError(TldopsError):
    """A guard, or an error in the data, forbids what was asked."""


class UnknownSubjectError(TldopsError):
    """A login, device or generation was named that does not exist."""


class StoreError(TldopsError):
    """A database cannot be opened, read, written or trusted."""


class CorruptStoreError(StoreError):
    """The content of a database does not match its digest."""


class OlderCopyError(StoreError):
    """An older copy of the roster was put in the place of the newest one."""


class ConflictError(StoreError):
    """The store has moved on since a plan was made, or another command is writing."""


class DirectoryError(TldopsError):
    """An LDAP directory cannot be reached, trusted or understood; it says nothing about anybody's password."""


class DelayedError(TldopsError):
    """The login cannot be checked now, and must not be refused. `retry_after` is in whole seconds."""

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = max(1, math.ceil(retry_after))


class ThrottledError(DelayedError):
    """Too many wrong passwords came for this login, or from there; the password was not looked at (HTTP 429)."""


class UnavailableError(DelayedError):
    """Only the directory can check the password, and it cannot be asked now (HTTP 503)."""
