"""Radicale's storage plugin: the book of the newest verified generation, and no way to write to it."""

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import overload
from xml.etree.ElementTree import Element

from radicale import config, item, pathutils, storage
from radicale.types import CollectionOrItem

from radicale_tldops.dav.query.filters import parse_filter
from radicale_tldops.dav.query.index import CardIndex
from radicale_tldops.plugin import plugin_settings
from radicale_tldops.roster.snapshot import BOOK, BOOK_DESCRIPTION, Book, Card, http_date, split_principal
from radicale_tldops.serve.live import LiveStore, shared
from radicale_tldops.settings import CardSettings

_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
"""The date of what never changes: the root and the principals."""


class Storage(storage.BaseStorage):
    """Serves "/", the readers' principals, and the one book under each of them."""

    _is_collision_free = True
    _supports_unicode = True
    _supports_trailing_whitespace = True
    _supports_problematic_chars = True

    def __init__(self, configuration: config.Configuration) -> None:
        super().__init__(configuration)
        settings = plugin_settings(configuration, "storage")
        self._live = shared(settings)
        self._cards = settings.cards
        self._indexes = _Indexes()

    def discover(
        self,
        path: str,
        depth: str = "0",
        child_context_manager: object = None,
        user_groups: set[str] = frozenset(),  # type: ignore[assignment]  # the base class has a mutable default
    ) -> Iterable[CollectionOrItem]:
        """Yield what stands at `path` and, for another depth than "0", its children.

        The root never lists the principals: `addressbook-home-set` would echo the root's path for them.
        """
        parts = [part for part in pathutils.strip_path(path).split("/") if part]
        snapshot = self._live.snapshot()
        if not parts:
            yield _Folder("")
            return
        principal, style = split_principal(parts[0])
        if not snapshot.may_read(principal):
            return
        book = _BookCollection(f"{parts[0]}/{BOOK}", snapshot.book(style), self._live, self._indexes, self._cards)
        if len(parts) == 1:
            yield _Folder(parts[0])
            if depth != "0":
                yield book
        elif parts[1:] == [BOOK]:
            yield book
            if depth != "0":
                yield from book.get_all()
        elif parts[1] == BOOK and len(parts) == 3:
            yield from (found for _, found in book.get_multi(parts[2:]) if found is not None)

    @contextmanager
    def acquire_lock(self, mode: str, user: str = "", *_args: object, **_kwargs: object) -> Iterator[None]:
        """Lock nothing: a snapshot never changes, and nothing here writes."""
        yield

    def verify(self) -> bool:
        """Check the store: loading a generation verifies its digests.

        Raises:
            StoreError: it cannot be read or trusted.
        """
        self._live.reload()
        return True

    def move(self, item: item.Item, to_collection: storage.BaseCollection, to_href: str) -> None:
        """Refuse: the book is read-only."""
        raise _read_only()

    def create_collection(
        self, href: str, items: Iterable[item.Item] | None = None, props: Mapping[str, str] | None = None
    ) -> tuple[storage.BaseCollection, dict[str, item.Item], list[str]]:
        """Refuse: the book is read-only."""
        raise _read_only()


class _Collection(storage.BaseCollection):
    """What the root, the principals and the book have in common."""

    def __init__(self, path: str, meta: Mapping[str, str]) -> None:
        self._path = path
        self._meta = meta

    @property
    def path(self) -> str:
        return self._path

    @overload
    def get_meta(self, key: None = None) -> Mapping[str, str]: ...

    @overload
    def get_meta(self, key: str) -> str | None: ...

    def get_meta(self, key: str | None = None) -> Mapping[str, str] | str | None:
        return self._meta if key is None else self._meta.get(key)

    def upload(self, href: str, item: item.Item) -> tuple[item.Item, item.Item | None]:
        raise _read_only()

    def delete(self, href: str | None = None) -> None:
        raise _read_only()

    def set_meta(self, props: Mapping[str, str]) -> None:
        raise _read_only()


class _Folder(_Collection):
    """The root or a principal: a collection without items of its own."""

    def __init__(self, path: str) -> None:
        super().__init__(path, {})

    def get_all(self) -> Iterable[item.Item]:
        return ()

    def get_multi(self, hrefs: Iterable[str]) -> Iterable[tuple[str, item.Item | None]]:
        return ((href, None) for href in hrefs)

    @property
    def last_modified(self) -> str:
        return http_date(_EPOCH)


class _BookCollection(_Collection):
    """The address book in one style, of one generation from the first call to the last."""

    def __init__(self, path: str, book: Book, live: LiveStore, indexes: "_Indexes", cards: CardSettings) -> None:
        super().__init__(
            path,
            {
                "tag": "VADDRESSBOOK",
                "D:displayname": cards.book_name,
                "CR:addressbook-description": BOOK_DESCRIPTION,
            },
        )
        self._book = book
        self._live = live
        self._indexes = indexes

    @property
    def etag(self) -> str:
        return self._book.ctag

    @property
    def last_modified(self) -> str:
        return self._book.last_modified

    def sync(self, old_token: str = "") -> tuple[str, Iterable[str]]:
        """Return the current token and what to look at again; no token is ever refused (docs/rfc-checklist.md)."""
        if self._book.is_ahead(old_token):
            self._book = self._live.reload().book(self._book.style)
        changes = self._book.changes_since(old_token)
        return changes.token, (*changes.changed, *changes.gone)

    def get_all(self) -> Iterable[item.Item]:
        return (self._item(card) for card in self._book.cards.values())

    def get_multi(self, hrefs: Iterable[str]) -> Iterable[tuple[str, item.Item | None]]:
        cards = self._book.cards
        for href in dict.fromkeys(hrefs):
            yield href, self._item(cards[href]) if href in cards else None

    def get_filtered(self, filters: Iterable[Element]) -> Iterable[tuple[item.Item, bool]]:
        """Yield the matches of CARDDAV:filter elements, evaluated by our own index.

        Raises:
            RequestError: a filter is malformed, too large, or asks for an unknown collation.
        """
        wanted = [parse_filter(element) for element in filters]
        for href in self._indexes.of(self._book).matching(wanted):
            yield self._item(self._book.cards[href]), True

    def has_uid(self, uid: str) -> bool:
        return any(card.uid == uid for card in self._book.cards.values())

    def _item(self, card: Card) -> item.Item:
        return item.Item(
            collection=self,
            href=card.href,
            last_modified=card.last_modified,
            text=card.text,
            etag=card.quoted_etag,
            uid=card.uid,
            name="VCARD",
            component_name="",
        )


class _Indexes:
    """The filter index of the newest book of each style."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._built: dict[str, tuple[Book, CardIndex]] = {}

    def of(self, book: Book) -> CardIndex:
        """Return the index of `book`, built once a generation."""
        with self._lock:
            known = self._built.get(book.style)
            if known is None or known[0] is not book:
                known = (book, CardIndex((card.href, card.text) for card in book.cards.values()))
                self._built[book.style] = known
            return known[1]


def _read_only() -> PermissionError:
    return PermissionError("the contact repository is read-only: changes go through `tldops sync`")
