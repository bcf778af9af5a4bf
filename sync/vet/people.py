"""Which entries are the same person, and which entries contradict each other."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from radicale_tldops.roster.cctld import Cctld
from sync.problems import Finding, printable
from sync.vet.entry import Entry
from sync.vet.rules import VettingRules

_NAMED = 5
"""How many others a message names before it only counts them."""

_Indexed: TypeAlias = Sequence[tuple[int, Entry]]
_Conflict: TypeAlias = tuple[str, str, list[int]]  # the code, what is wrong, the entries

_SAME_CCTLDS = "Write the same ccTLDs in both entries if it is one person; else tell the two apart in the name."


def group(entries: Sequence[Entry]) -> list[list[int]]:
    """Return the indices of the entries, one group a person, groups and members in the order of the input.

    The same person is: the same name, slot and ccTLDs, or the same name and an address in common. An entry without a
    name stands alone.
    """
    parent = list(range(len(entries)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    first: dict[Hashable, int] = {}
    for index, entry in enumerate(entries):
        for trait in _traits(entry):
            earlier, later = sorted((root(first.setdefault(trait, index)), root(index)))
            parent[later] = earlier
    groups: dict[int, list[int]] = {}
    for index in range(len(entries)):
        groups.setdefault(root(index), []).append(index)
    return list(groups.values())


def _traits(entry: Entry) -> Iterable[Hashable]:
    key = entry.key
    if not key:
        return
    if entry.labels or entry.unknown:
        yield key, entry.slot, frozenset(entry.labels + entry.unknown)
    for login in entry.logins:
        yield key, login


def conflicts(
    entries: Sequence[Entry], groups: Sequence[Sequence[int]], rules: VettingRules
) -> Mapping[int, Sequence[Finding]]:
    """Return what is wrong with entries because of others, by index. Every entry of a conflict gets its finding.

    Entries that have an error already count: what they claim may be right. A slot that does not exist is no claim,
    and an entry without a name is nobody in particular.
    """
    named = [(index, entry) for index, entry in enumerate(entries) if entry.key]
    person = {index: number for number, members in enumerate(groups) for index in members}
    claims = [(index, entry) for index, entry in named if entry.slot is None or 1 <= entry.slot <= rules.max_slot]
    found: dict[int, list[Finding]] = defaultdict(list)
    every = (
        *_slot_taken(claims, person),
        *_too_many(claims, person, rules.max_per_cctld),
        *_two_slots(named),
        *_address_shared(named, person),
    )
    for code, what, members in every:
        finding = Finding(code, f"{what}: {_names(entries, members)}")
        if code == "slot-taken" and len({entries[index].key for index in members}) == 1:
            finding = _same_name(entries, members, finding)
        for index in dict.fromkeys(members):
            found[index].append(finding)
    return found


def _same_name(entries: Sequence[Entry], members: Sequence[int], finding: Finding) -> Finding:
    """Say of one name in one slot that the ccTLDs and addresses differ, by which entries are taken for two people."""
    shown = ", ".join(
        f"line {entries[index].origin.line}: {_dotted(entries[index])}{_in_error(entries[index])}"
        for index in members[:_NAMED]
    )
    more = f" and {len(members) - _NAMED} more" if len(members) > _NAMED else ""
    seat = finding.message.partition(":")[0].removeprefix("several people hold ")
    name = printable(entries[members[0]].name)
    message = f"{name} stands in {seat} several times, with different ccTLDs and addresses ({shown}{more})"
    return replace(finding, message=message, remedy=_SAME_CCTLDS)


def _dotted(entry: Entry) -> str:
    """Return the ccTLDs of an entry, the first few of them."""
    written = [Cctld(label).dotted for label in entry.labels] + [f".{printable(label)}" for label in entry.unknown]
    return "/".join(written[:_NAMED]) + ("/…" if len(written) > _NAMED else "")


def _in_error(entry: Entry) -> str:
    return ", itself in error" if entry.broken else ""


def _slot_taken(claims: _Indexed, person: Mapping[int, int]) -> Iterator[_Conflict]:
    seats: dict[tuple[str, int], list[int]] = defaultdict(list)
    for index, entry in claims:
        for label in entry.labels:
            if entry.slot is not None:
                seats[label, entry.slot].append(index)
    for (label, slot), members in seats.items():
        if _people(members, person) > 1:
            yield "slot-taken", f"several people hold slot #{slot} of {Cctld(label).dotted}", members


def _too_many(claims: _Indexed, person: Mapping[int, int], most: int) -> Iterator[_Conflict]:
    seats: dict[str, list[int]] = defaultdict(list)
    for index, entry in claims:
        for label in entry.labels:
            seats[label].append(index)
    for label, members in seats.items():
        count = _people(members, person)
        if count > most:
            yield "too-many-contacts", f"{Cctld(label).dotted} has {count} contacts and may have {most}", members


def _two_slots(named: _Indexed) -> Iterator[_Conflict]:
    places: dict[tuple[str, str], dict[int, int | None]] = defaultdict(dict)
    for index, entry in named:
        for label in entry.labels:
            places[label, entry.key][index] = entry.slot
    for (label, _), slots in places.items():
        if len(set(slots.values())) > 1:
            yield "two-slots", f"one person stands in several slots of {Cctld(label).dotted}", list(slots)


def _address_shared(named: _Indexed, person: Mapping[int, int]) -> Iterator[_Conflict]:
    owners: dict[str, list[int]] = defaultdict(list)
    for index, entry in named:
        for login in entry.logins:
            owners[login].append(index)
    for login, members in owners.items():
        if _people(members, person) > 1:
            yield "address-shared", f"{printable(login)} is the address of several people", members


def _people(members: Iterable[int], person: Mapping[int, int]) -> int:
    return len({person[index] for index in members})


def _names(entries: Sequence[Entry], members: Sequence[int]) -> str:
    """Name the first few entries with their lines; a message must not grow with the size of the conflict."""
    some = [entries[index] for index in members[:_NAMED]]
    shown = [f"{printable(entry.name)} (line {entry.origin.line}{_in_error(entry)})" for entry in some]
    more = len(members) - _NAMED
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")
