"""A screen that nobody sees, with a window manager."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

FONT = "Noto Sans 10"
"""The font of menus and dialogs, as GTK names it."""


@contextlib.contextmanager
def ended(running: "subprocess.Popen[bytes]") -> Iterator[None]:
    """End a process, started as a session of its own, and everything that it started, when the block ends."""
    try:
        yield
    finally:
        running.terminate()
        try:
            running.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait(20)


@contextlib.contextmanager
def display(home: Path) -> Iterator[dict[str, str]]:
    """Run a virtual display until the block ends; give the environment in which programs open windows on it.

    `home` becomes the home directory of these programs.
    """
    settings = home / ".config" / "gtk-3.0" / "settings.ini"
    settings.parent.mkdir(parents=True)
    settings.write_text(f"[Settings]\ngtk-font-name = {FONT}\ngtk-cursor-blink = 0\n")
    read, write = os.pipe()
    # Xvfb chooses a free display and writes its number to this pipe.
    screen = _start(["Xvfb", "-displayfd", str(write), "-screen", "0", "1280x1000x24", "-nolisten", "tcp"], write=write)
    os.close(write)
    with os.fdopen(read) as numbers, ended(screen):
        number = numbers.readline().strip()
        assert number, "Xvfb did not start"
        environment = {
            "PATH": os.environ["PATH"],
            "DISPLAY": f":{number}",
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "NO_AT_BRIDGE": "1",
        }
        with ended(_start(["openbox"], environment)):
            yield environment


def _start(
    command: list[str], environment: Mapping[str, str] | None = None, write: int | None = None
) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=[] if write is None else [write],
        start_new_session=True,
    )
