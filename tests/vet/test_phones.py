import re

import phonenumbers
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sync.vet.phones import MAX_TEXT, read_phones
from tests.vet.writings import OTHERS, PIECES, PLAIN, is_written, read_all

REGIONS = st.sampled_from(["NL", "US", "IT", "HN", "RU", "GB", "CI", None])
PHONELIKE = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)


def numbers(text: str, region: str | None = None) -> list[str]:
    """Return the numbers in `text`."""
    return [phone.number for phone in read_phones(text, region)[0]]


def codes(text: str, region: str | None = None) -> list[str]:
    """Return the codes of what there is to say about `text`."""
    return [finding.code for finding in read_phones(text, region)[1]]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("+33 1 00 00 00 00", "+33100000000"),
        ("+353 (0)86 123 4567", "+353861234567"),
        ("+1 809 535-0111 #2141", "+18095350111;ext=2141"),
        ("+265 888 000 000", "+265888000000"),
        ("+886-2-0000-0000 ext. 126", "+886200000000;ext=126"),
        ("+7 (7222) 60-00-06", "+77222600006"),
        ("+20 2 0000 0000", "+20200000000"),
        ("(+351) 211 308 200", "+351211308200"),
        ("] +46 (0) 8 123 456", "+468123456"),
        ("+31\u00a06\u00a012345678", "+31612345678"),
        ("\u202a+31 6 12345678\u202c", "+31612345678"),
        ("+31\u20116\u201112345678", "+31612345678"),
        ("+٣١ ٦ ١٢٣٤٥٦٧٨", "+31612345678"),
        ("＋３１　６　１２３４５６７８", "+31612345678"),
        ("+31.6.1234.5678", "+31612345678"),
        ("+31 6 12345678 (24/7)", "+31612345678"),
        ("+800 1234 5678", "+80012345678"),
    ],
)
def test_an_international_number_becomes_e164(text: str, number: str) -> None:
    """A number with its country code is read as it is meant, whatever stands between the digits; nothing is said."""
    assert numbers(text) == [number]
    assert codes(text) == []


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("+39 06 12345678", "+390612345678"),  # the zero is part of the number
        ("+39 (0)6 12345678", "+390612345678"),
        ("+225 (0)7 12345678", "+2250712345678"),
        ("+44 (0) 1865 000000", "+441865000000"),
        ("+44 [0]1865 000000", "+441865000000"),
        ("+7 (0) 495 1234567", "+74951234567"),  # the trunk prefix there is 8, so this zero is nothing
        ("+1 (0) 202 555 0100", "+12025550100"),
        ("0044 (0)1865 000000", "+441865000000"),
    ],
)
def test_a_trunk_zero_is_dropped_where_it_is_none_of_the_number(text: str, number: str) -> None:
    """A zero in brackets is dialled inside a country alone, but Italian and Ivorian numbers keep their zero."""
    assert numbers(text) == [number]
    assert codes(text) == []


@pytest.mark.parametrize("region", ["GB", "US", "NL", "HN", None])
@pytest.mark.parametrize("text", ["0044 1865 000000", "(0044) 1865 000000", "00 44 1865 000000"])
def test_the_international_prefix_is_understood_everywhere(text: str, region: str | None) -> None:
    """Two zeros and a country code are an international number even where one dials 011, and nothing is assumed."""
    assert numbers(text, region) == ["+441865000000"]
    assert codes(text, region) == []


@pytest.mark.parametrize(
    ("text", "region", "number"),
    [
        ("020 1234567", "NL", "+31201234567"),
        ("(0)20 1234567", "NL", "+31201234567"),
        ("8 495 123-45-67", "RU", "+74951234567"),
        ("1-202-555-0100", "US", "+12025550100"),
        ("06 12345678", "IT", "+390612345678"),
    ],
)
def test_a_national_number_is_one_of_the_region_and_that_is_said(text: str, region: str, number: str) -> None:
    """Without a country code the region decides, with a warning; without a region nobody guesses."""
    assert numbers(text, region) == [number]
    assert codes(text, region) == ["assumed-region"]
    assert numbers(text) == [text]
    assert codes(text) == ["phone-not-understood"]


