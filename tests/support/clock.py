"""The one clock of the tests: it stands still until a test moves it."""

from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 1, 12, tzinfo=UTC)


class Clock:
    """A clock that a test moves: called, it gives the seconds of a monotonic clock; `date` is the time of day."""

    def __init__(self, start: datetime = START) -> None:
        self.now = 1000.0
        self._start = start - timedelta(seconds=self.now)

    def __call__(self) -> float:
        """Return the seconds of a clock that knows no date."""
        return self.now

    def date(self) -> datetime:
        """Return the time of day that goes with it, in UTC."""
        return self._start + timedelta(seconds=self.now)
