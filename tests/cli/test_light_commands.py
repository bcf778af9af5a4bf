"""What is asked most often loads only what it needs: a library that another command needs takes time."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import JOHN, World

_CODE = """\
import sys
from sync.cli import main
main(sys.argv[2:])
loaded = {name for name in sys.argv[1].split(",") if name in sys.modules}
sys.exit(f"loaded: {loaded}" if loaded else 0)
"""
SYNC = ("vobject", "granian", "sync.plan", "sync.vet", "sync.parse")
ALL = (*SYNC, "radicale_tldops.settings", "sqlalchemy", "phonenumbers", "rich")


@pytest.mark.parametrize(("command", "unneeded"), [("--help", ALL), ("--version", ALL), ("status", SYNC)])
def test_a_command_loads_what_it_needs(tmp_path: Path, command: str, unneeded: tuple[str, ...]) -> None:
    """`--help` needs no library but click, and `status` neither parses nor plans."""
    world = World(tmp_path)
    world.sync(JOHN)
    call = [sys.executable, "-c", _CODE, ",".join(unneeded), "--config", str(world.config), command]
    assert subprocess.run(call, capture_output=True, text=True, check=False).stderr == ""
