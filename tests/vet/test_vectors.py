"""The table of the membership file's specification, from the text of the file to people."""

from collections.abc import Mapping
from datetime import date

import pytest

from sync.parse import parse
from sync.problems import Severity
from sync.vet import Vetted, vet
from tests.parse.vectors import JOHN, VECTORS
from tests.vet.entries import RULES


def read(text: str, readers: Mapping[str, str] | None = None) -> Vetted:
    """Parse and vet a file of these lines."""
    return vet(parse(f"{text}\n".encode(), "members.txt"), RULES, date(2026, 1, 1), None, readers or {})


@pytest.mark.parametrize("number", [number for number, vector in VECTORS.items() if not vector.refusal])
def test_a_line_of_the_table_is_this_person(number: int) -> None:
    """Each line that the specification calls right is one contact with this name, these slots and these numbers."""
    vector = VECTORS[number]
    result = read(vector.line)
    ((contact, _),) = result.contacts
    assert contact.name == vector.name
    assert contact.slots == tuple((label, vector.slot) for label in vector.labels)
    assert tuple(phone.number for phone in contact.phones) == vector.numbers
    found = {problem.code for problem in result.problems}
    assert found - {"invalid-phone", "no-out-of-band"} == ({vector.warning} if vector.warning else set())
    assert ("no-out-of-band" in found) == (len(contact.emails) == 1)


@pytest.mark.parametrize("number", [number for number, vector in VECTORS.items() if vector.refusal])
def test_a_line_of_the_table_is_this_error(number: int) -> None:
    """Each line that the specification refuses is no contact, and the reason is said once."""
    result = read(VECTORS[number].line)
    assert result.contacts == ()
    errors = [problem.code for problem in result.problems if problem.severity is Severity.ERROR]
    assert errors == [VECTORS[number].refusal]


@pytest.mark.parametrize(
    "full",
    [
        f"J Doe, #1, .nl, {'1' * 1001}",
        "J Doe, #1, .nl" + ", +31 1" * 101,
        "J Doe, #1, .nl" + "".join(f", j{number}@oarc.net" for number in range(21)),
        "J Doe, #1, " + "/".join([".nl"] * 101),
        f"{'J' * 1001}, #1, .nl",
    ],
    ids=["phone", "phones", "addresses", "ccTLDs", "name"],
)
def test_a_line_with_more_than_any_person_has_is_an_error(full: str) -> None:
    """Fields that are too long or too many are refused, and nothing of them is carried on."""
    result = read(f'"{full}" <j@nic.nl>')
    assert [problem.code for problem in result.problems if problem.severity is Severity.ERROR] == ["too-long"]
    assert result.contacts == ()
    assert max(len(result.broken[0].name), len(result.broken[0].out_of_band)) <= 200


@pytest.mark.parametrize(
    "cells", [f"{'J' * 1001},1,.nl,", f"J Doe,1,.nl,{'1' * 1001}", f"J Doe,1,.nl,{'+31 1;' * 101}"]
)
def test_a_row_with_more_than_any_person_has_is_an_error(cells: str) -> None:
    """The limits are the same in a table, and the other rows are used."""
    result = read(f"name,slot,cctlds,phones,email\n{cells},j@nic.nl\nK Doe,1,.be,,k@dns.be")
    errors = [problem for problem in result.problems if problem.severity is Severity.ERROR]
    assert [(problem.code, problem.origin.line) for problem in errors] == [("too-long", 2)]
    assert [contact.name for contact, _ in result.contacts] == ["K Doe"]


def test_a_reader_who_is_no_ssc_is_not_a_problem() -> None:
    """The secretariat's line is refused unless the configuration names it."""
    result = read(VECTORS[17].line, {"secretariat@icann.example": "secretariat"})
    assert (result.problems, result.contacts, result.broken) == ((), (), ())
    assert result.listed == {"secretariat@icann.example"}


def test_a_line_twice_and_again_with_another_address() -> None:
    """One person with two addresses, and one warning for the line that is there twice."""
    result = read(f"{JOHN}\n{JOHN}\n{JOHN.replace('john.doe@nic.nl', 'john@oarc.net')}")
    ((contact, origins),) = result.contacts
    assert contact.emails == ("john.doe@nic.nl", "john@oarc.net")
    assert [origin.line for origin in origins] == [1, 2, 3]
    assert [problem.origin.line for problem in result.problems if problem.code == "duplicate"] == [2]
