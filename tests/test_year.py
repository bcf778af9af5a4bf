"""A simulated year: hundreds of syncs with joins, leaves, renames, moved slots and broken lines.

The clock is simulated and the store, the commands and the application are real. Two clients, one of each style, only
ever use sync tokens.
"""

import base64
import io
import os
import random
import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from contextlib import redirect_stdout
from datetime import UTC, datetime

import pytest

from radicale_tldops.serve.app import RosterApplication
from radicale_tldops.serve.live import shared
from radicale_tldops.settings.file import load
from sync.cli import context
from tests.data.churn import churn
from tests.data.membership import people as make_people
from tests.data.person import Person
from tests.data.writing import as_text
from tests.support import CARDDAV, DAV, Login, Result, World, content_of
from tests.support.clock import Clock

DAYS = 300
DAY = 86_400
PEOPLE = 120
START = datetime(2025, 11, 1, 8, tzinfo=UTC)


class TokenClient:
    """A client that syncs with its token, and never downloads the book again."""

    def __init__(self, application: RosterApplication, login: Login) -> None:
        self._application = application
        self._user, self._password = login.user, login.password
        self.book = self._discover()
        self.token = ""
        self.cards: dict[str, str] = {}

    def sync(self) -> None:
        """Fetch what changed since the token and apply it, as RFC 6578 says."""
        answer = self._report(
            f'<sync-collection xmlns="DAV:"><sync-token>{self.token}</sync-token><sync-level>1</sync-level><prop>'
            f'<getetag/><a:address-data xmlns:a="{CARDDAV[1:-1]}"/></prop></sync-collection>'
        )
        for response in answer.iter(f"{DAV}response"):
            href = response.findtext(f"{DAV}href", "")
            if "404" in response.findtext(f"{DAV}status", ""):
                self.cards.pop(href, None)
            else:
                self.cards[href] = response.findtext(f".//{CARDDAV}address-data", "")
        self.token = answer.findtext(f"{DAV}sync-token", "")

    def fresh(self) -> dict[str, str]:
        """Download the whole book, as a new client does."""
        answer = self._report(
            f'<a:addressbook-query xmlns="DAV:" xmlns:a="{CARDDAV[1:-1]}"><prop><a:address-data/></prop>'
            "</a:addressbook-query>"
        )
        return {
            response.findtext(f"{DAV}href", ""): response.findtext(f".//{CARDDAV}address-data", "")
            for response in answer.iter(f"{DAV}response")
        }

    def _discover(self) -> str:
        body = '<propfind xmlns="DAV:"><prop><current-user-principal/></prop></propfind>'
        answer = self._send("PROPFIND", "/", body)
        return answer.findtext(f".//{DAV}current-user-principal/{DAV}href", "") + "tld-ops/"

    def _report(self, body: str) -> ET.Element:
        return self._send("REPORT", self.book, body)

    def _send(self, method: str, path: str, body: str) -> ET.Element:
        data = body.encode()
        statuses: list[str] = []
        environ = {
            "REQUEST_METHOD": method, "PATH_INFO": path, "CONTENT_LENGTH": str(len(data)),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_AUTHORIZATION": "Basic " + base64.b64encode(f"{self._user}:{self._password}".encode()).decode(),
            "wsgi.input": io.BytesIO(data), "wsgi.errors": io.StringIO(), "wsgi.url_scheme": "http",
        }  # fmt: skip

        def start(status: str, headers: list[tuple[str, str]]) -> object:
            statuses.append(status)
            return None

        content = b"".join(self._application(environ, start))
        assert statuses[0].startswith("207"), (statuses, content)
        return ET.fromstring(content)


class Year:
    """The secretariat's side: a list of people, and the file that is made of it."""

    def __init__(self, world: World, clock: Clock) -> None:
        self.world, self.clock = world, clock
        self.rng = random.Random(42)
        self.people = make_people(PEOPLE, today=START.date())
        self.addresses = {person.email for person in self.people}

    def write(self, people: Sequence[Person], breaking: int | None = None) -> None:
        """Write the membership file of today; with `breaking`, one line lost its slot."""
        lines = as_text(people).splitlines()
        if breaking is not None:
            address = people[breaking].email
            number = next(i for i, line in enumerate(lines) if address in line)
            lines[number] = f'"{people[breaking].name.replace(chr(34), "")} is away" <{address}>'
        path = self.world.members
        path.write_text("\n".join(lines) + "\n")
        os.utime(path, (self.clock.date().timestamp(),) * 2)

    def sync(self, *options: str) -> int:
        """Run the command, and let the last contact of a ccTLD go where that is the only hazard."""
        code = self.world.call("sync", "--yes", *options)
        if code != 1:
            return code
        with redirect_stdout(io.StringIO()) as shown:
            found = self.world.call("plan", "--json")
        plan = Result(("plan", "--json"), found, shown.getvalue(), "").json
        if {hazard["code"] for hazard in plan["hazards"]} != {"last-contact"}:
            return code
        return self.world.call("sync", "--plan", plan["id"], "--force", "last-contact", *options)

    def tomorrow(self) -> None:
        """Let a day pass, with its changes."""
        self.clock.now += DAY
        before = {person.email for person in self.people}
        while True:
            # An address under which somebody else first appeared gives nobody a UID: that is a problem, and not churn.
            after = churn(self.people, self.rng, self.clock.date().date())
            new = {person.email for person in after} - before
            if not new & self.addresses:
                break
        self.people, self.addresses = after, self.addresses | new


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock(START)
    monkeypatch.setattr(context.App, "now", property(lambda app: clock.date()))
    return clock


