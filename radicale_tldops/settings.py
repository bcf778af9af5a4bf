"""`tldops.toml`: every setting, its default, what it may be, and where it went wrong."""

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from radicale_tldops.roster.errors import SettingsError
from radicale_tldops.roster.login import canonical_login

ENVIRONMENT = "TLDOPS_CONFIG"
DEFAULT_FILE = "tldops.toml"

LIST_FORMATS = (*("auto", "report", "mailman2", "mailman3", "mailman3-rfc2047", "dumpdb", "csv", "tsv", "addresses"),)
"""The formats of membership files and lists (docs/membership-file.md)."""

_LABEL = re.compile(r"[A-Za-z]{2}|[Xx][Nn]--[A-Za-z0-9-]+|(?=.*[^\x00-\x7f])[^\s.,;/]+")


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """Where the two databases are; a relative path counts from the folder of the configuration file."""

    roster: Path = Path("roster.sqlite")
    members: Path = Path("members.sqlite")


@dataclass(frozen=True, slots=True)
class ListSettings:
    """A file in one of the formats of docs/membership-file.md; None where none is set."""

    file: Path | None = None
    format: str = "auto"


@dataclass(frozen=True, slots=True)
class VettingSettings:
    """The rules of vetting that a community may set otherwise."""

    max_per_cctld: int = 3
    stale_after_months: int = 12
    require_appointment: bool = False
    add_cctlds: tuple[str, ...] = ()
    retire_cctlds: tuple[str, ...] = ()
    role_addresses: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GuardSettings:
    """Limits of `sync`: the larger of the percentage and the number of people counts, over `window_hours`."""

    removal_percent: float = 10.0
    removal_people: int = 5
    addition_percent: float = 10.0
    addition_people: int = 5
    access_percent: float = 10.0
    access_people: int = 5
    mismatch_percent: float = 10.0
    window_hours: int = 24


@dataclass(frozen=True, slots=True)
class CardSettings:
    """What the configuration decides of the cards and the book."""

    tlp: str = "TLP:AMBER"
    book_name: str = "TLD-OPS"
    book_description: str = "Security and Stability Contacts of the ccTLDs"


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """How `tldops serve` listens. `url` is what members type; `max_blind` is in seconds."""

    host: str = "127.0.0.1"
    port: int = 5232
    workers: int = 2
    url: str = ""
    max_blind: int = 3600


