"""A device password in words, and as plain values."""

from collections.abc import Iterable
from datetime import datetime

from radicale_tldops.roster.device import Device, DeviceState
from radicale_tldops.store.usage import RARELY, LastUsed, SeenFrom, between


def device_line(device: Device, use: LastUsed | None, networks: Iterable[SeenFrom] = ()) -> str:
    """Return one device in words: what it is, since when, when it was last used, and whether it is good."""
    used = f"last used {use.last_seen[:10]}" if use else "never used"
    by = f" by {use.agent}" if use and use.agent else ""
    place = _whence(use, networks) if use else ""
    state = "" if device.state is DeviceState.IN_FORCE else f": {device_state(device)}"
    return f"{device.label} ({device.style}), issued {device.created_at[:10]}, {used}{by}{place}{state}"


def _whence(use: LastUsed, networks: Iterable[SeenFrom]) -> str:
    """Return from where a device was last used, in words; "" where another device of the login hides it."""
    last = datetime.fromisoformat(use.last_seen)
    seen = [found for found in networks if found.login == use.login and between(found.last_seen, last) <= RARELY]
    new = {between(found.first_seen, last) <= RARELY for found in seen}
    if len(new) != 1:
        return ""
    return ", from a network not seen before" if new.pop() else ", from the same network as before"


def device_state(device: Device) -> str:
    """Return the state of a device in words."""
    if device.state is DeviceState.ENDED:
        return f"revoked {device.revoked_at[:10]}: {device.revoked_because}"
    return f"suspended {device.suspended_at[:10]}" if device.suspended_at else "valid"


def device_json(device: Device, used: LastUsed | None) -> dict[str, object]:
    """Return a device as plain values."""
    return {
        "id": device.id,
        "login": device.login,
        "label": device.label,
        "style": device.style,
        "created_at": device.created_at,
        "issued_by": device.actor,
        "state": device.state.value,
        "revoked_at": device.revoked_at or None,
        "revoked_because": device.revoked_because or None,
        "last_used": used.last_seen if used else None,
        "app": used.agent or None if used else None,
        "generation": used.generation or None if used else None,
    }
