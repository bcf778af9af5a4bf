"""What is shipped."""

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_the_wheel_holds_exactly_the_two_packages(tmp_path: Path) -> None:
    """No tests, no configuration examples, no stray file: radicale_tldops, sync, and the metadata."""
    code = f"from hatchling.build import build_wheel; print(build_wheel({str(tmp_path)!r}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    wheel = tmp_path / done.stdout.split()[-1]
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0].split(".dist-info")[0].split("-")[0] for name in names} == {"radicale_tldops", "sync"}
    shipped = {name for name in names if ".dist-info/" not in name}
    wanted = {
        str(path.relative_to(ROOT))
        for package in ("radicale_tldops", "sync")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert shipped == wanted
    assert {"sync/cli/tldops.toml", "sync/py.typed", "radicale_tldops/py.typed"} <= shipped


def test_the_example_configuration_is_what_init_writes() -> None:
    """config/tldops.toml is for reading, sync/cli/tldops.toml for `tldops init`: they are one file."""
    assert (ROOT / "config/tldops.toml").read_bytes() == (ROOT / "sync/cli/tldops.toml").read_bytes()
