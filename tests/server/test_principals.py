"""What can be asked about principals: expand-property (RFC 3253, 3.8) and the reports of RFC 3744, 9."""

import re
from collections.abc import Iterator

import pytest

from tests.dav.serving import NAME, Served, found, report, served
from tests.dav.shape import valid
from tests.support import CARDDAV, DAV, Client


@pytest.fixture(scope="module")
def roster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that the tests of this module only read from."""
    with served(tmp_path_factory.mktemp("principals")) as running:
        yield running


@pytest.fixture
def client(roster: Served) -> Client:
    """John's client, style plain."""
    return roster.john


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
            assert sorted(response.findtext(f"{DAV}href", "") for response in root) == sorted(hrefs)
            names = [name.text for name in root.iterfind(f".//{DAV}owner//{DAV}displayname")]
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
                assert {answer.status for answer in answers} == {404}
                assert answers[0].body == answers[1].body

    def test_principal_match_finds_oneself(self, roster: Served) -> None:
        """RFC 3744, 9.3: below the root and the principal; a book holds no principals."""
        own = roster.john.principal()
        for kind, hrefs in {"root": [own], "principal": [own], "book": [], "card": []}.items():
            answer = report(roster.john, roster.places()[kind], "D:principal-match", PRINCIPALS["principal-match"], "0")
            valid(answer)
            assert answer.hrefs() == hrefs
        names = [
            name.text
            for name in valid(report(roster.john, "/", "D:principal-match", "<D:self/>" + NAME, None)).iter(
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
        assert [element.tag for element in root.iterfind(f"{DAV}principal-search-property/{DAV}prop/*")] == [
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
