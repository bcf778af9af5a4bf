"""Servers for tests: started on a free port of the loopback, waited for, and ended by their process id."""

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from tests.support.world import World

# The kernel gives outgoing connections and listeners without a number the ports above these (Linux: 32768 to 60999). A
# port from there could be taken by anybody between the look and the start of the server.
_PORTS = range(20_000, 32_768)


def free_port() -> int:
    """Return a port of the loopback that nothing uses at this moment, and that is nobody's by chance a moment later."""
    for port in random.sample(_PORTS, len(_PORTS)):
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("every port is in use")


@contextlib.contextmanager
def process(command: Sequence[str], port: int, folder: Path, env: Mapping[str, str] | None = None) -> Iterator[int]:
    """Run a server until the block ends; gives its process id. It is ended by that id."""
    log = folder / f"server-{port}.log"
    with log.open("wb") as output:
        running = subprocess.Popen(
            command,
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
            cwd=folder,
            env={**os.environ, **(env or {})},
        )
    try:
        wait_for(port, running, log)
        yield running.pid
    finally:
        running.send_signal(signal.SIGTERM)
        try:
            running.wait(15)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait(15)


def wait_for(port: int, running: "subprocess.Popen[bytes]", log: Path) -> None:
    """Wait until a server accepts connections; fails with its log when it ended or never does."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if running.poll() is not None:
            break
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError(f"the server did not start (exit status {running.poll()}):\n{log.read_text()}")


@contextlib.contextmanager
def serve(world: World, kind: str = "tldops") -> Iterator[str]:
    """Run a server for the world and give its URL: `tldops serve`, or with "radicale" the plugins in Radicale."""
    port = free_port()
    if kind == "tldops":
        command = [sys.executable, "-m", "sync", "--config", str(world.config), "serve"]
        command += ["--port", str(port)]
    else:
        shipped = (Path(__file__).parents[2] / "config" / "radicale.ini").read_text()
        ini = world.folder / "radicale.ini"
        ini.write_text(
            shipped.replace("/etc/tldops/tldops.toml", str(world.config)).replace("127.0.0.1:5232", f"127.0.0.1:{port}")
        )
        command = [sys.executable, "-m", "radicale", "--config", str(ini)]
    with process(command, port, world.folder):
        yield f"http://127.0.0.1:{port}/"


def skip_where(missing: str) -> None:
    """Skip the test when something is missing, and say what; on CI, which installs everything, that is a failure."""
    if missing and os.environ.get("CI") == "true":
        pytest.fail(missing)
    if missing:
        pytest.skip(missing)


def needs(program: str) -> str:
    """Return the path of a program; without it the test is skipped, as `skip_where` does."""
    path = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    skip_where("" if path else f"{program} is not installed")
    assert path
    return path
