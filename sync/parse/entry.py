"""From the parts of an entry to its record."""

from collections.abc import Iterable
from dataclasses import replace

from sync.parse.address import is_address
from sync.parse.characters import folded
from sync.parse.codes import Fault, is_error, problems, quote
from sync.parse.full import Full, limit_faults, parse_full, tabs_in_name
from sync.parse.limits import MAX_ADDRESSES
from sync.parse.transport import allowed
from sync.records import Origin, Record

# Quotation marks that no list software writes. A name may begin with one ('t Hoen), and then the entry ends otherwise.
_OPENING, _CLOSING = "'‘’‚‛‹›«»`´＂「『", "'‘’‛‹›«»`´＂」』"


def make_entry(
    origin: Origin,
    source: str,
    full: str,
    listed: Iterable[str],
    out_of_band: Iterable[str] = (),
    faults: Iterable[Fault] = (),
    *,
    escaped: bool = False,
    table: bool = False,
    slotless: Fault | None = None,
) -> Record:
    """Return the record of an entry with the name `full`, still encoded, as `source` shows it.

    `listed` and `out_of_band` are addresses already known as such; `escaped` says that `full` holds quoted pairs,
    `table` that the entry is the row of a table. `slotless` stands in for the fault of a name without a slot.
    """
    decoded, coding = allowed(full, escaped=escaped)
    text, marks = folded(decoded)
    more = (*coding, *marks, *tabs_in_name(decoded))
    found = [*faults, *more]
    addresses = tuple(listed)
    unknown = any(fault.code in ("bad-encoding", "too-long") for fault in more)
    parts = Full() if unknown and not text else _parts(text, addresses, alone=not any(map(is_error, found)))
    seconds = tuple(dict.fromkeys((*parts.addresses, *out_of_band)))
    said = any(fault.code in ("unclosed-quote", "cut-off") for fault in found)
    wrong = (slotless if slotless and fault.code == "no-slot" else fault for fault in parts.faults)
    wrong = (fault for fault in wrong if not (said and fault.code == "run-together"))
    found += [*wrong, *limit_faults([], [], list(seconds))]
    return Record(
        origin=origin,
        name=parts.name,
        slot=parts.slot,
        cctlds=parts.cctlds,
        phones=parts.phones,
        listed=addresses,
        out_of_band=seconds[:MAX_ADDRESSES],
        problems=problems(origin, found, source, table=table),
    )


def _parts(text: str, addresses: tuple[str, ...], *, alone: bool) -> Full:
    """Take the name of an entry apart; `alone` says whether its absence is a fault of its own."""
    if not text or text in addresses:
        return Full(faults=(Fault("address-only"),) if addresses and alone else ())
    if is_address(text):
        return Full(faults=(Fault("address-only", f"two addresses and no name, {quote(text)} is in its place"),))
    return _taken_apart(text)


def _taken_apart(text: str) -> Full:
    whole = text.rstrip(" ,;")
    if len(whole) < 2 or whole[0] not in _OPENING or whole[-1] not in _CLOSING:
        return parse_full(text)
    parts = parse_full(whole[1:-1].strip(" "))
    what = f'the entry stands between the quotation marks {whole[0]} and {whole[-1]}; only " and “” surround one'
    return replace(parts, faults=(*parts.faults, Fault("not-understood", what)))


def unread(origin: Origin, source: str, *faults: Fault, table: bool = False) -> Record:
    """Return the record of something that is not understood as an entry: an origin and problems, nothing else."""
    return Record(origin=origin, problems=problems(origin, faults, source, table=table))
