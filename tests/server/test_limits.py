"""What is bounded: the answer by the client, with nothing lost, and the request by the server."""

import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from radicale_tldops.dav.answers import MAX_EXPANDED
from radicale_tldops.dav.body import MAX_ATTRIBUTES, MAX_DEPTH, MAX_NAME
from radicale_tldops.dav.query.filters import MAX_CONDITIONS, MAX_TEXT
from radicale_tldops.dav.requested import MAX_PROPERTIES
from tests.dav.serving import PEOPLE, Served, propfind, report, served
from tests.dav.shape import valid
from tests.support import CARDDAV, DAV, JANE, JOHN, Client, Response, World, serve

ETAG = "<D:prop><D:getetag/></D:prop>"
NO_MORE = f"{DAV}number-of-matches-within-limits"


@pytest.fixture(scope="module")
def roster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that the tests of this module only read from."""
    with served(tmp_path_factory.mktemp("limits")) as running:
        yield running


@pytest.fixture
def client(roster: Served) -> Client:
    """John's client, style plain."""
    return roster.john


def query(client: Client, path: str, limit: str, filter_: str = "<C:filter/>") -> Response:
    """Send an addressbook-query with `limit` in CARDDAV:nresults."""
    inner = f"{ETAG}{filter_}<C:limit><C:nresults>{limit}</C:nresults></C:limit>"
    return report(client, path, "C:addressbook-query", inner)


def sync(client: Client, path: str, token: str, limit: str) -> Response:
    """Send a sync-collection with `limit` in DAV:nresults."""
    inner = f"<D:sync-token>{token}</D:sync-token><D:sync-level>1</D:sync-level>"
    limits = f"<D:limit><D:nresults>{limit}</D:nresults></D:limit>"
    return report(client, path, "D:sync-collection", f"{inner}{limits}{ETAG}", "0")


def is_cut(answer: Response, path: str) -> bool:
    """Tell whether the answer says that there is more, which it says once, of the path that was asked, and last."""
    responses = valid(answer).findall(f"{DAV}response")
    cut = [response for response in responses if "507" in response.findtext(f"{DAV}status", "")]
    if not cut:
        return False
    assert cut == responses[-1:]
    assert [element.tag for element in cut[0]] == [f"{DAV}href", f"{DAV}status", f"{DAV}error"]
    assert cut[0].findtext(f"{DAV}href") == path
    assert cut[0].find(f"{DAV}error/{NO_MORE}") is not None
    return True


class TestQueries:
    """CARDDAV:limit (RFC 6352, 8.6.1, 8.6.2 and 10.6)."""

    @pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 10**17])
    def test_no_more_than_the_limit_and_a_507_for_the_rest(self, roster: Served, limit: int) -> None:
        """The 507 is not counted; without a rest there is none."""
        for client, count in ((roster.john, 4), (roster.grouped, 6)):
            book = client.book()
            answer = query(client, book, f" {limit}\n")
            assert is_cut(answer, book) == (limit < count)
            assert len(answer.hrefs("200 OK")) == min(limit, count)
            assert set(answer.hrefs("200 OK")) <= set(client.cards(book))

    def test_the_limit_counts_what_matches(self, client: Client) -> None:
        """As many matches as the limit are all of them; a card by itself is never too much."""
        jane = '<C:filter><C:prop-filter name="FN"><C:text-match>jane</C:text-match></C:prop-filter></C:filter>'
        answer = query(client, client.book(), "1", jane)
        assert not is_cut(answer, client.book())
        assert len(answer.hrefs("200 OK")) == 1
        nobody = jane.replace("jane", "nobody")
        assert len(valid(query(client, client.book(), "1", nobody))) == 0
        card = min(client.cards(client.book()))
        answer = query(client, card, "1")
        assert not is_cut(answer, card)
        assert answer.hrefs() == [card]

    @pytest.mark.parametrize("limit", ["0", "-1", "", "x", "1.5", "\u0663", "9" * 30, "1 2"])
    def test_a_limit_that_is_none_is_a_bad_request(self, client: Client, limit: str) -> None:
        """It is not taken for "nothing" nor for "everything"."""
        assert query(client, client.book(), limit).status == 400
        assert sync(client, client.book(), "", limit).status == 400


