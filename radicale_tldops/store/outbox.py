"""The outbox of the desk database: mails that are to be sent, and what became of them.

The time of the next attempt is written before an attempt: a command that is killed while sending sends a mail twice,
and loses none.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert

from radicale_tldops.store.engine import reading, writing
from radicale_tldops.store.opening import check_version
from radicale_tldops.store.schema import DESK, outbox

_NEVER = ""
_COUNTED = timedelta(days=30)
BEGUN = ""
"""What the first row of a kind is about: it says that there was a first round."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail to one recipient. `kind` and `about` say what it is about: there is no second one for the same.

    `owner` is whose it is, as for a device; `message` the whole mail (RFC 5322). `fault` is why it was not sent the
    last time, "" before that.
    """

    kind: str
    about: str
    owner: str
    recipient: str
    message: str
    created_at: str
    id: int = 0
    attempts: int = 0
    fault: str = ""


def put_new(path: Path, kind: str, abouts: Sequence[str], mails: Sequence[Mail], now: datetime) -> None:
    """Put these mails into the outbox, each once. In the first round of a kind none: no mail is about the past.

    `abouts` is all that is new. What no mail is about is noted, too, so that it is not new in the next round.

    Raises:
        StoreError: the desk database cannot be written, or is of another version.
    """
    at = now.isoformat()
    with writing(path) as connection:
        check_version(path, connection, DESK)
        if connection.execute(select(outbox.c.id).where(outbox.c.kind == kind).limit(1)).first() is None:
            mails = []
        _insert(connection, mails, due_at=at, sent_at=_NEVER)
        silent = {BEGUN, *abouts} - {mail.about for mail in mails}
        _insert(connection, [Mail(kind, about, "", "", "", at) for about in silent], due_at=_NEVER, sent_at=at)


def _insert(connection: Connection, mails: Sequence[Mail], **more: str) -> None:
    rows = [{name: value for name, value in asdict(mail).items() if name != "id"} | more for mail in mails]
    if rows:
        connection.execute(insert(outbox).on_conflict_do_nothing(), rows)


def load_known(path: Path, kind: str) -> frozenset[str]:
    """Return what there was a mail about."""
    with reading(path) as connection:
        check_version(path, connection, DESK)
        return frozenset(connection.execute(select(outbox.c.about).where(outbox.c.kind == kind)).scalars())


def load_due(path: Path, now: datetime) -> Sequence[Mail]:
    """Return the mails that are to be sent now, the oldest first."""
    its = outbox.c.due_at != _NEVER, outbox.c.due_at <= now.isoformat()
    return _load(path, *its)


def load_undelivered(path: Path, since: datetime) -> Sequence[Mail]:
    """Return the mails written since a moment that no server has taken, and that are not tried any more."""
    is_new = outbox.c.created_at >= since.isoformat()
    return _load(path, outbox.c.due_at == _NEVER, outbox.c.sent_at == _NEVER, is_new)


def _load(path: Path, *its: Any) -> Sequence[Mail]:
    with reading(path) as connection:
        check_version(path, connection, DESK)
        return [_mail(row) for row in connection.execute(select(outbox).where(*its).order_by(outbox.c.id))]


def _mail(row: Row[Any]) -> Mail:
    return Mail(**{name: value for name, value in row._mapping.items() if name not in ("due_at", "sent_at")})


def count_sent(path: Path, since: datetime, kind: str = "", recipient: str = "", about: str = "") -> int:
    """Return how many mails were sent since a moment; of a kind, to a recipient, about what begins so, where given."""
    its = [outbox.c.message == "", outbox.c.recipient != "", outbox.c.sent_at >= since.isoformat()]
    its += [column == text for column, text in ((outbox.c.kind, kind), (outbox.c.recipient, recipient)) if text]
    its += [outbox.c.about.startswith(about)] if about else []
    with reading(path) as connection:
        check_version(path, connection, DESK)
        return connection.execute(select(func.count()).where(*its)).scalar_one()


def put_sent(path: Path, mail: Mail) -> Mail:
    """Record a mail that is sent now and not kept; return it with its number. Forget such mails of a month before."""
    month_before = datetime.fromisoformat(mail.created_at) - _COUNTED
    with writing(path) as connection:
        check_version(path, connection, DESK)
        old = outbox.c.kind == mail.kind, outbox.c.created_at < month_before.isoformat()
        connection.execute(delete(outbox).where(*old))
        values = {name: value for name, value in asdict(mail).items() if name != "id"}
        row = insert(outbox).values(**values, due_at=_NEVER, sent_at=mail.created_at).returning(outbox.c.id)
        return replace(mail, id=connection.execute(row).scalar_one())


def forget(path: Path, mail: Mail) -> None:
    """Forget a mail: it was not sent."""
    with writing(path) as connection:
        connection.execute(delete(outbox).where(outbox.c.id == mail.id))


def begin(path: Path, mail: Mail, due_at: datetime) -> bool:
    """Count an attempt that begins now; the next one is at `due_at`. False where another command has begun it."""
    with writing(path) as connection:
        its = outbox.c.id == mail.id, outbox.c.attempts == mail.attempts
        values = {"attempts": mail.attempts + 1, "due_at": due_at.isoformat()}
        return connection.execute(update(outbox).where(*its).values(values)).rowcount == 1


def end_sent(path: Path, mail: Mail, now: datetime) -> None:
    """Record that a server has taken a mail, and forget its text."""
    _set(path, mail, sent_at=now.isoformat(), due_at=_NEVER, message="", fault="")


def end_failed(path: Path, mail: Mail, fault: str, *, is_final: bool) -> None:
    """Record why a mail was not taken; a final one is not tried again."""
    _set(path, mail, fault=fault, **({"due_at": _NEVER, "message": ""} if is_final else {}))


def _set(path: Path, mail: Mail, **values: str | int) -> None:
    with writing(path) as connection:
        connection.execute(update(outbox).where(outbox.c.id == mail.id).values(**values))
