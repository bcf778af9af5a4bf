"""Logins and addresses in canonical form: one spelling for everything that means the same mailbox."""

import re
import unicodedata
from functools import lru_cache

MAX_LOGIN = 320
"""Longest login in characters: 64 for the local part, "@", 255 for the domain (RFC 5321, 4.5.3.1)."""

# The dots that IDNA takes for a full stop (RFC 3490, 3.1) and that NFKC leaves alone.
_IDEOGRAPHIC_DOTS = re.compile("[\u3002\uff61]")
_PLAIN_LOCAL = re.compile(r"[^\s\x00-\x20\x7f@,:;<>()\[\]\\\"]+")
_PLAIN_HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)+")


def _canonical_label(label: str) -> str:
    """Give the A-label of a label that is already NFKC and lower case; an ASCII label stays as it is."""
    if label.isascii():
        return label
    return "xn--" + label.encode("punycode").decode("ascii")


def canonical_domain(domain: str) -> str:
    """Return `domain` in NFKC, lower case, every label an A-label.

    Lower case and not case folding: folding would turn "ß" into "ss" and "ς" into "σ", which name other
    domains (RFC 5894, 7.2).
    """
    if domain.isascii():
        return domain.lower()
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", domain).lower())
    return ".".join(_canonical_label(label) for label in _IDEOGRAPHIC_DOTS.sub(".", text).split("."))


def canonical_login(text: str) -> str:
    """Return the canonical form of a login or mail address, or "" when it cannot be one.

    NFKC and case-folded in the local part, NFKC and IDNA A-labels in the domain. Anything with a control
    character, white space, a format character or a structure other than local@domain gives "": such a login is
    refused and never becomes the login of another person.
    """
    # The length is checked before the cache: long texts of strangers must not fill the memory.
    return _canonical_login(text) if 0 < len(text) <= MAX_LOGIN else ""


@lru_cache(maxsize=8192)
def _canonical_login(text: str) -> str:
    return _plain_login(text) if text.isascii() else _normalised_login(text)


def _plain_login(text: str) -> str:
    """Return what `_normalised_login` returns, faster, for ASCII text: only the case changes."""
    local, _, host = text.lower().rpartition("@")
    return f"{local}@{host}" if _PLAIN_LOCAL.fullmatch(local) and _PLAIN_HOST.fullmatch(host) else ""


def _normalised_login(text: str) -> str:
    local, at, domain = text.rpartition("@")
    if not at or any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") for char in text):
        return ""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", local).casefold())
    if not _PLAIN_LOCAL.fullmatch(folded):
        return ""
    try:
        host = canonical_domain(domain)
    except UnicodeError:
        return ""
    if not _PLAIN_HOST.fullmatch(host):
        return ""
    return f"{folded}@{host}"
