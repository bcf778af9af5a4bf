"""A store with a long past: days of many small generations through the write side, with a clock of their own."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random

from radicale_tldops.roster.cctld import Cctld
from radicale_tldops.roster.contact import Contact, Phone, serving
from radicale_tldops.roster.digest import digest
from radicale_tldops.store.read import load_snapshot
from radicale_tldops.store.values import Change, Counts, NewCard, NewGroup, Stamp
from radicale_tldops.store.write import apply_change
from sync.vcard.card import CardOptions, contact_uid, group_uid, render_contact, render_group
from tests.support.clock import START
from tests.support.people import CCTLDS
from tests.support.store import ensure

MOST_AT_ONCE = 5
"""Most people whom one generation changes; one in so many days renders all cards anew."""
ANEW_EVERY = 40
NEW_OF_COMERS = 0.03
"""Which part of those who come never was there before: some hundred a year. Each leaves a tombstone in the end, and
every load reads those."""

Happened = tuple[int, str, Contact | None, Contact | None]
"""What a generation did to a person: its number, the UID, the contact before and after."""


@dataclass
class Days:
    """The store, what was served at the end of each day, and all that happened."""

    folder: Path
    random: Random
    per_day: tuple[int, int]
    size: int = 150
    people: dict[str, Contact] = field(default_factory=dict)
    gone: dict[str, Contact] = field(default_factory=dict)
    served: dict[date, str] = field(default_factory=dict)
    happened: list[Happened] = field(default_factory=list)
    number: int = 0
    _style: str = "TLP:AMBER"
    _born: int = 0

    def __post_init__(self) -> None:
        ensure(self.roster, self.folder / "members.sqlite")
        self._write(
            START, {contact_uid(new.listed[0]): new for new in (self._newcomer() for _ in range(self.size))}, ()
        )

    @property
    def roster(self) -> Path:
        """The roster database."""
        return self.folder / "roster.sqlite"

    @property
    def today(self) -> date:
        """The last day that was lived."""
        return max(self.served, default=START.date())

    def live(self, days: int) -> None:
        """Let as many days pass, each with changes in small generations, the last of them long before midnight."""
        for _ in range(days):
            day = START + timedelta(days=len(self.served))
            left, now = self.random.randint(*self.per_day), day
            if len(self.served) % ANEW_EVERY == ANEW_EVERY - 1:
                self._style = f"TLP:AMBER {len(self.served)}"
                self._write(now, self.people, ())
            while left > 0:
                now += timedelta(minutes=10) / self.per_day[1]
                left -= self._step(now, min(left, self.random.randint(1, MOST_AT_ONCE)))
            cards = load_snapshot(self.roster).groups.cards
            self.served[day.date()] = book_digest({href: card.text for href, card in cards.items()})

    def _step(self, now: datetime, count: int) -> int:
        """Write one generation that concerns about `count` people; return how many they were."""
        kind = self.random.random()
        if kind < 0.02:
            self._write(now, {}, (), "access")
            return 1
        if kind < 0.12 and len(self.people) > self.size - 10:
            self._write(now, {}, self.random.sample(sorted(self.people), 1))
            return 1
        if kind < 0.22 and len(self.people) < self.size + 10:
            self._write(now, dict([self._comer()]), ())
            return 1
        uids = self.random.sample(sorted(self.people), count)
        self._write(
            now, {uid: self._corrected(self.people[uid]) for uid in uids}, (), "rollback" if kind > 0.99 else "sync"
        )
        return count

    def _comer(self) -> tuple[str, Contact]:
        """Return somebody new, or somebody who returns."""
        if self.gone and self.random.random() >= NEW_OF_COMERS:
            uid = self.random.choice(sorted(self.gone))
            return uid, self.gone.pop(uid)
        new = self._newcomer()
        return contact_uid(new.listed[0]), new

    def _newcomer(self) -> Contact:
        self._born += 1
        label = CCTLDS[self._born % len(CCTLDS)]
        return Contact(f"Person {self._born}", serving((label, 1)), (f"person{self._born}@nic.example",))

    def _corrected(self, contact: Contact) -> Contact:
        """Return somebody with one or two other values, some of them empty now."""
        number = self.random.randrange(10_000)
        values: Mapping[str, object] = {
            "role": f"Role {number}" if not contact.role else "",
            "phones": (Phone(f"+1202555{number:04}", display=f"+1 202-555-{number:04}"),),
            "organisation": f"Registry {number}",
            "confirmed_on": START.date() - timedelta(days=number),
            "card_note": f"Note {number}",
        }
        names = self.random.sample(sorted(values), self.random.randint(1, 2))
        found: Contact = replace(contact, **{name: values[name] for name in names})  # type: ignore[arg-type]
        return found if found != contact else self._corrected(contact)

    def _write(self, now: datetime, put: Mapping[str, Contact], gone: Sequence[str], kind: str = "sync") -> None:
        before = dict(self.people)
        self.people |= put
        self.gone |= {uid: self.people.pop(uid) for uid in gone}
        change = Change(
            cards=[self._card(uid, contact) for uid, contact in put.items()],
            cards_gone=gone,
            groups=list(self._groups(before)),
            groups_gone=sorted(_members(before).keys() - _members(self.people).keys()),
        )
        counts = Counts(people=len(self.people), added=len(put.keys() - before), removed=len(gone))
        self.number = apply_change(self.roster, self.number, change, Stamp(now, "clerk", kind, counts=counts)).id
        self.happened += ((self.number, uid, before.get(uid), self.people.get(uid)) for uid in sorted({*put, *gone}))

    def _card(self, uid: str, contact: Contact) -> NewCard:
        text = render_contact(contact, uid, CardOptions(self._style), fallback_org="nic.example")
        return NewCard(uid, text, contact.to_json(), digest([(text,)]))

    def _groups(self, before: Mapping[str, Contact]) -> Iterator[NewGroup]:
        old = _members(before)
        for label, uids in _members(self.people).items():
            if old.get(label) != uids:
                yield NewGroup(label, group_uid(Cctld(label)), render_group(Cctld(label), uids), digest([tuple(uids)]))


def _members(people: Mapping[str, Contact]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for uid in sorted(people):
        found.setdefault(people[uid].services[0].cctld, []).append(uid)
    return found


def book_digest(texts: Mapping[str, str]) -> str:
    """Return a digest of a book: the bytes of each card and group card by href."""
    return digest(texts.items())
