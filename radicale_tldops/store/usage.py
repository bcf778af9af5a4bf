"""When, from where and with which client a login was last used, and how many clients hold the current book.

Little is stored about a person: the network of an address, the product name of a user agent, times to the hour. These
writes do not change the counter of the members database, so the server does not read its devices again.
"""

import ipaddress
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

from sqlalchemy import Connection, delete, insert, select, update

from radicale_tldops.roster.snapshot import Style
from radicale_tldops.store.audit import AuditEntry, append
from radicale_tldops.store.engine import writing
from radicale_tldops.store.opening import check_version, few_rows, reading_members
from radicale_tldops.store.schema import MEMBERS, last_used, seen_from
from radicale_tldops.store.wishes import add_wish

SERVER = "server"
"""The actor in entries that the server writes."""

RARELY = timedelta(hours=1)
"""The least time between two updates of a date of last use."""

MAX_NETWORKS = 50
"""Most networks that are kept for one login; the one with the oldest date is deleted first."""

UNKNOWN = "unknown"
"""The network of a peer without an address, and the name of an unknown product."""

# Names that browsers and their engines put before the name of the product.
_ENGINES = frozenset({"mozilla", "gecko", "applewebkit", "khtml", "like", "version", "mobile"})
_PRODUCT = re.compile(r"([A-Za-z][A-Za-z0-9._+-]{0,29})(?:/|\s|$)")


@dataclass(frozen=True, slots=True)
class Login:
    """A reader logged in. `network` and `agent` are what `network_of` and `product` gave."""

    at: datetime
    login: str
    device: str
    network: str
    agent: str


@dataclass(frozen=True, slots=True)
class Download:
    """A client has all of a generation."""

    at: datetime
    login: str
    device: str
    generation: int
    style: str


