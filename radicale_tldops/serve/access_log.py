"""The access log: one line for each request, on standard error, where the journal picks it up.

The fields are separated by one space each: time (UTC), peer, method, path, status, login, device label, bytes sent,
duration in milliseconds, generation. A field that holds anything but visible ASCII stands in double quotes, escaped as
in JSON: no newline, escape sequence or space of a client's makes a second line or another field. "-" is an empty one.
Neither passwords nor query strings ever get here.
"""

import contextlib
import json
import os
import re
import threading
import time
from collections import deque
from dataclasses import dataclass
from multiprocessing.util import Finalize

STANDARD_ERROR = 2

_MAX_WAITING = 20_000
"""How many lines wait at most while nobody reads the log; further ones are counted, not kept."""

_PAUSE = 0.05
"""For how many seconds lines are gathered before they are written together."""

_ATOMIC = 4096
"""What a pipe takes whole (PIPE_BUF): lines of other processes do not run into ours."""

_METHOD, _PATH, _PEER, _LOGIN, _DEVICE = 20, 400, 64, 254, 100
"""The longest that is shown of a field, in characters."""

# Visible ASCII without the quotation mark and the backslash; a lone "-" has to be told from an empty field.
_safe = re.compile(r"(?!-\Z)[!#-\[\]-~]+").fullmatch


@dataclass(slots=True)
class Served:
    """One request that was answered.

    `login` is what was typed, whether or not it was right; `sent` is the length of the body in bytes; `generation` is
    what it was answered from. An empty text, and a generation of 0, is shown as "-".
    """

    peer: str
    method: str
    path: str
    status: int
    login: str
    device: str
    sent: int
    seconds: float
    generation: int


class AccessLog:
    """Writes lines to the file descriptor `target`. Safe for threads; made in the worker that uses it.

    A thread of its own writes, so that no request waits for the reader of the log: while nobody reads it, lines wait,
    and further ones are lost and counted. The lines of about `_PAUSE` seconds are lost when the worker is killed.
    """

    def __init__(self, target: int = STANDARD_ERROR) -> None:
        self._target = target
        self._lines: deque[str] = deque()
        self._lost = 0
        self._stamp = (-1, "")
        self._work = threading.Event()
        self._closing = False
        self._writer = threading.Thread(target=self._write_on, name="access-log", daemon=True)
        self._writer.start()
        # A worker of granian ends without `atexit`, as all children of `multiprocessing` do.
        self._at_exit = Finalize(self, self.close, exitpriority=0)

    def log(self, served: Served) -> None:
        """Log one request; never raises and never waits."""
        if len(self._lines) >= _MAX_WAITING:
            self._lost += 1
            return
        self._lines.append(
            f"{self._now()} {_field(served.peer, _PEER)} {_field(served.method, _METHOD)} "
            f"{_field(served.path, _PATH)} {served.status} {_field(served.login, _LOGIN)} "
            f"{_field(served.device, _DEVICE)} {served.sent} {served.seconds * 1000:.1f} {served.generation or '-'}\n"
        )
        if not self._work.is_set():
            self._work.set()

    def close(self) -> None:
        """Write what is waiting, for at most a second, and stop."""
        self._closing = True
        self._work.set()
        self._writer.join(1)

    def _now(self) -> str:
        now = time.time()
        second = int(now)
        # Two threads may both find a new second; either writes the same pair.
        known, clock = self._stamp
        if known != second:
            clock = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
            self._stamp = second, clock
        return f"{clock}.{int((now - second) * 1000):03d}Z"

    def _write_on(self) -> None:
        while not self._closing:
            self._work.wait()
            if not self._closing:
                time.sleep(_PAUSE)
            self._work.clear()
            self._write_waiting()

    def _write_waiting(self) -> None:
        chunk: list[str] = []
        size = 0
        while self._lines:
            line = self._lines.popleft()
            if size + len(line) > _ATOMIC:
                self._write("".join(chunk))
                chunk, size = [], 0
            chunk.append(line)
            size += len(line)
        self._write("".join(chunk))
        if self._lost:
            lost, self._lost = self._lost, 0
            self._write(f"{self._now()} {lost} lines of the access log are lost: nobody read them\n")

    def _write(self, text: str) -> None:
        # Without a reader there is nobody left to tell.
        with contextlib.suppress(OSError):
            os.write(self._target, text.encode("ascii"))


def _field(text: str, longest: int) -> str:
    """Return a field, quoted where it has to be; what is cut off ends in "..."."""
    if len(text) <= longest and _safe(text):
        return text
    if not text:
        return "-"
    if len(text) > longest:
        text = text[:longest] + "..."
    quoted = _quoted(text)
    # Escapes are up to twelve times as long as what they stand for.
    return quoted if len(quoted) <= 2 * longest else _quoted(text[: longest // 8] + "...")


def _quoted(text: str) -> str:
    return json.dumps(text).replace("\x7f", "\\u007f")
