"""The steps that bring a database of an older version forward, one version each.

Written out, digests included: what the tables and digests become later is for later steps. An additive step leaves
all that a server of the version before reads and writes as it was: more tables, and columns that need no value. Any
command takes it, under a running server of that version. Every other step waits for `tldops migrate`.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, text

from radicale_tldops.roster.digest import digest, etag
from radicale_tldops.roster.traits import address_digest
from radicale_tldops.store.values import SHOWS_PRIVATE

_GENERATIONS_3 = (
    "SELECT id, lineage, created_at, actor, kind, plan_id, sources, counts, forced, note, ended "
    "FROM generation ORDER BY id"
)
"""What version 3 covers of each generation in the digest of the newest one, and version 5 in the link of each."""


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """The way from one version of a database to the next. `does` says to a person what it does."""

    does: str
    run: Callable[[Connection], None]
    is_additive: bool = False


def roster_2(connection: Connection) -> None:
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


def roster_3(connection: Connection) -> None:
    """Keep a digest of the rows that each generation replaced, taken of them as they are now.

    The digest of the newest generation covers all generations then. Where it failed before, it fails on.
    """
    head = connection.execute(text("SELECT id, lineage, digest FROM generation ORDER BY id DESC LIMIT 1")).first()
    is_sound = head is not None and roster_digest(connection, head.lineage, head.id) == head.digest
    connection.execute(text("ALTER TABLE generation ADD COLUMN ended VARCHAR NOT NULL DEFAULT ''"))
    for number in connection.execute(text("SELECT id FROM generation")).scalars().all():
        values = {"ended": _ended_3(connection, number), "id": number}
        connection.execute(text("UPDATE generation SET ended = :ended WHERE id = :id"), values)
    if head is not None and is_sound:
        new = digest_3(connection, head.lineage, head.id)
        connection.execute(text("UPDATE generation SET digest = :new WHERE id = :id"), {"new": new, "id": head.id})


def private_values(connection: Connection) -> list[dict[str, str]]:
    """Return the private values that version 3 kept in the cards of its newest generation, as rows of the desk."""
    return [
        {"uid": row.uid, "column": name, "cctld": "", "value": value}
        for row in _with_private(connection)
        for name in ("note", "evidence")
        if row.until is None and (value := json.loads(row.contact).get(name))
    ]


def _with_private(connection: Connection) -> Sequence[Row[Any]]:
    """Return the cards whose contact may hold private columns."""
    likely = """SELECT * FROM card WHERE contact LIKE '%"note":%' OR contact LIKE '%"evidence":%'"""
    return connection.execute(text(likely)).all()


def roster_4(connection: Connection) -> None:
    """Take the private columns out of all contacts, and the text from earlier cards that showed them.

    What members see now stays until the next sync. Digests that matched are taken anew.
    """
    head = connection.execute(text("SELECT id, lineage, digest FROM generation ORDER BY id DESC LIMIT 1")).first()
    is_sound = head is not None and head.digest == digest_3(connection, head.lineage, head.id)
    sealed = connection.execute(text("SELECT id, ended FROM generation")).all()
    matching = [row.id for row in sealed if row.ended == _ended_3(connection, row.id)]
    strip = text("UPDATE card SET contact = :contact, key = :key WHERE href = :href AND since = :since")
    for row in _with_private(connection):
        contact = {name: value for name, value in json.loads(row.contact).items() if name not in ("note", "evidence")}
        plain = json.dumps(contact, ensure_ascii=False, separators=(",", ":"))
        if plain != row.contact:
            its = {"href": row.href, "since": row.since}
            connection.execute(strip, {"contact": plain, "key": SHOWS_PRIVATE, **its})
    blank = text("UPDATE card SET text = '', etag = :etag WHERE until IS NOT NULL AND key = :key")
    connection.execute(blank, {"etag": etag(""), "key": SHOWS_PRIVATE})
    for number in matching:
        values = {"ended": _ended_3(connection, number), "id": number}
        connection.execute(text("UPDATE generation SET ended = :ended WHERE id = :id"), values)
    if head is not None and is_sound:
        new = digest_3(connection, head.lineage, head.id)
        connection.execute(text("UPDATE generation SET digest = :new WHERE id = :id"), {"new": new, "id": head.id})


def roster_5(connection: Connection) -> None:
    """Make the generations a chain, whose end the digest of the newest one covers, and note which cards are kept.

    Where that digest failed before, it fails on.
    """
    head = connection.execute(text("SELECT id, lineage, digest FROM generation ORDER BY id DESC LIMIT 1")).first()
    is_sound = head is not None and head.digest == digest_3(connection, head.lineage, head.id)
    for statement in (
        "ALTER TABLE generation ADD COLUMN chain VARCHAR NOT NULL DEFAULT ''",
        "CREATE INDEX generation_created_at ON generation (created_at)",
        "CREATE INDEX generation_kind ON generation (kind)",
    ):
        connection.execute(text(statement))
    chain = ""
    for row in connection.execute(text(_GENERATIONS_3)).all():
        chain = digest([(chain, *row)])
        values = {"chain": chain, "id": row.id}
        connection.execute(text("UPDATE generation SET chain = :chain WHERE id = :id"), values)
    tenth = "SELECT id FROM generation WHERE kind != 'access' ORDER BY id DESC LIMIT 1 OFFSET 9"
    kept_from = connection.execute(text(tenth)).scalar() or 0
    connection.execute(text("INSERT INTO meta VALUES ('kept_from', :number)"), {"number": kept_from})
    if head is not None and is_sound:
        new = _digest_5(connection, head.lineage, head.id)
        connection.execute(text("UPDATE generation SET digest = :new WHERE id = :id"), {"new": new, "id": head.id})


def _digest_5(connection: Connection, lineage: str, number: int) -> str:
    """Return the digest that version 5 keeps of its newest generation."""
    whole = (
        connection.execute(text("SELECT chain FROM generation ORDER BY id DESC LIMIT 1")).scalar(),
        connection.execute(text("SELECT max(id) FROM generation WHERE kind IN ('rollback', 'restore')")).scalar() or 0,
        connection.execute(text("SELECT value FROM meta WHERE key = 'kept_from'")).scalar(),
    )
    told = (
        "SELECT id, created_at FROM generation WHERE id IN (SELECT since FROM card WHERE until IS NULL UNION "
        "SELECT since FROM group_card WHERE until IS NULL UNION SELECT max(revision) FROM tombstone GROUP BY style)"
    )
    return roster_digest(connection, lineage, number, [whole], map(tuple, connection.execute(text(told))))


def digest_3(connection: Connection, lineage: str, number: int) -> str:
    """Return the digest that versions 3 and 4 kept of their newest generation."""
    return roster_digest(connection, lineage, number, map(tuple, connection.execute(text(_GENERATIONS_3))))


def _ended_3(connection: Connection, number: int) -> str:
    return digest(*_card_rows(connection, f"until = {number}"))


def roster_digest(connection: Connection, lineage: str, number: int, *more: Iterable[tuple[object, ...]]) -> str:
    """Return the digest that version 2 kept of its newest generation, or with `more` sections that of a later one."""
    readers = map(tuple, connection.execute(text("SELECT login, uid, principal, name, reason, since FROM reader")))
    absences = map(tuple, connection.execute(text("SELECT owner, since, at FROM absence")))
    tombstones = map(tuple, connection.execute(text("SELECT href, style, revision FROM tombstone")))
    cards = _card_rows(connection, "until IS NULL")
    return digest([(lineage, number)], *cards, [*readers, *absences], tombstones, *more)


def _card_rows(connection: Connection, which: str) -> Iterable[Iterable[tuple[object, ...]]]:
    columns = "SELECT href, uid, since, etag, text, key"
    cards = connection.execute(text(f"{columns}, contact FROM card WHERE {which}"))
    groups = connection.execute(text(f"{columns}, cctld FROM group_card WHERE {which}"))
    return (
        ((*row[:4], etag(row.text), row.key, etag(row.contact)) for row in cards),
        ((*row[:4], etag(row.text), row.key, row.cctld) for row in groups),
    )


def members_2(connection: Connection) -> None:
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


def members_3(connection: Connection) -> None:
    """Let devices have an owner, which is their login until `create.update_members` finds the person behind it."""
    for statement in (
        "ALTER TABLE device ADD COLUMN owner VARCHAR NOT NULL DEFAULT ''",
        "ALTER TABLE device ADD COLUMN suspended_at VARCHAR",
        "UPDATE device SET owner = login",
    ):
        connection.execute(text(statement))


def members_4(connection: Connection) -> None:
    """Add the wishes for codes."""
    for statement in (
        "CREATE TABLE wish (id INTEGER NOT NULL, login VARCHAR NOT NULL, browser VARCHAR NOT NULL, "
        "at VARCHAR NOT NULL, is_known INTEGER NOT NULL, code VARCHAR NOT NULL, made_at VARCHAR NOT NULL, "
        "sent_at VARCHAR NOT NULL, used_at VARCHAR NOT NULL, PRIMARY KEY (id))",
        "CREATE UNIQUE INDEX wish_browser ON wish (browser)",
    ):
        connection.execute(text(statement))


def desk_2(connection: Connection) -> None:
    """Add who was erased, so that a restore does it again."""
    statement = (
        "CREATE TABLE erasure (owner VARCHAR NOT NULL, at VARCHAR NOT NULL, actor VARCHAR NOT NULL, "
        "finished_at VARCHAR NOT NULL, PRIMARY KEY (owner))"
    )
    connection.execute(text(statement))


def desk_3(connection: Connection) -> None:
    """Add the outbox."""
    for statement in (
        "CREATE TABLE outbox (id INTEGER NOT NULL, kind VARCHAR NOT NULL, about VARCHAR NOT NULL, "
        "owner VARCHAR NOT NULL, recipient VARCHAR NOT NULL, message TEXT NOT NULL, created_at VARCHAR NOT NULL, "
        "due_at VARCHAR NOT NULL, sent_at VARCHAR NOT NULL, fault VARCHAR NOT NULL, attempts INTEGER NOT NULL, "
        "PRIMARY KEY (id))",
        "CREATE UNIQUE INDEX outbox_mail ON outbox (kind, about, recipient)",
    ):
        connection.execute(text(statement))


ROSTER_STEPS: Sequence[Step] = (
    Step("denials become those of people, and hold under every address", roster_2),
    Step("the kept cards of earlier generations get digests, of what they are now", roster_3),
    Step("note and evidence move to the desk database, and out of the roster", roster_4, is_additive=True),
    Step("generations are linked, so that a long past costs nothing at each load", roster_5),
)
MEMBERS_STEPS: Sequence[Step] = (
    Step("a place for what the server records of logins and downloads", members_2, is_additive=True),
    Step("devices become those of people, and can be suspended", members_3),
    Step("a place for codes to sign in", members_4, is_additive=True),
)
DESK_STEPS: Sequence[Step] = (
    Step("a place for who was erased", desk_2, is_additive=True),
    Step("a place for mails that are to be sent", desk_3, is_additive=True),
)
