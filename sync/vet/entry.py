"""Normalises the fields of one record, and finds everything that is wrong with them."""

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from radicale_tldops.roster.cctld import canonical_label
from radicale_tldops.roster.contact import APPOINTMENT, Phone, Service, name_key
from radicale_tldops.roster.errors import InputError
from radicale_tldops.roster.role_address import is_role
from sync.parse.characters import describe, is_clean, is_placeholder, without_forbidden
from sync.parse.records import Record
from sync.problems import Finding, Origin, printable
from sync.vet.addresses import login_of, normalise_address, readable_domain
from sync.vet.appointments import read_services
from sync.vet.columns import Columns, read_columns
from sync.vet.damage import ISO_DATES, DateReader, damages
from sync.vet.limits import MAX_ADDRESSES, MAX_CCTLDS, MAX_NAME, MAX_NOTE, MAX_PHONES, MAX_TEXT, too_long
from sync.vet.look_alikes import is_like_latin, look_alikes
from sync.vet.phones import read_phones
from sync.vet.providers import nearly_provider
from sync.vet.rules import VettingRules

# A number, date or time as a spreadsheet computes it.
_COMPUTED = re.compile(r"-?[\d.]+(E\+\d+)?|[\d-]+(?:[ T,a-z]*\d+:[\d:.]+)?")


@dataclass(frozen=True, slots=True)
class Entry:
    """A record, normalised, with all the places where the same entry stands, itself first.

    `labels` are A-labels of known ccTLDs, `unknown` those of other labels.

    `listed_logins` and `other_logins` are the canonical logins of its addresses, also of those that are refused.
    `services` are its ccTLDs with who appointed the person for each, and `columns` the values of the other columns.
    `own` are the texts in columns of the secretariat's own, by heading.
    `unread` are the further columns that are filled but not understood. `unparsed` says that parsing has found an error
    in it, so that what is missing was perhaps not understood, and `joined` that it may be the rest of two entries, so
    that nothing in it says whose it is.
    """

    origins: tuple[Origin, ...]
    name: str
    slot: int | None
    labels: tuple[str, ...]
    unknown: tuple[str, ...]
    listed: tuple[str, ...]
    out_of_band: tuple[str, ...]
    listed_logins: tuple[str, ...]
    other_logins: tuple[str, ...]
    phones: tuple[Phone, ...]
    columns: Columns
    own: tuple[tuple[str, str], ...]
    services: tuple[Service, ...]
    present: frozenset[str]
    unread: frozenset[str]
    findings: tuple[Finding, ...]
    unparsed: bool
    joined: bool

    @property
    def origin(self) -> Origin:
        """The first place in the file."""
        return self.origins[0]

    @property
    def key(self) -> str:
        """The name in the form in which names are compared; empty without a name."""
        return name_key(self.name)

    @property
    def logins(self) -> tuple[str, ...]:
        """Every canonical login."""
        return self.listed_logins + self.other_logins

    @property
    def broken(self) -> bool:
        """Whether it has an error of its own."""
        return self.unparsed or any(finding.is_error for finding in self.findings)

    @property
    def content(self) -> object:
        """Everything that it says, wherever it stands: entries of the same content are the same entry.

        Addresses count as logins: their case says nothing.
        """
        listed, others = (tuple(map(login_of, some)) for some in (self.listed, self.out_of_band))
        people = (self.name, self.slot, self.labels, listed, others)
        return (*people, self.phones, tuple(self.columns.items()), self.own, self.services, self.present)


