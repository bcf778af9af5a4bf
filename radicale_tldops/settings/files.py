"""Reading a file that somebody names: whole, up to a limit, and never waiting for what is not a regular file."""

import os
import stat
from pathlib import Path

from radicale_tldops.roster.errors import TldopsError


class UnreadableFileError(TldopsError):
    """A file cannot be read. The text is the reason, without the name of the file."""


def read_file(path: Path, most: int) -> tuple[bytes, os.stat_result]:
    """Return the content of a regular file of at most `most` bytes, and its status from before it was read.

    Raises:
        UnreadableFileError: it is missing, not readable, not a regular file, or longer.
    """
    try:
        # Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                kind = "a directory" if stat.S_ISDIR(status.st_mode) else "a pipe or a device"
                raise UnreadableFileError(f"it is {kind}, not a file")
            if status.st_size > most:
                raise UnreadableFileError(f"it has more than {most} bytes")
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                content = file.read(most + 1)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise UnreadableFileError(error.strerror or type(error).__name__) from error
    if len(content) > most:
        raise UnreadableFileError(f"it has more than {most} bytes")
    return content, status
