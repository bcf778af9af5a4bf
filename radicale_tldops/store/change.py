"""Whether a database may have changed since it was looked at last, without opening it."""

import os
from pathlib import Path

_COUNTER = 24
"""Where SQLite keeps its file change counter, which every transaction raises (SQLite's file format, 1.3.5)."""


def file_mark(path: Path) -> tuple[int | bytes, ...] | None:
    """Return a mark that is another one after every transaction, and after most other changes; None is no answer.

    It is a hint: whoever gets the same mark twice may leave out a look, and takes it before the look that it stands
    for.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        status = os.fstat(descriptor)
        counter = os.pread(descriptor, 4, _COUNTER)
        return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns, counter
    except OSError:
        return None
    finally:
        os.close(descriptor)
