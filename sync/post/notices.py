"""What members are told by mail: of every new device password. Pure; no mail holds a password or a telephone number.

A server that was broken into can write device passwords into its database: it must not be able to write mails. So the
recipients come from the roster, and the text from here: nothing that the server can write stands in it.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from email.policy import SMTPUTF8

from radicale_tldops.roster.device import Device, DeviceState
from radicale_tldops.settings import Settings
from radicale_tldops.store.outbox import Mail
from radicale_tldops.store.values import RosterState
from sync.post.message import new_message

DEVICE = "device"
"""The kind of a mail about a new device password."""

_DEVICE = """\
Before {now:%Y-%m-%d %H:%M} UTC, a device password was made for {login}.
An app with this password reads the address book {book}.

Was it made for you? Then there is nothing to do. If not, answer this mail at once: the
secretariat ends the password.
"""


def device_mails(settings: Settings, state: RosterState, devices: Iterable[Device], now: datetime) -> Iterator[Mail]:
    """Yield the mails about new device passwords: to a login of the owner, and to the owner's out-of-band address."""
    logins: dict[str, list[str]] = {}
    for login, uid in sorted(state.reader_uids.items()):
        logins.setdefault(uid or login, []).append(login)
    book = settings.cards.book_name
    for device in devices:
        own = logins.get(device.owner)
        if own is None or device.state is not DeviceState.IN_FORCE:
            continue
        login = device.login if device.login in own else own[0]
        text = _DEVICE.format(now=now, login=login, book=book)
        person = state.people.get(device.owner)
        for address in (login, *(person.contact.out_of_band[:1] if person else ())):
            message = new_message(settings.mail.sender, [address], f"A new device password for {book}", text, now)
            yield Mail(DEVICE, device.id, device.owner, address, message.as_string(policy=SMTPUTF8), now.isoformat())
