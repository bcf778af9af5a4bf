"""Records by hand, and vetting them on a fixed day."""

from collections.abc import Mapping
from datetime import date

from radicale_tldops.zones.root_data import delegations, registrable_domain
from sync.parse.records import Parsed, Record
from sync.problems import Origin, Problem, Severity
from sync.vet import Vetted, VettingRules, vet

TODAY = date(2026, 3, 31)
RULES = VettingRules(delegations(), registrable_domain)

JOHN = Record(
    Origin("members.txt", 3),
    "John Doe",
    1,
    ("nl",),
    ("+31 6 12345678",),
    ("john.doe@nic.nl",),
    ("john@oarc.net",),
)
"""A record with which nothing is wrong."""


def vetting_rules(**changes: object) -> VettingRules:
    """Return the usual rules with `changes`."""
    return VettingRules(**{"delegations": RULES.delegations, "registrable_domain": registrable_domain, **changes})  # type: ignore[arg-type]


def record(line: int = 1, /, **fields: object) -> Record:
    """Return a record of a person of its own in `line`, with `fields` in place of what would be right."""
    right: dict[str, object] = {
        "name": f"Person {line}",
        "slot": 1,
        "cctlds": ("nl",),
        "phones": ("+31 6 12345678",),
        "listed": (f"person{line}@nic.nl",),
        "out_of_band": (f"person{line}@oob.example",),
    }
    return Record(Origin("members.txt", line), **{**right, **fields})  # type: ignore[arg-type]


def table_row(line: int = 1, /, **columns: str) -> Record:
    """Return a record of a table that has exactly these further columns."""
    return record(line, columns={name: text for name, text in columns.items() if text}, present=frozenset(columns))


def vetted(
    *records: Record,
    rules: VettingRules = RULES,
    subscribers: frozenset[str] | None = None,
    readers: Mapping[str, str] | None = None,
) -> Vetted:
    """Vet the records of one file."""
    return vet(Parsed("members.txt", "report", records), rules, TODAY, subscribers, readers or {})


def codes(result: Vetted) -> list[str]:
    """Return the codes of all problems, by line."""
    return [problem.code for problem in result.problems]


def found(result: Vetted, code: str) -> list[Problem]:
    """Return the problems with `code`."""
    return [problem for problem in result.problems if problem.code == code]


def parse_error(line: int, code: str = "not-understood") -> Problem:
    """Return an error as parsing reports it."""
    return Problem(Origin("members.txt", line), Severity.ERROR, code, "not understood", "write it again")
