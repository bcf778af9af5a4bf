"""Which ccTLDs are delegated, and the country of each, as a value."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from radicale_tldops.roster.cctld import Cctld
from radicale_tldops.roster.login import canonical_domain

MAX_LABEL = 63
"""Longest label in octets (RFC 1035, 2.3.4), and so in characters of any form of it."""

# Marks that only change the direction of the text around a label: they are copied together with a right-to-left label.
_DIRECTION_MARKS = str.maketrans("", "", "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, slots=True, eq=False)
class Delegations:
    """The ccTLDs that are delegated, by A-label, and the ISO 3166 codes of those that have telephone numbers."""

    by_label: Mapping[str, Cctld]
    regions: Mapping[str, str]

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
