"""`tldops.toml`: a wrong key or value is one message: file, line, the value, what is allowed."""

from pathlib import Path

import click
import pytest

from radicale_tldops.settings.file import known_settings
from radicale_tldops.settings.reading import LIST_FORMATS
from sync.cli import main
from sync.cli.main import cli
from sync.parse import FORMATS
from tests.support import JANE, JOHN, World

WRONG = [
    # text, the line in it that is wrong, the value as it is quoted, what is allowed
    ("[store]\nroster = 3", 2, "3", "a text in quotes"),
    ('[store]\nmembers = ""', 2, "''", "the path of a file"),
    ('[membership]\nfile = "members.txt"\nformat = "excel"', 3, "'excel'", "mailman2"),
    (
        '[membership]\nfile = "members.txt"\n[subscribers]\nfile = "members.txt"\nformat = "excel"',
        5,
        "'excel'",
        "mailman2",
    ),
    ("[membership]\n\nfile = 7", 3, "7", "the path of a file|a text in quotes"),
    ("[vetting]\nmax_per_cctld = 0", 2, "0", "a whole number from 1"),
    ('[vetting]\nmax_per_cctld = "three"', 2, "'three'", "a whole number from 1"),
    ("[vetting]\nstale_after_months = 1.5", 2, "1.5", "a whole number from 1"),
    ("[vetting]\nrequire_appointment = 1", 2, "1", "true or false"),
    ('[vetting]\nadd_cctlds = "nl"', 2, "'nl'", "a list of labels"),
    ('[vetting]\nadd_cctlds = ["zz", "not a label"]', 2, "'not a label'", "two letters|IDN label"),
    ('[vetting]\nretire_cctlds = ["n"]', 2, "'n'", "two letters|IDN label"),
    ('[vetting.role_addresses]\n"noc@nic.example" = "the only one"\n"noc" = "x"', 3, "'noc'", "a mail address"),
    ('[vetting.role_addresses]\n"noc@nic.example" = true', 2, "'noc@nic.example'", "a reason in quotes"),
    ('[vetting.no_contact_expected]\n".bv" = "x"\n"norway" = "x"', 3, "'norway'", "a ccTLD on the left"),
    ('[vetting.no_contact_expected]\n".рф" = ""', 2, "'.рф'", "a reason in quotes"),
    ('[vetting]\nno_contact_expected = [".bv"]', 2, "['.bv']", 'one line for each ccTLD: ".nl" = "the reason"'),
    ('[guards]\nremovals = "101 %"', 2, "'101 %'", "from 0 to 100"),
    ('[guards]\nremovals = "-1 %"', 2, "'-1 %'", "from 0 to 100"),
    ("[guards]\nadditions = nan", 2, "nan", "from 0 to 100"),
    ('[guards]\nadditions = "2.5"', 2, "'2.5'", "(people)"),
    ('[guards]\nmismatch = "10 % 5"', 2, "'10 % 5'", '"10 % or 5"'),
    ('[guards]\n\n# a comment\naccess = ""', 4, "''", '"10 % or 5"'),
    ('[cards]\ntlp = ""', 2, "''", "not empty"),
    ('[cards]\ntlp = "a\\nb"', 2, "'a\\nb'", "one line"),
    ('[cards]\nbook_name = "\\u001b[31m"', 2, "'\\x1b[31m'", "one line"),
    ("[server]\nport = 70000", 2, "70000", "a whole number from 0 to 65535"),
    ('[server]\nport = "5232"', 2, "'5232'", "a whole number from 0 to 65535"),
    ('[server]\nurl = "contacts.example.org"', 2, "'contacts.example.org'", "https://contacts.example.org/"),
    ('[server]\nurl = "https://example.org/dav/"', 2, "'https://example.org/dav/'", "an address without a path"),
    ('[server]\nurl = "https://[bad/"', 2, "'https://[bad/'", "an address without a path"),
    ("[auth.ldap]\npeople_base = 5", 2, "5", "a text in quotes"),
    ('[readers]\n"ok@nic.example" = "x"\n"no address" = "x"', 3, "'no address'", "a mail address"),
    ('[readers]\n\n"ok@nic.example" = ""', 3, "'ok@nic.example'", "a reason in quotes"),
    ("vetting.max_per_cctld = 0", 1, "0", "a whole number from 1"),
]
UNKNOWN = [
    ('[server]\nurl = ""\n[guards]\nwindow_hours = 48', 4, "'window_hours'", "removals, additions"),
    ("[subscribers.ldap]\nservers = []", 2, "'servers'", "group, people_base"),
    ('"auth.ldap" = {}', 1, "'auth.ldap'", "[store]"),
    ('[store]\nrooster = "x"', 2, "'rooster'", "roster, members"),
    ('[guards]\nremovals = "5"\n[stor]\nroster = "x"', 3, "'stor'", "[store]"),
    ("maximum = 3", 1, "'maximum'", "[store]"),
    ("store = 3", 1, "'store'", "[store]"),
    ('[[store]]\nroster = "x"', 1, "'store'", "[store]"),
    ('"a\\u001b[31mb" = 1', 1, "'a\\x1b[31mb'", "[store]"),
]


