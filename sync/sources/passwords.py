"""Passwords for the systems that are asked, from where they are kept."""

import os
from pathlib import Path

from radicale_tldops.roster.errors import SettingsError


def read_password(section: str, file: Path | None, variable: str) -> str:
    """Return the password that a section of the configuration names, by a file or a variable of the environment.

    Raises:
        SettingsError: there is none, or it cannot be read. No message holds any part of it.
    """
    if file is not None and variable:
        raise SettingsError(f"[{section}] names both password_file and password_env; one of them is enough.")
    if file is not None:
        try:
            password = file.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise SettingsError(f"{file}: cannot read the password of [{section}]: {reason}.") from None
        where = str(file)
    else:
        password, where = os.environ.get(variable, "") if variable else "", f"${variable}"
        if not variable:
            raise SettingsError(f"[{section}] names no password: set password_file or password_env.")
    if not password.strip() or any(ord(char) < 32 for char in password):
        raise SettingsError(f"{where}: this holds no password for [{section}], or more than one line.")
    return password
