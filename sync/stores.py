"""Where the databases are."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from radicale_tldops.roster.contact import PrivateValues
from radicale_tldops.roster.device import GRACE
from radicale_tldops.roster.errors import StoreError
from radicale_tldops.store.desk import left_out, load_private


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

    def read_desk(self) -> tuple[Mapping[str, PrivateValues], StoreError | None]:
        """Return the private columns by UID, and why they cannot be read, or None."""
        if self.desk_fault is not None:
            return {}, self.desk_fault
        try:
            return load_private(self.desk), None
        except StoreError as error:
            return {}, left_out(self.desk, error)
