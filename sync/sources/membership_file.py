"""Reads the bytes of a file, and refuses a file that changes at the same time."""

import hashlib
import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from radicale_tldops.roster.errors import InputError
from radicale_tldops.settings.files import UnreadableFileError, read_file
from radicale_tldops.store.values import Source

MAX_BYTES = 64 * 1024 * 1024
"""Largest file that is read, in bytes."""


STANDARD_INPUT = Path("standard input")
"""What standard input is called in messages and in the history."""


@dataclass(frozen=True, slots=True)
class InputFile:
    """The bytes of a file, and its name, digest and time for the history."""

    data: bytes
    source: Source


def read_standard_input(now: datetime) -> InputFile:
    """Return the bytes of standard input to its end, as a membership file of this moment.

    Raises:
        InputError: there are too many.
    """
    data = sys.stdin.buffer.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise InputError(f"{STANDARD_INPUT}: there are more than {MAX_BYTES} bytes.")
    source = Source("membership", STANDARD_INPUT.name, hashlib.sha256(data).hexdigest(), now.isoformat())
    return InputFile(data, source)


def read(path: Path, part: str) -> InputFile:
    """Return the bytes of a regular file; `part` is what the file is among the inputs of a generation.

    Raises:
        InputError: it is missing, unreadable, not a regular file or too large, or it changed while it was read.
    """
    try:
        data, before = read_file(path, MAX_BYTES)
        after = path.stat()
    except UnreadableFileError as error:
        raise InputError(f"{path}: the file could not be read: {error}.") from error
    except OSError as error:
        raise InputError(f"{path}: the file could not be read: {error.strerror}.") from error
    if _state(before) != _state(after) or len(data) != before.st_size:
        raise InputError(f"{path}: the file changed while it was read. Run the command again when it is complete.")
    try:
        modified = datetime.fromtimestamp(before.st_mtime, UTC)
    except (ValueError, OverflowError):
        raise InputError(
            f"{path}: the file's time of change is not valid. If it is the newest file, run `touch` on it."
        ) from None
    # The name of a file may be other bytes than UTF-8. The store keeps only UTF-8.
    name = os.fsencode(path).decode("utf-8", "backslashreplace")
    return InputFile(data, Source(part, name, hashlib.sha256(data).hexdigest(), modified.isoformat()))


def _state(status: os.stat_result) -> tuple[int, ...]:
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
