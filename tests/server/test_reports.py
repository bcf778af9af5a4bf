"""The reports: about cards (RFC 6352, 8), changes (RFC 6578, 3) and principals (RFC 3744, 9; RFC 3253, 3.8)."""

import re
from collections.abc import Iterator, Sequence

import pytest

from tests.dav.serving import Served, found, propfind, report, served
from tests.dav.shape import valid
from tests.support import CARDDAV, DAV, Client, Response

ETAG = "<D:prop><D:getetag/></D:prop>"
DATA = "<D:prop><C:address-data/></D:prop>"
NAME = "<D:prop><D:displayname/></D:prop>"


@pytest.fixture(scope="module")
def roster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that the tests of this module only read from."""
    with served(tmp_path_factory.mktemp("reports")) as running:
        yield running


@pytest.fixture
def client(roster: Served) -> Client:
    """John's client, style plain."""
    return roster.john


def query(client: Client, path: str, inner: str = "", prop: str = ETAG, depth: str | None = "1") -> Response:
    """Send an addressbook-query with `inner` in its filter."""
    return report(client, path, "C:addressbook-query", f"{prop}<C:filter>{inner}</C:filter>", depth)


def multiget(client: Client, path: str, hrefs: Sequence[str], prop: str = ETAG) -> Response:
    """Send an addressbook-multiget."""
    return report(client, path, "C:addressbook-multiget", prop + "".join(f"<D:href>{one}</D:href>" for one in hrefs))


def sync(client: Client, path: str, token: str = "", inner: str = ETAG, depth: str | None = "0") -> Response:
    """Send a sync-collection of level 1."""
    body = f"<D:sync-token>{token}</D:sync-token><D:sync-level>1</D:sync-level>{inner}"
    return report(client, path, "D:sync-collection", body, depth)


def card_of(client: Client, name: str) -> str:
    """Return the path of the card that holds this name."""
    return next(href for href, card in client.cards(client.book()).items() if name in card)


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

    @pytest.mark.parametrize("text", ["&amp;", "A &lt;b&gt; &amp; ]]&gt;", "&#60;b&#62;"])
    def test_markup_in_a_text_is_searched_as_text(self, client: Client, text: str) -> None:
        """RFC 6352, 10.5.4: and the card that comes back holds it as text."""
        inner = f'<C:prop-filter name="FN"><C:text-match>{text}</C:text-match></C:prop-filter>'
        answer = query(client, client.book(), inner, DATA)
        cards = [one.text or "" for one in valid(answer).iter(f"{CARDDAV}address-data")]
        assert cards
        assert all("&" in card for card in cards)
        assert any("\nFN:A <b> & ]]> (.nl)\n" in card for card in cards)

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


