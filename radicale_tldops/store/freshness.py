"""How long ago the list was had, and since when it cannot be: what alarms, and closing access, go by."""

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

from radicale_tldops.store.engine import WRITE_WAIT, reading
from radicale_tldops.store.read import parse_time
from radicale_tldops.store.schema import get_meta

KEY = "freshness"
"""The key of the roster database's notes that holds it, as JSON."""


@dataclass(frozen=True, slots=True)
class Freshness:
    """When what was last had; None for never.

    `checked_at` is the last sync that looked at everything and was not refused, `list_checked_at` the last that had
    the list, `--access-only` included. `failing_since` is when the list could first not be had since then, and
    `failure` the class of the latest reason.
    """

    checked_at: datetime | None = None
    list_checked_at: datetime | None = None
    failing_since: datetime | None = None
    failure: str = ""

    def had_list(self, now: datetime) -> "Freshness":
        """Return what holds when the list was had at `now`."""
        return Freshness(self.checked_at, now)

    def had_everything(self, now: datetime) -> "Freshness":
        """Return what holds when a sync at `now` looked at everything."""
        return Freshness(now, now)

    def failed(self, now: datetime, failure: str) -> "Freshness":
        """Return what holds when the list could not be had at `now`; the same if that is no news."""
        return replace(self, failing_since=self.failing_since or now, failure=failure)

    def to_json(self) -> str:
        """Return the note as the store keeps it."""
        values = asdict(self).items()
        return json.dumps({key: value.isoformat() if isinstance(value, datetime) else value for key, value in values})


def read_freshness(roster: Path, *, wait: float = WRITE_WAIT) -> Freshness:
    """Return what the roster database has noted.

    Raises:
        StoreError: it cannot be read.
    """
    with reading(roster, wait=wait) as connection:
        text = get_meta(connection, KEY)
        if not text:
            return Freshness()
        data = json.loads(text)
        times = {key: parse_time(data[key]) if data[key] else None for key in _TIMES}
        return Freshness(**times, failure=str(data["failure"]))


_TIMES = ("checked_at", "list_checked_at", "failing_since")
