"""A contact as a vCard 3.0 (RFC 2426): the same contact always gives the same bytes.

docs/clients says how the clients show each line and why it has this form.
"""

import re
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import quote

from radicale_tldops.roster.cctld import Cctld
from radicale_tldops.roster.contact import Contact, Phone
from radicale_tldops.roster.handles import handles_of
from radicale_tldops.roster.login import canonical_domain
from sync.vcard.lines import CardError as CardError
from sync.vcard.lines import ContentLine, check_text, check_uid, write_card
from sync.vcard.names import SplitName, split_name

RENDERER = "4"
"""Changes whenever the bytes of any card would change for the same contact."""
NAMESPACE = uuid.UUID("6a4c34f2-0e5b-4c7e-9a57-2f0f6d1c8b90")
"""Namespace of every UID (RFC 9562, 5.5). It never changes: the clients know a person by the UID."""
MAX_FIELD = 1000
"""Longest value of a contact in characters, the note apart."""
MAX_NOTE = 4000
"""Longest note of a contact in characters."""
MAX_VALUES = 100
"""Most ccTLDs, addresses of a kind, phones or languages of one contact."""

_TITLE = "Security and Stability Contact"
_TEL_TYPES = {"cell": ("CELL", "VOICE"), "voice": ("WORK", "VOICE"), "fax": ("FAX",), "pager": ("PAGER",)}
_TEXTS = (*("organisation", "role", "timezone", "signal", "whatsapp", "matrix", "pgp_fingerprint", "pgp_url"),)
_LABEL = re.compile("[a-z0-9-]+")
_NUMBER = re.compile(r"\+[0-9 ().-]+")
_DIALLED = re.compile(r"(\+[0-9]+)(?:;ext=([0-9]+))?")
# Reserved and unreserved characters of RFC 3986 and "%", without "," and ";": a URI may hold nothing that needs a
# backslash escape, because some clients do not undo it.
_URI_SAFE = "%:/?#[]@!$&'()*+=-._~"


@dataclass(frozen=True, slots=True)
class CardOptions:
    """What the configuration changes in a card. `tlp` is the first line of every note (Traffic Light Protocol)."""

    tlp: str = "TLP:AMBER"


def contact_uid(canonical_address: str) -> str:
    """Return the UID of the person whose list address, in canonical form, was this one when it first appeared.

    Raises `CardError` for the empty string, which `canonical_login` gives for what is no address.
    """
    if not canonical_address:
        raise CardError("UID: there is no address to derive it from")
    return str(uuid.uuid5(NAMESPACE, canonical_address))


def group_uid(cctld: Cctld) -> str:
    """Return the UID of the group card of a ccTLD. No contact has it: an address holds an "@"."""
    return str(uuid.uuid5(NAMESPACE, "." + cctld.a_label))


def render_contact(contact: Contact, uid: str, options: CardOptions, *, fallback_org: str = "") -> str:
    """Return the card of `contact`, with CRLF line ends.

    ORG holds the organisation of the contact, else `fallback_org` (the caller gives the registrable domain of the list
    address), else the domain of the first address.

    Raises `CardError`, naming the field, for a value that cannot stand in a card.
    """
    _check(contact, options, fallback_org)
    served = contact.served
    in_brackets = " ".join(filter(None, (served, contact.organisation)))
    org = contact.organisation or fallback_org or "".join(contact.emails[:1]).rpartition("@")[2]
    lines = [
        ContentLine("UID", uid),
        ContentLine("FN", _no_semicolon(f"{contact.name} ({in_brackets})" if in_brackets else contact.name)),
        ContentLine("N", tuple(_part(part) for part in split_name(contact.name))),
        ContentLine("TITLE", _title(contact)),
        ContentLine("CATEGORIES", (*(cctld.dotted for cctld in contact.cctlds), "TLD-OPS")),
        ContentLine("NOTE", _no_semicolon("\n".join(_note(contact, options)))),
        ContentLine("CLASS", "CONFIDENTIAL"),
        *(ContentLine("URL", cctld.iana_page) for cctld in contact.cctlds),
        *_emails(contact),
        *_phones(contact),
        *_messengers(contact),
    ]
    if served:
        lines.append(ContentLine("NICKNAME", served))
    if org:
        lines.append(ContentLine("ORG", tuple(_part(part) for part in (org, served) if part)))
    if contact.role:
        lines.append(ContentLine("ROLE", _no_semicolon(contact.role)))
    if contact.timezone:
        lines.append(ContentLine("TZ", contact.timezone, params=(("VALUE", "text"),)))
    if _is_web(contact.pgp_url):
        lines.append(ContentLine("KEY", quote(contact.pgp_url, safe=_URI_SAFE), params=(("VALUE", "uri"),)))
    dates = [*contact.appointed_on, *([contact.confirmed_on] if contact.confirmed_on else ())]
    if dates:
        lines.append(ContentLine("REV", f"{max(dates).isoformat()}T00:00:00Z"))
    return write_card(lines, uid)