def test_a_possible_number_is_kept_with_a_warning() -> None:
    """What is possible and not valid is dialled by those who know better: kept, and said."""
    assert numbers("+31 123456789") == ["+31123456789"]
    assert codes("+31 123456789") == ["invalid-phone"]


@pytest.mark.parametrize(
    ("text", "extension"),
    [
        *(("#2141", "2141"), (" # 2141", "2141"), (" ext. 126", "126"), ("x126", "126")),
        *((" Ext 5", "5"), (";ext=5", "5")),
        *((" extension: 5", "5"), (", ext 5", "5"), (" (ext. 5)", "5"), (" EXTN 5", "5")),
        (" доб. 5", "5"),
    ],
)
def test_an_extension_is_kept_apart(text: str, extension: str) -> None:
    """Every usual way to write an extension gives RFC 3966's form, and shows in the display."""
    phone = read_phones(f"+1 809 535-0111{text}", None)[0][0]
    assert phone.number == f"+18095350111;ext={extension}"
    assert phone.display == f"+1 809-535-0111 ext. {extension}"


@pytest.mark.parametrize(
    ("text", "region", "number"),
    [
        ("011 44 1865 000000", "US", "+441865000000"),
        ("001 65 6123 4567", "HK", "+6561234567"),
        ("0011 65 6123 4567", "AU", "+6561234567"),
        ("001 202 555 0100", "NL", "+12025550100"),
    ],
)
def test_the_international_prefix_of_the_region_is_understood(text: str, region: str, number: str) -> None:
    """Behind the prefix of the own country stands a country code, and behind 00 where no other prefix fits."""
    assert numbers(text, region) == [number]
    assert codes(text, region) == []


@pytest.mark.parametrize(
    ("text", "region", "number"),
    [
        ("4915112345678", "DE", "+4915112345678"),
        ("49 7755 91155", "DE", "+49775591155"),
        ("46 (0)8 123 456", "SE", "+468123456"),
        ("49(0)345279580", "DE", "+49345279580"),
        ("(31) 20 1234567", "NL", "+31201234567"),
    ],
)
def test_a_lost_plus_sign_is_restored_and_said(text: str, region: str, number: str) -> None:
    """Digits that begin with the own country code are the number with it where they are no national number."""
    assert numbers(text, region) == [number]
    assert codes(text, region) == ["assumed-region"]


@pytest.mark.parametrize(
    ("text", "region"),
    [
        *(("00 1 65 6123 4567", "NL"), ("+1 20 (0) 2", "US")),
        *(("001 65 6123 4567", region) for region in ("NL", "US", None)),  # 001, or 00 and the country code 1
        *(("+49 (0)8106/1234", "DE"), ("+49 8106 / 1234", "DE"), ("0721/9663-0", "DE"), ("+49 03375/56490", "DE")),
        *(("+43 1 505 / 6416", "AT"), ("+46 900 12 34 / 567", "SE"), ("+261 20 21 234/56", "MG")),
        *(("+(516) 733-8400", "US"), ("+(310) 555-0132", "US"), ("+8(495) 123-45-67", "RU"), ("+3 1 20 1234567", "NL")),
        *(("+91 22 26598000-05", "IN"), ("+43 1 234567890-05", "AT"), ("+43 800 123456 (9-17)", "AT")),
        *(("0262 30 10 00", "FR"), ("31612345678", "DE"), ("+31 6 12 34 56 24/7", "NL")),
        *(("**21*030123456#", "DE"), ("*31#0612345678", "NL"), ("#31#0612345678", "NL")),
        ("020 1234567, 7654321", "NL"),
    ],
)
def test_what_has_two_readings_is_kept_as_it_stands(text: str, region: str | None) -> None:
    """No number is made of what may be another one: the whole text stays, once."""
    assert numbers(text, region) == [text]
    assert codes(text, region) == ["phone-not-understood"]


