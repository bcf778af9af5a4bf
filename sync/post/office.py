"""One round of the post office: what is new goes into the outbox, and what is due to the mail server."""

from datetime import datetime, timedelta
from email import message_from_string
from email.policy import SMTP

from radicale_tldops.settings import MailSettings, Settings
from radicale_tldops.store import outbox
from radicale_tldops.store.members import load_devices
from radicale_tldops.store.outbox import Mail
from radicale_tldops.store.read import load_state
from sync.post.notices import DEVICE, device_mails
from sync.post.round import Round, daily_fault
from sync.post.smtp import DeliveryError, send
from sync.stores import Stores

_FIRST_WAIT = timedelta(minutes=1)
_LONGEST_WAIT = timedelta(hours=1)
GIVE_UP_AFTER = timedelta(days=3)
"""How long after it was written a mail is tried; then it counts as not delivered."""


def write_new(settings: Settings, stores: Stores, now: datetime) -> None:
    """Put what members have not been told of into the outbox."""
    devices = {device.id: device for device in load_devices(stores.members)[1]}
    known = outbox.load_known(stores.desk, DEVICE)
    if outbox.BEGUN in known and devices.keys() <= known:
        return
    new = [device for number, device in devices.items() if number not in known]
    mails = [*device_mails(settings, load_state(stores.roster, now), new, now)]
    outbox.put_new(stores.desk, DEVICE, [device.id for device in new], mails, now)


def send_due(settings: MailSettings, stores: Stores, now: datetime) -> Round:
    """Send what is due, up to `[mail] daily`; no transaction is open meanwhile.

    A server that does not take a mail now ends the round: it would mostly not take the others.
    """
    due = outbox.load_due(stores.desk, now)
    room = settings.daily - outbox.count_sent(stores.desk, now - timedelta(days=1))
    sent = undelivered = 0
    for mail in due[: max(room, 0)]:
        wait = min(_FIRST_WAIT * 2 ** min(mail.attempts, 10), _LONGEST_WAIT)
        if not outbox.begin(stores.desk, mail, now + wait):
            continue
        try:
            send(settings, message_from_string(mail.message, policy=SMTP))
        except DeliveryError as error:
            is_final = error.is_final or _is_old(mail, now)
            outbox.end_failed(stores.desk, mail, str(error), is_final=is_final)
            undelivered += is_final
            if not is_final:
                return Round(sent, undelivered, len(due) - sent - undelivered, str(error))
        else:
            outbox.end_sent(stores.desk, mail, now)
            sent += 1
    left = len(due) - sent - undelivered
    return Round(sent, undelivered, left, daily_fault(settings) if left else "")


def _is_old(mail: Mail, now: datetime) -> bool:
    return now - datetime.fromisoformat(mail.created_at) > GIVE_UP_AFTER
