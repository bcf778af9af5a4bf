"""The properties that the RFCs demand, and PROPFIND with whatever is asked of them."""

import re
from collections.abc import Iterator

import pytest

from radicale_tldops.roster.snapshot import BOOK_DESCRIPTION
from tests.dav.serving import BOOK_NAME, Served, found, propfind, served
from tests.dav.shape import valid
from tests.support import CARDDAV, DAV, propfind_body

KINDS = ("root", "principal", "book", "card")

CONTENT = {DAV + name for name in ("getcontentlength", "getcontenttype", "getetag", "getlastmodified")}


@pytest.fixture(scope="module")
def roster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that the tests of this module only read from."""
    with served(tmp_path_factory.mktemp("properties")) as running:
        yield running


@pytest.mark.parametrize(
    ("element", "name"),
    [
        ('<a xmlns=""/>', "a"),
        ('<a xmlns="urn:a&amp;&lt;&quot;&apos;b"/>', "{urn:a&<\"'b}a"),
        ('<a xmlns="urn:a&#10;b&#9;c&#13;d"/>', "{urn:a\nb\tc\rd}a"),
        ('<a:b.c-d_e xmlns:a="urn:é"/>', "{urn:é}b.c-d_e"),
        ("<xml:lang/>", "{http://www.w3.org/XML/1998/namespace}lang"),
        ("<D:Getetag/>", f"{DAV}Getetag"),
        ("<getetag/>", "getetag"),
        ('<getetag xmlns="dav:"/>', "{dav:}getetag"),
        ('<été xmlns="urn:x"/>', "{urn:x}été"),
        ('<D xmlns="{urn}:x"><inner>text &amp; more</inner></D>', None),
    ],
)
def test_an_unknown_property_comes_back_under_its_own_name(roster: Served, element: str, name: str | None) -> None:
    """RFC 4918, 9.1 and 17: 404 for exactly what was asked for, whatever its namespace, and nothing that is not XML."""
    for kind in KINDS:
        path = roster.places()[kind]
        answer = propfind(roster.john, path, f"<D:prop><D:resourcetype/>{element}</D:prop>")
        if name is None:
            # The parser takes no namespace with a brace in it.
            assert answer.status == 400
            continue
        valid(answer)
        assert found(answer) == {path: {f"{DAV}resourcetype"}}
        assert found(answer, "404") == {path: {name}}


def test_texts_of_the_operator_are_escaped(roster: Served) -> None:
    """What the configuration and the roster say is text, whatever it looks like."""
    root = valid(roster.john.propfind(roster.john.book(), f"{DAV}displayname", f"{CARDDAV}addressbook-description"))
    assert root.findtext(f".//{DAV}displayname") == BOOK_NAME
    assert root.findtext(f".//{CARDDAV}addressbook-description") == BOOK_DESCRIPTION
    cards = roster.john.cards(roster.john.book()).values()
    assert any("FN:A <b> & <[[c]]> (.nl)" in card for card in cards)
    assert any("FN:Zoë O'Neil & Søn (.nl)" in card for card in cards)


def test_the_content_properties_are_the_headers_of_get(roster: Served) -> None:
    """RFC 4918, 15.4 to 15.7: each property is what GET says, on the book as on a card."""
    places = roster.places()
    for path in (places["book"], places["card"]):
        headers = roster.john.request("GET", path).headers
        root = valid(roster.john.propfind(path, *CONTENT))
        told = {element.tag.removeprefix(DAV): element.text for element in root.iterfind(f".//{DAV}prop/*")}
        assert told == {
            "getcontentlength": headers["content-length"],
            "getcontenttype": headers["content-type"],
            "getetag": headers["etag"],
            "getlastmodified": headers["last-modified"],
        }


def test_the_access_control_properties_say_read_and_nothing_else(roster: Served) -> None:
    """RFC 3744, 5: the one privilege, its one entry, protected, for the reader, and no other principal by name."""
    for kind, path in roster.places().items():
        names = [f"{DAV}{name}" for name in ("supported-privilege-set", "current-user-privilege-set", "acl", "owner")]
        root = valid(roster.john.propfind(path, *names, f"{DAV}acl-restrictions", f"{DAV}principal-collection-set"))
        granted = [[element.tag for element in grant.iter()] for grant in root.iter(f"{DAV}grant")]
        assert granted == [[f"{DAV}grant", f"{DAV}privilege", f"{DAV}read"]]
        ace = root.findall(f".//{DAV}ace")
        assert [child.tag for child in ace[0]] == [f"{DAV}principal", f"{DAV}grant", f"{DAV}protected"]
        assert len(ace) == 1
        concrete = [
            privilege.find(f"{DAV}privilege/*")
            for privilege in root.iter(f"{DAV}supported-privilege")
            if privilege.find(f"{DAV}abstract") is None
        ]
        assert [element.tag for element in concrete if element is not None] == [f"{DAV}read"]
        assert all(
            element.get("{http://www.w3.org/XML/1998/namespace}lang") for element in root.iter(f"{DAV}description")
        )
        hrefs = {href.text for href in root.iterfind(f".//{DAV}prop//{DAV}href")}
        assert hrefs == {"/", roster.john.principal()}
        assert (root.find(f".//{DAV}owner/{DAV}href") is None) == (kind == "root")


def test_the_reports_that_are_named_are_those_that_work(roster: Served) -> None:
    """RFC 3253, 3.1.5; RFC 6352, 8 and 8.1: the book and the cards name the reports on cards, and expand-property."""
    named = {}
    for kind, path in roster.places().items():
        root = valid(roster.john.propfind(path, f"{DAV}supported-report-set"))
        named[kind] = {element[0].tag for element in root.iter(f"{DAV}report")}
        assert f"{DAV}expand-property" in named[kind]
        for report in named[kind]:
            sent = propfind_body().replace("propfind", "x").replace('<x xmlns="DAV:">', "").replace("</x>", "")
            body = f'<x:{report.split("}")[1]} xmlns:x="{report[1:].split("}")[0]}" xmlns="DAV:">{sent}'
            answer = roster.john.request("REPORT", path, f"{body}</x:{report.split('}')[1]}>", Depth="0")
            # Some need more than a prop: they say so with 400, and not that they are not there.
            assert answer.status in (200, 207, 400), (kind, report)
            assert b"supported-report" not in answer.body
    cards = {f"{CARDDAV}addressbook-query", f"{CARDDAV}addressbook-multiget"}
    assert cards <= named["book"]
    assert cards <= named["card"]
    assert not cards & (named["root"] | named["principal"])
    assert f"{DAV}sync-collection" in named["book"]


def test_what_the_book_supports(roster: Served) -> None:
    """RFC 6352, 6.2.2, 6.2.3 and 8.3.1: vCard 3.0, a size in digits, and the collations that have to be there."""
    names = ("supported-address-data", "max-resource-size", "supported-collation-set")
    root = valid(roster.john.propfind(roster.john.book(), *(CARDDAV + name for name in names)))
    types = [element.attrib for element in root.iter(f"{CARDDAV}address-data-type")]
    assert types == [{"content-type": "text/vcard", "version": "3.0"}]
    assert re.fullmatch(r"[1-9]\d*", root.findtext(f".//{CARDDAV}max-resource-size", ""))
    collations = {element.text for element in root.iter(f"{CARDDAV}supported-collation")}
    assert {"i;ascii-casemap", "i;unicode-casemap"} <= collations


@pytest.mark.parametrize("below", ["", "tld-ops/", "tld-ops/x.vcf"])
@pytest.mark.parametrize("method", ["PROPFIND", "REPORT", "GET", "HEAD"])
def test_another_readers_paths_are_like_those_that_do_not_exist(roster: Served, method: str, below: str) -> None:
    """Same status, headers and body, in both styles: an id that was seen in a log says nothing."""
    theirs = roster.jane.principal()
    body = propfind_body(f"{DAV}displayname")
    for real, invented in (
        (theirs, "/0123456789abcdef/"),
        (theirs.rstrip("/") + "~groups/", "/0123456789abcdef~groups/"),
    ):
        answers = [roster.john.request(method, path + below, body, Depth="0") for path in (real, invented)]
        assert {answer.status for answer in answers} == {404}
        assert answers[0].body == answers[1].body
        # Whether the connection is kept depends on how much of the body, which nobody reads, had come by then.
        ignored = ("date", "connection")
        headers = [{name: value for name, value in answer.headers.items() if name not in ignored} for answer in answers]
        assert headers[0] == headers[1]