@pytest.mark.parametrize(
    "text", ["31612345678.0", "+31612345678,0", "3,17E+10", "5,5119E+12", "5.5119e12", "-12345678"]
)
def test_what_a_spreadsheet_has_made_of_a_number_is_an_error(text: str) -> None:
    """The digits of a number in floating point are not its digits."""
    phones, findings = read_phones(text, "NL")
    assert [(phone.number, phone.dialable) for phone in phones] == [(text, False)]
    assert [(finding.code, finding.is_error) for finding in findings] == [("damaged", True)]


@pytest.mark.parametrize("remark", [" 24/7", " 24x7", " (24/7)", ", 24/7", " [24 x 7]"])
def test_around_the_clock_is_a_remark(remark: str) -> None:
    """24/7 is no number and no shorthand, wherever it stands."""
    assert numbers(f"+31 6 12345678{remark}") == numbers(f"{remark.strip(' ,')} +31 6 12345678") == ["+31612345678"]
    assert codes(f"+31 6 12345678{remark}") == []


@pytest.mark.parametrize(
    ("text", "region", "expected"),
    [
        ("+49 3877 902068 or 79195", "DE", ["+493877902068", "79195"]),
        ("+43 1 5056416, 5056417", "AT", ["+4315056416", "5056417"]),
        ("+31 26 3525500, 3525501", "NL", ["+31263525500", "3525501"]),
        ("+31 20 1234567 / 020 7654321", "NL", ["+31201234567", "020 7654321"]),
        ("+31 20 1234567 / 0044 1865 000000", "NL", ["+31201234567", "0044 1865 000000"]),
        ("+1 202 555 0100 and 202 555 0101 (fax)", "US", ["+12025550100", "202 555 0101 (fax)"]),
        ("tel. +31 20 1234567, fax 7654321; +31 6 12345678", "NL", ["+31201234567", "fax 7654321", "+31612345678"]),
    ],
)
def test_a_second_number_without_country_code_is_kept_as_text(text: str, region: str, expected: list[str]) -> None:
    """Nobody knows which area code it has: what stands before it is read, and the rest kept as it is written."""
    assert numbers(text, region) == expected
    assert codes(text, region).count("phone-not-understood") == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("+504 2235 4141/42/43", ["+50422354141", "+50422354142", "+50422354143"]),
        ("+504 2235 4141 / 42", ["+50422354141", "+50422354142"]),
        ("+504 2235 4141/02", ["+50422354141", "+50422354102"]),
        ("020 1234567/68", ["+31201234567", "+31201234568"]),
        ("+31 20 1234567/+31 6 12345678", ["+31201234567", "+31612345678"]),
    ],
)
def test_digits_behind_a_slash_are_another_number(text: str, expected: list[str]) -> None:
    """Up to four digits behind a slash replace the last digits of the number before, if that leaves one reading."""
    assert numbers(text, "NL") == expected
    assert "phone-not-understood" not in codes(text, "NL")


@pytest.mark.parametrize(
    "text",
    [
        "+504 2235 4141/4242/43",  # 4143 or 4243?
        "+31 20 1234567 ext 5/6",  # another extension or another number?
        "+31 20 1234567/68 ext 6",
        *("+31 20 1234567/99999999999999", "+31 20 1234567/7654321", "+39 06 12345678/06 87654321"),
        "+43 1 5056416/20",  # another number or an extension?
        "+504 235 4141/42/43",  # libphonenumber does not find 7 digits possible there
        "020 1234567/68",  # national, and no region
    ],
)
def test_shorthand_that_is_not_clear_is_kept_as_text(text: str) -> None:
    """Where shorthand could mean several numbers or none, the whole text stays as it is, said once, digits unjoined."""
    assert numbers(text) == [text]
    assert codes(text) == ["phone-not-understood"]


