"""The delegated ccTLDs and registrable domains, from the Public Suffix List in the package `publicsuffixlist`.

The ccTLDs are the two-letter labels and the IDN labels of the list's ICANN section above the line `// newGTLDs`. A
comment above each IDN label names its country.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

import idna
from phonenumbers import SUPPORTED_REGIONS
from publicsuffixlist import PSLFILE, PublicSuffixList

from radicale_tldops.roster.cctld import Cctld, Delegations, canonical_label
from radicale_tldops.roster.errors import SettingsError
from radicale_tldops.roster.login import canonical_domain

# The two ccTLDs whose label is not the country's code in ISO 3166 (RFC 1591, 4.2 took the list as it was then).
_COUNTRY_OF = {"uk": "GB", "su": "RU"}

# IDN labels of the packaged list that are not in the root zone.
_NOT_IN_ROOT = frozenset({"xn--mgb2ddes", "xn--mgba3a4fra", "xn--mix082f"})

_IDN_COMMENT = re.compile(r"//\s*xn--[a-z0-9-]+\s(?P<rest>.*)")
_COUNTRY = re.compile(r"[):]\s*([A-Z]{2})\s*$")
_ASCII_CCTLD = re.compile(r"[a-z]{2}")


def delegations(add: Iterable[str] = (), retire: Iterable[str] = ()) -> Delegations:
    """Return the ccTLDs of the packaged list, with those of `add` and without those of `retire`.

    A label of `add` may already be in the list, and a label of `retire` may be missing from it.

    Raises:
        SettingsError: a label cannot be a ccTLD.
    """
    return _delegations(
        frozenset(_setting(label, "added") for label in add), frozenset(_setting(label, "retired") for label in retire)
    )


@lru_cache(maxsize=16384)
def registrable_domain(domain: str) -> str:
    """Return the part of `domain` that is registered with a registry, in A-labels: "nic.nl" for "mail.nic.nl".

    A public suffix is returned unchanged. Under a top-level domain that is not in the list, it is the second level.

    Raises:
        UnicodeError: the name has no A-labels.
    """
    name = canonical_domain(domain).strip(".")
    return _suffixes().privatesuffix(name) or name


def _setting(label: str, verb: str) -> str:
    canonical = canonical_label(label)
    if not (_ASCII_CCTLD.fullmatch(canonical) or _is_idn(canonical)):
        raise SettingsError(f"{label!r} cannot be {verb} as a ccTLD: write two letters or an IDN label")
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
    letters = {country: label for label, country in _COUNTRY_OF.items() if label != "su"}
    forms = {label: letters.get(country, country.lower()) for label, country in countries.items()}
    ascii_of = {label: form for label, form in forms.items() if label in labels and form in labels}
    return Delegations({label: Cctld(label) for label in labels}, regions, ascii_of)


@lru_cache(maxsize=1)
def _packaged() -> tuple[frozenset[str], Mapping[str, str]]:
    """Return the labels of the ccTLDs, and the countries of the IDN labels (also of variants, which may be added)."""
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
        # A ccTLD may stand as a wildcard alone ("*.ck"), so the last label of any rule counts.
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
    return frozenset(labels) - _NOT_IN_ROOT, countries


def _country_section() -> Iterable[str]:
    text = Path(PSLFILE).read_text(encoding="utf-8")
    start = text.index("===BEGIN ICANN DOMAINS===")
    return text[text.index("\n", start) : text.index("// newGTLDs", start)].splitlines()


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    # Only suffixes of registries: the domain of a hosting company's customer fails together with the company's domain.
    return PublicSuffixList(only_icann=True)
