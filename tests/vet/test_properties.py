"""What holds for every file: nobody vanishes, nothing forbidden gets through, and the order does not matter."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from radicale_tldops.roster.contact import Contact, name_key
from sync.parse.headings import FURTHER
from sync.parse.records import Record
from sync.problems import Origin, Problem, Severity
from sync.vet import Vetted

from .entries import parse_error, vetted

# The time that one example takes is no property of vetting.
UNTIMED = settings(deadline=None)

FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
TEXTS = st.text(st.characters(codec=None), max_size=30)
ADDRESSES = st.sampled_from(["a@nic.nl", "A@NIC.nl", "b@oarc.net", "c@nic.example", "noc@x.example", "bad"])
PHONES = st.sampled_from(
    ["+31 6 12345678", "0031612345678", "020 1234567/68", "+31 123456789", "?", "fax +31201234567"]
)
COLUMNS = st.fixed_dictionaries(
    {},
    optional={
        "role": st.sampled_from(["CTO", "CEO", ""]),
        "confirmed_on": st.sampled_from(["2026-01-01", "2020-01-01", "2030-01-01", "x", ""]),
        "languages": st.sampled_from(["en", "nl;en", "?"]),
    },
)


def lists(values: st.SearchStrategy[str], most: int = 3) -> st.SearchStrategy[tuple[str, ...]]:
    """Give short tuples of values."""
    return st.lists(values, max_size=most).map(tuple)


def records(
    name: st.SearchStrategy[str],
    label: st.SearchStrategy[str],
    phone: st.SearchStrategy[str],
    address: st.SearchStrategy[str],
    columns: st.SearchStrategy[dict[str, str]],
) -> st.SearchStrategy[list[Record]]:
    """Give files of a few records, each in a line of its own, some of them not understood by parsing."""
    single = st.builds(
        Record,
        st.just(Origin("members.txt", 0)),
        name,
        st.sampled_from([None, 1, 2, 3, 4]),
        lists(label, 2),
        lists(phone, 2),
        lists(address, 2),
        lists(address, 2),
        columns,
        st.sampled_from([frozenset[str](), frozenset({"role", "confirmed_on", "appointed_by"})]),
        st.sampled_from([(), (), (), (parse_error(0),)]),
    )
    return st.lists(single, max_size=5).map(lambda some: [_in_line(entry, line) for line, entry in enumerate(some, 1)])


def _in_line(entry: Record, line: int) -> Record:
    origin = Origin("members.txt", line)
    return replace(entry, origin=origin, problems=tuple(replace(problem, origin=origin) for problem in entry.problems))


# Few enough values that people, slots and addresses collide all the time.
COLLIDING = records(
    st.sampled_from(["Jane Doe", "JANE  doe", "John Doe", ""]),
    st.sampled_from(["nl", ".NL", "be", "рф", "zz"]),
    PHONES,
    ADDRESSES,
    COLUMNS,
)
HOSTILE = records(
    TEXTS,
    TEXTS,
    TEXTS,
    st.one_of(TEXTS, ADDRESSES),
    st.dictionaries(st.sampled_from([*FURTHER, "x"]), TEXTS),
)
ANY_FILE = st.one_of(COLLIDING, HOSTILE)
SUBSCRIBERS = st.sampled_from([None, frozenset[str](), frozenset({"a@nic.nl", "c@nic.example"})])


def strings(value: object) -> Iterator[str]:
    """Give every text that `value` holds."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple | frozenset):
        for item in value:
            yield from strings(item)
    elif is_dataclass(value):
        for field in fields(value):
            yield from strings(getattr(value, field.name))


def places(result: Vetted) -> list[Origin]:
    """Return the places of everybody in the result."""
    people = [origins for _, origins in (*result.contacts, *result.unlisted)]
    return [origin for origins in (*people, *(broken.origins for broken in result.broken)) for origin in origins]


