"""Who is who: a UID outlives a change of any two traits, and nothing is guessed."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import pytest

from radicale_tldops.roster.contact import Contact, serving
from radicale_tldops.roster.traits import name_words
from sync.plan.identify import How, Identities, Recognised, is_same_name, recognise
from tests.sync.people import entry, person, state, uid

JANE = person("Jane Doe", oob="jane@oarc.net")
JOHN = person("John Roe", slot=2)


def run(
    known: list[Contact], wanted: list[Contact], departed: list[Contact] | None = None, same: Sequence[str] = ()
) -> Recognised:
    """Recognise `wanted` in a roster of `known`."""
    store = state(*known, departed=departed or [])
    people = {known_uid: stored.contact for known_uid, stored in store.people.items()}
    identities = Identities(store.departed, lambda a: f"uid-{a}", same_people=frozenset(same))
    return recognise([entry(contact, n) for n, contact in enumerate(wanted, 1)], people, identities)


def codes(found: Recognised) -> list[str]:
    """The codes of the problems."""
    return [problem.code for problem in found.problems]


@pytest.mark.parametrize(
    ("changed", "how"),
    [
        (replace(JANE, name="Jane Miller", out_of_band=("other@example.org",)), How.LIST_ADDRESS),
        (replace(JANE, name="Jane Miller", listed=("jm@nic.example",)), How.OUT_OF_BAND),
        (replace(JANE, listed=("jd@nic.example",), out_of_band=()), How.NAME),
        (replace(JANE, services=serving(("be", 3)), name="J. Doe", out_of_band=()), How.LIST_ADDRESS),
        (replace(JANE, listed=("jane@oarc.net",), out_of_band=(), name="J. Dóe"), How.OUT_OF_BAND),
        (replace(JANE, name="JANE   DOE", listed=("new@nic.example",), out_of_band=()), How.NAME),
    ],
)
def test_one_trait_that_stays_is_enough(changed: Contact, how: How) -> None:
    """A new name, slot, phone, ccTLD or address keeps the UID as long as one identifying trait stays."""
    found = run([JANE, JOHN], [changed, JOHN])
    assert [(match.uid, match.how) for match in found.matches] == [(uid(JANE), how), (uid(JOHN), How.LIST_ADDRESS)]


def test_with_nothing_in_common_it_is_a_new_person() -> None:
    """The same name in another ccTLD is somebody else."""
    stranger = person("Jane Doe", "jane.doe@registry.example", cctld="be")
    found = run([JANE], [JANE, stranger])
    assert [(match.uid, match.how) for match in found.matches][1] == (uid(stranger), How.NEW)


def test_an_address_of_one_and_the_name_of_another_is_a_problem() -> None:
    """The record could be either; neither is chosen."""
    mixed = replace(JANE, name="John Roe", out_of_band=())
    found = run([JANE, JOHN], [mixed])
    assert codes(found) == ["ambiguous-person"]
    assert found.matches == ()
    assert "Jane Doe" in found.problems[0].message
    assert "John Roe" in found.problems[0].message


def test_two_records_that_could_be_one_person_are_both_problems() -> None:
    """One has the address and a word of the name, the other the name, and nobody knows who is Jane."""
    found = run([JANE], [replace(JANE, name="Jane Else", out_of_band=()), person("Jane Doe", "jd@nic.example")])
    assert codes(found) == ["ambiguous-person", "ambiguous-person"]
    assert found.matches == ()


@pytest.mark.parametrize("name", ["Somebody Else", "Mrs. Maria J. Moe", "Дже́йн Доу"])
def test_somebody_else_at_an_address(name: str) -> None:
    """A name that shares no word: a new person with a UID of its own, while the old one is gone or has moved."""
    successor = replace(JANE, name=name, out_of_band=())
    moved = person("Jane Doe", "jd@nic.example")
    (first,) = run([JANE], [successor]).matches
    assert first.how is How.NEW
    assert first.uid != uid(JANE)
    assert UUID(first.uid).version == 4
    assert run([JANE], [successor]).matches == (first,)
    assert [match.uid for match in run([JANE], [successor, moved]).matches] == [first.uid, uid(JANE)]
    (again,) = run([], [successor], departed=[JANE]).matches
    assert not again.returned
    assert again.uid != uid(JANE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Aïcha Fictif", "AïchaFictif"),
        ("Zoë Samplewood", "Zoë0Samplewood"),
        ("François d'Échantillon", "Françoischantillon"),
        ("Samplewood", "Samplewod"),
        ("範例國華", "範例国華"),
        ("김나라보", "김나라 보"),
        ("範例國華", "範例國쏯"),
        ("François d'Échantillon", "llon"),
        ("範例國華", "範.nl0363;國華"),
    ],
)
def test_a_name_with_a_slip_is_the_same_persons(old: str, new: str) -> None:
    """No word is as it was, and the person keeps the UID, whichever of the two is right."""
    for before, after in ((old, new), (new, old)):
        (match,) = run([replace(JANE, name=before)], [replace(JANE, name=after, out_of_band=())]).matches
        assert match.uid == uid(JANE)
        assert match.how is How.LIST_ADDRESS


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("Jane Doe", "John Moe"),
        ("Maria Rossi", "Mario Bruno"),
        ("李明", "李强"),
        ("範例國華", "範本國強"),
        ("Jo Li", "Al Xi"),
    ],
)
def test_a_name_that_is_only_a_little_alike_is_somebody_elses(name: str, other: str) -> None:
    """Half of the letters are no slip."""
    assert not is_same_name(name, other)


@pytest.mark.parametrize("name", ["F", "Flon", "Jan"])
def test_a_few_letters_are_no_name_of_somebody_else(name: str) -> None:
    """Perhaps the rest of a name."""
    found = run([replace(JANE, name="Owen Fieldmouse")], [replace(JANE, name=name)])
    assert codes(found) == ["ambiguous-person"]


def test_two_entries_that_ran_into_one_are_nobodys() -> None:
    """The name of the first stands before that of the second, at the second's address."""
    found = run([JANE, replace(JOHN, name="範例國華")], [replace(JOHN, name="Jane Doe, ;例國華")])
    assert codes(found) == ["ambiguous-person"]
    assert "Jane Doe" in found.problems[0].message
    # Where Jane has an entry of her own, somebody else has her name.
    successor = replace(JOHN, name="Jane Doe Ximena")
    assert codes(run([JANE, replace(JOHN, name="範例國華")], [JANE, successor])) == []


