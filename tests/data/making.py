"""How an invented contact comes to be: one at a time, and never twice the same."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from random import Random
from typing import Self

from radicale_tldops.roster.contact import name_key
from radicale_tldops.roster.traits import name_words
from tests.data.names import Name, draw_name, local_part, rename
from tests.data.person import Person
from tests.data.registries import Registry, registry_of
from tests.data.telephones import draw_phones

_OUT_OF_BAND = (
    *("oob.example", "mail.example.net", "example.com", "example.org", "example.net", "post.example.org"),
    *("private.example", "webmail.example.com", "bücher.example"),
)
_ROLES = ("Head of operations", "DNS engineer", "CSIRT lead", "Chief technology officer", "Duty manager")
_NOTES = (
    "Not on Fridays",
    "=see the handbook",
    "@home after 18:00; use Signal",
    "Speaks for the R&D team, too",
    "Second line, after the hotline",
    "Постоянно на связи",
)
_FIRST_TECH = date(2019, 1, 1)
"""Since then the tech contact of a ccTLD may appoint, too."""


@dataclass(slots=True)
class Taken:
    """What other people have already: the names within each ccTLD, and the addresses."""

    names: set[tuple[str, str]] = field(default_factory=set)
    addresses: set[str] = field(default_factory=set)
    numbers: dict[str, int] = field(default_factory=dict)

    @classmethod
    def by(cls, people: Iterable[Person]) -> Self:
        """Return what these people have."""
        taken = cls()
        for person in people:
            taken.names.update((label, name_key(person.name)) for label in person.cctlds)
            taken.addresses.update((person.email.lower(), person.oob_email.lower()))
        return taken

    def claim_name(self, labels: Iterable[str], name: str) -> bool:
        """Take the name in these ccTLDs; false where it is taken in one of them."""
        keys = {(label, name_key(name)) for label in labels}
        if keys & self.names:
            return False
        self.names |= keys
        return True

    def claim_address(self, local: str, domain: str) -> str:
        """Take an address, with a number behind the local part where the plain one is taken."""
        wanted = f"{local}@{domain}"
        address = wanted
        while address.lower() in self.addresses:
            self.numbers[wanted] = self.numbers.get(wanted, 1) + 1
            address = f"{local}{self.numbers[wanted]}@{domain}"
        self.addresses.add(address.lower())
        return address


def draw_person(rng: Random, registry: Registry, slot: int, taken: Taken, today: date) -> Person:
    """Return somebody new for a slot of a registry. Nothing in the entry is later than `today`."""
    cctlds = registry.cctlds if rng.random() < 0.9 else registry.cctlds[:1]
    name = _new_name(rng, registry, cctlds, taken)
    local = local_part(rng, name)
    email = taken.claim_address(local, registry.domain)
    oob_email = "" if rng.random() < 0.06 else taken.claim_address(local_part(rng, name), rng.choice(_OUT_OF_BAND))
    person = Person(
        name=name.written,
        slot=slot,
        cctlds=cctlds,
        phones=draw_phones(rng, registry.region, rng.choice((1, 1, 1, 1, 2, 2, 3))),
        email=email.replace(local, local.title(), 1) if rng.random() < 0.02 else email,
        oob_email=oob_email,
        organisation=registry.organisation,
        role=rng.choice(_ROLES) if rng.random() < 0.4 else "",
        languages=tuple(dict.fromkeys((registry.language.tag, "en"))),
        timezone=registry.zone if rng.random() < 0.8 else "",
        note=rng.choice(_NOTES) if rng.random() < 0.1 else "",
        card_note="Call before you write" if slot == 3 else "",
    )
    return _appointed(rng, _reachable(rng, person, name), today)


def renamed(rng: Random, person: Person, taken: Taken) -> Person:
    """Return the person under another name and the same addresses; the same name where no other shares a word with it.

    Somebody whose new name shares no word with the old one counts as somebody else.
    """
    registry = registry_of(person.cctlds)
    for _ in range(8):
        name = rename(rng, registry.language, person.name)
        is_same = bool(name_words(person.name) & name_words(name.written))
        if is_same and taken.claim_name(person.cctlds, name.written):
            return replace(person, name=name.written)
    return person


def moved_mail(rng: Random, person: Person, taken: Taken) -> Person:
    """Return the person with a list address in the other of the registry's two domains."""
    local, _, domain = person.email.partition("@")
    nic = registry_of(person.cctlds).domain
    other = nic if domain != nic else nic.replace("nic-", "registry-", 1)
    return replace(person, email=taken.claim_address(local, other))


def new_phones(rng: Random, person: Person) -> Person:
    """Return the person with other telephone numbers."""
    region = registry_of(person.cctlds).region
    while True:
        phones = draw_phones(rng, region, max(1, len(person.phones)))
        if phones != person.phones:
            return replace(person, phones=phones)


def _new_name(rng: Random, registry: Registry, cctlds: tuple[str, ...], taken: Taken) -> Name:
    """Draw until there is a name that nobody has there, the more given names the more of them are taken."""
    drawn = 0
    while True:
        name = draw_name(rng, registry.language, given_names=1 + drawn // 2)
        if taken.claim_name(cctlds, name.written):
            return name
        drawn += 1


def _reachable(rng: Random, person: Person, name: Name) -> Person:
    """Add the ways to reach the person that only some have."""
    kind = rng.randrange(10)
    phone = person.phones[0].replace(" ", "").replace("-", "")
    return replace(
        person,
        signal=f"{name.given}.{rng.randrange(10, 100)}" if kind < 3 else "",
        whatsapp=phone if kind == 3 and phone[0] == "+" and phone[1:].isdigit() else "",
        matrix=f"@{name.given}.{name.family}:matrix.example" if kind in (2, 4) else "",
        pgp_fingerprint=f"{rng.getrandbits(160):040X}" if kind in (1, 5, 6) else "",
        pgp_url=f"https://keys.example/{name.family}?op=get&armor=on" if kind == 6 else "",
    )


def _appointed(rng: Random, person: Person, today: date) -> Person:
    """Add who appointed the person, and when the entry was confirmed: for one in four over a year ago, or never."""
    appointed = today - timedelta(days=rng.randrange(30, 4000))
    confirmed = max(appointed, today - timedelta(days=rng.randrange(480)))
    if rng.random() < 0.08:
        return replace(person, confirmed_on=confirmed)
    return replace(
        person,
        appointed_by="tech" if appointed >= _FIRST_TECH and rng.random() < 0.3 else "admin",
        appointed_on=appointed,
        evidence=f"letter {appointed.year}-{rng.randrange(1, 1000):03}",
        confirmed_on=None if rng.random() < 0.03 else confirmed,
    )
