"""Contacts, records and states for tests of the decisions."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from radicale_tldops.roster.contact import Contact
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
    return Contact(name=name, slots=((cctld, slot),), listed=(listed,), out_of_band=(oob,) if oob else ())


def entry(contact: Contact, line: int = 1) -> Identifiable:
    """A vetted contact with its origin."""
    return Identifiable(contact, (Origin("members.txt", line),))


def vetted(*contacts: Contact) -> Vetted:
    """What vetting gives for contacts without any problem."""
    listed = frozenset(login for one in contacts for login in one.logins[: len(one.listed)])
    return Vetted(
        contacts=tuple((one, (Origin("members.txt", number),)) for number, one in enumerate(contacts, 1)), listed=listed
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
    known = {(uids or {}).get(one.name, uid(one)): one for one in contacts}
    head = generation(9, NOW, Counts(people=len(known), readers=len(known)))
    gone: dict[str, set[str]] = {}
    for one in departed:
        for digest in departed_digests(uid(one), one):
            gone.setdefault(digest, set()).add(uid(one))
    return RosterState(
        lineage="lineage",
        head=recent[0] if recent else (head if known else None),
        people={u: StoredPerson(u, one, key(one, u)) for u, one in known.items()},
        groups={},
        readers={one.logins[0]: Reader(one.logins[0], "p", one.name, 1) for one in known.values()},
        reader_uids={one.logins[0]: u for u, one in known.items()},
        denied={},
        recent=recent,
        departed={trait: frozenset(some) for trait, some in gone.items()},
    )
