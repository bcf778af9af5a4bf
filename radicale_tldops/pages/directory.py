"""The directory: everybody of the book by ccTLD, as a page and as the break-glass copy."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from radicale_tldops.pages.environment import SCRIPT, STYLE, hash_source, render
from radicale_tldops.roster.cctld import Cctld
from radicale_tldops.roster.contact import Contact, Service
from radicale_tldops.roster.digest import digest
from radicale_tldops.roster.folding import folded, number_digits
from radicale_tldops.roster.reach import Channel, Countries, channels_of
from radicale_tldops.roster.snapshot import Reader, Snapshot
from radicale_tldops.settings import CardSettings

_GROUP = 4
"""So many digits stand together, where people compare them by telephone."""
_DIGITS = 12


@dataclass(frozen=True, slots=True)
class DirectoryEntry:
    """A contact under one of the ccTLDs. `find` and `digits` are what a search looks at."""

    contact: Contact
    service: Service
    channels: Sequence[Channel]
    offset: str
    find: str
    digits: str


@dataclass(frozen=True, slots=True)
class CctldSection:
    """A ccTLD with its contacts. `labels` are the forms of the ccTLD as a search looks at them."""

    cctld: Cctld
    country: str
    labels: str
    entries: Sequence[DirectoryEntry]


@dataclass(frozen=True, slots=True)
class Heading:
    """What stands above and below everybody: the book's name, the TLP label, the generation and its digits."""

    book: str
    tlp: str
    generation: int
    created_at: datetime
    digits: str
    people: int


def sections_of(snapshot: Snapshot, countries: Countries, now: datetime) -> list[CctldSection]:
    """Return every ccTLD with its contacts, by label and slot. `now` is for the clocks of the contacts."""
    found: dict[str, list[DirectoryEntry]] = {}
    for card in snapshot.plain.cards.values():
        contact = Contact.from_json(card.contact)
        channels = tuple(channels_of(contact, countries.codes))
        digits = " ".join(filter(None, (number_digits(channel.text) for channel in channels if channel.is_number)))
        offset, find = _offset(contact.timezone, now), _find(contact, countries, channels)
        for service in contact.services:
            entry = DirectoryEntry(contact, service, channels, offset, find, digits)
            found.setdefault(service.cctld, []).append(entry)
    return [_section(label, found[label], countries) for label in sorted(found, key=lambda x: Cctld(x).u_label)]


def _section(label: str, entries: list[DirectoryEntry], countries: Countries) -> CctldSection:
    cctld = Cctld(label)
    entries.sort(key=lambda entry: (entry.service.slot or 9, entry.contact.name))
    return CctldSection(cctld, countries.names.get(label, ""), f"{label} {cctld.u_label}", entries)


def _find(contact: Contact, countries: Countries, channels: Sequence[Channel]) -> str:
    cctlds = [f"{each.dotted} .{each.a_label} {countries.names.get(each.a_label, '')}" for each in contact.cctlds]
    texts = (channel.text for channel in channels if not channel.is_number)
    return folded(" ".join((contact.name, contact.organisation, contact.role, *cctlds, *texts)))


@lru_cache(maxsize=1024)
def _offset(timezone: str, now: datetime) -> str:
    """Return how far a time zone is from UTC, as people write it: "UTC+5:30". "" where the zone is not known."""
    try:
        offset = now.astimezone(ZoneInfo(timezone)).utcoffset() if timezone else None
    except (OSError, ValueError):
        return ""
    if offset is None:
        return ""
    minutes = abs(offset) // timedelta(minutes=1)
    return f"UTC{'-' if offset < timedelta() else '+'}{minutes // 60}{f':{minutes % 60:02}' if minutes % 60 else ''}"


def heading_of(snapshot: Snapshot, book: str, tlp: str) -> Heading:
    """Return what stands above everybody."""
    # Of what people see: the digest of a generation covers more, and changes when old cards are pruned.
    cards = ((href, card.etag) for href, card in snapshot.plain.cards.items())
    digits = f"{int(digest([(snapshot.lineage, snapshot.generation)], cards), 16) % 10**_DIGITS:0{_DIGITS}}"
    grouped = " ".join(digits[at : at + _GROUP] for at in range(0, _DIGITS, _GROUP))
    return Heading(book, tlp, snapshot.generation, snapshot.created_at, grouped, len(snapshot.plain.cards))


def everybody(sections: Sequence[CctldSection], down: Sequence[str] = ()) -> str:
    """Return the part of a page that holds everybody. What fails with the ccTLDs in `down` is struck through, last."""
    return render("everybody.html", sections=sections, down=down, ordered=lambda entry: _ordered(entry, down))


def _ordered(entry: DirectoryEntry, down: Sequence[str]) -> Sequence[tuple[Channel, str, str]]:
    """Return each channel with what it fails with, and may fail with, of `down`; what works comes first."""
    if not down:
        return [(channel, "", "") for channel in entry.channels]
    marked = [(c, _dotted(c.fails_with, down), _dotted(c.may_fail_with, down)) for c in entry.channels]
    return sorted(marked, key=lambda each: (bool(each[1]), bool(each[2])))


def _dotted(labels: Sequence[str], down: Sequence[str]) -> str:
    return " ".join(Cctld(label).dotted for label in labels if label in down)


def directory_page(heading: Heading, name: str, people: str, down: str = "") -> Iterator[str]:
    """Yield the page of the directory in pieces: before, `people` as `everybody` returns it, and after."""
    mark = "\ufffc"
    page = render("directory.html", heading=heading, name=name, people=mark, down=down, for_whom="", policy="")
    before, _, after = page.partition(mark)
    yield from (before, people, after)


def copy_page(snapshot: Snapshot, countries: Countries, cards: CardSettings, reader: Reader) -> str:
    """Return the break-glass copy: one file that needs nothing else, the same bytes for a generation and a reader."""
    policy = f"default-src 'none'; style-src {hash_source(STYLE)}; script-src {hash_source(SCRIPT)}; base-uri 'none'"
    people = everybody(sections_of(snapshot, countries, snapshot.created_at))
    mark = "\ufffc"
    heading = heading_of(snapshot, cards.book_name, cards.tlp)
    for_whom = f"{reader.name} ({reader.login})" if reader.name else reader.login
    values = {"heading": heading, "name": "", "people": mark, "down": "", "for_whom": for_whom}
    return render("directory.html", **values, policy=policy).replace(mark, people, 1)
