"""The values that the store reads and writes."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from radicale_tldops.roster.contact import Contact
from radicale_tldops.roster.device import Absence
from radicale_tldops.roster.snapshot import Reader


@dataclass(frozen=True, slots=True)
class Source:
    """One input of a generation: which part it played, its name, its SHA-256, and when it was last modified (ISO)."""

    part: str
    name: str
    sha256: str
    modified_at: str


@dataclass(frozen=True, slots=True)
class Counts:
    """How many people, ccTLDs and logins a generation holds, and how many it added, changed and removed.

    `values_changed`, `values_lost` and `values_moved` count the people who got another value of a field, lost it, or
    took part when values moved from one person to another, by the field.
    """

    people: int = 0
    cctlds: int = 0
    readers: int = 0
    added: int = 0
    changed: int = 0
    removed: int = 0
    readers_added: int = 0
    readers_removed: int = 0
    values_changed: Mapping[str, int] = field(default_factory=dict)
    values_lost: Mapping[str, int] = field(default_factory=dict)
    values_moved: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def from_json(cls, text: str) -> "Counts":
        """Read the stored form. Counts that a newer version added are left out, so that an older server reads on."""
        data: Mapping[str, Any] = json.loads(text)
        return cls(**{name: data[name] for name in cls.__slots__ if name in data})


@dataclass(frozen=True, slots=True)
class Generation:
    """What one apply wrote. `forced` names the hazards that were overridden.

    `kind` is sync, rollback, restore, or access: one of access changes logins alone. `ended` is the digest of the rows
    that it replaced or removed, and `chain` the link to the generation before.
    """

    id: int
    lineage: str
    created_at: datetime
    actor: str
    kind: str
    plan_id: str
    sources: tuple[Source, ...]
    counts: Counts
    forced: tuple[str, ...]
    note: str
    digest: str
    ended: str = ""
    chain: str = ""

    def as_json(self) -> dict[str, object]:
        """Return the generation as plain values for `--json`."""
        return {**asdict(self), "created_at": self.created_at.isoformat()}


SHOWS_PRIVATE = "shows private columns"
"""The key of a card that an older version rendered with private columns. The next sync renders it without them."""


@dataclass(frozen=True, slots=True)
class StoredPerson:
    """A person of the roster. `key` changes when the rendered card has to change."""

    uid: str
    contact: Contact
    key: str

    @property
    def shows_private(self) -> bool:
        """Whether the card still shows private columns."""
        return self.key == SHOWS_PRIVATE


@dataclass(frozen=True, slots=True)
class Denial:
    """Somebody who may not read, whatever the list says.

    `owner` is the person's UID, or the login of a reader who is no SSC. `login` is an address of theirs, or "", and
    `name` the name at that time.
    """

    owner: str
    login: str
    name: str
    at: str
    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class RosterState:
    """The newest generation as a plan needs it; `head` is None for a store without a generation.

    `groups` maps a ccTLD's A-label to the key of its group card, `reader_uids` a login to the person behind it,
    `recent` are the generations since some moment, and `departed` the digests of traits of those who left.
    `absences` are by owner, and `addresses` says whose a list address is or was last, by its digest. `spent` are the
    UIDs of cards that once were in the roster. `denials` are by owner, and `denied` the same by each login that they
    end, or by an address where they end none.
    `brought_back` is the newest generation that is a rollback or a restore, 0 without one.
    """

    lineage: str
    head: Generation | None
    people: Mapping[str, StoredPerson]
    groups: Mapping[str, str]
    readers: Mapping[str, Reader]
    reader_uids: Mapping[str, str]
    denied: Mapping[str, Denial]
    recent: Sequence[Generation]
    departed: Mapping[str, frozenset[str]]
    brought_back: int = 0
    denials: Mapping[str, Denial] = field(default_factory=dict)
    absences: Mapping[str, Absence] = field(default_factory=dict)
    addresses: Mapping[str, str] = field(default_factory=dict)
    spent: frozenset[str] = frozenset()

    @property
    def base(self) -> int:
        """The id of the newest generation, 0 without one."""
        return self.head.id if self.head else 0

    @property
    def away_since(self) -> Mapping[str, date]:
        """Since which day (UTC) people of the roster do not read, by UID, for those of whom it is known."""
        reading = set(self.reader_uids.values())
        found = {uid: person.contact.not_on_list_since for uid, person in self.people.items() if uid not in reading}
        found |= {uid: self.absences[uid].at.date() for uid in found if uid in self.absences}
        return {uid: day for uid, day in found.items() if day is not None}

    @property
    def denied_addresses(self) -> frozenset[str]:
        """Every known address of everybody who is denied, in canonical form."""
        people = (self.people[owner].contact for owner in self.denials if owner in self.people)
        return frozenset(self.denied).union(*(contact.logins for contact in people))


@dataclass(frozen=True, slots=True)
class NewCard:
    """A card to write: `contact` is the canonical JSON of what it shows."""

    uid: str
    text: str
    contact: str
    key: str


@dataclass(frozen=True, slots=True)
class NewGroup:
    """A group card to write."""

    cctld: str
    uid: str
    text: str
    key: str


@dataclass(frozen=True, slots=True)
class NewReader:
    """A new reader; `uid` is the person's, or empty for a reader who is not an SSC.

    `since` is the generation since which the owner reads, 0 for the one that is written.
    """

    login: str
    uid: str
    name: str
    reason: str = ""
    since: int = 0

    @property
    def owner(self) -> str:
        """Whose login it is, as in `Reader.owner`."""
        return self.uid or self.login


@dataclass(frozen=True, slots=True)
class Change:
    """Everything that one apply writes. What is not named here stays as it is.

    `cards` is read once, in batches, while the store is locked: rendering has to be done before. `absent` are the
    owners who read since a generation and no longer do; the absence of those in `present` is over.
    """

    cards: Iterable[NewCard] = ()
    cards_gone: Sequence[str] = ()
    groups: Sequence[NewGroup] = ()
    groups_gone: Sequence[str] = ()
    readers: Sequence[NewReader] = ()
    readers_gone: Sequence[str] = ()
    departed: Mapping[str, Sequence[str]] = field(default_factory=dict)
    returned: Sequence[str] = ()
    absent: Mapping[str, int] = field(default_factory=dict)
    present: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Stamp:
    """Who applies what, when and from which inputs."""

    now: datetime
    actor: str
    kind: str = "sync"
    plan_id: str = ""
    sources: tuple[Source, ...] = ()
    counts: Counts = Counts()
    forced: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One entry of the audit log; `chain` is the digest over this entry and the chain of the one before."""

    id: int
    at: str
    actor: str
    action: str
    subject: str
    detail: str
    chain: str


