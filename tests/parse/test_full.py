"""The full name taken apart: anchor, ccTLDs, telephones, out-of-band address."""

import pytest

from tests.parse.reading import codes, only_record


def entry(full: str) -> str:
    """Return a line with this full name."""
    return f"{full} <j@nic.nl>"


@pytest.mark.parametrize(
    ("full", "name", "slot"),
    [
        ("J Doe, #1, .nl", "J Doe", 1),
        ("J Doe, SSC #2, .nl", "J Doe", 2),
        ("J Doe; ssc#3; .nl", "J Doe", 3),
        ("J Doe, SSC, #1, .nl", "J Doe", 1),
        ("J Doe; ssc; # 1; .nl", "J Doe", 1),
        ("J Doe ,# 1 ,.nl", "J Doe", 1),
        ("Doe, J., #1, .nl", "Doe, J.", 1),
        ("Doe; J, #1, .nl", "Doe; J", 1),
        ("J Doe,, #1, .nl", "J Doe", 1),
        ("Team #2 Lead, #1, .nl", "Team #2 Lead", 1),
        ("J Doe, #0, .nl", "J Doe", 0),
        ("J Doe, #999, .nl", "J Doe", 999),
        ("محمد, #1, .nl", "محمد", 1),
        ("علی\u200cرضا, #1, .nl", "علی\u200cرضا", 1),
    ],
)
def test_the_first_field_that_is_a_slot_is_the_anchor(full: str, name: str, slot: int) -> None:
    """What stands before it is the name, with its commas; whether the list has such a slot is not asked here."""
    record = only_record(entry(full))
    assert (record.name, record.slot, record.cctlds, record.problems) == (name, slot, ("nl",), ())


@pytest.mark.parametrize(
    ("field", "cctlds"),
    [
        (".nl", "nl"),
        (".NL", "NL"),
        ("UK", "UK"),
        ("uk/gb", "uk gb"),
        (".fr/re/pm", "fr re pm"),
        (".fr & .re", "fr re"),
        (".fr .re", "fr re"),
        (".fr, .re; .pm", "fr re pm"),
        (".xn--p1ai", "xn--p1ai"),
        ("xn--p1ai", "xn--p1ai"),
        ("рф", "рф"),
        ("。台灣", "台灣"),
        (".ලංකා", "ලංකා"),
        (".இலங்கை", "இலங்கை"),
        (".भारत / .ไทย", "भारत ไทย"),
        ("\u200f.مصر\u200f", "مصر"),
        ("\u202b.مصر\u202c/\u2067.ایران\u2069", "مصر ایران"),
    ],
)
def test_cctlds_are_labels_as_written_without_dot_and_direction_marks(field: str, cctlds: str) -> None:
    """Dots, separators and scripts as people write them."""
    record = only_record(entry(f"J Doe, #1, {field}, +31 1"))
    assert (record.cctlds, record.phones, record.problems) == (tuple(cctlds.split()), ("+31 1",), ())


@pytest.mark.parametrize(
    ("fields", "phones"),
    [
        ("+504 235 4141/42/43", ["+504 235 4141/42/43"]),
        ("(+351) 211 308 200", ["(+351) 211 308 200"]),
        ("] +46 (0) 8 000 000", ["] +46 (0) 8 000 000"]),
        ("+46\u00a08\u00a0000", ["+46 8 000"]),
        ("+1 809 535 0111, #2141", ["+1 809 535 0111 #2141"]),
        ("+1 809 535 0111, ext. 5", ["+1 809 535 0111 ext. 5"]),
        ("+1 809 535 0111 x5; x6", ["+1 809 535 0111 x5 x6"]),
        ("+18095350111;ext=2141", ["+18095350111;ext=2141"]),
        ("tel. +31 1; mobile +31 2", ["tel. +31 1", "mobile +31 2"]),
        ("see the website", ["see the website"]),
        ("n/a", ["n/a"]),
        ("-", ["-"]),
        ("", []),
    ],
)
def test_telephone_text_is_kept_as_it_stands(fields: str, phones: list[str]) -> None:
    """Nothing is lost or joined that a person would not; what a number means is for vetting to find out."""
    record = only_record(entry(f"J Doe, #1, .nl, {fields}"))
    assert (list(record.phones), record.problems) == (phones, ())


@pytest.mark.parametrize("field", ["no", "NA", "рф", "is/to"])
def test_a_word_that_may_be_a_cctld_is_never_guessed_at(field: str) -> None:
    """Behind ".nl", "no" and "NA" may mean that there is no telephone, so they are neither Norway nor a number."""
    for full in (f"J Doe, #1, .nl, {field}", f"J Doe, #1, .nl, +31 1, {field}"):
        record = only_record(entry(full))
        assert codes(record) == ["not-understood"]
        assert record.cctlds == ("nl",)


def test_a_dotted_cctld_counts_wherever_it_stands() -> None:
    """A dot says that it is a ccTLD, also behind a number."""
    record = only_record(entry("J Doe, #1, .nl, +31 1, .be"))
    assert (record.cctlds, record.phones, record.problems) == (("nl", "be"), ("+31 1",), ())


