"""Deleting old records about people. Only commands import this: it writes to both databases.

Pruning deletes the beginning of the audit log, in this order:

1. The roster notes how far it goes. A server that was broken into cannot write there: entries that are missing beyond
   that point were deleted by something else.
2. The last deleted entry stays as an anchor, without its content but with its digest, from which the next one follows.
3. An entry says what was pruned.

| asked by | the clock | the log | pruned |
|---|---|---|---|
| `tldops audit --prune` | any | is whole | what is older than `keep_days` |
| the end of a sync | agrees with the entries | is whole | the same, `SLACK_DAYS` after the oldest was due |
| the end of a sync | does not agree | any | nothing, and nothing is forgotten either |
| either | as above | was changed | nothing: refused, since it would remove the evidence |

With `keep_days` 0 no entry is pruned. Last use is forgotten after `FORGET_DAYS`, except where the clock does not agree
or the log was changed.

At the end of a sync, the earlier cards go that only generations older than `history_days` need, except where the clock
does not agree. The cards of the newest `KEPT_GENERATIONS` with cards always stay.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, delete, func, select, update

from radicale_tldops.roster.device import DeviceState
from radicale_tldops.roster.errors import RefusedError
from radicale_tldops.store.audit import (
    PRUNE,
    Anchor,
    AuditEntry,
    Known,
    Verdict,
    append,
    generation_number,
    read_anchor,
    stream,
    verify,
)
from radicale_tldops.store.engine import reading, writing
from radicale_tldops.store.generations import NUMBER
from radicale_tldops.store.members import load_devices
from radicale_tldops.store.notes import AUDIT_ACCEPTED, AUDIT_END, AUDIT_PRUNED, KEPT_FROM
from radicale_tldops.store.opening import reading_members, reading_roster
from radicale_tldops.store.read import load_readers
from radicale_tldops.store.schema import audit, generation
from radicale_tldops.store.usage import forget
from radicale_tldops.store.values import NO_LINK, Link, parse_time
from radicale_tldops.store.write import drop_cards

FORGET_DAYS = 90
"""Days without use after which a network, and a revoked device, is deleted."""

SLACK_DAYS = 30
"""Days that an entry may stay longer if nobody asks for pruning, so that not every sync prunes a few entries."""


KEPT_GENERATIONS = 10
"""How many generations keep their cards however old they are, so that `rollback` and `show` can use them.

