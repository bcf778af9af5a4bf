"""Which mail addresses belong to a role and not to a person."""

import re
import unicodedata

from radicale_tldops.roster.cctld import Delegations

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
