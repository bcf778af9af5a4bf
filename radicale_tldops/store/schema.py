"""The tables, their versions, and the way forward from an older version.

Cards carry `since`, the generation that wrote them, and `until`, the one that replaced them (null while they hold).
A generation is the rows with `since <= id` and `until` null or greater; one that changes one card writes one card.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Column, Connection, ForeignKey, Index, Integer, MetaData, String, Table, Text, text

roster = MetaData()
members = MetaData()


def _meta(database: MetaData) -> Table:
    return Table("meta", database, Column("key", String, primary_key=True), Column("value", Text, nullable=False))


meta = _meta(roster)
_meta(members)

generation = Table(
    "generation",
    roster,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("lineage", String, nullable=False),
    Column("created_at", String, nullable=False),
    Column("actor", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("plan_id", String, nullable=False),
    Column("sources", Text, nullable=False),
    Column("counts", Text, nullable=False),
    Column("forced", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("digest", String, nullable=False),
)

card = Table(
    "card",
    roster,
    Column("href", String, primary_key=True),
    Column("since", Integer, ForeignKey("generation.id"), primary_key=True),
    Column("until", Integer, ForeignKey("generation.id"), nullable=True),
    Column("uid", String, nullable=False),
    Column("etag", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("contact", Text, nullable=False),
    Column("key", String, nullable=False),
)
Index("card_until", card.c.until)

group_card = Table(
    "group_card",
    roster,
    Column("href", String, primary_key=True),
    Column("since", Integer, ForeignKey("generation.id"), primary_key=True),
    Column("until", Integer, ForeignKey("generation.id"), nullable=True),
    Column("uid", String, nullable=False),
    Column("etag", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("cctld", String, nullable=False),
    Column("key", String, nullable=False),
)
Index("group_card_until", group_card.c.until)

tombstone = Table(
    "tombstone",
    roster,
    Column("href", String, primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("style", String, nullable=False),
)

# Readers are not kept by generation: a rollback never brings one back. `since` is the generation that let the login in.
reader = Table(
    "reader",
    roster,
    Column("login", String, primary_key=True),
    Column("since", Integer, nullable=False),
    Column("uid", String, nullable=False),
    Column("principal", String, nullable=False),
    Column("name", String, nullable=False),
    Column("reason", String, nullable=False),
)

denied = Table(
    "denied",
    roster,
    Column("login", String, primary_key=True),
    Column("at", String, nullable=False),
    Column("actor", String, nullable=False),
    Column("reason", String, nullable=False),
)

# Who used to be here, by digests of what identifies a person, so that somebody who returns gets the old UID
# without anything readable being kept of those who left.
departed = Table(
    "departed",
    roster,
    Column("trait", String, primary_key=True),
    Column("uid", String, primary_key=True),
)

device = Table(
    "device",
    members,
    Column("id", String, primary_key=True),
    Column("login", String, nullable=False),
    Column("reader_since", Integer, nullable=False),
    Column("label", String, nullable=False),
    Column("style", String, nullable=False),
    Column("digest", String, nullable=False, unique=True),
    Column("created_at", String, nullable=False),
    Column("actor", String, nullable=False),
    Column("revoked_at", String, nullable=True),
    Column("revoked_because", String, nullable=True),
)
Index("device_login", device.c.login)

claim = Table(
    "claim",
    members,
    Column("id", Integer, primary_key=True),
    Column("uid", String, nullable=False),
    Column("login", String, nullable=False),
    Column("confirmed_on", String, nullable=False),
    Column("how", String, nullable=False),
    Column("actor", String, nullable=False),
    Column("at", String, nullable=False),
)
Index("claim_uid", claim.c.uid)

audit = Table(
    "audit",
    members,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("at", String, nullable=False),
    Column("actor", String, nullable=False),
    Column("action", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("detail", Text, nullable=False),
    Column("chain", String, nullable=False),
)
Index("audit_subject", audit.c.subject)

# One row for each device of a login; `device` is empty where identity was proved by something that knows no devices.
# `generation` is the newest one that was downloaded whole, 0 for none.
last_used = Table(
    "last_used",
    members,
    Column("login", String, primary_key=True),
    Column("device", String, primary_key=True),
    Column("first_seen", String, nullable=False),
    Column("last_seen", String, nullable=False),
    Column("agent", String, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("style", String, nullable=False),
    Column("downloaded_at", String, nullable=True),
)

# From which networks a login came: parts of an address, never the whole of it.
seen_from = Table(
    "seen_from",
    members,
    Column("login", String, primary_key=True),
    Column("network", String, primary_key=True),
    Column("first_seen", String, nullable=False),
    Column("last_seen", String, nullable=False),
)


def _members_2(connection: Connection) -> None:
    """Add what the server records. Written out: what the tables above become later is for later steps."""
    for statement in (
        "CREATE INDEX audit_subject ON audit (subject)",
        "CREATE TABLE last_used (login VARCHAR NOT NULL, device VARCHAR NOT NULL, first_seen VARCHAR NOT NULL, "
        "last_seen VARCHAR NOT NULL, agent VARCHAR NOT NULL, generation INTEGER NOT NULL, style VARCHAR NOT NULL, "
        "downloaded_at VARCHAR, PRIMARY KEY (login, device))",
        "CREATE TABLE seen_from (login VARCHAR NOT NULL, network VARCHAR NOT NULL, first_seen VARCHAR NOT NULL, "
        "last_seen VARCHAR NOT NULL, PRIMARY KEY (login, network))",
    ):
        connection.execute(text(statement))


@dataclass(frozen=True, slots=True, eq=False)
class Database:
    """One of the two databases. Step n of the migrations brings a file from version n to n + 1."""

    name: str
    tables: MetaData
    migrations: Sequence[Callable[[Connection], None]]

    @property
    def version(self) -> int:
        """The version of the tables in this version of the software."""
        return len(self.migrations) + 1


ROSTER = Database("roster", roster, ())
MEMBERS = Database("members", members, (_members_2,))
