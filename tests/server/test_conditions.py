"""Methods and the headers that an answer depends on: RFC 9110, and the If header of RFC 4918, 10.4."""

import gzip
from collections.abc import Iterator
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime

import pytest

from tests.dav.serving import Served, propfind, report, served
from tests.dav.shape import valid
from tests.support import DAV, Client, Response, propfind_body


@pytest.fixture(scope="module")
def roster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that the tests of this module only read from."""
    with served(tmp_path_factory.mktemp("conditions")) as running:
        yield running


@pytest.fixture
def client(roster: Served) -> Client:
    """John's client, style plain."""
    return roster.john


@pytest.fixture(params=["book", "card"])
def path(request: pytest.FixtureRequest, roster: Served) -> str:
    """What can be downloaded."""
    return roster.places()[request.param]


def own_headers(answer: Response) -> dict[str, str]:
    """The headers without the date."""
    return {name: value for name, value in answer.headers.items() if name != "date"}


class TestMethods:
    """RFC 9110, 9 and 15.5.6."""

    def test_head_is_get_without_a_body(self, roster: Served) -> None:
        """RFC 9110, 9.3.2: the same status and headers, Content-Length too, on everything, found or not."""
        paths = [*roster.places().values(), "/0123456789abcdef/", "/.well-known/carddav", "/.health"]
        for path in paths:
            for headers in ({}, {"Accept_Encoding": "gzip"}):
                got = roster.john.request("GET", path, **headers)
                head = roster.john.request("HEAD", path, **headers)
                assert (head.status, head.body) == (got.status, b""), path
                assert own_headers(head) == own_headers(got)
                assert int(head.headers["content-length"]) == len(got.body)

    def test_get_of_a_card_and_of_the_book(self, client: Client) -> None:
        """A card is one vCard in its bytes; the book is all of them; each says what it is and when it changed."""
        book = client.book()
        cards = {path: client.request("GET", path) for path in client.cards(book)}
        whole = client.request("GET", book)
        assert b"".join(answer.body for answer in cards.values()) == whole.body
        for answer in (*cards.values(), whole):
            assert answer.status == 200
            assert answer.headers["content-type"] == "text/vcard;charset=utf-8"
            assert answer.headers["etag"].strip('"') == answer.headers["etag"][1:-1]
            assert parsedate_to_datetime(answer.headers["last-modified"]) <= parsedate_to_datetime(
                answer.headers["date"]
            )
            assert answer.body.count(b"BEGIN:VCARD\r\n") == (4 if answer is whole else 1)

    def test_there_is_nothing_to_download_elsewhere(self, roster: Served) -> None:
        """The principal is refused, the root leads to the pages: neither shows anything of the roster."""
        principal = roster.john.request("GET", roster.places()["principal"])
        assert principal.status == 403
        root = roster.john.request("GET", "/")
        assert root.status in (200, 302)
        for answer in (principal, root):
            assert b"VCARD" not in answer.body
            assert b"Doe" not in answer.body

    def test_every_answer_has_a_date_and_is_for_its_reader(self, roster: Served) -> None:
        """RFC 9110, 6.6.1 and 12.5.5; RFC 7240, 2: no cache gives one reader's answer to another one."""
        for path in roster.places().values():
            answer = roster.john.propfind(path, f"{DAV}resourcetype")
            assert parsedate_to_datetime(answer.headers["date"])
            varying = {name.strip() for name in answer.headers["vary"].split(",")}
            assert {"Authorization", "Accept-Encoding", "Prefer", "Brief"} <= varying
            assert answer.headers["cache-control"] == "private, no-cache"


