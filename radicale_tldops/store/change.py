"""Whether a database may have changed since it was last read, found out without opening it.

Closing a file gives up all locks that this process holds on it (POSIX), those of a thread that is writing included.
"""

import time
from pathlib import Path

TICK_NS = 50_000_000
"""Within so many nanoseconds after a change, another change may leave the time of the file as it is."""


def file_identity(path: Path) -> tuple[int, int]:
    """Return device and inode, which differ for a file that replaces this one; zeros where there is no file."""
    try:
        status = path.stat()
    except OSError:
        return (0, 0)
    return (status.st_dev, status.st_ino)


def file_mark(path: Path) -> tuple[int, ...] | None:
    """Return a value that differs after every change; None where the file cannot be looked at.

    Within `TICK_NS` after a change each value is a new one. Take the mark before you read the database: if a later mark
    is equal, the database need not be read again.
    """
    try:
        status = path.stat()
    except OSError:
        return None
    mark = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    now = time.time_ns()
    return mark if status.st_mtime_ns <= now - TICK_NS else (*mark, now)
