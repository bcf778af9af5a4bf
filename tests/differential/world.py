"""A roster in three states, and what the marks of the corpus stand for in each of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tests.differential.comparing import members, plain_body
from tests.support import CARDDAV, DAV, JOHN, Login, World, propfind_body
from tests.support.in_process import Both, Sent, both, call
from tests.support.people import ROSTER

STATES = ("before", "after a change", "after a removal")
STYLES = ("plain", "groups")

_CHANGED = (JOHN.replace("John Doe", "John D. Doe"), *ROSTER[1:])
_LEFT = _CHANGED[:-1]


@dataclass(frozen=True)
class Scene:
    """The two applications in one state, a device of one style, and values for the marks."""

    state: str
    style: str
    both: Both
    login: Login
    values: Mapping[str, str]
    cards: list[str]


def scenes(world: World) -> Iterator[Scene]:
    """Bring a store from state to state, and give each of them in both styles."""
    world.sync(*ROSTER)
    logins = {style: world.device("john.doe@nic.nl", style) for style in STYLES}
    pair = both(world)
    pair.reload()
    tokens: dict[str, str] = {}
    for state, roster in zip(STATES, (ROSTER, _CHANGED, _LEFT), strict=True):
        if state != STATES[0]:
            pair.change(*roster)
        for style in STYLES:
            values, cards = _marks(pair, logins[style])
            last = tokens.get(style, values["token"])
            tokens[style] = values["token"]
            yield Scene(state, style, pair, logins[style], {**values, "token": last}, cards)


def _marks(pair: Both, login: Login) -> tuple[dict[str, str], list[str]]:
    """Find out by asking Radicale what stands where."""

    def ask(path: str, depth: str, *names: str) -> dict[str, Mapping[str, str]]:
        sent = Sent("PROPFIND", path, (("Depth", depth),), propfind_body(*names).encode()).by(login)
        answer = call(pair.radicale, sent)
        assert answer.status == 207, answer
        return {href: member.properties for href, member in members(plain_body(answer)).items()}

    principal = ask("/", "0", f"{DAV}current-user-principal")["/"][f"{DAV}current-user-principal"]
    principal = principal.removeprefix(f"<{DAV}href>").removesuffix("</>")
    book = principal + "tld-ops/"
    token = ask(book, "0", f"{DAV}sync-token")[book][f"{DAV}sync-token"]
    found = ask(book, "1", f"{DAV}getetag", f"{CARDDAV}addressbook-description")
    cards = sorted(path for path in found if path != book)
    values = {"principal": principal, "book": book, "token": token}
    for number, card in enumerate(cards, start=1):
        values[f"card {number}"] = card
        values[f"etag {number}"] = found[card][f"{DAV}getetag"]
        values[f"uid {number}"] = card.rsplit("/", 1)[1].removesuffix(".vcf")
    return values, cards
