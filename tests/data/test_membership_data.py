"""The invented data is what the demo, the benchmarks and other tests take it for."""

import os
import re
import subprocess
import sys
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from random import Random

import pytest

from radicale_tldops.roster.contact import APPOINTMENT, Contact, name_key
from radicale_tldops.roster.login import canonical_login
from radicale_tldops.roster.role_address import is_role
from radicale_tldops.zones.root_data import delegations, registrable_domain
from sync.parse import parse
from sync.parse.lines import take_apart
from sync.problems import Origin, Severity
from sync.vet import Vetted, VettingRules, vet
from sync.vet.addresses import normalise_address
from sync.vet.phones import read_phones
from tests.data.membership import TODAY, Person, as_csv, as_report, as_subscribers, as_text, churn, people

ROOT = Path(__file__).parents[2]
COLUMNS = Contact.__slots__[5:-3]
"""Behind name, slots, addresses and phones, without columns of one's own and what no file holds."""
RESERVED = ("example.com", "example.net", "example.org")


@pytest.fixture(scope="module")
def members() -> list[Person]:
    """Give the list of the demo."""
    return people(400)


def vetted(text: str, per_cctld: int = 3, today: date = TODAY) -> Vetted:
    """Parse and vet a file."""
    rules = VettingRules(delegations(), registrable_domain, max_slot=per_cctld, max_per_cctld=per_cctld)
    return vet(parse(text.encode(), "members"), rules, today, None, {})


def errors(result: Vetted) -> list[str]:
    """Return the messages of the errors, with the text."""
    return [
        f"{problem.code}: {problem.message}: {problem.text}"
        for problem in result.problems
        if problem.severity is Severity.ERROR
    ]


def seats(members: Sequence[Person]) -> list[tuple[str, int]]:
    """Return every slot that is held, as often as it is held."""
    return [(label, person.slot) for person in members for label in person.cctlds]


def essence(contact: Contact) -> tuple[object, ...]:
    """Return what every format carries of a contact."""
    labels = tuple(cctld.u_label for cctld in contact.cctlds)
    return contact.name, contact.slot, labels, contact.listed, contact.out_of_band


def expected(person: Person) -> tuple[object, ...]:
    """Return what a contact must come out as."""
    others = (normalise_address(person.oob_email),) if person.oob_email else ()
    return person.name, person.slot, person.cctlds, (normalise_address(person.email),), others


def test_the_seed_decides_everything() -> None:
    """The same seed gives the same people, another one gives others."""
    assert people(50, seed=7) == people(50, seed=7)
    assert people(50, seed=7) != people(50, seed=8)


@pytest.mark.parametrize("format_", ["text", "csv", "subscribers"])
def test_the_command_prints_the_same_in_every_process(format_: str) -> None:
    """Neither the hash seed of the process nor its time zone shows in the output, and it is what the functions give."""
    command = [sys.executable, "-m", "tests.data.membership", "--count", "60", "--seed", "3", "--per-cctld", "2"]
    for hash_seed, zone in (("1", "Pacific/Kiritimati"), ("2", "Pacific/Pago_Pago")):
        done = subprocess.run(
            [*command, "--format", format_],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "TZ": zone, "PYTHONIOENCODING": "ascii"},
            capture_output=True,
            check=True,
            timeout=60,
        )
        write = {"text": as_text, "csv": as_csv, "subscribers": as_subscribers}[format_]
        assert done.stdout.decode() == write(people(60, seed=3, per_cctld=2))