class TestSync:
    """DAV:limit (RFC 6578, 3.6 and 3.7)."""

    @pytest.mark.parametrize("limit", [1, 2, 3, 5, 6, 7])
    @pytest.mark.parametrize("start", ["", "garbage"])
    def test_whoever_goes_on_has_everything(self, roster: Served, limit: int, start: str) -> None:
        """Each page holds at most the limit, and a token with which to go on; the last one the book's own token."""
        for client in (roster.john, roster.grouped):
            book = client.book()
            token, seen = start, list[str]()
            for _ in range(20):
                answer = sync(client, book, token, str(limit))
                page = answer.hrefs("200 OK")
                assert len(page) <= limit
                seen += page
                token = valid(answer).findtext(f"{DAV}sync-token", "")
                assert re.fullmatch(r"[a-z][a-z0-9+.-]*:[!-~]+", token)
                if not is_cut(answer, book):
                    break
            assert sorted(seen) == sorted(client.cards(book))
            assert token == valid(client.propfind(book, f"{DAV}sync-token")).findtext(f".//{DAV}sync-token")

    def test_a_cut_token_goes_on_without_a_limit_too(self, client: Client) -> None:
        """RFC 6578, 3.6: the token is the correct state for what was told so far."""
        book = client.book()
        first = sync(client, book, "", "1")
        token = valid(first).findtext(f"{DAV}sync-token", "")
        rest = sync(client, book, token, "1000")
        assert not is_cut(rest, book)
        assert sorted(first.hrefs("200 OK") + rest.hrefs()) == sorted(client.cards(book))

    def test_changes_between_pages_are_not_lost(self, tmp_path: Path) -> None:
        """Who went, came and changed while a client turned pages: it ends with exactly the book."""
        world = World(tmp_path)
        world.sync(*PEOPLE)
        login = world.device("john.doe@nic.nl")
        with serve(world) as url:
            client = Client(url, login)
            book, token, held = client.book(), "", dict[str, str]()
            rosters = [
                (JOHN, JANE, PEOPLE[3]),
                (JOHN, JANE.replace("Jane Doe", "Jane D. Doe"), *PEOPLE[2:]),
                (JOHN, PEOPLE[2], '"Jim Doe, #1, .be, +32 2 1234567" <jim.doe@nic.be>'),
            ]
            is_whole = False
            for _ in range(20):
                answer = sync(client, book, token, "1")
                for response in valid(answer).findall(f"{DAV}response"):
                    href, etag = response.findtext(f"{DAV}href", ""), response.findtext(f".//{DAV}getetag")
                    if etag is not None:
                        held[href] = etag
                    elif "404" in response.findtext(f"{DAV}status", ""):
                        held.pop(href, None)
                token = valid(answer).findtext(f"{DAV}sync-token", "")
                if rosters:
                    world.sync(*rosters.pop(0))
                    time.sleep(0.6)
                elif not is_cut(answer, book):
                    is_whole = True
                    break
            etags = valid(propfind(client, book, ETAG, "1", Prefer="depth-noroot"))
            assert is_whole
            assert held == {
                element.findtext(f"{DAV}href", ""): element.findtext(f".//{DAV}getetag", "")
                for element in etags.iter(f"{DAV}response")
            }


def deep(levels: int) -> str:
    """Nest properties of expand-property."""
    opening = '<D:property name="owner">'
    return opening * levels + "</D:property>" * levels


def attributes(count: int) -> str:
    """Return so many attributes."""
    return " ".join(f'a{number}=""' for number in range(count))