class TestConditionalGet:
    """RFC 9110, 13: on the book and on a card."""

    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    def test_what_is_known_is_not_sent_again(self, client: Client, path: str, method: str) -> None:
        """If-None-Match: 304 with the tag and without a body, by any spelling that names it; else all of it."""
        etag = client.request("GET", path).headers["etag"]
        for header in (etag, f"W/{etag}", f'"x", {etag} ,"y"', "*"):
            answer = client.request(method, path, If_None_Match=header)
            assert (answer.status, answer.body, answer.headers["etag"]) == (304, b"", etag)
            assert "vary" in answer.headers
            assert "cache-control" in answer.headers
        for header in ('"x"', etag.strip('"'), etag.lower().replace("a", "b"), "W/*", ""):
            assert client.request(method, path, If_None_Match=header).status == 200

    def test_if_match(self, client: Client, path: str) -> None:
        """412 where the tag is another one; it is compared strongly (RFC 9110, 13.1.1)."""
        etag = client.request("GET", path).headers["etag"]
        for header, status in ((etag, 200), ("*", 200), (f'"x", {etag}', 200), ('"x"', 412), (f"W/{etag}", 412)):
            answer = client.request("GET", path, If_Match=header)
            assert answer.status == status
            assert status == 200 or answer.body == b""

    def test_dates(self, client: Client, path: str) -> None:
        """If-Modified-Since and If-Unmodified-Since, to the second; what is no date is ignored (13.1.3 and 13.1.4)."""
        changed = parsedate_to_datetime(client.request("GET", path).headers["last-modified"])
        second = timedelta(seconds=1)
        for moment, modified, unmodified in (
            (changed - second, 200, 412),
            (changed, 304, 200),
            (changed + second, 304, 200),
        ):
            forms = (
                format_datetime(moment, usegmt=True),
                moment.strftime("%A, %d-%b-%y %H:%M:%S GMT"),
                moment.strftime("%a %b %e %H:%M:%S %Y"),
            )
            for form in forms:
                assert client.request("GET", path, If_Modified_Since=form).status == modified, form
                assert client.request("GET", path, If_Unmodified_Since=form).status == unmodified, form

    @pytest.mark.parametrize(
        "date",
        [
            "", "yesterday", "GMT", " GMT", "Sun, 06 Nov 1994 08:49:37 -0000 GMT", "Sun, 06 Nov 99999 08:49:37 GMT",
            "Sun, 99 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37", "0", "Sun, 06 Nov 1994 99:99:99 GMT",
            "Mon, 01 Jan 2001 00:00:00 +99999999999999 GMT", f"Sun, 06 Nov {'9' * 5000} 08:49:37 GMT", ", , GMT",
        ],
    )  # fmt: skip
    def test_what_is_no_date_is_ignored(self, client: Client, path: str, date: str) -> None:
        """RFC 9110, 13.1.3 and 13.1.4: the whole card, and never a 5xx."""
        assert client.request("GET", path, If_Modified_Since=date).status == 200
        assert client.request("GET", path, If_Unmodified_Since=date).status == 200

    def test_precedence(self, client: Client, path: str) -> None:
        """RFC 9110, 13.2.2: If-Match before If-Unmodified-Since, both before If-None-Match, that before the date."""
        got = client.request("GET", path).headers
        etag, date = got["etag"], got["last-modified"]
        old, new = "Sun, 06 Nov 1994 08:49:37 GMT", date
        cases: list[tuple[dict[str, str], int]] = [
            ({"If_Match": etag, "If_Unmodified_Since": old}, 200),
            ({"If_Match": '"x"', "If_Unmodified_Since": new}, 412),
            ({"If_Match": '"x"', "If_None_Match": etag}, 412),
            ({"If_Unmodified_Since": old, "If_None_Match": etag}, 412),
            ({"If_Match": etag, "If_None_Match": etag}, 304),
            ({"If_None_Match": '"x"', "If_Modified_Since": new}, 200),
            ({"If_None_Match": etag, "If_Modified_Since": old}, 304),
        ]
        for headers, status in cases:
            assert client.request("GET", path, **headers).status == status, headers

    def test_conditions_are_for_what_is_there(self, roster: Served) -> None:
        """RFC 9110, 13.2.1: what would not be 200 without them is not with them, and other methods ignore them."""
        places = roster.places()
        for headers in ({"If_None_Match": "*"}, {"If_Match": '"x"'}):
            assert roster.john.request("GET", places["principal"], **headers).status == 403
            assert roster.john.request("GET", f"{places['book']}none.vcf", **headers).status == 404
            assert roster.john.request("OPTIONS", places["card"], **headers).status == 200
            for path in places.values():
                assert roster.john.request("PROPFIND", path, propfind_body(), Depth="0", **headers).status == 207


