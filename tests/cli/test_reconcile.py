"""`tldops reconcile`: the list against the membership file, and changes of a real list of Mailman 3."""

import os
import re
from datetime import UTC, datetime
from itertools import count

import pytest

from radicale_tldops.store import audit
from sync.sources.mailman3 import Mailman3
from sync.sources.subscribers import ListError, ListFault
from tests.support import World
from tests.support.mailman import PASSWORD, Mailman
from tests.support.people import people
from tests.support.terminal import on_a_terminal

FORTY = people(40)
STRANGER = "stranger@example.net"
_NUMBERS = count(1)


def listing(tldops: World, *logins: str) -> None:
    """Name a text file with these logins as the list."""
    (tldops.folder / "list.txt").write_text("".join(f"{login}\n" for login in logins))
    tldops.configure('[subscribers]\nfile = "list.txt"\n')


@pytest.fixture
def core_list(tldops: World, mailman_core: Mailman) -> str:
    """A list with all but the last two of forty people, one of those under another address, and a stranger."""
    list_id = mailman_core.new_list(f"reconcile{next(_NUMBERS)}")
    for person in FORTY[:38]:
        mailman_core.subscribe(list_id, person.login, f"{person.name}, #{person.slot}, .{person.cctld}, {person.phone}")
    moved = FORTY[38]
    mailman_core.subscribe(list_id, "moved@example.net", f"{moved.name}, #{moved.slot}, .{moved.cctld}")
    mailman_core.subscribe(list_id, STRANGER, "Some Body")
    tldops.configure(mailman_core.settings(list_id))
    tldops.do("init")
    tldops.write(*FORTY)
    return list_id


def changes_logged(tldops: World) -> list[tuple[str, str]]:
    """Return the changes of the list in the audit log."""
    rows = tldops.do("audit", "--json").json
    return [(row["action"], row["subject"]) for row in rows if "subscribe" in row["action"]]


def test_each_case_is_told_with_what_to_do(tldops: World, mailman_core: Mailman, core_list: str) -> None:
    """For people: under headings, with line and action; exit 1 because there is something to do."""
    mailman_core.stop_delivery(core_list, FORTY[0].login, "by_bounces")
    result = tldops("reconcile")
    assert (result.code, result.err) == (1, "")
    assert result.out.splitlines() == [
        "In the file and not on the list: 1",
        "  .de Person 40 (members.txt:40)",
        "    subscribe person40@nic.example",
        "    or, if the contact has left: delete members.txt:40",
        "On the list with another address than in the file: 1",
        "  .cz Person 39 (members.txt:39): the list has moved@example.net, by the name Person 39",
        "    subscribe person39@nic.example",
        "    unsubscribe moved@example.net (once the other is subscribed)",
        "    or make moved@example.net the list address in members.txt:39",
        "On the list and not in the file: 1",
        "  Some Body",
        f"    unsubscribe {STRANGER}",
        "    or add the contact to the membership file",
        f'    or, for a reader who is no SSC: "{STRANGER}" = "why", under [readers]',
        "Mail of the list is not delivered: 1",
        "  .at Person 01: delivery stopped by bounces",
        "    ask by another way, then correct the address or enable delivery of person01@nic.example",
        "40 people in the file, 40 addresses on the list: 2 to subscribe, 2 to unsubscribe.",
    ]


def test_as_json(tldops: World, core_list: str) -> None:
    """The same for a program, without telephone numbers."""
    result = tldops("reconcile", "--json")
    assert result.code == 1
    shown = result.json
    assert (shown["on_list"], shown["in_file"], shown["errors"]) == (40, 40, 0)
    assert shown["list"].endswith(core_list)
    assert [finding["situation"] for finding in shown["findings"]] == ["not-on-list", "other-address", "not-in-file"]
    moved = shown["findings"][1]
    assert (moved["name"], moved["addresses"], moved["on_list"]) == (
        "Person 39",
        ["person39@nic.example"],
        ["moved@example.net"],
    )
    assert [(action["do"], action["address"], action["done"]) for action in moved["actions"]] == [
        ("subscribe", "person39@nic.example", False),
        ("unsubscribe", "moved@example.net", False),
    ]
    assert "555" not in result.out


