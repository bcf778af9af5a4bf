"""What parsing gives: records with their origin, and problems with what to do about them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Severity(StrEnum):
    """How much a problem matters: a record with an error is never applied; a warning stops nothing."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Origin:
    """Where a record stands. `line` counts from 1 and is the first line of a record that spans several."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Something wrong, with the reason and the remedy. `code` is a row of the table in docs/membership-file.md.

    `text` quotes the input, escaped to one printable line; it may hold a telephone number, so it never goes to a log.
    """

    origin: Origin
    severity: Severity
    code: str
    message: str
    remedy: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """One entry of a membership file, understood as text and not yet vetted.

    `name` is empty where the entry is an address alone. `cctlds` are labels as written, without the dot. `listed` are
    the addresses of the entry itself, `out_of_band` the second ones. `columns` holds the further CSV columns by their
    name (organisation, role, languages, …), `present` the names of all the columns that the file has. `problems` are
    what parsing found; a record with an error among them still carries what could be understood, so that it can be
    tied to a person.
    """

    origin: Origin
    name: str = ""
    slot: int | None = None
    cctlds: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()
    out_of_band: tuple[str, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    present: frozenset[str] = frozenset()
    problems: tuple[Problem, ...] = ()

    @property
    def broken(self) -> bool:
        """Whether parsing found an error in it."""
        return any(problem.severity is Severity.ERROR for problem in self.problems)


@dataclass(frozen=True, slots=True)
class Parsed:
    """A whole file: its format, its records in order, and the problems that belong to no record.

    `unended` is the place of the last record of a file without a line end at its end, which may be cut off.
    """

    file: str
    format: str
    records: tuple[Record, ...]
    problems: tuple[Problem, ...] = ()
    unended: Origin | None = None
