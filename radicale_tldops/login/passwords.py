"""Passwords for the systems that are asked, from where they are kept."""

import os
import stat
from pathlib import Path

from radicale_tldops.roster.errors import SettingsError

_MAX_BYTES = 4096


def read_password(file: Path | None, of: str) -> str:
    """Return the password that is in a file; `of` says in messages what it is for.

    Raises:
        SettingsError: there is none, or it cannot be read. No message holds any part of it.
    """
    if file is None:
        raise SettingsError(f"{of} has no password: set password_file.")
    try:
        # Some editors begin a file with a byte order mark, which nobody sees.
        given = _content(file, of).decode("utf-8-sig")
    except UnicodeError:
        raise SettingsError(f"{file}: cannot read the password of {of}: it is not UTF-8.") from None
    password = given.rstrip("\r\n")
    if not password.strip() or any(ord(char) < 32 for char in password):
        raise SettingsError(f"{file}: holds no password for {of}, or more than one line.")
    return password


def _content(file: Path, of: str) -> bytes:
    reason = "it is no regular file"
    try:
        # Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever.
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as opened:
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                content = opened.read(_MAX_BYTES + 1)
                if len(content) <= _MAX_BYTES:
                    return content
                reason = f"it has more than {_MAX_BYTES} bytes"
    except OSError as error:
        reason = error.strerror or type(error).__name__
    raise SettingsError(f"{file}: cannot read the password of {of}: {reason}.")
