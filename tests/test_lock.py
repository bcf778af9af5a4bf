"""requirements.lock: an install that can be repeated."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

ROOT = Path(__file__).parent.parent
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def locked() -> Mapping[NormalizedName, tuple[Requirement, str]]:
    """Each requirement of the lock by its name, with the lines of its hashes."""
    found = {}
    for entry in re.sub(r"(?m)^ *#.*\n?", "", LOCK).replace("\\\n", "").splitlines():
        requirement = Requirement(entry.partition(" --hash=")[0])
        found[canonicalize_name(requirement.name)] = (requirement, entry)
    return found


LOCKED = locked()


@pytest.mark.parametrize("text", PROJECT["dependencies"])
def test_each_dependency_is_locked_at_a_version_that_its_range_allows(text: str) -> None:
    """On the same platforms: after a change of pyproject.toml, `make lock` is due."""
    wanted = Requirement(text)
    pinned, _ = LOCKED[canonicalize_name(wanted.name)]
    (version,) = pinned.specifier
    assert wanted.specifier.contains(version.version), f"{pinned} is outside {wanted}: run `make lock`"
    assert str(pinned.marker or "") == str(wanted.marker or "")


@pytest.mark.parametrize("name", LOCKED)
def test_each_requirement_has_one_version_and_hashes(name: NormalizedName) -> None:
    """Those of dependencies of dependencies, too: pip takes nothing else with --require-hashes."""
    requirement, entry = LOCKED[name]
    assert [specifier.operator for specifier in requirement.specifier] == ["=="]
    assert HASH.search(entry)
    assert not HASH.sub("", entry).partition("==")[2].count("--"), f"more than hashes stand in {entry}"


def test_the_lock_names_no_host_and_no_file() -> None:
    """What is installed does not depend on where it is fetched from: no index, no link, no folder of a machine."""
    assert not re.findall(r"https?:|file:|--(?:extra-)?index-url|--find-links|--trusted-host|/|@", LOCK)
