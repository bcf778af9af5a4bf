"""The errors of this project. Everything that it raises on purpose is a `TldopsError`."""

import math


class TldopsError(Exception):
    """An error with a message for a person: what is wrong, where, and what to do."""


class SettingsError(TldopsError):
    """`tldops.toml` is missing, unreadable, or holds a wrong key or value."""


class InputError(TldopsError):
    """A membership file or a subscriber list cannot be read, or is something else."""


class RefusedError(TldopsError):
    """A guard, or an error in the data, forbids the change."""


class UnknownSubjectError(TldopsError):
    """There is no login, device or generation of that name."""


class StoreError(TldopsError):
    """A database cannot be opened, read, written or trusted."""


class CorruptStoreError(StoreError):
    """The content of a database does not match its digest."""


class MissingStoreError(StoreError):
    """A database is missing, or its file is empty."""


class OlderCopyError(StoreError):
    """A database was replaced by an older copy."""


class ConflictError(StoreError):
    """The store has moved on since a plan was made, or another command is writing."""


class DirectoryError(TldopsError):
    """An LDAP directory cannot be reached, trusted or understood, so the password could not be checked."""


class DelayedError(TldopsError):
    """The login cannot be checked now, and must not be refused. `retry_after` is in whole seconds."""

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = max(1, math.ceil(retry_after))


class ThrottledError(DelayedError):
    """Too many wrong passwords came for this login or from this address; the password was not checked (HTTP 429)."""


class UnavailableError(DelayedError):
    """Only the directory can check the password, and it cannot be asked now (HTTP 503)."""
