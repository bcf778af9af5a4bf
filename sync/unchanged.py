"""Whether a sync can have anything to do at all: a fingerprint of what a plan depends on, kept with the last sync.

The same inputs, settings, confirmations and software give the same plan on top of the same store, so that the timer
that finds all of them as they were need not read, vet and compare every entry again.
"""

import hashlib
import sys
import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from publicsuffixlist import PSLFILE

from radicale_tldops import __version__
from radicale_tldops.settings import Settings
from radicale_tldops.store.members import load_claims
from radicale_tldops.store.newest import read_mark
from radicale_tldops.store.read import load_state
from radicale_tldops.store.values import LastSync, Mark, RosterState, Source
from sync.apply import Stores
from sync.pipeline import Inputs
from sync.plan.guards import Totals
from sync.plan.plan import Plan
from sync.prepare import Prepared
from sync.vcard.card import RENDERER

_PACKAGES = ("email-validator", "idna", "phonenumbers", "publicsuffixlist")
"""Whose rules say what an address, a label, a telephone number and a ccTLD is."""


@dataclass(frozen=True, slots=True)
class Basis:
    """What a plan depends on beside the day: `given` is a digest of all but the store, `mark` how far that has come."""

    given: str
    mark: Mark

    def fingerprint(self) -> str:
        """Return the digest of both; empty, which nothing is compared with, where the software is not known."""
        return hashlib.sha256(f"{self.given} {self.mark}".encode()).hexdigest() if self.given else ""

    def applied(self) -> "Basis":
        """Return the same on top of the generation that is about to be written, which bumps the counter once."""
        mark = self.mark
        return replace(self, mark=replace(mark, generation=mark.generation + 1, counter=mark.counter + 1))


def basis(settings: Settings, inputs: Inputs, file_format: str | None, stores: Stores) -> Basis:
    """Return what a plan from these inputs depends on. To be taken before the store is read for the plan.

    Of the inputs, their content and name count; when they were written matters only for inputs that have changed. A
    list counts with everybody in it, and not how it was fetched: no secret of [subscribers] is digested.
    """
    mark = read_mark(stores.roster)
    software = _software()
    if not software:
        return Basis("", mark)
    subscribers = inputs.subscribers
    content = (
        [(source.part, source.name, source.sha256) for source in inputs.sources],
        sorted(map(repr, subscribers.people)) if subscribers else None,
        file_format or settings.membership.format,
        (settings.readers, settings.vetting, settings.guards, settings.cards),
        sorted((uid, day.isoformat()) for uid, day in load_claims(stores.members).items()),
        software,
    )
    return Basis(hashlib.sha256(repr(content).encode()).hexdigest(), mark)


def _software() -> list[str]:
    """Return the versions of everything that has a say in a plan; nothing where one of them is not known."""
    try:
        packages = [version(name) for name in _PACKAGES]
    except PackageNotFoundError:
        return []
    # The list of suffixes can be brought up to date within its package.
    suffixes = hashlib.sha256(Path(PSLFILE).read_bytes()).hexdigest()
    return [__version__, RENDERER, *packages, suffixes, sys.version, unicodedata.unidata_version]


def to_keep(basis: Basis, prepared: Prepared) -> str:
    """Return the fingerprint to keep with a sync, empty unless the next one with the same has nothing to do or to say.

    Whatever a sync shows, it shows again. A plan that takes one person alone passes guards that the next one may not.
    """
    plan, wanted = prepared.plan, prepared.wanted
    again = plan.hazards or plan.totals.single or wanted.held or wanted.to_see or wanted.depends_on_day
    return "" if again else basis.fingerprint()


def state(basis: Basis, stores: Stores, last: LastSync, now: datetime) -> RosterState | None:
    """Return what the store holds, verified as for any plan, if the last sync left nothing to do and all is as it was.

    On a day before the last sync, dates lie in the future that did not: None, so that everything is looked at again.
    """
    if not last.fingerprint or last.fingerprint != basis.fingerprint():
        return None
    if now.date() < datetime.fromisoformat(last.checked_at).date():
        return None
    found = load_state(stores.roster, now)
    return found if (found.lineage, found.base) == (basis.mark.lineage, basis.mark.generation) else None


def empty_plan(state: RosterState, sources: tuple[Source, ...]) -> Plan:
    """Return the plan that a sync makes when nothing has changed."""
    return Plan(
        base=state.base,
        lineage=state.lineage,
        kind="sync",
        sources=sources,
        people=(),
        access=(),
        hazards=(),
        removal_hazards=(),
        totals=Totals(len(state.people), 0, 0, 0, 0, 0),
        contacts={},
        readers={},
        returned=frozenset(),
        members={},
    )
