"""Codes to sign in to the pages: made here, mailed once, and never stored as they are.

A server that was broken into can write any number of wishes: the recipient is a reader's own address, the text is ours,
and what was sent is counted in the desk database, which it cannot open.
"""

from datetime import datetime, timedelta

from radicale_tldops.roster.login import canonical_login
from radicale_tldops.roster.snapshot import Snapshot
from radicale_tldops.settings import Settings
from radicale_tldops.store import outbox
from radicale_tldops.store.read import load_snapshot
from radicale_tldops.store.wishes import AN_HOUR, MOST_AN_HOUR, CodeWish, end_wish, load_open, new_code, put_code
from sync.post.message import new_message
from sync.post.round import Round, daily_fault
from sync.post.smtp import DeliveryError, send
from sync.stores import Stores

CODE = "code"
"""The kind of a mail with a code."""

_TEXT = """\
Your code to sign in to {book}:

    {code}

Type it into the page that asked for it, in the same browser. It works once, until {until:%H:%M} UTC.

Did you not ask for it? Then do nothing: without this mail nobody can sign in as you. Nobody
will ever ask you to tell this code or to forward this mail.
"""
_LASTS = timedelta(minutes=15)


def send_codes(settings: Settings, stores: Stores, now: datetime) -> Round:
    """Mail a code for each open wish. A code that was not sent because the process was killed is made anew.

    Raises:
        StoreError: a database cannot be read or written.
    """
    wishes = load_open(stores.members, now)
    snapshot = load_snapshot(stores.roster) if wishes else None
    sent = 0
    for number, wish in enumerate(wishes):
        assert snapshot is not None  # noqa: S101 - it was loaded for the first of them
        login = _recipient(snapshot, wish)
        if not login or outbox.count_sent(stores.desk, now - AN_HOUR, CODE, login, _where(wish)) >= MOST_AN_HOUR:
            end_wish(stores.members, wish, now)
            continue
        if outbox.count_sent(stores.desk, now - timedelta(days=1)) >= settings.mail.daily:
            return Round(sent, 0, len(wishes) - number, daily_fault(settings.mail))
        try:
            _send(settings, stores, wish, snapshot.readers[login].owner, now)
        except DeliveryError as error:
            if not error.is_final:
                return Round(sent, 0, len(wishes) - number, str(error))
        else:
            sent += 1
        end_wish(stores.members, wish, now)
    return Round(sent, 0, 0)


def _recipient(snapshot: Snapshot, wish: CodeWish) -> str:
    """Return the login that gets the code, "" where it may not read now."""
    reader = snapshot.reader(canonical_login(wish.login))
    return reader.login if reader else ""


def _where(wish: CodeWish) -> str:
    return "known" if wish.is_known else "new"


def _send(settings: Settings, stores: Stores, wish: CodeWish, owner: str, now: datetime) -> None:
    code, login = new_code(), canonical_login(wish.login)
    put_code(stores.members, wish, code, now)
    book = settings.cards.book_name
    text = _TEXT.format(book=book, code=code, until=now + _LASTS)
    message = new_message(settings.mail.sender, [login], f"Your code for {book}", text, now)
    # Counted before it is sent: a process that is killed meanwhile sends no more than is allowed.
    about = f"{_where(wish)} {message['Message-ID']}"
    mail = outbox.put_sent(stores.desk, outbox.Mail(CODE, about, owner, login, "", now.isoformat()))
    try:
        send(settings.mail, message)
    except DeliveryError:
        outbox.forget(stores.desk, mail)
        raise
