"""The steps before the store: reading the inputs of a sync, parsing and vetting them. Decisions are made elsewhere."""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from radicale_tldops.roster.errors import InputError, SettingsError
from radicale_tldops.settings import Settings
from radicale_tldops.store.values import Source
from radicale_tldops.zones.root_data import delegations, registrable_domain
from sync.parse import parse, parse_sheets
from sync.parse.headings import Headings
from sync.parse.records import Parsed
from sync.sources import membership_file, spreadsheet
from sync.sources.configured import subscriber_source
from sync.sources.membership_file import InputFile
from sync.sources.subscribers import Subscribers
from sync.vet import Vetted, VettingRules, vet


@dataclass(frozen=True, slots=True)
class Inputs:
    """The inputs of a sync as they were read: the membership file, and the list where it is another source."""

    path: Path
    membership: InputFile
    subscribers: Subscribers | None

    @property
    def sources(self) -> tuple[Source, ...]:
        """What is recorded of each of them."""
        return (self.membership.source, *((self.subscribers.source,) if self.subscribers else ()))


@dataclass(frozen=True, slots=True)
class Checked:
    """A membership file, parsed and vetted, and the logins on the list it was vetted against, None without one.

    `format` is the one in which the file was read. The records are not kept: they are most of the memory.
    """

    format: str
    vetted: Vetted
    sources: tuple[Source, ...]
    listed: frozenset[str] | None


def rules(settings: Settings) -> VettingRules:
    """Return the rules of vetting that the configuration sets."""
    vetting = settings.vetting
    return VettingRules(
        delegations=delegations(vetting.add_cctlds, vetting.retire_cctlds),
        registrable_domain=registrable_domain,
        max_slot=vetting.max_per_cctld,
        max_per_cctld=vetting.max_per_cctld,
        stale_after_months=vetting.stale_after_months,
        require_appointment=vetting.require_appointment,
        role_waivers=vetting.role_addresses,
        domain_waivers=vetting.domain_typos,
        name_waivers=vetting.look_alikes,
    )


def read(settings: Settings, file: Path | None, now: datetime, *, delivery: bool = False) -> Inputs:
    """Read a membership file, or without one that of the configuration, and the list (see `SubscriberSource.fetch`).

    The file "-" is standard input.

    Raises:
        InputError: no file is named, or it cannot be read.
        ListError: the list could not be read completely.
    """
    path = file or settings.membership.file
    if path is None:
        raise InputError("no membership file: name one, or set `file` under [membership] in tldops.toml.")
    if path == Path("-"):
        path, membership = membership_file.STANDARD_INPUT, membership_file.read_standard_input(now)
    else:
        membership = membership_file.read(path, "membership")
    return Inputs(path, membership, read_list(settings, now, delivery=delivery))


def undone_by(settings: Settings, inputs: Inputs) -> Path | None:
    """Return the configured file, if the next sync of it would bring other content than this input."""
    configured = settings.membership.file
    if configured in (None, inputs.path):
        return None
    try:
        found = membership_file.read(configured, "membership")
    except InputError:
        return None  # nor could the next sync read it
    return configured if found.source.sha256 != inputs.membership.source.sha256 else None


def place_of(settings: Settings, inputs: Inputs) -> Path:
    """Return the configured file, in whose place the input can be read.

    Raises:
        InputError: it could not be read under that name, or as the configured format.
        SettingsError: no membership file is configured.
    """
    configured = settings.membership.file
    if configured is None:
        raise SettingsError(
            "--install puts the file in the place of the configured one: set `file` under [membership]."
        )
    _parsed(settings, replace(inputs, path=configured), None)
    return configured


def read_list(settings: Settings, now: datetime, *, delivery: bool = False) -> Subscribers | None:
    """Return who is on the list, None where the membership file itself is the list.

    Raises:
        ListError: the list could not be read completely.
        SettingsError: a setting of the source is missing or wrong.
    """
    source = subscriber_source(settings, now)
    return source.fetch(delivery=delivery) if source is not None else None


def check(settings: Settings, inputs: Inputs, file_format: str | None, now: datetime) -> Checked:
    """Parse and vet a membership file.

    Raises:
        InputError: it is no membership file.
        SettingsError: the headings of one's own are wrong.
    """
    parsed = _parsed(settings, inputs, file_format)
    logins = inputs.subscribers.logins if inputs.subscribers else None
    vetted = vet(parsed, rules(settings), now.date(), logins, settings.readers)
    return Checked(parsed.format, vetted, inputs.sources, logins)


def _parsed(settings: Settings, inputs: Inputs, file_format: str | None) -> Parsed:
    given, data, file = settings.membership, inputs.membership.data, str(inputs.path)
    headings = Headings.of(given.columns, given.private_columns)
    form = file_format or given.format
    if form == "auto" and spreadsheet.is_spreadsheet(data, file):
        return parse_sheets(spreadsheet.read(data, file), file, given.sheet, headings)
    return parse(data, file, form, headings, with_text=True)
