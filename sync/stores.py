"""Where the databases are."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from radicale_tldops.roster.device import GRACE
from radicale_tldops.roster.errors import StoreError


@dataclass(frozen=True, slots=True)
class Stores:
    """Where the databases are. `fault` is why the members database cannot be used, `desk_fault` why the desk cannot.

    `grace` is how long somebody who left may come back and keep the device passwords.
    """

    roster: Path
    members: Path
    desk: Path
    fault: StoreError | None = None
    desk_fault: StoreError | None = None
    grace: timedelta = GRACE
