"""Where the two databases are."""

from dataclasses import dataclass
from pathlib import Path

from radicale_tldops.roster.errors import StoreError


@dataclass(frozen=True, slots=True)
class Stores:
    """Where the two databases are. `fault` is why the members database cannot be used, or None."""

    roster: Path
    members: Path
    fault: StoreError | None = None
