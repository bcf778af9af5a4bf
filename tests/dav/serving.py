"""A `tldops serve` for the tests of what the RFCs demand, with texts in it that have to be escaped."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support import DAV, JANE, JOHN, Client, Response, World, serve

BOOK_NAME = """A & B <c> ]]> "q" 'x'"""

ZOE = '"Zoë O\'Neil & Søn, #2, .nl, +31 201234567, +31 6 12345678" <zoe@nic.nl>'
MARKUP = '"A <b> & <[[c]]>, #3, .nl, +31 201234568" <abc@nic.nl>'
PEOPLE = (JOHN, JANE, ZOE, MARKUP)
SECRETARIAT = "secretariat@example.org"

ETAG = "<D:prop><D:getetag/></D:prop>"
DATA = "<D:prop><C:address-data/></D:prop>"
NAME = "<D:prop><D:displayname/></D:prop>"


@dataclass(frozen=True)
class Served:
    """Clients of one server: John's in both styles, Jane's, and that of a reader who is no SSC and has no name."""

    world: World
    john: Client
    grouped: Client
    jane: Client
    secretariat: Client

    def places(self) -> dict[str, str]:
        """What stands there for John, by its kind."""
        book = self.john.book()
        card = min(self.john.cards(book))
        return {"root": "/", "principal": self.john.principal(), "book": book, "card": card}


@contextlib.contextmanager
def served(folder: Path, people: Sequence[str] = PEOPLE, kind: str = "tldops") -> Iterator[Served]:
    """Run a server with these people until the block ends; `kind` as in `serve`."""
    world = World(folder)
    quoted = BOOK_NAME.replace('"', '\\"')
    world.configure(f'[readers]\n"{SECRETARIAT}" = "secretariat"\n[cards]\nbook_name = "{quoted}"\n')
    world.sync(*people)
    john, grouped = (world.device("john.doe@nic.nl", style) for style in ("plain", "groups"))
    jane, secretariat = (world.device(login) for login in ("jane.doe@nic.vn", SECRETARIAT))
    with serve(world, kind) as url:
        yield Served(world, *(Client(url, login) for login in (john, grouped, jane, secretariat)))


_PREFIXES = 'xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"'


def report(client: Client, path: str, name: str, inner: str = "", depth: str | None = "1", **headers: str) -> Response:
    """Send the report `name` with `inner` in it; without a Depth header where `depth` is None.

    The prefixes "D" and "C" are declared.
    """
    if depth is not None:
        headers["Depth"] = depth
    body = f"<{name} {_PREFIXES}>{inner}</{name}>"
    return client.request("REPORT", path, body, Content_Type="application/xml; charset=utf-8", **headers)


def query(client: Client, path: str, inner: str = "", prop: str = ETAG, depth: str | None = "1") -> Response:
    """Send an addressbook-query with `inner` in its filter."""
    return report(client, path, "C:addressbook-query", f"{prop}<C:filter>{inner}</C:filter>", depth)


def multiget(client: Client, path: str, hrefs: Sequence[str], prop: str = ETAG) -> Response:
    """Send an addressbook-multiget."""
    return report(client, path, "C:addressbook-multiget", prop + "".join(f"<D:href>{href}</D:href>" for href in hrefs))


def sync(client: Client, path: str, token: str = "", inner: str = ETAG, depth: str | None = "0") -> Response:
    """Send a sync-collection of level 1."""
    body = f"<D:sync-token>{token}</D:sync-token><D:sync-level>1</D:sync-level>{inner}"
    return report(client, path, "D:sync-collection", body, depth)


def card_of(client: Client, name: str) -> str:
    """Return the path of the card that holds this name."""
    return next(href for href, card in client.cards(client.book()).items() if name in card)


def propfind(client: Client, path: str, inner: str, depth: str | None = "0", **headers: str) -> Response:
    """Send a PROPFIND with `inner` in it, as `report` does."""
    if depth is not None:
        headers["Depth"] = depth
    return client.request("PROPFIND", path, f"<D:propfind {_PREFIXES}>{inner}</D:propfind>", **headers)


def found(answer: Response, status: str = "200") -> dict[str, set[str]]:
    """The names of the properties that each href has with this status."""
    return {
        response.findtext(f"{DAV}href", ""): {
            prop.tag
            for propstat in response.findall(f"{DAV}propstat")
            if status in propstat.findtext(f"{DAV}status", "")
            for prop in propstat[0]
        }
        for response in answer.xml.findall(f"{DAV}response")
    }