class TestIf:
    """The If header (RFC 4918, 10.4), with entity tags and with sync tokens (RFC 6578, 5)."""

    def cases(self, roster: Served) -> dict[str, dict[str, int]]:
        """Headers and statuses, by what is asked."""
        places = roster.places()
        book, card = places["book"], places["card"]
        etag = roster.john.request("GET", card).headers["etag"]
        told = valid(roster.john.propfind(book, f"{DAV}sync-token", f"{DAV}getetag"))
        token, tag = told.findtext(f".//{DAV}sync-token", ""), told.findtext(f".//{DAV}getetag", "")
        other = token[:-1] + "0"
        return {
            card: {
                f"([{etag}])": 207,
                f"([W/{etag}])": 207,
                '(["x"])': 412,
                f'(["x"])([{etag}])': 207,
                f'(["x"] [{etag}])': 412,
                f"(Not [{etag}])": 412,
                f'(not ["x"] [{etag}])': 207,
                "(<DAV:no-lock>)": 412,
                "(Not <DAV:no-lock>)": 207,
                f"<{book}> (<{token}>)": 207,
                f"<http://{roster.john.host}{book}> (<{token}> [{tag}])": 207,
                f"<{book}> (<{other}>)": 412,
                f'<{book}> (<{other}>) (["x"]) <{card}> ([{etag}])': 207,
                f"<{roster.jane.book()}> (<{token}>)": 412,
                f"<{roster.jane.book()}> (Not <{token}>)": 207,
                '</nowhere> (["x"])': 412,
            },
            book: {f"(<{token}>)": 207, f"([{tag}])": 207, f"(<{other}>)": 412, f"<{card}>([{etag}])": 207},
            "/": {f"<{book}> (<{token}>)": 207, "(<x:y>)": 412},
        }

    def test_one_list_has_to_hold(self, roster: Served) -> None:
        """PROPFIND, REPORT, GET and HEAD go on, or fail with 412 and nothing of the roster."""
        for path, cases in self.cases(roster).items():
            for header, status in cases.items():
                answer = propfind(roster.john, path, "<D:prop><D:resourcetype/></D:prop>", If=header)
                assert answer.status == status, (path, header)
                assert status == 207 or answer.body == b""
                reported = report(roster.john, path, "D:expand-property", '<D:property name="owner"/>', "0", If=header)
                assert reported.status == status
                if path != "/":
                    for method in ("GET", "HEAD"):
                        assert roster.john.request(method, path, If=header).status == (200 if status == 207 else 412)

    @pytest.mark.parametrize(
        "header",
        ["", "x", "()", "(x)", '("x")', "([x])", '(["x"]', '["x"]', "<x>", '(["x"]) y', "(Not)", "(<>)", "(" * 8000,
         "(<a>)" * 2000 + "(", "(Not " * 2000, '(["' * 3000],
    )  # fmt: skip
    def test_what_is_no_if_header_is_a_bad_request(self, client: Client, header: str) -> None:
        """RFC 4918, 10.4.2: it is not taken for one that holds."""
        answer = propfind(client, client.book(), "<D:prop/>", If=header)
        assert answer.status in ((400,) if header else (207, 400))


class TestContent:
    """Negotiation (RFC 9110, 12; RFC 6352, 5.1.1) and content codings (RFC 9110, 8.4 and 8.8.3.3)."""

    def test_a_strong_tag_is_of_the_bytes_that_are_sent(self, roster: Served) -> None:
        """A card goes out as it is, with the tag that PROPFIND tells; the packed book has a weak one, which works."""
        places = roster.places()
        for path, is_packed in ((places["book"], True), (places["card"], False)):
            plain = roster.john.request("GET", path)
            packed = roster.john.request("GET", path, Accept_Encoding="gzip, deflate")
            assert ("content-encoding" in packed.headers) == is_packed
            etag = plain.headers["etag"]
            assert packed.headers["etag"] == (f"W/{etag}" if is_packed else etag)
            assert (gzip.decompress(packed.body) if is_packed else packed.body) == plain.body
            again = roster.john.request("GET", path, Accept_Encoding="gzip", If_None_Match=packed.headers["etag"])
            assert again.status == 304

    @pytest.mark.parametrize(
        ("coding", "is_packed"),
        [
            ("gzip", True), ("GZIP", True), ("br;q=1, gzip;q=0.5", True), ("x-gzip", True), ("", False),
            ("gzip;q=0", False), ("gzip ; Q=0.000", False), ("identity", False), ("br, deflate", False),
        ],
    )  # fmt: skip
    def test_gzip_is_for_who_takes_it(self, client: Client, coding: str, is_packed: bool) -> None:
        """RFC 9110, 12.5.3: and what comes is the same."""
        body = propfind_body(f"{DAV}getetag", f"{DAV}resourcetype")
        plain = client.request("PROPFIND", client.book(), body, Depth="1")
        answer = client.request("PROPFIND", client.book(), body, Depth="1", Accept_Encoding=coding)
        assert ("content-encoding" in answer.headers) == is_packed
        assert int(answer.headers["content-length"]) == len(answer.body)
        assert (gzip.decompress(answer.body) if is_packed else answer.body) == plain.body