class TestAddressData:
    """CARDDAV:address-data (RFC 6352, 8.4 and 10.4)."""

    def jane(self, client: Client, inner: str, attributes: str = "") -> str:
        """Jane's card as it is with `inner` in address-data."""
        book, jane = client.book(), card_of(client, "Jane Doe")
        prop = f"<D:prop><C:address-data {attributes}>{inner}</C:address-data></D:prop>"
        cards = [
            valid(answer).findtext(f".//{CARDDAV}address-data", "")
            for answer in (
                multiget(client, book, [jane], prop),
                query(client, jane, prop=prop),
                report(client, book, "C:addressbook-multiget", f"{prop}<D:href>{jane}</D:href>", None),
            )
        ]
        assert len(set(cards)) == 1
        return cards[0]

    def part(self, client: Client, inner: str) -> list[str]:
        """The lines of Jane's card between its frame, unfolded."""
        lines = re.sub("\n[ \t]", "", self.jane(client, inner)).splitlines()
        assert [*lines[:2], lines[-1]] == ["BEGIN:VCARD", "VERSION:3.0", "END:VCARD"]
        return lines[2:-1]

    def test_only_the_named_properties_are_sent(self, client: Client) -> None:
        """RFC 6352, 10.4.2: names are compared without case, unknown ones give nothing, repeated ones nothing more."""
        inner = '<C:prop name="FN"/><C:prop name="nickname"/><C:prop name="X-NONE"/><C:prop name="FN"/>'
        assert self.part(client, inner) == ["FN:Jane Doe (.vn)", "NICKNAME:.vn"]
        frame = '<C:prop name="VERSION"/><C:prop name="UID"/>'
        assert self.part(client, frame) == ["UID:8dbb8964-e61a-51dd-ada0-15afc3af3e60"]

    def test_a_folded_line_is_sent_whole(self, client: Client) -> None:
        """RFC 2426, 2.6: what continues a line belongs to its property, and only there."""
        (note,) = self.part(client, '<C:prop name="NOTE"/>')
        assert note.startswith("NOTE:TLP:AMBER\\n")
        assert note.endswith(" when .vn does")
        assert all(len(line.encode()) <= 75 for line in self.jane(client, '<C:prop name="NOTE"/>').splitlines())

    def test_groups(self, client: Client) -> None:
        """RFC 6352, 10.4.2: a name without a group means any and none, with a group exactly that one."""
        plain, grouped = "EMAIL;TYPE=INTERNET,WORK,PREF:jane.doe@nic.vn", "item1.EMAIL;TYPE=INTERNET:jane@oarc.net"
        assert self.part(client, '<C:prop name="EMAIL"/>') == [plain, grouped]
        assert self.part(client, '<C:prop name="ITEM1.email"/>') == [grouped]
        assert self.part(client, '<C:prop name="item2.EMAIL"/>') == []
        assert self.part(client, '<C:prop name="X-ABLabel"/>') == ["item1.X-ABLABEL:Out of band"]

    def test_novalue(self, client: Client) -> None:
        """RFC 6352, 10.4.2: the name and the parameters stay, and no value; whoever asks for it with it gets it."""
        assert self.part(client, '<C:prop name="EMAIL" novalue="yes"/>') == [
            "EMAIL;TYPE=INTERNET,WORK,PREF:",
            "item1.EMAIL;TYPE=INTERNET:",
        ]
        assert self.part(client, '<C:prop name="NOTE" novalue="yes"/>') == ["NOTE:"]
        assert self.part(client, '<C:prop name="FN" novalue="no"/>') == ["FN:Jane Doe (.vn)"]
        both = '<C:prop name="EMAIL" novalue="yes"/><C:prop name="item1.EMAIL"/>'
        assert self.part(client, both)[1] == "item1.EMAIL;TYPE=INTERNET:jane@oarc.net"

    @pytest.mark.parametrize(
        ("inner", "attributes"),
        [
            ("", ""),
            ("<C:allprop/>", ""),
            ("", 'content-type="text/vcard" version="3.0"'),
            ("", 'content-type="TEXT/VCARD; charset=utf-8"'),
            ("", 'version="3.0"'),
            ("<unknown/>", 'unknown=""'),
        ],
    )
    def test_the_whole_card_by_every_way_of_asking(self, client: Client, inner: str, attributes: str) -> None:
        """RFC 6352, 10.4: the defaults are text/vcard and 3.0, and it is what GET sends."""
        whole = client.request("GET", card_of(client, "Jane Doe")).body.decode()
        assert self.jane(client, inner, attributes).splitlines() == whole.splitlines()

    @pytest.mark.parametrize(
        "inner", ["<C:prop/>", '<C:prop name=""/>', '<C:prop name=".FN"/>', '<C:prop name="FN" novalue="maybe"/>']
    )
    def test_a_prop_that_asks_for_nothing_is_a_bad_request(self, client: Client, inner: str) -> None:
        """It is not taken for "no property", nor for all."""
        prop = f"<D:prop><C:address-data>{inner}</C:address-data></D:prop>"
        assert query(client, client.book(), prop=prop).status == 400

    @pytest.mark.parametrize(
        "attributes",
        ['version="4.0"', 'content-type="text/vcard" version="2.1"', 'content-type="application/vcard+json"'],
    )
    def test_another_kind_of_card_is_refused_by_every_report(self, client: Client, attributes: str) -> None:
        """RFC 6352, 8.6 and 8.7: CARDDAV:supported-address-data, also beside what could be answered."""
        prop = f"<D:prop><D:getetag/><C:address-data {attributes}/></D:prop>"
        book = client.book()
        for answer in (
            query(client, book, prop=prop),
            multiget(client, book, [card_of(client, "Jane Doe")], prop),
            sync(client, book, inner=prop),
        ):
            assert [one.tag for one in valid(answer, 403)] == [f"{CARDDAV}supported-address-data"]

    def test_it_is_no_property(self, client: Client) -> None:
        """RFC 6352, 10.4: PROPFIND does not know it, and allprop of a report does not bring it."""
        john = card_of(client, "John Doe")
        answer = propfind(client, john, DATA)
        valid(answer)
        assert found(answer, "404") == {john: {f"{CARDDAV}address-data"}}
        root = valid(report(client, client.book(), "C:addressbook-query", "<D:allprop/><C:filter/>"))
        assert root.find(f".//{CARDDAV}address-data") is None


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


