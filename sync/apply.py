"""Applies a plan: renders the changed cards, writes one transaction, and ends device passwords."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from radicale_tldops.roster.cctld import Cctld
from radicale_tldops.roster.contact import Contact
from radicale_tldops.roster.device import BECOMES, DeviceState, OwnerState
from radicale_tldops.roster.errors import RefusedError, StoreError
from radicale_tldops.roster.traits import departed_digests
from radicale_tldops.store import audit
from radicale_tldops.store.desk import keep_private
from radicale_tldops.store.members import load_devices, move_devices
from radicale_tldops.store.notes import LAST_SYNC, NoteValues, read_note
from radicale_tldops.store.read import load_brought_back, load_head, load_history, load_numbers, load_owner_states
from radicale_tldops.store.values import Change, Counts, Generation, NewCard, NewGroup, RosterState, Source, Stamp
from radicale_tldops.store.write import apply_change, write_note
from sync.plan.devices import Ownership
from sync.plan.fields import Kind
from sync.plan.plan import Plan
from sync.stores import Stores as Stores
from sync.vcard.card import RENDERER, CardError, CardOptions, group_uid, render_contact, render_group


@dataclass(frozen=True, slots=True)
class Rendering:
    """How cards are made: the TLP label, and the organisation where the file gives none."""

    tlp: str
    fallback_org: Callable[[Contact], str]

    def key(self, contact: Contact, uid: str) -> str:
        """Return a key that changes exactly when the rendered card may change."""
        content = [RENDERER, self.tlp, self.fallback_org(contact), uid, contact.to_json()]
        return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Approval:
    """Who applies a plan and when, the hazards that were forced, and the notes that are written with it."""

    actor: str
    now: datetime
    forced: tuple[str, ...] = ()
    notes: NoteValues | None = None


def apply_plan(
    stores: Stores,
    state: RosterState,
    plan: Plan,
    rendering: Rendering,
    approval: Approval,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Generation:
    """Render what changed and write one generation; then bring the devices up to date.

    Raises:
        ConflictError: the store has a newer generation than the one that the plan starts from.
        StoreError: a database failed. The message says whether the generation was written.
    """
    change = build_change(state, plan, rendering, progress)
    totals, values = plan.totals, plan.values
    counts = Counts(
        people=totals.people if plan.kind != "access" else len(state.people),
        cctlds=len(plan.members) if plan.kind != "access" else len(state.groups),
        readers=len(state.readers) + totals.readers_added - totals.readers_removed,
        added=totals.added,
        changed=totals.changed,
        removed=totals.removed,
        readers_added=totals.readers_added,
        readers_removed=totals.readers_removed,
        # What went counts once, as lost: putting it back is no change to hold.
        values_changed={label: len(names) - len(values.lost.get(label, ())) for label, names in values.changed.items()},
        values_lost={label: len(names) for label, names in values.lost.items()},
        values_moved={label: len(names) for label, names in values.moved.items()},
    )
    stamp = Stamp(approval.now, approval.actor, plan.kind, plan.id, plan.sources, counts, approval.forced)
    generation = apply_change(stores.roster, plan.base, change, stamp, approval.notes)
    try:
        catch_up(stores, approval.now)
        _keep_private(stores, state, plan)
    except StoreError as error:
        raise StoreError(f"generation {generation.id} was applied and is served, but: {error}") from error
    return generation


def _keep_private(stores: Stores, state: RosterState, plan: Plan) -> None:
    """Write the private columns. If a command is killed before, the next sync finds the difference again.

    A rollback brings back cards only.
    """
    if plan.kind != "sync" or stores.desk_fault is not None:
        return
    gone = {change.uid for change in plan.of_kind(Kind.REMOVED)}
    changed = {uid: contact.private for uid, contact in plan.contacts.items()}
    keep_private(stores.desk, changed, (state.people.keys() | changed.keys()) - gone)


def build_change(state: RosterState, plan: Plan, rendering: Rendering, progress: Callable[[int, int], None]) -> Change:
    """Render the cards of a plan and return what to write."""
    removed = plan.of_kind(Kind.REMOVED)
    cards = _render_cards(plan, rendering, progress)
    groups, groups_gone = _groups(state, plan)
    gone = {change.login for change in plan.access if change.kind is Kind.REMOVED}
    logins = {login: reader.owner for login, reader in state.readers.items() if login not in gone}
    ownership = Ownership(state, logins | {login: new.owner for login, new in plan.readers.items()})
    return Change(
        cards=(NewCard(uid, data.decode(), plan.contacts[uid].to_json(), key) for uid, data, key in cards),
        cards_gone=tuple(change.uid for change in removed),
        groups=groups,
        groups_gone=groups_gone,
        readers=tuple(plan.readers.values()),
        readers_gone=tuple(change.login for change in plan.access if change.kind is Kind.REMOVED),
        departed={change.uid: departed_digests(change.uid, state.people[change.uid].contact) for change in removed},
        returned=tuple(sorted(plan.returned)),
        absent=ownership.absent(),
        present=tuple(sorted(ownership.present())),
    )


def _render_cards(
    plan: Plan, rendering: Rendering, progress: Callable[[int, int], None]
) -> Sequence[tuple[str, bytes, str]]:
    """Return UID, bytes and key of every card. All are rendered before the store is locked for other commands.

    Bytes need less memory: a str takes up to four bytes a character.
    """
    options = CardOptions(tlp=rendering.tlp)
    cards = []
    for done, (uid, contact) in enumerate(plan.contacts.items(), start=1):
        try:
            text = render_contact(contact, uid, options, fallback_org=rendering.fallback_org(contact))
        except CardError as error:
            raise RefusedError(f"nothing was applied: {contact.name} ({contact.served}): {error}") from error
        cards.append((uid, text.encode(), rendering.key(contact, uid)))
        progress(done, len(plan.contacts))
    return cards


def _groups(state: RosterState, plan: Plan) -> tuple[tuple[NewGroup, ...], tuple[str, ...]]:
    """Return the group cards whose members changed, and the ccTLDs without any contact now."""
    if plan.kind == "access":
        return (), ()
    keys = {
        label: hashlib.sha256(json.dumps([RENDERER, label, *uids]).encode()).hexdigest()
        for label, uids in plan.members.items()
    }
    changed = {label: key for label, key in keys.items() if state.groups.get(label) != key}
    gone = tuple(sorted(set(state.groups) - set(keys)))
    groups = tuple(
        NewGroup(label, group_uid(Cctld(label)), render_group(Cctld(label), plan.members[label]), key)
        for label, key in changed.items()
    )
    return groups, gone


def catch_up(stores: Stores, now: datetime) -> None:
    """Bring the members database up to date with the roster. If a command is killed here, the next one finishes this.

    Every generation gets its entry in the audit log, and every device its state. A device of somebody who does not
    read gives no access before that.

    Raises:
        StoreError: the members database fails or cannot be used.
    """
    if stores.fault is not None:
        raise stores.fault
    _audit_generations(stores)
    _move_devices(stores, now)


def _move_devices(stores: Stores, now: datetime) -> None:
    """Bring every device into the state that follows from how its owner stands.

    Between a rollback or a restore and the next full sync, the roster may be as it was: then only denials count.
    """
    devices = [device for device in load_devices(stores.members)[1] if device.state is not DeviceState.ENDED]
    if not devices:
        return
    owners, head = load_owner_states(stores.roster), load_head(stores.roster)
    is_old = load_brought_back(stores.roster) > read_note(stores.roster, LAST_SYNC).generation
    moves: dict[str, DeviceState] = {}
    for device in devices:
        owner_state = owners.of(device, now, stores.grace)
        state = BECOMES[device.state, owner_state]
        if state is not device.state and (owner_state is OwnerState.DENIED or not is_old):
            moves[device.id] = state
    move_devices(stores.members, moves, f"access ended with generation {head.id if head else 0}", now)


def _audit_generations(stores: Stores) -> None:
    """Record the generations that have no entry yet, the oldest first."""
    audited, pruned = audit.audited_generations(stores.members)
    missing = {number for number in load_numbers(stores.roster) if number > pruned} - audited
    past = load_history(stores.roster, since=min(missing)) if missing else ()
    for generation in reversed(past):
        if generation.id in missing:
            subject = f"generation {generation.id}"
            counts = {key: value for key, value in asdict(generation.counts).items() if value}
            detail = {"plan": generation.plan_id, "forced": list(generation.forced), **counts}
            audit.record(stores.members, generation.actor, generation.kind, subject, detail, generation.created_at)


def note_no_change(stores: Stores, notes: NoteValues, now: datetime) -> None:
    """Write the notes that changed, and finish what an earlier command left undone in the members database."""
    for note, value in notes.items():
        if read_note(stores.roster, note) != value:
            write_note(stores.roster, note, value)
    catch_up(stores, now)


def newer_sources(before: tuple[Source, ...], now: tuple[Source, ...]) -> tuple[Source, ...]:
    """Return each input of `now`, or the one of the same part in `before` where that has a later date."""
    known = {source.part: source for source in before}
    return tuple(max(source, known.get(source.part, source), key=lambda either: either.modified_at) for source in now)
