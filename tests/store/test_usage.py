"""Last use: what is kept of whom, what is new, and how many hold a current copy."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from radicale_tldops.roster.snapshot import Style
from radicale_tldops.store import usage
from radicale_tldops.store.audit import AuditEntry, append, load, read_detail
from radicale_tldops.store.engine import writing
from radicale_tldops.store.members import load_devices
from radicale_tldops.store.retention import keep, verify_log
from radicale_tldops.store.usage import (
    Copies,
    Download,
    LastUsed,
    Login,
    Lost,
    count_copies,
    load_usage,
    network_of,
    product,
    write_events,
)
from tests.support.clock import START
from tests.support.store import Store

HOUR = timedelta(hours=1)
JANE = "jane@nic.example"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def login(at: datetime = START, device: str = "d1", network: str = "192.0.2.0/24", agent: str = "DAVx5") -> Login:
    """A login of Jane's."""
    return Login(at, JANE, device, network, agent)


def entries(store: Store) -> list[tuple[str, Mapping[str, object]]]:
    """The entries, as action and detail."""
    return [(row.action, read_detail(row)) for row in load(store.members)]


@pytest.mark.parametrize(
    ("peer", "network"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/48"),
        ("", "unknown"),
        ("unix:", "unknown"),
        ("192.0.2.77:5232", "unknown"),
        ("x" * 100_000, "unknown"),
    ],
)
def test_of_an_address_the_network_is_kept(peer: str, network: str) -> None:
    """/24 and /48; whatever is no address is one unknown network, and no error."""
    assert network_of(peer) == network


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.3.0", "Thunderbird"),
        ("DAVx5/4.4.1-ose (2024/05/01; dav4jvm; okhttp/4.12.0) Android/14", "DAVx5"),
        ("iOS/17.5 (21F79) dataaccessd/1.0", "iOS"),
        ("macOS/14.5 (23F79) AddressBookCore/2695.600.11", "macOS"),
        ("Evolution/3.52.0", "Evolution"),
        ("vdirsyncer/0.20.0", "vdirsyncer"),
        ("curl/8.5.0", "curl"),
        ("", "unknown"),
        ("Mozilla/5.0", "unknown"),
        ("(((((", "unknown"),
        ("\x1b[31m \n\u2028", "unknown"),
        ("jane@nic.example", "unknown"),
        ("A" * 100_000, "unknown"),
    ],
)
def test_of_a_user_agent_the_product_is_kept(agent: str, name: str) -> None:
    """Without version and machine; what a client makes up is neither long nor a control."""
    assert product(agent) == name


def test_a_new_device_and_a_new_network_are_entries_and_the_rest_is_not(store: Store) -> None:
    """Each is told once, whichever worker sees it, and an old one in a new place is told as that."""
    write_events(store.members, [login(), login(), login(START + HOUR)])
    write_events(store.members, [login(START + 2 * HOUR), login(network="198.51.100.0/24"), login(device="d2")])
    assert [(action, detail["new"]) for action, detail in entries(store)] == [
        ("login", ["device", "network"]),
        ("login", ["network"]),
        ("login", ["device"]),
    ]
    assert entries(store)[0][1] == {
        "device": "d1", "network": "192.0.2.0/24", "agent": "DAVx5", "new": ["device", "network"],
    }  # fmt: skip


@pytest.mark.parametrize("first_download", [True, False])
def test_a_device_is_new_once_whatever_comes_first(store: Store, first_download: bool) -> None:
    """A login may be lost, so that the download after it is written first."""
    both: list[usage.Event] = [Download(START, JANE, "d1", 3, "plain"), login()]
    write_events(store.members, both[:: 1 if first_download else -1])
    write_events(store.members, [login(START + 2 * HOUR)])
    assert sorted(action for action, _ in entries(store)) == ["download", "login"]
    (used,), _ = load_usage(store.members)
    assert (used.generation, used.agent) == (3, "DAVx5")


def test_the_date_of_last_use_is_written_at_most_once_an_hour(store: Store) -> None:
    """A minute later nothing changes; an hour later, or after a clock was set back by one, it does."""
    write_events(store.members, [login()])
    before = store.members.read_bytes()
    write_events(store.members, [login(START + HOUR / 60, agent="Other")])
    assert store.members.read_bytes() == before
    for at in (START + HOUR, START - HOUR):
        write_events(store.members, [login(at)])
        (used,), (network,) = load_usage(store.members)
        assert used.last_seen == network.last_seen == at.isoformat()
        assert used.first_seen == START.isoformat()


def test_the_first_download_of_a_generation_is_an_entry(store: Store) -> None:
    """Once for each device and generation; an older one, from a worker that lags behind, changes nothing."""
    write_events(store.members, [Download(START, JANE, "d1", 4, "plain")] * 2)
    write_events(store.members, [Download(START, JANE, "d1", 3, "plain"), Download(START, JANE, "d2", 4, "groups")])
    write_events(store.members, [Download(START + HOUR, JANE, "d1", 5, "plain")])
    told = [(detail["device"], detail["generation"]) for _, detail in entries(store)]
    assert told == [("d1", 4), ("d2", 4), ("d1", 5)]
    used = {row.device: row for row in load_usage(store.members)[0]}
    assert (used["d1"].generation, used["d1"].downloaded_at) == (5, (START + HOUR).isoformat())
    assert (used["d2"].generation, used["d2"].style) == (4, "groups")


