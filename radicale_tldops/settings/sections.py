"""Every section of `tldops.toml` with its keys and how each is read."""

from collections.abc import Mapping

from radicale_tldops.settings.reading import (
    Read,
    attribute,
    choice,
    directories,
    flag,
    labels,
    list_format,
    list_id,
    loopback,
    name,
    names,
    optional_path,
    path,
    percent,
    proxies,
    reasons,
    rest_url,
    text,
    url,
    whole,
    with_login,
)
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
    StoreSettings,
    SubscriberSettings,
    VettingSettings,
)

_LIST = {"file": optional_path, "format": list_format}

DIRECTORY: Mapping[str, Read] = {
    "servers": directories,
    "start_tls": flag,
    "ca_file": optional_path,
    "bind_dn": text,
    "password_file": optional_path,
    "password_env": text,
    "timeout": whole(1, 60),
}
"""The keys of every section that names an LDAP directory."""

SECTIONS: Mapping[str, tuple[type, Mapping[str, Read]]] = {
    "store": (StoreSettings, {"roster": path, "members": path}),
    "membership": (ListSettings, _LIST),
    "subscribers": (
        SubscriberSettings,
        {"source": choice("file", "mailman3", "ldap"), **_LIST, "close_after": whole(0, 366 * 24)},
    ),
    "subscribers.mailman3": (
        Mailman3Settings,
        {
            "url": rest_url,
            "user": name,
            "password_file": optional_path,
            "password_env": text,
            "list": list_id,
            "owners": flag,
            "moderators": flag,
            "ca_file": optional_path,
            "plain_http": flag,
            "connect_timeout": whole(1, 60),
            "read_timeout": whole(1, 600),
            "deadline": whole(1, 3600),
        },
    ),
    "subscribers.ldap": (
        LdapGroupSettings,
        {
            **DIRECTORY,
            "group": text,
            "people_base": text,
            "uid_attribute": attribute,
            "mail_attribute": attribute,
            "ignore": names,
            "page_size": whole(1, 10_000),
            "deadline": whole(1, 3600),
        },
    ),
    "vetting": (
        VettingSettings,
        {
            "max_per_cctld": whole(1, 1_000_000),
            "stale_after_months": whole(1, 1200),
            "require_appointment": flag,
            "add_cctlds": labels,
            "retire_cctlds": labels,
            "role_addresses": reasons,
        },
    ),
    "guards": (
        GuardSettings,
        {
            "removal_percent": percent,
            "removal_people": whole(0, 1_000_000),
            "addition_percent": percent,
            "addition_people": whole(0, 1_000_000),
            "access_percent": percent,
            "access_people": whole(0, 1_000_000),
            "mismatch_percent": percent,
            "window_hours": whole(1, 24 * 366),
        },
    ),
    "cards": (CardSettings, {"tlp": name, "book_name": name, "book_description": name}),
    "server": (
        ServerSettings,
        {
            "host": name,
            "port": whole(0, 65535),
            "url": url,
            "max_blind": whole(0, 366 * 86400),
            "max_check_age": whole(0, 24 * 366),
            "tls_certificate": optional_path,
            "tls_key": optional_path,
            "proxies": proxies,
            "access_log": flag,
            "metrics": loopback,
        },
    ),
    "auth": (AuthSettings, {"realm": name}),
    "auth.ldap": (
        LdapLoginSettings,
        {
            **DIRECTORY,
            "people_base": text,
            "filter": with_login,
            "dn_template": with_login,
            "mail_attribute": attribute,
            "cache_seconds": whole(0, 86400),
        },
    ),
    "audit": (AuditSettings, {"keep_days": whole(0, 36_600)}),
}
