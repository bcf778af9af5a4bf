"""Reads everything that is kept about everybody."""

from collections import defaultdict
from datetime import datetime

from radicale_tldops.roster.device import Device
from radicale_tldops.settings import Settings
from radicale_tldops.store.members import load_claims, load_devices
from radicale_tldops.store.notes import LAST_SYNC, read_note
from radicale_tldops.store.usage import by_device, load_usage
from radicale_tldops.store.values import RosterState
from radicale_tldops.zones.root_data import delegations, registrable_domain
from sync.people.person import Desk, Person
from sync.stores import Stores


def load_desk(settings: Settings, stores: Stores, state: RosterState, now: datetime) -> Desk:
    """Return everybody of the roster, ordered by ccTLD and slot. Without the desk database, without private columns.

    Raises:
        StoreError: the members database cannot be read.
    """
    last, claims = read_note(stores.roster, LAST_SYNC), load_claims(stores.members)
    held, private, away = dict(last.held), stores.read_desk()[0], state.away_since
    used = by_device(load_usage(stores.members)[0])
    kept, devices, logins = defaultdict(list), defaultdict[str, list[Device]](list), defaultdict[str, list[str]](list)
    for uid, name, since in last.kept:
        kept[uid].append((name, since))
    for device in load_devices(stores.members)[1]:
        devices[device.owner].append(device)
    for login, uid in sorted(state.reader_uids.items()):
        logins[uid].append(login)
    people = [
        Person(
            uid,
            person.contact,
            tuple(logins[uid]),
            state.denials.get(uid),
            away.get(uid),
            tuple(devices[uid]),
            {device.id: used[device.id] for device in devices[uid] if device.id in used},
            tuple(claims.get(uid, ())),
            held.get(uid, ""),
            tuple(kept[uid]),
            last.places.get(uid, ""),
            private.get(uid, {}),
        )
        for uid, person in state.people.items()
    ]
    vetting = settings.vetting
    known = delegations(vetting.add_cctlds, vetting.retire_cctlds)
    months = vetting.stale_after_months
    return Desk(sorted(people, key=_place), known, now.date(), months, registrable_domain)


def _place(person: Person) -> tuple[str, int, str]:
    contact = person.contact
    return contact.served, contact.slot or 0, contact.name
