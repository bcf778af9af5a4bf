"""The registries of the invented world: which ccTLDs each runs, and where it is."""

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random

import phonenumbers
from phonenumbers import timezone

from radicale_tldops.zones.root_data import delegations
from tests.data.scripts import Language, language_of, languages

# They come first, in this order, so that the smallest list has them too.
_FIRST = ("nl", "fr", "рф", "uk", "مصر", "de", "us", "tw", "gr", "jp", "br", "in", "ελ", "il", "th", "한국", "au", "se")

_TOGETHER = ("fr re pm yt tf wf", "no sj bv", "gg je", "eu ею ευ", "nz tk", "au cx cc")
"""ccTLDs of several countries that the same people look after; the first one gives name and country."""

_APART = frozenset(("RU", "EG", "MA", "SA", "UA", "BG", "RS", "GE", "TH", "KR", "GR", "AM"))
"""Countries where the IDN ccTLD has contacts of its own; elsewhere those of the two-letter one serve it too."""

# Where the contacts of a ccTLD live whose own country has no telephone numbers.
_ABROAD = {"aq": "NZ", "bv": "NO", "eu": "BE", "gs": "FK", "hm": "AU", "pn": "NZ", "tf": "FR", "ею": "BG", "ευ": "GR"}

_SCRIPTS = {"TAMIL": "ta", "BENGALI": "bn"}
"""Script → language, where the script of the label says more than the country."""

_FILLED = 0.8
"""How many of the slots are taken, as far as there are ccTLDs enough."""


@dataclass(frozen=True, slots=True)
class Registry:
    """A registry and its ccTLDs, as U-labels without the dot. `region` is its country (ISO 3166 code).

    `domain` is where its people have their mail, `zone` an IANA time zone or "".
    """

    cctlds: tuple[str, ...]
    region: str
    language: Language
    organisation: str
    domain: str
    zone: str


@lru_cache(maxsize=1024)
def registry_of(cctlds: tuple[str, ...]) -> Registry:
    """Return the registry that runs these ccTLDs; all but `cctlds` follows from the first."""
    label = cctlds[0]
    cctld = delegations().known(label)
    if cctld is None:
        raise ValueError(f".{label} is not delegated")
    region = delegations().regions.get(cctld.a_label) or _ABROAD[label]
    script = unicodedata.name(label[0]).split()[0]
    language = languages()[_SCRIPTS[script]] if script in _SCRIPTS else language_of(region)
    organisation = f"{language.registry} {label.upper()}"
    # Mail software does not like labels with hyphens in the third and fourth place, so the "xn--" goes.
    domain = f"nic-{cctld.a_label.removeprefix('xn--')}.example"
    return Registry(cctlds, region, language, organisation, domain, _zone(region))


def _zone(region: str) -> str:
    number = phonenumbers.example_number(region)
    zones = timezone.time_zones_for_number(number) if number else ()
    return str(zones[0]) if zones and "/" in zones[0] else ""


def _groups() -> list[tuple[str, ...]]:
    """Return the ccTLDs of every registry there is, in the order of the A-labels."""
    joined = {label: group.split()[0] for group in _TOGETHER for label in group.split()}
    groups: dict[str, list[str]] = {}
    at_home: dict[str, str] = {}
    for cctld in delegations().all():
        label, region = cctld.u_label, delegations().regions.get(cctld.a_label)
        head = joined.get(label, label)
        if region and len(cctld.a_label) == 2 and label != "su":
            at_home[region] = head
        elif region and region not in _APART:
            head = at_home.get(region, label)
        groups.setdefault(head, []).append(label)
    return [(head, *(label for label in group if label != head)) for head, group in groups.items()]


def draw_registries(rng: Random, count: int, per_cctld: int) -> Sequence[tuple[Registry, int]]:
    """Return registries with room for `count` people, up to `per_cctld` each, and how many of them each has.

    Raises `ValueError` where there are not enough ccTLDs for so many people.
    """
    groups = _groups()
    while len(groups) * per_cctld < count:
        largest = max(groups, key=len)
        if len(largest) == 1:
            raise ValueError(f"{len(groups)} ccTLDs with {per_cctld} people each have no room for {count} people")
        groups[groups.index(largest)] = largest[:-1]
        groups.append(largest[-1:])
    first = [group for label in _FIRST for group in groups if group[0] == label]
    rest = [group for group in groups if group not in first]
    rng.shuffle(rest)
    needed = min(count, len(groups), math.ceil(count / per_cctld / _FILLED))
    chosen = (first + rest)[: max(needed, math.ceil(count / per_cctld))]
    people = [1] * len(chosen)
    # Every registry has one; the others take any of the seats that are left.
    for seat in rng.sample(range(len(chosen) * (per_cctld - 1)), count - len(chosen)):
        people[seat // (per_cctld - 1)] += 1
    return [(registry_of(group), number) for group, number in zip(chosen, people, strict=True)]
