"""The tables of the three databases, and their versions.

Cards carry `since`, the generation that wrote them, and `until`, the one that replaced them (null while they hold).
A generation is the rows with `since <= id` and `until` null or greater; one that changes one card writes one card.
`ended` is the digest of the rows that a generation replaced or removed: nothing changes those any more. `chain` is the
link of a generation to the one before (see `generations.py`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Column, ForeignKey, Index, Integer, MetaData, String, Table, Text

from radicale_tldops.store.migrations import DESK_STEPS, MEMBERS_STEPS, ROSTER_STEPS, Step

roster = MetaData()
members = MetaData()
desk = MetaData()


def _strings(*names: str) -> Iterator[Column[str]]:
    return (Column(name, String, nullable=False) for name in names)


def _texts(*names: str) -> Iterator[Column[str]]:
    return (Column(name, Text, nullable=False) for name in names)


def _keys(*names: str) -> Iterator[Column[str]]:
    return (Column(name, String, primary_key=True) for name in names)


def _meta(database: MetaData) -> Table:
    return Table("meta", database, *_keys("key"), *_texts("value"))


def _cards(name: str, *own: Column[str]) -> Table:
    """Return a table of cards; `own` are the columns that only this table has."""
    return Table(
        name,
        roster,
        *_keys("href"),
        Column("since", Integer, ForeignKey("generation.id"), primary_key=True),
        Column("until", Integer, ForeignKey("generation.id"), nullable=True),
        *_strings("uid", "etag"),
        *_texts("text"),
        *own,
        *_strings("key"),
        Index(f"{name}_until", "until"),
    )


meta = _meta(roster)
_meta(members)
_meta(desk)

generation = Table(
    "generation",
    roster,
    Column("id", Integer, primary_key=True, autoincrement=False),
    *_strings("lineage", "created_at", "actor", "kind", "plan_id"),
    *_texts("sources", "counts", "forced", "note"),
    *_strings("digest", "ended", "chain"),
    Index("generation_created_at", "created_at"),
    Index("generation_kind", "kind"),
)

card = _cards("card", *_texts("contact"))
group_card = _cards("group_card", *_strings("cctld"))

tombstone = Table("tombstone", roster, *_keys("href"), Column("revision", Integer, nullable=False), *_strings("style"))

# Readers are not kept by generation: a rollback never brings one back. `since` is the generation that let the login in.
reader = Table(
    "reader",
    roster,
    *_keys("login"),
    Column("since", Integer, nullable=False),
    *_strings("uid", "principal", "name", "reason"),
)

# Who is denied: `owner` is a person's UID, or the login of a reader who is no SSC. `login` is an address to show.
denied = Table("denied", roster, *_keys("owner"), *_strings("login", "name", "at", "actor", "reason"))

# People who left, by digests of what identifies a person: nothing readable is kept of them, and somebody who returns
# gets the old UID.
departed = Table("departed", roster, *_keys("trait", "uid"))

# Owners, as in `denied`, who do not read since `at`: a return in time lets them in as readers since `since` again.
absence = Table("absence", roster, *_keys("owner"), Column("since", Integer, nullable=False), *_strings("at"))

# Whose a list address is, or was last, by its digest.
address = Table("address", roster, *_keys("digest"), *_strings("owner"))

device = Table(
    "device",
    members,
    *_keys("id"),
    *_strings("login"),
    Column("reader_since", Integer, nullable=False),
    *_strings("label", "style"),
    Column("digest", String, nullable=False, unique=True),
    *_strings("created_at", "actor"),
    Column("revoked_at", String, nullable=True),
    Column("revoked_because", String, nullable=True),
    Column("owner", String, nullable=False),
    Column("suspended_at", String, nullable=True),
    Index("device_login", "login"),
)

claim = Table(
    "claim",
    members,
    Column("id", Integer, primary_key=True),
    *_strings("uid", "login", "confirmed_on", "how", "actor", "at"),
    Index("claim_uid", "uid"),
)

audit = Table(
    "audit",
    members,
    Column("id", Integer, primary_key=True, autoincrement=False),
    *_strings("at", "actor", "action", "subject"),
    *_texts("detail"),
    *_strings("chain"),
    Index("audit_subject", "subject"),
)

# One row for each device of a login; `device` is empty where the login was proved by LDAP, which knows no devices.
# `generation` is the newest one that was downloaded whole, 0 for none.
last_used = Table(
    "last_used",
    members,
    *_keys("login", "device"),
    *_strings("first_seen", "last_seen", "agent"),
    Column("generation", Integer, nullable=False),
    *_strings("style"),
    Column("downloaded_at", String, nullable=True),
)

# From which networks a login came: parts of an address, never the whole of it.
seen_from = Table("seen_from", members, *_keys("login", "network"), *_strings("first_seen", "last_seen"))

# Who wants a code to sign in to the pages. `browser` is the digest of a cookie, `code` that of the code, empty before
# the post office has made it; so are the times before they come.
wish = Table(
    "wish",
    members,
    Column("id", Integer, primary_key=True),
    *_strings("login", "browser", "at"),
    Column("is_known", Integer, nullable=False),
    *_strings("code", "made_at", "sent_at", "used_at"),
    Index("wish_browser", "browser", unique=True),
)

# What the secretariat alone may see of a person, by column and ccTLD; the server cannot open this database.
private = Table("private", desk, *_keys("uid", "column", "cctld"), *_texts("value"))

# Who was erased, as `denied.owner`; `finished_at` is empty until everything of them is deleted.
erasure = Table("erasure", desk, *_keys("owner"), *_strings("at", "actor", "finished_at"))

# Mails that were sent or are to be, one for each recipient of what `kind` and `about` name. `message` is the mail,
# empty once it is sent; `due_at` is empty when it is not tried any more, `sent_at` until it is sent.
outbox = Table(
    "outbox",
    desk,
    Column("id", Integer, primary_key=True),
    *_strings("kind", "about", "owner", "recipient"),
    *_texts("message"),
    *_strings("created_at", "due_at", "sent_at", "fault"),
    Column("attempts", Integer, nullable=False),
    Index("outbox_mail", "kind", "about", "recipient", unique=True),
)


@dataclass(frozen=True, slots=True, eq=False)
class Database:
    """One of the three databases. The first step brings a file from version 1 to 2."""

    name: str
    tables: MetaData
    steps: Sequence[Step]

    @property
    def version(self) -> int:
        """The version of the tables in this version of the software."""
        return len(self.steps) + 1

    @property
    def readable_from(self) -> int:
        """The oldest version whose server can go on with a database of this version."""
        return max((number for number, step in enumerate(self.steps, start=2) if not step.is_additive), default=1)


ROSTER = Database("roster", roster, ROSTER_STEPS)
MEMBERS = Database("members", members, MEMBERS_STEPS)
DESK = Database("desk", desk, DESK_STEPS)