class TestExpandProperty:
    """expand-property (RFC 3253, 3.8)."""

    OWNER = '<D:property name="owner"><D:property name="displayname"/><D:property name="nonsense"/></D:property>'

    @pytest.mark.parametrize("kind", ["root", "principal", "book", "card"])
    def test_it_answers_everywhere(self, roster: Served, kind: str) -> None:
        """Hrefs become responses, one level for each that is asked; what is not known is 404 on its own level."""
        path = roster.places()[kind]
        inner = (
            '<D:property name="current-user-principal"><D:property name="displayname"/>'
            '<D:property name="addressbook-home-set" namespace="urn:ietf:params:xml:ns:carddav">'
            '<D:property name="resourcetype"/><D:property name="x" namespace="urn:x"/></D:property></D:property>'
            '<D:property name="resourcetype"/><D:property name="y" namespace=""/>'
        )
        answer = report(roster.john, path, "D:expand-property", inner, "0")
        root = valid(answer)
        assert found(answer) == {path: {f"{DAV}current-user-principal", f"{DAV}resourcetype"}}
        assert found(answer, "404") == {path: {"y"}}
        principal = root.find(f".//{DAV}current-user-principal/{DAV}response")
        assert principal is not None
        assert principal.findtext(f"{DAV}href") == roster.john.principal()
        assert principal.findtext(f".//{DAV}displayname") == "John Doe"
        home = principal.find(f".//{CARDDAV}addressbook-home-set/{DAV}response")
        assert home is not None
        assert home.find(f".//{DAV}resourcetype/{DAV}principal") is not None
        assert home.findtext(f"{DAV}propstat[2]/{DAV}status") == "HTTP/1.1 404 Not Found"
        assert home.find(f"{DAV}propstat[2]/{DAV}prop/{{urn:x}}x") is not None

    def test_without_inner_properties_it_is_propfind(self, roster: Served) -> None:
        """RFC 3253, 3.8: an href stays an href."""
        for path in roster.places().values():
            names = ("owner", "acl", "current-user-principal", "supported-report-set")
            inner = "".join(f'<D:property name="{name}"/>' for name in names)
            expanded = report(roster.john, path, "D:expand-property", inner, "0")
            valid(expanded)
            assert expanded.body == roster.john.propfind(path, *(DAV + name for name in names)).body

    def test_depth_brings_what_is_below(self, client: Client) -> None:
        """RFC 3253, 3.6: the report is applied to each resource."""
        book = client.book()
        cards = sorted(client.cards(book))
        for path, depth, hrefs in (
            (book, "0", [book]),
            (book, None, [book]),
            (book, "1", [book, *cards]),
            (client.principal(), "1", [client.principal(), book]),
            (client.principal(), "infinity", [client.principal(), book, *cards]),
        ):
            answer = report(client, path, "D:expand-property", self.OWNER, depth)
            root = valid(answer)
            assert sorted(one.findtext(f"{DAV}href", "") for one in root) == sorted(hrefs)
            names = [one.text for one in root.iterfind(f".//{DAV}owner//{DAV}displayname")]
            assert names == ["John Doe"] * len(hrefs)

    def test_the_styles_stay_apart(self, roster: Served) -> None:
        """What is owned by the path, and what leads to the device's own principal, are expanded as what they are."""
        grouped = roster.grouped.principal()
        inner = self.OWNER + self.OWNER.replace("owner", "current-user-principal")
        root = valid(report(roster.john, f"{grouped}tld-ops/", "D:expand-property", inner, "0"))
        assert root.findtext(f".//{DAV}owner/{DAV}response/{DAV}href") == grouped
        own = root.findtext(f".//{DAV}current-user-principal/{DAV}response/{DAV}href")
        assert own == roster.john.principal()

    @pytest.mark.parametrize(
        "attributes",
        [
            'name=""',
            "",
            'name="a b"',
            'name="&lt;x/&gt;"',
            'name="x:y"',
            'name="1"',
            'name="a" namespace="http://www.w3.org/2000/xmlns/"',
        ],
    )
    def test_a_name_that_xml_does_not_have_is_a_bad_request(self, client: Client, attributes: str) -> None:
        """What comes as text must not go back as markup."""
        answer = report(client, client.book(), "D:expand-property", f"<D:property {attributes}/>", "0")
        assert answer.status == 400

    def test_a_namespace_comes_back_as_it_was(self, client: Client) -> None:
        """Quotes, ampersands and line breaks in it included."""
        inner = '<D:property name="x" namespace="a&quot;&amp;&lt;&#10;b"/><D:property name="lang" namespace="{}"/>'
        inner = inner.replace("{}", "http://www.w3.org/XML/1998/namespace")
        answer = report(client, client.book(), "D:expand-property", inner, "0")
        valid(answer)
        names = {'{a"&<\nb}x', "{http://www.w3.org/XML/1998/namespace}lang"}
        assert found(answer, "404") == {client.book(): names}