def read_entry(record: Record, rules: VettingRules, today: date, dates: Mapping[str, DateReader] = ISO_DATES) -> Entry:
    """Normalise the fields of `record` and collect what is wrong with them. `dates` reads its dates, by column."""
    clean, findings = _bounded(record)
    labels, unknown = _labels(clean.cctlds, rules)
    listed, bad_listed = _addresses(clean.listed, "email")
    others, bad_others = _addresses(clean.out_of_band, "oob_email")
    phones, about_phones = _phones(clean, labels, rules)
    own = {name: text for name, text in clean.columns.items() if name not in APPOINTMENT}
    columns, unread, about_columns = read_columns(own, today, dates)
    appointed = read_services(labels, clean.slot, clean.columns, today, dates)
    listed_logins = _logins(clean.listed)
    findings += [
        *(*damages(clean), *_missing(clean), *_look_alikes(clean, rules)),
        *(*map(_unknown, unknown), *_slot(clean.slot, rules)),
        *(*bad_listed, *bad_others),
        *_typos((*clean.listed, *clean.out_of_band), rules),
        *_roles(dict.fromkeys((*listed, *others)), rules),
        *(*about_phones, *about_columns, *appointed.findings),
    ]
    reported = {problem.code for problem in record.problems}
    return Entry(
        origins=(record.origin,),
        name=clean.name,
        slot=clean.slot,
        labels=labels,
        unknown=tuple(canonical_label(label) or label for label in unknown),
        listed=listed,
        out_of_band=tuple(address for address in others if login_of(address) not in listed_logins),
        listed_logins=listed_logins,
        other_logins=tuple(login for login in _logins(clean.out_of_band) if login not in listed_logins),
        phones=phones,
        columns=columns,
        own=tuple(clean.own.items()),
        present=record.present,
        services=appointed.services,
        unread=unread | appointed.unread,
        findings=_unreported(findings, reported, is_table=bool(record.present)),
        unparsed=record.broken,
        joined="run-together" in reported,
    )


def _unreported(findings: Iterable[Finding], reported: Container[str], *, is_table: bool) -> tuple[Finding, ...]:
    """Return the findings without errors that parsing has already reported under the same code.

    Only a table has columns.
    """
    return tuple(
        finding if is_table or not finding.column else replace(finding, column="")
        for finding in findings
        if not (finding.is_error and finding.code in reported)
    )


def _bounded(record: Record) -> tuple[Record, list[Finding]]:
    """Return `record` without what no card may hold and what is too long, and a finding for each of these."""
    texts: dict[str, Sequence[str]] = {
        "name": (record.name,),
        "ccTLD": record.cctlds,
        "phone": record.phones,
        "address": (*record.listed, *record.out_of_band),
        **{name: (text,) for name, text in record.columns.items()},
    }
    findings = too_long(texts)
    for name, values in texts.items():
        unclean = next((value for value in values if not is_clean(value)), None)
        if unclean is not None:
            message = f"{printable(name)}: holds a character that no card may hold"
            findings.append(Finding("forbidden-character", message, unclean))
    if not findings:
        return replace(record, name=" ".join(record.name.split())), []
    return (
        replace(
            record,
            name=" ".join(without_forbidden(record.name[:MAX_NAME])[0].split()),
            cctlds=_usable(record.cctlds, MAX_CCTLDS),
            phones=_usable(record.phones, MAX_PHONES),
            listed=_usable(record.listed, MAX_ADDRESSES),
            out_of_band=_usable(record.out_of_band, MAX_ADDRESSES),
            columns={name: text for name, text in record.columns.items() if is_clean(text) and len(text) <= MAX_NOTE},
        ),
        findings,
    )


def _usable(values: Sequence[str], most: int) -> tuple[str, ...]:
    return tuple(value for value in values[:most] if len(value) <= MAX_TEXT and is_clean(value))


def _missing(record: Record) -> list[Finding]:
    if record.broken:
        return []  # parsing has already reported what it did not understand
    if not record.name and not record.cctlds:
        return [Finding("address-only", "an address without a name", ", ".join(record.listed))]
    findings = []
    if not record.name:
        findings.append(Finding("no-name", "the entry has no name", ", ".join(record.listed)))
    if not record.cctlds:
        findings.append(Finding("no-cctld", f"{printable(record.name)} has no ccTLD", record.name))
    if not record.listed:
        findings.append(Finding("no-address", f"{printable(record.name)} has no list address", record.name))
    return findings


