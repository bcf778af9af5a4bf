"""From the parts of an entry to its record."""

from dataclasses import dataclass, replace

from sync.parse.address import is_address
from sync.parse.characters import folded
from sync.parse.full import Full, parse_full, tabs_in_name
from sync.parse.records import Record
from sync.parse.transport import allowed
from sync.problems import Finding, Origin, joined, printable

# Quotation marks that no list software writes. A name may begin with such a mark ('t Hoen) without a second at its end.
_OPENING, _CLOSING = "'‘’‚‛‹›«»`´＂「『", "'‘’‛‹›«»`´＂」』"


@dataclass(frozen=True, slots=True)
class Line:
    """The parts of an entry: of a line of a list, or of an entry in another format.

    `full` is the full name, still encoded; None if it cannot be separated from the rest. `escaped` says that it holds
    quoted pairs. `listed` holds only addresses that certainly belong to this entry.
    """

    shape: str
    full: str | None
    listed: tuple[str, ...] = ()
    out_of_band: tuple[str, ...] = ()
    escaped: bool = False
    findings: tuple[Finding, ...] = ()


def make_entry(
    origin: Origin, source: str, line: Line, *, table: bool = False, slotless: Finding | None = None
) -> Record:
    """Return the record of `line`; problems quote `source`, and `table` gives them the remedies for a table.

    `slotless` replaces the finding for a name without a slot.
    """
    decoded, coding = allowed(line.full or "", escaped=line.escaped)
    text, marks = folded(decoded)
    more = (*coding, *marks, *tabs_in_name(decoded))
    found = [*line.findings, *more]
    if not text and any(finding.code in ("bad-encoding", "too-long") for finding in more):
        parts = Full()
    else:
        parts = _parts(text, line.listed, alone=not any(finding.is_error for finding in found))
    wrong = (slotless if slotless and finding.code == "no-slot" else finding for finding in parts.findings)
    if any(finding.code in ("unclosed-quote", "cut-off") for finding in found):
        wrong = (finding for finding in wrong if finding.code != "run-together")
    found += wrong
    return Record(
        origin=origin,
        name=parts.name,
        slot=parts.slot,
        cctlds=parts.cctlds,
        phones=parts.phones,
        listed=line.listed,
        out_of_band=tuple(dict.fromkeys((*parts.addresses, *line.out_of_band))),
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
    """Return the record of a text that is not understood as an entry: it holds only an origin and problems."""
    return Record(origin=origin, problems=joined(origin, findings, source, table=table))