@pytest.mark.parametrize(("text", "line", "value", "allowed"), [*WRONG, *UNKNOWN])
def test_wrong_setting_is_named_with_its_line(tldops: World, text: str, line: int, value: str, allowed: str) -> None:
    """Exit 2, the file and line of the setting, its value, what it takes, and neither store nor file touched."""
    tldops.sync(JOHN, JANE)
    tldops.config.write_text(f"{text}\n")
    said = tldops.refused("plan", str(tldops.members), code=2)
    assert said.startswith(f"tldops: {tldops.config}:{line}: ")
    assert value in said
    assert any(word in said for word in allowed.split("|")), said
    assert "\x1b" not in said


@pytest.mark.parametrize(
    ("text", "line"), [("[store\nroster = 1", 1), ('[store]\nroster = "a"\nroster = "b"', 3), ("x", 1)]
)
def test_broken_toml_is_named_with_its_line(tldops: World, text: str, line: int) -> None:
    """What is no TOML at all is named with file and line, too."""
    tldops.config.write_text(f"{text}\n")
    said = tldops.refused("status", code=2)
    assert str(tldops.config) in said
    assert f"line {line}," in said


@pytest.mark.parametrize("content", [b"\xff\xfe[store]", b"\x00" * 2000, None, "folder"])
def test_configuration_that_cannot_be_read(tldops: World, content: bytes | str | None) -> None:
    """Binary, missing, a folder: exit 2 with the file's name; a named file that is missing never means the defaults."""
    config = tldops.config
    config.unlink()
    if isinstance(content, bytes):
        config.write_bytes(content)
    elif content == "folder":
        config.mkdir()
    assert str(config) in tldops.refused("status", code=2)
    assert tldops.files() == {}


def test_named_environment_file_that_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """TLDOPS_CONFIG that names nothing is an error as well."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TLDOPS_CONFIG", "nowhere.toml")
    assert main(["status"]) == 2
    assert "nowhere.toml" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_one_file_for_both_databases_is_refused(tldops: World) -> None:
    """[store] roster and members under one name is a wrong setting, and no database is begun."""
    tldops.configure('[store]\nroster = "one.sqlite"\nmembers = "one.sqlite"\n')
    tldops.write(JOHN)
    said = tldops.refused("sync", "--yes", code=2)
    assert str(tldops.config) in said
    assert "members" in said


def test_store_that_is_another_file_is_left_alone(tldops: World) -> None:
    """A [store] path that names the membership file does not harm it."""
    tldops.write(JOHN)
    tldops.members.chmod(0o600)
    tldops.configure('[store]\nroster = "members.txt"\n')
    assert str(tldops.members) in tldops.refused("sync", "--yes", code=2)
    assert tldops.members.read_text() == f"{JOHN}\n"


def test_paths_count_from_the_configuration(tldops: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative paths are those of the configuration's folder, wherever the command is run."""
    elsewhere = tldops.folder / "elsewhere"
    elsewhere.mkdir()
    tldops.configure('[store]\nroster = "data/r.sqlite"\nmembers = "data/m.sqlite"\n')
    tldops.write(JOHN)
    monkeypatch.chdir(elsewhere)
    tldops.do("sync", "--yes")
    assert sorted(path.name for path in (tldops.folder / "data").iterdir()) == ["desk.sqlite", "m.sqlite", "r.sqlite"]
    assert list(elsewhere.iterdir()) == []


