"""Contacts, records and states for tests of the decisions."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from radicale_tldops.roster.contact import Contact, serving
from radicale_tldops.roster.snapshot import Reader
from radicale_tldops.roster.traits import departed_digests
from radicale_tldops.store.values import Counts, Generation, RosterState, StoredPerson
from sync.plan.identify import Identifiable
from sync.problems import Origin
from sync.vet import Vetted

NOBODY = Counts()
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def person(name: str, address: str = "", cctld: str = "nl", slot: int = 1, oob: str = "") -> Contact:
    """A contact; the address follows from the name unless it is given."""
    listed = address or f"{name.lower().replace(' ', '.')}@nic.example"
    return Contact(name=name, services=serving((cctld, slot)), listed=(listed,), out_of_band=(oob,) if oob else ())


def entry(contact: Contact, line: int = 1) -> Identifiable:
    """A vetted contact with its origin."""
    return Identifiable(contact, (Origin("members.txt", line),))


def vetted(*contacts: Contact) -> Vetted:
    """What vetting gives for contacts without any problem."""
    listed = frozenset(login for contact in contacts for login in contact.logins[: len(contact.listed)])
    return Vetted(
        contacts=tuple((contact, (Origin("members.txt", number),)) for number, contact in enumerate(contacts, 1)),
        listed=listed,
    )


def uid(contact: Contact) -> str:
    """The UID that a new person gets in these tests."""
    return f"uid-{contact.logins[0]}"


def key(contact: Contact, uid: str) -> str:
    """The key of a card in these tests."""
    return f"{uid} {contact.to_json()}"


def generation(number: int, at: datetime, counts: Counts = NOBODY, forced: Sequence[str] = ()) -> Generation:
    """A generation."""
    return Generation(number, "lineage", at, "tester", "sync", "", (), counts, tuple(forced), "", "")


def state(
    *contacts: Contact,
    recent: Sequence[Generation] = (),
    departed: Sequence[Contact] = (),
    uids: Mapping[str, str] | None = None,
) -> RosterState:
    """A store that holds these contacts, with a login each; `uids` overrides UIDs by name."""
    known = {(uids or {}).get(contact.name, uid(contact)): contact for contact in contacts}
    head = generation(9, NOW, Counts(people=len(known), readers=len(known)))
    gone: dict[str, set[str]] = {}
    for contact in departed:
        for digest in departed_digests(uid(contact), contact):
            gone.setdefault(digest, set()).add(uid(contact))
    return RosterState(
        lineage="lineage",
        head=recent[0] if recent else (head if known else None),
        people={u: StoredPerson(u, contact, key(contact, u)) for u, contact in known.items()},
        groups={},
        readers={contact.logins[0]: Reader(contact.logins[0], "p", contact.name, 1) for contact in known.values()},
        reader_uids={contact.logins[0]: u for u, contact in known.items()},
        denied={},
        recent=recent,
        departed={trait: frozenset(some) for trait, some in gone.items()},
    )
