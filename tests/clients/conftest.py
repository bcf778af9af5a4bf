"""A running server with a small roster, for clients that are programs of their own."""

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import vobject

from tests.support import CALENDARSERVER, Client, Login, Workspace, serve
from tests.support.people import ROSTER
from tests.support.waiting import until

SERVERS = ("tldops", "radicale")

People = dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]]
"""Contacts by UID: full name, e-mail addresses and phone numbers, each in the order of the card."""


def people(cards: Iterable[str]) -> People:
    """Read vCards."""
    found: People = {}
    for card in cards:
        fields = vobject.readOne(card).contents
        emails, phones = (tuple(one.value for one in fields.get(name, [])) for name in ("email", "tel"))
        found[fields["uid"][0].value] = (fields["fn"][0].value, emails, phones)
    return found


@dataclass(frozen=True)
class Site:
    """A server on loopback, and a member's device password for it."""

    workspace: Workspace
    url: str
    login: Login

    def groups(self) -> Login:
        """Return another device password of the same member, of the style "groups"."""
        return self.workspace.device(self.login.user, "groups")

    def client(self) -> Client:
        """Return a client that sees what the server really has."""
        return Client(self.url, self.login)

    def cards(self) -> dict[str, str]:
        """Return the cards on the server, by the last part of their href."""
        client = self.client()
        return {href.rsplit("/", 1)[1]: card for href, card in client.cards(client.book()).items()}

    def tag(self) -> str:
        """Return the tag of the book, which changes with it."""
        client = self.client()
        found = client.propfind(client.book(), f"{CALENDARSERVER}getctag")
        return found.xml.findtext(f".//{CALENDARSERVER}getctag", "")

    def change(self, *lines: str) -> None:
        """Apply another membership file, and wait until the server has noticed."""
        before = self.tag()
        self.workspace.sync(*lines)
        until(lambda: self.tag() != before, "the server goes on with the old generation")


@contextlib.contextmanager
def running(folder: Path, kind: str) -> Iterator[Site]:
    """Run a server of this kind with the small roster."""
    workspace = Workspace(folder)
    workspace.sync(*ROSTER)
    login = workspace.device("john.doe@nic.nl")
    with serve(workspace, kind) as url:
        yield Site(workspace, url, login)


@pytest.fixture(scope="session", params=SERVERS)
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Each server in turn, for tests that only read."""
    with running(tmp_path_factory.mktemp(request.param), request.param) as one:
        yield one


@pytest.fixture(params=SERVERS)
def changing_site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """Each server in turn, with a roster that the test may change."""
    with running(tmp_path, request.param) as one:
        yield one
