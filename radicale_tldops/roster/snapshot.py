"""One generation as the server holds it: immutable, complete, verified when it was loaded."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from enum import StrEnum

from radicale_tldops.roster.synctoken import SyncToken
from radicale_tldops.roster.traits import address_digest

BOOK_DESCRIPTION = "Security and Stability Contacts of the ccTLDs"
"""The description of the address book; few clients show it."""

BOOK = "tld-ops"
"""The last path segment of the only address book."""

_NEVER = datetime(2026, 1, 1, tzinfo=UTC)

GROUPS_SUFFIX = "~groups"
"""The end of a principal's path, or of a user name, that asks for the style with group cards."""


class Style(StrEnum):
    """The two renderings of the one book: contacts only, or contacts and one group card per ccTLD."""

    PLAIN = "plain"
    GROUPS = "groups"


@dataclass(frozen=True, slots=True)
class Card:
    """A rendered vCard. `since` is the generation that wrote these bytes, `changed_at` its time.

    `contact` is what `Contact.to_json` wrote of the person whose card it is, "" for a group card.
    """

    href: str
    uid: str
    text: str
    etag: str
    since: int
    changed_at: datetime
    contact: str = ""

    @property
    def quoted_etag(self) -> str:
        """The entity tag as HTTP writes it (RFC 9110, 8.8.3)."""
        return f'"{self.etag}"'

    @property
    def last_modified(self) -> str:
        """The HTTP date of the last change (RFC 9110, 5.6.7)."""
        return http_date(self.changed_at)


@dataclass(frozen=True, slots=True)
class Reader:
    """A login that may read. `since` is the generation that let it in; `reason` is set for people who are no SSCs.

    `uid` is the person's, "" for people who are no SSCs.
    """

    login: str
    principal: str
    name: str
    since: int
    reason: str = ""
    uid: str = ""

    @property
    def owner(self) -> str:
        """Whose login it is: the person's UID, or the login itself for people who are no SSCs."""
        return self.uid or self.login


@dataclass(frozen=True, slots=True)
class Changes:
    """The changes from an older state of a book to the state of `token` (RFC 6578, 3.2).

    `changed` are members; `gone` were removed. `is_cut` says that further changes follow (3.6).
    """

    changed: tuple[str, ...]
    gone: tuple[str, ...]
    token: str
    is_cut: bool