def test_what_was_lost_is_an_entry(store: Store) -> None:
    """With how many, and since when."""
    write_events(store.members, [Lost(START + HOUR, START, 12)])
    assert entries(store) == [("not recorded", {"count": 12, "since": START.isoformat()})]
    assert [row.subject for row in load(store.members)] == ["logins and downloads"]


def test_a_log_of_an_older_version_with_failed_logins_is_read_and_verified(store: Store) -> None:
    """Such entries are not written any more; those that are there stay, and the chain goes on over them."""
    detail = {"network": "192.0.2.0/24", "reason": "wrong password", "count": 7, "until": (START + HOUR).isoformat()}
    with writing(store.members) as connection:
        append(connection, [AuditEntry(START, usage.SERVER, "login failed", JANE, detail)])
    write_events(store.members, [login()])
    assert entries(store)[0] == ("login failed", detail)
    assert [action for action, _ in entries(store)] == ["login failed", "login"]
    assert verify_log(store.roster, store.members).whole


def test_the_server_does_not_read_its_devices_again(store: Store) -> None:
    """The counter that tells the server of a change stays as it is."""
    before = load_devices(store.members)[0]
    write_events(store.members, [login(), Download(START, JANE, "d1", 4, "plain"), Lost(START, START, 1)])
    assert load_devices(store.members)[0] == before


def test_networks_are_bounded(store: Store) -> None:
    """Of a login that roams, the networks seen last are kept."""
    for number in range(usage.MAX_NETWORKS + 20):
        write_events(store.members, [login(START + number * HOUR, network=f"10.0.{number}.0/24")])
    _, networks = load_usage(store.members)
    assert {network.network for network in networks} == {
        f"10.0.{number}.0/24" for number in range(20, usage.MAX_NETWORKS + 20)
    }


def test_what_nobody_uses_is_forgotten(store: Store) -> None:
    """A network after ninety days; a device then if its password is not in force, and a login if it may not read."""
    store.apply(put=["jane"])
    write_events(store.members, [login(device="gone"), login(device="", network="198.51.100.0/24")])
    write_events(store.members, [login(START + timedelta(days=80), network="203.0.113.0/24")])
    write_events(store.members, [Login(START, "left@nic.example", "", "192.0.2.0/24", "curl")])
    keep(store.roster, store.members, 0, "clerk", START + timedelta(days=89))
    assert [len(rows) for rows in load_usage(store.members)] == [4, 4]
    done = keep(store.roster, store.members, 0, "clerk", START + timedelta(days=91))
    used, networks = load_usage(store.members)
    assert {(row.login, row.device) for row in used} == {(JANE, "d1"), (JANE, "")}
    assert [network.network for network in networks] == ["203.0.113.0/24"]
    assert done.forgotten == 5


def used(login: str, device: str, generation: int, style: str = "plain") -> LastUsed:
    """A row of last use."""
    return LastUsed(login, device, "", "", "", generation, style, None)


CHANGED = {Style.PLAIN: 5, Style.GROUPS: 7}


@pytest.mark.parametrize(
    ("rows", "members", "devices"),
    [
        ([], (0, 0, 3), (0, 0, 3)),
        ([used("a", "1", 0)], (0, 0, 3), (0, 0, 3)),
        ([used("a", "1", 4)], (0, 1, 2), (0, 1, 2)),
        ([used("a", "1", 5)], (1, 0, 2), (1, 0, 2)),
        ([used("a", "1", 6, "groups")], (0, 1, 2), (0, 1, 2)),
        ([used("a", "1", 7, "groups")], (1, 0, 2), (1, 0, 2)),
        ([used("a", "1", 4), used("b", "2", 6)], (1, 0, 2), (1, 1, 1)),
        ([used("c", "", 9)], (1, 0, 2), (1, 0, 3)),
        ([used("a", "9", 9), used("x", "3", 9), used("x", "", 9)], (0, 0, 3), (0, 0, 3)),
    ],
)
def test_copies_are_counted(rows: list[LastUsed], members: tuple[int, int, int], devices: tuple[int, int, int]) -> None:
    """By people, who may have several logins, and by devices that are in force: current, older, none."""
    people = {"a": "A", "b": "A", "c": "C", "d": "D"}
    valid = [("A", "1"), ("A", "2"), ("D", "4"), ("X", "3")]
    assert count_copies(people, valid, rows, CHANGED) == (Copies(*members), Copies(*devices))


def test_forgetting_keeps_what_is_in_force(store: Store) -> None:
    """A device whose password is in force is shown with its last use, however long ago that was."""
    write_events(store.members, [login()])
    with writing(store.members) as connection:
        assert usage.forget(connection, [], ["d1"], START + timedelta(days=1000)) == 1
    used, networks = load_usage(store.members)
    assert (len(used), len(networks)) == (1, 0)
