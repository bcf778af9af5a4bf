"""Notes when the list was read, or since when it is unreadable, for `status`, readiness and metrics."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime

from radicale_tldops.roster.errors import RefusedError, SettingsError, StoreError
from radicale_tldops.store.notes import FRESHNESS, read_note
from radicale_tldops.store.read import load_readers
from radicale_tldops.store.write import write_note
from sync.apply import Stores
from sync.cli.context import counted
from sync.plan.plan import Plan
from sync.prepare import Prepared
from sync.sources.subscribers import ListError, Subscribers


@contextmanager
def noting_failure(stores: Stores, now: datetime) -> Iterator[None]:
    """Note that the list could not be read. The same failure again writes nothing."""
    try:
        yield
    except (ListError, SettingsError) as error:
        # If the store fails, too, the reason why the list could not be read is the one to report.
        with suppress(StoreError):
            before = read_note(stores.roster, FRESHNESS)
            after = before.failed(now, error.fault.value if isinstance(error, ListError) else "settings")
            if after != before:
                write_note(stores.roster, FRESHNESS, after)
        raise


@contextmanager
def noting_list(stores: Stores, subscribers: Subscribers | None, plan: Plan, now: datetime) -> Iterator[None]:
    """Where a plan is refused, note that the list was read, and how many logins keep their access.

    A refusal by a guard does not close all access.
    """
    try:
        yield
    except RefusedError:
        if subscribers is not None:
            with suppress(StoreError):
                fresh, readers = read_note(stores.roster, FRESHNESS), load_readers(stores.roster)
                waiting = sum(change.off_list and change.login in readers for change in plan.access)
                refusal = " ".join(dict.fromkeys(hazard.code for hazard in plan.removal_hazards))
                after = fresh.refused(now, refusal, waiting) if waiting and refusal else fresh.list_read(now)
                write_note(stores.roster, FRESHNESS, after)
        raise


@contextmanager
def noting_stop(stores: Stores, prepared: Prepared, forced: Collection[str], now: datetime) -> Iterator[None]:
    """Where errors or hazards stop a sync, note them: the next `status` says so. The same ones again write nothing."""
    try:
        yield
    except RefusedError:
        errors = len(prepared.wanted.errors)
        codes = {hazard.code for hazard in prepared.plan.hazards} - set(forced)
        why = ", ".join([*([counted(errors, "error")] if errors else []), *sorted(codes)])
        if why:
            with suppress(StoreError):
                before = read_note(stores.roster, FRESHNESS)
                after = before.sync_stopped(now, why)
                if after != before:
                    write_note(stores.roster, FRESHNESS, after)
        raise
