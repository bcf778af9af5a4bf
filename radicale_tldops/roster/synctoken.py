"""Sync tokens (RFC 6578, 4): which state of which book a client holds."""

import re
from dataclasses import dataclass
from typing import Self

# A data URI: valid wherever a URI is wanted, resolvable by nobody, with the "/" and ":" that Evolution looks for.
_PREFIX = "data:,tldops/"
_NUMBER = "(0|[1-9][0-9]{0,17})"
_SHAPE = re.compile(
    re.escape(_PREFIX) + f"([0-9a-f]{{32}})/([a-z]+)/{_NUMBER}(?:/([0-9A-Za-z._-]{{1,80}})(?:/{_NUMBER})?)?"
)


@dataclass(frozen=True, slots=True)
class SyncToken:
    """The state of one style of the book: `lineage` names the store's history, `revision` a point in it.

    `upto` is set where an answer was cut short: of what changed at that revision the client knows what comes before
    this href, and this href itself. `begun` is set in the pages of a first sync: the revision of the book at its first
    page, up to which nothing is told as removed (3.4).
    """

    lineage: str
    style: str
    revision: int
    upto: str = ""
    begun: int = 0

    def __str__(self) -> str:
        place = f"/{self.upto}" if self.upto else ""
        return f"{_PREFIX}{self.lineage}/{self.style}/{self.revision}{place}" + (f"/{self.begun}" if self.begun else "")

    @property
    def newest(self) -> int:
        """The newest revision that the client has seen something of."""
        return max(self.revision, self.begun)

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Return the token that `text` spells, or None for anything that this software never gave out."""
        match = _SHAPE.fullmatch(text)
        return cls(match[1], match[2], int(match[3]), match[4] or "", int(match[5] or 0)) if match else None
