"""`tldops follow`: who may read follows the list, from real lists to the answer that a client gets."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from ldap3 import MODIFY_DELETE

from radicale_tldops.store.notes import FRESHNESS, read_note
from tests.support import DAV, Client, Login, World, serve
from tests.support.answering import answering, content
from tests.support.directory import GROUPS, PEOPLE, Directory, directory, group, person
from tests.support.lists import follow, freshness, subscribe
from tests.support.mailman import Mailman, mailman
from tests.support.people import Person, people
from tests.support.waiting import until

FORTY = people(40)
PRINCIPAL = f"{DAV}current-user-principal"


@pytest.fixture
def listed(tldops: World) -> World:
    """Forty people in the roster, all on a list of its own; the membership file is gone."""
    tldops.configure('[subscribers]\nfile = "list.txt"\n')
    subscribe(tldops, FORTY)
    tldops.sync(*FORTY)
    tldops.members.unlink()
    return tldops


def test_who_leaves_the_list_loses_the_login_and_keeps_the_card(listed: World) -> None:
    """Logins end and devices wait, in a generation of its own; roster and file are not touched."""
    listed.do("device", "add", FORTY[0].login, "--label", "phone")
    subscribe(listed, FORTY[2:])
    shown = follow(listed)
    assert f"- {FORTY[0].login}: may no longer log in; suspends 1 device" in shown.splitlines()
    assert listed.logins() == {member.login for member in FORTY[2:]}
    assert listed.devices(FORTY[0].login) == [False]
    assert len(listed.contacts()) == 40
    newest = listed.do("history", "--json").json[0]
    assert (newest["kind"], newest["counts"]["readers_removed"], newest["counts"]["people"]) == ("access", 2, 40)


def test_who_returns_to_the_list_may_read_again(listed: World) -> None:
    """With the same device password: it belongs to the person."""
    listed.do("device", "add", FORTY[0].login, "--label", "phone")
    subscribe(listed, FORTY[1:])
    follow(listed)
    subscribe(listed, FORTY)
    assert f"+ {FORTY[0].login}: may log in; revives 1 device" in follow(listed).splitlines()
    assert FORTY[0].login in listed.logins()
    assert listed.devices(FORTY[0].login) == [True]


def test_a_run_without_a_change_is_quiet_and_writes_one_note(listed: World) -> None:
    """Nothing is printed, no generation, no audit entry; the members database is not even opened for writing."""
    follow(listed)
    members = listed.folder / "members.sqlite"
    before, audited = members.read_bytes(), listed.do("audit", "--json").json
    generation, checked = listed.generation(), freshness(listed)
    listed.ahead = timedelta(minutes=1)
    result = listed("follow", "--yes")
    assert (result.code, result.out, result.err) == (0, "", "")
    assert members.read_bytes() == before
    assert listed.do("audit", "--json").json == audited
    assert listed.generation() == generation
    after = freshness(listed)
    assert after.list_checked_at is not None
    assert checked.list_checked_at is not None
    assert after.list_checked_at > checked.list_checked_at
    assert after.checked_at == checked.checked_at
    shown = listed.do("follow", "--yes", "--json").json
    assert (shown["applied"], shown["plan"]["kind"], shown["plan"]["access"]) == (False, "access", [])


def test_the_roster_is_left_alone_whatever_has_changed(listed: World) -> None:
    """Another label of the cards, a membership file with other people: that is for a full sync."""
    cards = listed.do("export", "--format", "vcf").out
    listed.configure('[subscribers]\nfile = "list.txt"\n[cards]\ntlp = "TLP:RED"\n')
    listed.write(*people(80)[41:])
    assert follow(listed) == ""
    subscribe(listed, FORTY[1:])
    assert "1 removed" in follow(listed)
    assert listed.do("export", "--format", "vcf").out == cards


def test_an_address_that_nobody_in_the_roster_has_opens_nothing(listed: World) -> None:
    """Being on the list makes no contact: without a record there is no login."""
    subscribe(listed, [*FORTY, "stranger@example.net"])
    assert follow(listed) == ""
    assert "stranger@example.net" not in listed.logins()


def test_configured_readers_come_and_go_with_the_list(listed: World) -> None:
    """A reader who is no SSC has a login while on the list, with the reason."""
    secretariat = "secretariat@icann.example"
    listed.configure(f'[subscribers]\nfile = "list.txt"\n[readers]\n"{secretariat}" = "ccNSO secretariat"\n')
    assert follow(listed) == ""
    subscribe(listed, [*FORTY, secretariat])
    assert f"+ {secretariat}: may log in (ccNSO secretariat)" in follow(listed).splitlines()
    subscribe(listed, FORTY)
    follow(listed)
    assert secretariat not in listed.logins()


def test_the_denied_stay_denied(listed: World) -> None:
    """Leaving the list and returning to it lifts nothing."""
    listed.do("access", "deny", FORTY[0].login, "--reason", "phone stolen")
    subscribe(listed, FORTY[1:])
    follow(listed)
    subscribe(listed, FORTY)
    follow(listed)
    assert FORTY[0].login not in listed.logins()


def test_held_people_get_no_login_that_they_do_not_have(listed: World) -> None:
    """Access of whoever's record is broken stays as it is, but who has left the list is out."""
    second = "second@nic.example"
    both: list[Person | str] = [*FORTY, second]
    subscribe(listed, FORTY)
    lines = [member.line for member in FORTY]
    twin = FORTY[0].line.replace(FORTY[0].login, second)
    listed.write(*lines, twin)
    listed.do("sync", "--yes")
    broken = [line.replace("#1", "#9") for line in (lines[0], twin)]
    listed.write(*broken, *lines[1:])
    listed.do("sync", "--yes", "--quarantine")
    subscribe(listed, both)
    assert follow(listed) == ""
    assert second not in listed.logins()
    subscribe(listed, FORTY[1:])
    follow(listed)
    assert FORTY[0].login not in listed.logins()
    assert FORTY[0].name in listed.contacts()


