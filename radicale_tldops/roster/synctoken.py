"""Sync tokens (RFC 6578, 4): which state of which book a client holds."""

import re
from dataclasses import dataclass
from typing import Self

# A data URI: valid wherever a URI is wanted, resolvable by nobody, with the "/" and ":" that Evolution looks for.
_PREFIX = "data:,tldops/"
_SHAPE = re.compile(re.escape(_PREFIX) + r"([0-9a-f]{32})/([a-z]+)/(0|[1-9][0-9]{0,17})(?:/([0-9A-Za-z._-]{1,80}))?")


@dataclass(frozen=True, slots=True)
class SyncToken:
    """The state of one style of the book: `lineage` names the store's history, `revision` a point in it.

    `upto` is set where an answer was cut short: of what changed at that revision the client knows what comes before
    this href, and this href itself.
    """

    lineage: str
    style: str
    revision: int
    upto: str = ""

    def __str__(self) -> str:
        return f"{_PREFIX}{self.lineage}/{self.style}/{self.revision}" + (f"/{self.upto}" if self.upto else "")

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Return the token that `text` spells, or None for anything that this software never gave out."""
        match = _SHAPE.fullmatch(text)
        return cls(match[1], match[2], int(match[3]), match[4] or "") if match else None
