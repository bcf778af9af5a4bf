"""Requests and what their answers have to be, as pairs of files in exchanges/, at both servers."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.dav.serving import Served, card_of, propfind, served
from tests.server.expecting import judge
from tests.support import DAV, Client, Response
from tests.support.exchanges import Pair, declared, filled, read

PAIRS = [read(path) for path in sorted((Path(__file__).parent / "exchanges").glob("*.http"))]
CASES = [(server, pair) for server in ("tldops", "radicale") for pair in PAIRS if server in pair.servers]

PROPERTIES = {
    "everywhere": "D:resourcetype D:owner D:group D:supported-privilege-set D:current-user-privilege-set D:acl "
    "D:acl-restrictions D:inherited-acl-set D:principal-collection-set D:current-user-principal D:supported-report-set",
    "content": "D:getcontentlength D:getcontenttype D:getetag D:getlastmodified",
    "only principal": "D:alternate-URI-set D:principal-URL D:group-membership C:addressbook-home-set",
    "only book": "D:sync-token CS:getctag C:addressbook-description C:max-resource-size C:supported-address-data",
    "name and collations": "D:displayname C:supported-collation-set",
    "absent": "C:principal-address C:directory-gateway C:address-data D:supportedlock",
}
"""Which kinds of resources have which properties, as marks."""


@dataclass(frozen=True)
class World:
    """A running server, whose devices may send a request, and the values of the marks."""

    server: str
    clients: dict[str, Client]
    marks: dict[str, str]

    def send(self, pair: Pair) -> None:
        """Send every request of a pair, and judge each answer by its expectations."""
        before: dict[str, Response] = {}
        for exchange, own in pair.cases():
            marks = {**self.marks, **own}
            headers = {name.replace("-", "_"): filled(value, marks) for name, value in exchange.headers.items()}
            client = self.clients[headers.pop("As", "john")]
            body = declared(filled(exchange.body, marks))
            answer = client.request(filled(exchange.method, marks), filled(exchange.path, marks), body, **headers)
            before[exchange.title] = answer
            assert exchange.expected, exchange.title
            for line in exchange.expected:
                only, _, rest = line.partition("] ") if line.startswith("[") else ("", "", line)
                if only in ("", f"[{self.server}"):
                    try:
                        judge(filled(rest, marks), answer, before, self.server == "tldops")
                    except AssertionError as failure:
                        raise AssertionError(f"{exchange.title} {own}: {line}\n{failure}") from failure


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, World]]:
    """Both servers, each with four people, of whom the tests here only read."""
    with (
        served(tmp_path_factory.mktemp("tldops")) as tldops,
        served(tmp_path_factory.mktemp("radicale"), kind="radicale") as radicale,
    ):
        yield {"tldops": _world("tldops", tldops), "radicale": _world("radicale", radicale)}


def _world(server: str, running: Served) -> World:
    john = running.john
    nobody = Client(f"http://{john.host}")
    clients = {
        "john": john,
        "grouped": running.grouped,
        "jane": running.jane,
        "secretariat": running.secretariat,
        "nobody": nobody,
    }
    book, cards = john.book(), john.cards(john.book())
    card, card_of_jane = card_of(john, "John Doe"), card_of(john, "Jane Doe")
    groups = running.grouped.cards(running.grouped.book())
    state = propfind(john, book, "<D:prop><D:sync-token/><D:getetag/></D:prop>").xml
    marks = {
        "root": "/",
        "host": john.host,
        "principal": john.principal(),
        "groups principal": running.grouped.principal(),
        "book": book,
        "groups book": running.grouped.book(),
        "card": card,
        "card name": card.rpartition("/")[2],
        "card of jane": card_of_jane,
        "cards": " ".join(cards),
        "principal of jane": running.jane.principal(),
        "principal of secretariat": running.secretariat.principal(),
        "etag": john.propfind(card, f"{DAV}getetag").xml.findtext(f".//{DAV}getetag", ""),
        "ctag": state.findtext(f".//{DAV}getetag", ""),
        "token": state.findtext(f".//{DAV}sync-token", ""),
        "unknown": "/0123456789abcdef/",
        "long": "a" * 4000,
        "encoded card": card.replace("-", "%2D"),
        "encoded card of jane": card_of_jane.replace("tld", "%74ld"),
        "groups cards": " ".join(groups),
        "hrefs of cards": "".join(f"<D:href>{href.replace('~', '%7E')}</D:href>" for href in cards),
        "hrefs of groups cards": "".join(f"<D:href>{href.replace('~', '%7E')}</D:href>" for href in groups),
        **PROPERTIES,
        "all properties": "".join(f"<{name}/>" for names in PROPERTIES.values() for name in names.split()),
    }
    return World(server, clients, marks)


@pytest.mark.parametrize(("server", "pair"), CASES, ids=lambda given: given if isinstance(given, str) else given.name)
def test_the_answers_are_what_is_expected(worlds: dict[str, World], server: str, pair: Pair) -> None:
    """Each request of the pair gets the answer that the file beside it describes."""
    worlds[server].send(pair)
