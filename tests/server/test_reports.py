"""The reports about cards (RFC 6352, 8) and about changes (RFC 6578, 3)."""

import re
from collections.abc import Iterator

import pytest

from tests.dav.serving import (
    DATA,
    ETAG,
    NAME,
    Served,
    card_of,
    found,
    multiget,
    propfind,
    query,
    report,
    served,
    sync,
)
from tests.dav.shape import valid
from tests.support import CARDDAV, DAV, Client


@pytest.fixture(scope="module")
def roster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that the tests of this module only read from."""
    with served(tmp_path_factory.mktemp("reports")) as running:
        yield running


@pytest.fixture
def client(roster: Served) -> Client:
    """John's client, style plain."""
    return roster.john


class TestWhere:
    """A report works where supported-report-set names it, and is refused elsewhere."""

    @pytest.mark.parametrize("name", ["C:addressbook-query", "C:addressbook-multiget", "D:sync-collection"])
    def test_a_report_on_cards_is_refused_where_there_are_none(self, roster: Served, name: str) -> None:
        """RFC 3253, 3.6: 403 with DAV:supported-report, and never an empty multistatus."""
        places = roster.places()
        kinds = ["root", "principal", *(["card"] if name == "D:sync-collection" else [])]
        for kind in kinds:
            root = valid(report(roster.john, places[kind], name, f"{ETAG}<D:href>/x</D:href>"), 403)
            assert [one.tag for one in root] == [f"{DAV}supported-report"]

    @pytest.mark.parametrize("name", ["C:nonsense", "D:version-tree", "D:propfind"])
    def test_an_unknown_report_is_refused(self, roster: Served, name: str) -> None:
        """HARDENING 7; RFC 3253, 3.6: 400, with the same condition."""
        for path in roster.places().values():
            root = valid(report(roster.john, path, name, ETAG), 400)
            assert [one.tag for one in root] == [f"{DAV}supported-report"]


class TestQuery:
    """addressbook-query (RFC 6352, 8.6)."""

    @pytest.mark.parametrize("depth", ["0", "1", "infinity", None])
    def test_depth_is_how_far_it_looks(self, client: Client, depth: str | None) -> None:
        """A book is no card: of depth 0 nothing matches. Old Apple clients send no Depth, and mean 1."""
        book = client.book()
        answer = query(client, book, depth=depth)
        valid(answer)
        assert sorted(answer.hrefs()) == ([] if depth == "0" else sorted(client.cards(book)))

    @pytest.mark.parametrize("depth", ["0", "1", None])
    def test_a_card_is_asked_for_itself(self, client: Client, depth: str | None) -> None:
        """The scope is the address object in the Request-URI, whatever else would match."""
        john = card_of(client, "John Doe")
        for inner, hrefs in (
            ("", [john]),
            ('<C:prop-filter name="FN"><C:text-match>john</C:text-match></C:prop-filter>', [john]),
            ('<C:prop-filter name="FN"><C:text-match>jane</C:text-match></C:prop-filter>', []),
        ):
            answer = query(client, john, inner, depth=depth)
            valid(answer)
            assert answer.hrefs() == hrefs

    @pytest.mark.parametrize("text", ["&amp;", "&amp; &lt;[[c]]&gt;", "&#60;b&#62;"])
    def test_markup_in_a_text_is_searched_as_text(self, client: Client, text: str) -> None:
        """RFC 6352, 10.5.4: and the card that comes back holds it as text."""
        inner = f'<C:prop-filter name="FN"><C:text-match>{text}</C:text-match></C:prop-filter>'
        answer = query(client, client.book(), inner, DATA)
        cards = [one.text or "" for one in valid(answer).iter(f"{CARDDAV}address-data")]
        assert cards
        assert all("&" in card for card in cards)
        assert any("\nFN:A <b> & <[[c]]> (.nl)\n" in card for card in cards)

    def test_a_property_of_nobodys_standard_is_searched(self, roster: Served) -> None:
        """RFC 6352, 8.5: so that CARDDAV:supported-filter never fails."""
        inner = '<C:prop-filter name="X-ADDRESSBOOKSERVER-KIND"><C:text-match>group</C:text-match></C:prop-filter>'
        answer = query(roster.grouped, roster.grouped.book(), inner, DATA)
        assert len(valid(answer).findall(f".//{CARDDAV}address-data")) == 2
        inner = '<C:prop-filter name="X-NOBODY"><C:param-filter name="X-NONE"/></C:prop-filter>'
        assert valid(query(roster.grouped, roster.grouped.book(), inner)).findall(f"{DAV}response") == []

    @pytest.mark.parametrize("name", ["C:addressbook-query", "C:addressbook-multiget"])
    @pytest.mark.parametrize("inner", ["<D:allprop/>", "<D:propname/>", ETAG, "<D:prop/>"])
    def test_a_report_tells_properties_as_propfind_does(self, client: Client, name: str, inner: str) -> None:
        """RFC 6352, 8.6 and 8.7: the same responses as PROPFIND gives for the card."""
        john = card_of(client, "John Doe")
        answer = report(client, client.book(), name, f"{inner}<D:href>{john}</D:href>")
        valid(answer)
        plain = propfind(client, john, inner)
        valid(plain)
        for status in ("200", "404"):
            assert found(answer, status)[john] == found(plain, status)[john]

    def test_unknown_properties_are_404_beside_the_card(self, client: Client) -> None:
        """RFC 6352, 8.6: what does not exist is noted, with its name, and the data come first."""
        prop = '<D:prop><x xmlns="urn:x"/><C:address-data/><y xmlns=""/></D:prop>'
        answer = query(client, client.book(), prop=prop)
        valid(answer)
        assert set(map(frozenset, found(answer).values())) == {frozenset({f"{CARDDAV}address-data"})}
        assert set(map(frozenset, found(answer, "404").values())) == {frozenset({"{urn:x}x", "y"})}

    def test_without_a_prop_there_is_a_status(self, client: Client) -> None:
        """RFC 6352, 10.3: prop is optional; then each match has a status alone."""
        root = valid(report(client, client.book(), "C:addressbook-query", "<C:filter/>"))
        assert [[child.tag for child in one] for one in root] == [[f"{DAV}href", f"{DAV}status"]] * 4


