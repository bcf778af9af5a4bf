"""The members' own device passwords: which there are, one more, and one less."""

from datetime import UTC, datetime
from pathlib import Path

from radicale_tldops.dav.answer import Ready
from radicale_tldops.dav.body import RequestError
from radicale_tldops.pages.clients import PROGRAMS, apple_profile, davx5_link
from radicale_tldops.pages.environment import render
from radicale_tldops.roster.device import Device, DeviceState
from radicale_tldops.roster.snapshot import Reader
from radicale_tldops.serve.webforms import HEADERS, page, ready, redirect
from radicale_tldops.settings import Settings
from radicale_tldops.store import audit
from radicale_tldops.store.members import add_device, load_devices, revoke_devices
from radicale_tldops.store.usage import SERVER, LastUsed, by_device, load_usage

DEVICES = "/.web/devices"
MOST_DEVICES = 20
"""Most device passwords that a member can have and still make one more here."""

_MAX_LABEL = 40
_BY_MEMBER = "by the member, on the pages"


class DevicePages:
    """Makes, lists and revokes the device passwords of a reader."""

    def __init__(self, settings: Settings) -> None:
        self._members: Path = settings.store.members
        self._url, self._book = settings.server.url, settings.cards.book_name
        self._sends_codes = bool(settings.mail.server)

    def show(self, reader: Reader, *, is_fresh: bool) -> Ready:
        """Return the list. Raises StoreError: the members database cannot be read."""
        uses = by_device(load_usage(self._members)[0])
        devices = [(device, _used(uses.get(device.id))) for device in reversed(self._own(reader))]
        text = render(
            "devices.html",
            devices=devices,
            programs=PROGRAMS.values(),
            is_fresh=is_fresh,
            sends_codes=self._sends_codes,
        )
        return page(200, text)

    def add(self, reader: Reader, program_key: str, label: str) -> Ready:
        """Make a device password, and show it with how to set up the program.

        Raises:
            RequestError: there is no such program, the label is no label, or there are too many passwords.
            StoreError: the members database cannot be written.
        """
        program, label = PROGRAMS.get(program_key), " ".join(label.split())
        if program is None or len(label) > _MAX_LABEL or not label.isprintable():
            raise RequestError(f"choose a program, and a name of at most {_MAX_LABEL} characters")
        if len(self._own(reader)) >= MOST_DEVICES:
            raise RequestError(f"you have {MOST_DEVICES} device passwords. Revoke one that you do not need any more")
        now = datetime.now(UTC)
        label = label or program.title
        made, password = add_device(self._members, reader, label, program.style, SERVER, now)
        detail = {"device": made.id, "label": label, "how": _BY_MEMBER}
        audit.record(self._members, SERVER, "device add", reader.login, detail, now)
        link = davx5_link(self._url, reader.login, password)
        values = {"program": program, "url": self._url, "login": reader.login, "password": password, "davx5": link}
        return page(200, render("set_up.html", **values))

    def revoke(self, reader: Reader, device_id: str) -> Ready:
        """Revoke one of the reader's own device passwords.

        Raises:
            RequestError: it is not one of them.
            StoreError: the members database cannot be written.
        """
        label = next((device.label for device in self._own(reader) if device.id == device_id), None)
        if label is None:
            raise RequestError("you have no such device password; perhaps it was revoked before")
        now = datetime.now(UTC)
        revoke_devices(self._members, [device_id], _BY_MEMBER, now)
        detail = {"device": device_id, "label": label, "reason": _BY_MEMBER}
        audit.record(self._members, SERVER, "device revoke", reader.login, detail, now)
        return redirect(303, DEVICES)

    def profile(self, reader: Reader) -> Ready:
        """Return the profile for Apple devices; it holds no password."""
        if not self._url:
            raise RequestError("the operator has not set [server] url: set the device up by hand")
        body = apple_profile(self._url, reader.login, self._book)
        name = ("Content-Disposition", 'attachment; filename="tld-ops.mobileconfig"')
        return ready(200, body, ("Content-Type", "application/x-apple-aspen-config"), name, *HEADERS)

    def _own(self, reader: Reader) -> list[Device]:
        """Return the passwords of a reader that are good, or suspended, in the order of issue."""
        devices = load_devices(self._members)[1]
        return [each for each in devices if each.owner == reader.owner and each.state is not DeviceState.ENDED]


def _used(use: LastUsed | None) -> str:
    if use is None:
        return "never used"
    return f"last used {use.last_seen[:10]}" + (f" by {use.agent}" if use.agent else "")
