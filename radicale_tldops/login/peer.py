"""The address from which a request really comes: only the proxies that the configuration names are believed.

X-Forwarded-For is read for the access log, the log of failed logins, and the throttle. A proxy has to drop headers with
underscores, such as X_Forwarded_For: WSGI cannot tell them from the right ones. X-Script-Name, X-Forwarded-Host,
X-Remote-User and similar headers are always ignored.
"""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

UNIX = "unix"
"""The name of a peer on a Unix socket, which has no address."""

MAX_HOPS = 16
"""Most addresses of a header that are read, from its end: nobody has more proxies in a row."""

_LONGEST = 64
"""Longest address in characters, with brackets, zone and port."""

_KEPT = 4096
"""Most addresses whose parsed form is kept."""

_Address = IPv4Address | IPv6Address


class Proxies:
    """The proxies that are believed. `networks` are addresses, networks in CIDR notation, or "unix"."""

    def __init__(self, networks: tuple[str, ...] = ()) -> None:
        self._unix = UNIX in networks
        self._networks = tuple(ip_network(network, strict=False) for network in networks if network != UNIX)
        self.believes = lru_cache(_KEPT)(self._believes)

    def peer(self, remote_addr: str, forwarded_for: str = "") -> str:
        """Return the peer's address; never raises.

        `remote_addr` is the other end of the connection. If that is a proxy of ours, the peer is the last address in
        `forwarded_for`, the value of X-Forwarded-For, that is not a proxy of ours. Every proxy adds its own peer at the
        end, so text that a client wrote itself is further left. A part that is not an address ends the search: the peer
        is then the proxy that added it.
        """
        peer = _address(remote_addr) or remote_addr or UNIX
        if not forwarded_for or not self.believes(peer):
            return peer
        for part in reversed(forwarded_for.rsplit(",", MAX_HOPS)[-MAX_HOPS:]):
            address = _address(part)
            if not address:
                break
            peer = address
            if not self.believes(peer):
                break
        return peer

    def _believes(self, peer: str) -> bool:
        """Return whether a peer, as `peer` returns it, is a proxy of ours."""
        if peer == UNIX:
            return self._unix
        address = _read(peer)
        return address is not None and any(address in network for network in self._networks)


def _address(text: str) -> str:
    """Return the canonical form of an address, without port and brackets, or "" for another text."""
    # Check the length before the cache: texts of strangers must not fill the memory.
    return _plain(text) if len(text) <= _LONGEST else ""


@lru_cache(_KEPT)
def _plain(text: str) -> str:
    address = _read(text)
    return str(address) if address else ""


def _read(text: str) -> _Address | None:
    """Read an address, with a port or without: "192.0.2.1", "192.0.2.1:443", "2001:db8::1", "[2001:db8::1]:443"."""
    text = text.strip(" \t")
    if text.startswith("["):
        text, closed, port = text[1:].partition("]")
        if not closed or (port and not _is_port(port.removeprefix(":"))):
            return None
    elif text.count(":") == 1:
        text, _, port = text.partition(":")
        if not _is_port(port):
            return None
    try:
        address = ip_address(text)
    except ValueError:
        return None
    # A socket for both families shows an IPv4 peer as ::ffff:192.0.2.1.
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 5
