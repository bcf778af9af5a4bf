"""When the subscriber list was last read, and since when it is unreadable."""

import json
from dataclasses import dataclass, replace
from datetime import datetime

from radicale_tldops.store.values import parse_time

_TIMES = ("checked_at", "list_checked_at", "failing_since", "refused_since", "stopped_since")


@dataclass(frozen=True, slots=True)
class Freshness:
    """When each input was last read successfully; None for never. Alarms and closing access depend on it.

    `checked_at` is the last sync that read everything and was not refused, `list_checked_at` the last one that read the
    list, `tldops follow` included. `failing_since` is the first time since then at which the list was unreadable, and
    `failure` is the class of the latest reason. `refused_since` is when a guard first kept logins that are no longer on
    the list; `refusal` names the hazards, and `waiting` is the number of these logins at the latest attempt.
    `stopped_since` is the first sync since `checked_at` that was refused, and `stopped` says why the latest one was.
    """

    checked_at: datetime | None = None
    list_checked_at: datetime | None = None
    failing_since: datetime | None = None
    failure: str = ""
    refused_since: datetime | None = None
    refusal: str = ""
    waiting: int = 0
    stopped_since: datetime | None = None
    stopped: str = ""

    def list_read(self, now: datetime) -> "Freshness":
        """Return what holds when the list was read at `now`, and only people on it can read."""
        return Freshness(self.checked_at, now, stopped_since=self.stopped_since, stopped=self.stopped)

    def sync_stopped(self, now: datetime, why: str) -> "Freshness":
        """Return what holds when a sync was refused at `now`; the same if the one before was for this reason."""
        return replace(self, stopped_since=self.stopped_since or now, stopped=why)

    def refused(self, now: datetime, refusal: str, waiting: int) -> "Freshness":
        """Return what holds when the list was read at `now`, and `waiting` logins that are not on it can still read."""
        since = self.refused_since or now
        return replace(self.list_read(now), refused_since=since, refusal=refusal, waiting=waiting)

    def all_read(self, now: datetime) -> "Freshness":
        """Return what holds when a sync read everything at `now`."""
        return Freshness(now, now)

    def failed(self, now: datetime, failure: str) -> "Freshness":
        """Return what holds when the list was unreadable at `now`; the same if it already was for this reason."""
        return replace(self, failing_since=self.failing_since or now, failure=failure)

    @classmethod
    def from_json(cls, text: str) -> "Freshness":
        """Read the stored form; an older version stored fewer values."""
        data = json.loads(text)
        times = {key: parse_time(data[key]) if data.get(key) else None for key in _TIMES}
        return cls(
            **times,
            failure=str(data["failure"]),
            refusal=str(data.get("refusal", "")),
            waiting=int(data.get("waiting", 0)),
            stopped=str(data.get("stopped", "")),
        )