def test_a_mass_removal_is_refused_and_can_be_forced_by_its_plan(listed: World) -> None:
    """Over the limit for logins nothing is applied; the plan, reviewed, can be."""
    subscribe(listed, FORTY[6:])
    # The other guard on the way, which is tested below, is out of it.
    listed.configure('[subscribers]\nfile = "list.txt"\n[guards]\nmismatch = "100 %"\n')
    said = listed.refused("follow", "--yes", code=1)
    assert "access was left as it is: 6 logins would be shut out; the limit is 5" in said
    assert len(listed.logins()) == 40
    plan = said.split("--plan ")[1].split(" ")[0]
    listed.do("follow", "--plan", plan, "--force", "mass-access")
    assert len(listed.logins()) == 34


def test_leaving_one_by_one_adds_up_and_one_person_always_passes(listed: World) -> None:
    """The window counts runs of every minute together; a plan that shuts out one person alone passes."""
    listed.configure('[subscribers]\nfile = "list.txt"\n[guards]\nmismatch = "100 %"\n')
    subscribe(listed, FORTY[3:])
    follow(listed)
    subscribe(listed, FORTY[6:])
    assert "after 3 in the last 24 hours" in listed.refused("follow", "--yes", code=1)
    subscribe(listed, FORTY[4:])
    follow(listed)
    assert len(listed.logins()) == 36


def test_a_list_that_knows_too_few_of_the_roster_is_refused(listed: World) -> None:
    """Whatever the limits for logins: a list that lacks more than a tenth of the roster is another list."""
    listed.configure('[subscribers]\nfile = "list.txt"\n[guards]\naccess = "10 % or 40"\n')
    subscribe(listed, FORTY[5:])
    assert "5 of the file are not on the list" in listed.refused("follow", "--yes", code=1)
    subscribe(listed, FORTY[4:])
    follow(listed)
    assert len(listed.logins()) == 36


def test_strangers_on_the_list_are_counted_unless_the_file_explained_them(listed: World) -> None:
    """Addresses of broken records were on the list at the last full sync, too, and are no sign of another list."""
    strangers = [f"stranger{number}@example.net" for number in range(5)]
    subscribe(listed, [*FORTY[2:], *strangers])
    assert "list-mismatch" in listed.refused("follow", "--yes", code=1)
    subscribe(listed, [*FORTY, *strangers])
    listed.write(*(member.line for member in FORTY), *strangers)
    listed.do("sync", "--yes", "--quarantine")
    listed.members.unlink()
    subscribe(listed, [*FORTY[2:], *strangers])
    follow(listed)
    assert len(listed.logins()) == 38


