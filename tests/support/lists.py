"""The subscriber list of a world as a text file, and what the store notes of it."""

import os
import time
from collections.abc import Sequence

from radicale_tldops.store.freshness import Freshness
from radicale_tldops.store.notes import FRESHNESS, read_note
from tests.support.people import Person
from tests.support.world import World


def subscribe(tldops: World, some: Sequence[Person | str]) -> None:
    """Write the list as a text file that is newer than any before."""
    path = tldops.folder / "list.txt"
    at = (path.stat().st_mtime if path.exists() else time.time()) + 1
    path.write_text("".join(f"{entry if isinstance(entry, str) else entry.login}\n" for entry in some))
    os.utime(path, (at, at))


def follow(tldops: World, *more: str) -> str:
    """Do what the list says, and return what was printed."""
    return tldops.do("follow", "--yes", *more).out


def freshness(tldops: World) -> Freshness:
    """Return what is noted of the list."""
    return read_note(tldops.folder / "roster.sqlite", FRESHNESS)
