"""Signing in with a code by mail: for members alone, once, in one browser; strangers see and cause nothing."""

import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from radicale_tldops.store import outbox, wishes
from sync.post import codes
from tests.cli.test_post import set_up
from tests.support import World, serve
from tests.support.browsing import Visitor
from tests.support.mail import MailServer, mail_server
from tests.support.people import people
from tests.support.waiting import until

TEN = people(10)
WHO = TEN[0]
CODE = re.compile(r"^ {4}([0-9a-z]{4}-[0-9a-z]{4})\r?$", re.MULTILINE)


@dataclass
class Site:
    """A server, its post office and its mail server."""

    world: World
    url: str
    mail: MailServer

    def ask(self, login: str = WHO.login, visitor: Visitor | None = None) -> Visitor:
        """Ask for a code; return the browser that did."""
        visitor = visitor or Visitor(self.url)
        answer = visitor.post("/.web/ask", login=login)
        assert (answer.status, answer.headers["location"]) == (303, "/.web/code")
        return visitor

    def wishes(self, count: int) -> None:
        """Wait until the server has written so many wishes."""
        until(lambda: len(self.rows()) >= count, "no wish is written")

    def rows(self) -> list[tuple[str, ...]]:
        """Every wish that is written."""
        with closing(sqlite3.connect(self.world.folder / "members.sqlite")) as connection:
            return connection.execute("SELECT login, browser, code, is_known FROM wish ORDER BY id").fetchall()

    def post(self) -> None:
        """Let the post office do a round."""
        self.world.do("post", "--once")

    def code(self) -> str:
        """The code of the newest mail."""
        found = (CODE.search(mail.get_content()) for mail in reversed(self.mail.mails))
        return next(code[1] for code in found if code)


@pytest.fixture
def site(world: World) -> Iterator[Site]:
    """A server that sends codes."""
    world.sync(*TEN)
    with mail_server() as mail:
        set_up(world, mail.port, security="none")
        with serve(world) as url:
            yield Site(world, url, mail)


def test_a_code_signs_in_once_and_in_the_browser_that_asked(site: Site) -> None:
    """The mail goes to the list address, with the code in its text and no link that does anything."""
    browser, other = site.ask(f" {WHO.login.upper()}"), site.ask()
    site.wishes(2)
    site.post()
    assert [each.rcpt_tos for each in site.mail.envelopes] == [[WHO.login]] * 2
    mail = site.mail.mails[0]
    code = CODE.search(mail.get_content())
    assert code
    assert (mail["Auto-Submitted"], "http" in mail.get_content()) == ("auto-generated", False)
    assert other.post("/.web/code", code=code[1]).status == 403
    answer = browser.post("/.web/code", code=code[1].upper().replace("-", " "))
    assert (answer.status, answer.headers["location"]) == (303, "/.web/")
    assert browser.is_in
    again = Visitor(site.url)
    again.waits = browser.waits
    assert again.post("/.web/code", code=code[1]).status == 403
    assert not again.is_in


def test_a_stranger_learns_and_causes_nothing(site: Site) -> None:
    """The answers are those that a member gets, to the byte; nothing is written, and no mail goes out."""
    asked = [Visitor(site.url).post("/.web/ask", login=login) for login in (WHO.login, "x@nic.example", "", "\x00<b>")]
    assert {re.sub("=[^;]{43};", "=;", answer.headers["set-cookie"]) for answer in asked} == {
        "__Host-tldops-code=; Path=/; Max-Age=900; HttpOnly; Secure; SameSite=Lax"
    }
    assert len({(answer.status, answer.body, answer.headers["location"]) for answer in asked}) == 1
    site.wishes(1)
    before = site.rows()
    for number in range(50):
        site.ask(f"nobody{number}@nic.example")
    time.sleep(2)  # the recorder writes within a second
    assert site.rows() == before
    site.post()
    assert len(site.mail.envelopes) == 1
    wrong = [site.ask(login).post("/.web/code", code="aaaa-aaaa") for login in (WHO.login, "x@nic.example")]
    assert (wrong[0].status, wrong[0].body) == (wrong[1].status, wrong[1].body)
    assert wrong[0].status == 403


def test_after_five_tries_a_code_is_dead(site: Site) -> None:
    """Also the right one."""
    browser = site.ask()
    site.wishes(1)
    site.post()
    code = site.code()
    for _ in range(5):
        assert browser.post("/.web/code", code="0000-0000").status == 403
    assert browser.post("/.web/code", code=code).status == 403
    assert not browser.is_in


def test_a_code_ends_after_fifteen_minutes(site: Site) -> None:
    """By the time at which it was made."""
    browser = site.ask()
    site.wishes(1)
    site.post()
    early = (datetime.now(UTC) - timedelta(minutes=15, seconds=1)).isoformat()
    with closing(sqlite3.connect(site.world.folder / "members.sqlite")) as connection, connection:
        connection.execute("UPDATE wish SET made_at = ?", (early,))
    assert browser.post("/.web/code", code=site.code()).status == 403


