"""Stock Radicale with our plugins, and RosterApplication, give the same answers to what clients really send."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from tests.differential import corpus
from tests.differential.comparing import Difference, differences, members, plain_body
from tests.differential.corpus import Recorded
from tests.differential.wanted import WANTED
from tests.differential.world import STATES, STYLES, scenes
from tests.support import CARDDAV, DAV, Response, World
from tests.support.in_process import Sent, call

CLIENTS = ("apple", "browser", "davx5", "evolution", "kde", "others", "roundcube", "thunderbird", "vdirsyncer")


@dataclass(frozen=True)
class Answered:
    """A request of a client in one state and style, and both answers."""

    request: Recorded
    state: str
    style: str
    sent: Sent
    radicale: Response
    tldops: Response

    def __str__(self) -> str:
        return f"{self.request} ({self.style}, {self.state})"


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> list[Answered]:
    """The whole corpus, answered by both, in both styles, before and after a change and a removal."""
    return list(_answers(World(tmp_path_factory.mktemp("differential"))))


def _answers(world: World) -> Iterator[Answered]:
    for scene in scenes(world):
        for request in corpus.load():
            sent = request.sent(scene.values, scene.cards).by(scene.login)
            radicale, tldops = call(scene.both.radicale, sent), call(scene.both.tldops, sent)
            yield Answered(request, scene.state, scene.style, sent, radicale, tldops)


@pytest.mark.parametrize("client", CLIENTS)
def test_every_difference_is_a_wanted_one(client: str, answered: list[Answered]) -> None:
    """Status, headers, hrefs, properties, values, cards, tokens and ETags are the same, or stand in the table."""
    unwanted: dict[Difference, list[Answered]] = {}
    for pair in answered:
        if pair.request.client == client:
            for difference in differences(pair.sent, pair.radicale, pair.tldops):
                if not any(wanted.fits(difference) for wanted in WANTED):
                    unwanted.setdefault(difference, []).append(pair)
    told = "\n".join(
        f"{difference}\n    {len(seen)} times, first in {seen[0]}" for difference, seen in unwanted.items()
    )
    assert not unwanted, told


def test_every_wanted_difference_occurs(answered: list[Answered]) -> None:
    """What does not differ any more goes out of the table; and no two entries bear one name."""
    seen = [difference for pair in answered for difference in differences(pair.sent, pair.radicale, pair.tldops)]
    idle = [wanted.name for wanted in WANTED if not any(map(wanted.fits, seen))]
    assert not idle
    assert max(Counter(wanted.name for wanted in WANTED).values()) == 1
    assert all(wanted.reason for wanted in WANTED)


def test_the_corpus_is_asked_whole(answered: list[Answered]) -> None:
    """Every client, in every state and style; and the answers are ones that cards, tokens and removals were in."""
    assert {pair.request.client for pair in answered} == set(CLIENTS)
    assert {(pair.state, pair.style) for pair in answered} == {(state, style) for state in STATES for style in STYLES}
    fetched = [pair for pair in answered if b"address-data" in pair.sent.body and pair.tldops.status == 207]
    cards = [
        member.properties[CARDDAV + "address-data"]
        for pair in fetched
        for member in members(plain_body(pair.tldops)).values()
        if CARDDAV + "address-data" in member.properties
    ]
    assert any("KIND:group" in card for card in cards)
    assert any("John D. Doe" in card for card in cards)
    assert any("John Doe" in card for card in cards)
    synced = [pair for pair in answered if b"<sync-collection" in pair.sent.body and pair.state == STATES[2]]
    synced = [pair for pair in synced if pair.tldops.status == 207]
    assert any(member.status == "404" for pair in synced for member in members(plain_body(pair.tldops)).values())
    assert all(pair.radicale.status < 500 and pair.tldops.status < 500 for pair in answered)


def test_nothing_of_the_corpus_belongs_to_anybody(answered: list[Answered]) -> None:
    """No login, no principal and no card's name was left in a file, or the requests would not fit every roster."""
    for request in corpus.load():
        text = f"{request.path} {request.body} {request.headers}"
        assert "authorization" not in text.lower()
        assert "doe@" not in text
        assert not any(name in text for name in ("Jane", "Régis", "Annlie"))


def _multistatus(inner: str) -> Response:
    body = f'<D:multistatus xmlns:D="DAV:" xmlns:C="{CARDDAV[1:-1]}">{inner}</D:multistatus>'
    return Response(207, {}, body.encode())


HREF = "/0123456789abcdef/tld-ops/x.vcf"
CARD = (
    f"<D:response><D:href>{HREF}</D:href><D:propstat><D:prop>"
    "<D:getetag>&quot;1&quot;</D:getetag><C:address-data>BEGIN:VCARD</C:address-data>"
    "</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>"
)


@pytest.mark.parametrize(
    ("changed", "of", "name"),
    [
        (CARD.replace("BEGIN", "BEGIM"), "property", CARDDAV + "address-data"),
        (CARD.replace("&quot;1", "&quot;2"), "property", DAV + "getetag"),
        (CARD.replace("200 OK", "404 Not Found"), "property", DAV + "getetag"),
        (CARD.replace("x.vcf", "y.vcf"), "href", HREF),
        ("", "href", HREF),
        (CARD + "<D:sync-token>a:b</D:sync-token>", "href", "sync-token"),
    ],
)
def test_the_comparison_sees_what_differs(changed: str, of: str, name: str) -> None:
    """A changed byte of a card, another ETag, status, href or token is a difference, and one that nobody wants."""
    sent = Sent("PROPFIND", "/0123456789abcdef/tld-ops/")
    found = list(differences(sent, _multistatus(CARD), _multistatus(changed)))
    assert (of, name) in [(difference.of, difference.name) for difference in found]
    assert not any(
        wanted.fits(difference)
        for difference in found
        if (difference.of, difference.name) == (of, name)
        for wanted in WANTED
    )
    assert not list(differences(sent, _multistatus(CARD), _multistatus(CARD)))


def test_the_comparison_sees_another_status_header_or_body() -> None:
    """Also outside of a multistatus."""
    sent = Sent("GET", HREF)
    base = Response(200, {"etag": '"1"'}, b"BEGIN:VCARD")
    assert [difference.of for difference in differences(sent, base, replace(base, status=404))] == ["status"]
    assert [difference.of for difference in differences(sent, base, replace(base, headers={}))] == ["header"]
    assert list(differences(sent, base, replace(base, body=b"BEGIM:VCARD"))) == [
        Difference("body", "GET", "card", "", "BEGIN:VCARD", "BEGIM:VCARD")
    ]