@pytest.mark.parametrize(
    "separator", [" ", "/ ", ", ", "; ", " or ", " and ", " & ", " | "], ids=["space", *"/,;", "or", "and", *"&|"]
)
def test_two_numbers_in_one_text_are_two(separator: str) -> None:
    """Two international numbers are two, whatever stands between them."""
    assert numbers(f"+31 6 12345678{separator}+31 20 1234567") == ["+31612345678", "+31201234567"]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("+31 6 12345678", "cell"),
        ("+31 20 1234567", "voice"),
        ("+1 202 555 0100", "voice"),  # fixed or mobile: nobody knows
        ("mobile: +1 202 555 0100", "cell"),
        ("M: +1 202 555 0100", "cell"),
        ("mob. +31 20 1234567", "voice"),  # the numbering plan says that it is none
        ("fax +31 20 1234567", "fax"),
        ("+31 20 1234567 (fax)", "fax"),
        ("Tel/Fax: +31 20 1234567", "voice"),
        ("tel. +31 6 12345678", "cell"),
        ("pager +1 202 555 0100", "pager"),
        ("tel:+31-20-1234567", "voice"),
    ],
)
def test_the_kind_is_that_of_the_number_unless_it_leaves_it_open(text: str, kind: str) -> None:
    """The numbering plan says what is mobile; a label says it where the plan does not, and always what is a fax."""
    phones, findings = read_phones(text, None)
    assert [phone.kind for phone in phones] == [kind]
    assert findings == []


@pytest.mark.parametrize("text", ["NOC: +31 20 1234567", "+31 20 1234567 (office hours)", "+31 20 1234567, NOC"])
def test_words_beside_a_number_are_left_out_and_said(text: str) -> None:
    """Words that are no label do not spoil the number, and do not vanish silently."""
    assert numbers(text) == ["+31201234567"]
    assert codes(text) == ["phone-remark"]


@pytest.mark.parametrize(
    "text",
    [
        *("n/a", "-", "+", "00", "112", "+31", "+31 6 1", "+1 2354141", "+999 12345678"),
        "+31 6 12345678 ask Jane",
        *("+1 800 FLOWERS", "+31 6 1234567²", "+31 6 123x4567", "*31#0612345678"),
        "sip:+31612345678@nic.example",
        *("call 0612345678", "+31 6 12345678 (9-17)", "+0044 1865 000000", "+020 1234567", "ext. 5"),
        "+31 6 12345678" * 20,
    ],
)
def test_what_is_not_understood_is_kept_as_it_stands(text: str) -> None:
    """Nothing is dialled that is not certain to be the number: the text is kept, not dialable, with a warning."""
    phones, findings = read_phones(text, "NL")
    assert [(phone.number, phone.display, phone.dialable) for phone in phones] == [(text, text, False)]
    assert [finding.code for finding in findings] == ["phone-not-understood"]


@pytest.mark.parametrize("mark", ["not dialled: ", "Not dialled:  ", "NOT DIALLED: "])
def test_a_text_can_be_kept_from_being_dialled(mark: str) -> None:
    """Behind these words stands a text, whatever number could be read from it."""
    assert numbers(f"{mark}020 1234567", "NL") == ["020 1234567"]
    assert not any(phone.dialable for phone in read_phones(f"{mark}+31 20 1234567", "NL")[0])


def test_two_numbers_that_are_too_short_stay_two() -> None:
    """A slash between two plus signs separates two numbers even where neither can be dialled."""
    assert numbers("+31 6 1/ +31 6 2") == ["+31 6 1", "+31 6 2"]


def test_no_text_is_no_number() -> None:
    """White space is not a number that could not be understood."""
    assert read_phones(" \u00a0", "NL") == ([], [])


def test_a_number_twice_is_one() -> None:
    """The same number in two spellings is one."""
    assert numbers("+31 6 12345678 / +31-6-12345678") == ["+31612345678"]


