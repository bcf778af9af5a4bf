"""What depends on which zone: by which ccTLDs a way to reach somebody fails, and by which it may.

An address fails with the ccTLD under which it stands, and so does a link, and a Matrix user with the homeserver. A
telephone number may: the network of a country goes on without its zone, but its operators' own systems may not.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from radicale_tldops.roster.contact import Contact, Phone
from radicale_tldops.roster.handles import handles_of

_CODE = re.compile(r"\+([0-9]+)")
_MOST_DIGITS = 3
"""The longest calling code of a country (ITU-T E.164)."""
_LABEL = re.compile(r"[a-z]{2}|xn--[a-z0-9-]+")
_KINDS = {"cell": "Mobile", "voice": "Phone", "fax": "Fax", "pager": "Pager"}


@dataclass(frozen=True, slots=True)
class Channel:
    """A way to reach a contact: what it is, as people read it, and as a link, "" where there is none.

    `fails_with` and `may_fail_with` are the A-labels of ccTLDs. `is_number` says that the text is read from left to
    right in any script.
    """

    kind: str
    text: str
    link: str
    fails_with: tuple[str, ...] = ()
    may_fail_with: tuple[str, ...] = ()
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class CallingCodes:
    """The ccTLDs of the countries behind each calling code: "31" is that of .nl."""

    cctlds: Mapping[str, Sequence[str]]

    def of(self, number: str) -> tuple[str, ...]:
        """Return the A-labels of the countries in which a number in international form may be."""
        code = _CODE.match(number)
        digits = code[1] if code else ""
        found = (self.cctlds.get(digits[:length]) for length in range(1, _MOST_DIGITS + 1))
        return next((tuple(labels) for labels in found if labels), ())


@dataclass(frozen=True, slots=True)
class Countries:
    """The names of countries by A-label, and the ccTLDs behind each calling code."""

    names: Mapping[str, str]
    codes: CallingCodes


def channels_of(contact: Contact, codes: CallingCodes) -> Iterator[Channel]:
    """Yield every way to reach a contact: telephone numbers first, then messengers, then addresses."""
    for phone in contact.phones:
        yield _phone(phone, codes)
    for handle in handles_of(contact):
        link, under = _messenger(handle.service, handle.uri, handle.text)
        may = codes.of(handle.uri.partition(":")[2]) if handle.service != "Matrix" else ()
        yield Channel(handle.service, handle.text, link, under, may, is_number=handle.text.startswith("+"))
    for number, address in enumerate(contact.emails):
        kind = "Mail" if number < len(contact.listed) else "Mail, out of band"
        yield Channel(kind, address, f"mailto:{quote(address, safe='@')}", zone_of(address.rpartition("@")[2]))
    if contact.pgp_url.startswith("https://"):
        host = contact.pgp_url.removeprefix("https://").partition("/")[0].partition(":")[0]
        yield Channel("PGP key", contact.pgp_url, contact.pgp_url, zone_of(host))


def zone_of(domain: str) -> tuple[str, ...]:
    """Return the A-label of the ccTLD under which a domain stands, or nothing where it is under another TLD."""
    try:
        label = domain.strip(".").rpartition(".")[2].lower().encode("idna").decode()
    except UnicodeError:
        return ()
    return (label,) if _LABEL.fullmatch(label) else ()


def _phone(phone: Phone, codes: CallingCodes) -> Channel:
    kind = _KINDS.get(phone.kind, "Phone")
    if not phone.dialable:
        return Channel(f"{kind}, as written", phone.number, "", is_number=True)
    # An extension is not dialled by itself everywhere: people see it in the text.
    link = f"tel:{phone.number}"
    return Channel(kind, phone.display, link, (), codes.of(phone.number), is_number=True)


def _messenger(service: str, uri: str, text: str) -> tuple[str, tuple[str, ...]]:
    """Return the link that opens the messenger itself, and the zone under which the user stands.

    The links of the messengers' websites stand under .me and .to, and fail with them: they are not used.
    """
    number = uri.partition(":+")[2]
    if service == "Signal":
        return (f"sgnl://signal.me/#p/+{number}" if number else ""), ()
    if service == "WhatsApp":
        return (f"whatsapp://send?phone={number}" if number else ""), ()
    return uri, zone_of(text.rpartition(":")[2])
