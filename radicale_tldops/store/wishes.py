"""Wishes for a code to sign in, and the codes' digests, in the members database.

The server writes a wish: for whom, and a digest of the cookie of the browser that asked. The post office makes the code
and writes its digest. The server compares what is typed. Nobody can use a code in another browser.
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, func, insert, select, update

from radicale_tldops.store.engine import writing
from radicale_tldops.store.members import SYMBOLS
from radicale_tldops.store.opening import few_rows, reading_members
from radicale_tldops.store.schema import wish

LASTS = timedelta(minutes=15)
"""How long a wish waits for its code, and a code works."""

AN_HOUR = timedelta(hours=1)
MOST_AN_HOUR = 5
"""Most wishes of a login within an hour, and as many more from networks where the login was used before."""

_KEPT = timedelta(days=1)
_GROUP = 4
_LENGTH = 8


@dataclass(frozen=True, slots=True)
class CodeWish:
    """A wish for a code. `code` is the digest of the code, "" before there is one; times are "" until they come.

    `is_known` says that it came from a network where the login was used before.
    """

    id: int
    login: str
    browser: str
    at: str
    is_known: bool
    code: str = ""
    made_at: str = ""
    sent_at: str = ""
    used_at: str = ""

    def is_open(self, now: datetime) -> bool:
        """Tell whether a code may still be mailed."""
        return not self.sent_at and self._is_recent(self.at, now)

    def accepts(self, typed: str, now: datetime) -> bool:
        """Tell whether this is the code, and it works now. Case, spaces and hyphens do not count."""
        given = code_digest(self.browser, typed)
        is_right = hmac.compare_digest(given, self.code)
        return bool(is_right and self.code and not self.used_at and self._is_recent(self.made_at, now))

    def _is_recent(self, at: str, now: datetime) -> bool:
        try:
            return abs(now - datetime.fromisoformat(at)) <= LASTS
        except (ValueError, TypeError):
            return False


def new_code() -> str:
    """Return a code of eight characters that are easy to type: "k3vt-90mz"."""
    symbols = "".join(secrets.choice(SYMBOLS) for _ in range(_LENGTH))
    return f"{symbols[:_GROUP]}-{symbols[_GROUP:]}"


def code_digest(browser: str, code: str) -> str:
    """Return what is stored of a code: it belongs to one browser. Letters that look like digits count as these."""
    plain = "".join(letter for letter in code.lower() if letter.isalnum()).translate(str.maketrans("oil", "011"))
    return hashlib.sha256(f"tldops-code:{browser}:{plain}".encode()).hexdigest()


def browser_digest(token: str) -> str:
    """Return what is stored of the cookie that binds a code to a browser."""
    return hashlib.sha256(f"tldops-browser:{token}".encode("utf-8", "surrogatepass")).hexdigest()


def add_wish(connection: Connection, login: str, browser: str, at: datetime, *, is_known: bool) -> bool:
    """Write a wish within the caller's transaction; return whether there was room for one more within the hour."""
    its = wish.c.login == login, wish.c.is_known == int(is_known), wish.c.at >= (at - AN_HOUR).isoformat()
    if connection.execute(select(func.count()).select_from(wish).where(*its)).scalar_one() >= MOST_AN_HOUR:
        return False
    values = {"login": login, "browser": browser, "at": at.isoformat(), "is_known": int(is_known)}
    connection.execute(insert(wish).values(**values, code="", made_at="", sent_at="", used_at=""))
    return True


def load_open(members: Path, now: datetime) -> Sequence[CodeWish]:
    """Return the wishes for which a code is to be mailed, the oldest first."""
    begin = (now - LASTS).isoformat()
    return [each for each in _load(members, wish.c.sent_at == "", wish.c.at >= begin) if each.is_open(now)]


def find_wish(members: Path, browser: str) -> CodeWish | None:
    """Return the wish of this browser, or None."""
    return next(iter(_load(members, wish.c.browser == browser)), None)


def _load(members: Path, *its: Any) -> list[CodeWish]:
    with reading_members(members) as connection:
        rows = few_rows(connection, select(wish).where(*its).order_by(wish.c.id))
        return [_wish(row) for row in rows]


def _wish(row: RowMapping) -> CodeWish:
    # A server that was broken into can write anything here.
    texts = {name: str(value) for name, value in row.items() if name not in ("id", "is_known")}
    return CodeWish(id=row["id"], is_known=bool(row["is_known"]), **texts)


def put_code(members: Path, its: CodeWish, code: str, now: datetime) -> None:
    """Write the digest of the code for a wish; one before it does not work any more."""
    with writing(members) as connection:
        made = {"code": code_digest(its.browser, code), "made_at": now.isoformat()}
        connection.execute(update(wish).where(wish.c.id == its.id).values(**made))
        # Nobody needs those of the day before.
        connection.execute(delete(wish).where(wish.c.at < (now - _KEPT).isoformat()))


def end_wish(members: Path, its: CodeWish, now: datetime) -> None:
    """Record that no further mail is sent for a wish."""
    _set(members, wish.c.id == its.id, sent_at=now.isoformat())


def use_code(members: Path, its: CodeWish, now: datetime) -> bool:
    """Record that a code was used; False where it was used before."""
    return _set(members, wish.c.id == its.id, wish.c.used_at == "", used_at=now.isoformat()) == 1


def _set(members: Path, *its: Any, **values: str) -> int:
    with writing(members) as connection:
        return int(connection.execute(update(wish).where(*its).values(**values)).rowcount)