def test_an_older_list_than_the_last_one_is_refused(listed: World) -> None:
    """A copy from before would let in who has left."""
    path = listed.folder / "list.txt"
    old = path.stat().st_mtime - 3600
    subscribe(listed, FORTY[2:])
    follow(listed)
    path.write_text("".join(f"{member.login}\n" for member in FORTY))
    os.utime(path, (old, old))
    assert "older than the subscribers input" in listed.refused("follow", "--yes", code=1)
    assert FORTY[0].login not in listed.logins()


def test_a_full_sync_afterwards_agrees(listed: World) -> None:
    """What the list alone has brought about, a full sync finds done; it writes the card."""
    subscribe(listed, FORTY[1:])
    follow(listed)
    listed.write(*FORTY)
    shown = listed.do("sync", "--yes").out
    assert "Access: 0 logins added, 0 removed." in shown
    assert listed.contacts()[FORTY[0].name].not_on_list_since is not None


@pytest.mark.parametrize("more", [["members.txt"], ["--quarantine"], ["--format", "csv"]])
def test_what_concerns_the_file_is_wrong_usage(listed: World, more: list[str]) -> None:
    """It takes no file, and no option that concerns one."""
    assert more[0] in listed.refused("follow", "--yes", *more, code=2)


def test_without_a_list_or_a_roster_there_is_nothing_to_follow(tldops: World) -> None:
    """Where the membership file is the list, a full sync is needed; and so it is for the first roster."""
    tldops.sync(*FORTY[:3])
    assert "names no list" in tldops.refused("follow", "--yes", code=2)
    tldops.configure('[store]\nroster = "new.sqlite"\nmembers = "m.sqlite"\n[subscribers]\nfile = "list.txt"\n')
    tldops.do("init")
    subscribe(tldops, FORTY)
    assert "no generation yet" in tldops("follow", "--yes").err


def test_a_failing_list_is_noted_once_and_forgotten_when_it_is_back(listed: World) -> None:
    """Since when, and why; a failure that goes on writes nothing more, and a list that is had ends it."""
    path = listed.folder / "list.txt"
    good = path.read_bytes()
    path.write_bytes(b"")
    listed.refused("follow", "--yes", code=2)
    first = freshness(listed)
    assert first.failure
    assert first.failing_since is not None
    files = listed.files()
    listed.ahead = timedelta(minutes=5)
    listed.refused("follow", "--yes", code=2)
    assert listed.files() == files
    path.unlink()
    listed.refused("follow", "--yes", code=2)
    again = freshness(listed)
    assert again.failing_since == first.failing_since
    assert (first.failure, again.failure) == ("unreadable", "unreadable")
    path.write_bytes(good)
    follow(listed)
    assert freshness(listed).failing_since is None
    assert len(listed.logins()) == 40


def test_a_refused_plan_is_no_failing_list(listed: World) -> None:
    """The list was had: access must not close because a guard waits for somebody."""
    before = freshness(listed).list_checked_at
    subscribe(listed, FORTY[20:])
    listed.ahead = timedelta(hours=1)
    listed.refused("follow", "--yes", code=1)
    after = freshness(listed)
    assert before is not None
    assert after.list_checked_at is not None
    assert after.list_checked_at > before
    assert after.failing_since is None


def test_what_a_guard_keeps_is_shown_until_it_is_done(listed: World) -> None:
    """`status` says since when, by which hazard and for how many logins: else nobody sees a timer that is refused."""
    said = "not on the list may still read"
    assert said not in listed.do("status").out
    subscribe(listed, FORTY[7:])
    listed.refused("follow", "--yes", code=1)
    first = listed.do("status", "--json").json["list"]
    assert (first["refusal"], first["waiting"]) == ("list-mismatch mass-access", 7)
    shown = listed.do("status").out
    assert f"! 7 logins {said}, since " in shown
    assert "UTC (list-mismatch mass-access)\n    tldops follow --dry-run\n" in shown
    listed.ahead = timedelta(hours=1)
    subscribe(listed, FORTY[8:])
    listed.refused("follow", "--yes", code=1)
    again = listed.do("status", "--json").json["list"]
    assert (again["refused_since"], again["waiting"]) == (first["refused_since"], 8)
    assert again["at"] > first["at"]
    subscribe(listed, FORTY[1:])
    follow(listed)
    assert said not in listed.do("status").out
    assert listed.do("status", "--json").json["list"]["refused_since"] is None


