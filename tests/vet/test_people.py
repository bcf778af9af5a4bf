"""The rules about several records: who is one person, and who is in the way of whom."""

from dataclasses import replace

import pytest

from sync.parse.records import Record
from sync.problems import Severity
from sync.vet import Broken, Vetted
from sync.vet.limits import MAX_PHONES

from .entries import JOHN, RULES, codes, found, parse_error, record, table_row, vetted, vetting_rules


def lines(result: Vetted, code: str) -> list[int]:
    """Return the lines in which `code` is reported."""
    return [problem.origin.line for problem in found(result, code)]


def at(line: int, **fields: object) -> Record:
    """Return JOHN in another line, with other fields."""
    return replace(JOHN, origin=replace(JOHN.origin, line=line), **fields)  # type: ignore[arg-type]


def test_the_same_entry_twice_is_a_warning() -> None:
    """The same entry again is reported where it stands again, and the contact stands in both lines."""
    result = vetted(JOHN, at(8))
    assert lines(result, "duplicate") == [8]
    assert codes(result) == ["duplicate"]
    ((contact, origins),) = result.contacts
    assert contact.emails == ("john.doe@nic.nl", "john@oarc.net")
    assert [origin.line for origin in origins] == [3, 8]


def test_the_case_of_an_address_makes_no_other_entry() -> None:
    """The same entry with an address in capitals is a duplicate, and the address stays as it was written first."""
    result = vetted(JOHN, at(8, listed=("John.Doe@NIC.nl",), out_of_band=("JOHN@oarc.net",)))
    assert lines(result, "duplicate") == [8]
    assert codes(result) == ["duplicate"]
    assert result.contacts[0][0].emails == ("john.doe@nic.nl", "john@oarc.net")
    assert codes(vetted(JOHN, at(8, listed=("jdoe@nic.nl",)))) == []


def test_one_name_in_one_slot_with_other_cctlds_is_told_apart_from_two_people() -> None:
    """An overlap of ccTLDs is an error that says what differs and how to make one person of the entries."""
    first = record(1, cctlds=("nl", "be"))
    result = vetted(first, record(2, name="PERSON 1", cctlds=("nl",)))
    assert lines(result, "slot-taken") == [1, 2]
    (problem, _) = found(result, "slot-taken")
    assert "Person 1 stands in slot #1 of .nl several times, with different ccTLDs and addresses" in problem.message
    assert "line 1: .nl/.be, line 2: .nl" in problem.message
    assert problem.remedy.startswith("Write the same ccTLDs in both entries")
    assert result.contacts == ()
    (other, *_) = found(vetted(first, record(2, cctlds=("nl",))), "slot-taken")
    assert other.message.startswith("several people hold slot #1 of .nl")


def test_a_conflict_says_which_of_its_entries_is_broken_anyway() -> None:
    """Whoever reads the message at a good line learns that the rival may not be what it seems."""
    result = vetted(record(1), record(2, cctlds=("nl", "example")))
    for problem in found(result, "slot-taken"):
        assert problem.message.endswith("Person 1 (line 1), Person 2 (line 2, has an error)")
    crowd = vetted(*(record(line, slot=None) for line in (1, 2, 3)), record(4, slot=None, listed=("bad",)))
    assert "Person 4 (line 4, has an error)" in found(crowd, "too-many-contacts")[0].message
    assert found(crowd, "too-many-contacts")[0].message.count("has an error") == 1


def test_warnings_of_a_duplicate_are_said_once() -> None:
    """What is wrong with an entry is reported in its first line alone."""
    first = record(1, phones=(), out_of_band=())
    result = vetted(first, replace(first, origin=replace(first.origin, line=2)))
    assert codes(result) == ["no-out-of-band", "no-phone", "duplicate"]


def test_a_conflict_is_reported_in_every_line_of_it() -> None:
    """A duplicate of an entry in a conflict is in error like the entry itself."""
    result = vetted(record(1), record(2), replace(record(1), origin=record(3).origin))
    assert lines(result, "slot-taken") == [1, 2, 3]
    assert lines(result, "duplicate") == [3]


