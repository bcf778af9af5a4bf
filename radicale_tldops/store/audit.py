"""The audit log: who did what. The entries form a chain of digests, so a changed or missing entry shows.

The chain covers the digest of an entry's detail, so that `tldops erase` can take the detail away and leave that digest.
An entry says so; a detail that is gone without one was taken away by something else.
"""

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, select, update

from radicale_tldops.store.engine import writing
from radicale_tldops.store.opening import few_rows, reading_members
from radicale_tldops.store.schema import audit
from radicale_tldops.store.values import NO_LINK, AuditRow, Link

PRUNED = "pruned"
"""The action of the first row where the entries before it are gone: it keeps the chain of the last of them."""

PRUNE = "prune"
"""The action of the entry that says what was pruned."""

ERASE = "erase"
"""The action of the entry that says whose entries have lost their details: `subjects` in its own detail."""

_ERASED = re.compile(r'\{"erased": "([0-9a-f]{64})"\}')
_START = "0" * 64
_GENERATION = re.compile(r"generation ([0-9]{1,18})")

# How many entries are read in one transaction: others can write between two.
_AT_A_TIME = 5000


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """An entry to write. `detail` holds names and counts, never a telephone number or a password."""

    at: datetime
    actor: str
    action: str
    subject: str
    detail: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Known:
    """What the roster database knows of the log.

    `end` is the newest entry; it has to be there. `pruned` is the last entry that a command pruned, or was about to
    prune. Up to `accepted` a person accepted the log as it is.
    """

    end: Link = NO_LINK
    pruned: Link = NO_LINK
    accepted: Link = NO_LINK

    @property
    def links(self) -> Sequence[Link]:
        """The entries that have to be in the log, if they are not pruned."""
        return [link for link in (self.end, self.pruned, self.accepted) if link.number >= self.accepted.number]


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries to load: all conditions have to hold. `limit` keeps the newest.

    `since` is included, `until` is not. `actor` is the user of the process, or who called sudo.
    """

    since: datetime | None = None
    until: datetime | None = None
    action: str = ""
    actor: str = ""
    subject: str = ""
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Anchor:
    """The row that replaces the pruned entries 1 to `number`.

    The last of them had the time `until` and the digest `chain`. `generations` is the newest generation whose entry was
    among them.
    """

    number: int
    until: str
    chain: str
    generations: int

    @property
    def detail(self) -> Mapping[str, object]:
        """The detail of the anchor's row and of the entry about the pruning."""
        return {"entries": self.number, "until": self.until, "chain": self.chain, "generations": self.generations}

    @property
    def values(self) -> Mapping[str, object]:
        """The columns of the anchor's row, beside number, time and digest: those of the last pruned entry stay."""
        text = json.dumps(self.detail, sort_keys=True)
        return {"actor": "", "action": PRUNED, "subject": f"entries 1 to {self.number}", "detail": text}

    @classmethod
    def of(cls, row: AuditRow) -> "Anchor | None":
        """Return the anchor that is stored as this row; None for any other row."""
        generations = read_detail(row).get("generations")
        if row.action != PRUNED or not isinstance(generations, int):
            return None
        anchor = cls(row.id, row.at, row.chain, generations)
        return anchor if anchor.values.items() <= asdict(row).items() else None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of verifying: the number of entries, the anchor before them, and the newest entry.

    `broken` is the number of the first entry that is missing or does not follow from the one before, or None. `forged`:
    something else than pruning removed the entries up to the anchor, or the anchor was changed.
    """

    entries: int
    anchor: Anchor | None
    end: Link
    broken: int | None
    forged: bool

    @property
    def whole(self) -> bool:
        """Whether no change and no missing entry was found."""
        return self.broken is None and not self.forged


def record(path: Path, actor: str, action: str, subject: str, detail: Mapping[str, object], now: datetime) -> None:
    """Append one entry. `detail` holds names and counts, never a telephone number or a password."""
    with writing(path) as connection:
        append(connection, [AuditEntry(now, actor, action, subject, detail)])


def append(connection: Connection, entries: Sequence[AuditEntry]) -> None:
    """Append entries within a write transaction: there is one writer at a time, and so one chain."""
    if not entries:
        return
    last = connection.execute(select(audit).order_by(audit.c.id.desc()).limit(1)).first()
    number, chain = (last.id, last.chain) if last else (0, _START)
    rows = []
    for entry in entries:
        text = json.dumps(entry.detail, ensure_ascii=False, sort_keys=True)
        number += 1
        row = AuditRow(number, entry.at.isoformat(), entry.actor, entry.action, entry.subject, text, "")
        chain = _link(chain, row)
        rows.append(asdict(row) | {"chain": chain})
    connection.execute(insert(audit), rows)


def erase_details(connection: Connection, subjects: Collection[str]) -> tuple[int, int]:
    """Take the details of all entries on these subjects away; return the numbers of those without and still with one.

    An entry of an earlier version, whose chain covers the detail itself, keeps it.
    """
    erased, kept, before = 0, 0, _START
    for values in connection.execute(select(audit).order_by(audit.c.id)).mappings().all():
        row = AuditRow(**values)
        if row.subject in subjects and row.action != ERASE:
            if row.chain == _link(before, row):
                text = json.dumps({"erased": _detail_digest(row)})
                connection.execute(update(audit).where(audit.c.id == row.id).values(detail=text))
                erased += 1
            else:
                kept += 1
        before = row.chain
    return erased, kept


def audited_generations(path: Path) -> tuple[frozenset[int], int]:
    """Return the generations that have an entry, and the newest one whose entry was pruned, 0 without."""
    with reading_members(path) as connection:
        # "!" is the character after the space. A range uses the index, LIKE does not.
        query = select(audit.c.subject).where(audit.c.subject > "generation ", audit.c.subject < "generation!")
        there = frozenset(generation_number(row["subject"]) for row in few_rows(connection, query.distinct()))
        anchor = read_anchor(connection)
    return there, anchor.generations if anchor else 0


def generation_number(subject: str) -> int:
    """Return the number of the generation that an entry is about; 0 for another entry."""
    found = _GENERATION.fullmatch(subject)
    return int(found[1]) if found else 0


def read_anchor(connection: Connection) -> Anchor | None:
    """Return the anchor of a log that was pruned."""
    first = connection.execute(select(audit).order_by(audit.c.id).limit(1)).mappings().first()
    return Anchor.of(AuditRow(**first)) if first else None


def load(path: Path, wanted: AuditFilter = AuditFilter()) -> Sequence[AuditRow]:
    """Return the entries that pass a filter, the oldest first."""
    query = select(audit).order_by(audit.c.id.desc()).limit(wanted.limit)
    for name in ("action", "subject"):
        value = getattr(wanted, name)
        query = query.where(audit.c[name] == value) if value else query
    if wanted.actor:
        user, by = wanted.actor, audit.c.actor
        by_sudo = by.startswith(f"{user} (sudo by ", autoescape=True) | by.endswith(
            f" (sudo by {user})", autoescape=True
        )
        query = query.where((by == user) | by_sudo)
    if wanted.since is not None:
        query = query.where(audit.c.at >= wanted.since.isoformat())
    if wanted.until is not None:
        query = query.where(audit.c.at < wanted.until.isoformat())
    with reading_members(path) as connection:
        return [_as_text(AuditRow(**row)) for row in connection.execute(query).mappings()][::-1]


def _as_text(row: AuditRow) -> AuditRow:
    """Return an entry that can be shown: values that tldops did not write need not be text."""
    texts: Sequence[object] = (row.at, row.actor, row.action, row.subject, row.detail, row.chain)
    return AuditRow(row.id, *(text if isinstance(text, str) else repr(text) for text in texts))


def stream(path: Path) -> Iterator[AuditRow]:
    """Yield the whole log, the oldest entry first, in pieces between which others may write."""
    last = None
    while True:
        query = select(audit).order_by(audit.c.id).limit(_AT_A_TIME)
        count = 0
        with reading_members(path) as connection:
            for row in connection.execute(query if last is None else query.where(audit.c.id > last)).mappings():
                last, count = int(row["id"]), count + 1
                yield AuditRow(**row)
        if count < _AT_A_TIME:
            return


def verify(rows: Iterable[AuditRow], known: Known = Known()) -> Verdict:
    """Check the chain from its first entry, from the anchor, or from where it was accepted."""
    anchor: Anchor | None = None
    before = Link(0, _START)
    count, told = 0, False
    unsaid: dict[str, int] = {}
    for row in rows:
        if not before.number and (anchor := Anchor.of(row)):
            before = Link(row.id, row.chain)
        else:
            follows = row.chain in (_link(before.chain, row), _older_link(before.chain, row))
            if row.id > known.accepted.number and (row.id != before.number + 1 or not follows):
                return Verdict(count, anchor, before, before.number + 1, forged=False)
            before, count = Link(row.id, row.chain), count + 1
            # The newest pruning has to say what the anchor says.
            told = read_detail(row) == anchor.detail if anchor and row.action == PRUNE else told
            _note_erased(unsaid, row)
        if any(before.number == link.number and before.chain != link.chain for link in known.links):
            return Verdict(count, anchor, before, before.number, forged=False)
    taken = [number for number in unsaid.values() if number > known.accepted.number]
    if taken:
        return Verdict(count, anchor, before, min(taken), forged=False)
    missing = before.number + 1 if before.number < max(link.number for link in known.links) else None
    forged = anchor is not None and anchor.number >= known.accepted.number
    forged = forged and (not told or anchor is None or anchor.number > known.pruned.number)
    return Verdict(count, anchor, before, missing, forged)


def read_detail(row: AuditRow) -> Mapping[str, Any]:
    """Return the detail of an entry; where it is not a JSON object, the text under the key "text"."""
    try:
        detail = json.loads(row.detail)
    except (ValueError, TypeError, RecursionError):
        detail = None
    return detail if isinstance(detail, dict) else {"text": str(row.detail)}


def _note_erased(unsaid: dict[str, int], row: AuditRow) -> None:
    """Note the first entry on a subject that has lost its detail; an entry of `tldops erase` says whose it was."""
    if isinstance(row.detail, str) and _ERASED.fullmatch(row.detail):
        unsaid.setdefault(row.subject, row.id)
    elif row.action == ERASE:
        subjects = read_detail(row).get("subjects")
        for subject in subjects if isinstance(subjects, list) else ():
            unsaid.pop(str(subject), None)


def _link(before: str, row: AuditRow) -> str:
    """Return the chain of an entry after the one with the chain `before`."""
    return _digest([before, row.id, row.at, row.actor, row.action, row.subject, {"sha256": _detail_digest(row)}])


def _older_link(before: str, row: AuditRow) -> str:
    """Return the chain that an earlier version gave this entry."""
    return _digest([before, row.id, row.at, row.actor, row.action, row.subject, row.detail])


def _detail_digest(row: AuditRow) -> str:
    erased = _ERASED.fullmatch(row.detail) if isinstance(row.detail, str) else None
    return erased[1] if erased else _digest([row.detail])


def _digest(content: object) -> str:
    # `default`: a value that tldops did not write need not be text.
    return hashlib.sha256(json.dumps(content, ensure_ascii=False, default=repr).encode()).hexdigest()
