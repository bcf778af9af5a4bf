"""The rules of vetting, and its result."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from radicale_tldops.roster.cctld import Delegations
from radicale_tldops.roster.contact import Contact
from radicale_tldops.roster.errors import SettingsError
from radicale_tldops.roster.login import canonical_login
from sync.problems import Origin, Problem


@dataclass(frozen=True, slots=True)
class VettingRules:
    """The rules that a community may set otherwise.

    `max_slot` is the highest slot of a ccTLD, `max_per_cctld` the most people that it may have. An entry that was
    confirmed more than `stale_after_months` months ago is stale. `require_appointment` makes a missing appointment an
    error. The waivers map addresses to a reason, and are kept as canonical logins: those that may be role addresses,
    those with a domain that only looks misspelt, and those of people whose name only looks so.
    `registrable_domain` returns the part of a domain that is registered with a registry. Raises `SettingsError` for
    values that make no sense.
    """

    delegations: Delegations
    registrable_domain: Callable[[str], str]
    max_slot: int = 3
    max_per_cctld: int = 3
    stale_after_months: int = 12
    require_appointment: bool = False
    role_waivers: Mapping[str, str] = field(default_factory=dict)
    domain_waivers: Mapping[str, str] = field(default_factory=dict)
    name_waivers: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("max_slot", "max_per_cctld", "stale_after_months"):
            if getattr(self, name) < 1:
                raise SettingsError(f"vetting.{name} must be at least 1")
        for name in ("role_waivers", "domain_waivers", "name_waivers"):
            waivers = {canonical_login(address): reason for address, reason in getattr(self, name).items()}
            if "" in waivers:
                raise SettingsError("addresses that are waived: one of them is not a mail address")
            object.__setattr__(self, name, waivers)


@dataclass(frozen=True, slots=True)
class Broken:
    """A person with an error in a record: everything by which the person can be recognised, and nothing for a card.

    `listed` and `out_of_band` are canonical logins, `cctlds` the A-labels of the ccTLDs that are known.
    """

    origins: tuple[Origin, ...]
    name: str = ""
    listed: tuple[str, ...] = ()
    out_of_band: tuple[str, ...] = ()
    cctlds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Vetted:
    """The result of vetting: who may be in the roster, who may not and why.

    `contacts` are the people without an error, in the order of the input, each with the places where they stand;
    `unlisted` those among them who are not on the list, and so get neither login nor a new card. `problems` are all
    problems, also those of parsing, by file and line. `listed` are the canonical logins of every list address in the
    file, also of broken records, addresses without a name, and readers. `unread` are the fields of contacts that are
    filled but not understood, by the first origin of the contact. `columns` are those that the table has, if it is one.
    """

    contacts: tuple[tuple[Contact, tuple[Origin, ...]], ...] = ()
    unlisted: tuple[tuple[Contact, tuple[Origin, ...]], ...] = ()
    broken: tuple[Broken, ...] = ()
    problems: tuple[Problem, ...] = ()
    listed: frozenset[str] = frozenset()
    unread: Mapping[Origin, frozenset[str]] = field(default_factory=dict)
    columns: frozenset[str] = frozenset()
