"""The audit log: who did what, in a chain of digests in which a changed or missing entry shows."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy import insert, select

from radicale_tldops.store.engine import reading, writing
from radicale_tldops.store.schema import MEMBERS_MIGRATIONS, audit, check_version
from radicale_tldops.store.values import AuditRow

_START = "0" * 64


def record(path: Path, actor: str, action: str, subject: str, detail: Mapping[str, object], now: datetime) -> None:
    """Append one entry. `detail` holds names and counts, never a telephone number or a password."""
    text = json.dumps(detail, ensure_ascii=False, sort_keys=True)
    with writing(path) as connection:
        last = connection.execute(select(audit).order_by(audit.c.id.desc()).limit(1)).first()
        number, before = (last.id + 1, last.chain) if last else (1, _START)
        at = now.isoformat()
        chain = _link(before, (number, at, actor, action, subject, text))
        connection.execute(
            insert(audit).values(
                id=number, at=at, actor=actor, action=action, subject=subject, detail=text, chain=chain
            )
        )


def audited_generations(path: Path) -> frozenset[str]:
    """Return the subjects "generation N" that have an entry."""
    with reading(path) as connection:
        check_version(path, connection, MEMBERS_MIGRATIONS)
        query = select(audit.c.subject).where(audit.c.subject.like("generation %")).distinct()
        return frozenset(connection.execute(query).scalars())


def load(path: Path) -> Sequence[AuditRow]:
    """Return the whole log, the oldest entry first."""
    with reading(path) as connection:
        check_version(path, connection, MEMBERS_MIGRATIONS)
        return [AuditRow(**row) for row in connection.execute(select(audit).order_by(audit.c.id)).mappings()]


def first_broken(rows: Iterable[AuditRow], end: tuple[int, str] = (0, "")) -> int | None:
    """Return the number of the first entry that does not follow from the one before, or None for a whole chain.

    `end` is an entry, by number and chain, that is known from elsewhere to be in the log; 0 for none.
    """
    before, expected = _START, 1
    for row in rows:
        chain = _link(before, (row.id, row.at, row.actor, row.action, row.subject, row.detail))
        if row.id != expected or row.chain != chain:
            return expected
        if row.id == end[0] and row.chain != end[1]:
            return row.id
        before, expected = row.chain, expected + 1
    return expected if expected <= end[0] else None


def _link(before: str, values: tuple[object, ...]) -> str:
    content = json.dumps([before, *values], ensure_ascii=False)
    return hashlib.sha256(content.encode()).hexdigest()