class TestRequests:
    """HARDENING 6, 8 and 15: as much as any client needs is answered, and more is refused."""

    def test_properties(self, client: Client) -> None:
        """As many different ones as the limit."""
        names = "".join(f"<p{number}/>" for number in range(MAX_PROPERTIES))
        assert valid(propfind(client, client.book(), f"<D:prop>{names}</D:prop>")) is not None
        assert propfind(client, client.book(), f"<D:prop>{names}<q/></D:prop>").status == 400
        assert propfind(client, client.book(), f"<D:allprop/><D:include>{names}<q/></D:include>").status == 400

    def test_properties_of_a_card(self, client: Client) -> None:
        """The same inside address-data."""
        for count, status in ((MAX_PROPERTIES, 207), (MAX_PROPERTIES + 1, 400)):
            named = "".join(f'<C:prop name="P{number}"/>' for number in range(count))
            prop = f"<D:prop><C:address-data>{named}</C:address-data></D:prop>"
            assert report(client, client.book(), "C:addressbook-query", f"{prop}<C:filter/>").status == status

    def test_conditions_and_texts(self, client: Client) -> None:
        """As many filters, and as long a text."""
        condition = '<C:prop-filter name="FN"/>'
        for inner, status in (
            (condition * MAX_CONDITIONS, 207),
            (condition * (MAX_CONDITIONS + 1), 400),
            (f'<C:prop-filter name="FN"><C:text-match>{"x" * MAX_TEXT}</C:text-match></C:prop-filter>', 207),
            (f'<C:prop-filter name="FN"><C:text-match>{"x" * (MAX_TEXT + 1)}</C:text-match></C:prop-filter>', 400),
        ):
            body = f"{ETAG}<C:filter>{inner}</C:filter>"
            assert report(client, client.book(), "C:addressbook-query", body).status == status

    def test_nothing_outside_is_fetched(self, client: Client) -> None:
        """HARDENING 5: a document type, an entity or a stylesheet of elsewhere is not looked at, and not expanded."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            url = f"http://127.0.0.1:{listener.getsockname()[1]}/x"
            rest = '<D:propfind xmlns:D="DAV:"><D:prop><D:displayname/></D:prop></D:propfind>'
            for prolog in (
                f'<!DOCTYPE x SYSTEM "{url}">',
                f'<!DOCTYPE x [<!ENTITY e SYSTEM "{url}">]>',
                f'<!DOCTYPE x [<!ENTITY % e SYSTEM "{url}"> %e;]>',
                '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
            ):
                assert client.request("PROPFIND", client.book(), prolog + rest, Depth="0").status == 400
            style = f'<?xml-stylesheet type="text/xsl" href="{url}"?>'
            assert client.request("PROPFIND", client.book(), style + rest, Depth="0").status == 207
            listener.settimeout(0.3)
            with pytest.raises(TimeoutError):
                listener.accept()

    def test_two_filters_are_a_bad_request(self, client: Client) -> None:
        """RFC 6352, 10.3: one; which of two is meant cannot be told."""
        assert report(client, client.book(), "C:addressbook-query", f"{ETAG}<C:filter/><C:filter/>").status == 400

    def test_names_attributes_and_depth(self, client: Client) -> None:
        """To the limit and one beyond."""
        for inner, status in (
            (f"<D:prop><{'a' * MAX_NAME}/></D:prop>", 207),
            (f"<D:prop><{'a' * (MAX_NAME + 1)}/></D:prop>", 400),
            (f'<D:prop><a xmlns="{"u" * MAX_NAME}"/></D:prop>', 207),
            (f'<D:prop><a xmlns="{"u" * (MAX_NAME + 1)}"/></D:prop>', 400),
            (f"<D:prop><a {attributes(MAX_ATTRIBUTES)}/></D:prop>", 207),
            (f"<D:prop><a {attributes(MAX_ATTRIBUTES + 1)}/></D:prop>", 400),
            (f"<D:prop>{'<a>' * (MAX_DEPTH - 2)}{'</a>' * (MAX_DEPTH - 2)}</D:prop>", 207),
            (f"<D:prop>{'<a>' * (MAX_DEPTH - 1)}{'</a>' * (MAX_DEPTH - 1)}</D:prop>", 400),
        ):
            assert propfind(client, client.book(), inner).status == status, inner[:60]

    def test_an_expansion_ends(self, client: Client) -> None:
        """As deep as elements may be nested: each level is told, and none is told twice."""
        levels = MAX_DEPTH - 1
        answer = report(client, client.book(), "D:expand-property", deep(levels), "0")
        assert len(valid(answer).findall(f".//{DAV}response")) == levels
        assert len(answer.body) < 1000 * levels
        assert report(client, client.book(), "D:expand-property", deep(levels + 1), "0").status == 400
        wide = "".join(f'<D:property name="p{number}"/>' for number in range(MAX_PROPERTIES))
        assert len(valid(report(client, client.book(), "D:expand-property", wide, "0"))) == 1
        wider = f'{wide}<D:property name="q"/>'
        assert report(client, client.book(), "D:expand-property", wider, "0").status == 400

    def test_an_expansion_of_everything_is_bounded(self, roster: Served) -> None:
        """Every card times every property is told within the limit, and beyond it nothing is (RFC 3744, 9.2)."""
        client, book = roster.grouped, roster.grouped.book()
        for length, status in ((2, 207), (MAX_NAME - 6, 403)):
            assert (7 * MAX_PROPERTIES * length > MAX_EXPANDED) == (status == 403)
            wide = "".join(f'<D:property name="{"p" * length}{number}"/>' for number in range(MAX_PROPERTIES))
            answer = report(client, book, "D:expand-property", wide, "1")
            assert answer.status == status
            root = valid(answer, status)
            assert [element.tag for element in root] == ([f"{DAV}response"] * 7 if status == 207 else [NO_MORE])

    @pytest.mark.parametrize("name", ["C:addressbook-query", "C:addressbook-multiget", "D:sync-collection"])
    def test_what_is_wrong_costs_nothing_of_the_roster(self, client: Client, name: str) -> None:
        """No refusal shows a card."""
        for inner in ("<D:prop/><D:prop/>", "<D:allprop/><D:propname/>", f"<D:prop>{'<x>' * 60}{'</x>' * 60}</D:prop>"):
            answer = report(client, client.book(), name, inner)
            assert answer.status == 400
            assert CARDDAV.encode() not in answer.body
            assert b"VCARD" not in answer.body