@dataclass(frozen=True, slots=True)
class Link:
    """An entry of the audit log by its number and its digest; number 0 for none."""

    number: int = 0
    chain: str = ""

    def __str__(self) -> str:
        return f"{self.number} {self.chain}"

    @classmethod
    def parse(cls, text: str) -> "Link":
        """Read what `str` gives; another text is a `ValueError`."""
        number, _, chain = text.partition(" ")
        return cls(int(number), chain)


NO_LINK = Link()
"""No entry."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a roster has come: within a lineage, `generation` and `counter` only ever grow."""

    lineage: str
    generation: int
    counter: int

    def __str__(self) -> str:
        return f"{self.lineage} {self.generation} {self.counter}"

    @classmethod
    def parse(cls, text: str) -> "Mark":
        """Read what `str` gives; another text is a `ValueError`."""
        lineage, generation, counter = text.split(" ")
        return cls(lineage, int(generation), int(counter))


@dataclass(frozen=True, slots=True)
class LastSync:
    """What the last sync saw, whether or not there was anything to apply; empty for a store that was never synced.

    `generation` is the newest one that it found; 0 where that was not recorded. `columns` are the names of the columns
    of the membership file, empty for a file without columns. `kept` are the values of the roster that stay because the
    file's are not understood: UID, name of the field, and since which day. `places` says where in the file each person
    stands, by UID.
    """

    checked_at: str = ""
    actor: str = ""
    sources: tuple[Source, ...] = ()
    held: tuple[tuple[str, str], ...] = ()
    errors: int = 0
    generation: int = 0
    columns: tuple[str, ...] = ()
    kept: tuple[tuple[str, str, str], ...] = ()
    places: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_json(cls, text: str) -> "LastSync":
        """Read the stored form; an older version stored fewer values."""
        data: Mapping[str, Any] = json.loads(text)
        return cls(
            checked_at=str(data["checked_at"]),
            actor=str(data["actor"]),
            sources=tuple(Source(**source) for source in data["sources"]),
            held=tuple((str(uid), str(reason)) for uid, reason in data["held"]),
            errors=int(str(data["errors"])),
            generation=int(str(data.get("generation", 0))),
            columns=tuple(map(str, data.get("columns", ()))),
            kept=tuple((str(uid), str(name), str(since)) for uid, name, since in data.get("kept", ())),
            places={str(uid): str(place) for uid, place in data.get("places", {}).items()},
        )


NEVER_SYNCED = LastSync()
"""What a store without a sync saw."""


def parse_time(text: str) -> datetime:
    """Read a time that the store wrote."""
    return datetime.fromisoformat(text).astimezone(UTC)