@pytest.fixture
def year(world: World, clock: Clock) -> Year:
    """The first day: a store with its first generation."""
    year = Year(world, clock)
    year.write(year.people)
    assert year.sync() == 0
    return year


@pytest.fixture
def clients(year: Year) -> list[TokenClient]:
    """One client of each style, for the person who is guaranteed to stay: a reader of the configuration."""
    world = year.world
    world.configure('[readers]\n"observer@example.org" = "the simulated year"\n[server]\naccess_log = false\n')
    assert year.sync() == 0
    settings = load(world.config)
    application = RosterApplication(settings)
    logins = [world.device("observer@example.org", style) for style in ("plain", "groups")]
    shared(settings).reload()
    return [TokenClient(application, login) for login in logins]


def uid_of(card: str) -> str:
    """The UID of a card."""
    found = re.search(r"^UID:(\S+)", card, re.MULTILINE)
    assert found, card
    return found[1]


def uids_by_address(cards: dict[str, str], people: Sequence[Person]) -> dict[str, str]:
    """The UID of everybody's card, by list address, unfolded and compared in lower case."""
    found = {}
    for card in cards.values():
        text = card.replace("\r\n ", "").replace("\n ", "").lower()
        for line in text.splitlines():
            if line.startswith("email;type=internet,work,pref:"):
                found[line.partition(":")[2].strip()] = uid_of(card)
    return {person.email: found[person.email.lower()] for person in people if person.email.lower() in found}


def test_token_clients_hold_exactly_what_a_fresh_client_downloads(
    year: Year, clients: list[TokenClient], capsys: pytest.CaptureFixture[str]
) -> None:
    """After each of a few hundred syncs: same hrefs and bytes, in both styles; no UID changed; no guard fired."""
    live = shared(load(year.world.config))
    seen: dict[str, str] = {}
    before: list[Person] = []
    known: dict[str, str] = {}
    held_days = 0
    for day in range(DAYS):
        year.tomorrow()
        breaking = year.rng.randrange(len(year.people)) if day % 9 == 4 else None
        year.write(year.people, breaking)
        options = [] if breaking is None else ["--quarantine"]
        capsys.readouterr()
        assert year.sync(*options) == 0, capsys.readouterr()
        held_days += " held: see" in capsys.readouterr().out
        live.reload()
        for client in clients:
            client.sync()
            assert client.cards == client.fresh()
        plain = clients[0].cards
        for href, card in plain.items():
            assert seen.setdefault(href, uid_of(card)) == uid_of(card)
            assert href.endswith(f"/{uid_of(card)}.vcf")
        uids = uids_by_address(plain, year.people)
        by_name = {
            (person.name, cctld): known[person.email]
            for person in before
            if person.email in known
            for cctld in person.cctlds
        }
        for person in year.people:
            if person.email not in uids:
                continue
            names = {by_name[person.name, cctld] for cctld in person.cctlds if (person.name, cctld) in by_name}
            assert known.get(person.email, uids[person.email]) == uids[person.email]
            assert names <= {uids[person.email]}
        before, known = year.people, known | uids
        if breaking is None:
            assert set(uids) == {person.email for person in year.people}
    assert held_days > DAYS // 12
    assert len(seen) > PEOPLE + 30


def test_each_guard_fires_on_its_own_disaster(year: Year, capsys: pytest.CaptureFixture[str]) -> None:
    """After the year's ordinary days, each disaster is refused by its name, and the roster stands."""
    for _ in range(5):
        year.tomorrow()
        year.write(year.people)
        assert year.sync() == 0
    year.clock.now += 3 * DAY
    roster = year.world.folder / "roster.sqlite"
    generations = content_of(roster.read_bytes())

    def refused(hazard: str) -> None:
        capsys.readouterr()
        assert year.sync() == 1
        assert hazard in capsys.readouterr().out
        assert content_of(roster.read_bytes()) == generations

    everybody = year.people
    year.write(everybody[: len(everybody) * 69 // 100])
    refused("mass-removal")
    strangers = make_people(PEOPLE + 60, seed=7, today=START.date())
    slots = {(cctld, person.slot) for person in everybody for cctld in person.cctlds}
    names = {person.email for person in everybody}
    new = [
        person
        for person in strangers
        if person.email not in names and not slots & {(cctld, person.slot) for cctld in person.cctlds}
    ]
    assert len(new) >= 20
    year.write([*everybody, *new[:20]])
    refused("mass-addition")
    year.tomorrow()
    year.write(year.people)
    os.utime(year.world.members, (START.timestamp(),) * 2)
    refused("stale-source")
    year.write(everybody)
    subscribers = "".join(f"{person.email}\n" for person in everybody[::2])
    (year.world.folder / "subscribers.txt").write_text(subscribers)
    year.world.configure('[subscribers]\nfile = "subscribers.txt"\n')
    refused("list-mismatch")
