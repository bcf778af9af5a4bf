"""From records to people: who may be in the roster, and every problem of all the others at once.

A pure function of the records, the rules, the list of subscribers and the day.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from radicale_tldops.roster.contact import Contact
from sync.parse.records import Parsed, Record
from sync.problems import CODES as CODES
from sync.problems import Code as Code
from sync.problems import Finding, Origin, Problem
from sync.vet.addresses import login_of
from sync.vet.entry import Entry, read_entry
from sync.vet.people import conflicts, group
from sync.vet.person import is_on_list, judge, merge
from sync.vet.person import is_stale as is_stale
from sync.vet.rules import Broken as Broken
from sync.vet.rules import Vetted as Vetted
from sync.vet.rules import VettingRules as VettingRules


def vet(
    parsed: Parsed,
    rules: VettingRules,
    today: date,
    subscribers: frozenset[str] | None,
    readers: Mapping[str, str],
) -> Vetted:
    """Decide about every record of `parsed`.

    `subscribers` are the canonical logins on the list, or None where no list is configured. `readers` maps the logins
    of people who are no SSCs to the reason why they may read: their records are neither a contact nor a problem. An
    error in one entry of a person, or a conflict with somebody else's, leaves the whole person to `broken`. Never
    raises for what is in the records.
    """
    exempt = {login_of(login) for login in readers}
    listed: set[str] = set()
    records, read = [], []
    for record in parsed.records:
        listed.update(map(login_of, record.listed))
        if not _is_reader(record, exempt):
            records.append(record)
            read.append(read_entry(record, rules, today))
    entries, places = _distinct(read)
    groups = group(entries)
    clashes = conflicts(entries, groups, rules)
    people = [_person(members, entries, places, clashes, rules, today, subscribers) for members in groups]
    contacts, unlisted, broken = [], [], []
    for members, (contact, _, wrong) in zip(groups, people, strict=True):
        origins = tuple(sorted(origin for index in members for origin in places[index]))
        if wrong:
            broken.append(_broken([entries[index] for index in members], origins))
        elif subscribers is not None and not is_on_list(contact, subscribers):
            unlisted.append((contact, origins))
        else:
            contacts.append((contact, origins))
    problems = [*parsed.problems, *(problem for record in records for problem in record.problems)]
    problems += (problem for _, found, _ in people for problem in found)
    problems += _duplicates(entries, places)
    future = any(finding.code == "future-date" for entry in read for finding in entry.findings)
    return Vetted(
        contacts=tuple(contacts),
        unlisted=tuple(unlisted),
        broken=tuple(broken),
        problems=_sorted(problems),
        listed=frozenset(listed - {""}),
        depends_on_day=future,
    )


def _is_reader(record: Record, exempt: set[str]) -> bool:
    """Whether `record` is somebody who may read and claims to be no SSC."""
    if record.slot is not None or record.cctlds:
        return False
    return any(login_of(address) in exempt for address in record.listed)


def _distinct(read: Sequence[Entry]) -> tuple[list[Entry], list[list[Origin]]]:
    """Return every entry once, and for each all the places where it stands.

    Entries with an error are all kept: what was not understood may be the difference.
    """
    first: dict[object, int] = {}
    entries: list[Entry] = []
    places: list[list[Origin]] = []
    for entry in read:
        index = len(entries) if entry.broken else first.setdefault(entry.content, len(entries))
        if index < len(entries):
            places[index].append(entry.origin)
        else:
            entries.append(entry)
            places.append([entry.origin])
    return entries, places


def _duplicates(entries: Sequence[Entry], places: Sequence[Sequence[Origin]]) -> Iterator[Problem]:
    for entry, (first, *others) in zip(entries, places, strict=True):
        for other in others:
            yield Finding("duplicate", f"the same entry stands in line {first.line} already", entry.name).at(other)


def _person(
    members: Sequence[int],
    entries: Sequence[Entry],
    places: Sequence[Sequence[Origin]],
    clashes: Mapping[int, Sequence[Finding]],
    rules: VettingRules,
    today: date,
    subscribers: frozenset[str] | None,
) -> tuple[Contact, list[Problem], bool]:
    """Join the entries of one person; return the contact, the problems, and whether there is an error among them.

    A conflict is reported wherever one of its entries stands; what is wrong with the person, once.
    """
    own = [entries[index] for index in members]
    contact, mismatches = merge(own)
    found = [(entry.origin, finding) for entry in own for finding in entry.findings]
    for index in members:
        conflict = (*clashes.get(index, ()), *mismatches)
        found += ((origin, finding) for origin in places[index] for finding in conflict)
    unparsed = any(entry.unparsed for entry in own)
    if not unparsed:  # else what seems to be missing was perhaps not understood
        present = frozenset[str]().union(*(entry.present for entry in own))
        found += ((own[0].origin, finding) for finding in judge(contact, present, rules, today, subscribers))
    wrong = unparsed or any(finding.is_error for _, finding in found)
    return contact, [finding.at(origin) for origin, finding in found], wrong


def _broken(own: Sequence[Entry], origins: tuple[Origin, ...]) -> Broken:
    if any(entry.joined for entry in own):
        return Broken(origins)
    listed = tuple(dict.fromkeys(login for entry in own for login in entry.listed_logins))
    others = dict.fromkeys(login for entry in own for login in entry.other_logins if login not in listed)
    labels = dict.fromkeys(label for entry in own for label in entry.labels)
    return Broken(origins, own[0].name, listed, tuple(others), tuple(labels))


def _sorted(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return the problems by file and line, each once."""
    return tuple(
        sorted(set(problems), key=lambda one: (one.origin.file, one.origin.line, one.severity, one.code, one.message))
    )
