"""The rules for the server that clients hang on (docs/rfc-checklist.md), over HTTP, on both servers."""

import gzip
import re
import time
from collections.abc import Iterator

import pytest

from tests.support import CALENDARSERVER, CARDDAV, DAV, JANE, JOHN, Client, World, propfind_body, serve
from tests.support.site import Site

QUERY = (
    '<addressbook-query xmlns="urn:ietf:params:xml:ns:carddav" xmlns:D="DAV:">'
    "<D:prop><D:getetag/><address-data/></D:prop><filter>{}</filter></addressbook-query>"
)


@pytest.fixture
def client(standing: Site) -> Client:
    """A client with John's device password, style plain."""
    return standing.client()


@pytest.fixture(scope="module")
def grouped(standing: Site) -> Client:
    """A client with a device password of the style `groups`."""
    login = standing.world.device("john.doe@nic.nl", "groups")
    time.sleep(0.6)
    return Client(standing.url, login)


def test_lines_1_and_2_go_the_whole_way_to_a_card(client: Client) -> None:
    """The community's own two lines become the cards that its members fetch, with everything that was in them."""
    cards = sorted(client.cards(client.book()).values())
    john, jane = (next(card for card in cards if name in card) for name in ("John Doe", "Jane Doe"))
    assert "\r\nFN:John Doe (.nl)\r\n" in john.replace("\n", "\r\n").replace("\r\r", "\r")
    assert "NICKNAME:.nl" in john
    assert "EMAIL;TYPE=INTERNET,WORK,PREF:john.doe@nic.nl" in john
    assert re.search(r"TEL;TYPE=\w+,VOICE:\+31 12 345 6789", john)
    assert "Security and Stability Contact #1" in john
    assert "FN:Jane Doe (.vn)" in jane
    assert jane.index("jane.doe@nic.vn") < jane.index("jane@oarc.net")
    assert len(cards) == 2


def test_discovery_from_the_host_root(client: Client) -> None:
    """/.well-known redirects to /, which leads to one principal, one home and one book with a name."""
    moved = client.request("GET", "/.well-known/carddav")
    assert (moved.status, moved.headers["location"]) == (301, "/")
    home = client.propfind(client.principal(), f"{CARDDAV}addressbook-home-set")
    assert len(home.xml.findall(f".//{CARDDAV}addressbook-home-set/{DAV}href")) == 1
    named = client.propfind(client.book(), f"{DAV}displayname")
    assert named.xml.findtext(f".//{DAV}displayname") == "TLD-OPS"


def test_the_principal_tells_nothing_about_its_owner(client: Client) -> None:
    """URLs hold an opaque id: they end up in logs and caches."""
    assert re.fullmatch(r"/[0-9a-f]{16}/", client.principal())


def test_a_found_property_comes_before_a_missing_one(standing: Site) -> None:
    """Thunderbird skips a collection whose first status is not exactly "HTTP/1.1 200 OK".

    Radicale itself writes them in the order of the request, which no plugin can change: there it only has to be there.
    """
    client = standing.client()
    found = client.propfind(client.home(), f"{DAV}nonsense", f"{DAV}resourcetype", depth="1")
    for response in found.xml.iter(f"{DAV}response"):
        statuses = [status.text for status in response.iter(f"{DAV}status")]
        assert (statuses if standing.kind == "tldops" else sorted(statuses, key=str)) == [
            "HTTP/1.1 200 OK",
            "HTTP/1.1 404 Not Found",
        ]


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PROPPATCH", "MKCOL", "MOVE"])
def test_every_write_is_forbidden_and_never_unauthorised(standing: Site, method: str) -> None:
    """A 401 would stop the sync of a phone for good; the databases stay as they were."""
    client, roster = standing.client(), standing.world.folder / "roster.sqlite"
    book = client.book()
    href = next(iter(client.cards(book)))
    before = roster.read_bytes()
    for path in (href, f"{book}new.vcf", book, client.principal()):
        answer = client.request(method, path, "BEGIN:VCARD\r\nEND:VCARD\r\n", Destination=f"http://{client.host}/x")
        assert answer.status == 403, (path, answer)
    assert roster.read_bytes() == before
    assert len(client.cards(book)) == 2


def test_tags_and_tokens_agree_and_hold_still(client: Client) -> None:
    """getctag, sync-token and getetag of the book are the same from one request to the next, and so are the cards'."""
    names = (f"{CALENDARSERVER}getctag", f"{DAV}sync-token", f"{DAV}getetag", f"{DAV}getcontenttype")
    first, second = (client.propfind(client.book(), *names, depth="1") for _ in range(2))
    assert first.body == second.body
    token = first.xml.findtext(f".//{DAV}sync-token")
    assert client.sync(client.book()).xml.findtext(f"{DAV}sync-token") == token
    assert token is not None
    assert ":" in token
    assert "/" in token


def test_etags_are_those_of_the_bytes(client: Client) -> None:
    """The ETag in PROPFIND, REPORT and GET is one and the same, and a card is the same by every way."""
    book = client.book()
    for href, card in client.cards(book).items():
        got = client.request("GET", href)
        found = client.propfind(href, f"{DAV}getetag")
        assert got.headers["etag"] == found.xml.findtext(f".//{DAV}getetag")
        assert got.body.decode().replace("\r\n", "\n") == card.replace("\r\n", "\n")
        assert got.headers["content-type"].startswith("text/vcard")


