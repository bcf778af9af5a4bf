"""Run one command, and print its exit code, wall and processor time in seconds and peak memory in MiB as JSON.

`python measure.py OUTPUT COMMAND...` writes what the command prints to OUTPUT. It is a process of its own, and a small
one: on Linux the peak of a process begins at that of the process that started it (execve keeps the high-water mark).
"""

import json
import os
import sys
import time

PEAK_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes in one unit of `ru_maxrss` (getrusage)."""


def main(output: str, *command: str) -> None:
    """Run the command to its end."""
    files = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    began = time.perf_counter()
    child = os.posix_spawn(command[0], command, os.environ, file_actions=files)
    _, status, used = os.wait4(child, 0)
    seconds = time.perf_counter() - began
    result = {
        "code": os.waitstatus_to_exitcode(status),
        "seconds": seconds,
        "cpu": used.ru_utime + used.ru_stime,
        "peak": used.ru_maxrss * PEAK_UNIT / 2**20,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main(*sys.argv[1:])
