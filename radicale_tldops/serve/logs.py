"""The log of a process of the server, written by a thread: nothing waits for its reader or fails without one."""

import logging
import logging.handlers
import os
import queue
import threading
from contextlib import suppress
from multiprocessing.util import Finalize

from radicale_tldops.serve.access_log import STANDARD_ERROR

NAMES = ("radicale_tldops", "radicale", "_granian")
"""The loggers of the server."""

MAX_WAITING = 1000
"""Most lines that wait while nobody reads the log; further ones are lost."""

_Lines = queue.Queue[logging.LogRecord | None]


class _Queue(logging.handlers.QueueHandler):
    """Puts lines into a queue, from which a thread writes them."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name is logging's
        """Drop the line: a message about it would have to wait, too."""


def log_apart() -> None:
    """Write the log of this process to standard error in a thread of its own."""
    lines: _Lines = queue.Queue(MAX_WAITING)
    for name in NAMES:
        log = logging.getLogger(name)
        log.handlers = [_Queue(lines)]
        log.propagate = False
    writer = threading.Thread(target=_write, args=(lines,), name="log", daemon=True)
    writer.start()
    # A child of `multiprocessing` ends without `atexit`.
    Finalize(None, _stop, args=(lines, writer), exitpriority=0)


def _write(lines: _Lines) -> None:
    while record := lines.get():
        # If standard error is closed, the error cannot be reported either.
        with suppress(OSError):
            os.write(STANDARD_ERROR, f"{record.getMessage()}\n".encode(errors="backslashreplace"))


def _stop(lines: _Lines, writer: threading.Thread) -> None:
    """Write the lines that wait, for at most a second."""
    with suppress(queue.Full):
        lines.put_nowait(None)
    writer.join(1)