def render_group(cctld: Cctld, member_uids: Sequence[str]) -> str:
    """Return the group card of a ccTLD in the form of Apple's address book server.

    Raises `CardError` if a UID is not a bare UUID.
    """
    for uid in member_uids:
        check_uid(uid)
    _check_cctlds((cctld.a_label,))
    own = group_uid(cctld)
    members = (ContentLine("X-ADDRESSBOOKSERVER-MEMBER", f"urn:uuid:{uid}") for uid in sorted(set(member_uids)))
    lines = [
        ContentLine("UID", own),
        ContentLine("FN", cctld.dotted),
        ContentLine("N", SplitName(cctld.dotted)),
        ContentLine("X-ADDRESSBOOKSERVER-KIND", "group"),
        *members,
    ]
    return write_card(lines, own)


def _check(contact: Contact, options: CardOptions, fallback_org: str) -> None:
    """Raise `CardError` for a value that cannot stand in a card."""
    needed = {
        "name": (contact.name,),
        "tlp": (options.tlp,),
        "listed": contact.listed,
        "out_of_band": contact.out_of_band,
        "phones": tuple(phone.display for phone in contact.phones),
    }
    others = {field: (getattr(contact, field),) for field in _TEXTS}
    texts = {
        **others,
        "languages": contact.languages,
        "appointed_by": contact.appointed_by,
        "fallback organisation": (fallback_org,),
        **needed,
    }
    for field, values in {"services": contact.services, **texts}.items():
        if len(values) > MAX_VALUES:
            raise CardError(f"{field}: {len(values)} values, more than the {MAX_VALUES} that a card takes")
    for field, values in texts.items():
        for text in values:
            check_text(field, text, MAX_FIELD)
    check_text("card_note", contact.card_note, MAX_NOTE, newlines=True)
    for field, values in needed.items():
        if not all(value.strip() for value in values):
            raise CardError(f"{field}: empty")
    if any(phone.kind not in _TEL_TYPES for phone in contact.phones):
        raise CardError(f"phones: the kind must be one of {', '.join(_TEL_TYPES)}")
    _check_cctlds([label for label, _ in contact.slots])


def _check_cctlds(labels: Sequence[str]) -> None:
    for label in labels:
        try:
            check_text("ccTLD", Cctld(label).u_label, MAX_FIELD)
        except ValueError as error:  # not an A-label, or Punycode that cannot be decoded
            raise CardError("ccTLD: not an A-label") from error
        if not _LABEL.fullmatch(label):
            raise CardError("ccTLD: not an A-label")


def _part(text: str) -> str:
    r"""Return `text` as a part of a structured value.

    A part may not end in a backslash: ical.js, and with it Thunderbird, reads the escaped one and the ";" behind it as
    an escaped ";", and joins two parts.
    """
    return text.rstrip("\\ ")


def _title(contact: Contact) -> str:
    if len(contact.by_slot) > 1:
        groups = contact.by_slot.items()
        named = (f"{_slot(slot)} ({' '.join(cctld.dotted for cctld in cctlds)})" for slot, cctlds in groups)
        return f"{_TITLE} {', '.join(named)}"
    return _TITLE if contact.slot is None else f"{_TITLE} #{contact.slot}"


def _slot(slot: int | None) -> str:
    return "without number" if slot is None else f"#{slot}"


def _no_semicolon(text: str) -> str:
    r"""Return `text` with commas for semicolons, which Thunderbird, KDE and aerc show as "\;"."""
    return text.replace(";", ",")


