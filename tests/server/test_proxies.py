"""Who is believed about where a request comes from."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radicale_tldops.login.peer import MAX_HOPS, Proxies
from radicale_tldops.roster.errors import SettingsError
from radicale_tldops.settings.file import load

PROXIES = Proxies(("127.0.0.1", "::1", "192.0.2.0/28", "unix"))


@pytest.mark.parametrize(
    ("remote", "forwarded", "peer"),
    [
        ("127.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("::1", "2001:db8::7", "2001:db8::7"),
        ("::ffff:127.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("", "198.51.100.7", "198.51.100.7"),
        ("unix", "198.51.100.7", "198.51.100.7"),
        ("127.0.0.1", "198.51.100.7, 192.0.2.3,127.0.0.1", "198.51.100.7"),
        ("127.0.0.1", "192.0.2.3, 192.0.2.4", "192.0.2.3"),
        ("127.0.0.1", "198.51.100.7:50123", "198.51.100.7"),
        ("127.0.0.1", "[2001:DB8::7]:50123", "2001:db8::7"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("198.51.100.9", "203.0.113.1", "198.51.100.9"),
    ],
)
def test_a_proxy_of_ours_is_believed_and_nobody_else(remote: str, forwarded: str, peer: str) -> None:
    """The peer is the last address of the chain that is no proxy of ours, in its one canonical form."""
    assert PROXIES.peer(remote, forwarded) == peer


def test_without_proxies_the_header_is_ignored() -> None:
    """That is the default: everybody is who the connection comes from."""
    for remote in ("127.0.0.1", "::1", "198.51.100.9"):
        assert Proxies().peer(remote, "203.0.113.1") == remote
    assert Proxies().peer("", "203.0.113.1") == "unix"


@pytest.mark.parametrize(
    "wrong", ['"127.0.0.1"', '["localhost"]', '["10.0.0.1/8"]', '["127.0.0.1", ""]', "[1]", '["1.2.3"]', '["Unix"]']
)
def test_the_setting_takes_addresses_and_networks_alone(tmp_path: Path, wrong: str) -> None:
    """A name that resolves to something else tomorrow is none, and a slip is an error with its line."""
    config = tmp_path / "tldops.toml"
    config.write_text(f"[server]\nproxies = {wrong}\n")
    with pytest.raises(SettingsError, match=r"tldops\.toml:2: server\.proxies .* addresses and networks"):
        load(config)
    config.write_text('[server]\nproxies = ["127.0.0.1", "2001:db8::/64", "unix"]\n')
    assert Proxies(load(config).server.proxies).peer("2001:db8::1", "198.51.100.7") == "198.51.100.7"


@pytest.mark.parametrize(
    "lie", ["203.0.113.1", "203.0.113.1, 203.0.113.2", "127.0.0.1", "x" * 5000, ",,,", '"', "::1,"]
)
def test_what_a_client_writes_itself_changes_nothing(lie: str) -> None:
    """A proxy adds its peer behind what the client sent: the client's own words are never reached."""
    assert PROXIES.peer("127.0.0.1", f"{lie}, 198.51.100.7") == "198.51.100.7"


@pytest.mark.parametrize(
    "part", ["unknown", "_hidden", "256.1.1.1", "1.2.3", "::1%", "[::1", "198.51.100.7:x", "", " ", "0x7f.1", "١.١.١.١"]
)
def test_a_part_that_is_no_address_ends_the_search(part: str) -> None:
    """The proxy that passed it on is shown; what stands further left is not believed for it."""
    assert PROXIES.peer("127.0.0.1", f"203.0.113.1, {part}, 192.0.2.3") == "192.0.2.3"
    assert PROXIES.peer("127.0.0.1", f"203.0.113.1, {part}") == "127.0.0.1"


def test_a_chain_of_proxies_is_followed_only_so_far() -> None:
    """A header of a megabyte costs no more than a short one."""
    assert PROXIES.peer("127.0.0.1", "203.0.113.1" + ",192.0.2.3" * MAX_HOPS) == "192.0.2.3"
    assert PROXIES.peer("127.0.0.1", "203.0.113.1" + ",192.0.2.3" * (MAX_HOPS - 1)) == "203.0.113.1"


@given(remote=st.text(max_size=80), forwarded=st.text(max_size=300))
def test_nothing_raises_and_strangers_stay_who_they_are(remote: str, forwarded: str) -> None:
    """Whatever the bytes are, there is a peer; and a peer that is no proxy is never taken for another."""
    peer = PROXIES.peer(remote, forwarded)
    assert peer
    if not PROXIES.believes(PROXIES.peer(remote)):
        assert peer == PROXIES.peer(remote)


@given(st.lists(st.sampled_from(["203.0.113.1", "192.0.2.3", "127.0.0.1", "junk", ""]), max_size=20))
def test_a_stranger_behind_a_proxy_is_always_the_last_stranger(chain: list[str]) -> None:
    """The rule again: from the end, over our own proxies, to the first that is none, as far as it can be read."""
    expected = "127.0.0.1"
    for part in reversed(chain[-MAX_HOPS:]):
        if part not in ("203.0.113.1", "192.0.2.3", "127.0.0.1"):
            break
        expected = part
        if part == "203.0.113.1":
            break
    assert PROXIES.peer("127.0.0.1", ", ".join(chain)) == expected
