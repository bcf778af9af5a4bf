"""What each database knows of the other, so that an older copy in the place of either is noticed.

The members database holds the roster's newest lineage, generation and counter; the roster holds the members database's
newest counter and the end of the audit log. An older roster would send sync tokens backwards and let denied people in;
an older members database would revive revoked device passwords.
"""

from contextlib import suppress
from pathlib import Path

from sqlalchemy import Connection, select

from radicale_tldops.roster.errors import OlderCopyError
from radicale_tldops.store.engine import WRITE_WAIT, reading, writing
from radicale_tldops.store.notes import (
    AUDIT_END,
    COUNTER,
    LINEAGE,
    NEWEST_MEMBERS,
    NEWEST_ROSTER,
    DamagedNoteError,
    read_note,
)
from radicale_tldops.store.read import newest
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


def refuse_older_roster(members: Path, mark: Mark, *, wait: float = WRITE_WAIT) -> None:
    """Compare a roster with the newest one that the members database knows of.

    Raises:
        OlderCopyError: it is older, or another one.
    """
    known = read_note(members, NEWEST_ROSTER, wait=wait)
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


def refuse_older_members(roster: Path, counter: int, devices: int, *, wait: float = WRITE_WAIT) -> None:
    """Compare a members database, its counter and number of valid devices, with the newest that the roster knows of.

    A members database without valid devices is accepted: no password in it gives access.

    Raises:
        OlderMembersError: it is older, and device passwords that were revoked may be valid in it.
    """
    known = read_note(roster, NEWEST_MEMBERS, wait=wait)
    if counter < known and devices:
        raise OlderMembersError(
            "the members database is an older copy: device passwords that were revoked may be "
            "valid in it. Put the newest one back, or move it aside and issue new device passwords."
        )


def note(roster: Path, members: Path) -> None:
    """Write into each database how far the other has come. Every command calls this at its end."""
    with reading(roster) as connection:
        mark = _mark(connection)
        known = NEWEST_MEMBERS.read(connection), AUDIT_END.read(connection)
    with reading(members) as connection:
        known_mark = None
        # Only `restore` calls this with a damaged note; it then writes a new one.
        with suppress(DamagedNoteError):
            known_mark = NEWEST_ROSTER.read(connection)
        # Another command may have noted something newer meanwhile.
        found = max(COUNTER.read(connection), known[0]), _end_of_log(connection, known[1])
    if found != known:
        with writing(roster) as connection:
            NEWEST_MEMBERS.write(connection, found[0])
            AUDIT_END.write(connection, found[1])
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
    refuse_older_roster(members, read_mark(roster))
    with reading(members) as connection:
        counter = COUNTER.read(connection)
        valid = connection.execute(select(device.c.id).where(device.c.revoked_at.is_(None)).limit(1)).all()
    refuse_older_members(roster, counter, len(valid))