def test_without_apply_nothing_is_changed(tldops: World, mailman_core: Mailman, core_list: str) -> None:
    """Neither the list nor the store; it is exit 0 where there is nothing to do."""
    before = mailman_core.members(core_list)
    tldops("reconcile")
    assert mailman_core.members(core_list) == before
    assert changes_logged(tldops) == []
    listing(tldops, *(person.login for person in FORTY))
    assert tldops.do("reconcile").out == (
        "40 people in the file, 40 addresses on the list: 0 to subscribe, 0 to unsubscribe.\n"
    )


def test_apply_brings_the_list_to_the_file(tldops: World, mailman_core: Mailman, core_list: str) -> None:
    """One by one and logged; afterwards they agree, and a sync lets the new ones in."""
    result = tldops.do("reconcile", "--apply", "--yes")
    assert "Subscribed person40@nic.example." in result.out.splitlines()
    assert mailman_core.members(core_list) == {person.login for person in FORTY}
    assert changes_logged(tldops) == [
        ("subscribe", "person40@nic.example"),
        ("subscribe", "person39@nic.example"),
        ("unsubscribe", "moved@example.net"),
        ("unsubscribe", STRANGER),
    ]
    tldops.do("reconcile")
    tldops.do("sync", "--yes")
    assert tldops.logins() == {person.login for person in FORTY}


def test_apply_to_some_addresses_alone(tldops: World, mailman_core: Mailman, core_list: str) -> None:
    """Whoever names addresses gets these cases and no other."""
    result = tldops.do("reconcile", STRANGER.upper(), "--apply", "--yes")
    assert "Person 40" not in result.out
    assert mailman_core.members(core_list) == {*(person.login for person in FORTY[:38]), "moved@example.net"}
    said = tldops.refused("reconcile", FORTY[0].login, "--apply", "--yes", code=2)
    assert "do not disagree about this address" in said


def test_apply_asks_or_wants_yes(tldops: World, mailman_core: Mailman, core_list: str) -> None:
    """Without a terminal, and with --json, it is wrong usage not to say --yes."""
    assert "--yes" in tldops.refused("reconcile", "--apply", code=2)
    assert "--yes" in tldops.refused("reconcile", "--apply", "--json", code=2)
    assert STRANGER in mailman_core.members(core_list)
    shown = tldops("reconcile", "--apply", "--yes", "--json").json
    assert all(action["done"] for finding in shown["findings"] for action in finding["actions"])


