"""Who a request comes from."""

from collections.abc import Mapping
from dataclasses import dataclass

from radicale_tldops.roster.device import Device
from radicale_tldops.roster.snapshot import GROUPS_SUFFIX, Reader, Snapshot, Style


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a request comes from: the reader, the device, and the style of the book that this client gets.

    `device` is None where the login was proved by LDAP.
    """

    reader: Reader
    device: Device | None
    style: Style

    @property
    def principal(self) -> str:
        """The principal's name in paths, with the suffix for the style."""
        return self.reader.principal + (GROUPS_SUFFIX if self.style is Style.GROUPS else "")

    @property
    def name(self) -> str:
        """The principal's display name (RFC 3744, 4): a reader without a name is shown by the login."""
        return self.reader.name or self.reader.login

    @property
    def label(self) -> str:
        """The device's label for logs, or "LDAP"."""
        return self.device.label if self.device else "LDAP"

    @property
    def device_id(self) -> str:
        """The device's id, or "" without a device."""
        return self.device.id if self.device else ""

    def may_read(self, snapshot: Snapshot, devices: Mapping[str, Device]) -> bool:
        """Tell whether this reader may read `snapshot` with this device.

        The person has to read since the same generation, and the device has to be in force. `devices` are the devices
        in force, by the digest of their password.
        """
        device, login = self.device, self.reader.login
        reader = snapshot.reader(login) if device is None else snapshot.reader_of(device.owner, login)
        if reader is None or (reader.principal, reader.since) != (self.reader.principal, self.reader.since):
            return False
        return device is None or (device.reader_since == reader.since and devices.get(device.digest) == device)
