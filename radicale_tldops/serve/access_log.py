"""The access log: one line for each request on standard error, from where systemd's journal takes it.

One space separates the fields: time (UTC), peer, method, path, status, login, device label, bytes sent, duration in
milliseconds, generation. A field with other characters than visible ASCII is in double quotes, escaped as in JSON, so
a client cannot make a second line or another field. "-" is an empty field. No line holds a password or a query string.
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
"""Most lines that wait while nobody reads the log; further ones are only counted."""

_PAUSE = 0.05
"""Seconds for which lines are gathered and then written together."""

_ATOMIC = 4096
"""The number of bytes that a pipe takes at once (PIPE_BUF): lines of other processes do not mix with these."""

_METHOD, _PATH, _PEER, _LOGIN, _DEVICE = 20, 400, 64, 254, 100
"""The longest form of each field in characters; the rest is cut off."""

# Visible ASCII without the quotation mark and the backslash; a lone "-" has to be told from an empty field.
_safe = re.compile(r"(?!-\Z)[!#-\[\]-~]+").fullmatch


@dataclass(slots=True)
class Served:
    """One request that was answered.

    `login` is as it was typed, correct or not; `sent` is the length of the body in bytes; `generation` is the one that
    the answer is from. An empty text and a generation of 0 are shown as "-".
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
    """Writes lines to the file descriptor `target`. Safe for threads. Create it after the fork of the worker.

    A thread writes, so no request waits for the reader of the log. While nobody reads, up to `_MAX_WAITING` lines wait;
    the number of further ones is logged later. A worker that is killed loses the lines of the last `_PAUSE` seconds.
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
        # A child of `multiprocessing` ends without `atexit`.
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
        """Write the waiting lines, for at most a second, and stop."""
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
        # If standard error is closed, the error cannot be reported either.
        with contextlib.suppress(OSError):
            os.write(self._target, text.encode("ascii"))


def _field(text: str, longest: int) -> str:
    """Return a field, in quotes where necessary. A text that was cut ends in "..."."""
    if len(text) <= longest and _safe(text):
        return text
    if not text:
        return "-"
    if len(text) > longest:
        text = text[:longest] + "..."
    quoted = _quoted(text)
    # An escape is up to twelve times as long as its character.
    return quoted if len(quoted) <= 2 * longest else _quoted(text[: longest // 8] + "...")


def _quoted(text: str) -> str:
    return json.dumps(text).replace("\x7f", "\\u007f")