@dataclass(frozen=True, slots=True)
class AuthSettings:
    """How readers prove who they are."""

    realm: str = "TLD-OPS contact repository"


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole configuration. `path` is None where there is no file and the defaults hold."""

    path: Path | None = None
    store: StoreSettings = StoreSettings()
    membership: ListSettings = ListSettings()
    subscribers: ListSettings = ListSettings()
    readers: Mapping[str, str] = field(default_factory=dict)
    vetting: VettingSettings = VettingSettings()
    guards: GuardSettings = GuardSettings()
    cards: CardSettings = CardSettings()
    server: ServerSettings = ServerSettings()
    auth: AuthSettings = AuthSettings()


_Read = Callable[[Any, Path], Any]


class _WrongValueError(ValueError):
    """The text says what is allowed instead; `entry` is the key inside a table of which the value is."""

    def __init__(self, allowed: str, entry: str = "") -> None:
        super().__init__(allowed)
        self.entry = entry


def _text(value: Any, _base: Path) -> str:
    if not isinstance(value, str) or any(ord(char) < 32 or ord(char) == 127 for char in value):
        raise _WrongValueError("a text in quotes, on one line")
    return value


def _name(value: Any, base: Path) -> str:
    if not _text(value, base).strip():
        raise _WrongValueError("a text that is not empty")
    return str(value).strip()


def _path(value: Any, base: Path) -> Path:
    if not _text(value, base).strip():
        raise _WrongValueError("the path of a file, in quotes")
    return base / Path(value).expanduser()


def _optional_path(value: Any, base: Path) -> Path | None:
    return _path(value, base) if value != "" else None


def _flag(value: Any, _base: Path) -> bool:
    if not isinstance(value, bool):
        raise _WrongValueError("true or false")
    return value


def _whole(least: int, most: int) -> _Read:
    def read(value: Any, _base: Path) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise _WrongValueError(f"a whole number from {least} to {most}")
        return value

    return read


def _percent(value: Any, _base: Path) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 100:
        raise _WrongValueError("a number from 0 to 100")
    return float(value)


def _labels(value: Any, _base: Path) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) and item.strip() for item in value):
        raise _WrongValueError('a list of labels, for example ["nl", "рф"]')
    for item in value:
        if not _LABEL.fullmatch(item.strip().lstrip(".")):
            raise _WrongValueError(f"two letters or an IDN label each, which {item!r} is not")
    return tuple(item.strip() for item in value)


def _format(value: Any, base: Path) -> str:
    if _text(value, base) not in LIST_FORMATS:
        raise _WrongValueError(f"one of {', '.join(LIST_FORMATS)}")
    return str(value)


def _reasons(value: Any, _base: Path) -> Mapping[str, str]:
    if not isinstance(value, dict):
        raise _WrongValueError('one line for each address: "somebody@example.org" = "the reason"')
    reasons: dict[str, str] = {}
    for address, reason in value.items():
        login = canonical_login(address)
        if not login:
            raise _WrongValueError(f"a mail address on the left, which {address!r} is not", address)
        if not isinstance(reason, str) or not reason.strip():
            raise _WrongValueError(f"a reason in quotes behind {address!r}", address)
        reasons[login] = reason.strip()
    return reasons


def _url(value: Any, base: Path) -> str:
    text = _text(value, base)
    if text and not re.fullmatch(r"https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?/?", text):
        raise _WrongValueError('an address without a path, like "https://contacts.example.org/"')
    return text


_LIST = {"file": _optional_path, "format": _format}

_SECTIONS: Mapping[str, tuple[type, Mapping[str, _Read]]] = {
    "store": (StoreSettings, {"roster": _path, "members": _path}),
    "membership": (ListSettings, _LIST),
    "subscribers": (ListSettings, _LIST),
    "vetting": (
        VettingSettings,
        {
            "max_per_cctld": _whole(1, 1_000_000),
            "stale_after_months": _whole(1, 1200),
            "require_appointment": _flag,
            "add_cctlds": _labels,
            "retire_cctlds": _labels,
            "role_addresses": _reasons,
        },
    ),
    "guards": (
        GuardSettings,
        {
            "removal_percent": _percent,
            "removal_people": _whole(0, 1_000_000),
            "addition_percent": _percent,
            "addition_people": _whole(0, 1_000_000),
            "access_percent": _percent,
            "access_people": _whole(0, 1_000_000),
            "mismatch_percent": _percent,
            "window_hours": _whole(1, 24 * 366),
        },
    ),
    "cards": (CardSettings, {"tlp": _name, "book_name": _name, "book_description": _name}),
    "server": (
        ServerSettings,
        {
            "host": _name,
            "port": _whole(0, 65535),
            "workers": _whole(1, 64),
            "url": _url,
            "max_blind": _whole(0, 366 * 86400),
        },
    ),
    "auth": (AuthSettings, {"realm": _name}),
}


def known_settings() -> Mapping[str, tuple[str, ...]]:
    """Return every section with its keys, for the documentation's test; [readers] has addresses for keys."""
    return {"readers": (), **{name: tuple(keys) for name, (_, keys) in _SECTIONS.items()}}


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


def _section(name: str, content: Any, text: str, path: Path) -> Any:
    base = path.absolute().parent
    if name == "readers":
        try:
            return _reasons(content, base)
        except _WrongValueError as error:
            raise SettingsError(f"{path}:{_line(text, name, error.entry)}: [readers] takes {error}.") from error
    if name not in _SECTIONS or not isinstance(content, dict):
        allowed = ", ".join(f"[{section}]" for section in known_settings())
        raise SettingsError(
            f"{path}:{_line(text, name, '')}: unknown section or key {name!r}; the sections are {allowed}."
        )
    kind, readers = _SECTIONS[name]
    values: dict[str, Any] = {}
    for key, value in content.items():
        where = f"{path}:{_line(text, name, key)}"
        if key not in readers:
            raise SettingsError(f"{where}: unknown key {key!r} in [{name}]; the keys are {', '.join(readers)}.")
        try:
            values[key] = readers[key](value, base)
        except _WrongValueError as error:
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