@settings(deadline=None)
@given(st.one_of(PHONELIKE, st.text(max_size=300)), REGIONS)
@example("1" * MAX_TEXT, "NL")
@example("/1" * (MAX_TEXT // 2), "NL")
@example("(+" * (MAX_TEXT // 2), "US")
def test_every_text_is_a_number_or_kept(text: str, region: str | None) -> None:
    """Any text gives E.164 numbers that libphonenumber finds possible, or text that is kept and said."""
    phones, findings = read_phones(text, region)
    assert bool(phones) == bool(text.strip())
    kept = [phone for phone in phones if not phone.dialable]
    assert len(kept) <= sum(finding.code in ("phone-not-understood", "damaged") for finding in findings)
    assert bool(kept) == any(finding.code in ("phone-not-understood", "damaged") for finding in findings)
    invalid = set()
    for phone in phones:
        assert phone.number
        if phone.dialable:
            assert re.fullmatch(r"\+[1-9][0-9]{1,16}(;ext=[0-9]{1,11})?", phone.number)
            number = phonenumbers.parse(phone.number.partition(";")[0], None)
            assert phonenumbers.is_possible_number(number)
            if not phonenumbers.is_valid_number(number):
                invalid.add(phone.number)
    assert bool(invalid) == any(finding.code == "invalid-phone" for finding in findings)


@settings(deadline=None)
@given(st.one_of(PHONELIKE, st.text(max_size=300)), REGIONS)
def test_every_message_is_one_printable_line(text: str, region: str | None) -> None:
    """What is said about a number can be shown on a terminal, whatever the number is."""
    for finding in read_phones(text, region)[1]:
        assert finding.message.isprintable()


@given(st.from_regex(r"\+31 20 [0-9]{3} [0-9]{4}", fullmatch=True), st.from_regex(r"[0-9]{1,12}", fullmatch=True))
def test_digits_behind_a_slash_are_never_appended(number: str, more: str) -> None:
    """No number that is read from "A/B" begins with the whole of A and goes on."""
    (whole,) = numbers(number)
    assert not [other for other in numbers(f"{number}/{more}") if other != whole and other.startswith(whole)]


@settings(deadline=None)
@given(PHONELIKE, REGIONS)
def test_what_is_kept_is_kept_as_it_is_written(text: str, region: str | None) -> None:
    """A text that does not dial is a part of what was written, with every character."""
    assert all(phone.dialable or phone.number in text for phone in read_phones(text, region)[0])


@settings(deadline=None)
@given(PHONELIKE, REGIONS)
def test_no_number_is_made_of_digits_from_two_places(text: str, region: str | None) -> None:
    """What dials is all the digits of one place of the text, with the country code, or shorthand behind a slash."""
    for phone in read_phones(text, region)[0]:
        assert not phone.dialable or is_written(phone.number, text, region), phone.number


@pytest.mark.parametrize(
    ("number", "text", "written"),
    [
        ("+31612345678", "06 12345678", True),
        ("+31612345678", "0031 (0)6 12345678; 12", True),
        ("+31612345679", "06 12345678/79", True),
        ("+3161234567824", "06 12345678 24/7", False),
        ("+31612345678", "06 12345 / 678", False),
        ("+31612345678", "06 12345678 9", False),
        ("+31612345679", "06 12345678", False),
    ],
)
def test_the_check_knows_what_is_written(number: str, text: str, written: bool) -> None:
    """The check itself sees a digit more, a digit less, another digit, and two places."""
    assert is_written(number, text, "NL") == written


@pytest.mark.parametrize("name", [*PLAIN, *OTHERS])
def test_no_number_of_any_country_is_read_as_another_one(name: str) -> None:
    """Each eighth number of any kind and region, in a way of writing: only what was meant; plain ones are read."""
    outcome = read_all(name, "test", every=8)
    assert not outcome.wrong
    assert outcome.texts > 250
    assert name not in PLAIN or outcome.understood >= 0.95 * outcome.texts
