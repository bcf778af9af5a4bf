"""The log of a worker: no request waits for whoever reads it, and none fails because nobody does."""

import logging
import logging.handlers
import queue
from multiprocessing.util import Finalize

NAMES = ("radicale_tldops", "radicale")
"""The loggers that a worker writes to."""

MAX_WAITING = 1000
"""How many lines wait at most; what comes while nobody reads is lost."""


class _Queue(logging.handlers.QueueHandler):
    """Puts lines where a thread of its own takes them from."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name is logging's
        """Lose the line: to say so would be to wait, too."""


def log_apart() -> None:
    """Let a thread of its own write the log of this process to standard error."""
    lines: queue.Queue[logging.LogRecord] = queue.Queue(MAX_WAITING)
    writer = logging.StreamHandler()
    writer.setFormatter(logging.Formatter("%(message)s"))
    for name in NAMES:
        log = logging.getLogger(name)
        log.handlers = [_Queue(lines)]
        log.propagate = False
    listener = logging.handlers.QueueListener(lines, writer)
    listener.start()
    # granian's workers end without `atexit`, as all children of `multiprocessing` do.
    Finalize(None, listener.stop, exitpriority=0)
