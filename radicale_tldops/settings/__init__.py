"""The settings of `tldops.toml`: one line for each, with its type, its default, how it is read, and what it means.

A new setting is one line here, one in config/tldops.toml and one in docs/configuration.md; tests compare the three.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from radicale_tldops.roster.device import GRACE
from radicale_tldops.settings.reading import (
    LIST_FORMATS,
    GuardLimit,
    addresses,
    attribute,
    cctld_reasons,
    directories,
    flag,
    headings,
    host,
    labels,
    limit,
    list_id,
    loopback,
    mail_address,
    name,
    names,
    one_of,
    optional_path,
    path,
    proxies,
    reasons,
    rest_url,
    roles,
    setting,
    text,
    url,
    whole,
    with_login,
)

_NO_REASONS: Mapping[str, str] = {}
_NO_HEADINGS: Mapping[str, tuple[str, ...]] = {}


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """Where the databases are; a relative path counts from the folder of the configuration file."""

    roster: Path = setting(Path("roster.sqlite"), path, "The roster database. Only commands write it.")
    members: Path = setting(
        Path("members.sqlite"), path, "Device passwords (as digests), confirmations and the audit log."
    )
    desk: Path | None = setting(
        None, optional_path, "The secretariat's own columns. Only commands open it. Without it: beside the roster."
    )
    history_days: int = setting(
        400, whole(1, 36_600), "Days for which earlier cards are kept. The last ten generations with cards always are."
    )
    strict_modes: bool = setting(
        False,
        flag,
        "Refuse to run while others may read or write a database, its folder, the configuration, a key or a password "
        "file.",
    )

    @property
    def desk_file(self) -> Path:
        """Where the desk database is."""
        return self.desk or self.roster.with_name("desk.sqlite")


@dataclass(frozen=True, slots=True)
class ListSettings:
    """The membership file."""

    file: Path | None = setting(None, optional_path, "The membership file. It decides who is in the roster.")
    format: str = setting("auto", one_of(*LIST_FORMATS), 'Its format. `"auto"` detects it, and spreadsheets.')
    sheet: str = setting("", text, "The sheet of a spreadsheet. Without it: the only one with the headings of a list.")
    private_columns: tuple[str, ...] = setting(
        (), names, "Headings of columns of your own: not looked at, and kept for `export --private`, as `note` is."
    )
    columns: Mapping[str, tuple[str, ...]] = setting(_NO_HEADINGS, headings, "Headings of your own, by column.")


@dataclass(frozen=True, slots=True)
class Mailman3Settings:
    """A list of Mailman 3, by its REST interface."""

    url: str = setting("http://localhost:8001/3.1", rest_url, "The REST interface of Mailman Core, with its version.")
    list: str = setting("", list_id, "The list, by its id or its address.")
    user: str = setting("restadmin", name, "`admin_user` of Mailman's `[webservice]`.")
    password_file: Path | None = setting(None, optional_path, "A file that holds `admin_pass` and nothing else.")
    other_roles: tuple[str, ...] = setting(
        (), roles, 'Who counts as being on the list beside its members: `"owner"`, `"moderator"`.'
    )
    ca_file: Path | None = setting(
        None, optional_path, "The CA certificates for an https:// address. Without it: those that the system trusts."
    )
    plain_http: bool = setting(
        False, flag, "Allow http:// to another machine. The password then crosses the network unencrypted."
    )


@dataclass(frozen=True, slots=True)
class LdapGroupSettings:
    """A group of the directory as the list."""

    group: str = setting("", text, "The DN of a groupOfNames, groupOfUniqueNames or posixGroup.")
    people_base: str = setting("", text, "The DN below which its people are. A posixGroup needs it.")
    ignore: tuple[str, ...] = setting((), names, "Members of the group, by DN or memberUid, that are no people.")


@dataclass(frozen=True, slots=True)
class SubscriberSettings:
    """Where it is known who is on the list now."""

    source: str = setting(
        "",
        one_of("", "file", "mailman3", "ldap"),
        'Who knows who is on the list: `"file"`, `"mailman3"` or `"ldap"`. Without it: `file` or the membership file.',
    )
    file: Path | None = setting(None, optional_path, "The list as a text file.")
    format: str = setting("auto", one_of(*LIST_FORMATS), 'The format of `file`. `"auto"` detects it.')
    close_after: int = setting(
        0, whole(0, 366 * 24), "Hours after which all access ends if the list cannot be read. 0: never."
    )
    leaving_grace_days: int = setting(
        GRACE.days,
        whole(0, 366),
        "Days in which the card of a person who left the list stays, and device passwords come back on return.",
    )
    mailman3: Mailman3Settings = Mailman3Settings()
    ldap: LdapGroupSettings = LdapGroupSettings()

    @property
    def kind(self) -> str:
        """What is asked: "file", "mailman3", "ldap", or "" where the membership file itself is the list."""
        return self.source or ("file" if self.file is not None else "")

    @property
    def leaving_grace(self) -> timedelta:
        """How long somebody who left may come back."""
        return timedelta(days=self.leaving_grace_days)


@dataclass(frozen=True, slots=True)
class DirectorySettings:
    """The LDAP directory: its servers, how they are trusted, and who asks them."""

    servers: tuple[str, ...] = setting((), directories, "The servers, in order of preference.")
    start_tls: bool = setting(
        True, flag, "Use StartTLS on ldap:// before anything else. `false` is accepted for this machine only."
    )
    ca_file: Path | None = setting(
        None, optional_path, "The CA certificates for the servers. Without it: those that the system trusts."
    )
    bind_dn: str = setting("", text, "The account that searches. Without it the directory is asked anonymously.")
    password_file: Path | None = setting(
        None, optional_path, "A file that holds the password of `bind_dn` and nothing else."
    )
    mail_attribute: str = setting(
        "mail", attribute, "The attribute with the address that is on the list. People must not be able to change it."
    )


@dataclass(frozen=True, slots=True)
class VettingSettings:
    """The rules of vetting that a community may change."""

    max_per_cctld: int = setting(3, whole(1, 1_000_000), "Most contacts of one ccTLD, and the highest slot.")
    stale_after_months: int = setting(
        12, whole(1, 1200), "Months after which a contact that nobody confirmed is reported as stale."
    )
    require_appointment: bool = setting(
        False, flag, "Refuse a contact whom neither the IANA admin nor the tech contact appointed."
    )
    add_cctlds: tuple[str, ...] = setting((), labels, "ccTLDs that were delegated after the packaged list was made.")
    retire_cctlds: tuple[str, ...] = setting((), labels, "ccTLDs that were retired after the packaged list was made.")
    role_addresses: Mapping[str, str] = setting(
        _NO_REASONS, reasons, "Role addresses that are accepted, each with the reason."
    )
    domain_typos: Mapping[str, str] = setting(
        _NO_REASONS, reasons, "Addresses whose domain is right, though it is nearly that of a well-known mail provider."
    )
    look_alikes: Mapping[str, str] = setting(
        _NO_REASONS, reasons, "People, by an address of theirs, whose names are right with the letters that they have."
    )
    no_contact_expected: Mapping[str, str] = setting(
        _NO_REASONS, cctld_reasons, "ccTLDs of which no contact is expected, each with the reason."
    )


@dataclass(frozen=True, slots=True)
class GuardSettings:
    """What a sync may change within the window of the guards without being forced."""

    removals: GuardLimit = setting(GuardLimit(2, 5), limit, "People who may be removed.")
    additions: GuardLimit = setting(GuardLimit(2, 5), limit, "People who may be added.")
    changes: GuardLimit = setting(
        GuardLimit(2, 5), limit, "People who may get another value, for each field by itself."
    )
    losses: GuardLimit = setting(GuardLimit(2, 5), limit, "People who may lose a value, for each field by itself.")
    access: GuardLimit = setting(GuardLimit(2, 5), limit, "Logins that may be added, and logins that may be removed.")
    mismatch: GuardLimit = setting(GuardLimit(10), limit, "People about whom list and membership file may disagree.")


@dataclass(frozen=True, slots=True)
class CardSettings:
    """What the configuration decides of the cards and the book."""

    tlp: str = setting("TLP:AMBER", name, "The first line of every note (Traffic Light Protocol).")
    book_name: str = setting("TLD-OPS", name, "The name of the address book, as members see it.")


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """How `tldops serve` listens, and what it tells."""

    host: str = setting("127.0.0.1", name, "The address to listen on. Leave it on the loopback, behind a TLS proxy.")
    port: int = setting(5232, whole(0, 65535), "The port to listen on.")
    url: str = setting("", url, "The address that members type, without a path. `tldops device add` prints it.")
    max_blind: int = setting(
        3600, whole(0, 366 * 86400), "Seconds for which the last good roster is served if the store cannot be read."
    )
    max_check_age: int = setting(
        24, whole(0, 24 * 366), "Hours without a successful sync after which `/.health` says 503. 0: never."
    )
    tls_certificate: Path | None = setting(
        None, optional_path, "The certificate with its chain, in PEM form, for TLS without a proxy."
    )
    tls_key: Path | None = setting(
        None, optional_path, "The key of the certificate, in PEM form, without a passphrase."
    )
    proxies: tuple[str, ...] = setting(
        (), proxies, 'Proxies whose X-Forwarded-For is believed: addresses, networks, or `"unix"` for one on a socket.'
    )
    access_log: bool = setting(True, flag, "Write one line for each request to standard error.")
    metrics: str = setting("", loopback, "The address and port on the loopback where Prometheus is answered.")


@dataclass(frozen=True, slots=True)
class LdapLoginSettings:
    """Logins by a bind to the directory; off where neither `people_base` nor `dn_template` is set."""

    people_base: str = setting("", text, "The DN below which people are searched.")
    filter: str = setting(
        "(&(objectClass=person)(|(uid={login})(mail={login})))",
        with_login,
        "How one person is found there. `{login}` stands for what was typed.",
    )
    dn_template: str = setting("", with_login, "Instead of a search: what everybody's DN looks like.")


@dataclass(frozen=True, slots=True)
class AuthSettings:
    """How readers prove who they are: with device passwords, and with LDAP where it is set."""

    ldap: LdapLoginSettings = LdapLoginSettings()


@dataclass(frozen=True, slots=True)
class AuditSettings:
    """How long what people did is kept."""

    keep_days: int = setting(730, whole(0, 36_600), "Days for which entries of the audit log are kept. 0: for ever.")


@dataclass(frozen=True, slots=True)
class MailSettings:
    """The mail server that sends, and who gets a message if a service fails."""

    server: str = setting("", host, "The mail server that sends. Without it no mail is sent.")
    port: int = setting(587, whole(1, 65535), "Its port: 587 for `starttls`, 465 for `tls`, as a rule.")
    security: str = setting(
        "starttls",
        one_of("starttls", "tls", "none"),
        '`"starttls"` or `"tls"`. `"none"` is accepted for this machine only.',
    )
    user: str = setting("", text, "The account at the server. Without it nobody logs in.")
    password_file: Path | None = setting(
        None, optional_path, "A file that holds the password of `user` and nothing else."
    )
    ca_file: Path | None = setting(
        None, optional_path, "The CA certificates for the server. Without it: those that the system trusts."
    )
    sender: str = setting("", mail_address, "The address that the mails come from.")
    daily: int = setting(500, whole(1, 1_000_000), "Most mails within 24 hours; the others wait.")
    operator: tuple[str, ...] = setting((), addresses, "Who is told if a service fails.")


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole configuration. `path` is None where there is no file and the defaults hold."""

    path: Path | None = None
    store: StoreSettings = StoreSettings()
    membership: ListSettings = ListSettings()
    subscribers: SubscriberSettings = SubscriberSettings()
    ldap: DirectorySettings = DirectorySettings()
    readers: Mapping[str, str] = setting(_NO_REASONS, reasons, "Readers who are no contacts, each with the reason.")
    vetting: VettingSettings = VettingSettings()
    guards: GuardSettings = GuardSettings()
    cards: CardSettings = CardSettings()
    server: ServerSettings = ServerSettings()
    auth: AuthSettings = AuthSettings()
    audit: AuditSettings = AuditSettings()
    mail: MailSettings = MailSettings()
