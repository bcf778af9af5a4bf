"""Who is on the list now: one small interface for every system that knows."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from radicale_tldops.roster.errors import InputError
from radicale_tldops.roster.login import canonical_login
from radicale_tldops.store.values import Source
from sync.parse import parse
from sync.parse.records import Record
from sync.problems import Severity, cut_off_after
from sync.sources import membership_file

PART = "subscribers"
"""What the list is called among the inputs of a generation."""


class Fault(StrEnum):
    """Why a list could not be had: what monitoring may tell apart."""

    UNREADABLE = "unreadable"
    UNREACHABLE = "unreachable"
    TIMEOUT = "time-out"
    REFUSED = "refused"
    UNKNOWN = "unknown-list"
    ANSWER = "wrong-answer"
    EMPTY = "empty"
    CUT_OFF = "cut-off"


class ListError(InputError):
    """The list cannot be had whole. It never means that nobody is on it."""

    def __init__(self, fault: Fault, message: str) -> None:
        super().__init__(message)
        self.fault = fault


class Role(StrEnum):
    """As what somebody is on the list."""

    MEMBER = "member"
    MODERATOR = "moderator"
    OWNER = "owner"


class Delivery(StrEnum):
    """Whether mail of the list goes to the address, and if not, who stopped it."""

    ENABLED = "enabled"
    BY_USER = "by user"
    BY_MODERATOR = "by moderator"
    BY_BOUNCES = "by bounces"


@dataclass(frozen=True, slots=True)
class Subscriber:
    """An address on the list. `login` is its canonical form, `name` the person's name as far as the list has one.

    `cctlds` are the labels that the list has with the name, as written, without the dot. `entry` is what the source
    holds the address under, a user or a DN: two addresses with the same one are one person's. `bounces` is the
    source's bounce score, 0 where it has none.
    """

    login: str
    address: str
    name: str = ""
    cctlds: tuple[str, ...] = ()
    role: Role = Role.MEMBER
    delivery: Delivery = Delivery.ENABLED
    bounces: int = 0
    entry: str = ""


@dataclass(frozen=True, slots=True)
class Subscribers:
    """Everybody on the list, by login, and what is recorded of where they came from."""

    people: tuple[Subscriber, ...]
    source: Source

    @property
    def logins(self) -> frozenset[str]:
        """The canonical logins on the list."""
        return frozenset(person.login for person in self.people)


class SubscriberSource(Protocol):
    """A system that knows who is on the list. A source that fails never means that nobody is."""

    def fetch(self, *, delivery: bool = False) -> Subscribers:
        """Return everybody on the list; with `delivery` also whether mail reaches them, where the source knows.

        Raises:
            ListError: the list cannot be had whole, or is empty.
            SettingsError: a setting that the source needs is missing or wrong.
        """


def subscriber(address: str, where: str, **more: object) -> Subscriber:
    """Return the subscriber with an address that a system gave, `where` naming the place for the message.

    Raises:
        ListError: it cannot be a login; a part of a list is not used.
    """
    login = canonical_login(address)
    if not login:
        raise ListError(
            Fault.ANSWER, f"{where}: {address!r} is no mail address. Mend it there: a part of a list is not used."
        )
    return Subscriber(login, address, **more)  # type: ignore[arg-type]


def asked_now(people: Iterable[Subscriber], name: str, now: datetime) -> Subscribers:
    """Return what a system answered at `now`; its digest covers who is on the list, and nothing that changes otherwise.

    Raises:
        ListError: it is nobody.
    """
    found = tuple(sorted(people, key=lambda person: (person.login, person.role, person.address)))
    if not found:
        raise ListError(Fault.EMPTY, f"{name}: nobody is on the list, it says; that is never taken for an empty list.")
    content = "\n".join(sorted({person.login for person in found}))
    return Subscribers(found, Source(PART, name, hashlib.sha256(content.encode()).hexdigest(), now.isoformat()))


@dataclass(frozen=True, slots=True)
class TextList:
    """A text file in any of the list formats, for instance the output of Mailman's `list_members`."""

    path: Path
    format: str = "auto"

    def fetch(self, *, delivery: bool = False) -> Subscribers:
        """Read the file. An entry whose address cannot be read makes the whole list unusable."""
        try:
            file = membership_file.read(self.path, PART)
            parsed = parse(file.data, str(self.path), self.format)
        except InputError as error:
            raise ListError(Fault.UNREADABLE, str(error)) from error
        for problem in parsed.problems:
            # What concerns the file as a whole, such as a quotation mark that is never closed, may hide entries.
            if problem.severity is Severity.ERROR:
                raise ListError(
                    Fault.CUT_OFF,
                    f"{problem.origin}: {problem.message}. A part of a list is not used. {problem.remedy}",
                )
        if cut_off_after(parsed.problems):
            raise ListError(
                Fault.CUT_OFF,
                f"{self.path}: the list of subscribers has no line break at its end, so that it may be cut off. A part "
                "of a list is not used. Export it again; where it is whole, end it with a line break.",
            )
        people = {person.login: person for record in reversed(parsed.records) for person in _listed(record)}
        if not people:
            raise ListError(
                Fault.EMPTY, f"{self.path}: the list of subscribers is empty; that is never taken for an empty list."
            )
        return Subscribers(tuple(people[login] for login in sorted(people)), file.source)


def _listed(record: Record) -> tuple[Subscriber, ...]:
    found = tuple(
        Subscriber(canonical_login(address), address, record.name, record.cctlds) for address in record.listed
    )
    if not found or not all(person.login for person in found):
        raise ListError(
            Fault.ANSWER,
            f"{record.origin}: this line of the list of subscribers holds no address that can be understood. "
            "Mend the line, or export the list again: a part of a list is not used.",
        )
    return found
