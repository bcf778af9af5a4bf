"""The command on a pseudo-terminal, as a person uses it."""

import os
import pty
import select
import signal
import sys

from tests.support.world import Result, World


def on_a_terminal(
    world: World, answer: str, *arguments: str, before: World | None = None, question: bytes = b"[y/N]"
) -> Result:
    """Run the command on a pseudo-terminal and type `answer` at its question; with `before`, first run its sync."""
    child, terminal = pty.fork()
    if child == 0:
        # Tests that run in the background of a shell ignore it, and so would the command.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.execve(
            sys.executable,
            [sys.executable, "-m", "sync", "--config", str(world.config), *arguments],
            {**os.environ, "COLUMNS": "80", "TERM": "xterm"},
        )
    shown = b""
    asked = False
    patience = 60
    while patience:
        if not select.select([terminal], [], [], 1)[0]:
            patience -= 1
            if (
                asked and answer == "\x03"
            ):  # it can come in the moment before Python begins to wait, and is not seen then
                os.write(terminal, answer.encode())
            continue
        try:
            shown += os.read(terminal, 65536)
        except OSError:  # how Linux says that the other side is closed
            break
        if question in shown and not asked:
            asked = True
            if before is not None:
                before.do("sync", "--yes")
            os.write(terminal, answer.encode())
    os.close(terminal)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert asked == (question in shown)
    assert b"Traceback" not in shown
    return Result((), code, shown.decode(), "")
