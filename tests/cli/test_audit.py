"""`tldops audit`: finding entries, verifying, pruning and accepting the log; `status --usage` and last use."""

import json
import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from tests.support import World
from tests.support.people import people
from tests.support.recording import record
from tests.support.terminal import on_a_terminal

TEN = people(10)
ANN = TEN[0].login


@pytest.fixture
def busy(tldops: World) -> World:
    """A store with ten people, two devices of the first, and what a server recorded of them."""
    tldops.sync(*TEN)
    first, second = (device(tldops, ANN, label) for label in ("laptop", "phone"))
    record(
        tldops,
        ("login", ANN, first, "192.0.2.7", "Thunderbird/128"),
        ("download", ANN, first, 1, "plain"),
        ("login", ANN, second, "2001:db8:1::7", "DAVx5/4.4"),
        ("login", ANN, second, "198.51.100.9", "DAVx5/4.4"),
    )
    tldops.do("status")
    return tldops


def device(tldops: World, login: str, label: str, style: str = "plain") -> str:
    """Issue a device password and return the id of the device."""
    found: str = tldops.do("device", "add", login, "--label", label, "--style", style, "--json").json["id"]
    return found


def change(tldops: World, statement: str) -> None:
    """Change the members database past the commands."""
    with closing(sqlite3.connect(tldops.folder / "members.sqlite")) as connection, connection:
        assert connection.execute(statement).rowcount


def lines_on_a_terminal(tldops: World, *arguments: str) -> list[str]:
    """What a terminal of 80 columns shows, without colours."""
    shown = on_a_terminal(tldops, "", *arguments).out
    return [re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", line) for line in shown.splitlines()]


def actions(tldops: World, *options: str) -> list[str]:
    """The kinds of the entries that a filter finds."""
    return [entry["action"] for entry in tldops.do("audit", "--json", *options).json]


ALL = ["sync", "device add", "device add", "login", "download", "login", "login"]


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ([], ALL),
        (["--limit", "2"], ALL[-2:]),
        (["--action", "login"], ["login", "login", "login"]),
        (["--actor", "server"], ALL[3:]),
        (["--login", ANN], ALL[1:]),
        (["--subject", "PERSON01@nic.EXAMPLE"], ALL[1:]),
        (["--subject", "generation 1"], ["sync"]),
        (["--login", "nobody@nic.example"], []),
        (["--actor", "server", "--action", "download"], ["download"]),
    ],
)
def test_filters(busy: World, options: Sequence[str], found: Sequence[str]) -> None:
    """By kind, by who, on whom, how many: a login in any spelling."""
    assert actions(busy, *options) == list(found)


def test_times(busy: World) -> None:
    """A day counts from its beginning to its end; a moment is a moment; all in UTC."""
    busy.ahead = timedelta(days=3)
    busy.do("confirm", ANN)
    today, later = datetime.now(UTC), datetime.now(UTC) + timedelta(days=3)
    assert actions(busy, "--since", f"{later:%Y-%m-%d}") == ["confirm"]
    assert actions(busy, "--until", f"{later:%Y-%m-%d}") == [*ALL, "confirm"]
    assert (
        actions(busy, "--since", f"{today - timedelta(days=1):%Y-%m-%dT%H:%M}", "--until", f"{today:%Y-%m-%d}") == ALL
    )
    assert actions(busy, "--since", f"{later + timedelta(hours=1):%Y-%m-%dT%H:%M:%S}") == []
    assert "yesterday" in busy.refused("audit", "--since", "yesterday", code=2)


def test_details_tell_from_where_and_with_what(busy: World) -> None:
    """One line for each entry in a pipe; at 80 columns on a terminal, wrapped."""
    told = busy.do("audit", "--login", ANN, "--details").out.splitlines()
    assert len(told) == 6
    assert "agent: Thunderbird" in told[2]
    assert "network: 192.0.2.0/24" in told[2]
    assert "new: device and network" in told[2]
    assert "network: 198.51.100.0/24" in told[-1]
    assert told[-1].endswith("new: network")
    shown = lines_on_a_terminal(busy, "audit", "--details")
    assert max(map(len, shown)) <= 80
    assert len(shown) > len(ALL)


def test_an_empty_answer_says_so(busy: World) -> None:
    """Nothing found is no error, and no empty screen."""
    assert busy.do("audit", "--actor", "nobody").out == "No entries.\n"


def test_a_log_of_server_and_commands_is_whole(busy: World) -> None:
    """Entries of both follow from each other; the newest and its digest are told, to be kept elsewhere."""
    last = busy.do("audit", "--json").json[-1]
    told = busy.do("audit", "--verify").out
    assert "7 entries, and the chain is whole." in told
    assert f"The digest of entry 7: {last['chain']}" in told


