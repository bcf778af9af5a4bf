"""The steps from the checked inputs and the store to a plan. Decisions are made elsewhere."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from radicale_tldops.roster.device import DeviceState
from radicale_tldops.settings import Settings
from radicale_tldops.store.members import load_claims, load_devices
from radicale_tldops.store.notes import LAST_SYNC, LIST_KNOWN, read_note
from radicale_tldops.store.read import load_people, load_state
from radicale_tldops.store.values import LastSync, RosterState, Source
from sync.apply import Rendering, Stores
from sync.pipeline import Checked
from sync.plan.follow import follow
from sync.plan.guards import WINDOW_HOURS
from sync.plan.identify import Identities
from sync.plan.plan import Basis, Plan, make_plan
from sync.plan.wanted import Wanted, build, roll_back
from sync.sources.root_data import registrable_domain
from sync.sources.subscribers import PART, Subscribers
from sync.vcard.card import contact_uid


@dataclass(frozen=True, slots=True)
class Prepared:
    """The state of the store, the wanted state, and the plan between them."""

    state: RosterState
    wanted: Wanted
    plan: Plan


def rendering(settings: Settings) -> Rendering:
    """Return how cards are made under this configuration."""
    return Rendering(settings.cards.tlp, lambda contact: registrable_domain(contact.listed[0].rpartition("@")[2]))


def prepare(settings: Settings, checked: Checked, now: datetime, same_people: Collection[str] = ()) -> Prepared:
    """Compare the store with the checked inputs and return the plan of a sync.

    `same_people` are addresses at which a new name is the same person's.
    """
    where = Stores(settings.store.roster, settings.store.members)
    state = _load(where, settings, now)
    claims = load_claims(where.members)
    identities = Identities.of(state, contact_uid, same_people)
    wanted = build(checked.vetted, state, checked.listed, settings.readers, claims, identities)
    applied = _applied(settings, read_note(where.roster, LAST_SYNC))
    basis = Basis("sync", checked.sources, applied, _devices(where, state), _grace(settings))
    return Prepared(state, wanted, make_plan(state, wanted, settings.guards, now, rendering(settings).key, basis))


def prepare_access(settings: Settings, where: Stores, subscribers: Subscribers, now: datetime) -> Prepared:
    """Return the plan that follows the list alone: it changes readers and leaves the roster as it is."""
    state = _load(where, settings, now)
    last = read_note(where.roster, LAST_SYNC)
    held = {uid for uid, _ in last.held}
    known = read_note(where.roster, LIST_KNOWN)
    wanted = follow(state, subscribers.logins, settings.readers, held, known, since=last.generation)
    basis = Basis("access", (subscribers.source,), _applied(settings, last), _devices(where, state), _grace(settings))
    plan = make_plan(state, wanted, settings.guards, now, lambda _, uid: state.people[uid].key, basis)
    return Prepared(state, wanted, plan)


def prepare_rollback(settings: Settings, number: int, now: datetime) -> Prepared:
    """Return the plan that brings back the cards of an earlier generation."""
    where = Stores(settings.store.roster, settings.store.members)
    state = _load(where, settings, now)
    _, people = load_people(where.roster, number)
    wanted = roll_back(state, {uid: person.contact for uid, person in people.items()}, number)
    plan = make_plan(state, wanted, settings.guards, now, rendering(settings).key, Basis("rollback"))
    return Prepared(state, wanted, plan)


def _applied(settings: Settings, last: LastSync) -> Sequence[Source]:
    """Return the inputs that were applied last; an input older than these is refused.

    A list that a system sent just now is never old, even if the clock was ahead the last time.
    """
    asked = settings.subscribers.kind in ("mailman3", "ldap")
    return [source for source in last.sources if not (asked and source.part == PART)]


def _load(where: Stores, settings: Settings, now: datetime) -> RosterState:
    return load_state(where.roster, now - timedelta(hours=WINDOW_HOURS))


def _devices(where: Stores, state: RosterState) -> Mapping[str, int]:
    """Return how many devices of each owner have not ended; denials have ended those of people who are denied."""
    devices = load_devices(where.members)[1] if where.fault is None else ()
    ended = DeviceState.ENDED
    return Counter(found.owner for found in devices if found.state is not ended and found.owner not in state.denials)


def _grace(settings: Settings) -> timedelta:
    return timedelta(days=settings.subscribers.leaving_grace_days)
