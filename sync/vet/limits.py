"""How much the fields of one person may hold. No real entry needs more."""

from collections.abc import Mapping, Sequence

from sync.problems import Finding, printable

MAX_TEXT = 1000
"""Longest field that has no limit of its own, in characters."""
MAX_NAME = 200
"""Longest name in characters."""
MAX_NOTE = 4000
"""Longest note in characters."""
MAX_CCTLDS = 100
"""Most ccTLDs of one person."""
MAX_PHONES = 20
"""Most telephone numbers of one person."""
MAX_ADDRESSES = 20
"""Most mail addresses of one person."""

_LONGEST = {"name": MAX_NAME, "note": MAX_NOTE, "card_note": MAX_NOTE}
_MOST = {"ccTLD": MAX_CCTLDS, "phone": MAX_PHONES, "address": MAX_ADDRESSES}


def too_long(fields: Mapping[str, Sequence[str]]) -> list[Finding]:
    """Return a finding for each of `fields`, with its values, that has too many values or too long ones."""
    findings = []
    for name, values in fields.items():
        longest, limit = max(map(len, values), default=0), _LONGEST.get(name, MAX_TEXT)
        if longest > limit:
            message = f"{printable(name)}: {longest} characters, at most {limit} are allowed"
            findings.append(Finding("too-long", message))
        most = _MOST.get(name, 1)
        if len(values) > most:
            findings.append(Finding("too-long", f"{name}: {len(values)} values, at most {most} are allowed"))
    return findings