def _labels(written: Iterable[str], rules: VettingRules) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the A-labels of the known ccTLDs, and the other labels as they are written, each once."""
    known: dict[str, None] = {}
    unknown: dict[str, None] = {}
    for label in written:
        cctld = rules.delegations.known(label)
        if cctld:
            known[cctld.a_label] = None
        else:
            unknown[label] = None
    return tuple(known), tuple(unknown)


def _unknown(label: str) -> Finding:
    message = f".{printable(label).lstrip('.')} is not a ccTLD that is delegated today"
    bare = label.lstrip(".")
    seen = look_alikes(bare) or ((describe(bare[0]),) if is_like_latin(bare) else ())
    message = f"{message}; {seen[0]} is not what it looks like" if seen else message
    return Finding("unknown-cctld", message, label, column="cctlds")


def _look_alikes(record: Record, rules: VettingRules) -> list[Finding]:
    seen = look_alikes(record.name)
    if not seen or any(login_of(address) in rules.name_waivers for address in (*record.listed, *record.out_of_band)):
        return []
    message = f"{printable(record.name)}: {', '.join(seen[:5])}"
    return [Finding("look-alike", message, record.name, column="name")]


def _slot(slot: int | None, rules: VettingRules) -> list[Finding]:
    if slot is None or 1 <= slot <= rules.max_slot:
        return []
    message = f"there is no slot #{slot}: a ccTLD has #1 to #{rules.max_slot}"
    return [Finding("bad-slot", message, f"#{slot}", column="slot")]


def _logins(addresses: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(login for address in addresses if (login := login_of(address))))


def _addresses(written: Iterable[str], column: str) -> tuple[tuple[str, ...], list[Finding]]:
    """Return the addresses in normal form, each mailbox once as it is written first, and what is wrong with others."""
    addresses: dict[str, str] = {}
    findings = []
    for text in written:
        try:
            address = normalise_address(text)
        except InputError as error:
            findings.append(Finding("bad-address", str(error), text, column=column))
        else:
            addresses.setdefault(login_of(address), address)
    return tuple(addresses.values()), findings


def _typos(texts: Iterable[str], rules: VettingRules) -> list[Finding]:
    doubted = [text for text in texts if login_of(text) not in rules.domain_waivers]
    domains = {domain: text for text in doubted if (domain := readable_domain(text))}
    return [
        Finding("domain-typo", f"{printable(domain)} is nearly {provider}", text)
        for domain, text in domains.items()
        if (provider := nearly_provider(domain))
    ]


def _roles(addresses: Iterable[str], rules: VettingRules) -> list[Finding]:
    return [
        Finding("role-address", f"{printable(address)} belongs to a role and not to a person", address)
        for address in addresses
        if is_role(address, rules.delegations) and login_of(address) not in rules.role_waivers
    ]


def _phones(
    record: Record, labels: Iterable[str], rules: VettingRules
) -> tuple[tuple[Phone, ...], tuple[Finding, ...]]:
    """Read the numbers; a national number is one of the country of the first ccTLD that has one.

    What stands as a number in a cell has lost its plus sign or zeros, and is no text that somebody wrote.
    """
    regions = (rules.delegations.regions.get(label) for label in labels)
    region = next((region for region in regions if region), None)
    phones: dict[str, Phone] = {}
    findings: list[Finding] = []
    for text in record.phones:
        some, notes = read_phones(text, region)
        if "phones" in record.numbers and _COMPUTED.fullmatch(text) and not any(phone.dialable for phone in some):
            notes = [Finding("damaged", f"phones: {printable(text)} stands in the cell as a number or a date", text)]
        if is_placeholder(text):
            message = f"“{printable(text)}” only says that there is no number; it is kept as text"
            notes = [Finding("phone-not-understood", message, text, remedy="Leave the place empty instead.")]
        findings.extend(replace(note, column="phones") for note in notes)
        for phone in some:
            phones.setdefault(phone.number, phone)
    return tuple(phones.values()), tuple(findings)