def test_too_many_people_are_a_usage_error() -> None:
    """Whoever asks for more people than there are slots gets a sentence and no list."""
    with pytest.raises(ValueError, match="no room for 5000 people"):
        people(5000)
    command = [sys.executable, "-m", "tests.data.membership", "--count", "5000"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert "no room for 5000 people" in done.stderr


@pytest.mark.parametrize(("count", "per_cctld"), [(0, 3), (1, 3), (5, 1), (400, 3), (900, 3), (10_000, 40)])
def test_nobody_is_there_twice(count: int, per_cctld: int) -> None:
    """Names within a ccTLD, addresses and slots belong to one person each, whatever the scale."""
    made = people(count, per_cctld=per_cctld)
    assert len(made) == count
    held = seats(made)
    assert len(set(held)) == len(held)
    assert all(1 <= slot <= per_cctld for _, slot in held)
    names = [(label, name_key(person.name)) for person in made for label in person.cctlds]
    assert len(set(names)) == len(names)
    logins = [canonical_login(address) for person in made for address in (person.email, person.oob_email) if address]
    assert "" not in logins
    assert len(set(logins)) == len(logins)


def test_the_list_has_the_shape_of_the_real_one(members: list[Person]) -> None:
    """Some 200 ccTLDs have one to three contacts each, in two letters and other scripts; some people serve several."""
    labels = Counter(label for person in members for label in person.cctlds)
    assert 180 <= len(labels) <= 250
    assert set(labels.values()) == {1, 2, 3}
    assert all(delegations().known(label) for label in labels)
    assert sum(not label.isascii() for label in labels) >= 10
    assert {"nl", "fr", "re", "pm", "рф", "مصر", "台灣"} <= set(labels)
    assert {"fr", "re", "pm"} <= set(next(person.cctlds for person in members if person.cctlds[0] == "fr"))
    jane = members[0]
    assert (jane.name, jane.slot, jane.cctlds, jane.email) == ("Jane Doe", 1, ("nl",), "jane.doe@nic-nl.example")


def test_the_names_are_written_in_many_scripts(members: list[Person]) -> None:
    """The letters come from a dozen scripts and more; there are accents, commas, suffixes, quotes and parentheses."""
    letters = {char for person in members for char in person.name if char.isalpha()}
    scripts = {unicodedata.name(char).split()[0] for char in letters}
    assert {"LATIN", "CYRILLIC", "GREEK", "HEBREW", "ARABIC", "DEVANAGARI", "THAI", "CJK", "HANGUL"} <= scripts
    assert len(scripts) >= 12
    assert any(unicodedata.decomposition(char) and ord(char) < 0x250 for char in letters)
    everything = "\n".join(person.name for person in members)
    assert all(mark in everything for mark in (", Jr., ", "(NOC)", '"', "'", "Dr. "))


def test_every_address_is_in_a_reserved_domain(members: list[Person]) -> None:
    """No mail reaches anybody (RFC 2606, 2 and 3), no address is a role's, and the second one is in another domain."""
    for person in members:
        for address in filter(None, (person.email, person.oob_email)):
            domain = address.rpartition("@")[2]
            assert domain.endswith((".example", *(f".{name}" for name in RESERVED))) or domain in RESERVED, address
            assert not is_role(address, delegations())
        if person.oob_email:
            first, second = (
                registrable_domain(mailbox.rpartition("@")[2]) for mailbox in (person.email, person.oob_email)
            )
            assert first != second
    assert 0 < sum(not person.oob_email for person in members) < 60


def test_every_telephone_number_dials(members: list[Person]) -> None:
    """What stands there is understood in full without the country's help, however it is written."""
    ways = Counter[str]()
    for person in people(900):
        for text in person.phones:
            numbers, findings = read_phones(text, None)
            assert numbers, text
            assert all(number.dialable for number in numbers), text
            assert {finding.code for finding in findings} <= {"invalid-phone"}, text
            ways.update(mark for mark in ("/", "(0)", "ext.", "#", "mobile") if mark in text)
            ways["00"] += text.startswith("00")
    assert min(ways[way] for way in ("/", "(0)", "ext.", "#", "mobile", "00")) > 0


@pytest.mark.parametrize(("label", "ranges"), [
    ("us", ("+120155501",)),
    ("do", ("+180955501",)),
    ("uk", ("+447700900", "+441632960")),
    ("je", ("+447700900", "+441632960")),
    ("au", ("+61491570", "+6125550")),
    ("fr", ("+3319900", "+3363998")),
    ("de", ("+493023125", "+4917139200")),
])  # fmt: skip
def test_numbers_come_from_the_ranges_set_aside_for_drama(label: str, ranges: tuple[str, ...]) -> None:
    """Where a country has such a range nobody's telephone rings."""
    texts = [text for person in people(900) if person.cctlds[0] == label for text in person.phones]
    numbers = [phone.number for text in texts for phone in read_phones(text, None)[0]]
    assert numbers
    assert all(number.startswith(ranges) for number in numbers), numbers


@pytest.mark.parametrize("write", [as_text, as_report, as_csv])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_entry_is_read_back(write: Callable[[Sequence[Person]], str], seed: int) -> None:
    """Parsing and vetting find no error, and every person is there with name, slot, ccTLDs and addresses."""
    made = people(400, seed=seed)
    result = vetted(write(made))
    assert errors(result) == []
    assert [essence(contact) for contact, _ in result.contacts] == [expected(person) for person in made]
    assert all(phone.dialable for contact, _ in result.contacts for phone in contact.phones)


def test_the_text_has_every_shape(members: list[Person]) -> None:
    """Each shape of a line is there at least ten times, and there is one line for each person."""
    lines = as_text(members).splitlines()
    assert len(lines) == len(members)
    shapes = Counter("references" if "&#" in line else take_apart(line).shape for line in lines)
    assert set(shapes) == {"quoted", "raw", "rfc2047", "report", "comment", "references"}
    assert min(shapes.values()) >= 10
    assert max(len(word) for line in lines for word in line.split() if word.startswith("=?")) <= 75
    assert any(r"\(NOC\)" in line for line in lines)


def test_the_lines_of_the_report_can_be_read_by_a_person(members: list[Person]) -> None:
    """Nothing in the demo's file is encoded: names, ccTLDs and numbers stand there as they are."""
    text = as_report(members)
    assert not re.search(r"=\?|&#|\\", text)
    for line, person in zip(text.splitlines(), members, strict=True):
        assert line.startswith(f"“{person.name}, #{person.slot}, .{person.cctlds[0]}"), line
        assert all(phone in line for phone in person.phones)


def test_the_table_carries_all_the_columns(members: list[Person]) -> None:
    """Every column comes back as it is in the person, and each of them is filled in for somebody."""
    result = vetted(as_csv(members))
    filled = set[str]()
    for (contact, _), person in zip(result.contacts, members, strict=True):
        for column in COLUMNS:
            value = getattr(person, column)
            # Who appointed the person is known for each of the ccTLDs.
            wanted = ((value,) * len(person.cctlds) if value else ()) if column in APPOINTMENT else value
            assert getattr(contact, column) == wanted, (person, column)
            filled.update([column] if value else [])
    assert filled == set(COLUMNS)


def test_the_subscribers_are_the_list_addresses(members: list[Person]) -> None:
    """The list of subscribers is read as addresses alone, one for each person."""
    parsed = parse(as_subscribers(members).encode(), "subscribers")
    assert parsed.format == "addresses"
    assert [record.listed for record in parsed.records] == [(person.email,) for person in members]


def test_some_entries_are_stale_on_the_day_given() -> None:
    """Staleness follows the day that is given: some confirmed over a year ago, most not, and nothing in the future."""
    today = date(2031, 3, 1)
    made = people(400, today=today)
    result = vetted(as_csv(made), today=today)
    codes = Counter(problem.code for problem in result.problems)
    assert 20 < codes["stale"] < 200
    assert codes["not-vetted"] > 0
    dates = [day for person in made for day in (person.appointed_on, person.confirmed_on) if day]
    assert max(dates) <= today
    assert codes["future-date"] == 0


def test_a_year_of_changes_keeps_the_list_valid(members: list[Person]) -> None:
    """In every step few join or leave and no slot is held twice; at the end nothing is an error in text or table."""
    rng, today, now = Random(5), TODAY, members
    joins = leaves = 0
    for _ in range(104):
        today += timedelta(days=3)
        before, now = now, churn(now, rng, today)
        ids = [
            {(person.cctlds, key) for person in some for key in (person.email, person.name)} for some in (before, now)
        ]
        gone = [
            person for person in before if not {(person.cctlds, person.email), (person.cctlds, person.name)} & ids[1]
        ]
        new = [person for person in now if not {(person.cctlds, person.email), (person.cctlds, person.name)} & ids[0]]
        assert len(gone) <= 3
        assert len(new) <= 3
        assert len(now) == len(before) - len(gone) + len(new)
        joins, leaves = joins + len(new), leaves + len(gone)
        held = seats(now)
        assert len(set(held)) == len(held)
        assert max(slot for _, slot in held) <= 3
    assert joins > 50
    assert leaves > 50
    for text in (as_text(now), as_csv(now)):
        result = vetted(text, today=today)
        assert errors(result) == []
        assert [essence(contact) for contact, _ in result.contacts] == [expected(person) for person in now]


def test_every_kind_of_change_happens_in_a_year(members: list[Person]) -> None:
    """Names, list addresses, phones, slots and confirmations change, each for people who keep all the rest."""
    rng, today, now = Random(6), TODAY, members
    kinds = Counter[frozenset[str]]()
    for _ in range(52):
        today += timedelta(days=7)
        before, now = now, churn(now, rng, today)
        by_email = {person.email: person for person in before}
        by_name = {(person.name, person.cctlds): person for person in before}
        for person in now:
            old = by_email.get(person.email) or by_name.get((person.name, person.cctlds))
            if old and old != person:
                kinds[frozenset(name for name in person.__slots__ if getattr(old, name) != getattr(person, name))] += 1
                assert person.confirmed_on in (old.confirmed_on, today)
    assert set(kinds) == {frozenset({key}) for key in ("name", "email", "phones", "slot", "confirmed_on")}


def test_the_changes_follow_from_the_random_numbers(members: list[Person]) -> None:
    """The same numbers give the same change, and the list that is given stays as it was."""
    copy = list(members)
    assert churn(members, Random(9), TODAY) == churn(members, Random(9), TODAY)
    assert members == copy


def test_a_list_of_one_is_never_emptied() -> None:
    """Small lists change too, and somebody is always left."""
    rng, now = Random(4), people(1)
    for _ in range(60):
        now = churn(now, rng, TODAY)
        assert now
        held = seats(now)
        assert len(set(held)) == len(held)


def test_one_changed_person_changes_one_line(members: list[Person]) -> None:
    """The shape of a line hangs on the person's address alone, so that a difference of two files shows who changed."""
    changed = [replace(members[0], phones=("+31 6 10000001",)), *members[1:]]
    pairs = zip(as_text(members).splitlines(), as_text(changed).splitlines(), strict=True)
    assert [index for index, (old, new) in enumerate(pairs) if old != new] == [0]


def test_the_table_is_what_a_parser_takes_for_one(members: list[Person]) -> None:
    """A row is one record, with nothing to complain about."""
    parsed = parse(as_csv(members).encode(), "members.csv")
    assert parsed.format == "csv"
    assert parsed.problems == ()
    assert len(parsed.records) == len(members)
    assert [problem for record in parsed.records for problem in record.problems] == []
    assert parsed.records[0].origin == Origin("members.csv", 2)