@dataclass(frozen=True, slots=True)
class Copy:
    """A reader took a file that holds all of a generation. `form` says which kind of file."""

    at: datetime
    login: str
    device: str
    generation: int
    form: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A reader, or somebody who knows the address of one, asked for a code. `browser` is what `browser_digest` gave."""

    at: datetime
    login: str
    browser: str
    network: str


@dataclass(frozen=True, slots=True)
class Lost:
    """`count` events could not be recorded, from `since` to `at`."""

    at: datetime
    since: datetime
    count: int


Event = Login | Download | Copy | Asked | Lost


@dataclass(frozen=True, slots=True)
class LastUsed:
    """The use of one device of a login. Times are ISO, in UTC; `generation` is 0 before the first download."""

    login: str
    device: str
    first_seen: str
    last_seen: str
    agent: str
    generation: int
    style: str
    downloaded_at: str | None


@dataclass(frozen=True, slots=True)
class SeenFrom:
    """A network from which a login was used."""

    login: str
    network: str
    first_seen: str
    last_seen: str


@lru_cache(maxsize=8192)
def network_of(peer: str) -> str:
    """Return the network of an address: /24 of IPv4, /48 of IPv6, which is enough to notice a new place."""
    try:
        address = ipaddress.ip_address(peer.partition("%")[0])
    except ValueError:
        return UNKNOWN
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is None:
            return str(ipaddress.ip_network((address, 48), strict=False))
        address = address.ipv4_mapped
    return str(ipaddress.ip_network((address, 24), strict=False))


def product(user_agent: str) -> str:
    """Return the name of the product in a User-Agent header (RFC 9110, 10.1.5), without version and machine."""
    bare = re.sub(r"\([^()]*\)", " ", user_agent[:400])
    names = (match[1] for word in bare.split() if (match := _PRODUCT.match(word)))
    return next((name for name in names if name.lower() not in _ENGINES), UNKNOWN)


def between(last_seen: str, at: datetime) -> timedelta:
    """Return the time between two times; one hour where the stored one cannot be read, so that it is replaced."""
    try:
        # A clock that was set back must not keep a date in the future for long.
        return abs(at - datetime.fromisoformat(last_seen))
    except (ValueError, TypeError):
        return RARELY


def load_usage(members: Path) -> tuple[Sequence[LastUsed], Sequence[SeenFrom]]:
    """Return the last use of every device, and of every network."""
    with reading_members(members) as connection:
        used = [LastUsed(**row) for row in few_rows(connection, select(last_used))]
        return used, [SeenFrom(**row) for row in few_rows(connection, select(seen_from))]


def by_device(uses: Iterable[LastUsed]) -> Mapping[str, LastUsed]:
    """Return the last use of each device, under whichever login, by the id of the device."""
    return {use.device: use for use in sorted(uses, key=lambda use: use.last_seen) if use.device}


def write_events(members: Path, events: Iterable[Event]) -> None:
    """Write the news in these events in one transaction; commands write to the same database."""
    with writing(members) as connection:
        check_version(members, connection, MEMBERS)
        entries = [_write(connection, event) for event in events]
        append(connection, [entry for entry in entries if entry is not None])


def forget(connection: Connection, logins: Collection[str], devices: Collection[str], before: datetime) -> int:
    """Delete old rows and return their number.

    Old are the use of other devices than these, the use without a device by other logins, and networks, if not seen
    since `before`.
    """
    limit = before.isoformat()
    old = [
        (row["login"], row["device"])
        for row in few_rows(connection, select(last_used).where(last_used.c.last_seen < limit))
        if (row["device"] not in devices if row["device"] else row["login"] not in logins)
    ]
    for login, device in old:
        connection.execute(delete(last_used).where(last_used.c.login == login, last_used.c.device == device))
    return len(old) + connection.execute(delete(seen_from).where(seen_from.c.last_seen < limit)).rowcount


def _write(connection: Connection, event: Event) -> AuditEntry | None:
    """Update the tables with one event; return its entry for the audit log, or None."""
    if isinstance(event, Login):
        return _write_login(connection, event)
    if isinstance(event, Download):
        return _write_download(connection, event)
    if isinstance(event, Asked):
        here = seen_from.c.login == event.login, seen_from.c.network == event.network
        is_known = connection.execute(select(seen_from.c.login).where(*here)).first() is not None
        add_wish(connection, event.login, event.browser, event.at, is_known=is_known)
        return None
    if isinstance(event, Copy):
        taken = {"device": event.device, "generation": event.generation, "form": event.form}
        return AuditEntry(event.at, SERVER, "download", event.login, taken)
    detail = {"count": event.count, "since": event.since.isoformat()}
    return AuditEntry(event.at, SERVER, "not recorded", "logins and downloads", detail)


def _write_login(connection: Connection, event: Login) -> AuditEntry | None:
    touched = {"device": _touch_device(connection, event), "network": _touch_network(connection, event)}
    new = [what for what, is_new in touched.items() if is_new]
    if not new:
        return None
    detail = {"device": event.device, "network": event.network, "agent": event.agent, "new": new}
    return AuditEntry(event.at, SERVER, "login", event.login, detail)


def _touch_device(connection: Connection, event: Login) -> bool:
    """Write when a device was used; return whether it is new."""
    here = (last_used.c.login == event.login, last_used.c.device == event.device)
    known = connection.execute(select(last_used).where(*here)).first()
    if known is None:
        _insert_device(connection, event.login, event.device, event.at, agent=event.agent)
        return True
    if not known.agent or between(known.last_seen, event.at) >= RARELY:
        seen = update(last_used).where(*here).values(last_seen=event.at.isoformat(), agent=event.agent)
        connection.execute(seen)
    # Where the event of the login was lost, the download made the row.
    return not known.agent


def _insert_device(connection: Connection, login: str, device: str, at: datetime, **values: object) -> None:
    row = {"agent": "", "generation": 0, "style": "", "downloaded_at": None} | values
    seen = at.isoformat()
    connection.execute(insert(last_used).values(login=login, device=device, first_seen=seen, last_seen=seen, **row))


def _touch_network(connection: Connection, event: Login) -> bool:
    """Write from which network a login was used; return whether it is new."""
    here, at = (seen_from.c.login == event.login, seen_from.c.network == event.network), event.at.isoformat()
    known = connection.execute(select(seen_from).where(*here)).first()
    if known is not None:
        if between(known.last_seen, event.at) >= RARELY:
            connection.execute(update(seen_from).where(*here).values(last_seen=at))
        return False
    of_login = select(seen_from.c.network).where(seen_from.c.login == event.login)
    others = connection.execute(of_login.order_by(seen_from.c.last_seen.desc())).scalars().all()
    for gone in others[MAX_NETWORKS - 1 :]:
        connection.execute(delete(seen_from).where(seen_from.c.login == event.login, seen_from.c.network == gone))
    connection.execute(insert(seen_from).values(login=event.login, network=event.network, first_seen=at, last_seen=at))
    return True


def _write_download(connection: Connection, event: Download) -> AuditEntry | None:
    here = (last_used.c.login == event.login, last_used.c.device == event.device)
    known = connection.execute(select(last_used).where(*here)).first()
    values = {"generation": event.generation, "style": event.style, "downloaded_at": event.at.isoformat()}
    if known is None:
        _insert_device(connection, event.login, event.device, event.at, **values)
    elif known.generation >= event.generation:
        return None
    else:
        seen = max(known.last_seen, event.at.isoformat())
        connection.execute(update(last_used).where(*here).values(last_seen=seen, **values))
    detail = {"device": event.device, "generation": event.generation, "style": event.style}
    return AuditEntry(event.at, SERVER, "download", event.login, detail)


@dataclass(frozen=True, slots=True)
class Copies:
    """How many hold which copy: the `current` cards, `older` ones, or `none` that is known."""

    current: int
    older: int
    none: int

    @property
    def total(self) -> int:
        """The number of all."""
        return self.current + self.older + self.none


def count_copies(
    people: Mapping[str, str], valid: Iterable[tuple[str, str]], used: Iterable[LastUsed], changed: Mapping[Style, int]
) -> tuple[Copies, Copies]:
    """Count the people, and the devices, by the copy that they hold.

    `people` maps every login that may read to the person behind it, `valid` are person and device of every device
    password that is in force, and `changed` is the generation that last changed what a style of the book shows: what
    was downloaded since then is current. A use without a device password (LDAP) counts as one device.
    """
    best = dict.fromkeys(people.values(), 0)
    owners = {device: owner for owner, device in valid if owner in best}
    copies = dict.fromkeys(owners, 0)
    for use in used:
        owner = owners.get(use.device) if use.device else people.get(use.login)
        if owner is not None:
            style = Style.GROUPS if use.style == Style.GROUPS else Style.PLAIN
            copy = 0 if not use.generation else 1 + (use.generation >= changed[style])
            client = use.device or use.login
            copies[client] = max(copies.get(client, 0), copy)
            best[owner] = max(best[owner], copy)
    return _copies(best.values()), _copies(copies.values())


def _copies(held: Iterable[int]) -> Copies:
    found = [*held]
    return Copies(found.count(2), found.count(1), found.count(0))
