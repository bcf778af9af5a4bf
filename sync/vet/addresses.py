"""Mail addresses: their normal form, and which of them belong to a role and not to a person."""

import re
import unicodedata
from functools import lru_cache

from radicale_tldops.roster.cctld import Delegations
from radicale_tldops.roster.errors import InputError
from radicale_tldops.roster.login import canonical_domain, canonical_login
from sync.problems import printable
from sync.vet.look_alikes import look_alikes_in_address

_ROLE_WORDS = """
    abuse admin administration administrador administrator admins alarm alert alerts billing callcenter cert contact
    contacto contacts contato csirt ccirt cirt customer customerservice cybersecurity dns dnsadmin domain domains
    dominios domreg enquiries enquiry escalation feedback general gethelp help helpdesk hostmaster hostmasters
    hotline incident incidents info information infosec inquiries inquiry kontakt legal mail mailbox maintenance
    monitoring network networking noc noreply office oncall operations operator operators ops postmaster privacy
    reception registrar registrars registrations registro registry root secretariat security seguranca seguridad
    service servicedesk services sicherheit soc soporte staff suporte support sysadmin sysadmins sysop systems team
    tech technical technik techs tecnico tld tldops tlds trouble webmaster whois
"""
_QUALIFIER_WORDS = """
    and call cctld center centre computer cyber data dept desk duty emergency first gov group gtld gtlds
    internet level manager mgmt national net nic of on phone public queue request requests response server servers
    shift site sys the web
"""
_ROLES = frozenset(_ROLE_WORDS.split())
"""Words that name a role when they stand alone. The short ones are those that nobody has as initials: noc, soc, …"""
_QUALIFIERS = frozenset(_QUALIFIER_WORDS.split())
"""Words that stand beside the name of a role, and are not a role alone: "nic-admin", "dutymanager"."""
_WORDS = _ROLES | _QUALIFIERS
_LONGEST_WORD = max(map(len, _WORDS))

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


def is_role(address: str, delegations: Delegations) -> bool:
    """Whether the local part of `address` names a role: "noc", "dns-admin", "security.team", "hostmaster2".

    Every part of it must be a known word, a ccTLD or a label of its own domain, and one of them a role ("nl-noc"): a
    name next to a word makes it personal, and so initials are never a role. A "+tag" does not count (RFC 5233, 1),
    nor do digits.
    """
    local, _, domain = address.rpartition("@")
    local = local.partition("+")[0]
    plain = unicodedata.normalize("NFKC", local).casefold()[:64]
    parts = [part for part in re.split(r"[\W\d_]+", plain) if part]
    if "".join(parts) in _ROLES:  # "on.call", "help-desk"
        return True
    labels = frozenset(domain.casefold().split("."))
    words = [_words_of(part) or ((part,) if part in labels or delegations.known(part) else ()) for part in parts]
    return bool(words) and all(words) and any(word in _ROLES for split in words for word in split)


def _words_of(part: str) -> tuple[str, ...]:
    """Return the known words that make up `part` ("dnsadmin": "dns", "admin"), or nothing if others remain.

    A word of two letters counts only alone: else too many names would be made of such words.
    """
    if part in _WORDS:
        return (part,)
    reached: dict[int, tuple[str, ...]] = {0: ()}
    for end in range(1, len(part) + 1):
        for start in range(max(0, end - _LONGEST_WORD), end - 2):
            if start in reached and part[start:end] in _WORDS:
                reached[end] = (*reached[start], part[start:end])
                break
    return reached.get(len(part), ())
