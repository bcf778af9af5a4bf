"""The table of the membership file's specification, from the text of the file to people."""

from collections.abc import Mapping
from datetime import date

import pytest

from sync.parse import parse
from sync.problems import Severity
from sync.vet import Vetted, VettingRules, vet


def read(text: str, readers: Mapping[str, str] | None = None) -> Vetted:
    """Parse and vet a file of these lines."""
    return vet(parse(f"{text}\n".encode(), "members.txt"), VettingRules(), date(2026, 1, 1), None, readers or {})


@pytest.mark.parametrize(
    ("line", "name", "slots", "phones"),
    [
        ('"John Doe, #1, .nl, +31 123456789" <john.doe@nic.nl>', "John Doe", "nl 1", "+31123456789"),
        ("“Jane Doe, #1, .vn, +84 123456789” jane.doe@nic.vn, jane@oarc.net", "Jane Doe", "vn 1", "+84123456789"),
        ("John Doe, #1, .nl, +31 123456789 <john.doe@nic.nl>", "John Doe", "nl 1", "+31123456789"),
        (
            "=?utf-8?b?UsOpZ2lzIEV4YW1wbGUsICMyLCAuZnIsICszMyAxIDAwIDAwIDAwIDAw?= <r@nic.example>",
            "Régis Example",
            "fr 2",
            "+33100000000",
        ),
        (
            "Régis Example, #2, .fr/.re/.pm/.yt/.tf/.wf, +33 1 00 00 00 00 <r@nic.example>",
            "Régis Example",
            "fr 2 re 2 pm 2 yt 2 tf 2 wf 2",
            "+33100000000",
        ),
        (
            '"R&#233;gis Example, #2, .fr, .re, +33 1 00 00 00 00" <r@nic.example>',
            "Régis Example",
            "fr 2 re 2",
            "+33100000000",
        ),
        (
            r""""Sean \(NOC\) O'Example, #3, .ie, +353 \(0\)86 123 4567" <sean@nic.example>""",
            "Sean (NOC) O'Example",
            "ie 3",
            "+353861234567",
        ),
        ('"Doe, Jr., John, #1, .us, +1 202 555 0100" <john@nic.example>', "Doe, Jr., John", "us 1", "+12025550100"),
        (
            '"Maria Example, #1, .do, +1 809 535-0111 #2141" <maria@nic.example>',
            "Maria Example",
            "do 1",
            "+18095350111;ext=2141",
        ),
        (
            '"Ana Example, #2, .mw, +265 1 000 000, +265 888 000 000" <ana@nic.example>',
            "Ana Example",
            "mw 2",
            "+2651000000 +265888000000",
        ),
        (
            '"Li Example, SSC #1, .tw / .台灣 / .台湾, +886-2-0000-0000 ext. 126, li@example.net" <li@nic.example>',
            "Li Example",
            "tw 1 xn--kpry57d 1 xn--kprw13d 1",
            "+886200000000;ext=126",
        ),
        ('"Иван Пример, #1, .рф, +7 (7222) 60-00-06" <ivan@nic.example>', "Иван Пример", "xn--p1ai 1", "+77222600006"),
        (
            '"Omar Example, #1, .مصر, +20 2 0000 0000" <omar@nic.example>',
            "Omar Example",
            "xn--wgbh1c 1",
            "+20200000000",
        ),
        ('"G. Example; #2; UK; 0044 1865 000000" <g@nic.example>', "G. Example", "uk 2", "+441865000000"),
    ],
)
def test_a_line_of_the_table_is_this_person(line: str, name: str, slots: str, phones: str) -> None:
    """Each line that the specification calls right is one contact with this name, these slots and these numbers."""
    result = read(line)
    ((contact, _),) = result.contacts
    assert contact.name == name
    assert " ".join(f"{label} {slot}" for label, slot in contact.slots) == slots
    assert " ".join(phone.number for phone in contact.phones) == phones
    assert {problem.code for problem in result.problems} <= {"invalid-phone", "no-out-of-band"}
    assert any(problem.code == "no-out-of-band" for problem in result.problems) == (len(contact.emails) == 1)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('"Kim Example #1 .kr +82 2 000 0000" <kim@nic.example>', "no-separators"),
        ('"Secretariat, ccNSO" <secretariat@icann.example>', "no-slot"),
        ("john@oarc.net", "address-only"),
        ('"Zoë Example, #4, .gb, +44 1865 000000" <zoe@nic.example>', "bad-slot"),
        ('"Max Example, #1, .example, +49 30 000000" <MAX@Example.DE>', "unknown-cctld"),
    ],
)
def test_a_line_of_the_table_is_this_error(line: str, code: str) -> None:
    """Each line that the specification refuses is no contact, and the reason is said once."""
    result = read(line)
    assert result.contacts == ()
    assert [problem.code for problem in result.problems if problem.severity is Severity.ERROR] == [code]


def test_a_lossy_export_is_a_warning() -> None:
    """A name that lost its letters is still a person."""
    result = read('"R?gis Example, #2, .fr, +33 1 00 00 00 00" <r@nic.example>')
    assert [contact.name for contact, _ in result.contacts] == ["R?gis Example"]
    assert "lossy-export" in [problem.code for problem in result.problems]


def test_a_reader_who_is_no_ssc_is_not_a_problem() -> None:
    """The secretariat's line is refused unless the configuration names it."""
    result = read('"Secretariat, ccNSO" <secretariat@icann.example>', {"secretariat@icann.example": "secretariat"})
    assert (result.problems, result.contacts, result.broken) == ((), (), ())
    assert result.listed == {"secretariat@icann.example"}


def test_a_line_twice_and_again_with_another_address() -> None:
    """One person with two addresses, and one warning for the line that is there twice."""
    line = '"John Doe, #1, .nl, +31 123456789" <john.doe@nic.nl>'
    result = read(f"{line}\n{line}\n{line.replace('john.doe@nic.nl', 'john@oarc.net')}")
    ((contact, origins),) = result.contacts
    assert contact.emails == ("john.doe@nic.nl", "john@oarc.net")
    assert [origin.line for origin in origins] == [1, 2, 3]
    assert [problem.origin.line for problem in result.problems if problem.code == "duplicate"] == [2]
