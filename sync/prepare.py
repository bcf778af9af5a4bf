"""The steps from the checked inputs and the store to a plan. Decisions are made elsewhere."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

from radicale_tldops.roster.device import DeviceState
from radicale_tldops.roster.errors import StoreError, UnknownSubjectError
from radicale_tldops.settings import Settings
from radicale_tldops.store.desk import add_private
from radicale_tldops.store.kept import load_people
from radicale_tldops.store.members import load_claims, load_devices
from radicale_tldops.store.notes import LAST_SYNC, LIST_KNOWN, read_note
from radicale_tldops.store.read import load_history, load_state
from radicale_tldops.store.values import Generation, LastSync, RosterState, Source
from radicale_tldops.zones.root_data import registrable_domain
from sync.apply import Rendering, Stores
from sync.pipeline import Checked
from sync.plan.follow import follow
from sync.plan.guards import WINDOW_HOURS
from sync.plan.hazards import LAST_CONTACT
from sync.plan.identify import Identities
from sync.plan.plan import Basis, Plan, make_plan
from sync.plan.wanted import Given, Wanted, build, roll_back
from sync.problems import Origin, Problem
from sync.sources.subscribers import PART, Subscribers
from sync.vcard.card import contact_uid
from sync.vet import Vetted

_ALWAYS_SEEN = ("appointment-left", "kept-value", "left-list", "no-final-newline")
_ABOUT_VALUES = frozenset(
    {
        *("assumed-region", "invalid-phone", "phone-not-understood", "phone-remark", "no-phone"),
        *("bad-column", "bad-date", "future-date", "lossy-export", "encoded-twice", "encoding-guessed"),
    }
)
"""The warnings that say how a value was read."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """The state of the store, the wanted state, and the plan between them.

    `unguarded` is the plan that also takes the last contact of a ccTLD, where there is one; forcing applies it.
    `desk_fault` is why the private columns were left out, or None.
    """

    state: RosterState
    wanted: Wanted
    plan: Plan
    unguarded: Plan | None = None
    desk_fault: StoreError | None = None

    @property
    def to_see(self) -> tuple[Problem, ...]:
        """The problems to read with the plan: what stops it, what is kept, and how a changed person's values were read.

        The first sync changes everybody, and `check` shows the warnings.
        """
        changed = {origin for change in self.plan.people for origin in change.origins} if self.plan.base else set()
        return tuple(
            problem
            for problem in self.wanted.problems
            if problem.is_error
            or problem.code in _ALWAYS_SEEN
            or (problem.code in _ABOUT_VALUES and str(problem.origin) in changed)
        )

    @property
    def without_card(self) -> tuple[Origin, ...]:
        """Where people of the file stand who are not on the list, but for those whose card stays for some days."""
        staying = {problem.origin for problem in self.wanted.problems if problem.code == "left-list"}
        return tuple(
            problem.origin
            for problem in self.wanted.problems
            if problem.code == "not-on-list" and problem.origin not in staying
        )

    def to_apply(self, forced: Collection[str]) -> Plan:
        """Return the plan that is carried out where these hazards are forced."""
        return self.unguarded if self.unguarded and LAST_CONTACT in forced else self.plan

    def to_reach(self, forced: Collection[str]) -> Wanted:
        """Return the state after the plan of `to_apply`."""
        return self.wanted.unguarded if self.wanted.unguarded and LAST_CONTACT in forced else self.wanted

    def not_installed(self, configured: Path) -> "Prepared":
        """Return the same for a file that is not the configured one, where that would undo the plan."""
        unguarded = self.unguarded.not_installed(str(configured)) if self.unguarded else None
        return replace(self, plan=self.plan.not_installed(str(configured)), unguarded=unguarded)


def rendering(settings: Settings) -> Rendering:
    """Return how cards are made under this configuration."""
    return Rendering(settings.cards.tlp, lambda contact: registrable_domain(contact.listed[0].rpartition("@")[2]))


def prepare(
    settings: Settings, where: Stores, checked: Checked, now: datetime, same_people: Collection[str] = ()
) -> Prepared:
    """Compare the store with the checked inputs and return the plan of a sync.

    `same_people` are addresses at which a new name is the same person's.
    """
    state, vetted, fault = _with_private(where, _load(where, settings, now), checked.vetted)
    last = read_note(where.roster, LAST_SYNC)
    kept = {(uid, name): date.fromisoformat(since) for uid, name, since in last.kept}
    identities = Identities.of(state, contact_uid, same_people)
    claims = {uid: told[-1].confirmed_on for uid, told in load_claims(where.members).items()}
    grace = settings.subscribers.leaving_grace
    months, required = settings.vetting.stale_after_months, settings.vetting.require_appointment
    given = Given(vetted, now.date(), checked.listed, settings.readers, claims, kept, grace, months, required)
    last = replace(last, sources=_applied(settings, last))
    basis = Basis("sync", checked.sources, last, _taken_back(where, state), _devices(where, state), grace)
    return replace(_prepared(settings, state, build(given, state, identities), now, basis), desk_fault=fault)


def _with_private(where: Stores, state: RosterState, vetted: Vetted) -> tuple[RosterState, Vetted, StoreError | None]:
    """Add the private columns to the people of the roster. Where they cannot be read, take them from the others.

    The third value is why they cannot be read.
    """
    private, fault = where.read_desk()
    if fault is None:
        return add_private(state, private), vetted, None
    contacts, unlisted = (
        tuple((contact.with_private({}), origins) for contact, origins in some)
        for some in (vetted.contacts, vetted.unlisted)
    )
    return state, replace(vetted, contacts=contacts, unlisted=unlisted), fault


def _prepared(settings: Settings, state: RosterState, wanted: Wanted, now: datetime, basis: Basis) -> Prepared:
    key = rendering(settings).key
    plan = make_plan(state, wanted, settings.guards, now, key, basis)
    if wanted.unguarded is None:
        return Prepared(state, wanted, plan)
    return Prepared(state, wanted, plan, make_plan(state, wanted.unguarded, settings.guards, now, key, basis))


def _taken_back(where: Stores, state: RosterState) -> Sequence[Source]:
    """Return the inputs that the last rollback took back and no later sync applied again."""
    if not state.brought_back:
        return ()
    later = load_history(where.roster, since=state.brought_back)
    rollback = later[-1]
    again = {source.sha256 for entry in later if entry.kind == "sync" for source in entry.sources}
    return [source for source in rollback.sources if source.sha256 not in again]


def prepare_access(settings: Settings, where: Stores, subscribers: Subscribers, now: datetime) -> Prepared:
    """Return the plan that follows the list alone: it changes readers and leaves the roster as it is."""
    state = _load(where, settings, now)
    last = read_note(where.roster, LAST_SYNC)
    held = {uid for uid, _ in last.held}
    known = read_note(where.roster, LIST_KNOWN)
    wanted = follow(state, subscribers.logins, settings.readers, held, known, since=last.generation)
    last = replace(last, sources=_applied(settings, last), columns=())
    grace = settings.subscribers.leaving_grace
    basis = Basis("access", (subscribers.source,), last, (), _devices(where, state), grace)
    plan = make_plan(state, wanted, settings.guards, now, lambda _, uid: state.people[uid].key, basis)
    return Prepared(state, wanted, plan)


def generation_before(where: Stores, number: int | None) -> Generation:
    """Return the generation of this number; without one, the one before the cards last changed.

    Raises:
        UnknownSubjectError: there is none.
    """
    history = load_history(where.roster)
    if number is None:
        number = next((entry.id for entry in history if entry.kind != "access"), 0) - 1
    found = next((entry for entry in history if entry.id == number), None)
    if found is None:
        which = f"no generation {number}" if number > 0 else "nothing before the first generation"
        raise UnknownSubjectError(f"there is {which}. `tldops history` lists them.")
    return found


def prepare_rollback(settings: Settings, where: Stores, number: int, now: datetime) -> Prepared:
    """Return the plan that brings back the cards of an earlier generation."""
    state = _load(where, settings, now)
    _, people = load_people(where.roster, number)
    wanted = roll_back(state, {uid: person.contact for uid, person in people.items()}, number)
    history = load_history(where.roster, since=number)
    undone = [entry for entry in history if entry.id > number and entry.kind == "sync"]
    stays = {source.sha256 for entry in history if entry.id == number for source in entry.sources}
    sources = {source.sha256: source for entry in undone for source in entry.sources if source.part == "membership"}
    taken = tuple(source for sha256, source in sources.items() if sha256 not in stays)
    return _prepared(settings, state, wanted, now, Basis("rollback", taken))


def _applied(settings: Settings, last: LastSync) -> tuple[Source, ...]:
    """Return the inputs that were applied last; an input older than these is refused.

    A list that a system sent just now is never old, even if the clock was ahead the last time.
    """
    asked = settings.subscribers.kind in ("mailman3", "ldap")
    return tuple(source for source in last.sources if not (asked and source.part == PART))


def _load(where: Stores, settings: Settings, now: datetime) -> RosterState:
    return load_state(where.roster, now - timedelta(hours=WINDOW_HOURS))


def _devices(where: Stores, state: RosterState) -> Mapping[str, int]:
    """Return how many devices of each owner have not ended; denials have ended those of people who are denied."""
    devices = load_devices(where.members)[1] if where.fault is None else ()
    ended = DeviceState.ENDED
    return Counter(found.owner for found in devices if found.state is not ended and found.owner not in state.denials)
