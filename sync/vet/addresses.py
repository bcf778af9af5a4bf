"""Mail addresses: their normal form."""

import re
from functools import lru_cache

from radicale_tldops.roster.errors import InputError
from radicale_tldops.roster.login import canonical_domain, canonical_login
from sync.problems import printable
from sync.vet.look_alikes import look_alikes_in_address

_ANY_CASE = frozenset(
    (
        *("info", "marketing", "sales", "support", "abuse", "noc", "security", "postmaster", "hostmaster", "usenet"),
        *("news", "webmaster", "www", "uucp", "ftp"),
    )
)
"""Local parts that mean the same in any case (RFC 2142)."""

MAX_PLAIN = 64
"""Longest address that is taken as valid by its form alone: the longest local part, and about the longest label."""
_PLAIN = re.compile(
    r"[A-Za-z0-9]+(?:[._+-][A-Za-z0-9]+)*@(?:[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*\.)+(?:[A-Za-z]{2}|com|net|org|example)"
)
"""Addresses that are certainly valid. Most are, and `email_validator` is slow to import and to call."""


@lru_cache(maxsize=4096)
def login_of(text: str) -> str:
    """Return the canonical login of the mail address `text`, or "" when it has none (see `canonical_login`)."""
    return canonical_login(text.strip(" "))


def readable_domain(address: str) -> str:
    """Return the domain of an address in lower case and U-labels, as people read it; "" where it has none."""
    try:
        labels = canonical_domain(address.rpartition("@")[2]).split(".")
        return ".".join(
            label[4:].encode("ascii").decode("punycode") if label.startswith("xn--") else label for label in labels
        )
    except UnicodeError:
        return ""


def normalise_address(text: str) -> str:
    """Return the mail address `text` as it is kept: local part as written, domain in lower case and A-labels.

    Raises `InputError` with the reason where it is not an address (RFC 5321, 4.1.2; RFC 6531, 3.3), has no canonical
    login, or holds a letter that looks like another one or cannot be seen. The domain need not exist, and those
    reserved for documentation and tests pass (RFC 2606, 2 and 3).
    """
    address = text.strip(" ")
    login = login_of(address)
    if not login:
        raise InputError(f"not a mail address: {printable(address)}")
    if len(address) <= MAX_PLAIN and _PLAIN.fullmatch(address):
        local, _, domain = address.partition("@")
        return f"{local.lower() if local.lower() in _ANY_CASE else local}@{domain.lower()}"
    seen = look_alikes_in_address(f"{address.rpartition('@')[0]}@{readable_domain(address)}")
    if seen:
        raise InputError(f"not a mail address: {printable(address)}: {seen[0]} is not what it looks like")
    from email_validator import EmailNotValidError, validate_email  # slow to import, and few addresses need it

    try:
        valid = validate_email(address, check_deliverability=False, test_environment=True, strict=True)
    except EmailNotValidError as error:
        raise InputError(f"not a mail address: {printable(address)}: {printable(str(error))}") from None
    normalised = f"{valid.local_part}@{valid.ascii_domain.lower()}"
    if login_of(normalised) != login:
        # Two rules of normalisation give different addresses: it could be another person's.
        raise InputError(f"not an unambiguous mail address: {printable(address)}")
    return normalised