def test_on_a_terminal_it_is_shown_at_80_columns_and_asks(tldops: World, mailman_core: Mailman, core_list: str) -> None:
    """No line is longer, and whoever says no has changed nothing."""
    before = mailman_core.members(core_list)
    refused = on_a_terminal(tldops, "n\n", "reconcile", "--apply")
    plain = [re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", line) for line in refused.out.splitlines()]
    assert max(map(len, plain)) <= 80
    assert "Make these 4 changes to the list?" in refused.out
    assert refused.code == 1
    assert mailman_core.members(core_list) == before
    agreed = on_a_terminal(tldops, "y\n", "reconcile", "--apply")
    assert agreed.code == 0
    assert mailman_core.members(core_list) == {person.login for person in FORTY}


def test_apply_makes_no_mass_change(tldops: World, mailman_core: Mailman, core_list: str) -> None:
    """Over the limits for logins nothing at all is done, and what was done within the window counts."""
    with tldops.config.open("a") as config:
        config.write("[guards]\nmismatch = '100 %'\n")
    tldops.write(*FORTY[6:])
    assert "the limit is 5" in tldops("reconcile", "--apply", "--yes").err
    assert mailman_core.members(core_list) >= {person.login for person in FORTY[:38]}
    assert changes_logged(tldops) == []
    for person in FORTY[:4]:
        tldops.do("reconcile", person.login, "--apply", "--yes")
    said = tldops("reconcile", FORTY[4].login, FORTY[5].login, "--apply", "--yes")
    assert said.code == 1
    assert "2 addresses to unsubscribe, after 4 in the last 24 hours; the limit is 5" in said.err


def test_apply_to_another_list_is_refused(tldops: World, mailman_core: Mailman, core_list: str) -> None:
    """When they disagree about a tenth of the people, something is wrong with one of them."""
    tldops.write(*FORTY[5:])
    said = tldops("reconcile", STRANGER, "--apply", "--yes")
    assert said.code == 1
    assert "is it the right list?" in said.err
    assert STRANGER in mailman_core.members(core_list)


def test_apply_stops_where_one_change_fails(
    tldops: World, mailman_core: Mailman, core_list: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was done is told and logged, what was not is left, and a second run does the rest."""
    real = Mailman3.subscribe

    def failing(self: Mailman3, address: str, name: str) -> None:
        if address == "person39@nic.example":
            raise ListError(ListFault.TIMEOUT, "Mailman was not done in time.")
        real(self, address, name)

    monkeypatch.setattr(Mailman3, "subscribe", failing)
    result = tldops("reconcile", "--apply", "--yes")
    assert result.code == 2
    assert "stopped at subscribe person39@nic.example: Mailman was not done in time." in result.err
    assert "done: subscribe person40@nic.example" in result.err
    assert changes_logged(tldops) == [
        ("subscribe", "person40@nic.example"),
        ("subscribe", "person39@nic.example"),
        ("subscribe failed", "person39@nic.example"),
    ]
    assert {"moved@example.net", STRANGER, "person40@nic.example"} < mailman_core.members(core_list)
    monkeypatch.undo()
    tldops.do("reconcile", "--apply", "--yes")
    assert mailman_core.members(core_list) == {person.login for person in FORTY}


@pytest.mark.parametrize(
    ("fault", "done", "counted"), [(ListFault.TIMEOUT, "perhaps", True), (ListFault.REFUSED, "no", False)]
)
def test_a_change_that_may_have_been_made_is_logged_and_counts(
    tldops: World,
    mailman_core: Mailman,
    core_list: str,
    monkeypatch: pytest.MonkeyPatch,
    fault: ListFault,
    done: str,
    counted: bool,
) -> None:
    """Mailman may go on after a time-out; what it refused was surely not done, and does not count."""

    def failing(self: Mailman3, address: str, name: str) -> None:
        raise ListError(fault, "Not now.")

    monkeypatch.setattr(Mailman3, "subscribe", failing)
    for _ in range(5):
        assert tldops("reconcile", FORTY[39].login, "--apply", "--yes").code == 2
    rows = tldops.do("audit", "--json", "--action", "subscribe failed").json
    assert [(row["subject"], row["detail"]["done"]) for row in rows] == [(FORTY[39].login, done)] * 5
    monkeypatch.undo()
    result = tldops("reconcile", FORTY[39].login, "--apply", "--yes")
    assert (result.code == 1) is counted
    assert ("1 addresses to subscribe, after 5 in the last 24 hours" in result.err) is counted


def test_two_commands_at_once_keep_to_one_limit(
    tldops: World, mailman_core: Mailman, core_list: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What another command has begun meanwhile counts, too: the second change stops, and is logged as not done."""
    real = Mailman3.subscribe

    def beside_another(self: Mailman3, address: str, name: str) -> None:
        for number in range(4):
            login = f"other{number}@nic.example"
            audit.record(tldops.folder / "members.sqlite", "eve", "subscribe", login, {}, datetime.now(UTC))
        real(self, address, name)

    monkeypatch.setattr(Mailman3, "subscribe", beside_another)
    result = tldops("reconcile", "--apply", "--yes")
    assert result.code == 1
    assert "stopped at subscribe person39@nic.example: another command changes the list" in result.err
    assert FORTY[39].login in mailman_core.members(core_list)
    assert FORTY[38].login not in mailman_core.members(core_list)
    assert changes_logged(tldops)[-1] == ("subscribe failed", "person39@nic.example")


def subscribed(tldops: World, core: Mailman, limits: str = "") -> str:
    """A list with all of forty people, which the roster has, too."""
    list_id = core.new_list(f"reconcile{next(_NUMBERS)}")
    for person in FORTY:
        core.subscribe(list_id, person.login)
    tldops.configure(core.settings(list_id) + limits)
    tldops.write(*FORTY)
    tldops.do("sync", "--yes")
    return list_id


def test_who_is_in_the_roster_and_not_in_the_file_is_not_unsubscribed(tldops: World, mailman_core: Mailman) -> None:
    """Such a file may be cut off: the sync, which looks harder, comes first; whoever it takes out may then go."""
    list_id = subscribed(tldops, mailman_core)
    tldops.write(*FORTY[:38])
    result = tldops("reconcile", "--apply", "--yes")
    assert result.code == 1
    assert "the roster has person39@nic.example, person40@nic.example, and the file does not" in result.err
    assert mailman_core.members(list_id) == {person.login for person in FORTY}
    assert changes_logged(tldops) == []
    tldops.do("sync", "--yes")
    tldops.do("reconcile", "--apply", "--yes")
    assert mailman_core.members(list_id) == {person.login for person in FORTY[:38]}


def test_nothing_is_changed_by_a_file_that_is_cut_off_or_old(tldops: World, mailman_core: Mailman) -> None:
    """As in a sync: without a line break at its end, or older than the file that was applied last."""
    list_id = subscribed(tldops, mailman_core)
    mailman_core.subscribe(list_id, STRANGER)
    tldops.members.write_bytes(tldops.members.read_bytes().rstrip(b"\n"))
    result = tldops("reconcile", "--apply", "--yes")
    assert result.code == 1
    assert "cut-input" in result.err
    tldops.write(*FORTY[1:])
    tldops.do("sync", "--yes")
    tldops.write(*FORTY)
    os.utime(tldops.members, (1, 1))
    result = tldops("reconcile", STRANGER, "--apply", "--yes")
    assert result.code == 1
    assert "stale-source" in result.err
    assert STRANGER in mailman_core.members(list_id)


def test_what_is_refused_is_told_as_json(tldops: World, mailman_core: Mailman) -> None:
    """A program gets the cases, with nothing done, and the reason on standard error."""
    subscribed(tldops, mailman_core)
    tldops.write(*FORTY[:38])
    result = tldops("reconcile", "--apply", "--yes", "--json")
    assert result.code == 1
    assert "run `tldops sync` first" in result.err
    actions = [action for finding in result.json["findings"] for action in finding["actions"]]
    assert [action["done"] for action in actions] == [False, False]


def test_apply_needs_mailman_3(tldops: World) -> None:
    """Another list is changed by hand: it is told how, and refused."""
    tldops.do("init")
    tldops.write(*FORTY)
    listing(tldops, *(person.login for person in FORTY[1:]))
    result = tldops("reconcile", "--apply", "--yes")
    assert result.code == 1
    assert "subscribe person01@nic.example" in result.out
    assert "by hand" in result.err


def test_nobody_denied_is_subscribed(tldops: World, mailman_core: Mailman, core_list: str) -> None:
    """A denied person who was taken off the list is not put back by a command."""
    mailman_core.subscribe(core_list, FORTY[39].login, FORTY[39].name)
    tldops.do("sync", "--yes")
    tldops.do("access", "deny", FORTY[39].login, "--reason", "left in anger")
    mailman_core.unsubscribe(core_list, FORTY[39].login)
    result = tldops("reconcile", FORTY[39].login, "--apply", "--yes")
    assert result.code == 1
    assert "is denied: settle that first" in result.out
    assert FORTY[39].login not in mailman_core.members(core_list)


def test_records_with_errors_are_left_out_and_said(tldops: World) -> None:
    """Their addresses are no strangers, and the number of errors is told."""
    tldops.do("init")
    tldops.write(*(person.line for person in FORTY[1:]), FORTY[0].line.replace("#1", "#9"))
    listing(tldops, *(person.login for person in FORTY))
    result = tldops.do("reconcile")
    assert "The file has 1 error" in result.out


@pytest.mark.parametrize("more", ["", '[subscribers]\nsource = "file"\n'])
def test_without_a_list_there_is_nothing_to_compare(tldops: World, more: str) -> None:
    """Exit 2 with the setting that is missing."""
    tldops.write(*FORTY)
    tldops.configure(more)
    tldops.do("init")
    assert "[subscribers]" in tldops.refused("reconcile", code=2)


def test_a_list_that_fails_is_exit_2(tldops: World, mailman_core: Mailman) -> None:
    """No list, no comparison; and the password is in no message."""
    tldops.write(*FORTY)
    tldops.configure(mailman_core.settings("nowhere.lists.example.org"))
    tldops.do("init")
    said = tldops.refused("reconcile", "--apply", "--yes", code=2)
    assert "does not know this list" in said
    assert PASSWORD not in said
