"""Run `tldops sync` under strace: it counts the calls that write, and makes one of them the last or a failing one."""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

WRITES = (
    "write", "pwrite64", "writev", "pwritev", "fsync", "fdatasync", "sync_file_range", "rename", "renameat",
    "renameat2",
    "unlink", "unlinkat", "truncate", "ftruncate", "fallocate", "link", "linkat", "mkdir", "fchmod", "chmod", "creat",
)  # fmt: skip
"""The calls that change something on a disk, or make sure that it is there."""

_FAST = "--seccomp-bpf"
"""Stops the command at the calls that matter alone; signals cannot be sent that way."""

MISSING = "strace is not installed: apt-get install strace"

_CALL = re.compile(r"^\d+ +(\w+)\(", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Point:
    """The `number`-th time, from 1, that the command makes this system call."""

    call: str
    number: int

    def __str__(self) -> str:
        return f"{self.call} {self.number}"


@dataclass(frozen=True, slots=True)
class Run:
    """How a run of the command ended. `code` is negative where a signal ended it."""

    code: int
    out: str
    err: str


def missing() -> str:
    """Return why nothing can be traced here, or an empty text."""
    if shutil.which("strace") is None:
        return MISSING
    trial = subprocess.run(["strace", "-o", os.devnull, "true"], capture_output=True, text=True, check=False)
    return f"strace may not trace here: {trial.stderr.strip()}" if trial.returncode else ""


def points(config: Path, *arguments: str) -> tuple[Point, ...]:
    """Run the command once, undisturbed, and return every call that writes."""
    trace = config.parent / "trace"
    run = _traced(config, arguments, _FAST, "-o", str(trace), "-e", f"trace={_set(WRITES)}")
    assert run.code == 0, run
    counts = Counter(_CALL.findall(trace.read_text()))
    trace.unlink()
    return tuple(Point(call, number) for call, last in sorted(counts.items()) for number in range(1, last + 1))


def kill_at(point: Point, config: Path, *arguments: str) -> Run:
    """Run the command, and kill it when it makes this call: the call is not carried out."""
    return _traced(config, arguments, *_injected(point, f"signal=SIGKILL:when={point.number}"))


def fail_at(point: Point, error: str, config: Path, *arguments: str, lasting: bool) -> Run:
    """Run the command, and let this call fail with an error; `lasting` means all later calls of its kind, too."""
    when = f"{point.number}+" if lasting else str(point.number)
    return _traced(config, arguments, _FAST, *_injected(point, f"error={error}:when={when}"))


def _injected(point: Point, what: str) -> tuple[str, ...]:
    return ("-o", os.devnull, "-e", f"trace={point.call}", "-e", f"inject={point.call}:{what}")


def _set(calls: tuple[str, ...]) -> str:
    # A call that this machine does not have is no reason to trace none.
    return ",".join(f"?{call}" for call in calls)


def _traced(config: Path, arguments: tuple[str, ...], *options: str) -> Run:
    done = subprocess.run(
        [
            "strace",
            "-f",
            "-qq",
            *options,
            sys.executable,
            "-m",
            "sync",
            "--config",
            str(config),
            *arguments,
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "80"},
    )
    return Run(done.returncode, done.stdout, done.stderr)
