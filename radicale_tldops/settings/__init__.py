"""`tldops.toml`: every setting, its default, what it may be, and where it went wrong."""

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from radicale_tldops.roster.errors import SettingsError
from radicale_tldops.settings.reading import LIST_FORMATS, WrongValueError, reasons
from radicale_tldops.settings.sections import SECTIONS
from radicale_tldops.settings.values import (
    AuditSettings,
    AuthSettings,
    CardSettings,
    GuardSettings,
    LdapGroupSettings,
    LdapLoginSettings,
    ListSettings,
    Mailman3Settings,
    ServerSettings,
    Settings,
    StoreSettings,
    SubscriberSettings,
    VettingSettings,
)

__all__ = [
    "DEFAULT_FILE",
    "ENVIRONMENT",
    "LIST_FORMATS",
    "AuditSettings",
    "AuthSettings",
    "CardSettings",
    "GuardSettings",
    "LdapGroupSettings",
    "LdapLoginSettings",
    "ListSettings",
    "Mailman3Settings",
    "ServerSettings",
    "Settings",
    "StoreSettings",
    "SubscriberSettings",
    "VettingSettings",
    "find_file",
    "known_settings",
    "load",
]

ENVIRONMENT = "TLDOPS_CONFIG"
"""The variable that names the configuration file."""

DEFAULT_FILE = "tldops.toml"
"""The configuration file in the current folder, where none is named."""


def known_settings() -> Mapping[str, tuple[str, ...]]:
    """Return every section with its keys, for the documentation's test; [readers] has addresses for keys.

    A section inside another one has a dotted name, as its heading has.
    """
    return {"readers": (), **{name: tuple(keys) for name, (_, keys) in SECTIONS.items()}}


def find_file(explicit: str | None) -> Path | None:
    """Return the configuration file to use: the explicit one, $TLDOPS_CONFIG, or tldops.toml here if it exists."""
    named = explicit or os.environ.get(ENVIRONMENT)
    if named:
        return Path(named)
    default = Path(DEFAULT_FILE)
    return default if default.exists() else None


def load(path: Path | None) -> Settings:
    """Read the configuration.

    Raises:
        SettingsError: with file, line, key, value and what is allowed.
    """
    if path is None:
        return Settings()
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise SettingsError(
            f"{path}: cannot read the configuration: {reason}. `tldops init` writes a new one."
        ) from error
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: not valid TOML: {error}") from error
    values = {name: _section(name, content, text, path) for name, content in data.items()}
    store, base = values.pop("store", StoreSettings()), path.absolute().parent
    if base / store.roster == base / store.members:
        where = f"{path}:{_line(text, 'store', 'members')}"
        raise SettingsError(f"{where}: store.roster and store.members are one file; they have to be two.")
    return Settings(path=path, store=StoreSettings(base / store.roster, base / store.members), **values)


def _section(name: str, content: Any, text: str, path: Path, *, inner: bool = False) -> Any:
    base = path.absolute().parent
    if name == "readers":
        try:
            return reasons(content, base)
        except WrongValueError as error:
            raise SettingsError(f"{path}:{_line(text, name, error.entry)}: [readers] takes {error}.") from error
    if name not in SECTIONS or not isinstance(content, dict) or (not inner and "." in name):
        allowed = ", ".join(f"[{section}]" for section in known_settings())
        raise SettingsError(
            f"{path}:{_line(text, name, '')}: unknown section or key {name!r}; the sections are {allowed}."
        )
    kind, readers = SECTIONS[name]
    values: dict[str, Any] = {}
    for key, value in content.items():
        where = f"{path}:{_line(text, name, key)}"
        if f"{name}.{key}" in SECTIONS:
            values[key] = _section(f"{name}.{key}", value, text, path, inner=True)
            continue
        if key not in readers:
            sections = [one for one in SECTIONS if one.startswith(f"{name}.")]
            keys = ", ".join((*readers, *(f"[{one}]" for one in sections)))
            raise SettingsError(f"{where}: unknown key {key!r} in [{name}]; the keys are {keys}.")
        try:
            values[key] = readers[key](value, base)
        except WrongValueError as error:
            if error.entry:
                where = f"{path}:{_line(text, f'{name}.{key}', error.entry)}"
            raise SettingsError(f"{where}: {name}.{key} = {value!r} is not allowed; it takes {error}.") from error
    return kind(**values)


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
