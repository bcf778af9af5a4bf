"""What can be set, and what holds where nothing is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


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