def test_the_end_that_a_server_wrote_is_missed(busy: World) -> None:
    """Once a command has run, entries of the server that are cut off show."""
    change(busy, "DELETE FROM audit WHERE id = 7")
    for _ in range(2):
        assert "entry 7 is missing" in busy.refused("audit", "--verify", code=1)
    busy.do("confirm", ANN)
    assert "entry 7 is missing" in busy.refused("audit", "--verify", code=1)


@pytest.mark.parametrize("action", ["--verify", "--prune", "--accept"])
def test_what_concerns_the_whole_log_takes_no_filter(busy: World, action: str) -> None:
    """A filter beside it would promise something else than is done."""
    assert "takes no filter" in busy.refused("audit", action, "--login", ANN, code=2)


def test_pruning_by_hand(busy: World) -> None:
    """What is older than `keep_days` goes, the rest is whole, and everything says so."""
    busy.configure("[audit]\nkeep_days = 30\n")
    assert "0 entries pruned" in busy.do("audit", "--prune").out
    busy.ahead = timedelta(days=31)
    busy.do("confirm", ANN)
    assert "7 entries pruned: they are kept for 30 days." in busy.do("audit", "--prune").out
    assert actions(busy) == ["pruned", "confirm", "prune"]
    told = busy.do("audit", "--verify").out
    assert "2 entries, and the chain is whole." in told
    assert "behind entry 7" in told
    assert busy.do("audit", "--verify", "--json").json["pruned"]["entries"] == 7
    busy.sync(*TEN[:9])
    assert actions(busy).count("sync") == 1


def test_for_ever(busy: World) -> None:
    """With 0 nothing is ever pruned."""
    busy.configure("[audit]\nkeep_days = 0\n")
    busy.ahead = timedelta(days=5000)
    done = busy.do("audit", "--prune", "--json").json
    assert (done["pruned"], done["keep_days"]) == (0, None)
    assert "kept for ever" in busy.do("audit", "--prune").out
    assert actions(busy) == ALL


def test_a_changed_log_is_neither_pruned_nor_forgotten(busy: World) -> None:
    """It has to be looked at first; accepting it is on record, and then pruning goes on."""
    change(busy, "UPDATE audit SET actor = 'nobody' WHERE id = 4")
    busy.ahead = timedelta(days=1000)
    assert "entry 4 is missing" in busy.refused("audit", "--verify", code=1)
    assert "nothing was pruned" in busy.refused("audit", "--prune", code=1)
    assert "entry 4 is missing" in busy.do("audit", "--accept").out
    assert "whole" in busy.do("audit", "--verify").out
    assert "nothing to accept" in busy.do("audit", "--accept").out
    assert "7 entries pruned" in busy.do("audit", "--prune").out
    assert busy.do("audit", "--action", "accept", "--json").json[0]["detail"]["broken"] == 4


def test_what_somebody_made_of_an_entry_is_shown_all_the_same(busy: World) -> None:
    """Unreadable details are no reason for a traceback: they are what one looks for."""
    change(busy, "UPDATE audit SET detail = '[broken' WHERE id = 4")
    change(busy, "UPDATE audit SET detail = '5' WHERE id = 5")
    assert busy.do("audit", "--json").json[3]["detail"] == {"text": "[broken"}
    assert "text: [broken" in busy.do("audit", "--details").out


def test_usage_counts_members_and_devices(busy: World) -> None:
    """Current is who has downloaded what is served now; a generation that changes no card leaves it so."""
    usage = busy.do("status", "--usage", "--json").json
    assert usage == {
        "generation": 1,
        "members": {"total": 10, "current": 1, "older": 0, "none": 9},
        "devices": {"total": 2, "current": 1, "older": 0, "none": 1},
    }
    busy.do("access", "deny", TEN[9].login, "--reason", "test")
    busy.do("access", "allow", TEN[9].login)
    assert busy.do("status", "--usage", "--json").json["members"]["current"] == 1
    busy.sync(*TEN[:9])
    members = busy.do("status", "--usage", "--json").json["members"]
    assert members == {"total": 9, "current": 0, "older": 1, "none": 8}
    told = busy.do("status", "--usage").out
    assert "Members  9: 0 with the current cards, 1 with older ones, 8 without any" in told
    assert "Devices  2:" in told


def test_usage_names_nobody(busy: World) -> None:
    """Counts only: no login, name or device is in it."""
    told = busy.do("status", "--usage").out + busy.do("status", "--usage", "--json").out
    assert "@" not in told
    assert not [person.name for person in TEN if person.name in told]
    assert not [row["id"] for row in busy.do("device", "list", "--json").json if row["id"] in told]


