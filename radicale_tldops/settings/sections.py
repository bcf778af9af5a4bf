"""Every section of `tldops.toml` with its keys and how each is read."""

from collections.abc import Mapping

from radicale_tldops.settings.reading import (
    Read,
    flag,
    labels,
    list_format,
    name,
    optional_path,
    path,
    percent,
    reasons,
    url,
    whole,
)
from radicale_tldops.settings.values import (
    AuthSettings,
    CardSettings,
    GuardSettings,
    ListSettings,
    ServerSettings,
    StoreSettings,
    VettingSettings,
)

_LIST = {"file": optional_path, "format": list_format}

SECTIONS: Mapping[str, tuple[type, Mapping[str, Read]]] = {
    "store": (StoreSettings, {"roster": path, "members": path}),
    "membership": (ListSettings, _LIST),
    "subscribers": (ListSettings, _LIST),
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
            "workers": whole(1, 64),
            "url": url,
            "max_blind": whole(0, 366 * 86400),
        },
    ),
    "auth": (AuthSettings, {"realm": name}),
}