def test_a_new_name_of_the_same_person() -> None:
    """Where somebody says so, of those who are there and of those who left."""
    renamed = replace(JANE, name="Somebody Else")
    for found in (run([JANE], [renamed], same=JANE.logins[:1]), run([], [renamed], [JANE], same=JANE.logins[:1])):
        assert [match.uid for match in found.matches] == [uid(JANE)]


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("Jane Doe", "DOE, Jane"),
        ("Régis Example", "Regis E."),
        ("J. D.", "J D"),
        ("李 明", "李 强"),
        ("Zoë de Roe", "Zoe"),
    ],
)
def test_names_that_share_a_word(name: str, other: str) -> None:
    """Case, order, accents and punctuation do not matter."""
    assert name_words(name) & name_words(other)


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("Jane Doe", "John Smith"),
        ("Dr. Jane van Doe", "Dr. John van Moe"),
        ("Jane M. Doe", "John M. Roe"),
        ("Jan", "Jane"),
    ],
)
def test_names_that_share_no_word(name: str, other: str) -> None:
    """Titles, particles and initials tell nobody apart."""
    assert not name_words(name) & name_words(other)


def test_who_keeps_address_and_name_is_certain_whatever_the_others_have() -> None:
    """An out-of-band address that passes to a colleague makes nobody ambiguous."""
    colleague = person("Jill New", slot=3, oob="jane@oarc.net")
    found = run([JANE, JOHN], [replace(JANE, out_of_band=()), replace(JOHN, out_of_band=("jane@oarc.net",)), colleague])
    assert not found.problems
    assert [match.uid for match in found.matches] == [uid(JANE), uid(JOHN), uid(colleague)]


def test_swapped_names_are_a_problem() -> None:
    """Two people who exchange their addresses are never exchanged silently."""
    found = run([JANE, JOHN], [replace(JANE, name="John Roe"), replace(JOHN, name="Jane Doe")])
    assert codes(found) == ["ambiguous-person", "ambiguous-person"]


def test_who_returns_gets_the_old_uid_back() -> None:
    """Known by a digest of a trait alone: the list address, the out-of-band address, or the name within the ccTLD."""
    for back in (JANE, replace(JANE, listed=("x@nic.example",)), person("Jane Doe", "y@nic.example")):
        found = run([JOHN], [JOHN, back], departed=[JANE])
        assert (found.matches[1].uid, found.matches[1].returned) == (uid(JANE), True)


def test_several_who_left_and_may_be_meant_are_a_problem() -> None:
    """Two people of one name left the same ccTLD; a third of that name could be either."""
    gone = [person("Jane Doe", "one@nic.example"), person("Jane Doe", "two@nic.example")]
    assert codes(run([], [person("Jane Doe", "three@nic.example")], departed=gone)) == ["ambiguous-person"]


def test_a_new_person_never_gets_the_uid_of_another() -> None:
    """Jane appeared under an address that a new colleague uses now: the derived UID is hers, the new one random."""
    moved = replace(JANE, listed=("jd@nic.example",), out_of_band=())
    store = {uid(JANE): moved}
    newcomer = person("Jim New", JANE.listed[0], slot=3)
    known = Identities({}, lambda address: f"uid-{address}")
    jane, jim = recognise([entry(moved), entry(newcomer, 2)], store, known).matches
    assert jane.uid == uid(JANE)
    assert UUID(jim.uid).version == 4


def test_recognition_does_not_depend_on_the_order_of_the_file() -> None:
    """A file that is sorted otherwise gives the same people the same UIDs."""
    wanted = [replace(JANE, name="Jane Miller"), replace(JOHN, listed=("jr@nic.example",)), person("Ann New", slot=3)]
    first = {match.entry.contact: match.uid for match in run([JANE, JOHN], wanted).matches}
    second = {match.entry.contact: match.uid for match in run([JANE, JOHN], wanted[::-1]).matches}
    assert first == second
    assert len(first) == 3
