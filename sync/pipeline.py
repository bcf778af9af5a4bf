"""The steps of a sync in order, from files and databases to a plan. It connects; decisions are made elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

from radicale_tldops.roster.contact import Contact
from radicale_tldops.roster.errors import InputError
from radicale_tldops.settings import Settings
from radicale_tldops.store.engine import damaged
from radicale_tldops.store.members import load_claims, load_devices
from radicale_tldops.store.read import load_meta, load_people, load_state
from radicale_tldops.store.values import RosterState, Source
from sync.apply import LAST_SYNC, LastSync, Rendering, Stores
from sync.cctlds import delegations, registrable_domain
from sync.parse import parse
from sync.plan import Plan, make_plan
from sync.records import Parsed
from sync.sources import membership_file
from sync.sources.subscribers import Subscribers, TextList
from sync.vcard import contact_uid
from sync.vet import Vetted, VettingRules, vet
from sync.wanted import Wanted, build, roll_back


@dataclass(frozen=True, slots=True)
class Checked:
    """A membership file, parsed and vetted, and the list it was vetted against."""

    parsed: Parsed
    vetted: Vetted
    source: Source
    subscribers: Subscribers | None


@dataclass(frozen=True, slots=True)
class Prepared:
    """Everything between the inputs and the store: what is, what is wanted, and the plan that leads there."""

    state: RosterState
    wanted: Wanted
    plan: Plan


def rules(settings: Settings) -> VettingRules:
    """Return the rules of vetting that the configuration sets."""
    vetting = settings.vetting
    return VettingRules(
        max_slot=vetting.max_per_cctld,
        max_per_cctld=vetting.max_per_cctld,
        stale_after_months=vetting.stale_after_months,
        require_appointment=vetting.require_appointment,
        role_waivers=vetting.role_addresses,
        delegations=delegations(vetting.add_cctlds, vetting.retire_cctlds),
    )


def rendering(settings: Settings) -> Rendering:
    """Return how cards are made under this configuration."""
    return Rendering(settings.cards.tlp, _fallback_org)


def stores(settings: Settings) -> Stores:
    """Return where the two databases are."""
    return Stores(settings.store.roster, settings.store.members)


def check(settings: Settings, file: Path | None, file_format: str | None, now: datetime) -> Checked:
    """Parse and vet a membership file; without one, that of the configuration.

    Raises:
        InputError: no file is named, or it or the list of subscribers cannot be read.
    """
    path = file or settings.membership.file
    if path is None:
        raise InputError("no membership file: name one, or set `file` under [membership] in tldops.toml.")
    read = membership_file.read(path, "membership")
    parsed = parse(read.data, str(path), file_format or settings.membership.format)
    subscribers = None
    if settings.subscribers.file is not None:
        subscribers = TextList(settings.subscribers.file, settings.subscribers.format).fetch()
    logins = subscribers.logins if subscribers else None
    vetted = vet(parsed, rules(settings), now.date(), logins, settings.readers)
    return Checked(parsed, vetted, read.source, subscribers)


def prepare(settings: Settings, checked: Checked, now: datetime) -> Prepared:
    """Compare the store with what was checked and make the plan of a sync."""
    where = stores(settings)
    state = _load(where, settings, now)
    subscribers = checked.subscribers
    wanted = build(
        checked.vetted,
        state,
        subscribers.logins if subscribers else None,
        settings.readers,
        load_claims(where.members),
        contact_uid,
    )
    sources = (checked.source, *((subscribers.source,) if subscribers else ()))
    plan = make_plan(
        state,
        wanted,
        settings.guards,
        now,
        rendering(settings).key,
        sources=sources,
        applied=last_sync(settings).sources,
        devices=_devices(where),
    )
    return Prepared(state, wanted, plan)


def prepare_rollback(settings: Settings, number: int, now: datetime) -> Prepared:
    """Make the plan that brings the cards of an earlier generation back."""
    where = stores(settings)
    state = _load(where, settings, now)
    _, people = load_people(where.roster, number)
    wanted = roll_back(state, {uid: person.contact for uid, person in people.items()}, number)
    plan = make_plan(state, wanted, settings.guards, now, rendering(settings).key, kind="rollback")
    return Prepared(state, wanted, plan)


def last_sync(settings: Settings) -> LastSync:
    """Return what the last sync saw."""
    roster = settings.store.roster
    try:
        return LastSync.from_json(load_meta(roster, LAST_SYNC))
    except (ValueError, TypeError, LookupError, AssertionError) as error:
        raise damaged(roster, f"the note of the last sync cannot be read: {error}") from error


def _load(where: Stores, settings: Settings, now: datetime) -> RosterState:
    return load_state(where.roster, now - timedelta(hours=settings.guards.window_hours))


def _devices(where: Stores) -> Mapping[str, int]:
    counts: dict[str, int] = {}
    for device in load_devices(where.members)[1]:
        if not device.revoked_at:
            counts[device.login] = counts.get(device.login, 0) + 1
    return counts


def _fallback_org(contact: Contact) -> str:
    return _registrable(contact.listed[0].rpartition("@")[2])


@lru_cache(maxsize=4096)
def _registrable(domain: str) -> str:
    return registrable_domain(domain)
