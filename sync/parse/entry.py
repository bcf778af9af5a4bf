"""From the parts of an entry to its record."""

from collections.abc import Iterable

from sync.parse.codes import Fault, is_error, problems
from sync.parse.full import Full, limit_faults, parse_full
from sync.parse.limits import MAX_ADDRESSES
from sync.parse.transport import plain
from sync.records import Origin, Record


def make_entry(
    origin: Origin,
    source: str,
    full: str,
    listed: Iterable[str],
    out_of_band: Iterable[str] = (),
    faults: Iterable[Fault] = (),
    *,
    escaped: bool = False,
) -> Record:
    """Return the record of an entry with the name `full`, still encoded, as `source` shows it.

    `listed` and `out_of_band` are addresses already known as such; `escaped` says that `full` holds quoted pairs.
    """
    text, more = plain(full, escaped=escaped)
    found = [*faults, *more]
    addresses = tuple(listed)
    if not text and any(fault.code in ("bad-encoding", "too-long") for fault in more):
        parts = Full()
    elif not text or text in addresses:
        alone = bool(addresses) and not any(map(is_error, found))
        parts = Full(faults=(Fault("address-only"),) if alone else ())
    else:
        parts = parse_full(text)
    seconds = tuple(dict.fromkeys((*parts.addresses, *out_of_band)))
    found += [*parts.faults, *limit_faults([], [], list(seconds))]
    return Record(
        origin=origin,
        name=parts.name,
        slot=parts.slot,
        cctlds=parts.cctlds,
        phones=parts.phones,
        listed=addresses,
        out_of_band=seconds[:MAX_ADDRESSES],
        problems=problems(origin, found, source),
    )


def unread(origin: Origin, source: str, *faults: Fault) -> Record:
    """Return the record of something that is not understood as an entry: an origin and problems, nothing else."""
    return Record(origin=origin, problems=problems(origin, faults, source))
