"""Make a demo store, sync an invented membership file into it, issue a device password, and serve."""

import os
import subprocess
import sys
from pathlib import Path

from radicale_tldops.roster.errors import TldopsError
from radicale_tldops.serve.process import listen
from sync.cli import main as tldops
from tests.data.membership import as_report, people

FOLDER = Path(__file__).resolve().parents[2] / ".demo"
COUNT = 400


def settings(port: int) -> str:
    """Return the configuration of the demo."""
    return f"""\
[membership]
file = "members.txt"

[server]
port = {port}
url = "http://127.0.0.1:{port}/"
"""


def run(config: Path, *arguments: str) -> str:
    """Run a command that has to succeed, and return what it printed; its complaints go where ours do."""
    command = [sys.executable, "-m", "sync", "--config", str(config), *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def sync(config: Path) -> str:
    """Bring the demo store up to date; one that another version left behind, and this one cannot use, is made anew."""
    try:
        return run(config, "sync", "--yes")
    except subprocess.CalledProcessError:
        print("The demo store of before cannot be used: it is made anew.", flush=True)
        for path in FOLDER.glob("*.sqlite*"):
            path.unlink()
        return run(config, "sync", "--yes")


def main() -> int:
    """Build what is missing, issue a device password, and serve until interrupted."""
    port = int(os.environ.get("PORT", "5232"))
    try:
        listen("127.0.0.1", port).close()
    except TldopsError as error:
        sys.stderr.write(f"{error} Another port: make demo PORT=5399\n")
        return 2
    FOLDER.mkdir(exist_ok=True)
    FOLDER.chmod(0o700)
    config = FOLDER / "tldops.toml"
    config.write_text(settings(port))
    config.chmod(0o600)
    members = people(COUNT)
    file = FOLDER / "members.txt"
    text = as_report(members)
    if not file.exists() or file.read_text() != text:
        file.write_text(text)
    synced = sync(config).splitlines()
    # One line a person is for the secretariat to review; here the totals do.
    print("\n".join(line for line in synced if line[:2] not in ("+ ", "~ ", "- ", "  ")), flush=True)
    print(run(config, "device", "add", members[0].email, "--label", "demo"), end="", flush=True)
    print("Interrupt with Ctrl-C to stop.", flush=True)
    return tldops(["--config", str(config), "serve"])


if __name__ == "__main__":
    sys.exit(main())