class TestMultiget:
    """addressbook-multiget (RFC 6352, 8.7)."""

    def test_hrefs_are_found_however_they_are_written(self, client: Client) -> None:
        """RFC 4918, 8.3: as a path or a full URL, percent-encoded or not, once or again: each card comes once."""
        book = client.book()
        first, second, *_ = sorted(client.cards(book))
        spellings = [first, f"http://{client.host}{first}", first.replace("-", "%2D"), f"\n  {first}  ", first]
        answer = multiget(client, book, [*spellings, f"https://proxy.example{second.replace('tld', '%74ld')}"])
        valid(answer)
        assert sorted(answer.hrefs()) == [first, second]
        assert sorted(answer.hrefs("200")) == [first, second]

    def test_what_is_no_card_of_this_book_is_missing(self, roster: Served) -> None:
        """HARDENING 10: those of the other style, of another reader, of nobody, and what is no path: 404 each."""
        client = roster.john
        book = client.book()
        card = card_of(client, "John Doe")
        name = card.rpartition("/")[2]
        strange = [
            f"{roster.grouped.book()}{name}", f"{roster.jane.book()}{name}", f"/0123456789abcdef/tld-ops/{name}",
            f"{book}nobody.vcf", book, client.principal(), "/", name, f"./{name}", f"{book}../tld-ops/{name}",
            f"{book}x&amp;y&lt;z&gt;.vcf", f"{book}%FF%FE.vcf", "http://[bad", "mailto:x@example.org", f"{card}/x",
            f"{book}é.vcf", f"{card}%00", "]]&gt;",
        ]  # fmt: skip
        answer = multiget(client, book, [*strange, card])
        root = valid(answer)
        assert answer.hrefs("200") == [card]
        missing = [one.replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">") for one in strange]
        assert sorted(answer.hrefs("404")) == sorted(missing)
        assert len(root) == len(strange) + 1

    def test_the_other_style_has_its_own_hrefs(self, roster: Served) -> None:
        """Both books answer to every device, each with its own paths."""
        for client in (roster.john, roster.grouped):
            for book in (roster.john.book(), roster.grouped.book()):
                hrefs = sorted(client.cards(book))
                answer = multiget(client, book, [one.replace("~", "%7E") for one in hrefs], DATA)
                valid(answer)
                assert sorted(answer.hrefs("200")) == hrefs

    def test_a_card_is_asked_for_itself(self, client: Client) -> None:
        """The scope is the address object in the Request-URI: with its own href, or with none."""
        john, jane = card_of(client, "John Doe"), card_of(client, "Jane Doe")
        for hrefs, good, bad in (([john], [john], []), ([], [john], []), ([john, jane], [john], [jane])):
            answer = multiget(client, john, hrefs)
            valid(answer)
            assert (answer.hrefs("200"), answer.hrefs("404")) == (good, bad)

    def test_nothing_asked_is_nothing_answered(self, client: Client) -> None:
        """A book is no address object: without hrefs there is nothing in the scope."""
        assert len(valid(multiget(client, client.book(), []))) == 0

    def test_depth_does_not_matter(self, client: Client) -> None:
        """RFC 6352, 8.7: the hrefs are the scope, with any Depth and without."""
        book, john = client.book(), card_of(client, "John Doe")
        bodies = {
            report(client, book, "C:addressbook-multiget", f"{ETAG}<D:href>{john}</D:href>", depth).body
            for depth in ("0", "1", "infinity", None)
        }
        assert len(bodies) == 1


