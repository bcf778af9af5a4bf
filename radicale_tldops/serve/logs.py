"""The log of the server, written by a thread: no request waits for its reader or fails because there is none."""

import logging
import logging.handlers
import queue
from multiprocessing.util import Finalize

NAMES = ("radicale_tldops", "radicale")
"""The loggers of the server."""

MAX_WAITING = 1000
"""Most lines that wait while nobody reads the log; further ones are lost."""


class _Queue(logging.handlers.QueueHandler):
    """Puts lines into a queue, from which a thread writes them."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name is logging's
        """Drop the line: a message about it would have to wait, too."""


def log_apart() -> None:
    """Write the log of this process to standard error in a thread of its own."""
    lines: queue.Queue[logging.LogRecord] = queue.Queue(MAX_WAITING)
    writer = logging.StreamHandler()
    writer.setFormatter(logging.Formatter("%(message)s"))
    for name in NAMES:
        log = logging.getLogger(name)
        log.handlers = [_Queue(lines)]
        log.propagate = False
    listener = logging.handlers.QueueListener(lines, writer)
    listener.start()
    # A child of `multiprocessing` ends without `atexit`.
    Finalize(None, listener.stop, exitpriority=0)
