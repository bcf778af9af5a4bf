"""One person of the roster with everything that is kept about them, and the filters that choose among all."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from radicale_tldops.roster.cctld import Delegations
from radicale_tldops.roster.contact import Contact, PrivateValues, has_out_of_band, is_stale, people_per_cctld
from radicale_tldops.roster.device import Device, DeviceState
from radicale_tldops.roster.role_address import is_role
from radicale_tldops.store.members import Claim
from radicale_tldops.store.usage import LastUsed
from radicale_tldops.store.values import Denial


@dataclass(frozen=True, slots=True)
class Person:
    """A person of the roster.

    `logins` are those that are on the list now, and `away_since` is the day since which there are none, where it is
    known. `used` says when each device was last used, by its id. `held` is why the last sync left the person as they
    were, or "", and `kept` are the fields whose value in the file is not understood, with the day since which. `place`
    is where in the membership file the person stands, "" where that is not known. `private` are the values that are the
    secretariat's alone.
    """

    uid: str
    contact: Contact
    logins: tuple[str, ...] = ()
    denial: Denial | None = None
    away_since: date | None = None
    devices: tuple[Device, ...] = ()
    used: Mapping[str, LastUsed] = field(default_factory=dict)
    claims: tuple[Claim, ...] = ()
    held: str = ""
    kept: tuple[tuple[str, str], ...] = ()
    place: str = ""
    private: PrivateValues = field(default_factory=dict)

    @property
    def whole(self) -> Contact:
        """The contact with the private columns."""
        return self.contact.with_private(self.private)

    @property
    def confirmed_on(self) -> date | None:
        """The latest confirmation: that of the roster, or one that the next sync puts on the card."""
        days = [day for day in (self.contact.confirmed_on, *(claim.confirmed_on for claim in self.claims)) if day]
        return max(days, default=None)

    @property
    def good_devices(self) -> tuple[Device, ...]:
        """The devices whose password is good."""
        return tuple(device for device in self.devices if device.state is DeviceState.IN_FORCE)


@dataclass(frozen=True, slots=True)
class Desk:
    """Everybody, and what the filters need: how many serve each ccTLD, by A-label, the day, and the rules."""

    people: Sequence[Person]
    known: Delegations
    today: date
    stale_after_months: int
    registrable_domain: Callable[[str], str]
    per_cctld: Mapping[str, int] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "per_cctld", people_per_cctld(person.contact for person in self.people))

    def those(self, filters: Sequence[str]) -> list[Person]:
        """Return the people for whom every one of these filters holds."""
        return [person for person in self.people if all(FILTERS[name].holds(self, person) for name in filters)]

    def marks(self, person: Person) -> list[str]:
        """Return what is to be said of a person: the short words of the filters that hold and have one."""
        return [found.mark for found in FILTERS.values() if found.mark and found.holds(self, person)]


@dataclass(frozen=True, slots=True)
class Filter:
    """Who is chosen, in words, and the test. `mark` is the word for it in a list of people, "" for none."""

    who: str
    holds: Callable[[Desk, Person], bool]
    mark: str = ""


def _is_stale(desk: Desk, person: Person) -> bool:
    day = person.confirmed_on
    return day is not None and is_stale(day, desk.today, desk.stale_after_months)


FILTERS: Mapping[str, Filter] = {
    "held": Filter("whose record is broken, and who stay as they were.", lambda _, p: bool(p.held), "held"),
    "denied": Filter("who are denied.", lambda _, p: p.denial is not None, "denied"),
    "not-on-list": Filter("with no address on the list.", lambda _, p: not p.logins, "not on list"),
    "kept": Filter("with a value that the file no longer gives readably.", lambda _, p: bool(p.kept), "kept value"),
    "no-phone": Filter("without a telephone number that dials.", lambda _, p: not p.contact.dials, "no phone"),
    "stale": Filter("last confirmed too long ago.", _is_stale, "stale"),
    "never-confirmed": Filter("whom nobody ever confirmed.", lambda _, p: p.confirmed_on is None),
    "no-out-of-band": Filter(
        "without an address that works when their ccTLD does not.",
        lambda desk, p: not has_out_of_band(p.contact, desk.registrable_domain),
    ),
    "single": Filter(
        "who are the one contact of a ccTLD.",
        lambda desk, p: any(desk.per_cctld[label] == 1 for label, _ in p.contact.slots),
    ),
    "no-device": Filter("without a device password that is good.", lambda _, p: not p.good_devices),
    "role-address": Filter(
        "with an address of a role (noc@…).",
        lambda desk, p: any(is_role(address, desk.known) for address in p.contact.emails),
    ),
    "not-vetted": Filter(
        "whose appointment for a ccTLD is not in the file.", lambda _, p: p.contact.lacks("appointed_by")
    ),
}
"""The filters by the name of their option, the worst first."""
