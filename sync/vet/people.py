"""Which entries are the same person, and which entries contradict each other."""

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias, TypeVar

from radicale_tldops.roster.cctld import Cctld
from sync.problems import Finding, printable
from sync.vet.entry import Entry
from sync.vet.rules import VettingRules

_NAMED = 5
"""How many others a message names before it only counts them."""

_CROWD = 10
"""How many contacts of a ccTLD the message about too many of them names."""

_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")
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


@dataclass(frozen=True, slots=True)
class Conflicts:
    """What is wrong with entries because of others, by index.

    `findings` are said at each entry. `crowded` are the entries of ccTLDs with too many contacts; of these `said` holds
    one finding for them all, at one of them.
    """

    findings: Mapping[int, Sequence[Finding]]
    crowded: frozenset[int] = frozenset()
    said: Mapping[int, Sequence[Finding]] = field(default_factory=dict)


def conflicts(entries: Sequence[Entry], groups: Sequence[Sequence[int]], rules: VettingRules) -> Conflicts:
    """Return what is wrong with entries because of others. Every entry of a conflict is in error.

    Entries that have an error count, too: the slot and the ccTLD in them may be right. A slot that does not exist does
    not count, and neither does an entry without a name.
    """
    person = {index: number for number, members in enumerate(groups) for index in members}
    claims = [
        (index, label)
        for index, entry in enumerate(entries)
        if entry.key and (entry.slot is None or 1 <= entry.slot <= rules.max_slot)
        for label in entry.labels
    ]
    crowds = {
        label: tuple(members)
        for label, members in _grouped((label, index) for index, label in claims).items()
        if len({person[index] for index in members}) > rules.max_per_cctld
    }
    found: dict[int, list[Finding]] = defaultdict(list)
    for code, what, members in _conflicts(entries, person, claims, crowds):
        finding = Finding(code, f"{what}: {_names(entries, members)}")
        if code == "slot-taken" and len({entries[index].key for index in members}) == 1:
            finding = _same_name(entries, members, finding)
        for index in dict.fromkeys(members):
            found[index].append(finding)
    said = _grouped((members[-1], _crowd(entries, labels, members, rules)) for members, labels in _same(crowds).items())
    return Conflicts(found, frozenset(index for members in crowds.values() for index in members), said)


def _same(crowds: Mapping[str, tuple[int, ...]]) -> Mapping[tuple[int, ...], Sequence[str]]:
    """Return the ccTLDs with the same entries."""
    return _grouped((members, label) for label, members in crowds.items())


def _crowd(entries: Sequence[Entry], labels: Sequence[str], members: Sequence[int], rules: VettingRules) -> Finding:
    """Return the one finding about ccTLDs with too many contacts: who they are, and what can be done."""
    cctlds, most = " ".join(Cctld(label).dotted for label in labels), rules.max_per_cctld
    shown = [f"{_named(entries[index])}, {_seat(entries[index])}" for index in members[:_CROWD]]
    more = f"; and {len(members) - _CROWD} more entries" if len(members) > _CROWD else ""
    message = f"{cctlds} may have {most} contacts, and these are more: {'; '.join(shown)}{more}"
    remedy = (
        f"Ask the ccTLD which {most} stay. Delete the entries of the others, or their {cctlds}. If it may have more, "
        f"set `vetting.max_per_cctld`."
    )
    return Finding("too-many-contacts", message, remedy=remedy)


def _seat(entry: Entry) -> str:
    return "no slot" if entry.slot is None else f"#{entry.slot}"


def _same_name(entries: Sequence[Entry], members: Sequence[int], finding: Finding) -> Finding:
    """Return the finding for one name in one slot: the entries count as two people, as ccTLDs and addresses differ."""
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
    return ", has an error" if entry.broken else ""


def _conflicts(
    entries: Sequence[Entry], person: Mapping[int, int], claims: Sequence[tuple[int, str]], crowds: Collection[str]
) -> Iterator[_Conflict]:
    """Yield every conflict that is said at each of its entries; `person` is the number of the person of each entry.

    `claims` are the entries that may hold a place of a ccTLD. Where too many do, in `crowds`, the slots are no matter.
    """

    def people(members: Iterable[int]) -> int:
        return len({person[index] for index in members})

    named = [(index, entry) for index, entry in enumerate(entries) if entry.key]
    labelled = [(index, entry, label) for index, entry in named for label in entry.labels]
    seats = _grouped(((label, entries[index].slot), index) for index, label in claims if label not in crowds)
    for (label, slot), members in seats.items():
        if slot is not None and people(members) > 1:
            yield "slot-taken", f"several people hold slot #{slot} of {Cctld(label).dotted}", members
    for (label, _), members in _grouped(((label, entry.key), index) for index, entry, label in labelled).items():
        if len({entries[index].slot for index in members}) > 1:
            yield "two-slots", f"one person stands in several slots of {Cctld(label).dotted}", members
    for login, members in _grouped((login, index) for index, entry in named for login in entry.logins).items():
        if people(members) > 1:
            yield "address-shared", f"{printable(login)} is the address of several people", members


def _grouped(pairs: Iterable[tuple[_Key, _Value]]) -> Mapping[_Key, list[_Value]]:
    """Return the values of each key, in their order."""
    groups: dict[_Key, list[_Value]] = defaultdict(list)
    for key, value in pairs:
        groups[key].append(value)
    return groups


def _names(entries: Sequence[Entry], members: Sequence[int]) -> str:
    """Return the names and lines of the first few entries: a message must not grow with the size of the conflict."""
    some = [entries[index] for index in members[:_NAMED]]
    more = len(members) - _NAMED
    return ", ".join(map(_named, some)) + (f" and {more} more" if more > 0 else "")


def _named(entry: Entry) -> str:
    return f"{printable(entry.name)} (line {entry.origin.line}{_in_error(entry)})"
