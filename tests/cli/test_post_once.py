"""`tldops post --once`: members get a mail about each new device password, once, and none is lost."""

import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from radicale_tldops.store import outbox
from sync.post import office, smtp
from tests.cli.test_post import set_up
from tests.cli.test_private import row, write
from tests.support import World
from tests.support.mail import MailServer, mail_server
from tests.support.people import people
from tests.support.servers import free_port

TEN = people(10)
WHO = TEN[0]
SECOND = "second@oob.example"
BOTH = [WHO.login, SECOND]
HEADINGS = ("name", "slot", "cctlds", "phones", "email", "oob_email")


@pytest.fixture
def office_of(tldops: World) -> World:
    """A store in which one person has an out-of-band address and a device, and whose post office has begun."""
    write(tldops, [row(WHO, oob_email=SECOND), *map(row, TEN[1:])], HEADINGS)
    tldops.do("sync", "--yes")
    tldops.do("device", "add", WHO.login, "--label", "before")
    with mail_server() as server:
        set_up(tldops, server.port, security="none")
        assert tldops.do("post", "--once").out == ""
        assert server.envelopes == []
    return tldops


def to(server: MailServer) -> list[str]:
    """Whom the server has mails for."""
    return [address for each in server.envelopes for address in each.rcpt_tos]


def test_a_new_device_is_told_once(office_of: World) -> None:
    """With the login, and never the password; one from before the first round, or ended at once, is not."""
    secret = office_of.do("device", "add", WHO.login, "--label", "phone", "--json").json["password"]
    office_of.do("device", "add", TEN[1].login, "--label", "x")
    office_of.do("device", "revoke", TEN[1].login, "--label", "x", "--reason", "mistake")
    with mail_server() as server:
        set_up(office_of, server.port, security="none")
        assert office_of.do("post", "--once").out == "2 mails sent, 0 not delivered, 0 to be sent later.\n"
        assert office_of.do("post", "--once").out == ""
    mail, _ = server.mails
    text = mail.get_content().replace("\r\n", "\n")
    assert (to(server), mail["Auto-Submitted"]) == (BOTH, "auto-generated")
    assert f"a device password was made for {WHO.login}.\n" in text
    assert secret not in text


def test_a_server_that_was_broken_into_writes_no_mail(office_of: World) -> None:
    """Devices in its database for a stranger, or with a text of its own: nothing of it stands in a mail."""
    office_of.do("device", "add", WHO.login, "--label", "phone")
    with closing(sqlite3.connect(office_of.folder / "members.sqlite")) as members, members:
        members.execute(
            "UPDATE device SET login = 'victim@bank.example', label = 'http://evil.example', created_at = 'evil' "
            "WHERE label = 'phone'"
        )
        members.execute(
            "INSERT INTO device SELECT 'x', 'victim@bank.example', reader_since, label, style, 'y', created_at, actor, "
            "revoked_at, revoked_because, 'victim@bank.example', suspended_at FROM device WHERE label <> 'before'"
        )
    with mail_server() as server:
        set_up(office_of, server.port, security="none")
        office_of.do("post", "--once")
    assert to(server) == BOTH
    assert not [mail for mail in server.mails if "evil" in mail.as_string() or "victim" in mail.as_string()]


def test_what_cannot_be_sent_waits(office_of: World) -> None:
    """Each longer each time, one for each round; they are sent when the server is there again."""
    office_of.do("device", "add", WHO.login, "--label", "phone")
    set_up(office_of, free_port(), security="none")
    result = office_of("post", "--once")
    assert (result.code, result.out) == (2, "0 mails sent, 0 not delivered, 2 to be sent later.\n")
    assert "no connection: Connection refused" in result.err
    for minutes in (0, 1, 3, 7):
        office_of.ahead = timedelta(minutes=minutes, seconds=2 * minutes)
        tries = [office_of("post", "--once").code for _ in range(3)]
        assert tries == ([2, 2, 0] if minutes else [2, 0, 0]), minutes
    office_of.ahead = timedelta(hours=2)
    with mail_server() as server:
        set_up(office_of, server.port, security="none")
        office_of.do("post", "--once")
    assert sorted(to(server)) == sorted(BOTH)


