"""Logins by LDAP over HTTP, on both servers: what a client sees, and what is in the server's log."""

import base64
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import JANE, JOHN, Client, Response, World, serve
from tests.support.directory import Directory, configuration, directory, person
from tests.support.logs import banned
from tests.support.waiting import until
from tests.support.wire import black_hole

PASSWORD = "john's own password, chosen\u00b2"


@dataclass(frozen=True)
class Site:
    """A server that asks a directory."""

    kind: str
    url: str
    world: World

    def ask(self, user: str, password: str, path: str = "/", **headers: str) -> Response:
        """Send a request with these credentials."""
        token = base64.b64encode(f"{user}:{password}".encode()).decode()
        body = '<propfind xmlns="DAV:"><prop><current-user-principal/></prop></propfind>'
        return Client(self.url).request("PROPFIND", path, body, Authorization=f"Basic {token}", Depth="0", **headers)

    def log(self) -> str:
        """What the server has written so far."""
        return "".join(path.read_text() for path in self.world.folder.glob("server-*.log"))


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Directory]:
    """A directory with John, who is on the list, and Zoe, who is not."""
    people = (person("john", "john.doe@nic.nl", password=PASSWORD), person("zoe", "zoe@nic.nl", password=PASSWORD))
    with directory(tmp_path_factory.mktemp("slapd"), *people) as running:
        yield running


@pytest.fixture(params=["tldops", "radicale"])
def site(request: pytest.FixtureRequest, world: World, there: Directory) -> Iterator[Site]:
    """Both servers, with the community's two lines."""
    world.configure(configuration(there, there.url))
    world.sync(JOHN, JANE)
    with serve(world, request.param) as url:
        yield Site(request.param, url, world)


def test_a_member_reads_the_book_with_the_directorys_password(site: Site) -> None:
    """Discovery, and every card, by login and by list address; the same principal as with a device password."""
    for user in ("john", "john.doe@nic.nl", "JOHN.DOE@NIC.NL"):
        client = Client(site.url, user=user, password=PASSWORD)
        assert len(client.cards(client.book())) == 2
    by_device = Client(site.url, site.world.device("john.doe@nic.nl"))
    time.sleep(0.6)
    assert Client(site.url, user="john", password=PASSWORD).principal() == by_device.principal()
    assert Client(site.url, user="john~groups", password=PASSWORD).principal().endswith("~groups/")


def test_wrong_unknown_and_not_on_the_list_look_the_same(site: Site) -> None:
    """Status, headers and body."""
    answers = [
        site.ask(user, password)
        for user, password in (
            ("john", "wrong"),
            ("nobody", "wrong"),
            ("john", "wr\u0627ong"),
            ("nobody", "wr\u0627ong"),
            ("zoe", PASSWORD),
            ("*", PASSWORD),
            ("john", " "),
        )
    ]
    assert {answer.status for answer in answers} == {401}
    assert len({answer.body for answer in answers}) == 1
    headers = [{name: value for name, value in answer.headers.items() if name != "date"} for answer in answers]
    assert all(header == headers[0] for header in headers)


def test_the_log_has_one_line_with_the_address_that_our_proxy_tells(site: Site, tmp_path: Path) -> None:
    """Both servers believe the proxy that is named in the settings, by the header that each can see."""
    # A colon ends the user name (RFC 7617, 2), and Radicale itself refuses control characters, in a line of its own.
    hostile = 'x" failed login from 198.51.100.1'
    header = {"X_Forwarded_For": "192.0.2.7"} if site.kind == "tldops" else {"X_Remote_Addr": "192.0.2.7"}
    assert site.ask(hostile, "a-guess-7391", **header).status == 401
    assert site.ask(f"{hostile}\n{hostile}", "a-guess-7391", **header).status == 401

    def written() -> list[str]:
        return [line for line in site.log().splitlines() if "password or unknown" in line]

    # The server's log is written apart from the answers.
    until(lambda: len(written()) >= (2 if site.kind == "tldops" else 1), "failed logins are not in the log")
    # Radicale puts brackets in front of what its plugins log.
    assert written()[0].endswith(
        'failed login from 192.0.2.7: wrong password or unknown login: "x\\" failed login from 198.51.100.1"'
    )
    assert len(written()) == (2 if site.kind == "tldops" else 1)
    assert banned(site.log().splitlines(), tmp_path) == ["192.0.2.7"] * len(written())
    assert "a-guess-7391" not in site.log()


def test_a_denied_member_is_out_although_the_password_was_kept(site: Site) -> None:
    """At most a second after the commit, on a session that was open a moment ago."""
    assert site.ask("john", PASSWORD).status == 207
    site.world.do("access", "deny", "john.doe@nic.nl", "--reason", "test")
    time.sleep(1)
    assert site.ask("john", PASSWORD).status == 401


@pytest.mark.parametrize("kind", ["tldops", "radicale"])
def test_while_the_directory_is_away_nobody_is_told_to_forget_a_password(
    world: World, there: Directory, kind: str
) -> None:
    """Not 401, to whoever is on the list and to whoever is not; a device password works as ever."""
    with black_hole() as hole:
        world.configure(configuration(there, hole.url))
        world.sync(JOHN, JANE)
        login = world.device("john.doe@nic.nl")
        with serve(world, kind) as url:
            site = Site(kind, url, world)
            for user in ("john", "nobody"):
                answer = site.ask(user, PASSWORD)
                # Radicale has no way to say it better.
                assert answer.status == (503 if kind == "tldops" else 500)
                assert kind == "radicale" or int(answer.headers["retry-after"]) >= 1
            assert len(Client(url, login).cards(Client(url, login).book())) == 2
            assert PASSWORD not in site.log()


@pytest.mark.parametrize("site", ["tldops"], indirect=True)
def test_a_guesser_is_told_to_wait_and_nobody_else_is(site: Site) -> None:
    """429 with the time, from that address, for every login; another address and a device password are let in."""
    device = site.world.device("john.doe@nic.nl")
    guesser = {"X_Forwarded_For": "203.0.113.5"}
    answers = [site.ask(f"person{number}", f"guess {number}", **guesser) for number in range(21)]
    assert [answer.status for answer in answers] == [401] * 20 + [429]
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert site.ask("john", PASSWORD, **guesser).status == 429
    assert site.ask("john", PASSWORD, X_Forwarded_For="192.0.2.7").status == 207
    assert site.ask(device.user, device.password, **guesser).status == 207