def _emails(contact: Contact) -> Iterator[ContentLine]:
    """Yield the addresses. None is in a property group: KDE drops every grouped property."""
    for number, address in enumerate(contact.emails):
        place = () if number >= len(contact.listed) else ("WORK",) if number else ("WORK", "PREF")
        yield ContentLine("EMAIL", address, ("INTERNET", *place))


def _phones(contact: Contact) -> Iterator[ContentLine]:
    """Yield the numbers that dial: those of people first, then those of machines."""
    for phone in sorted(contact.phones, key=lambda phone: phone.kind in ("fax", "pager")):
        dialled = _dialled(phone)
        if dialled:
            yield ContentLine("TEL", dialled, _TEL_TYPES[phone.kind])


def _dialled(phone: Phone) -> str:
    """Return what dials the number, or "" where nothing does.

    A comma is a pause, after which a telephone dials the extension; Android dials the letters of "ext." as digits.
    """
    found = _DIALLED.fullmatch(phone.number)
    if not (found and phone.dialable):
        return ""
    number, extension = found.groups()
    spaced = _NUMBER.match(phone.display)
    shown = spaced[0].rstrip(" (.-") if spaced else ""
    if re.sub("[^+0-9]", "", shown) != number:
        shown = number
    return f"{shown},{extension}" if extension else shown


def _messengers(contact: Contact) -> Iterator[ContentLine]:
    """Yield IMPP with the parameter in which Apple looks for the service."""
    for handle in handles_of(contact):
        if handle.uri:
            yield ContentLine("IMPP", handle.uri, ("WORK",), (("X-SERVICE-TYPE", handle.service),))


def _is_web(text: str) -> bool:
    return text.startswith(("https://", "http://"))


def _note(contact: Contact, options: CardOptions) -> Iterator[str]:
    """Yield the lines of NOTE: values without a property in vCard 3.0, or that some client does not show elsewhere."""
    yield options.tlp
    if contact.slots:
        slots = (f"{Cctld(label).dotted} {_slot(slot)}" for label, slot in contact.slots)
        yield ("Slot: " if len(contact.slots) == 1 else "Slots: ") + ", ".join(slots)
    if contact.out_of_band:
        yield f"Out of band: {', '.join(contact.out_of_band)}"
    yield from (f"Telephone as written: {phone.display}" for phone in contact.phones if not _dialled(phone))
    yield from _appointments(contact)
    if contact.not_confirmed_since:
        yield f"Not confirmed since {contact.not_confirmed_since.isoformat()}"
    elif contact.confirmed_on:
        yield f"Last confirmed: {contact.confirmed_on.isoformat()}"
    if contact.not_on_list_since:
        yield f"Not on the list since {contact.not_on_list_since.isoformat()}"
    for heading, value in (
        ("Languages", ", ".join(contact.languages)),
        *((handle.service, handle.text) for handle in handles_of(contact)),
        ("OpenPGP fingerprint", contact.pgp_fingerprint),
        ("OpenPGP key", "" if _is_web(contact.pgp_url) else contact.pgp_url),
    ):
        if value:
            yield f"{heading}: {value}"
    yield from _dependent(contact)
    if contact.card_note:
        yield contact.card_note


def _appointments(contact: Contact) -> Iterator[str]:
    """Yield who appointed the contact and when, for the ccTLDs that have that in common.

    Each ccTLD has IANA contacts of its own.
    """
    groups: dict[tuple[str, date | None], list[str]] = {}
    for service in contact.services:
        if service.appointment:
            groups.setdefault((service.appointed_by, service.appointed_on), []).append(Cctld(service.cctld).dotted)
    for (by, day), served in groups.items():
        if by in ("admin", "tech"):
            by = f"the IANA {by} contact{' of each' if len(served) > 1 else ''}"
        yield " ".join(["Appointed for", *served, *([f"by {by}"] if by else ()), *([f"on {day}"] if day else ())])


def _dependent(contact: Contact) -> Iterator[str]:
    """Yield a warning for each address under a ccTLD that the contact serves: it fails when the ccTLD fails."""
    served = {label for label, _ in contact.slots}
    for address in contact.emails:
        try:
            label = canonical_domain(address.rpartition("@")[2].rstrip(".")).rpartition(".")[2]
        except UnicodeError:
            continue
        if label in served:
            dotted = Cctld(label).dotted
            yield f"{address} stands under {dotted}: it may fail when {dotted} does"
