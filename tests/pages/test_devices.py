"""Device passwords that members make for themselves: by a fresh sign-in alone, one screen for each program."""

import plistlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from radicale_tldops.pages.clients import PROGRAMS, apple_profile, davx5_link
from tests.cli.test_post import set_up
from tests.pages.test_codes import Site
from tests.support import Client, World, serve
from tests.support.browsing import Visitor
from tests.support.mail import mail_server
from tests.support.people import people
from tests.support.waiting import until

TEN = people(10)
WHO = TEN[0]
URL = "https://contacts.example.org/"
PASSWORD = re.compile(r'<code id="password">([0-9a-z-]{35})</code>')


@dataclass
class Members(Site):
    """A site whose members sign in by code."""

    def member(self, login: str = WHO.login) -> Visitor:
        """Somebody who has just signed in by a code."""
        count = len(self.rows())
        browser = self.ask(login)
        self.wishes(count + 1)
        self.post()
        assert browser.post("/.web/code", code=self.code()).status == 303
        return browser


@pytest.fixture
def site(world: World) -> Iterator[Members]:
    """A server that sends codes."""
    world.sync(*TEN)
    with mail_server() as mail:
        set_up(world, mail.port, "[server]", f'url = "{URL}"', security="none")
        with serve(world) as url:
            yield Members(world, url, mail)


def made(browser: Visitor, program: str = "thunderbird", label: str = "") -> str:
    """Make a device password and return it."""
    answer = browser.post("/.web/devices/add", program=program, label=label)
    assert answer.status == 200
    found = PASSWORD.search(answer.body.decode())
    assert found
    return found[1]


def test_a_member_makes_a_password_that_works_and_revokes_it(site: Members) -> None:
    """The client works at once, gets 401 after the revocation, and the session goes on; mails tell of the device."""
    browser = site.member()
    password = made(browser, "iphone", "  tablet   7 ")
    client = Client(site.url, user=WHO.login, password=password)
    until(lambda: client.propfind("/").status == 207, "the password does not work")
    assert "groups" in client.principal()
    (device,) = site.world.do("device", "list", WHO.login, "--json").json
    assert (device["label"], device["style"], device["issued_by"]) == ("tablet 7", "groups", "server")
    page = browser.get("/.web/devices").body.decode()
    assert "tablet 7" in page
    assert password not in page
    assert browser.post("/.web/devices/revoke", id=device["id"]).status == 303
    until(lambda: client.propfind("/").status == 401, "the password works on")
    assert browser.is_in
    assert "tablet 7" not in browser.get("/.web/devices").body.decode()
    actions = [each["action"] for each in site.world.do("audit", "--login", WHO.login, "--json").json]
    assert {"device add", "device revoke"} <= {*actions}


def test_every_new_device_is_told_by_mail(site: Members) -> None:
    """To the address on the list, without the password."""
    password = made(site.member())
    site.post()
    mail = site.mail.mails[-1]
    assert "device password was made" in mail.get_content()
    assert password not in mail.get_content()


def test_a_device_password_makes_no_other_one(site: Members) -> None:
    """What it opened only reads: a thief cannot outlive the password that was stolen, nor throw the owner out."""
    password = made(site.member())
    thief = Visitor(site.url)
    until(lambda: thief.sign_in(WHO.login, password).status == 303, "the password does not work")
    (device,) = site.world.do("device", "list", WHO.login, "--json").json
    assert thief.post("/.web/devices/add", program="other").status == 403
    assert thief.post("/.web/devices/revoke", id=device["id"]).status == 403
    page = thief.get("/.web/devices").body.decode()
    assert "sign in with a code" in page
    assert "<form" not in page
    assert len(site.world.do("device", "list", WHO.login, "--json").json) == 1


def test_nobody_touches_the_devices_of_somebody_else(site: Members) -> None:
    """Not by their ids; without a session nothing at all."""
    site.world.device(TEN[1].login)
    (device,) = site.world.do("device", "list", TEN[1].login, "--json").json
    browser = site.member()
    assert browser.post("/.web/devices/revoke", id=device["id"]).status == 400
    assert Visitor(site.url).post("/.web/devices/add", program="other").status == 403
    assert Visitor(site.url).get("/.web/devices").status == 303
    assert Visitor(site.url).get("/.web/devices/tld-ops.mobileconfig").status == 303
    assert site.world.devices(TEN[1].login) == [True]


def test_there_is_an_end_to_it(site: Members) -> None:
    """Twenty at most, of programs that there are, with labels that are one line."""
    browser = site.member()
    assert browser.post("/.web/devices/add", program="fax").status == 400
    assert browser.post("/.web/devices/add", program="other", label="x" * 41).status == 400
    assert browser.post("/.web/devices/add", program="other", label="a\u202eb").status == 400
    for _ in range(20):
        made(browser, "other")
    answer = browser.post("/.web/devices/add", program="other")
    assert (answer.status, b"Revoke one" in answer.body) == (400, True)
    assert len(site.world.devices(WHO.login)) == 20


@pytest.mark.parametrize("program", PROGRAMS)
def test_each_program_has_its_screen(site: Members, program: str) -> None:
    """With the address, the user name, the password once, and nothing of the other programs."""
    answer = site.member().post("/.web/devices/add", program=program, label="<b>")
    text = answer.body.decode()
    assert text.count(WHO.login) >= 1
    assert URL in text
    assert "<ol>" in text or program in ("vdirsyncer", "other")
    assert ("davx5://" in text) == (program == "android")
    assert ("mobileconfig" in text) == (program in ("iphone", "mac"))
    assert ("[storage tldops_remote]" in text) == (program == "vdirsyncer")
    others = {"thunderbird": "Add remote Address Book", "android": "DAVx", "evolution": "Find Address Books"}
    assert [each for each, word in others.items() if word in text] == [each for each in others if each == program]


def test_the_profile_holds_what_apple_needs_and_no_password() -> None:
    """CLIENTS, Onboarding: one account, and the same identifiers each time."""
    profile = apple_profile("https://contacts.example.org:8443/", "jane@nic.example", "TLD-OPS")
    read = plistlib.loads(profile)
    (account,) = read["PayloadContent"]
    assert {key: account[key] for key in account if key.startswith("CardDAV")} == {
        "CardDAVAccountDescription": "TLD-OPS",
        "CardDAVHostName": "contacts.example.org",
        "CardDAVPort": 8443,
        "CardDAVUseSSL": True,
        "CardDAVUsername": "jane@nic.example",
    }
    assert account["PayloadType"] == "com.apple.carddav.account"
    assert profile == apple_profile("https://contacts.example.org:8443/", "jane@nic.example", "TLD-OPS")
    assert read["PayloadUUID"] != account["PayloadUUID"]


def test_the_link_for_davx5_is_split_at_the_right_places() -> None:
    """A colon, a slash or an at sign in the user name are escaped."""
    link = davx5_link("https://contacts.example.org/", "j:a/n@e@nic.example", "ab-cd")
    assert link == "davx5://j%3Aa%2Fn%40e%40nic.example:ab-cd@contacts.example.org/"
