"""A Security and Stability Contact as the membership file describes it."""

import calendar
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any, Self, TypeAlias

from radicale_tldops.roster.cctld import Cctld
from radicale_tldops.roster.login import canonical_login

PRIVATE = ("note", "evidence", "own_columns")
"""The fields that are the secretariat's alone: no card and nothing that the server reads holds their values."""

PrivateValues: TypeAlias = Mapping[tuple[str, str], str]
"""The private values of one person by column and ccTLD, which is "" where a value is one for all the ccTLDs.

A column of the secretariat's own is `OWN` and its heading.
"""

OWN = "own/"


@dataclass(frozen=True, slots=True)
class Phone:
    """A telephone number.

    `number` is E.164, with ";ext=…" where there is an extension (RFC 3966, 5.3), or the original text where it
    cannot be understood; then `dialable` is false. `kind` is "cell", "voice", "fax" or "pager". `display` is what a
    card shows: the international format, or the original text.
    """

    number: str
    dialable: bool = True
    kind: str = "voice"
    display: str = ""

    def __post_init__(self) -> None:
        if not self.display:
            object.__setattr__(self, "display", self.number)


APPOINTMENT = ("appointed_by", "appointed_on", "evidence")
"""The columns that say who appointed a person for a ccTLD."""


@dataclass(frozen=True, slots=True)
class Service:
    """A ccTLD that a person serves, and who appointed the person for it.

    `cctld` is its A-label, and `slot` the number there (1 to 3), or None where the input gives none. `appointed_by` is
    "admin" or "tech", for the IANA contact of the ccTLD. `evidence` is the secretariat's. `left` is an appointment that
    the file still gives, though it is the one for a ccTLD that the person has left.
    """

    cctld: str
    slot: int | None = None
    appointed_by: str = ""
    appointed_on: date | None = None
    evidence: str = ""
    left: str = ""

    @property
    def appointment(self) -> str:
        """Who appointed the person and when, as one text; empty without an appointment."""
        return f"{self.appointed_by} {self.appointed_on or ''}".strip()


def serving(*places: tuple[str, int | None]) -> tuple[Service, ...]:
    """Return the services of somebody with these slots, by A-label, without an appointment."""
    return tuple(Service(label, slot) for label, slot in places)


