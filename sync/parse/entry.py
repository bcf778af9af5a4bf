"""From the parts of an entry to its record."""

from collections.abc import Iterable
from dataclasses import replace

from sync.parse.address import is_address
from sync.parse.characters import folded
from sync.parse.full import Full, limit_findings, parse_full, tabs_in_name
from sync.parse.limits import MAX_ADDRESSES
from sync.parse.records import Record
from sync.parse.transport import allowed
from sync.problems import Finding, Origin, joined, printable

# Quotation marks that no list software writes. A name may begin with one ('t Hoen), and then the entry ends otherwise.
_OPENING, _CLOSING = "'‘’‚‛‹›«»`´＂「『", "'‘’‛‹›«»`´＂」』"


def make_entry(
    origin: Origin,
    source: str,
    full: str,
    listed: Iterable[str],
    out_of_band: Iterable[str] = (),
    findings: Iterable[Finding] = (),
    *,
    escaped: bool = False,
    table: bool = False,
    slotless: Finding | None = None,
) -> Record:
    """Return the record of an entry with the name `full`, still encoded, as `source` shows it.

    `listed` and `out_of_band` are addresses already known as such; `escaped` says that `full` holds quoted pairs,
    `table` that the entry is the row of a table. `slotless` stands in for the finding of a name without a slot.
    """
    decoded, coding = allowed(full, escaped=escaped)
    text, marks = folded(decoded)
    more = (*coding, *marks, *tabs_in_name(decoded))
    found = [*findings, *more]
    addresses = tuple(listed)
    unknown = any(finding.code in ("bad-encoding", "too-long") for finding in more)
    parts = (
        Full()
        if unknown and not text
        else _parts(text, addresses, alone=not any(finding.is_error for finding in found))
    )
    seconds = tuple(dict.fromkeys((*parts.addresses, *out_of_band)))
    said = any(finding.code in ("unclosed-quote", "cut-off") for finding in found)
    wrong = (slotless if slotless and finding.code == "no-slot" else finding for finding in parts.findings)
    wrong = (finding for finding in wrong if not (said and finding.code == "run-together"))
    found += [*wrong, *limit_findings([], [], list(seconds))]
    return Record(
        origin=origin,
        name=parts.name,
        slot=parts.slot,
        cctlds=parts.cctlds,
        phones=parts.phones,
        listed=addresses,
        out_of_band=seconds[:MAX_ADDRESSES],
        problems=joined(origin, found, source, table=table),
    )


def _parts(text: str, addresses: tuple[str, ...], *, alone: bool) -> Full:
    """Take the name of an entry apart; `alone` says whether its absence is a finding of its own."""
    if not text or text in addresses:
        return Full(findings=(Finding("address-only"),) if addresses and alone else ())
    if is_address(text):
        return Full(
            findings=(Finding("address-only", f"two addresses and no name, {printable(text)} is in its place"),)
        )
    return _taken_apart(text)


def _taken_apart(text: str) -> Full:
    whole = text.rstrip(" ,;")
    if len(whole) < 2 or whole[0] not in _OPENING or whole[-1] not in _CLOSING:
        return parse_full(text)
    parts = parse_full(whole[1:-1].strip(" "))
    what = f'the entry stands between the quotation marks {whole[0]} and {whole[-1]}; only " and “” surround one'
    return replace(parts, findings=(*parts.findings, Finding("not-understood", what)))


def unread(origin: Origin, source: str, *findings: Finding, table: bool = False) -> Record:
    """Return the record of something that is not understood as an entry: an origin and problems, nothing else."""
    return Record(origin=origin, problems=joined(origin, findings, source, table=table))
