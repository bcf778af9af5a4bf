"""The tables, their versions, and the way forward from an older version.

Cards carry `since`, the generation that wrote them, and `until`, the one that replaced them (null while they hold).
A generation is the rows with `since <= id` and `until` null or greater; one that changes one card writes one card.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Column, Connection, ForeignKey, Index, Integer, MetaData, String, Table, Text, text

from radicale_tldops.roster.digest import digest
from radicale_tldops.roster.traits import address_digest

roster = MetaData()
members = MetaData()


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

generation = Table(
    "generation",
    roster,
    Column("id", Integer, primary_key=True, autoincrement=False),
    *_strings("lineage", "created_at", "actor", "kind", "plan_id"),
    *_texts("sources", "counts", "forced", "note"),
    *_strings("digest"),
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


def _roster_2(connection: Connection) -> None:
    """Make denials those of people, and record absences and list addresses. The digest of denials covers more then.

    Raises:
        ValueError: the denials do not match their digest.
    """
    old = connection.execute(text("SELECT login, at, actor, reason FROM denied")).all()
    sealed = connection.execute(text("SELECT value FROM meta WHERE key = 'denied_digest'")).scalar()
    if digest(map(tuple, old)) != sealed:
        raise ValueError("the list of denied logins does not match its digest")
    connection.execute(text("ALTER TABLE denied RENAME TO denied_1"))
    for statement in (
        "CREATE TABLE denied (owner VARCHAR NOT NULL, login VARCHAR NOT NULL, name VARCHAR NOT NULL, "
        "at VARCHAR NOT NULL, actor VARCHAR NOT NULL, reason VARCHAR NOT NULL, PRIMARY KEY (owner))",
        "INSERT OR IGNORE INTO denied SELECT coalesce(nullif(reader.uid, ''), denied_1.login), denied_1.login, "
        "coalesce(reader.name, ''), at, actor, denied_1.reason FROM denied_1 LEFT JOIN reader USING (login) "
        "ORDER BY denied_1.login",
        "DROP TABLE denied_1",
        "CREATE TABLE absence (owner VARCHAR NOT NULL, since INTEGER NOT NULL, at VARCHAR NOT NULL, "
        "PRIMARY KEY (owner))",
        "CREATE TABLE address (digest VARCHAR NOT NULL, owner VARCHAR NOT NULL, PRIMARY KEY (digest))",
    ):
        connection.execute(text(statement))
    readers = connection.execute(text("SELECT login, coalesce(nullif(uid, ''), login) AS owner FROM reader")).all()
    addresses = [{"digest": address_digest(row.login), "owner": row.owner} for row in readers]
    if addresses:
        connection.execute(text("INSERT INTO address VALUES (:digest, :owner)"), addresses)
    new = connection.execute(text("SELECT owner, login, name, at, actor, reason FROM denied")).all()
    seal = text("UPDATE meta SET value = :digest WHERE key = 'denied_digest'")
    connection.execute(seal, {"digest": digest(map(tuple, new))})


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


def _members_3(connection: Connection) -> None:
    """Let devices have an owner, which is their login until `create.update_members` finds the person behind it."""
    for statement in (
        "ALTER TABLE device ADD COLUMN owner VARCHAR NOT NULL DEFAULT ''",
        "ALTER TABLE device ADD COLUMN suspended_at VARCHAR",
        "UPDATE device SET owner = login",
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


ROSTER = Database("roster", roster, (_roster_2,))
MEMBERS = Database("members", members, (_members_2, _members_3))
