"""The reports about cards (RFC 6352, 8) and about changes (RFC 6578, 3)."""

import re
from collections.abc import Iterator

import pytest

from tests.dav.serving import (
    DATA,
    ETAG,
    Served,
    card_of,
    found,
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


class TestQuery:
    """addressbook-query (RFC 6352, 8.6)."""

    @pytest.mark.parametrize("text", ["&amp;", "&amp; &lt;[[c]]&gt;", "&#60;b&#62;"])
    def test_markup_in_a_text_is_searched_as_text(self, client: Client, text: str) -> None:
        """RFC 6352, 10.5.4: and the card that comes back holds it as text."""
        inner = f'<C:prop-filter name="FN"><C:text-match>{text}</C:text-match></C:prop-filter>'
        answer = query(client, client.book(), inner, DATA)
        cards = [data.text or "" for data in valid(answer).iter(f"{CARDDAV}address-data")]
        assert cards
        assert all("&" in card for card in cards)
        assert any("\nFN:A <b> & <[[c]]> (.nl)\n" in card for card in cards)

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


class TestSync:
    """sync-collection (RFC 6578, 3)."""

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
        assert [element.tag for element in nothing] == [f"{DAV}sync-token"]
        lineage = token.split("/")[1]
        strange = [
            "", "garbage", "6F1E9C6E-0000-4000-8000-000000000000", f"{token}0", f"{token}/", f"{token[:-1]}0",
            token.replace(lineage, "0" * 32), f"data:,tldops/{lineage}/{style}/-1", f"data:,tldops/{lineage}/other/1",
            "http://radicale.org/ns/sync/abc", "&lt;&amp;]]&gt;", "x" * 10_000, "é\u2028", token.upper(),
            valid(sync(other, other.book())).findtext(f"{DAV}sync-token", ""),
        ]  # fmt: skip
        for strange_token in strange:
            answer = sync(client, book, strange_token)
            root = valid(answer)
            assert sorted(answer.hrefs("200")) == members, strange_token
            assert root.findtext(f"{DAV}sync-token") == token
