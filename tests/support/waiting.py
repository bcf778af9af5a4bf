"""Waiting for something to happen, however busy the machine is."""

import threading
import time
from collections.abc import Callable

PATIENCE = 60.0
"""How many seconds a test waits for something that must happen: it is no measure of how fast that is."""


def until(condition: Callable[[], object], otherwise: str, seconds: float = PATIENCE) -> None:
    """Wait until a condition holds; fails with the text `otherwise` when it never does."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, otherwise
        pause.wait(0.02)
