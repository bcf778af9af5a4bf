"""Evolution's data server, in a session bus and a home of its own, as a process that tests talk to."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from tests.clients.conftest import People
from tests.support.waiting import PATIENCE

SCRIPT = Path(__file__).parent / "evolution_client.py"
PYTHON = "/usr/bin/python3"
"""The system's Python: the GObject bindings are packaged for no other."""

SERVICES = Path("/usr/share/dbus-1/services")
NEEDED = ("org.gnome.evolution.dataserver.Sources5.service", "org.gnome.evolution.dataserver.AddressBook10.service")
EVERYBODY = '(contains "x-evolution-any-field" "")'
"""The expression by which Evolution lists a whole book."""

LIFETIME = 300
"""Seconds after which a session that hangs is ended."""

BUS = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:tmpdir=/tmp</listen>
  <auth>EXTERNAL</auth>
  <servicedir>{folder}/services</servicedir>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""

# The loopback is all the network that there may be, which GLib would take for "offline".
SETTINGS = "[org/gnome/evolution-data-server]\nnetwork-monitor-gio-name='always-online'\n"


@dataclass(frozen=True)
class Evolution:
    """A session of the data server; each method is one request to evolution_client.py."""

    requests: IO[str]
    answers: IO[str]
    log: Path

    def ask(self, do: str, **arguments: str) -> Any:
        """Send one request and return its answer, which has to be no error."""
        self.requests.write(json.dumps({"do": do, **arguments}) + "\n")
        self.requests.flush()
        line = self.answers.readline()
        assert line, f"the session ended:\n{self.log.read_text()}"
        answer = json.loads(line)
        assert "error" not in answer, answer
        return answer

    def find(self, query: str = EVERYBODY) -> dict[str, Any]:
        """Search the book; contacts by their UID."""
        return {contact["uid"]: contact for contact in self.ask("find", query=query)["contacts"]}

    def people(self) -> People:
        """Return the whole book."""
        return {
            uid: (contact["name"], tuple(contact["emails"]), tuple(contact["phones"]))
            for uid, contact in self.find().items()
        }

    def names(self, query: str) -> list[str]:
        """Search the book; full names in order."""
        return sorted(contact["name"] for contact in self.find(query).values())

    def settle(self, wanted: People) -> People:
        """Refresh until the book is as wanted, or `PATIENCE` is over; return the book."""
        deadline = time.monotonic() + PATIENCE
        while (held := self.people()) != wanted and time.monotonic() < deadline:
            self.ask("refresh")
            time.sleep(0.1)
        return held


def missing() -> str:
    """Return what keeps the data server from running here, or nothing."""
    for program in ("dbus-run-session", "dbus-daemon", PYTHON):
        if shutil.which(program) is None:
            return f"{program} is not installed"
    for service in NEEDED:
        if not (SERVICES / service).exists():
            return f"evolution-data-server is not installed: {SERVICES / service} is missing"
    bindings = subprocess.run(
        [PYTHON, str(SCRIPT), "--check"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return bindings.stderr.strip().rpartition("\n")[2] if bindings.returncode else ""


@contextlib.contextmanager
def session(folder: Path) -> Iterator[Evolution]:
    """Run the data server in `folder` until the block ends.

    The bus knows the data server alone: no keyring, no settings daemon, and no prompt can be started by accident.
    """
    environment = _home(folder)
    log = folder / "session.log"
    with log.open("w") as errors:
        running = subprocess.Popen(
            ["dbus-run-session", f"--config-file={folder / 'bus.conf'}", "--", PYTHON, str(SCRIPT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=environment,
            cwd=folder,
            start_new_session=True,
        )
    watchdog = threading.Timer(LIFETIME, _end, [running])
    watchdog.daemon = True
    watchdog.start()
    try:
        assert running.stdin is not None
        assert running.stdout is not None
        with running.stdin, running.stdout:
            yield Evolution(running.stdin, running.stdout, log)
    finally:
        # Its input ended with the block: the script ends, and with it the bus and whoever hangs on the bus.
        try:
            running.wait(20)
        except subprocess.TimeoutExpired:
            _end(running)
            running.wait(20)
        watchdog.cancel()


def _end(running: "subprocess.Popen[str]") -> None:
    """End a session with its bus and its script: one process group, which bears the id of the first of them."""
    if running.poll() is None:
        os.killpg(running.pid, signal.SIGKILL)


def _home(folder: Path) -> dict[str, str]:
    """Lay out a home and a bus in `folder`; return the environment."""
    for name in ("services", "home/.config/glib-2.0/settings", "run"):
        (folder / name).mkdir(mode=0o700, parents=True)
    for service in NEEDED:
        # A unit of the user's systemd, which is not here, would be preferred to the command.
        lines = (SERVICES / service).read_text().splitlines()
        kept = "\n".join(line for line in lines if not line.startswith("SystemdService"))
        (folder / "services" / service).write_text(f"{kept}\n")
    (folder / "bus.conf").write_text(BUS.format(folder=folder))
    (folder / "home/.config/glib-2.0/settings/keyfile").write_text(SETTINGS)
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder / "home"),
        "XDG_RUNTIME_DIR": str(folder / "run"),
        "LANG": "C.UTF-8",
        "GSETTINGS_BACKEND": "keyfile",
        "GIO_USE_VFS": "local",
    }
