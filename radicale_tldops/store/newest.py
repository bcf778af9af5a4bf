"""How the two databases vouch for each other, so that an older copy in the place of either is noticed.

What each knows of the other, and what becomes of it, stands whole in docs/architecture.md. The rules of this file:

- Every command notes at its end in each database how far the other has come; these values only ever grow.
- A database that is behind what the other one knows of it is an older copy. A missing one is never made in passing.
- What is known is read before what is there: a command between the two makes the second newer, which is no fault.
"""

from contextlib import suppress
from pathlib import Path

from sqlalchemy import Connection, select

from radicale_tldops.roster.errors import OlderCopyError
from radicale_tldops.store.engine import WRITE_WAIT, reading, writing
from radicale_tldops.store.generations import newest
from radicale_tldops.store.notes import (
    AUDIT_END,
    COUNTER,
    ENDED_DEVICES,
    LINEAGE,
    NEWEST_MEMBERS,
    NEWEST_ROSTER,
    DamagedNoteError,
    read_note,
)
from radicale_tldops.store.opening import few_rows
from radicale_tldops.store.schema import audit, device
from radicale_tldops.store.values import Link, Mark


class OlderMembersError(OlderCopyError):
    """An older copy of the members database was put in the place of the newest one."""


def read_mark(roster: Path, *, wait: float = WRITE_WAIT) -> Mark:
    """Return the mark of a roster database."""
    with reading(roster, wait=wait) as connection:
        return _mark(connection)


def _mark(connection: Connection) -> Mark:
    head = newest(connection)
    return Mark(LINEAGE.read(connection), head.id if head else 0, COUNTER.read(connection))


def refuse_older_roster(known: Mark | None, mark: Mark) -> None:
    """Compare the mark of a roster with the newest one that the members database knows of.

    Raises:
        OlderCopyError: it is older, or another one.
    """
    if known is None:
        return
    remedy = "Put the newest one back, or bring a copy in with `tldops restore`."
    if mark.lineage != known.lineage:
        raise OlderCopyError(
            f"this is another roster than the one that was at generation {known.generation} here: it was lost or "
            f"replaced. {remedy} To start with an empty store, move the members database aside, too."
        )
    if mark.generation < known.generation or mark.counter < known.counter:
        raise OlderCopyError(
            f"the roster is at generation {mark.generation} and was at {known.generation}: an older copy is in "
            f"its place, and may give access to people who lost it. {remedy}"
        )


def refuse_older_members(known: int, counter: int) -> None:
    """Compare the counter of a members database with the newest one that the roster knows of.

    Raises:
        OlderMembersError: it is older, or an empty one: right passwords are missing, or revoked ones are valid in it.
    """
    if counter < known:
        raise OlderMembersError(
            "the members database is an older copy, or an empty one: passwords are missing in it, or revoked ones "
            "are valid. Put the newest one back. Or move it aside and run `tldops restore BACKUP` or `tldops init "
            "--new-members`."
        )


def note(roster: Path, members: Path) -> None:
    """Write into each database how far the other has come. Every command calls this at its end."""
    with reading(roster) as connection:
        mark = _mark(connection)
        known = NEWEST_MEMBERS.read(connection), AUDIT_END.read(connection), ENDED_DEVICES.read(connection)
    with reading(members) as connection:
        known_mark = None
        # Only `restore` calls this with a damaged note; it then writes a new one.
        with suppress(DamagedNoteError):
            known_mark = NEWEST_ROSTER.read(connection)
        # Another command may have noted something newer meanwhile.
        ended = [row["id"] for row in few_rows(connection, select(device.c.id).where(device.c.revoked_at.is_not(None)))]
        found = (
            max(COUNTER.read(connection), known[0]),
            _end_of_log(connection, known[1]),
            tuple(sorted({*known[2], *ended})),
        )
    if found != known:
        with writing(roster) as connection:
            NEWEST_MEMBERS.write(connection, found[0])
            AUDIT_END.write(connection, found[1])
            ENDED_DEVICES.write(connection, found[2])
    if (
        known_mark is None
        or known_mark.lineage != mark.lineage
        or (mark.generation, mark.counter) > (known_mark.generation, known_mark.counter)
    ):
        with writing(members) as connection:
            NEWEST_ROSTER.write(connection, mark)


def _end_of_log(connection: Connection, known: Link) -> Link:
    """Return the newest entry of the log, or the known one if that is missing: a new entry must not hide the loss."""
    first = connection.execute(select(audit.c.id).order_by(audit.c.id).limit(1)).scalar()
    there = connection.execute(select(audit.c.chain).where(audit.c.id == known.number)).scalar()
    last = connection.execute(select(audit.c.id, audit.c.chain).order_by(audit.c.id.desc()).limit(1)).first()
    # Entries before the first row were pruned.
    is_missing = known.number > 0 and there != known.chain and (first is None or first <= known.number)
    return known if is_missing or last is None else Link(last.id, last.chain)


def refuse_older(roster: Path, members: Path) -> None:
    """Check both databases against each other, for commands.

    Raises:
        OlderCopyError: one of them is an older copy.
    """
    known_members = read_note(roster, NEWEST_MEMBERS)
    with reading(members) as connection:
        known_roster, counter = NEWEST_ROSTER.read(connection), COUNTER.read(connection)
    refuse_older_roster(known_roster, read_mark(roster))
    refuse_older_members(known_members, counter)