def test_what_is_refused_for_good_is_shown(office_of: World) -> None:
    """By `status`, with the answer of the server; and what waited for three days. The others get theirs."""
    for person in TEN[:3]:
        office_of.do("device", "add", person.login, "--label", "phone")
    with mail_server() as server:
        server.answers = {WHO.login: "550 5.1.1 No such user", TEN[1].login: "450 4.2.0 Later"}
        set_up(office_of, server.port, security="none")
        office_of("post", "--once")
        office_of.do("post", "--once")
        assert to(server) == [SECOND, TEN[2].login]
        office_of.ahead = timedelta(days=3, hours=1)
        office_of.do("post", "--once")
    lost = office_of.do("status", "--json").json["undelivered"]
    assert [each["recipient"] for each in lost] == [WHO.login, TEN[1].login]
    assert "550 5.1.1 No such user" in lost[0]["fault"]
    assert "- 2 mails not delivered: " in office_of.do("status").out


def test_no_more_than_daily(office_of: World) -> None:
    """The others wait for the next day, and the command says so."""
    for person in TEN[:3]:
        office_of.do("device", "add", person.login, "--label", "phone")
    with mail_server() as server:
        set_up(office_of, server.port, "daily = 2", security="none")
        result = office_of("post", "--once")
        assert (result.code, to(server)) == (2, BOTH)
        assert "[mail] daily = 2" in result.err
        assert office_of("post", "--once").code == 2
        office_of.ahead = timedelta(days=1, hours=1)
        office_of.do("post", "--once")
    assert to(server) == [*BOTH, TEN[1].login, TEN[2].login]


@pytest.mark.parametrize("point", [(outbox, "put_new"), (outbox, "begin"), (smtp, "send"), (outbox, "end_sent")])
def test_killed_at_any_point_no_mail_is_lost(
    office_of: World, monkeypatch: pytest.MonkeyPatch, point: tuple[object, str]
) -> None:
    """Before or after the work of each step; at most one mail goes twice."""
    office_of.do("device", "add", WHO.login, "--label", "phone")
    module, name = (office, "send") if point[0] is smtp else point
    real = getattr(module, name)
    with mail_server() as server:
        set_up(office_of, server.port, security="none")
        for after in (False, True):

            def killed(*arguments: object, after: bool = after, **more: object) -> None:
                if after:
                    real(*arguments, **more)
                raise KeyboardInterrupt

            monkeypatch.setattr(module, name, killed)
            office_of("post", "--once")
            monkeypatch.setattr(module, name, real)
            office_of.ahead += timedelta(hours=1)
        office_of("post", "--once")
    assert {*to(server)} == {*BOTH}
    assert len(to(server)) <= 4  # killed twice: at most two go twice


def test_who_is_erased_gets_no_mail(office_of: World) -> None:
    """What waits for somebody who left goes with everything else."""
    office_of.do("device", "add", TEN[9].login, "--label", "phone")
    set_up(office_of, free_port(), security="none")
    office_of("post", "--once")
    write(office_of, [row(WHO, oob_email=SECOND), *map(row, TEN[1:9])], HEADINGS)
    office_of.do("sync", "--yes")
    office_of.do("erase", TEN[9].login, "--yes")
    assert TEN[9].login.encode() not in (office_of.folder / "desk.sqlite").read_bytes()
    office_of.ahead = timedelta(hours=1)
    with mail_server() as server:
        set_up(office_of, server.port, security="none")
        office_of.do("post", "--once")
    assert server.envelopes == []


def test_a_restored_desk_sends_no_mail(office_of: World) -> None:
    """It may have been sent since the backup was made."""
    office_of.do("device", "add", WHO.login, "--label", "phone")
    set_up(office_of, free_port(), security="none")
    office_of("post", "--once")
    office_of.do("backup", str(office_of.folder / "copy"))
    (office_of.folder / "desk.sqlite").unlink()
    office_of.do("restore", str(office_of.folder / "copy"), "--yes")
    with mail_server() as server:
        set_up(office_of, server.port, security="none")
        office_of.do("post", "--once")
    assert to(server) == []
    with closing(sqlite3.connect(office_of.folder / "desk.sqlite")) as desk:
        assert desk.execute("SELECT count(*) FROM outbox WHERE recipient <> ''").fetchone() == (0,)
