"""Whether a text has the form of a mail address. Vetting judges whether mail can be sent to it."""

import re

from radicale_tldops.roster.login import MAX_LOGIN
from sync.parse.characters import DIRECTION, FORBIDDEN, direction_findings
from sync.problems import Finding, printable

# White space, RFC 5322 specials, quotation marks of any kind, and the characters that no field may hold.
_NOT = rf"\s@,;:<>()\[\]\\\"“”„\u200c\u200d\ufffc{FORBIDDEN}{DIRECTION}"
_ADDRESS = re.compile(rf"[^{_NOT}]+@[^{_NOT}]+\.[^{_NOT}.]+")


def is_address(text: str) -> bool:
    """Whether `text` is one address: local@domain, a dot in the domain, no quoted local part (RFC 5321, 4.1.2)."""
    return len(text) <= MAX_LOGIN and _ADDRESS.fullmatch(text) is not None


def address_findings(text: str) -> tuple[Finding, ...]:
    """Return what is wrong with `text` as an address; nothing for a valid one."""
    if is_address(text):
        return ()
    marks = direction_findings(text)
    return marks or (Finding("bad-address", printable(text[:80])),)