def test_out_of_band_addresses_are_told_from_numbers() -> None:
    """Every field with an at-sign is an address, and has to be a whole one."""
    record = only_record(entry("J Doe, #1, .nl, +31 1, j@oarc.net, j@example.org"))
    assert record.out_of_band == ("j@oarc.net", "j@example.org")
    assert codes(only_record(entry("J Doe, #1, .nl, +31 1, oob: j@oarc.net"))) == ["no-separators"]
    assert codes(only_record(entry("J Doe, #1, .nl, +31 1, j@oarc"))) == ["bad-address"]


def test_an_address_behind_other_text_is_one_fault_that_says_so() -> None:
    """A missing comma before an address is one problem that quotes the field, not one a word."""
    record = only_record(entry("J Doe, #1, .nl, +31 20 531 7001 j@oarc.net"))
    (problem,) = record.problems
    assert (problem.code, record.broken) == ("no-separators", True)
    assert "an address follows other text without a comma: “+31 20 531 7001 j@oarc.net”" in problem.message
    assert "+31;" not in problem.message


@pytest.mark.parametrize(
    ("full", "code"),
    [
        ("#1, .nl, +31 1", "no-name"),
        ("SSC, #1, .nl, +31 1", "no-name"),
        ("J Doe, #1, +31 1", "no-cctld"),
        ("J Doe, #1", "no-cctld"),
        ("J Doe, #1, Netherlands, +31 1", "no-cctld"),
        ("J Doe, #1, .co.uk, +44 1", "bad-cctld"),
        ("J Doe, #1, .tw / .??, +886 2", "bad-cctld"),
        ("J Doe, #1, ., +31 1", "bad-cctld"),
        ("J Doe, #1, .nl +31 1", "no-separators"),
        ("J Doe #1, .nl, +31 1", "no-separators"),
        ("J Doe, #1 .nl, +31 1", "no-separators"),
        ("J Doe, .nl, +31 1", "no-slot"),
        ("J Doe, #1234, .nl, +31 1", "bad-slot"),
        ("J Doe, #99999999999, .nl, +31 1", "bad-slot"),
        ("J Doe, #1, .nl, #2, .be, +31 1", "not-understood"),
        ("J Doe, #1, .nl, +31 1, #2, .be, +32 1", "not-understood"),
        ('J Doe, #1, .nl, +31 "1"', "not-understood"),
        ("J Doe, #1, .nl, \u202a+31 1\u202c", "forbidden-character"),
        ("J\u202eDoe, #1, .nl, +31 1", "forbidden-character"),
        ("J\ufffdDoe, #1, .nl, +31 1", "forbidden-character"),
        ("J\u3164Doe, #1, .nl, +31 1", "forbidden-character"),
        ("J\u115fDoe, #1, .nl, +31 1", "forbidden-character"),
        ("J\u034fDoe, #1, .nl, +31 1", "forbidden-character"),
        ("J\u2800Doe, #1, .nl, +31 1", "forbidden-character"),
    ],
)
def test_what_is_not_understood_is_an_error_with_its_reason(full: str, code: str) -> None:
    """Each way to be wrong has its own code; message, remedy and quotation are there, and the address is kept."""
    record = only_record(entry(full))
    assert codes(record) == [code]
    (problem,) = record.problems
    assert problem.severity == "error"
    assert problem.message
    assert problem.remedy.endswith(".")
    assert problem.text.isprintable()
    assert record.listed == ("j@nic.nl",)


@pytest.mark.parametrize("name", ["R?gis", "Zo?", "?va Example", "???? ??????", "Mar?a Nu?ez"])
def test_question_marks_in_place_of_letters_are_a_lossy_export(name: str) -> None:
    """One warning a record; the record stays usable."""
    record = only_record(entry(f"{name}, #1, .nl, +31 1"))
    assert codes(record) == ["lossy-export"]
    assert record.name == name


def test_limits_refuse_what_no_person_has() -> None:
    """More fields than the limit, or a longer line, is an error, and is not carried on. Vetting has more limits."""
    for full in (
        "J Doe, #1, .nl" + ", +31 1" * 10_000,
        f"J{chr(0x301) * 31}, #1, .nl",
        "J" * 1_000_000,
    ):
        record = only_record(entry(full))
        assert "too-long" in codes(record), full[:40]
        assert max(len(record.name), len(record.phones), len(record.out_of_band), len(record.cctlds)) <= 1000


def test_a_line_beyond_the_limit_is_not_taken_apart() -> None:
    """It belongs to nobody: not even its address is believed."""
    record = only_record(f"# a line of 64 KiB and one character\n{entry('J, #1, .nl' + ', ' * 32_800)}\n")
    assert (codes(record), record.origin.line, record.name, record.listed) == (["too-long"], 2, "", ())


@pytest.mark.parametrize("phone", ["5,5119E+12", "3,17E+10", "31612345678,0", "31612345678,00"])
def test_a_decimal_comma_separates_nothing(phone: str) -> None:
    """What a spreadsheet has made of a number is not two numbers."""
    assert only_record(entry(f"J Doe, #1, .nl, {phone}")).phones == (phone,)
    assert only_record(entry(f"J Doe, #1, .nl, {phone}, +31 1")).phones == (phone, "+31 1")
