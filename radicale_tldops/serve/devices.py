"""The device passwords in force, as the server last read them from the members database."""

from collections.abc import Mapping
from pathlib import Path

from radicale_tldops.roster.device import Device, DeviceState
from radicale_tldops.roster.errors import MissingStoreError
from radicale_tldops.store.change import file_identity
from radicale_tldops.store.engine import is_missing
from radicale_tldops.store.members import load_devices
from radicale_tldops.store.newest import OlderMembersError, refuse_older_members
from radicale_tldops.store.notes import COUNTER, NEWEST_MEMBERS, read_note


class LiveDevices:
    """The devices in force. `in_force` maps digests of passwords to them; it is None while none may be used."""

    def __init__(self, roster: Path, members: Path) -> None:
        self._roster, self._members = roster, members
        self._mark: object = None
        self.in_force: Mapping[str, Device] | None = None

    def look(self, wait: float) -> None:
        """Read the devices if they have changed, waiting at most `wait` seconds for a writer.

        Raises:
            StoreError: they cannot be read. The last ones stay in force, unless the members database is missing, empty
                or an older copy.
        """
        try:
            self._look(wait)
        except (MissingStoreError, OlderMembersError) as error:
            # The roster is read, too. If that is missing, the last devices stay in force.
            if isinstance(error, OlderMembersError) or is_missing(self._members):
                self.in_force = self._mark = None
            raise

    def _look(self, wait: float) -> None:
        mark = (file_identity(self._members), read_note(self._members, COUNTER, wait=wait))
        if mark != self._mark:
            known = read_note(self._roster, NEWEST_MEMBERS, wait=wait)
            counter, devices = load_devices(self._members, wait=wait)
            refuse_older_members(known, counter)
            in_force = (device for device in devices if device.state is DeviceState.IN_FORCE)
            self.in_force = {device.digest: device for device in in_force}
            self._mark = mark