def test_somebody_who_was_removed_meanwhile_gets_nothing(site: Site) -> None:
    """Neither a code for an open wish nor a session for a code."""
    browser = site.ask()
    site.wishes(1)
    site.post()
    site.ask()
    site.wishes(2)
    site.world.do("access", "deny", WHO.login, "--reason", "test")
    site.post()
    assert len(site.mail.envelopes) == 1
    until(lambda: browser.post("/.web/code", code=site.code()).status == 403, "the code works on")
    assert not browser.is_in


def test_nobody_can_fill_the_mailbox_of_a_member_or_lock_her_out(site: Site) -> None:
    """Five mails an hour for strangers who know the address, and five more from where she was before."""
    for _ in range(8):
        site.ask()
    site.wishes(5)
    time.sleep(2)
    site.post()
    assert (len(site.rows()), len(site.mail.envelopes)) == (5, 5)
    device = site.world.device(WHO.login)
    own = Visitor(site.url)
    until(lambda: own.sign_in(device.user, device.password).status == 303, "the new password does not work")

    def is_written() -> bool:
        with closing(sqlite3.connect(site.world.folder / "members.sqlite")) as connection:
            (count,) = connection.execute("SELECT count(*) FROM seen_from").fetchone()
            return bool(count)

    until(is_written, "the network is not recorded")
    browser = site.ask()
    site.wishes(6)
    site.post()
    assert browser.post("/.web/code", code=site.code()).status == 303


def test_a_server_that_was_broken_into_sends_no_more_than_is_allowed(site: Site) -> None:
    """It writes wishes by the thousand, for strangers, and takes away what was sent: the desk counts."""
    members = site.world.folder / "members.sqlite"
    now = datetime.now(UTC).isoformat()
    for number in range(3):
        with closing(sqlite3.connect(members)) as connection, connection:
            connection.execute("DELETE FROM wish")
            rows = [(f"x{number}{at}", now) for at in range(200)]
            for login, known in ((WHO.login, 0), (WHO.login, 1), ("evil@example.org", 1), ("a@b\r\nBcc: c@d", 1)):
                connection.executemany(
                    "INSERT INTO wish (login, browser, at, is_known, code, made_at, sent_at, used_at) "
                    "VALUES (?, ?, ?, ?, '', '', '', '')",
                    [(login, f"{browser} {login} {known}", at, known) for browser, at in rows],
                )
        site.world("post", "--once")
    assert [each.rcpt_tos for each in site.mail.envelopes] == [[WHO.login]] * 10


@contextmanager
def post_office(world: World) -> Iterator["subprocess.Popen[str]"]:
    """The service, until the block ends."""
    command = [sys.executable, "-m", "sync", "--config", str(world.config), "post"]
    running = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield running
    finally:
        running.kill()
        running.wait()


def test_the_service_sends_a_code_at_once_and_stops_when_told(site: Site) -> None:
    """It goes on without the mail server, says so once, and ends with 0."""
    port, site.mail.port = site.mail.port, 1
    set_up(site.world, 1, security="none")
    with post_office(site.world) as running:
        site.ask()
        assert running.stderr
        assert ":1: no connection" in running.stderr.readline()
        set_up(site.world, port, security="none")
        running.terminate()
        assert running.wait(30) == 0
        assert running.stderr.read() == ""
    with post_office(site.world) as running:
        until(lambda: len(site.mail.envelopes) == 1, "no mail came")
        browser = site.ask()
        until(lambda: len(site.mail.envelopes) == 2, "no mail came")
        assert browser.post("/.web/code", code=site.code()).status == 303
        running.terminate()
        assert running.wait(30) == 0


class KilledError(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("point", ["put_code", "put_sent", "send", "end_wish"])
def test_a_killed_post_office_makes_the_code_anew(site: Site, point: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed before or after any step: the next round mails a code that works, and at most two mails went out."""
    browser = site.ask()
    site.wishes(1)
    where = outbox if point == "put_sent" else codes
    real = getattr(where, point)

    def killed(*arguments: object) -> object:
        real(*arguments)
        raise KilledError

    with monkeypatch.context() as patched:
        patched.setattr(where, point, killed)
        with pytest.raises(KilledError):
            site.world.call("post", "--once")
    site.post()
    assert 1 <= len(site.mail.envelopes) <= 2
    assert browser.post("/.web/code", code=site.code()).status == 303


def test_a_code_is_no_part_of_what_is_stored(site: Site) -> None:
    """Neither in a database nor in a log."""
    site.ask()
    site.wishes(1)
    site.post()
    code = site.code().encode()
    kept = b"".join(path.read_bytes() for path in site.world.folder.iterdir() if path.is_file())
    assert code not in kept
    assert code.replace(b"-", b"") not in kept


def test_letters_that_look_like_digits_are_these() -> None:
    """As people read them in a mail."""
    assert wishes.code_digest("b", "OIl0-1abC") == wishes.code_digest("b", "011 01abc")
    assert wishes.code_digest("b", "0") != wishes.code_digest("c", "0")
    assert len({wishes.new_code() for _ in range(1000)}) == 1000