def test_who_may_not_read_does_not_count(busy: World) -> None:
    """A copy of somebody who is denied, or on a device that was revoked, is not one of the members'."""
    used = busy.do("device", "list", ANN, "--json").json[0]["id"]
    busy.do("device", "revoke", used)
    assert busy.do("status", "--usage", "--json").json["devices"]["total"] == 1
    busy.do("access", "deny", ANN, "--reason", "test")
    usage = busy.do("status", "--usage", "--json").json
    assert usage["members"] == {"total": 9, "current": 0, "older": 0, "none": 9}
    assert usage["devices"]["total"] == 0


def test_usage_of_an_empty_store(tldops: World) -> None:
    """Before the first sync there is nobody."""
    tldops.do("init")
    assert tldops.do("status", "--usage", "--json").json["members"]["total"] == 0
    assert "--missing" in tldops.refused("status", "--usage", "--missing", code=2)


def test_devices_are_listed_with_their_last_use(busy: World) -> None:
    """The day, "never" before the first login, and with --json what the app is called and which generation it has."""
    device(busy, TEN[1].login, "tablet")
    shown = busy.do("device", "list", "--json").json
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    assert [(row["app"], row["generation"]) for row in shown] == [("Thunderbird", 1), ("DAVx5", None), (None, None)]
    assert [str(row["last_used"])[:10] for row in shown] == [today, today, "None"]
    lines = busy.do("device", "list").out.splitlines()
    assert lines[0] == f".{TEN[1].cctld} {TEN[1].name} ({TEN[1].login})"
    assert lines[1].endswith(f"tablet (plain), issued {today}, never used")
    assert lines[2] == f".{TEN[0].cctld} {TEN[0].name} ({ANN})"
    assert f"phone (plain), issued {today}, last used {today} by DAVx5, from a network not seen before" in lines[3]
    assert max(map(len, lines_on_a_terminal(busy, "device", "list"))) <= 80


def test_a_server_that_writes_is_no_older_copy(busy: World) -> None:
    """What the server records between commands makes none of them think that a database was replaced."""
    for number in range(3):
        record(busy, ("login", ANN, f"d{number}", "192.0.2.7", "curl/8"), ("download", ANN, f"d{number}", 1, "plain"))
        busy.do("sync", "--yes")
    assert json.loads(busy.do("audit", "--verify", "--json").out)["whole"]


def test_a_restore_keeps_what_is_known_of_a_pruned_log(busy: World) -> None:
    """A backup from before the pruning does not make the pruning look like a theft."""
    backup = str(busy.folder / "backup")
    busy.do("backup", backup)
    busy.configure("[audit]\nkeep_days = 30\n")
    busy.ahead = timedelta(days=31)
    busy.do("audit", "--prune")
    busy.do("restore", backup, "--yes")
    assert "whole" in busy.do("audit", "--verify").out


def month(tldops: World) -> None:
    """Let 61 days go by, with a sync every ten."""
    for days in range(10, 70, 10):
        tldops.ahead = timedelta(days=days)
        tldops.do("sync", "--yes")
    tldops.ahead = timedelta(days=61)


def test_a_sync_that_writes_prunes_now_and_then(busy: World) -> None:
    """What is a month over its time goes with the next sync that changes something, and not a few each time."""
    busy.configure("[audit]\nkeep_days = 30\n")
    for days in (20, 40):
        busy.ahead = timedelta(days=days)
        busy.do("sync", "--yes")
    busy.sync(*TEN[:9])
    assert "prune" not in actions(busy)
    month(busy)
    busy.sync(*TEN[:8])
    assert actions(busy)[0] == "pruned"
    assert "whole" in busy.do("audit", "--verify").out


def test_a_sync_does_its_work_whatever_is_wrong_with_the_log(busy: World) -> None:
    """A changed log is not pruned, and that is said; the sync is done."""
    busy.configure("[audit]\nkeep_days = 30\n")
    change(busy, "UPDATE audit SET actor = 'nobody' WHERE id = 4")
    month(busy)
    assert "nothing was pruned" in busy.sync(*TEN[:9]).err
    assert busy.generation() == 2


def test_a_clock_that_is_years_ahead_takes_nothing_away(busy: World) -> None:
    """A sync with a wrong clock, or a few of them, prune and forget nothing; set right, the log is as it was."""
    before = busy.do("audit", "--json").json
    for days in (3 * 365, 3 * 365 + 1, 4 * 365):
        busy.ahead = timedelta(days=days)
        busy.sync(*TEN[: 9 - days % 2])
    busy.ahead = timedelta()
    assert busy.do("audit", "--json").json[: len(before)] == before
    assert "prune" not in actions(busy)
    assert [row["last_used"] is not None for row in busy.do("device", "list", "--json").json] == [True, True]
    assert "whole" in busy.do("audit", "--verify").out
