"""Vetting: from records to the people who may be in the roster, and all the problems of the others.

A pure function of the records, the rules, the list of subscribers and the day.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import TypeAlias

from radicale_tldops.roster.contact import Contact
from sync.parse.records import Parsed, Record
from sync.problems import Finding, Origin, Problem
from sync.vet.addresses import login_of
from sync.vet.damage import date_readers
from sync.vet.entry import Entry, read_entry
from sync.vet.people import Conflicts, conflicts, group
from sync.vet.person import is_on_list, judge, merge
from sync.vet.rules import Broken as Broken
from sync.vet.rules import Vetted as Vetted
from sync.vet.rules import VettingRules as VettingRules

_Person: TypeAlias = tuple[Contact, tuple[Origin, ...]]


def vet(
    parsed: Parsed, rules: VettingRules, today: date, subscribers: frozenset[str] | None, readers: Mapping[str, str]
) -> Vetted:
    """Decide about every record of `parsed`.

    `subscribers` are the canonical logins on the list, or None where no list is configured. `readers` maps the logins
    of people who are no SSCs to the reason why they may read: their records give neither a contact nor a problem. An
    error in one entry of a person, or a conflict with somebody else's, leaves the whole person to `broken`. Never
    raises for what is in the records.
    """
    exempt = {login_of(login) for login in readers}
    records = [record for record in parsed.records if not _is_reader(record, exempt)]
    dates = date_readers(records)
    read = [read_entry(record, rules, today, dates) for record in records]
    entries = _distinct(read)
    groups = group(entries)
    clashes = conflicts(entries, groups, rules)
    problems = [*parsed.problems, *(problem for record in records for problem in record.problems)]
    problems += _duplicates(entries)
    contacts, unlisted, broken = list[_Person](), list[_Person](), list[Broken]()
    unread: dict[Origin, frozenset[str]] = {}
    for members in groups:
        own = [entries[index] for index in members]
        contact, findings = _joined(own, members, clashes)
        unparsed = any(entry.unparsed for entry in own)
        if not unparsed:  # else a value may be missing because it was not understood
            findings += ((own[0].origin, finding) for finding in judge(contact, own, rules, today, subscribers))
        problems += (finding.at(origin) for origin, finding in findings)
        origins = tuple(sorted(origin for entry in own for origin in entry.origins))
        if unparsed or clashes.crowded.intersection(members) or any(finding.is_error for _, finding in findings):
            broken.append(_broken(own, origins))
        else:
            is_off = subscribers is not None and not is_on_list(contact, subscribers)
            (unlisted if is_off else contacts).append((contact, origins))
            unread[origins[0]] = frozenset(name for entry in own for name in entry.unread if contact.lacks(name))
    listed = frozenset(login_of(address) for record in parsed.records for address in record.listed) - {""}
    columns = frozenset[str]().union(*(record.present for record in parsed.records))
    every = tuple(sorted({_with_cell(problem, parsed.letters) for problem in problems}))
    return Vetted(tuple(contacts), tuple(unlisted), tuple(broken), every, listed, unread, columns)


def _with_cell(problem: Problem, letters: Mapping[str, str]) -> Problem:
    letter = letters.get(problem.column, "") if problem.origin.line else ""
    return replace(problem, cell=f"{letter}{problem.origin.line}") if letter else problem


def _is_reader(record: Record, exempt: set[str]) -> bool:
    """Whether `record` is of a configured reader, and without a slot or a ccTLD."""
    if record.slot is not None or record.cctlds:
        return False
    return any(login_of(address) in exempt for address in record.listed)


def _distinct(read: Sequence[Entry]) -> list[Entry]:
    """Return every entry once, with all the places where it stands.

    Entries with an error are all kept: what was not understood may be the difference.
    """
    first: dict[object, int] = {}
    entries: list[Entry] = []
    for entry in read:
        index = len(entries) if entry.broken else first.setdefault(entry.content, len(entries))
        if index < len(entries):
            entries[index] = replace(entries[index], origins=(*entries[index].origins, entry.origin))
        else:
            entries.append(entry)
    return entries


def _duplicates(entries: Sequence[Entry]) -> Iterator[Problem]:
    for entry in entries:
        first, *others = entry.origins
        for other in others:
            message = f"the same entry stands in line {first.line} already"
            yield Finding("duplicate", message, entry.name).at(other)


def _joined(
    own: Sequence[Entry], members: Sequence[int], clashes: Conflicts
) -> tuple[Contact, list[tuple[Origin, Finding]]]:
    """Join the entries of one person, and return the contact and what is wrong with the entries, with its place.

    `members` are their indices. What clashes with others is reported wherever the entry stands.
    """
    contact, mismatches = merge(own)
    findings = [(entry.origin, finding) for entry in own for finding in entry.findings]
    for entry, index in zip(own, members, strict=True):
        clash = clashes.findings.get(index, ())
        findings += ((origin, finding) for origin in entry.origins for finding in (*clash, *mismatches))
        findings += ((entry.origin, finding) for finding in clashes.said.get(index, ()))
    return contact, findings


def _broken(own: Sequence[Entry], origins: tuple[Origin, ...]) -> Broken:
    if any(entry.joined for entry in own):
        return Broken(origins)
    listed = tuple(dict.fromkeys(login for entry in own for login in entry.listed_logins))
    others = dict.fromkeys(login for entry in own for login in entry.other_logins if login not in listed)
    labels = dict.fromkeys(label for entry in own for label in entry.labels)
    return Broken(origins, own[0].name, listed, tuple(others), tuple(labels))