def test_two_subscriptions_are_one_person_with_two_addresses() -> None:
    """Same name, slot and ccTLDs: one person; list addresses in the order of the file, then the out-of-band ones."""
    first = record(1, out_of_band=("person1@oarc.net", "p1@oob.example"))
    second = replace(first, origin=replace(first.origin, line=2), name="PERSON  1", listed=("person1@oarc.net",))
    result = vetted(first, second)
    ((contact, origins),) = result.contacts
    assert contact.name == "Person 1"
    assert contact.listed == ("person1@nic.nl", "person1@oarc.net")
    assert contact.out_of_band == ("p1@oob.example",)
    assert [origin.line for origin in origins] == [1, 2]
    assert result.problems == ()


def test_one_address_and_name_with_other_cctlds_is_one_person() -> None:
    """Same name and address, other ccTLDs: one person who serves all of them, each in its own slot."""
    first = record(1, cctlds=("fr", "re"), slot=2)
    second = replace(first, origin=replace(first.origin, line=2), cctlds=("nl", "RE"), slot=2)
    third = replace(first, origin=replace(first.origin, line=3), cctlds=("be",), slot=None)
    ((contact, _),) = vetted(first, second, third).contacts
    assert contact.slots == (("fr", 2), ("re", 2), ("nl", 2), ("be", None))


def test_an_address_in_common_makes_one_person_across_entries() -> None:
    """Entries are one person also when only a third one connects them."""
    first = record(1, cctlds=("nl",), listed=("p@a.example",), out_of_band=())
    second = record(2, name="Person 1", cctlds=("be",), listed=("p@b.example",), out_of_band=())
    third = record(3, name="Person 1", cctlds=("fr",), listed=("p@a.example",), out_of_band=("p@b.example",))
    assert len(vetted(first, second).contacts) == 2
    ((contact, _),) = vetted(first, second, third).contacts
    assert [label for label, _ in contact.slots] == ["nl", "be", "fr"]
    assert contact.listed == ("p@a.example", "p@b.example")


def test_merging_loses_nothing() -> None:
    """Numbers and columns of all the entries reach the contact."""
    first = table_row(1, organisation="SIDN", languages="nl")
    second = replace(
        table_row(2, role="CTO", languages="en"), name="Person 1", phones=("+31 20 1234567", "+31 6 1234 5678")
    )
    ((contact, _),) = vetted(first, second).contacts
    assert [phone.number for phone in contact.phones] == ["+31612345678", "+31201234567"]
    assert (contact.organisation, contact.role, contact.languages) == ("SIDN", "CTO", ("nl", "en"))


def test_columns_that_contradict_each_other_are_an_error() -> None:
    """Nobody guesses which entry is right: all entries of the person are in error."""
    result = vetted(table_row(1, role="CTO"), replace(table_row(2, role="CEO"), name="Person 1"))
    assert lines(result, "conflicting-column") == [1, 2]
    assert result.contacts == ()
    assert len(result.broken) == 1


def test_entries_that_are_too_much_together_are_refused() -> None:
    """The limits hold for the person, not only for each entry."""
    first = record(1, phones=tuple(f"+31 6 1234{n:04}" for n in range(MAX_PHONES)))
    second = replace(record(2), name="Person 1")
    result = vetted(first, second)
    assert lines(result, "too-long") == [1, 2]
    assert result.contacts == ()


def test_an_error_in_one_entry_breaks_the_person() -> None:
    """A person with one broken entry is no contact with half of the data; everything ties the person to the roster."""
    bad = replace(record(2, out_of_band=("p2@oob.example", "nonsense")), name="Person 1")
    result = vetted(record(1), bad)
    assert result.contacts == ()
    (broken,) = result.broken
    assert [origin.line for origin in broken.origins] == [1, 2]
    assert broken.name == "Person 1"
    assert broken.listed == ("person1@nic.nl", "person2@nic.nl")
    assert broken.out_of_band == ("person1@oob.example", "p2@oob.example")
    assert broken.cctlds == ("nl",)