Generations that change logins alone write no cards. They are not counted, so they never push out the last good cards.
"""

_MOST_CARDS = 20_000
"""So many earlier cards are deleted at most after one sync, so that none takes long."""


@dataclass(frozen=True, slots=True)
class PruningResult:
    """What pruning did: the number of pruned entries, the anchor now, and the number of deleted rows of last use."""

    pruned: int
    anchor: Anchor | None
    forgotten: int


def verify_log(roster: Path, members: Path) -> Verdict:
    """Verify the audit log against what the roster knows of it."""
    # Read the notes of the roster first: afterwards the log can only have grown.
    with reading(roster) as connection:
        known = Known(*(note.read(connection) for note in (AUDIT_END, AUDIT_PRUNED, AUDIT_ACCEPTED)))
    return verify(stream(members), known)


def accept(roster: Path, members: Path, actor: str, now: datetime) -> Verdict:
    """Accept the log as it is, record that with the reason, and return what was wrong with it."""
    verdict = verify_log(roster, members)
    if verdict.whole:
        return verdict
    detail = {"broken": verdict.broken, "forged": verdict.forged}
    with writing(members) as connection:
        append(connection, [AuditEntry(now, actor, "accept", "audit log", detail)])
        row = connection.execute(select(audit).order_by(audit.c.id.desc()).limit(1)).one()
        anchor = read_anchor(connection)
    with writing(roster) as connection:
        for note in (AUDIT_ACCEPTED, AUDIT_END):
            note.write(connection, Link(row.id, row.chain))
        AUDIT_PRUNED.write(connection, Link(anchor.number, anchor.chain) if anchor else NO_LINK)
    return verdict


def keep(roster: Path, members: Path, days: int, actor: str, now: datetime, *, slack: int = 0) -> PruningResult:
    """Prune entries older than `days` and delete old rows of last use; 0 days keep the entries for ever.

    With `slack`, nothing is pruned until the oldest entry is that many days older. Nothing is deleted either unless the
    clock agrees with the entries of as many days.

    Raises:
        RefusedError: the log was changed, and pruning would remove the evidence.
    """
    if slack and not _agrees(members, now, timedelta(days=slack)):
        return PruningResult(0, None, 0)
    last = _last_to_go(members, days, now, slack) if days else None
    if last is not None:
        verdict = verify_log(roster, members)
        if not verdict.whole:
            raise RefusedError("nothing was pruned: the audit log was changed. `tldops audit --verify` shows where.")
        _announce(roster, last)
    readers = load_readers(roster)
    _, devices = load_devices(members)
    kept = {device.id for device in devices if device.state is not DeviceState.ENDED}
    with writing(members) as connection:
        forgotten = forget(connection, readers, kept, now - timedelta(days=FORGET_DAYS))
        pruned = _prune(connection, last, actor, now) if last is not None else 0
        return PruningResult(pruned, read_anchor(connection), forgotten)


def drop_history(roster: Path, members: Path, days: int, now: datetime) -> None:
    """Delete the cards that only generations older than `days` need, where the clock agrees with the audit log.

    Raises:
        CorruptStoreError: the newest generation is not what was written.
    """
    with reading_roster(roster) as connection:
        last = _last_to_forget(connection, now - timedelta(days=days), now)
        is_due = last > KEPT_FROM.read(connection)
    if is_due and _agrees(members, now, timedelta(days=SLACK_DAYS)):
        drop_cards(roster, last, _MOST_CARDS)


def _last_to_forget(connection: Connection, begin: datetime, now: datetime) -> int:
    """Return the newest generation before which no cards have to be kept; 0 without one.

    It, and all before it, are of a time before `begin`. What was written while the clock was ahead says nothing.
    """
    with_cards = select(generation.c.id).where(generation.c.kind != "access").order_by(generation.c.id.desc())
    oldest = connection.execute(with_cards.offset(KEPT_GENERATIONS - 1).limit(1)).scalar() or 0
    times = generation.c.created_at.between(begin.isoformat(), now.isoformat())
    younger = connection.execute(select(func.min(NUMBER)).where(times)).scalar()
    past = select(func.max(generation.c.id)).where(generation.c.id <= oldest)
    past = past if younger is None else past.where(generation.c.id < younger)
    return connection.execute(past).scalar() or 0


def _agrees(members: Path, now: datetime, slack: timedelta) -> bool:
    """Return whether there are entries from `now` back to `slack` ago, without a gap of that length.

    If the clock is years ahead, there are none or a few of this day, and the log must not be deleted.
    """
    with reading_members(members) as connection:
        later = now
        for text in connection.execute(select(audit.c.at).order_by(audit.c.id.desc())).scalars():
            at = parse_time(text)
            if at > later:
                continue  # written while the clock was ahead
            if later - at >= slack:
                return False
            if now - at >= slack - timedelta(days=1):
                return True
            later = at
    return False


def _last_to_go(members: Path, days: int, now: datetime, slack: int) -> Link | None:
    """Return the last entry to prune: it and all before it are old enough. None if there is no such entry."""
    with reading_members(members) as connection:
        anchor = read_anchor(connection)
        first = anchor.number + 1 if anchor else 1
        oldest = connection.execute(select(audit.c.at).where(audit.c.id == first)).scalar()
        if oldest is None or oldest >= (now - timedelta(days=days + slack)).isoformat():
            return None
        limit = (now - timedelta(days=days)).isoformat()
        stays = select(func.min(audit.c.id)).where(audit.c.at >= limit, audit.c.id >= first)
        row = select(audit.c.id, audit.c.chain).order_by(audit.c.id.desc()).limit(1)
        kept = connection.execute(stays).scalar()
        found = connection.execute(row if kept is None else row.where(audit.c.id < kept)).one()
        return Link(found.id, found.chain) if found.id >= first else None


def _announce(roster: Path, last: Link) -> None:
    with writing(roster) as connection:
        if last.number > AUDIT_PRUNED.read(connection).number:
            AUDIT_PRUNED.write(connection, last)


def _prune(connection: Connection, last: Link, actor: str, now: datetime) -> int:
    """Replace all entries up to `last` by the anchor, and record that; return the number of deleted entries."""
    before = read_anchor(connection)
    row = connection.execute(select(audit).where(audit.c.id == last.number)).first()
    if row is None or row.chain != last.chain or (before and before.number >= last.number):
        return 0  # another command has pruned meanwhile
    subjects = select(audit.c.subject).where(audit.c.id <= last.number, audit.c.subject.like("generation %"))
    newest = max((generation_number(text) for text in connection.execute(subjects).scalars()), default=0)
    anchor = Anchor(last.number, row.at, row.chain, max(before.generations if before else 0, newest))
    connection.execute(delete(audit).where(audit.c.id < last.number))
    connection.execute(update(audit).where(audit.c.id == last.number).values(anchor.values))
    append(connection, [AuditEntry(now, actor, PRUNE, "audit log", anchor.detail)])
    return last.number - (before.number if before else 0)
