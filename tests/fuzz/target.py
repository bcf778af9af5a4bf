"""A roster of thirty people, devices of readers and of people who are none any more, and the application."""

import contextlib
import io
import re
from dataclasses import dataclass
from pathlib import Path

from radicale_tldops.dav.properties import CARD_CONSTANTS, CARD_VALUES
from radicale_tldops.roster.snapshot import Snapshot
from radicale_tldops.serve.live import LiveStore, shared
from radicale_tldops.settings.file import load
from tests.data.membership import Person, as_text, people
from tests.support import CARDDAV, Login, World
from tests.support.in_process import Sent, Wsgi, both, call

PEOPLE = 30

_VALUE = re.compile(r"^(?:item\d+\.)?(?:FN|N|EMAIL|TEL|UID|IMPP|X-[A-Z]+|NOTE|ORG)(?:;[^:]*)?:(.*)$", re.MULTILINE)
_LEAST = 6
"""How many octets of a card say whose it is."""


@dataclass(frozen=True)
class Target:
    """What a request can be about, and what an answer must not hold."""

    world: World
    application: Wsgi
    live: LiveStore
    principal: str
    cards: list[str]
    tokens: list[str]
    readers: list[str]
    other_principals: list[str]
    logins: dict[str, Login]
    secrets: re.Pattern[bytes]
    names: frozenset[str]
    honest: int

    @property
    def book(self) -> str:
        """The path of the book."""
        return f"{self.principal}tld-ops/"


def build(folder: Path) -> Target:
    """Make the store: thirty people, of whom one was removed, one is denied, and one lost a device."""
    world = World(folder)
    world.configure("\n[server]\naccess_log = false\n")
    everybody = people(PEOPLE)
    plain, removed, denied = everybody[0].email, everybody[-1].email, everybody[-2].email
    _do(world, everybody)
    logins = {
        "plain": world.device(plain),
        "groups": world.device(plain, "groups"),
        "removed": world.device(removed),
        "denied": world.device(denied),
        "revoked": world.device(plain),
    }
    _do(world, everybody[:-1])
    world.do("access", "deny", denied, "--reason", "a test")
    world.do("device", "revoke", logins["revoked"].id)
    pair = both(world)
    live = shared(load(world.config))
    snapshot = live.reload()
    return _world(world, pair.tldops, live, snapshot, logins)


def _do(world: World, everybody: list[Person]) -> None:
    world.members.write_text(as_text(everybody))
    with contextlib.redirect_stdout(io.StringIO()):
        assert world.call("sync", "--yes") == 0


def _world(world: World, application: Wsgi, live: LiveStore, snapshot: Snapshot, logins: dict[str, Login]) -> Target:
    own = snapshot.readers[logins["plain"].user].principal
    others = [reader.principal for reader in snapshot.readers.values() if reader.principal != own]
    texts = [card.text for card in snapshot.plain.cards.values()]
    everything = "".join(_element(name) for name in (*CARD_CONSTANTS, *CARD_VALUES, f"{CARDDAV}address-data"))
    query = (
        f'<C:addressbook-query xmlns:C="{CARDDAV[1:-1]}"><prop xmlns="DAV:">{everything}</prop></C:addressbook-query>'
    )
    whole = call(application, Sent("REPORT", f"/{own}/tld-ops/", (), query.encode()).by(logins["plain"]))
    assert whole.body.count(b"BEGIN:VCARD") == len(texts)
    cards = call(application, Sent("GET", f"/{own}/tld-ops/").by(logins["plain"]))
    assert cards.body.count(b"BEGIN:VCARD") == len(texts) == PEOPLE - 1
    return Target(
        world,
        application,
        live,
        f"/{own}/",
        list(snapshot.plain.cards),
        [snapshot.plain.token, f"{snapshot.plain.token.rpartition('/')[0]}/1"],
        sorted(set(snapshot.readers) - {logins["plain"].user}),
        [f"/{principal}/" for principal in others],
        logins,
        secrets(texts, others),
        frozenset(snapshot.plain.cards),
        len(whole.body),
    )


def secrets(texts: list[str], principals: list[str]) -> re.Pattern[bytes]:
    """Return what finds any distinctive piece of any card: names, addresses, numbers, UIDs; and others' principals."""
    values = {value for text in texts for value in _VALUE.findall(text.replace("\r\n ", "").replace("\r\n", "\n"))}
    pieces = {piece.strip() for value in values for piece in re.split(r"""[\\;,&<>"]""", value)}
    told = {piece.encode() for piece in (*pieces, *principals) if len(piece.encode()) >= _LEAST}
    common = {piece for piece in told if sum(piece in text.encode() for text in texts) > len(texts) // 2}
    assert len(told - common) > 4 * len(texts)
    return re.compile(b"|".join(re.escape(piece) for piece in sorted(told - common)))


def _element(clark: str) -> str:
    namespace, name = clark[1:].split("}")
    return f'<{name} xmlns="{namespace}"/>'
