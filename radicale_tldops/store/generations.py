"""The rows of the generations: a chain, so that reading one of them does not mean reading all.

Each row has a link, the digest over the link of the row before and its own values. The digest of the newest generation
covers its link, and so all the rows. Who reads rows verifies the links from the oldest of them to the newest row.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, func, select

from radicale_tldops.roster.digest import digest
from radicale_tldops.roster.errors import CorruptStoreError
from radicale_tldops.store.schema import generation
from radicale_tldops.store.values import Counts, Generation, Source, parse_time

FIRST = ""
"""What stands in the place of a link before the oldest row."""

BROUGHT_BACK = ("rollback", "restore")
"""The kinds of generations that bring earlier cards back."""

_LINKED = [column.name for column in generation.c if column.name not in ("digest", "chain")]


NUMBER = generation.c.id + 0
"""The number of a generation, for a query by time: because it is a sum, SQLite uses the index of the times."""


def link(before: str, row: Row[Any]) -> str:
    """Return the link of a row; `before` is that of the row before, or `FIRST`."""
    return digest([(before, *(getattr(row, name) for name in _LINKED))])


def link_before(connection: Connection, number: int) -> str:
    """Return the link of the row before generation `number`, as it is stored."""
    before = select(generation.c.chain).where(generation.c.id < number).order_by(generation.c.id.desc()).limit(1)
    return connection.execute(before).scalar() or FIRST


def newest(connection: Connection) -> Generation | None:
    """Return the newest generation, or None."""
    row = connection.execute(select(generation).order_by(generation.c.id.desc()).limit(1)).first()
    return as_generation(row) if row else None


def brought_back(connection: Connection) -> int:
    """Return the newest generation that is a rollback or a restore, 0 without one."""
    its = generation.c.kind.in_(BROUGHT_BACK)
    return connection.execute(select(func.max(generation.c.id)).where(its)).scalar() or 0


def since(path: Path, connection: Connection, number: int = 0, limit: int | None = None) -> Sequence[Generation]:
    """Return the generations from `number` on, the newest first and at most `limit`, after their links were verified.

    Raises:
        CorruptStoreError: a row was changed, or one is missing.
    """
    query = select(generation).where(generation.c.id >= number).order_by(generation.c.id.desc())
    rows = connection.execute(query if limit is None else query.limit(limit)).all()
    before = link_before(connection, rows[-1].id) if rows else FIRST
    for row in reversed(rows):
        before = link(before, row)
        if row.chain != before:
            raise CorruptStoreError(
                f"{path}: generation {row.id}, or the one before it, was changed by something else than tldops. No "
                "generation before the newest one is shown or brought back. Find out what changed the file. Then "
                "`tldops restore BACKUP` brings back what a backup has."
            )
    return [as_generation(row) for row in rows]


def as_generation(row: Row[Any]) -> Generation:
    """Return the generation of a row."""
    decoded = {
        "created_at": parse_time(row.created_at),
        "sources": tuple(Source(**source) for source in json.loads(row.sources)),
        "counts": Counts.from_json(row.counts),
        "forced": tuple(json.loads(row.forced)),
    }
    return Generation(**{**row._mapping, **decoded})