def test_databases_are_for_their_owner_alone(tldops: World) -> None:
    """Both databases have mode 0600."""
    tldops.sync(JOHN)
    modes = {path.stat().st_mode & 0o777 for path in tldops.folder.glob("*.sqlite")}
    assert modes == {0o600}


def test_init_writes_every_setting_and_a_store(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What `init` writes holds every section and key, is valid as it is, and is never overwritten."""
    config = tmp_path / "new" / "tldops.toml"
    assert main(["--config", str(config), "init"]) == 0
    text = config.read_text()
    for section, keys in known_settings().items():
        assert f"[{section}" in text
        for key in keys:
            assert f"{key} = " in text or f"[{section}.{key}]" in text, f"{section}.{key}"
    assert sorted(path.suffix for path in config.parent.iterdir()) == [".sqlite", ".sqlite", ".sqlite", ".toml"]
    assert main(["--config", str(config), "status"]) == 0
    assert "No generation yet" in capsys.readouterr().out
    config.write_text(f"{text}# mine\n")
    assert main(["--config", str(config), "init"]) == 0
    assert config.read_text() == f"{text}# mine\n"


def test_what_init_comments_out_is_the_default(tmp_path: Path) -> None:
    """Every line that `init` comments out can be put in force without an error."""
    config = tmp_path / "tldops.toml"
    assert main(["--config", str(config), "init"]) == 0
    lines = config.read_text().splitlines()
    config.write_text("\n".join(line.removeprefix("# ") if " = " in line else line for line in lines))
    assert main(["--config", str(config), "status"]) == 0


def test_the_formats_of_the_settings_are_those_of_the_parser() -> None:
    """The server reads the settings and cannot import the parser: the two lists are kept equal here."""
    assert set(LIST_FORMATS) == {"auto", *FORMATS}


NO_STORE = [
    "plan FILE", "sync FILE --yes", "follow --yes", "reconcile", "rollback 1 --yes", "status", "history", "show 1",
    "backup copy", "restore FILE --yes", "migrate --yes", "confirm jane.doe@nic.vn", "access list", "device list",
    "access deny jane.doe@nic.vn --reason x", "device add jane.doe@nic.vn --label x", "export", "audit", "serve",
    "init --new-members", "people .nl", "erase jane.doe@nic.vn --yes", "changes --since 2026-01-01",
    "post --test operator@example.org",
]  # fmt: skip


@pytest.mark.parametrize("command", NO_STORE)
def test_a_folder_without_a_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """Each command that needs the databases says in one line what is missing and what to do, and makes nothing."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TLDOPS_CONFIG", raising=False)
    Path("members.txt").write_text(f"{JOHN}\n")
    assert main(command.replace("FILE", "members.txt").split()) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    (said,) = printed.err.splitlines()
    assert f"no tldops.toml in {tmp_path}" in said
    assert all(way in said for way in ("--config", "`tldops init`"))
    assert [path.name for path in tmp_path.iterdir()] == ["members.txt"]


def test_every_command_that_needs_a_configuration_is_tried() -> None:
    """`check FILE` works with the defaults, `examples` without, `init` makes one; all others are in the list above."""
    named = {command.split()[0] for command in NO_STORE}
    assert set(cli.list_commands(click.Context(cli))) - named == {"check", "examples"}