def test_an_address_has_one_owner() -> None:
    """One address of two people is an error of all who have it, as list address or out-of-band, in any spelling."""
    first = record(1, out_of_band=("Shared@OOB.example",))
    second = record(2, slot=2, listed=("shared@oob.example",))
    result = vetted(first, second, record(3, slot=3))
    assert lines(result, "address-shared") == [1, 2]
    assert [contact.name for contact, _ in result.contacts] == ["Person 3"]
    assert len(result.broken) == 2


def test_a_slot_has_one_holder() -> None:
    """Two people in one slot of a ccTLD are both in error; the same slot of another ccTLD is free."""
    result = vetted(record(1), record(2, cctlds=("be", "nl")), record(3, cctlds=("be",), slot=2))
    assert lines(result, "slot-taken") == [1, 2]
    assert "slot #1 of .nl" in found(result, "slot-taken")[0].message
    assert [contact.name for contact, _ in result.contacts] == ["Person 3"]


def test_a_person_holds_one_slot() -> None:
    """One name in two slots of a ccTLD, or with and without a slot, is in error in all entries."""
    for other in (2, None, 4):
        result = vetted(record(1), record(2, name="person 1", slot=other))
        assert lines(result, "two-slots") == [1, 2]
        assert result.contacts == ()


def test_two_slots_of_two_cctlds_are_fine() -> None:
    """The rule is for each ccTLD."""
    first = record(1, cctlds=("nl",), slot=1)
    second = replace(first, origin=replace(first.origin, line=2), cctlds=("be",), slot=2)
    assert vetted(first, second).problems == ()


@pytest.mark.parametrize("slots", [(None, None, None, None), (1, 2, 3, None), (1, 2, 3, 3)])
def test_a_cctld_has_at_most_three_contacts(slots: tuple[int | None, ...]) -> None:
    """More people than the limit are all in error, and one message names them: the ccTLD chooses, not the order."""
    people = [record(line, slot=slot) for line, slot in enumerate(slots, 1)]
    result = vetted(*people)
    (problem,) = result.problems
    assert (problem.code, problem.origin.line) == ("too-many-contacts", 4)
    shown = (f"Person {line} (line {line}), {f'#{slot}' if slot else 'no slot'}" for line, slot in enumerate(slots, 1))
    assert problem.message == f".nl may have 3 contacts, and these are more: {'; '.join(shown)}"
    assert problem.remedy.startswith("Ask the ccTLD which 3 stay. Delete the entries of the others, or their .nl.")
    assert (result.contacts, len(result.broken)) == ((), 4)
    assert vetted(*people[:3]).problems == ()


def test_the_limit_is_a_setting() -> None:
    """With a higher limit the fourth contact is one."""
    people = [record(line, slot=slot) for line, slot in enumerate((1, 2, 3, None), 1)]
    assert len(vetted(*people, rules=vetting_rules(max_per_cctld=4)).contacts) == 4


def test_a_crowd_in_several_cctlds_is_one_message() -> None:
    """The ccTLDs are named together; what else is wrong between the four is said apart."""
    people = [record(line, slot=None, cctlds=("fr", "re")) for line in (1, 2, 3, 4)]
    (problem,) = vetted(*people).problems
    assert problem.message.startswith(".fr .re may have 3 contacts")
    result = vetted(*people, record(5, slot=1, cctlds=("be",)), record(6, slot=1, cctlds=("be", "fr")))
    assert lines(result, "slot-taken") == [5, 6]
    assert lines(result, "too-many-contacts") == [4, 6]
    assert (result.contacts, len(result.broken)) == ((), 6)


