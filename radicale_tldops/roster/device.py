"""Device passwords: whose they are, and the one table of what may happen to them.

A device password belongs to a person, or to the login of a reader who is no SSC. It opens under every list address that
the person has, or had and nobody else has now, as long as the person reads since the same generation: somebody who
comes back in time reads since the same one, somebody else at the address never does.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from radicale_tldops.roster.snapshot import Reader

GRACE = timedelta(days=30)
"""How long somebody who left may come back and find the device passwords, and the card, unless set otherwise."""


class DeviceState(StrEnum):
    """Whether a device password is good: `ENDED` is for ever."""

    IN_FORCE = "valid"
    SUSPENDED = "suspended"
    ENDED = "revoked"


class OwnerState(StrEnum):
    """How its owner stands: on the list and in the file, away for less than the days of grace, gone, or denied."""

    READS = "reads"
    AWAY = "away"
    GONE = "gone"
    DENIED = "denied"


BECOMES: Mapping[tuple[DeviceState, OwnerState], DeviceState] = {
    (DeviceState.IN_FORCE, OwnerState.READS): DeviceState.IN_FORCE,
    (DeviceState.IN_FORCE, OwnerState.AWAY): DeviceState.SUSPENDED,
    (DeviceState.IN_FORCE, OwnerState.GONE): DeviceState.ENDED,
    (DeviceState.IN_FORCE, OwnerState.DENIED): DeviceState.ENDED,
    (DeviceState.SUSPENDED, OwnerState.READS): DeviceState.IN_FORCE,
    (DeviceState.SUSPENDED, OwnerState.AWAY): DeviceState.SUSPENDED,
    (DeviceState.SUSPENDED, OwnerState.GONE): DeviceState.ENDED,
    (DeviceState.SUSPENDED, OwnerState.DENIED): DeviceState.ENDED,
}
"""What becomes of a device password. `revoke` ends one in any state, and nothing brings an ended one back."""


@dataclass(frozen=True, slots=True)
class Device:
    """A device password, without the password.

    `owner` is the person's UID, or the login of a reader who is no SSC; `login` is the one that it was issued to, and
    `reader_since` the generation since which the owner read then.
    """

    id: str
    login: str
    reader_since: int
    label: str
    style: str
    digest: str
    created_at: str
    actor: str
    revoked_at: str = ""
    revoked_because: str = ""
    owner: str = ""
    suspended_at: str = ""

    @property
    def state(self) -> DeviceState:
        """Whether the password is good."""
        if self.revoked_at:
            return DeviceState.ENDED
        return DeviceState.SUSPENDED if self.suspended_at else DeviceState.IN_FORCE


@dataclass(frozen=True, slots=True)
class Absence:
    """Since when an owner who read since generation `since` does not read."""

    since: int
    at: datetime

    def is_over(self, now: datetime, grace: timedelta) -> bool:
        """Return whether the days in which devices come back have passed."""
        return now - self.at > grace


@dataclass(frozen=True, slots=True)
class OwnerStates:
    """Who reads, who is away, and who is denied, by owner."""

    readers: Mapping[str, Reader]
    absences: Mapping[str, Absence]
    denied: Collection[str]

    def of(self, device: Device, now: datetime, grace: timedelta) -> OwnerState:
        """Return how the owner of a device password stands towards it."""
        owner, since = device.owner, device.reader_since
        if owner in self.denied:
            return OwnerState.DENIED
        reader, absence = self.readers.get(owner), self.absences.get(owner)
        if reader is not None:
            return OwnerState.READS if reader.since == since else OwnerState.GONE
        if absence is not None and absence.since == since and not absence.is_over(now, grace):
            return OwnerState.AWAY
        return OwnerState.GONE
