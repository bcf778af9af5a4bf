"""docs/configuration.md and the commented tldops.toml against the settings that are read."""

import re
import tomllib
from dataclasses import fields, is_dataclass
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest

from radicale_tldops.settings import Settings
from radicale_tldops.settings.file import known_settings, load
from radicale_tldops.settings.reading import GuardLimit
from tests.docs.pages import ROOT, code_of, page, pages

PAGE = page("docs/configuration.md")
TEMPLATE = ROOT / "config/tldops.toml"
# Keys without a default, for which the template has an example.
EXAMPLES = {
    *(("membership", key) for key in ("file", "columns")),
    ("store", "desk"),
    *(("server", key) for key in ("url", "tls_certificate", "tls_key", "metrics")),
    *(("subscribers", key) for key in ("source", "file")),
    *(("subscribers.mailman3", key) for key in ("list", "password_file", "ca_file")),
    *(("ldap", key) for key in ("servers", "ca_file", "bind_dn", "password_file")),
    *(("subscribers.ldap", key) for key in ("group", "people_base")),
    *(("mail", key) for key in ("server", "user", "password_file", "ca_file", "sender", "operator")),
    *(("auth.ldap", key) for key in ("people_base", "dn_template")),
}
MOST = 72
SECTIONS = [section for section in known_settings() if section != "readers"]


def part(settings: Settings, section: str) -> Any:
    """Return what a section, perhaps one inside another, sets."""
    return attrgetter(section)(settings)


def default(section: str, key: str) -> Any:
    """Return the default of a key as TOML would have it; None where there is none."""
    value = getattr(part(Settings(), section), key)
    if isinstance(value, tuple):
        return list(value)
    return str(value) if isinstance(value, Path | GuardLimit) else (value or None if isinstance(value, str) else value)


def test_there_is_a_heading_for_each_section_and_no_other() -> None:
    """A new section needs its place on the page."""
    headings = {heading.removeprefix("## ") for heading in PAGE.headings if heading.startswith("## ")}
    assert headings == set(known_settings())


@pytest.mark.parametrize("section", SECTIONS)
def test_every_key_is_there_with_its_default_and_no_other(section: str) -> None:
    """The table of a section has the keys that are read, and what holds without them."""
    rows = PAGE.section(f"## {section}").rows("key", "default", "meaning")
    told = {code_of(row["key"])[0]: row["default"] for row in rows}
    assert set(told) == set(known_settings()[section]), section
    for key, cell in told.items():
        wanted = default(section, key)
        if cell in ("none", "empty"):
            assert not wanted, f"{section}.{key}: the default is {wanted!r}"
        else:
            assert tomllib.loads(f"x = {code_of(cell)[0]}")["x"] == wanted, (
                f"{section}.{key}: the default is {wanted!r}"
            )


@pytest.mark.parametrize("section", SECTIONS)
def test_the_page_and_the_template_say_what_a_setting_means(section: str) -> None:
    """In the words of the field: the row begins with them, and the comment above the key has no others."""
    rows = PAGE.section(f"## {section}").rows("key", "default", "meaning")
    cells = {code_of(row["key"])[0]: row["meaning"] for row in rows}
    for key, setting in known_settings()[section].items():
        assert cells[key].startswith(setting.meaning), f"{section}.{key}"
        assert comment_above(section, key) == setting.meaning, f"{section}.{key}"


def comment_above(section: str, key: str) -> str:
    """Return the comment above a key of the template, or above the section in it that has this name."""
    found: list[str] = []
    current = ""
    for line in TEMPLATE.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            current, found = line.strip("[]"), []
        elif " = " in line and (
            current == f"{section}.{key}" or (current == section and line.removeprefix("# ").startswith(f"{key} = "))
        ):
            break
        elif line.startswith("# ") and not re.match(r"# [a-z_]+ = ", line):
            found.append(line.removeprefix("# "))
        else:
            found = []
    return " ".join(found)


def test_there_are_few_settings() -> None:
    """What nobody would change is a constant."""
    assert sum(len(keys) for keys in known_settings().values()) <= MOST


def test_the_template_has_every_key_in_its_section() -> None:
    """`tldops init` writes a file in which nothing is missing and nothing is unknown."""
    found: dict[str, set[str]] = {}
    section = key = ""
    for line in TEMPLATE.read_text(encoding="utf-8").splitlines():
        if heading := re.fullmatch(r"\[([\w.]+)\]", line):
            section, key = heading[1], ""
            if section not in known_settings():
                section, _, key = heading[1].partition(".")
            found.setdefault(section, set()).update([key] if key else [])
        elif (assigned := re.match(r"(?:# )?([a-z_]+) = ", line)) and section and not key:
            found[section].add(assigned[1])
    assert found == {name: set(keys) for name, keys in known_settings().items()}


def test_the_template_names_the_defaults(tmp_path: Path) -> None:
    """With every comment taken away that holds a value, all but the examples is the default."""
    text = re.sub(r"^# (?=[a-z_]+ = )", "", TEMPLATE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    path = tmp_path / "tldops.toml"
    path.write_text(text)
    read, without = load(path), Settings()
    assert read.server.url
    for section in SECTIONS:
        for field in fields(part(without, section)):
            value, wanted = getattr(part(read, section), field.name), getattr(part(without, section), field.name)
            if (section, field.name) not in EXAMPLES and not is_dataclass(wanted):
                is_database = section == "store" and isinstance(wanted, Path)
                assert value == (tmp_path / wanted if is_database else wanted), f"{section}.{field.name}"


def test_fragments_of_tldops_toml_on_the_pages_are_read(tmp_path: Path) -> None:
    """What a page tells to write into tldops.toml is taken."""
    count = 0
    for manual_page in pages():
        for block in manual_page.code:
            heading = re.match(r"\[([a-z]+)[\].]", block)
            if heading and heading[1] in known_settings():
                path = tmp_path / f"{count}.toml"
                path.write_text(block)
                load(path)
                count += 1
    assert count > 3


@pytest.mark.parametrize("name", ["nginx.conf", "Caddyfile", "radicale.ini"])
def test_the_examples_meet_at_the_default_address(name: str) -> None:
    """The proxies look for the server where it listens without any setting."""
    server = Settings().server
    assert f"{server.host}:{server.port}" in (ROOT / "config" / name).read_text(encoding="utf-8")
