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
    """How `tldops serve` listens. `url` is what members type; `max_blind` is in seconds, `max_check_age` in hours.

    `metrics` is an address of the loopback with a port, or empty for none; `proxies` are addresses, networks, "unix".
    """

    host: str = "127.0.0.1"
    port: int = 5232
    url: str = ""
    max_blind: int = 3600
    max_check_age: int = 24
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    proxies: tuple[str, ...] = ()
    access_log: bool = True
    metrics: str = ""


@dataclass(frozen=True, slots=True)
class DirectorySettings:
    """An LDAP directory: its servers in order of preference, how they are trusted, and who asks them.

    `start_tls` concerns ldap:// only. The password of `bind_dn` is in the file or the variable, never here; without
    a `bind_dn` the directory is asked anonymously. `timeout` is in seconds.
    """

    servers: tuple[str, ...] = ()
    start_tls: bool = True
    ca_file: Path | None = None
    bind_dn: str = ""
    password_file: Path | None = None
    password_env: str = ""
    timeout: int = 3


@dataclass(frozen=True, slots=True)
class Mailman3Settings:
    """A list of Mailman 3, by its REST interface. Times are in seconds; `deadline` is for everything together.

    `owners` and `moderators` tell whether these count as being on the list. `plain_http` allows http:// to another
    machine, where the administrator's password of Mailman goes over the network in clear.
    """

    url: str = "http://localhost:8001/3.1"
    user: str = "restadmin"
    password_file: Path | None = None
    password_env: str = ""
    list: str = ""
    owners: bool = False
    moderators: bool = False
    ca_file: Path | None = None
    plain_http: bool = False
    connect_timeout: int = 3
    read_timeout: int = 10
    deadline: int = 60


@dataclass(frozen=True, slots=True)
class LdapGroupSettings(DirectorySettings):
    """A group of an LDAP directory as the list.

    `group` is its DN. Below `people_base` the people are read in pages; a posixGroup needs it. `ignore` names members,
    by DN or memberUid, who are nobody. `deadline` is for everything together, in seconds.
    """

    group: str = ""
    people_base: str = ""
    uid_attribute: str = "uid"
    mail_attribute: str = "mail"
    ignore: tuple[str, ...] = ()
    page_size: int = 500
    deadline: int = 60


@dataclass(frozen=True, slots=True)
class SubscriberSettings:
    """Where it is known who is on the list now. `close_after` is in hours, 0 for never."""

    source: str = ""
    file: Path | None = None
    format: str = "auto"
    close_after: int = 0
    mailman3: Mailman3Settings = Mailman3Settings()
    ldap: LdapGroupSettings = LdapGroupSettings()

    @property
    def kind(self) -> str:
        """What is asked: "file", "mailman3", "ldap", or "" where the membership file itself is the list."""
        return self.source or ("file" if self.file is not None else "")


@dataclass(frozen=True, slots=True)
class LdapLoginSettings(DirectorySettings):
    """Logins by a bind to a directory; none where no server is set. `timeout` is for a whole login.

    The entry is the only one that `filter` finds below `people_base`, or the one that `dn_template` names; in both,
    "{login}" stands for what was typed. `mail_attribute` holds the address that has to be on the list. A bind that
    succeeded is good for `cache_seconds`.
    """

    people_base: str = ""
    filter: str = "(&(objectClass=person)(|(uid={login})(mail={login})))"
    dn_template: str = ""
    mail_attribute: str = "mail"
    cache_seconds: int = 300


@dataclass(frozen=True, slots=True)
class AuthSettings:
    """How readers prove who they are: with device passwords, and with LDAP where it is set."""

    realm: str = "TLD-OPS contact repository"
    ldap: LdapLoginSettings = LdapLoginSettings()


@dataclass(frozen=True, slots=True)
class AuditSettings:
    """How long what people did is kept. `keep_days` is 0 for ever."""

    keep_days: int = 730


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole configuration. `path` is None where there is no file and the defaults hold."""

    path: Path | None = None
    store: StoreSettings = StoreSettings()
    membership: ListSettings = ListSettings()
    subscribers: SubscriberSettings = SubscriberSettings()
    readers: Mapping[str, str] = field(default_factory=dict)
    vetting: VettingSettings = VettingSettings()
    guards: GuardSettings = GuardSettings()
    cards: CardSettings = CardSettings()
    server: ServerSettings = ServerSettings()
    auth: AuthSettings = AuthSettings()
    audit: AuditSettings = AuditSettings()
