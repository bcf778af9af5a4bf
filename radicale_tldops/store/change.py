"""Whether a database may have changed since it was looked at last, without opening it.

Without opening, because to close a file is to give up all the locks that this process has on it (POSIX), those of a
connection included that is writing in another thread.
"""

import time
from pathlib import Path

TICK_NS = 50_000_000
"""So many nanoseconds after a change, a file may change once more without another time: its clock ticks slowly."""


def file_identity(path: Path) -> tuple[int, int]:
    """Return what tells this file from another one that is put in its place; zeros where there is none."""
    try:
        status = path.stat()
    except OSError:
        return (0, 0)
    return (status.st_dev, status.st_ino)


def file_mark(path: Path) -> tuple[int, ...] | None:
    """Return a mark that is another one after every change; right after one it equals no other mark at all.

    None is no answer: the file cannot be looked at. It is a hint: whoever gets the same mark twice may leave out a
    look, and takes it before the look that it stands for.
    """
    try:
        status = path.stat()
    except OSError:
        return None
    mark = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    now = time.time_ns()
    return mark if status.st_mtime_ns <= now - TICK_NS else (*mark, now)
