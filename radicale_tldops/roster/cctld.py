"""Country-code top-level domains, compared by their A-label, and which of them are delegated."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from radicale_tldops.roster.login import canonical_domain

MAX_LABEL = 63
"""Longest label in octets (RFC 1035, 2.3.4), and so in characters of any form of it."""

# Marks that only change the direction of the text around a label: they are copied together with a right-to-left label.
_DIRECTION_MARKS = str.maketrans("", "", "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@lru_cache(maxsize=2048)
def _u_label(a_label: str) -> str:
    return a_label[4:].encode("ascii").decode("punycode") if a_label.startswith("xn--") else a_label


@dataclass(frozen=True, slots=True, order=True)
class Cctld:
    """One ccTLD by its A-label in lower case, without the dot ("nl", "xn--p1ai")."""

    a_label: str

    def __post_init__(self) -> None:
        if not self.a_label.isascii() or self.a_label != self.a_label.lower() or "." in self.a_label:
            raise ValueError(f"not an A-label: {self.a_label!r}")

    @property
    def u_label(self) -> str:
        """The label as people read it ("рф"); the A-label again where that is ASCII (RFC 5890, 2.3.2.1)."""
        return _u_label(self.a_label)

    @property
    def dotted(self) -> str:
        """The U-label behind a dot, the way the community writes it: ".nl", ".рф"."""
        return "." + self.u_label

    @property
    def iana_page(self) -> str:
        """Address of the entry in IANA's root zone database."""
        return f"https://www.iana.org/domains/root/db/{self.a_label}.html"


@dataclass(frozen=True, slots=True, eq=False)
class Delegations:
    """The ccTLDs that are delegated, by A-label, and the ISO 3166 codes of those that have telephone numbers.

    `ascii_of` is the two-letter ccTLD of the same country, by the A-label of an IDN ccTLD.
    """

    by_label: Mapping[str, Cctld]
    regions: Mapping[str, str]
    ascii_of: Mapping[str, str] = field(default_factory=dict)

    def known(self, label: str) -> Cctld | None:
        """Return the ccTLD that `label` names, or None.

        `label` is a U-label or A-label in any case and normalisation form, with or without a leading dot.
        """
        return self.by_label.get(canonical_label(label))

    def all(self) -> tuple[Cctld, ...]:
        """Return every ccTLD by its A-label: first the two-letter labels, then the IDN labels."""
        return tuple(sorted(self.by_label.values(), key=lambda cctld: (len(cctld.a_label) != 2, cctld.a_label)))


@lru_cache(maxsize=2048)
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
