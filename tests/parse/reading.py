"""Short ways to parse in a test."""

import dataclasses
import unicodedata
from collections.abc import Iterator

from sync.parse import parse
from sync.parse.records import Parsed, Record
from sync.problems import Problem, Severity

FILE = "members.txt"


def read(text: str | bytes, form: str = "auto") -> Parsed:
    """Parse a whole file."""
    return parse(text.encode() if isinstance(text, str) else text, FILE, form)


def only_record(text: str | bytes, form: str = "auto") -> Record:
    """Parse a file that must have one entry, and return that."""
    (record,) = read(text, form).records
    return record


def codes(record: Record) -> list[str]:
    """Return the codes of a record's problems."""
    return [problem.code for problem in record.problems]


def fields(record: Record) -> tuple[object, ...]:
    """Return what a record says, without where it stands and what is wrong with it."""
    return (record.name, record.slot, record.cctlds, record.phones, record.listed, record.out_of_band)


def bare(record: Record) -> Record:
    """Return the record without the names of its file's columns."""
    return dataclasses.replace(record, present=frozenset())


def texts(record: Record) -> Iterator[str]:
    """Every text that a record carries."""
    yield record.name
    for values in (record.cctlds, record.phones, record.listed, record.out_of_band):
        yield from values
    yield from record.columns.values()


def is_forbidden(char: str) -> bool:
    """Whether no field may hold `char`: said here in terms of Unicode's categories, apart from the code."""
    return (
        unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp")
        or ord(char) & 0xFFFE == 0xFFFE
        or 0xFDD0 <= ord(char) <= 0xFDEF
        or char in "\u034f\u115f\u1160\u17b4\u17b5\u2065\u2800\u3164\uffa0"
        or char in "\ufffd\ufeff\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    )


def problems(parsed: Parsed) -> Iterator[Problem]:
    """Every problem of a file."""
    yield from parsed.problems
    for record in parsed.records:
        yield from record.problems


def errors(parsed: Parsed) -> list[Problem]:
    """Every error of a file."""
    return [problem for problem in problems(parsed) if problem.severity is Severity.ERROR]