class TestSync:
    """sync-collection (RFC 6578, 3)."""

    @pytest.mark.parametrize("inner", ["<D:prop/>", "", "<D:allprop/>", "<D:propname/>", ETAG, DATA, NAME])
    def test_a_changed_member_has_a_propstat_and_no_status(self, client: Client, inner: str) -> None:
        """RFC 6578, 3.2: a status would mean that it is gone; also where nothing is asked for, or nothing is there."""
        root = valid(sync(client, client.book(), inner=inner))
        responses = root.findall(f"{DAV}response")
        assert len(responses) == 4
        for one in responses:
            assert one.find(f"{DAV}propstat") is not None
            assert one.find(f"{DAV}status") is None
        assert root[-1].tag == f"{DAV}sync-token"

    @pytest.mark.parametrize("style", ["plain", "groups"])
    def test_tokens_of_all_kinds(self, roster: Served, style: str) -> None:
        """The current one gives nothing, any other one everything; none is refused, and none empties the book."""
        client = roster.john if style == "plain" else roster.grouped
        other = roster.grouped if style == "plain" else roster.john
        book = client.book()
        members = sorted(client.cards(book))
        token = valid(sync(client, book)).findtext(f"{DAV}sync-token", "")
        assert token == valid(client.propfind(book, f"{DAV}sync-token")).findtext(f".//{DAV}sync-token")
        assert re.fullmatch(r"[a-z][a-z0-9+.-]*:\S+", token)
        nothing = valid(sync(client, book, f"\n {token} "))
        assert [one.tag for one in nothing] == [f"{DAV}sync-token"]
        lineage = token.split("/")[1]
        strange = [
            "", "garbage", "6F1E9C6E-0000-4000-8000-000000000000", f"{token}0", f"{token}/", f"{token[:-1]}0",
            token.replace(lineage, "0" * 32), f"data:,tldops/{lineage}/{style}/-1", f"data:,tldops/{lineage}/other/1",
            "http://radicale.org/ns/sync/abc", "&lt;&amp;]]&gt;", "x" * 10_000, "é\u2028", token.upper(),
            valid(sync(other, other.book())).findtext(f"{DAV}sync-token", ""),
        ]  # fmt: skip
        for one in strange:
            answer = sync(client, book, one)
            root = valid(answer)
            assert sorted(answer.hrefs("200")) == members, one
            assert root.findtext(f"{DAV}sync-token") == token

    @pytest.mark.parametrize("depth", ["0", "1", "infinity", None])
    @pytest.mark.parametrize("level", ["<D:sync-level>1</D:sync-level>", "<D:sync-level>infinite</D:sync-level>", ""])
    def test_depth_and_level_change_nothing_on_a_flat_collection(
        self, client: Client, depth: str | None, level: str
    ) -> None:
        """RFC 6578, 3.3. The Depth of clients from before the RFC, which 3.2 refuses, is ignored."""
        answer = report(client, client.book(), "D:sync-collection", f"<D:sync-token/>{level}{ETAG}", depth)
        assert sorted(valid(answer).findtext(f"{DAV}sync-token", "")) == sorted(
            valid(sync(client, client.book())).findtext(f"{DAV}sync-token", "")
        )
        assert len(answer.hrefs("200")) == 4

    def test_another_level_is_a_bad_request(self, client: Client) -> None:
        """RFC 6578, 6.3: "1" or "infinite"."""
        body = f"<D:sync-token/><D:sync-level>2</D:sync-level>{ETAG}"
        assert report(client, client.book(), "D:sync-collection", body).status == 400
