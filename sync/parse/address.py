"""What is a mail address here: its shape only. Whether it can exist is for vetting to say."""

import re

from radicale_tldops.roster.login import MAX_LOGIN
from sync.parse.characters import direction_faults
from sync.parse.codes import Fault, quote

# No white space, no RFC 5322 specials, none of the characters that no field may hold, no quotation marks of any kind.
_NOT = (
    r"\s@,;:<>()\[\]\\\"“”„\x00-\x20\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff"
    r"\ufdd0-\ufdef\ufeff\ufff9-\uffff\U000e0000-\U000e007f"
)
_ADDRESS = re.compile(rf"[^{_NOT}]+@[^{_NOT}]+\.[^{_NOT}.]+")


def is_address(text: str) -> bool:
    """Whether `text` is one address: local@domain, a dot in the domain, no quoted local part (RFC 5321, 4.1.2)."""
    return len(text) <= MAX_LOGIN and _ADDRESS.fullmatch(text) is not None


def address_faults(text: str) -> tuple[Fault, ...]:
    """Say what is wrong with `text` as an address; nothing when it is one."""
    if is_address(text):
        return ()
    marks = direction_faults(text)
    return marks or (Fault("bad-address", quote(text[:80])),)
