"""The subscribers of the list, and the interface of every source of them."""

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
"""The name of the list among the inputs of a generation."""


class ListFault(StrEnum):
    """Why a list could not be read, as monitoring shows it."""

    UNREADABLE = "unreadable"
    UNREACHABLE = "unreachable"
    TIMEOUT = "time-out"
    REFUSED = "refused"
    UNKNOWN = "unknown-list"
    ANSWER = "wrong-answer"
    EMPTY = "empty"
    CUT_OFF = "cut-off"


class ListError(InputError):
    """The list could not be read completely. It does not mean that the list is empty."""

    def __init__(self, fault: ListFault, message: str) -> None:
        partial = fault in (ListFault.ANSWER, ListFault.CUT_OFF)
        super().__init__(f"{message} An incomplete list is not used." if partial else message)
        self.fault = fault


class Role(StrEnum):
    """The role of an address on the list."""

    MEMBER = "member"
    MODERATOR = "moderator"
    OWNER = "owner"


class Delivery(StrEnum):
    """Whether the list sends mail to the address, and if not, who stopped it."""

    ENABLED = "enabled"
    BY_USER = "by user"
    BY_MODERATOR = "by moderator"
    BY_BOUNCES = "by bounces"
    UNKNOWN = "for an unknown reason"


@dataclass(frozen=True, slots=True)
class Subscriber:
    """An address on the list. `login` is its canonical form, `name` the person's name as far as the list has one.

    `cctlds` are the labels beside the name, as written, without the dot. `entry` is the user or the DN of the address
    in the source: two addresses with the same `entry` belong to one person. `bounces` is the source's bounce score,
    0 where it has no score.
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
    """The whole list, sorted by login, and its source for the history."""

    people: tuple[Subscriber, ...]
    source: Source

    @property
    def logins(self) -> frozenset[str]:
        """The canonical logins on the list."""
        return frozenset(person.login for person in self.people)


class SubscriberSource(Protocol):
    """A system that holds the list of subscribers."""

    def fetch(self, *, delivery: bool = False) -> Subscribers:
        """Return the whole list; with `delivery` also whether the list sends mail to each address, if the source knows.

        Raises:
            ListError: the list could not be read completely, or is empty.
            SettingsError: a setting that the source needs is missing or wrong.
        """


def subscriber(address: str, where: str, **more: object) -> Subscriber:
    """Return the subscriber with `address`; `where` is the place of the address for the message.

    Raises:
        ListError: the address cannot be a login.
    """
    login = canonical_login(address)
    if not login:
        raise ListError(ListFault.ANSWER, f"{where}: {address!r} is not a mail address. Correct it there.")
    return Subscriber(login, address, **more)  # type: ignore[arg-type]


def asked_now(people: Iterable[Subscriber], name: str, now: datetime) -> Subscribers:
    """Return the list that a system sent at `now`. Its digest covers the logins and nothing else.

    Raises:
        ListError: the list is empty.
    """
    found = tuple(sorted(people, key=lambda person: (person.login, person.role, person.address)))
    if not found:
        raise ListError(
            ListFault.EMPTY, f"{name}: the answer has no subscribers. An empty list is not accepted. Check the list."
        )
    content = "\n".join(sorted({person.login for person in found}))
    return Subscribers(found, Source(PART, name, hashlib.sha256(content.encode()).hexdigest(), now.isoformat()))


@dataclass(frozen=True, slots=True)
class TextList:
    """A text file in any list format, for instance the output of Mailman's `list_members`."""

    path: Path
    format: str = "auto"

    def fetch(self, *, delivery: bool = False) -> Subscribers:
        """Read the file. One entry without a valid address makes the whole list unusable."""
        try:
            file = membership_file.read(self.path, PART)
            parsed = parse(file.data, str(self.path), self.format)
        except InputError as error:
            raise ListError(ListFault.UNREADABLE, str(error)) from error
        for problem in parsed.problems:
            # An error that belongs to the whole file, such as a quotation mark that never closes, may hide entries.
            if problem.severity is Severity.ERROR:
                raise ListError(ListFault.CUT_OFF, f"{problem.origin}: {problem.message}. {problem.remedy}")
        if cut_off_after(parsed.problems):
            raise ListError(
                ListFault.CUT_OFF,
                f"{self.path}: the list of subscribers has no line break at its end, so it may be cut off. Export it "
                "again. If it is complete, add a line break at its end.",
            )
        people = {person.login: person for record in reversed(parsed.records) for person in _listed(record)}
        if not people:
            raise ListError(
                ListFault.EMPTY,
                f"{self.path}: the list of subscribers is empty. An empty list is not accepted. Export it again.",
            )
        return Subscribers(tuple(people[login] for login in sorted(people)), file.source)


def _listed(record: Record) -> tuple[Subscriber, ...]:
    found = tuple(
        Subscriber(canonical_login(address), address, record.name, record.cctlds) for address in record.listed
    )
    if not found or not all(person.login for person in found):
        raise ListError(
            ListFault.ANSWER,
            f"{record.origin}: this line of the list of subscribers holds no valid address. Correct the line, or "
            "export the list again.",
        )
    return found
