"""What each database knows of the other, so that an older copy of either, put in its place, does not go unnoticed.

The members database holds the roster's newest lineage, generation and counter; the roster holds the members database's
newest counter and the end of the audit log. An older roster would send sync tokens backwards and let denied people in;
an older members database would revive revoked device passwords.
"""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, select

from radicale_tldops.roster.errors import OlderCopyError
from radicale_tldops.store.engine import WRITE_WAIT, reading, writing
from radicale_tldops.store.read import newest
from radicale_tldops.store.schema import audit, device, get_meta, set_meta

_ROSTER_NOTE = "newest_roster"
_MEMBERS_NOTE = "newest_members"
_AUDIT_NOTE = "audit_end"


class OlderMembersError(OlderCopyError):
    """An older copy of the members database was put in the place of the newest one."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a roster has come: within a lineage, `generation` and `counter` only ever grow."""

    lineage: str
    generation: int
    counter: int

    def __str__(self) -> str:
        return f"{self.lineage} {self.generation} {self.counter}"

    @classmethod
    def read(cls, text: str) -> "Mark":
        """Read what `str` gives; a text of another form is a `ValueError`."""
        lineage, generation, counter = text.split(" ")
        return cls(lineage, int(generation), int(counter))

    @classmethod
    def of(cls, connection: Connection) -> "Mark":
        """Read the mark of a roster database."""
        head = newest(connection)
        return cls(get_meta(connection, "lineage"), head.id if head else 0, int(get_meta(connection, "counter", "0")))


def read_mark(roster: Path, *, wait: float = WRITE_WAIT) -> Mark:
    """Return the mark of a roster database."""
    with reading(roster, wait=wait) as connection:
        return Mark.of(connection)


def read_known_mark(members: Path, *, wait: float = WRITE_WAIT) -> Mark | None:
    """Return the mark of the newest roster that the members database knows of, None where it knows of none."""
    with reading(members, wait=wait) as connection:
        text = get_meta(connection, _ROSTER_NOTE)
        return Mark.read(text) if text else None


def refuse_older_roster(members: Path, mark: Mark, *, wait: float = WRITE_WAIT) -> None:
    """Compare a roster with the newest one that the members database knows of.

    Raises:
        OlderCopyError: it is older, or another one.
        StoreError: the members database cannot be read.
    """
    known = read_known_mark(members, wait=wait)
    if known is None:
        return
    remedy = "Put the newest one back, or bring a copy in with `tldops restore`."
    if mark.lineage != known.lineage:
        raise OlderCopyError(
            f"this is another roster than the one that was at generation {known.generation} here: it was lost or "
            f"replaced. {remedy} To start anew with nothing, move the members database aside, too."
        )
    if mark.generation < known.generation or mark.counter < known.counter:
        raise OlderCopyError(
            f"the roster is at generation {mark.generation} and was at {known.generation}: an older copy was put in "
            f"its place, in which people may read who must not. {remedy}"
        )


def refuse_older_members(roster: Path, counter: int, devices: int, *, wait: float = WRITE_WAIT) -> None:
    """Compare a members database, its counter and number of valid devices, with the newest that the roster knows of.

    One without devices is no danger: nothing in it opens anything.

    Raises:
        OlderMembersError: it is older, and device passwords that were revoked may be valid in it.
        StoreError: the roster database cannot be read.
    """
    with reading(roster, wait=wait) as connection:
        known = int(get_meta(connection, _MEMBERS_NOTE, "0"))
    if counter < known and devices:
        raise OlderMembersError(
            "an older copy of the members database was put in its place: device passwords that were revoked may be "
            "valid in it. Put the newest one back, or move it aside and issue new device passwords."
        )


def note(roster: Path, members: Path) -> None:
    """Write in each database how far the other has come, where that is news. Called at the end of every command."""
    with reading(roster) as connection:
        mark = Mark.of(connection)
        known = get_meta(connection, _MEMBERS_NOTE, "0"), get_meta(connection, _AUDIT_NOTE)
    with reading(members) as connection:
        counter = int(get_meta(connection, "counter", "0"))
        known_mark = _known_mark(get_meta(connection, _ROSTER_NOTE))
        # Another command may have noted something newer meanwhile.
        news = str(max(counter, int(known[0]))), _end_of_log(connection, known[1])
    if news != known:
        with writing(roster) as connection:
            set_meta(connection, _MEMBERS_NOTE, news[0])
            set_meta(connection, _AUDIT_NOTE, news[1])
    if (
        known_mark is None
        or known_mark.lineage != mark.lineage
        or (mark.generation, mark.counter) > (known_mark.generation, known_mark.counter)
    ):
        with writing(members) as connection:
            set_meta(connection, _ROSTER_NOTE, str(mark))


def _known_mark(text: str) -> Mark | None:
    try:
        return Mark.read(text)
    except ValueError:
        # There is none yet, or only `restore` has come this far with one that cannot be read, and begins anew.
        return None


def _end_of_log(connection: Connection, known: str) -> str:
    """Return the newest entry of the log, or the known one as long as that is missing: a new one must not hide it."""
    number, _, chain = (known or "0 ").partition(" ")
    first = connection.execute(select(audit.c.id).order_by(audit.c.id).limit(1)).scalar()
    there = connection.execute(select(audit.c.chain).where(audit.c.id == int(number))).scalar()
    last = connection.execute(select(audit.c.id, audit.c.chain).order_by(audit.c.id.desc()).limit(1)).first()
    # What stands before the first row was pruned.
    is_missing = int(number) > 0 and there != chain and (first is None or first <= int(number))
    return known if is_missing or last is None else f"{last.id} {last.chain}"


def refuse_older(roster: Path, members: Path) -> None:
    """Check both databases against each other, for commands.

    Raises:
        OlderCopyError: one of them is an older copy.
    """
    refuse_older_roster(members, read_mark(roster))
    with reading(members) as connection:
        counter = int(get_meta(connection, "counter", "0"))
        valid = connection.execute(select(device.c.id).where(device.c.revoked_at.is_(None)).limit(1)).all()
    refuse_older_members(roster, counter, len(valid))


def audit_end(roster: Path) -> tuple[int, str]:
    """Return the number and the chain of the last audit entry that the roster knows of; 0 without one."""
    with reading(roster) as connection:
        number, _, chain = get_meta(connection, _AUDIT_NOTE, "0 ").partition(" ")
        return int(number or "0"), chain