@UNTIMED
@given(ANY_FILE, SUBSCRIBERS)
def test_no_record_vanishes(file: list[Record], subscribers: frozenset[str] | None) -> None:
    """Every record ends in exactly one person: a contact, somebody who is not on the list, or somebody broken."""
    assert sorted(places(vetted(*file, subscribers=subscribers))) == [entry.origin for entry in file]


@UNTIMED
@given(ANY_FILE)
def test_errors_and_contacts_exclude_each_other(file: list[Record]) -> None:
    """A contact has no error in any of its lines; who is broken has one in at least one of them."""
    result = vetted(*file)
    wrong = {problem.origin for problem in result.problems if problem.severity is Severity.ERROR}
    for _, origins in result.contacts:
        assert wrong.isdisjoint(origins)
    for broken in result.broken:
        assert not wrong.isdisjoint(broken.origins)


@UNTIMED
@given(ANY_FILE)
def test_nothing_forbidden_gets_through(file: list[Record]) -> None:
    """No text of a result holds a character that must never reach a card, and messages are printable."""
    result = vetted(*file)
    for text in strings((result.contacts, result.unlisted, result.broken)):
        assert not FORBIDDEN.search(text)
    for problem in result.problems:
        assert f"{problem.message}{problem.text}".isprintable()


@UNTIMED
@given(ANY_FILE)
def test_contacts_are_complete_and_exclusive(file: list[Record]) -> None:
    """A contact has a name, a ccTLD and a list address; no two share an address, or a slot of a ccTLD."""
    contacts = [contact for contact, _ in vetted(*file).contacts]
    logins = Counter(login for contact in contacts for login in contact.logins)
    seats = Counter(seat for contact in contacts for seat in contact.slots if seat[1] is not None)
    assert not [login for login, count in logins.items() if count > 1]
    assert not [seat for seat, count in seats.items() if count > 1]
    for contact in contacts:
        assert contact.name
        assert contact.slots
        assert contact.listed
        assert all(contact.logins)
        assert len(contact.logins) == len(contact.emails)
        assert Contact.from_json(contact.to_json()) == contact


@UNTIMED
@given(ANY_FILE)
def test_problems_stand_in_order_and_keep_those_of_parsing(file: list[Record]) -> None:
    """The problems are sorted by file and line, each stands there once, and none of parsing is lost."""
    problems = vetted(*file).problems
    assert [problem.origin for problem in problems] == sorted(problem.origin for problem in problems)
    assert len(set(problems)) == len(problems)
    assert {problem for entry in file for problem in entry.problems} <= set(problems)


@UNTIMED
@given(ANY_FILE, st.randoms(use_true_random=False), SUBSCRIBERS)
def test_the_order_of_the_records_does_not_matter(
    file: list[Record], random: object, subscribers: frozenset[str] | None
) -> None:
    """Whatever the order, the same people come out with the same data, and the same errors in the same lines."""
    shuffled = list(file)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    result, other = vetted(*file, subscribers=subscribers), vetted(*shuffled, subscribers=subscribers)
    assert people(result) == people(other)
    assert result.listed == other.listed
    assert errors(result.problems) == errors(other.problems)
    assert Counter(problem.code for problem in result.problems) == Counter(problem.code for problem in other.problems)


def people(result: Vetted) -> set[tuple[str, frozenset[Origin], frozenset[object]]]:
    """Return everybody with what the order must not change."""
    found = set()
    for kind, some in (("contact", result.contacts), ("unlisted", result.unlisted)):
        for contact, origins in some:
            data = (*contact.slots, *contact.logins, *(phone.number for phone in contact.phones))
            more = (name_key(contact.name), *contact.languages, contact.role, contact.confirmed_on)
            found.add((kind, frozenset(origins), frozenset[object]((*data, *more))))
    for broken in result.broken:
        found.add(("broken", frozenset(broken.origins), frozenset[object]((*broken.listed, *broken.cctlds))))
    return found


def errors(problems: tuple[Problem, ...]) -> set[tuple[Origin, str]]:
    """Return the errors by place and code: a message names others in the order of the file."""
    return {(problem.origin, problem.code) for problem in problems if problem.severity is Severity.ERROR}
