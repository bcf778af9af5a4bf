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
    `failure` the class of the latest reason. `refused_since` is when a guard first kept logins that are not on the
    list any more; `refusal` names the hazards, and `waiting` is how many logins there were the last time.
    """

    checked_at: datetime | None = None
    list_checked_at: datetime | None = None
    failing_since: datetime | None = None
    failure: str = ""
    refused_since: datetime | None = None
    refusal: str = ""
    waiting: int = 0

    def had_list(self, now: datetime) -> "Freshness":
        """Return what holds when the list was had at `now`, and nobody who is not on it reads on."""
        return Freshness(self.checked_at, now)

    def refused(self, now: datetime, refusal: str, waiting: int) -> "Freshness":
        """Return what holds when the list was had at `now`, and `waiting` logins that are not on it read on."""
        since = self.refused_since or now
        return replace(self.had_list(now), refused_since=since, refusal=refusal, waiting=waiting)

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

    @classmethod
    def from_json(cls, text: str) -> "Freshness":
        """Read what `to_json` wrote."""
        data = json.loads(text)
        # An older version has noted less.
        times = {key: parse_time(data[key]) if data.get(key) else None for key in _TIMES}
        return cls(
            **times,
            failure=str(data["failure"]),
            refusal=str(data.get("refusal", "")),
            waiting=int(data.get("waiting", 0)),
        )


def read_freshness(roster: Path, *, wait: float = WRITE_WAIT) -> Freshness:
    """Return what the roster database has noted.

    Raises:
        StoreError: it cannot be read.
    """
    with reading(roster, wait=wait) as connection:
        text = get_meta(connection, KEY)
        return Freshness.from_json(text) if text else Freshness()


_TIMES = ("checked_at", "list_checked_at", "failing_since", "refused_since")
