"""The passwords with which tldops logs in to other systems, each in a file of its own."""

from pathlib import Path

from radicale_tldops.roster.errors import SettingsError
from radicale_tldops.settings.files import UnreadableFileError, read_file

_MAX_BYTES = 4096


def read_password(file: Path | None, of: str) -> str:
    """Return the password in a file; `of` says in messages what it is for.

    Raises:
        SettingsError: no file is set, or it cannot be read, or it holds no password. No message holds any part of it.
    """
    if file is None:
        raise SettingsError(f"{of} has no password: set password_file.")
    try:
        # Some editors begin a file with a byte order mark, which nobody sees.
        password = read_file(file, _MAX_BYTES)[0].decode("utf-8-sig").rstrip("\r\n")
    except UnicodeError:
        raise SettingsError(f"{file}: cannot read the password of {of}: it is not UTF-8.") from None
    except UnreadableFileError as error:
        raise SettingsError(f"{file}: cannot read the password of {of}: {error}.") from None
    if not password.strip() or any(ord(char) < 32 for char in password):
        raise SettingsError(f"{file}: holds no password for {of}, or more than one line.")
    return password