@dataclass(frozen=True, slots=True)
class Book:
    """One style of the address book. `tombstones` gives the revision at which each href was removed."""

    style: Style
    lineage: str
    cards: Mapping[str, Card]
    tombstones: Mapping[str, int]
    revision: int
    changed_at: datetime

    @property
    def token(self) -> str:
        """The sync token of this state."""
        return str(SyncToken(self.lineage, self.style, self.revision))

    @property
    def ctag(self) -> str:
        """The collection tag, and the book's entity tag: it changes exactly when the token does."""
        return f'"{self.lineage}-{self.style}-{self.revision}"'

    @property
    def last_modified(self) -> str:
        """The HTTP date of the last change of the book."""
        return http_date(self.changed_at)

    def is_ahead(self, token: str) -> bool:
        """Tell whether `token` is of this book and newer: another process served a newer generation."""
        parsed = SyncToken.parse(token)
        return parsed is not None and self._is_ours(parsed) and parsed.newest > self.revision

    def changes_since(self, token: str, limit: int | None = None) -> Changes:
        """Return the changes since `token`, at most `limit` hrefs.

        For a token of this book they are the exact difference, however old the token is. For an empty token they are
        the members alone (RFC 6578, 3.4: no removed ones in a first sync, and so on none of its pages). For any other
        token they are every member and every tombstone, so that the client ends with the right book.
        """
        if token == self.token:
            return Changes((), (), token, is_cut=False)
        parsed = SyncToken.parse(token)
        if parsed is None or not self._is_ours(parsed) or parsed.newest > self.revision:
            changed, gone = tuple(self.cards), tuple(self.tombstones) if token else ()
            begun = 0 if token else self.revision
        else:
            begun, removed = parsed.begun, self.tombstones.items()
            changed = tuple(href for href, card in self.cards.items() if _is_after(parsed, card.since, href))
            gone = tuple(href for href, number in removed if number > begun and _is_after(parsed, number, href))
        if limit is None or len(changed) + len(gone) <= limit:
            return Changes(changed, gone, self.token, is_cut=False)
        return self._cut(changed, gone, limit, begun)

    def _cut(self, changed: tuple[str, ...], gone: tuple[str, ...], limit: int, begun: int) -> Changes:
        """Return the oldest of the changes, and a token from which the others follow.

        Changes that happen meanwhile come later in this order, so a client that continues gets every change.
        """
        order = sorted(
            (*((self.cards[href].since, href) for href in changed), *((self.tombstones[h], h) for h in gone))
        )
        kept = order[:limit]
        revision, last = kept[-1]
        token = str(SyncToken(self.lineage, self.style, revision, last, begun))
        members = tuple(href for _, href in kept if href in self.cards)
        return Changes(members, tuple(href for _, href in kept if href not in self.cards), token, is_cut=True)

    def _is_ours(self, token: SyncToken) -> bool:
        return token.lineage == self.lineage and token.style == self.style


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Snapshot:
    """A generation: both books, who may read, and who is denied (see `Reader.owner`).

    `addresses` says whose each list address is, or was last, by `address_digest`.
    """

    lineage: str
    generation: int
    created_at: datetime
    plain: Book
    groups: Book
    readers: Mapping[str, Reader]
    denied: frozenset[str]
    addresses: Mapping[str, str] = field(default_factory=dict)
    _logins: Mapping[str, tuple[str, ...]] = field(init=False, repr=False)
    _of_owner: Mapping[str, Reader] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        logins: dict[str, list[str]] = {}
        for reader in self.readers.values():
            logins.setdefault(reader.principal, []).append(reader.login)
        object.__setattr__(self, "_logins", {principal: tuple(names) for principal, names in logins.items()})
        first = sorted(self.readers.values(), key=lambda reader: reader.login, reverse=True)
        object.__setattr__(self, "_of_owner", {reader.owner: reader for reader in first})

    def reader(self, *logins: str) -> Reader | None:
        """Return the reader for a person with these canonical logins, or None when the person may not read now.

        It is the first of the logins that is on the list. A denial holds for the person, under every login.
        """
        found = [self.readers[login] for login in logins if login in self.readers]
        owners = {*logins, *(reader.owner for reader in found)}
        return found[0] if found and self.denied.isdisjoint(owners) else None

    def reader_of(self, owner: str, login: str) -> Reader | None:
        """Return the reader to whom a device password of `owner` opens under `login`, or None when it does not.

        That is under each list address that the owner has, or had and nobody else has now.
        """
        reader = self.readers.get(login)
        if reader is None and self.addresses.get(address_digest(login)) == owner:
            reader = self._of_owner.get(owner)
        return self.reader(reader.login) if reader and owner in (reader.owner, reader.login) else None

    def may_read(self, principal: str) -> bool:
        """Tell whether any login of `principal` may read now."""
        return any(self.reader(login) for login in self._logins.get(principal, ()))

    def book(self, style: Style) -> Book:
        """Return the book in one of its styles."""
        return self.groups if style is Style.GROUPS else self.plain


def _is_after(token: SyncToken, revision: int, href: str) -> bool:
    """Tell whether a client with `token` does not know yet of the change of `href` at `revision`."""
    if revision == token.revision:
        return bool(token.upto) and href > token.upto
    return revision > token.revision


def make_book(
    style: Style, lineage: str, cards: Iterable[Card], gone: Mapping[str, int], times: Mapping[int, datetime]
) -> Book:
    """Build a book; a tombstone is hidden while its href is a member, and the revision is the newest of either.

    `times` gives the time of each generation.
    """
    members = {card.href: card for card in cards}
    tombstones = {href: revision for href, revision in gone.items() if href not in members}
    revision = max((*(card.since for card in members.values()), *gone.values()), default=0)
    changed_at = times.get(revision, _NEVER)
    return Book(style, lineage, members, tombstones, revision, changed_at)


def split_principal(name: str) -> tuple[str, Style]:
    """Split "<id>~groups" into the id and the style that the suffix asks for."""
    if name.endswith(GROUPS_SUFFIX):
        return name.removesuffix(GROUPS_SUFFIX), Style.GROUPS
    return name, Style.PLAIN


def http_date(moment: datetime) -> str:
    """Return an HTTP date in GMT (RFC 9110, 5.6.7)."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)
