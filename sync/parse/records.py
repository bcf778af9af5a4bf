"""What parsing returns: records, each with its origin and its problems."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sync.problems import Origin, Problem, Severity


@dataclass(frozen=True, slots=True)
class Record:
    """One entry of a membership file as text, not yet vetted.

    `name` is empty where the entry is an address alone. `cctlds` are labels as written, without the dot. `listed` are
    the list addresses of the entry, `out_of_band` its other addresses. `columns` holds the further columns of a table
    by name (organisation, role, languages, …), `own` those of the secretariat's own by heading, `present` the names of
    all the other columns of the table, `numbers` those whose cells a spreadsheet holds as numbers. A record with an
    error among its `problems` still carries what was understood, so that it can be matched with a person.
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
    numbers: frozenset[str] = frozenset()
    problems: tuple[Problem, ...] = ()
    own: Mapping[str, str] = field(default_factory=dict)

    @property
    def broken(self) -> bool:
        """Whether parsing found an error in it."""
        return any(problem.severity is Severity.ERROR for problem in self.problems)


@dataclass(frozen=True, slots=True)
class Parsed:
    """A whole file: its format, its records in order, and the problems that belong to no record.

    `letters` says in which column of a spreadsheet a column of the table stands: "D".
    """

    file: str
    format: str
    records: tuple[Record, ...]
    problems: tuple[Problem, ...] = ()
    letters: Mapping[str, str] = field(default_factory=dict)
