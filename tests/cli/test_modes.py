"""Files that others may read or write: said at each command, in `status` and in health; refused with `strict_modes`."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from radicale_tldops.settings import Settings
from radicale_tldops.settings.modes import judge
from tests.support import JANE, JOHN, Client, World, serve
from tests.support.waiting import until

STRICT = "[store]\nstrict_modes = true\n"
SECRETS = """\
[store]
roster = "data/roster.sqlite"
members = "data/members/members.sqlite"
[server]
tls_key = "key.pem"
[ldap]
password_file = "ldap-password"
[subscribers.mailman3]
password_file = "mailman-password"
"""
FILES = ("key.pem", "ldap-password", "mailman-password")
ROSTER, MEMBERS = "data/roster.sqlite", "data/members/members.sqlite"
PRIVATE = (ROSTER, "data", "tldops.toml", *FILES)
SHARED = (MEMBERS, "data/members")


@pytest.fixture
def installed(tldops: World) -> World:
    """An installation with everything that counts, in folders of its own, with the modes of the manual."""
    tldops.configure(SECRETS)
    for name in FILES:
        (tldops.folder / name).touch(0o640)
    tldops.sync(JOHN, JANE)
    for name, mode in (("data", 0o2750), (ROSTER, 0o640), ("data/members", 0o2770), (MEMBERS, 0o660)):
        (tldops.folder / name).chmod(mode)
    return tldops


def test_the_modes_of_the_manual_are_right(installed: World) -> None:
    """Group read of the roster, group write of the members database: no command says a word."""
    for command in (("plan",), ("sync", "--yes"), ("status",), ("audit",)):
        assert installed.do(*command).err == ""
    assert installed.do("status", "--json").json["modes"] == []


@pytest.mark.parametrize(
    ("name", "bits", "said"),
    [
        *((name, 0o004, "others may read it") for name in PRIVATE + SHARED),
        *((name, 0o002, "others may write it") for name in PRIVATE + SHARED),
        *((name, 0o006, "others may read and write it") for name in (ROSTER, MEMBERS)),
        *((name, 0o020, "its group may write it") for name in PRIVATE),
    ],
)
def test_each_command_says_what_is_open_and_how_to_correct_it(
    installed: World, name: str, bits: int, said: str
) -> None:
    """Once, with file, mode and command, on standard error; `status` has it in its answer, too. The command helps."""
    path = installed.folder / name
    path.chmod(path.stat().st_mode & 0o7777 | bits)
    shown = f"{path}: mode {path.stat().st_mode & 0o7777:04o}, {said}. Correct it: chmod "
    for command in (("history",), ("sync", "--yes"), ("check",)):
        result = installed.do(*command)
        assert result.err.count(shown) == 1
        assert result.err.count("\n") == 1
        assert shown not in result.out
    told = installed.do("status", "--json")
    assert [text.startswith(shown) for text in told.json["modes"]] == [True]
    assert shown in installed.do("status").out
    remedy = told.json["modes"][0].partition("Correct it: ")[2].partition(", or ")[0]
    subprocess.run(shlex.split(remedy), check=True)
    assert installed.do("status").err == ""


@pytest.mark.parametrize("command", [("status",), ("sync", "--yes"), ("access", "list"), ("serve",), ("init",)])
def test_strict_modes_refuse(installed: World, command: Sequence[str]) -> None:
    """Exit 2 with the file, and nothing is done, until the mode is right."""
    installed.configure(SECRETS.replace("[store]\n", STRICT))
    assert installed.do("status").err == ""
    path = installed.folder / ROSTER
    path.chmod(0o644)
    installed.write(JOHN)
    before = path.read_bytes()
    result = installed.run(*command)
    assert result.code == 2
    assert f"strict_modes: {path}: mode 0644, others may read it. Correct it: chmod 0640 {path}" in result.err
    assert result.err.count("\n") == 1
    assert path.read_bytes() == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody else")
def test_a_file_of_somebody_else_is_named(installed: World) -> None:
    """Its owner can change it at any time, whatever its mode."""
    path = installed.folder / "tldops.toml"
    os.chown(path, 12345, 0)
    said = installed.do("status").err
    assert f"{path}: mode 0600, it belongs to user 12345. Correct it: chown 0 {path}" in said
    # The whole store may belong to a user: root runs a command for it.
    for name in (*PRIVATE, *SHARED):
        os.chown(installed.folder / name, 12345, 0)
    assert installed.do("status").err == ""


@pytest.mark.parametrize(("owner", "is_right"), [(0, True), (7, True), (1000, True), (1001, False)])
def test_owners(owner: int, is_right: bool) -> None:
    """Root, the owner of the roster's folder and the user of the process; nobody else."""
    found = judge(Path("/x"), 0o100640, owner, (7, 1000, 0), 0o040)
    assert (found is None) == is_right


def test_what_is_not_there_or_is_no_file_is_not_judged(tldops: World) -> None:
    """Before there is a store, with a device in the place of a file, with a file that cannot be reached."""
    tldops.configure('[server]\ntls_key = "/dev/null"\n[ldap]\npassword_file = "gone/password"\n')
    tldops.folder.chmod(0o755)
    tldops.write(JOHN)
    assert tldops.do("check").err == ""


def test_what_init_makes_is_private(tmp_path: Path) -> None:
    """Folder, configuration and databases of a fresh installation, under the usual umask and an open one."""
    for umask in (0o022, 0o002, 0):
        config = tmp_path / f"{umask}" / "tldops.toml"
        command = [sys.executable, "-m", "sync", "--config", str(config)]
        for name in ("init", "status"):
            done = subprocess.run([*command, name], check=True, capture_output=True, umask=umask)
            assert done.stderr == b""


def test_health_warns_without_a_name_and_serves_on(world: World) -> None:
    """A stranger learns no path; the journal does. It is a reason for 503 with `strict_modes` alone."""
    world.sync(JOHN, JANE)
    roster = world.folder / "roster.sqlite"

    def answer() -> tuple[int, dict[str, str]]:
        told = client.request("GET", "/.health")
        return told.status, json.loads(told.body)

    for text, status, word in (("", 200, "ok"), (STRICT, 503, "failing")):
        world.configure(text)
        roster.chmod(0o600)
        with serve(world) as url:
            client = Client(url)
            assert answer()[1]["modes"] == "ok"
            roster.chmod(0o644)
            until(lambda: answer()[1]["modes"] == "open", "health does not notice")
            found = answer()
            assert (found[0], found[1]["status"]) == (status, word)
    log = "".join(path.read_text() for path in world.folder.glob("server-*.log"))
    assert log.count(f"{roster}: mode 0644, others may read it") == 2


def test_the_default_is_to_warn() -> None:
    """An upgrade stops no timer."""
    assert not Settings().store.strict_modes
