"""What is shipped."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel, built from this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    code = f"from hatchling.build import build_wheel; print(build_wheel({str(folder)!r}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    return zipfile.ZipFile(folder / done.stdout.split()[-1])


def files_in(folder: Path) -> set[str]:
    """The files below a folder, by their path there."""
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_wheel_holds_exactly_the_two_packages(wheel: zipfile.ZipFile) -> None:
    """No tests, no stray file: radicale_tldops, sync with the examples, each of them once, and the metadata."""
    names = wheel.namelist()
    assert {name.split("/")[0].split(".dist-info")[0].split("-")[0] for name in names} == {"radicale_tldops", "sync"}
    wanted = {f"{package}/{name}" for package in ("radicale_tldops", "sync") for name in files_in(ROOT / package)}
    wanted |= {f"sync/config/{name}" for name in files_in(ROOT / "config")}
    assert sorted(name for name in names if ".dist-info/" not in name) == sorted(wanted)
    assert {"sync/config/tldops.toml", "sync/py.typed", "radicale_tldops/py.typed"} <= wanted


def test_the_examples_come_out_of_the_wheel(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    """An operator who has no checkout gets the files of `config`, byte for byte, and `init` its template."""
    wheel.extractall(tmp_path / "installed")
    for command in (["examples", "written"], ["init"]):
        call = [sys.executable, "-m", "sync", *command]
        subprocess.run(call, cwd=tmp_path, env={"PYTHONPATH": str(tmp_path / "installed")}, check=True)
    assert files_in(tmp_path / "written") == files_in(ROOT / "config")
    for name in files_in(ROOT / "config"):
        assert (tmp_path / "written" / name).read_bytes() == (ROOT / "config" / name).read_bytes(), name
    assert (tmp_path / "tldops.toml").read_bytes() == (ROOT / "config/tldops.toml").read_bytes()