@dataclass(frozen=True, slots=True)
class Contact:
    """One person. All the values are checked and normalised by vetting; the tuples keep the order of the input.

    `listed` are the addresses under which the person stands in the file as a list member, `out_of_band` the others.
    Members see `card_note`; what `PRIVATE` names is the secretariat's. `own_columns` are its own columns that are
    filled: headings with texts, sorted.

    The last two are no values of the file: since when the person is not confirmed, if that is too long, and not on the
    list, while the card stays.
    """

    name: str
    services: tuple[Service, ...]
    listed: tuple[str, ...]
    out_of_band: tuple[str, ...] = ()
    phones: tuple[Phone, ...] = ()
    organisation: str = ""
    role: str = ""
    languages: tuple[str, ...] = ()
    timezone: str = ""
    signal: str = ""
    whatsapp: str = ""
    matrix: str = ""
    pgp_fingerprint: str = ""
    pgp_url: str = ""
    confirmed_on: date | None = None
    note: str = ""
    card_note: str = ""
    own_columns: tuple[tuple[str, str], ...] = ()
    not_confirmed_since: date | None = None
    not_on_list_since: date | None = None

    @property
    def slots(self) -> tuple[tuple[str, int | None], ...]:
        """The A-label of each ccTLD with the slot there."""
        return tuple((service.cctld, service.slot) for service in self.services)

    @property
    def appointed_by(self) -> tuple[str, ...]:
        """Who appointed the person, for each ccTLD of which that is known."""
        return tuple(service.appointed_by for service in self.services if service.appointed_by)

    @property
    def appointed_on(self) -> tuple[date, ...]:
        """The days of the appointments that are known."""
        return tuple(service.appointed_on for service in self.services if service.appointed_on)

    @property
    def evidence(self) -> tuple[str, ...]:
        """Where the appointments are on file, for each ccTLD of which that is known."""
        return tuple(service.evidence for service in self.services if service.evidence)

    def lacks(self, name: str) -> bool:
        """Tell whether a column has no value, or none for one of the ccTLDs."""
        if name in APPOINTMENT:
            return not all(getattr(service, name) for service in self.services)
        return not getattr(self, name)

    @property
    def cctlds(self) -> tuple[Cctld, ...]:
        """The ccTLDs that the person serves, in the order of the input."""
        return tuple(Cctld(label) for label, _ in self.slots)

    @property
    def by_slot(self) -> Mapping[int | None, Sequence[Cctld]]:
        """The ccTLDs of each slot, both in the order of the input."""
        groups: dict[int | None, list[Cctld]] = {}
        for label, slot in self.slots:
            groups.setdefault(slot, []).append(Cctld(label))
        return groups

    @property
    def emails(self) -> tuple[str, ...]:
        """Every address, the list addresses first."""
        return self.listed + self.out_of_band

    @property
    def dials(self) -> bool:
        """Whether one of the telephone numbers dials and is no fax machine."""
        return any(phone.dialable and phone.kind != "fax" for phone in self.phones)

    @property
    def slot(self) -> int | None:
        """The slot for the first ccTLD."""
        return self.slots[0][1] if self.slots else None

    @property
    def logins(self) -> tuple[str, ...]:
        """The canonical form of every address, without repetition."""
        return tuple(dict.fromkeys(canonical_login(address) for address in self.emails))

    @property
    def served(self) -> str:
        """The ccTLDs as people write them, separated by spaces: ".fr .re .pm"."""
        return " ".join(cctld.dotted for cctld in self.cctlds)

    @property
    def private(self) -> PrivateValues:
        """The values of the private columns, those that are there."""
        evidence = {("evidence", service.cctld): service.evidence for service in self.services if service.evidence}
        own = {(f"{OWN}{heading}", ""): text for heading, text in self.own_columns}
        return evidence | ({("note", ""): self.note} if self.note else {}) | own

    def with_private(self, values: PrivateValues) -> Self:
        """Return the contact with these private values, and without its own."""
        for_all = values.get(("evidence", ""), "")  # of a store in which it was one text for each person
        services = tuple(
            replace(service, evidence=values.get(("evidence", service.cctld), for_all)) for service in self.services
        )
        own = sorted((name.removeprefix(OWN), text) for (name, _), text in values.items() if name.startswith(OWN))
        return replace(self, note=values.get(("note", ""), ""), own_columns=tuple(own), services=services)

    def to_json(self) -> str:
        """Return canonical JSON: the same contact always gives the same text.

        Empty fields are left out, and so are the private columns: the roster database holds this text.
        """
        return json.dumps(_plain(self), ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote, also that of a version which knew one appointment for all the ccTLDs."""
        data: dict[str, Any] = json.loads(text)
        shared = {key: data.pop(key) for key in ("appointed_by", "appointed_on") if key in data}
        services = [{"cctld": label, "slot": slot, **shared} for label, slot in data.pop("slots", ())]
        data["services"] = tuple(map(_service, data.get("services", services)))
        for key in ("confirmed_on", "not_confirmed_since", "not_on_list_since"):
            if key in data:
                data[key] = date.fromisoformat(data[key])
        for key in ("listed", "out_of_band", "languages"):
            if key in data:
                data[key] = tuple(data[key])
        data["phones"] = tuple(Phone(**phone) for phone in data.get("phones", ()))
        return cls(**data)


def _plain(contact: Contact) -> dict[str, object]:
    plain: dict[str, object] = {}
    for field in fields(contact):
        if field.name in PRIVATE:
            continue
        value = getattr(contact, field.name)
        if field.name == "phones":
            value = [{"number": p.number, "dialable": p.dialable, "kind": p.kind, "display": p.display} for p in value]
        elif field.name == "services":
            value = [_plain_service(service) for service in value]
        elif isinstance(value, date):
            value = value.isoformat()
        if value:
            plain[field.name] = value
    return plain


def _plain_service(service: Service) -> Mapping[str, object]:
    day = service.appointed_on.isoformat() if service.appointed_on else ""
    values = {"slot": service.slot, "appointed_by": service.appointed_by, "appointed_on": day, "left": service.left}
    return {"cctld": service.cctld} | {name: value for name, value in values.items() if value}


def _service(data: dict[str, Any]) -> Service:
    if "appointed_on" in data:
        data = {**data, "appointed_on": date.fromisoformat(data["appointed_on"])}
    return Service(**data)


def name_key(name: str) -> str:
    """Return `name` in the form in which two spellings of one person's name are compared."""
    return " ".join(name.casefold().split())


def people_per_cctld(contacts: Iterable[Contact]) -> Mapping[str, int]:
    """Count the contacts of each ccTLD, by A-label."""
    return Counter(label for contact in contacts for label, _ in contact.slots)


def has_out_of_band(contact: Contact, registrable_domain: Callable[[str], str]) -> bool:
    """Whether an address is outside the served ccTLDs and in another registrable domain than a list address."""
    served = {cctld.a_label for cctld in contact.cctlds}
    domains = {address: registrable_domain(address.rpartition("@")[2]) for address in contact.emails}
    primary = {domains[address] for address in contact.listed}
    return any(domain.rpartition(".")[2] not in served and primary - {domain} for domain in domains.values())


def is_stale(confirmed_on: date, today: date, months: int) -> bool:
    """Tell whether a confirmation is more than `months` months old."""
    return confirmed_on < _months_before(today, months)


def _months_before(day: date, months: int) -> date:
    """Return the same day of the month `months` earlier, or the last day of a month that is too short for it."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    if year < 1:
        return date.min
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