PRINCIPALS = {
    "principal-match": "<D:self/>" + NAME,
    "principal-match by owner": "<D:principal-property><D:owner/></D:principal-property>" + NAME,
    "principal-match by acl": "<D:principal-property><D:acl/></D:principal-property>" + NAME,
    "acl-principal-prop-set": NAME,
    "principal-property-search": f"<D:property-search>{NAME}<D:match>doe</D:match></D:property-search>{NAME}",
    "principal-property-search everywhere": (
        f"<D:property-search>{NAME}<D:match>o</D:match></D:property-search>{NAME}<D:apply-to-principal-collection-set/>"
    ),
    "principal-property-search for Jane": (
        f"<D:property-search>{NAME}<D:match>jane</D:match></D:property-search>{NAME}<D:apply-to-principal-collection-set/>"
    ),
    "principal-search-property-set": "",
    "expand-property": (
        '<D:property name="acl"><D:property name="displayname"/></D:property>'
        '<D:property name="principal-collection-set"><D:property name="owner"/></D:property>'
    ),
}


class TestPrincipals:
    """The reports about principals (RFC 3744, 9) know one person: who asks."""

    @pytest.mark.parametrize("case", PRINCIPALS)
    def test_nobody_else_is_ever_named(self, roster: Served, case: str) -> None:
        """From every place of one's own, in both styles: no other reader's id and no other reader's name."""
        jane, zoe = roster.jane.principal().strip("/"), "Zo"
        ids = {roster.john.principal(), roster.grouped.principal()}
        for own in ids:
            card = f"{own}tld-ops/{roster.places()['card'].rpartition('/')[2]}"
            for path in ("/", own, f"{own}tld-ops/", card):
                answer = report(roster.john, path, f"D:{case.split()[0]}", PRINCIPALS[case], "0")
                valid(answer, 200 if case.endswith("set") and "search" in case else 207)
                text = answer.body.decode()
                assert jane not in text
                assert zoe not in text
                assert "Jane" not in text
                principals = set(re.findall(r"/[0-9a-f]{16}(?:~groups)?/", text))
                assert principals <= ids

    @pytest.mark.parametrize("case", PRINCIPALS)
    def test_another_readers_place_is_like_none(self, roster: Served, case: str) -> None:
        """404, like one that does not exist."""
        for theirs in (roster.jane.principal(), roster.jane.principal().rstrip("/") + "~groups/"):
            for below in ("", "tld-ops/"):
                answers = [
                    report(roster.john, path + below, f"D:{case.split()[0]}", PRINCIPALS[case], "0")
                    for path in (theirs, "/0123456789abcdef/")
                ]
                assert {one.status for one in answers} == {404}
                assert answers[0].body == answers[1].body

    def test_principal_match_finds_oneself(self, roster: Served) -> None:
        """RFC 3744, 9.3: below the root and the principal; a book holds no principals."""
        own = roster.john.principal()
        for kind, hrefs in {"root": [own], "principal": [own], "book": [], "card": []}.items():
            answer = report(roster.john, roster.places()[kind], "D:principal-match", PRINCIPALS["principal-match"], "0")
            valid(answer)
            assert answer.hrefs() == hrefs
        names = [
            one.text
            for one in valid(report(roster.john, "/", "D:principal-match", "<D:self/>" + NAME, None)).iter(
                f"{DAV}displayname"
            )
        ]
        assert names == ["John Doe"]

    def test_principal_match_by_a_property_finds_what_is_owned(self, client: Client) -> None:
        """RFC 3744, 9.3: everything whose property names the reader."""
        book = client.book()
        below = {"/": 6, client.principal(): 6, book: 5}
        for path, count in below.items():
            body = PRINCIPALS["principal-match by owner"]
            answer = report(client, path, "D:principal-match", body, "0")
            valid(answer)
            assert len(answer.hrefs()) == count
            assert set(client.cards(book)) < set(answer.hrefs())

    @pytest.mark.parametrize(
        ("text", "names"),
        [("john", 1), ("JOHN DOE", 1), ("ohn d", 1), ("jane", 0), ("", 1), ("&lt;", 0), ("x" * 1000, 0)],
    )
    def test_a_search_for_principals_finds_oneself_or_nobody(self, client: Client, text: str, names: int) -> None:
        """RFC 3744, 9.4: a substring, without case."""
        search = f"<D:property-search>{NAME}<D:match>{text}</D:match></D:property-search>"
        for path in ("/", client.principal()):
            answer = report(client, path, "D:principal-property-search", search + NAME, "0")
            valid(answer)
            assert answer.hrefs() == [client.principal()] * names
        everywhere = f"{search}{NAME}<D:apply-to-principal-collection-set/>"
        for inner, count in ((search + NAME, 0), (everywhere, names)):
            answer = report(client, client.book(), "D:principal-property-search", inner, "0")
            valid(answer)
            assert len(answer.hrefs()) == count

    def test_all_searches_have_to_match(self, client: Client) -> None:
        """RFC 3744, 9.4; with Apple's test="anyof" one is enough; what cannot be searched matches nothing."""
        john, jane = (
            f"<D:property-search>{NAME}<D:match>{name}</D:match></D:property-search>" for name in ("john", "jane")
        )
        other = "<D:property-search><D:prop><D:owner/></D:prop><D:match>john</D:match></D:property-search>"
        two = john.replace("<D:displayname/>", "<D:displayname/><C:x/>", 1)
        for inner, count in ((john + jane, 0), (john + john, 1), (other, 0), (john + other, 0), (two, 0)):
            assert len(valid(report(client, "/", "D:principal-property-search", inner + NAME, "0"))) == count
        body = (
            f'<D:principal-property-search xmlns:D="DAV:" test="anyof">{john}{jane}{NAME}</D:principal-property-search>'
        )
        assert len(valid(client.request("REPORT", "/", body, Depth="0"))) == 1

    def test_what_can_be_searched_is_the_name(self, client: Client) -> None:
        """RFC 3744, 9.5: and it says so, with a description in a language."""
        root = valid(report(client, "/", "D:principal-search-property-set", depth="0"), 200)
        assert [one.tag for one in root.iterfind(f"{DAV}principal-search-property/{DAV}prop/*")] == [
            f"{DAV}displayname"
        ]
        description = root.find(f".//{DAV}description")
        assert description is not None
        assert description.get("{http://www.w3.org/XML/1998/namespace}lang") == "en"

    def test_the_entries_of_an_acl_are_told(self, roster: Served) -> None:
        """RFC 3744, 9.2: each principal that the ACL names, with the properties that were asked for."""
        for path in roster.places().values():
            answer = report(roster.john, path, "D:acl-principal-prop-set", NAME, "0")
            root = valid(answer)
            named = valid(roster.john.propfind(path, f"{DAV}acl")).findtext(f".//{DAV}principal/{DAV}href")
            assert answer.hrefs() == [named]
            assert root.findtext(f".//{DAV}displayname") == "John Doe"

    @pytest.mark.parametrize("case", [case for case in PRINCIPALS if not case.startswith("expand")])
    def test_depth_is_0(self, client: Client, case: str) -> None:
        """RFC 3744, 9.2 to 9.5: 400 for any other, and none means 0."""
        name = f"D:{case.split()[0]}"
        for depth, statuses in (("1", {400}), ("infinity", {400}), (None, {200, 207})):
            assert report(client, "/", name, PRINCIPALS[case], depth).status in statuses

    @pytest.mark.parametrize(
        ("name", "inner"),
        [
            ("principal-match", ""),
            ("principal-match", "<D:self/><D:principal-property><D:owner/></D:principal-property>"),
            ("principal-match", "<D:principal-property/>"),
            ("principal-property-search", ""),
            ("principal-property-search", "<D:property-search><D:match>x</D:match></D:property-search>"),
            ("principal-property-search", f"<D:property-search>{NAME}</D:property-search>"),
        ],
    )
    def test_what_the_definitions_do_not_allow_is_a_bad_request(self, client: Client, name: str, inner: str) -> None:
        """RFC 3744, 9.3 and 9.4."""
        assert report(client, "/", f"D:{name}", inner + NAME, "0").status == 400