def test_a_denial_and_the_removal_that_follows_count_once(listed: World) -> None:
    """Three denied logins that then leave the list are three, before and after; others come on top."""
    for member in FORTY[:3]:
        listed.do("access", "deny", member.login, "--reason", "phone stolen")
    subscribe(listed, FORTY[3:])
    follow(listed)
    subscribe(listed, FORTY[5:])
    listed.configure('[subscribers]\nfile = "list.txt"\n[guards]\nmismatch = "100 %"\n')
    follow(listed)
    subscribe(listed, FORTY[7:])
    said = listed.refused("follow", "--yes", code=1)
    assert "2 logins would be shut out, after 5 in the last 24 hours; the limit is 5" in said


def test_denials_alone_count(listed: World) -> None:
    """Whoever is denied is out already: five of them leave no room for two more in a day."""
    for member in FORTY[:5]:
        listed.do("access", "deny", member.login, "--reason", "phone stolen")
    subscribe(listed, FORTY[:38])
    said = listed.refused("follow", "--yes", code=1)
    assert "2 logins would be shut out, after 5 in the last 24 hours" in said


# From here on with real lists, and with clients.


@contextmanager
def reading(url: str, *logins: Login) -> Iterator[list[Client]]:
    """Clients that can read now."""
    clients = [Client(url, login) for login in logins]
    assert [client.propfind("/", PRINCIPAL).status for client in clients] == [207] * len(clients)
    yield clients


def wait_until_refused(client: Client) -> None:
    """Wait until a client gets 401; how soon that is, the benchmarks measure."""
    until(lambda: client.propfind("/", PRINCIPAL).status == 401, "a client still reads")


def mailman_workspace(world: World, core: Mailman, name: str) -> str:
    """Put ten people on a list of Mailman and into the roster; return the list's id."""
    list_id = core.new_list(name)
    for member in FORTY[:10]:
        core.subscribe(list_id, member.login, member.name)
    world.configure(core.settings(list_id))
    world.sync(*(member.line for member in FORTY[:10]))
    world.members.unlink()
    return list_id


@pytest.mark.parametrize("kind", ["tldops", "radicale"])
def test_unsubscribed_in_mailman_is_401(world: World, mailman_core: Mailman, kind: str) -> None:
    """Unsubscribe, sync, and the client that held a session is out; the others read on."""
    list_id = mailman_workspace(world, mailman_core, f"leaving-{kind}")
    leaver, other = world.device(FORTY[0].login), world.device(FORTY[1].login)
    with serve(world, kind) as url, reading(url, leaver, other) as (leaving, staying):
        mailman_core.unsubscribe(list_id, FORTY[0].login)
        world.do("follow", "--yes")
        wait_until_refused(leaving)
        assert len(staying.cards(staying.book())) == 10


KINDS = {
    "groupOfNames": group("names", *(member.login.split("@")[0] for member in FORTY[:10])),
    "groupOfUniqueNames": f"dn: cn=unique,{GROUPS}\nobjectClass: groupOfUniqueNames\ncn: unique\n"
    + "".join(f"uniqueMember: uid={member.login.split('@')[0]},{PEOPLE}\n" for member in FORTY[:10]),
    "posixGroup": f"dn: cn=posix,{GROUPS}\nobjectClass: posixGroup\ncn: posix\ngidNumber: 100\n"
    + "".join(f"memberUid: {member.login.split('@')[0]}\n" for member in FORTY[:10]),
}


@pytest.fixture(scope="module")
def slapd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Directory]:
    """A directory with ten people in three groups."""
    entries = [person(member.login.split("@")[0], member.login) for member in FORTY[:10]]
    with directory(tmp_path_factory.mktemp("slapd"), *entries, *KINDS.values()) as running:
        yield running


