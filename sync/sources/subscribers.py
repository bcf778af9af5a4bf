"""Who is on the list now: one small interface for every system that knows."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from radicale_tldops.roster.errors import InputError
from radicale_tldops.roster.login import canonical_login
from radicale_tldops.store.values import Source
from sync.parse import parse
from sync.records import Severity
from sync.sources import membership_file


@dataclass(frozen=True, slots=True)
class Subscribers:
    """The canonical logins on the list, and what is recorded of where they came from."""

    logins: frozenset[str]
    source: Source


class SubscriberSource(Protocol):
    """A system that knows who is on the list. A source that fails never means that nobody is."""

    def fetch(self) -> Subscribers:
        """Return everybody on the list.

        Raises:
            InputError: the list cannot be had whole, or is empty.
        """


@dataclass(frozen=True, slots=True)
class TextList:
    """A text file in any of the list formats, for instance the output of Mailman's `list_members`."""

    path: Path
    format: str = "auto"

    def fetch(self) -> Subscribers:
        """Read the file. An entry whose address cannot be read makes the whole list unusable."""
        file = membership_file.read(self.path, "subscribers")
        parsed = parse(file.data, str(self.path), self.format)
        for problem in parsed.problems:
            # What concerns the file as a whole, such as a quotation mark that is never closed, may hide entries.
            if problem.severity is Severity.ERROR:
                raise InputError(f"{problem.origin}: {problem.message}. A part of a list is not used. {problem.remedy}")
        logins: set[str] = set()
        for record in parsed.records:
            found = [canonical_login(address) for address in record.listed]
            if not found or not all(found):
                raise InputError(
                    f"{record.origin}: this line of the list of subscribers holds no address that can be understood. "
                    "Mend the line, or export the list again: a part of a list is not used."
                )
            logins.update(found)
        if not logins:
            raise InputError(f"{self.path}: the list of subscribers is empty; that is never taken for an empty list.")
        return Subscribers(frozenset(logins), file.source)
