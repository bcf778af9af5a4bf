"""Which ccTLDs are delegated, which country each belongs to, and the registrable domain of a name.

Everything comes from the Public Suffix List as `publicsuffixlist` packages it, read once: the ccTLDs are the two-letter
labels and the IDN labels of its ICANN section above the line `// newGTLDs`, and a comment above each IDN names the
country.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import idna
from phonenumbers import SUPPORTED_REGIONS
from publicsuffixlist import PSLFILE, PublicSuffixList

from radicale_tldops.roster.cctld import Cctld
from radicale_tldops.roster.errors import SettingsError
from radicale_tldops.roster.login import canonical_domain

MAX_LABEL = 63
"""Longest label in octets (RFC 1035, 2.3.4), and so in characters of any form of it."""

# The two ccTLDs whose label is not the country's code in ISO 3166 (RFC 1591, 4.2 took the list as it was then).
_COUNTRY_OF = {"uk": "GB", "su": "RU"}

# Marks that only steer the direction of the text around a label: they come along when a right-to-left label is copied.
_DIRECTION_MARKS = str.maketrans("", "", "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

_IDN_COMMENT = re.compile(r"//\s*xn--[a-z0-9-]+\s(?P<rest>.*)")
_COUNTRY = re.compile(r"[):]\s*([A-Z]{2})\s*$")
_ASCII_CCTLD = re.compile(r"[a-z]{2}")


@dataclass(frozen=True, slots=True, eq=False)
class Delegations:
    """The ccTLDs that are delegated. Two of them are compared by identity: `delegations` gives the same one again."""

    by_label: Mapping[str, Cctld]
    regions: Mapping[str, str]

    def known(self, label: str) -> Cctld | None:
        """Return the ccTLD that `label` names, or None.

        `label` is a U-label or A-label in any case and normalisation form, with or without a leading dot.
        """
        return self.by_label.get(canonical_label(label))

    def region(self, cctld: Cctld) -> str | None:
        """Return the ISO 3166 code of the country for reading telephone numbers; None where it has no such numbers."""
        return self.regions.get(cctld.a_label)

    def all(self) -> tuple[Cctld, ...]:
        """Return every ccTLD by its A-label: first the two-letter ones, then the IDN ones."""
        return tuple(sorted(self.by_label.values(), key=lambda cctld: (len(cctld.a_label) != 2, cctld.a_label)))


def canonical_label(label: str) -> str:
    """Return the A-label in lower case of `label`, without the leading dot; "" when it cannot be one label."""
    text = label.strip().translate(_DIRECTION_MARKS).strip()
    if not text or len(text) > MAX_LABEL + 1:
        return ""
    try:
        canonical = canonical_domain(text).removeprefix(".")
    except UnicodeError:
        return ""
    return canonical if re.fullmatch(r"[a-z0-9-]+", canonical) else ""


def delegations(add: Iterable[str] = (), retire: Iterable[str] = ()) -> Delegations:
    """Return what the packaged list says, with the ccTLDs of `add` and without those of `retire`.

    Raises `SettingsError` for a label that cannot be a ccTLD. To add one that is there already, or to retire one that
    is not, changes nothing: the packaged list may have caught up.
    """
    return _delegations(
        frozenset(_setting(label, "added") for label in add), frozenset(_setting(label, "retired") for label in retire)
    )


def _setting(label: str, verb: str) -> str:
    canonical = canonical_label(label)
    if not (_ASCII_CCTLD.fullmatch(canonical) or _is_idn(canonical)):
        raise SettingsError(f"{label!r} cannot be {verb} as a ccTLD: it is neither two letters nor an IDN label")
    return canonical


def _is_idn(canonical: str) -> bool:
    try:
        return not idna.ulabel(canonical).isascii()  # RFC 5891, 5: only what may be registered
    except UnicodeError:
        return False


@lru_cache(maxsize=16)
def _delegations(add: frozenset[str], retire: frozenset[str]) -> Delegations:
    packaged, countries = _packaged()
    labels = (packaged | add) - retire
    regions = {}
    for label in labels:
        country = countries.get(label) or _COUNTRY_OF.get(label, label.upper())
        if country in SUPPORTED_REGIONS:
            regions[label] = country
    return Delegations({label: Cctld(label) for label in labels}, regions)


@lru_cache(maxsize=1)
def _packaged() -> tuple[frozenset[str], Mapping[str, str]]:
    """Read the labels of the ccTLDs, and the countries of the IDN ones (of variants too, which may be added)."""
    labels: set[str] = set()
    countries: dict[str, str] = {}
    seen: set[str] = set()
    comment = ""
    for line in _country_section():
        if line.startswith("//"):
            found = _IDN_COMMENT.match(line)
            comment = found["rest"] if found else comment
            continue
        if not line:
            comment = ""
            continue
        # A ccTLD may stand as a wildcard alone ("*.ck"), so it is the last label of any rule that counts.
        written = line.split()[0].rpartition(".")[2]
        if written in seen:
            continue
        seen.add(written)
        label = canonical_label(written)
        if label.startswith("xn--"):
            country = _COUNTRY.search(comment)
            if country:
                countries[label] = country[1]
            if "variant" in comment:
                continue
        elif not _ASCII_CCTLD.fullmatch(label):
            continue
        labels.add(label)
    return frozenset(labels), countries


def _country_section() -> Iterable[str]:
    text = Path(PSLFILE).read_text(encoding="utf-8")
    start = text.index("===BEGIN ICANN DOMAINS===")
    return text[text.index("\n", start) : text.index("// newGTLDs", start)].splitlines()


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    # Only suffixes of registries: a domain that a hosting company hands out dies together with the company's own.
    return PublicSuffixList(only_icann=True)


@lru_cache(maxsize=16384)
def registrable_domain(domain: str) -> str:
    """Return the part of `domain` that is registered with a registry, in A-labels: "nic.nl" for "mail.nic.nl".

    A public suffix is returned as it is, and a name under a top-level domain that nobody knows counts as registered at
    the second level. Raises `UnicodeError` for a name that has no A-labels.
    """
    name = canonical_domain(domain).strip(".")
    return _suffixes().privatesuffix(name) or name
