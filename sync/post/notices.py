"""What members are told by mail: of every new device password. Pure; no mail holds a password or a telephone number."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from email.policy import SMTPUTF8

from radicale_tldops.roster.contact import Contact
from radicale_tldops.roster.device import Device, DeviceState
from radicale_tldops.settings import Settings
from radicale_tldops.store.outbox import Mail
from radicale_tldops.store.values import parse_time
from sync.post.message import new_message

DEVICE = "device"
"""The kind of a mail about a new device password."""

_DEVICE = """\
On {at:%Y-%m-%d} at {at:%H:%M} UTC, a device password was made for {login}:

    {label} ({style})

An app with this password reads the address book {book}.

Was it made for you? Then nothing is to do. If not, answer this mail at once: the
secretariat ends the password.
"""


def device_mails(settings: Settings, device: Device, contact: Contact | None, now: datetime) -> Iterator[Mail]:
    """Yield the mails about a new device password: to the login, and to the out-of-band address of its owner.

    `contact` is the owner in the roster, None for a reader who is no SSC.
    """
    if device.state is not DeviceState.IN_FORCE:
        return
    book, sender = settings.cards.book_name, settings.mail.sender
    text = _DEVICE.format(
        at=parse_time(device.created_at), login=device.login, label=device.label, style=device.style, book=book
    )
    for address in (device.login, *(contact.out_of_band[:1] if contact else ())):
        message = new_message(sender, [address], f"A new device password for {book}", text, now)
        yield Mail(DEVICE, device.id, device.owner, address, message.as_string(policy=SMTPUTF8), now.isoformat())


def new_mails(
    settings: Settings, devices: Mapping[str, Device], contacts: Mapping[str, Contact], now: datetime
) -> list[Mail]:
    """Return the mails about these devices; `contacts` are people by UID."""
    return [
        mail for device in devices.values() for mail in device_mails(settings, device, contacts.get(device.owner), now)
    ]
