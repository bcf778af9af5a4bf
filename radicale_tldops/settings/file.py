"""`tldops.toml`: which file it is, what it sets, and where a wrong key or value stands."""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from radicale_tldops.roster.errors import SettingsError
from radicale_tldops.settings import Settings
from radicale_tldops.settings.files import UnreadableFileError, read_file
from radicale_tldops.settings.reading import Setting, WrongValueError

MAX_BYTES = 1_000_000
"""Longest configuration file in bytes."""

ENVIRONMENT = "TLDOPS_CONFIG"
"""The variable that names the configuration file."""

DEFAULT_FILE = "tldops.toml"
"""The configuration file in the current folder, where none is named."""


def known_settings() -> Mapping[str, Mapping[str, Setting]]:
    """Return the settings of each section by their keys. A section inside another one has a dotted name.

    [readers] is one setting: its keys are addresses.
    """
    return {**{key: {} for key in _settings(Settings)}, **dict(_sections(Settings, ""))}


def find_file(explicit: str | None) -> Path | None:
    """Return the configuration file to use: the explicit one, $TLDOPS_CONFIG, or tldops.toml here if it exists."""
    named = explicit or os.environ.get(ENVIRONMENT)
    if named:
        return Path(named)
    default = Path(DEFAULT_FILE)
    return default if default.exists() else None


def load(path: Path | None) -> Settings:
    """Read the configuration; without a file, return the defaults.

    Raises:
        SettingsError: with file, line, key, value and what is allowed.
    """
    if path is None:
        return Settings()
    try:
        text = read_file(path, MAX_BYTES)[0].decode("utf-8-sig")
    except (UnreadableFileError, UnicodeDecodeError) as error:
        reason = str(error) if isinstance(error, UnreadableFileError) else "it is not UTF-8"
        raise SettingsError(
            f"{path}: cannot read the configuration: {reason}. `tldops init` writes a new one."
        ) from error
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: not valid TOML: {error}") from error
    file, base = _File(path, text), path.absolute().parent
    settings: Settings = file.read(Settings, data, "")
    store = replace(settings.store, roster=base / settings.store.roster, members=base / settings.store.members)
    if len({store.roster, store.members, store.desk_file}) < 3:
        key = "members" if store.roster == store.members else "desk"
        raise file.error("store", key, "roster, members and desk in [store] must be three different files")
    return replace(settings, path=path, store=store)


@dataclass(frozen=True, slots=True)
class _File:
    """A configuration file, to find the line of what is wrong in it."""

    path: Path
    text: str

    def read(self, kind: type, content: Mapping[str, Any], section: str) -> Any:
        """Return the value of a section, of the class `kind`, with the sections inside it; "" is the whole file."""
        known, inner = _settings(kind), _inner(kind)
        prefix = f"{section}." if section else ""
        values: dict[str, Any] = {}
        for key, value in content.items():
            if key in known:
                values[key] = self._value(known[key], value, section, key)
            elif key in inner and isinstance(value, dict):
                values[key] = self.read(inner[key], value, prefix + key)
            elif section:
                keys = ", ".join((*known, *(f"[{prefix}{name}]" for name in inner)))
                raise self.error(section, key, f"unknown key {key!r} in [{section}]; the keys are {keys}")
            else:
                names = ", ".join(f"[{name}]" for name in known_settings())
                raise self.error(key, "", f"unknown section or key {key!r}; the sections are {names}")
        return kind(**values)

    def error(self, section: str, key: str, what: str) -> SettingsError:
        """Return an error with the line of a key, or of a section where the key is ""."""
        return SettingsError(f"{self.path}:{_line(self.text, section, key)}: {what}.")

    def _value(self, setting: Setting, value: Any, section: str, key: str) -> Any:
        name = f"{section}.{key}" if section else key
        try:
            return setting.read(value, self.path.absolute().parent)
        except WrongValueError as error:
            if isinstance(value, dict):
                raise self.error(name, error.entry, f"[{name}] takes {error}") from error
            raise self.error(section, key, f"{name} = {value!r} is not allowed; it takes {error}") from error


def _settings(kind: type) -> dict[str, Setting]:
    return {field.name: field.metadata["setting"] for field in fields(kind) if field.metadata}


def _inner(kind: type) -> dict[str, type]:
    """Return the sections inside a section by their names."""
    found = {field.name: field.type for field in fields(kind) if not field.metadata}
    return {name: inner for name, inner in found.items() if isinstance(inner, type) and is_dataclass(inner)}


def _sections(kind: type, prefix: str) -> Iterator[tuple[str, Mapping[str, Setting]]]:
    for name, inner in _inner(kind).items():
        settings = _settings(inner)
        if settings:
            yield prefix + name, settings
        yield from _sections(inner, f"{prefix}{name}.")


def _line(text: str, section: str, key: str) -> int:
    """Find the line of a key; the TOML parser of the standard library keeps no positions.

    A heading [section.key], and a dotted key, count as the key. Falls back to the section's line, then to 1.
    """
    current, heading_line = "", 1
    name = re.escape(key or section)
    assignment = re.compile(rf"""\s*["']?{name}["']?\s*[=.]""")
    for number, line in enumerate(text.splitlines(), start=1):
        heading = re.match(r"\s*\[+\s*([^\]]+?)\s*\]", line)
        if heading:
            current = heading[1]
            if current == section:
                heading_line = number
            if current == (f"{section}.{key}" if key else section):
                return number
        elif assignment.match(line) and (current == section if key else not current):
            return number
    return heading_line