@pytest.mark.parametrize("kind", KINDS)
def test_removed_from_the_ldap_group_is_401(world: World, slapd: Directory, kind: str) -> None:
    """Take somebody out of the group, sync, and the client that held a session is out."""
    given = slapd.settings()
    entry = KINDS[kind].splitlines()[0].removeprefix("dn: ")
    values = {
        "servers": list(given.servers),
        "ca_file": str(given.ca_file),
        "bind_dn": given.bind_dn,
        "password_file": str(given.password_file),
    }
    lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items())
    group = f'[subscribers.ldap]\ngroup = "{entry}"\npeople_base = "{PEOPLE}"\n'
    world.configure(f'[subscribers]\nsource = "ldap"\n{group}[ldap]\n{lines}')
    world.sync(*(member.line for member in FORTY[:10]))
    leaver, other = world.device(FORTY[0].login), world.device(FORTY[1].login)
    uid = FORTY[0].login.split("@")[0]
    attribute = {"groupOfNames": "member", "groupOfUniqueNames": "uniqueMember", "posixGroup": "memberUid"}[kind]
    value = uid if kind == "posixGroup" else f"uid={uid},{PEOPLE}"
    with serve(world) as url, reading(url, leaver, other) as (leaving, staying):
        with slapd.administrator() as connection:
            assert connection.modify(entry, {attribute: [(MODIFY_DELETE, [value])]})  # type: ignore[no-untyped-call]
        world.do("follow", "--yes")
        wait_until_refused(leaving)
        assert len(staying.cards(staying.book())) == 10


def test_a_mailman_that_is_gone_changes_nothing(world: World, tmp_path: Path) -> None:
    """Killed, and then with a web page in its place: exit 2, everybody reads on, and it is noted since when."""
    roster = world.folder / "roster.sqlite"
    with mailman(tmp_path / "core") as core:
        mailman_workspace(world, core, "dying")
        login = world.device(FORTY[0].login)
        os.kill(core.pid, signal.SIGKILL)
        _gone(core)
        failed = world.run("follow", "--yes")
    assert (failed.code, failed.out) == (2, "")
    assert "Mailman cannot be reached" in failed.err
    noted = read_note(roster, FRESHNESS)
    assert noted.failure == "unreachable"
    assert noted.failing_since is not None
    alarm = next(line for line in world.do("status").out.splitlines() if line.startswith("! "))
    assert alarm.startswith("! The list is unreadable since ")
    assert "(unreachable); last read " in alarm
    page = content(b"<html><body>Bad Gateway</body></html>", 200, "text/html")
    with answering(page) as url:
        world.config.write_text(world.config.read_text().replace(core.url, url))
        for command in (("follow", "--yes"), ("reconcile", "--apply", "--yes")):
            result = world.run(*command)
            assert result.code == 2
            assert "Traceback" not in result.err
        assert read_note(roster, FRESHNESS).failure == "wrong-answer"
        assert read_note(roster, FRESHNESS).failing_since == noted.failing_since
    with serve(world) as url, reading(url, login) as (client,):
        assert len(client.cards(client.book())) == 10


def _gone(core: Mailman) -> None:
    """Wait until nothing answers any more: the processes that Mailman has started notice its end by themselves."""

    def is_gone() -> bool:
        try:
            core.call("system/versions")
        except OSError:
            return True
        return False

    until(is_gone, "Mailman still answers")


def test_the_clock_was_wrong_and_a_list_that_is_asked_is_never_old(tldops: World, mailman_core: Mailman) -> None:
    """A year ahead and back again: what Mailman says now is what counts."""
    list_id = mailman_core.new_list("clock")
    for member in FORTY[:10]:
        mailman_core.subscribe(list_id, member.login)
    tldops.configure(mailman_core.settings(list_id))
    tldops.ahead = timedelta(days=365)
    tldops.sync(*FORTY[:10])
    tldops.ahead = timedelta()
    mailman_core.unsubscribe(list_id, FORTY[0].login)
    mailman_core.unsubscribe(list_id, FORTY[1].login)
    tldops.config.write_text(tldops.config.read_text() + "[guards]\nmismatch = '50 %'\n")
    follow(tldops)
    assert tldops.logins() == {member.login for member in FORTY[2:10]}
