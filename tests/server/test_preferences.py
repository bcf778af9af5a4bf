"""What a client prefers: RFC 7240, with RFC 8144 for WebDAV."""

from collections.abc import Iterator

import pytest

from tests.dav.serving import Served, found, propfind, report, served
from tests.dav.shape import valid
from tests.support import DAV, Client, Response

BOTH = '<D:prop><x xmlns="urn:x"/><D:resourcetype/></D:prop>'
NOTHING = '<D:prop><x xmlns="urn:x"/><y xmlns=""/></D:prop>'
SYNC = "<D:sync-token/><D:sync-level>1</D:sync-level>"

MINIMAL = ["return=minimal", "Return = Minimal", 'handling=lenient, return="minimal";x=y', "wait=1, return=minimal"]
OTHER = [
    "return=representation",
    'x="return=minimal"',
    "return=representation, return=minimal",
    "returns=minimal",
    "",
    "=",
]


@pytest.fixture(scope="module")
def roster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that the tests of this module only read from."""
    with served(tmp_path_factory.mktemp("preferences")) as running:
        yield running


@pytest.fixture
def client(roster: Served) -> Client:
    """John's client, style plain."""
    return roster.john


def answers(roster: Served, prop: str, **headers: str) -> list[Response]:
    """The answers of every kind of place to every method that tells properties."""
    client, places = roster.john, roster.places()
    book, card = places["book"], places["card"]
    return [
        *(propfind(client, path, prop, "1", **headers) for path in places.values()),
        report(client, book, "C:addressbook-query", prop + "<C:filter/>", **headers),
        report(client, book, "C:addressbook-multiget", f"{prop}<D:href>{card}</D:href>", **headers),
        report(client, book, "D:sync-collection", SYNC + prop, "0", **headers),
        report(client, "/", "D:principal-match", "<D:self/>" + prop, "0", **headers),
        report(client, book, "D:acl-principal-prop-set", prop, "0", **headers),
    ]


@pytest.mark.parametrize("prefer", MINIMAL)
def test_minimal_leaves_out_what_is_not_there(roster: Served, prefer: str) -> None:
    """RFC 8144, 2.1: no 404 propstat; what there is, is told as without it, and the answer says what was applied."""
    for whole, short in zip(answers(roster, BOTH), answers(roster, BOTH, Prefer=prefer), strict=True):
        valid(whole)
        valid(short)
        assert found(short) == found(whole)
        assert b"404 Not Found" in whole.body
        assert b"404 Not Found" not in short.body
        assert short.headers["preference-applied"] == "return=minimal"
        assert "preference-applied" not in whole.headers


def test_where_nothing_is_found_there_is_an_empty_propstat(roster: Served) -> None:
    """RFC 8144, 2.1: every resource stays in the answer, found, with nothing to tell."""
    for whole, short in zip(answers(roster, NOTHING), answers(roster, NOTHING, Prefer="return=minimal"), strict=True):
        assert short.hrefs() == whole.hrefs() == short.hrefs("200 OK")
        for response in valid(short).iter(f"{DAV}response"):
            assert [len(prop) for prop in response.iter(f"{DAV}prop")] == [0]


@pytest.mark.parametrize("prefer", OTHER)
def test_other_preferences_change_nothing(roster: Served, prefer: str) -> None:
    """RFC 7240, 2: of two with one name the first holds, and what is not known is ignored."""
    for whole, same in zip(answers(roster, BOTH), answers(roster, BOTH, Prefer=prefer), strict=True):
        assert same.body == whole.body
        assert "preference-applied" not in same.headers


@pytest.mark.parametrize(("brief", "is_minimal"), [("t", True), (" T ", True), ("f", False), ("true", False)])
def test_brief_is_the_older_name(roster: Served, brief: str, is_minimal: bool) -> None:
    """Apple sends "Brief: t"."""
    for answer in answers(roster, BOTH, Brief=brief):
        valid(answer)
        assert (b"404 Not Found" not in answer.body) == is_minimal


def test_an_expanded_answer_is_minimal_on_every_level(client: Client) -> None:
    """RFC 8144, 2.1: for what is nested as for the rest."""
    inner = '<D:property name="owner"><D:property name="x"/></D:property><D:property name="y"/>'
    whole, short = (
        report(client, client.book(), "D:expand-property", inner, "0", **headers)
        for headers in ({}, {"Prefer": "return=minimal"})
    )
    valid(whole)
    root = valid(short)
    assert whole.body.count(b"404 Not Found") == 2
    assert b"404 Not Found" not in short.body
    assert root.find(f".//{DAV}owner/{DAV}response/{DAV}propstat/{DAV}prop") is not None


def test_a_member_that_is_gone_is_told_all_the_same(client: Client) -> None:
    """RFC 8144, 2.1 is about properties: a 404 for a whole resource stays."""
    body = f"{BOTH}<D:href>{client.book()}none.vcf</D:href>"
    answer = report(client, client.book(), "C:addressbook-multiget", body, Prefer="return=minimal")
    valid(answer)
    assert answer.hrefs("404") == [f"{client.book()}none.vcf"]


@pytest.mark.parametrize("depth", ["0", "1", "infinity", None])
def test_without_the_root_only_what_is_below_is_told(roster: Served, depth: str | None) -> None:
    """RFC 8144, 3: for any depth but 0, where there is nothing else; and the answer says that it was applied."""
    for path in roster.places().values():
        whole = propfind(roster.john, path, BOTH, depth)
        below = propfind(roster.john, path, BOTH, depth, Prefer="depth-noroot")
        valid(whole)
        valid(below)
        if depth == "0":
            assert below.body == whole.body
            assert "preference-applied" not in below.headers
        else:
            assert below.hrefs() == whole.hrefs()[1:]
            assert below.headers["preference-applied"] == "depth-noroot"


def test_both_preferences_at_once(client: Client) -> None:
    """RFC 7240, 2: a list, or two header lines."""
    answer = propfind(client, client.book(), BOTH, "1", Prefer="return=minimal, depth-noroot")
    valid(answer)
    assert len(answer.hrefs()) == 4
    assert b"404 Not Found" not in answer.body
    assert answer.headers["preference-applied"] == "return=minimal, depth-noroot"
