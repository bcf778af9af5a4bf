"""What is a mail address here: its shape only. Whether it can exist is for vetting to say."""

import re

from radicale_tldops.roster.login import MAX_LOGIN
from sync.parse.characters import DIRECTION, FORBIDDEN, direction_findings
from sync.problems import Finding, printable

# No white space, no RFC 5322 specials, none of the characters that no field may hold, no quotation marks of any kind.
_NOT = rf"\s@,;:<>()\[\]\\\"“”„\u200c\u200d\ufffc{FORBIDDEN}{DIRECTION}"
_ADDRESS = re.compile(rf"[^{_NOT}]+@[^{_NOT}]+\.[^{_NOT}.]+")


def is_address(text: str) -> bool:
    """Whether `text` is one address: local@domain, a dot in the domain, no quoted local part (RFC 5321, 4.1.2)."""
    return len(text) <= MAX_LOGIN and _ADDRESS.fullmatch(text) is not None


def address_findings(text: str) -> tuple[Finding, ...]:
    """Say what is wrong with `text` as an address; nothing when it is one."""
    if is_address(text):
        return ()
    marks = direction_findings(text)
    return marks or (Finding("bad-address", printable(text[:80])),)
