"""The members database: device passwords, and claims that a contact was confirmed."""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from pathlib import Path

from sqlalchemy import insert, select, text, update

from radicale_tldops.roster.device import Device, DeviceState
from radicale_tldops.roster.snapshot import Reader, Style
from radicale_tldops.store.engine import WRITE_WAIT, writing
from radicale_tldops.store.notes import COUNTER, bump
from radicale_tldops.store.opening import few_rows, reading_members
from radicale_tldops.store.schema import claim, device

PASSWORD_GROUPS = 6
GROUP_LENGTH = 5
"""A device password is six groups of five symbols, with dashes between them: 30 symbols of 5 bits are 150 bits."""

SYMBOLS = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: no letter that looks like a digit, so it is easy to read aloud and to type on a phone."""


@dataclass(frozen=True, slots=True)
class Claim:
    """That a contact was confirmed: on which day, how, and who recorded it."""

    confirmed_on: date
    how: str
    actor: str


def password_digest(password: str) -> str:
    """Return what is stored of a device password. The entropy is in the password, so no slow hash is needed."""
    data = password.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(data, digest_size=32, person=b"tldops-device").hexdigest()


def add_device(path: Path, reader: Reader, label: str, style: Style, actor: str, now: datetime) -> tuple[Device, str]:
    """Issue a device password to a reader; return the device and the password, which is not stored."""
    groups = ("".join(secrets.choice(SYMBOLS) for _ in range(GROUP_LENGTH)) for _ in range(PASSWORD_GROUPS))
    password = "-".join(groups)
    issued = Device(
        id=secrets.token_hex(4),
        login=reader.login,
        reader_since=reader.since,
        label=label,
        style=style.value,
        digest=password_digest(password),
        created_at=now.isoformat(),
        actor=actor,
        owner=reader.owner,
    )
    with writing(path) as connection:
        row = asdict(issued) | {"revoked_at": None, "revoked_because": None, "suspended_at": None}
        connection.execute(insert(device).values(**row))
        bump(connection)
    return issued, password


def load_devices(path: Path, *, wait: float = WRITE_WAIT) -> tuple[int, Sequence[Device]]:
    """Return the counter of the database and every device, the revoked ones too, in the order of issue."""
    # The server reads devices before any command of this version has updated the database.
    with reading_members(path, oldest=1, wait=wait) as connection:
        rows = few_rows(connection, text("SELECT * FROM device ORDER BY created_at, id"))
        devices = [
            Device(**{name: row[name] for name in Device.__slots__ if row.get(name) is not None}) for row in rows
        ]
        # Before version 3 devices belonged to logins.
        devices = [found if found.owner else replace(found, owner=found.login) for found in devices]
        return COUNTER.read(connection), devices


def revoke_devices(path: Path, ids: Sequence[str], because: str, now: datetime) -> int:
    """Revoke devices by id and return how many were still valid."""
    if not ids:
        return 0
    with writing(path) as connection:
        changed = connection.execute(
            update(device)
            .where(device.c.id.in_(ids), device.c.revoked_at.is_(None))
            .values(revoked_at=now.isoformat(), revoked_because=because)
        ).rowcount
        bump(connection)
    return int(changed)


def move_devices(path: Path, moves: Mapping[str, DeviceState], because: str, now: datetime) -> None:
    """Bring devices, by id, into other states; `because` is why some end, and an ended one stays as it is."""
    if not moves:
        return
    values: Mapping[DeviceState, dict[str, str | None]] = {
        DeviceState.IN_FORCE: {"suspended_at": None},
        DeviceState.SUSPENDED: {"suspended_at": now.isoformat()},
        DeviceState.ENDED: {"revoked_at": now.isoformat(), "revoked_because": because},
    }
    with writing(path) as connection:
        for device_id, state in moves.items():
            its = (device.c.id == device_id, device.c.revoked_at.is_(None))
            connection.execute(update(device).where(*its).values(**values[state]))
        bump(connection)


def add_claims(path: Path, people: Mapping[str, str], how: str, actor: str, now: datetime) -> None:
    """Record that people (login by UID) were confirmed on the day of `now`."""
    same = {"confirmed_on": now.date().isoformat(), "how": how, "actor": actor, "at": now.isoformat()}
    with writing(path) as connection:
        connection.execute(insert(claim), [{"uid": uid, "login": login, **same} for uid, login in people.items()])


def load_claims(path: Path) -> Mapping[str, Sequence[Claim]]:
    """Return the confirmations of each person, by UID, the oldest first."""
    found: dict[str, list[Claim]] = {}
    with reading_members(path) as connection:
        for row in few_rows(connection, select(claim).order_by(claim.c.confirmed_on, claim.c.id)):
            told = Claim(date.fromisoformat(row["confirmed_on"]), row["how"], row["actor"])
            found.setdefault(row["uid"], []).append(told)
    return found
