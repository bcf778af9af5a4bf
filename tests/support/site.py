"""A running server, the world behind it, and a member's device password."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.support.http import CALENDARSERVER, Client
from tests.support.servers import serve
from tests.support.waiting import until
from tests.support.world import Login, World

SERVERS = ("tldops", "radicale")
"""Both kinds: `tldops serve`, and the plugins in stock Radicale."""


@dataclass(frozen=True)
class Site:
    """A server on the loopback, of one of the kinds, and John's device password for it."""

    kind: str
    url: str
    world: World
    login: Login

    def client(self) -> Client:
        """Return a client with John's device password, style plain."""
        return Client(self.url, self.login)

    def groups(self) -> Login:
        """Return another device password of the same member, of the style "groups"."""
        return self.world.device(self.login.user, "groups")

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
        self.world.sync(*lines)
        number = self.world.do("status", "--json").json["people"]
        until(
            lambda: self.tag() != before and len(self.cards()) == number,
            "the server goes on with the old generation",
        )


@contextlib.contextmanager
def running(world: World, kind: str, lines: Sequence[str]) -> Iterator[Site]:
    """Run a server of this kind with these lines in its roster; John is one of them."""
    world.sync(*lines)
    login = world.device("john.doe@nic.nl")
    with serve(world, kind) as url:
        yield Site(kind, url, world, login)