@pytest.mark.parametrize(
    "inner",
    [
        "<prop-filter><text-match>x</text-match></prop-filter>",
        '<prop-filter name="FN"><text-match collation="i;nonsense">x</text-match></prop-filter>',
        '<prop-filter name="FN" test="sometimes"/>',
        "<prop-filter name='FN'/>" * 200,
    ],
)
def test_a_filter_that_cannot_be_evaluated_is_an_error(client: Client, inner: str) -> None:
    """A malformed, unknown or huge filter gets 4xx: never the whole book, never an empty one, never a 5xx."""
    assert 400 <= client.report(client.book(), QUERY.format(inner)).status < 500


def test_the_book_has_a_description(client: Client) -> None:
    """RFC 6352, 6.2.1: what people read beside the name."""
    found = client.propfind(client.book(), f"{CARDDAV}addressbook-description")
    assert found.xml.findtext(f".//{CARDDAV}addressbook-description") == "Security and Stability Contacts of the ccTLDs"


def test_an_answer_is_compressed_for_who_asks(client: Client) -> None:
    """The whole book goes to a phone as gzip, and unpacked it is the same."""
    body = propfind_body(f"{DAV}getetag")
    plain = client.request("PROPFIND", client.book(), body, Depth="1")
    packed = client.request("PROPFIND", client.book(), body, Depth="1", Accept_Encoding="gzip")
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body


class TestSyncTokens:
    """A sync token never fails, whatever it is, and never empties the book."""

    @pytest.fixture(params=["tldops", "radicale"])
    def server(self, request: pytest.FixtureRequest, world: World) -> Iterator[Client]:
        """A client at a server whose roster had three people and has two."""
        jim = '"Jim Doe, #2, .nl, +31 201234567" <jim.doe@nic.nl>'
        world.sync(JOHN, JANE, jim)
        with serve(world, request.param) as url:
            yield Client(url, world.device("john.doe@nic.nl"))

    def test_from_the_first_sync_to_a_change_and_a_removal(self, server: Client, world: World) -> None:
        """A known token gets exactly what changed, and a 404 for who went."""
        book = server.book()
        first = server.sync(book)
        token = first.xml.findtext(f"{DAV}sync-token", "")
        assert len(first.hrefs("200")) == 3
        nothing = server.sync(book, token)
        assert (nothing.hrefs(), nothing.xml.findtext(f"{DAV}sync-token")) == ([], token)
        cards = server.cards(book)
        jane = next(href for href, card in cards.items() if "Jane" in card)
        jim = next(href for href, card in cards.items() if "Jim" in card)
        world.sync(JOHN, JANE.replace("Jane Doe", "Jane D. Doe"))
        time.sleep(0.6)
        changed = server.sync(book, token)
        assert changed.hrefs("200") == [jane]
        assert changed.hrefs("404") == [jim]
        again = server.sync(book)
        assert sorted(again.hrefs()) == sorted(href for href in cards if href != jim)
        for foreign in ("garbage", "data:,tldops/0/plain/1", "6f1e9c6e-0000-4000-8000-000000000000", token + "99"):
            answer = server.sync(book, foreign)
            assert answer.status == 207
            assert sorted(answer.hrefs("200")) == sorted(again.hrefs())
            assert answer.hrefs("404") == [jim]


class TestStyles:
    """The same book with and without group cards."""

    def test_groups_stand_beside_the_same_cards(self, standing: Site, grouped: Client) -> None:
        """A device of the style `groups` is led to the principal with one group card per ccTLD."""
        plain = standing.client()
        assert grouped.principal() == plain.principal().rstrip("/") + "~groups/"
        cards = {href.rsplit("/")[-1]: card for href, card in plain.cards(plain.book()).items()}
        both = {href.rsplit("/")[-1]: card for href, card in grouped.cards(grouped.book()).items()}
        groups = {href: card for href, card in both.items() if href not in cards}
        assert {href: both[href] for href in cards} == cards
        assert len(groups) == 2
        uids = {re.search(r"^UID:(.*)$", card, re.M).group(1).strip() for card in cards.values()}  # type: ignore[union-attr]
        for card in groups.values():
            assert "X-ADDRESSBOOKSERVER-KIND:group" in card
            members = re.findall(r"X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:(.*)", card.replace("\r", ""))
            assert len(members) == 1
            assert set(members) <= uids

    def test_the_suffix_behind_the_login_wins(self, standing: Site) -> None:
        """~groups typed behind the user name asks for group cards with a plain device password, too."""
        asked = Client(standing.url, user=standing.login.user + "~groups", password=standing.login.password)
        assert asked.principal().endswith("~groups/")
        assert len(asked.cards(asked.book())) == 4

    def test_both_principals_answer_to_every_device(self, standing: Site, grouped: Client) -> None:
        """The style only decides where discovery leads."""
        plain = standing.client()
        assert len(plain.cards(plain.principal().rstrip("/") + "~groups/tld-ops/")) == 4
        assert len(grouped.cards(grouped.principal().replace("~groups", "") + "tld-ops/")) == 2
