"""Reading a text file as one consistent version, or not at all."""

import hashlib
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from radicale_tldops.roster.errors import InputError
from radicale_tldops.settings.files import UnreadableFileError, read_file
from radicale_tldops.store.values import Source

MAX_BYTES = 64 * 1024 * 1024
"""Longest file that is read, in bytes."""


@dataclass(frozen=True, slots=True)
class InputFile:
    """The bytes of a file and what is recorded of it."""

    data: bytes
    source: Source


def read(path: Path, part: str) -> InputFile:
    """Read a regular file.

    Raises:
        InputError: it is missing, unreadable, not a regular file, too long, or was replaced while it was read.
    """
    try:
        data, before = read_file(path, MAX_BYTES)
        after = path.stat()
    except UnreadableFileError as error:
        raise InputError(f"{path}: cannot read the file: {error}.") from error
    except OSError as error:
        raise InputError(f"{path}: cannot read the file: {error.strerror}.") from error
    if _state(before) != _state(after) or len(data) != before.st_size:
        raise InputError(f"{path}: the file changed while it was read. Run the command again when it is complete.")
    try:
        modified = datetime.fromtimestamp(before.st_mtime, UTC)
    except (ValueError, OverflowError):
        raise InputError(f"{path}: the file's date of change is none. `touch` it if it is the newest.") from None
    # The name of a file need not be UTF-8, and what the store keeps of it has to be.
    name = os.fsencode(path).decode("utf-8", "backslashreplace")
    return InputFile(data, Source(part, name, hashlib.sha256(data).hexdigest(), modified.isoformat()))


def _state(status: os.stat_result) -> tuple[int, ...]:
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