def test_one_person_in_two_entries_counts_once() -> None:
    """The limit counts people and not lines."""
    people = [record(line, slot=line) for line in (1, 2, 3)]
    assert len(vetted(*people, replace(record(4, slot=3), name="Person 3")).contacts) == 3


def test_a_slot_that_does_not_exist_is_no_claim() -> None:
    """A person in slot 4 is refused without harm to those in the slots that exist."""
    result = vetted(*(record(line, slot=line) for line in (1, 2, 3, 4)), record(5, slot=4))
    assert codes(result) == ["bad-slot", "bad-slot"]
    assert len(result.contacts) == 3


def test_what_a_broken_record_claims_counts() -> None:
    """A conflict with a record that is broken for another reason is one: its claim may be right."""
    result = vetted(record(1), record(2, cctlds=("nl", "example")))
    assert lines(result, "slot-taken") == [1, 2]
    assert result.contacts == ()


def test_an_entry_without_a_name_is_in_nobodys_way() -> None:
    """An address alone, or a record that was not understood, takes no slot and owns no address."""
    bare = replace(record(2, name="", cctlds=(), slot=None, listed=("person1@nic.nl",)), problems=(parse_error(2),))
    nameless = replace(record(3, name=""), problems=(parse_error(3),))
    result = vetted(record(1), bare, nameless)
    assert codes(result) == ["not-understood", "not-understood"]
    assert len(result.contacts) == 1
    assert len(result.broken) == 2


def test_two_records_that_were_not_understood_are_no_duplicates() -> None:
    """Where parsing failed, equal remains do not show that the entries were equal."""
    first, second = (
        replace(record(line, name="", listed=(), out_of_band=()), problems=(parse_error(line),)) for line in (1, 2)
    )
    result = vetted(first, second)
    assert codes(result) == ["not-understood", "not-understood"]
    assert [len(broken.origins) for broken in result.broken] == [1, 1]


def test_a_large_conflict_has_short_messages() -> None:
    """A message names a few of those in a conflict, and counts the others."""
    result = vetted(*(record(line) for line in range(1, 101)), rules=vetting_rules(max_per_cctld=100))
    assert len(found(result, "slot-taken")) == 100
    assert max(len(problem.message) for problem in result.problems) < 500
    assert "and 95 more" in result.problems[0].message
    (crowd,) = vetted(*(record(line) for line in range(1, 101))).problems
    assert crowd.message.endswith("; Person 10 (line 10), #1; and 90 more entries")


def test_a_warning_never_takes_anybody_away() -> None:
    """Only errors keep somebody out; the reverse, every broken record has an error."""
    result = vetted(record(1, phones=("?",), out_of_band=(), listed=("noc@nic.nl",)), record(2, slot=9))
    assert {problem.severity for problem in result.problems if problem.origin.line == 1} == {Severity.WARNING}
    assert [contact.name for contact, _ in result.contacts] == ["Person 1"]
    assert [broken.name for broken in result.broken] == ["Person 2"]
    assert RULES.max_slot < 9


def test_what_may_be_the_rest_of_two_entries_is_tied_to_nobody() -> None:
    """Its name may be one person's and its address another's, so it holds whoever is missing and not one of them."""
    result = vetted(record(1, problems=(parse_error(1, "run-together"),)), record(2, slot=2))
    (broken,) = result.broken
    assert broken == Broken(broken.origins)
    assert [origin.line for origin in broken.origins] == [1]
    assert [contact.name for contact, _ in result.contacts] == ["Person 2"]
    assert "person1@nic.nl" in result.listed


def test_an_error_of_the_header_breaks_every_row_and_is_told_once() -> None:
    """Each row still says whose it is, so that everybody is held."""
    problem = parse_error(1, "misspelt-column")
    result = vetted(*(record(line, slot=line - 1, problems=(problem,)) for line in (2, 3)))
    assert (result.contacts, found(result, "misspelt-column")) == ((), [problem])
    assert [broken.listed for broken in result.broken] == [("person2@nic.nl",), ("person3@nic.nl",)]
