from collections.abc import Mapping
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.parse.headings import FURTHER
from sync.vet.columns import merge_columns, read_columns

from .entries import TODAY

NAMES = list(FURTHER)
FINGERPRINT = "0123 4567 89AB CDEF 0123  4567 89AB CDEF 0123 4567"


def codes(**cells: str) -> list[str]:
    """Return the codes of what there is to say about a row with these cells."""
    return [finding.code for finding in read_columns(cells, TODAY)[2]]


def value(name: str, text: str) -> object:
    """Return what is read from one cell."""
    return read_columns({name: text}, TODAY)[0][name]


@pytest.mark.parametrize(
    ("name", "text", "wanted"),
    [
        ("organisation", " SIDN ", "SIDN"),
        ("languages", "en; pt-BR\nzh-Hant,en", ("en", "pt-BR", "zh-Hant")),
        ("timezone", "Europe/Amsterdam", "Europe/Amsterdam"),
        ("timezone", "America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"),
        ("timezone", "Etc/GMT+3", "Etc/GMT+3"),
        ("timezone", "UTC", "UTC"),
        ("pgp_fingerprint", FINGERPRINT, FINGERPRINT.replace(" ", "")),
        ("pgp_fingerprint", "0x" + "ab" * 20, "AB" * 20),
        ("pgp_fingerprint", ":".join(["ab"] * 32), "AB" * 32),
        ("pgp_url", "https://nic.example/key.asc?a=1#k", "https://nic.example/key.asc?a=1#k"),
        ("appointed_by", "Admin", "admin"),
        ("appointed_by", "tech", "tech"),
        ("appointed_on", "2025-02-28", date(2025, 2, 28)),
        ("confirmed_on", str(TODAY), TODAY),
        ("confirmed_on", str(TODAY + timedelta(days=1)), TODAY + timedelta(days=1)),  # tomorrow is today further east
        ("note", "a; b", "a; b"),
        ("note", "no", "no"),
        ("signal", "+31 6 1234-5678", "+31612345678"),
        ("signal", "jane_d.01", "jane_d.01"),
        ("signal", "https://signal.me/#p/+31612345678", "https://signal.me/#p/+31612345678"),
        ("whatsapp", "0031 (6) 12345678", "+31612345678"),
        ("whatsapp", "+31 (0)6 12345678", "+31612345678"),
        ("whatsapp", "https://wa.me/31612345678", "https://wa.me/31612345678"),
        ("matrix", "@jane.doe:nic.example", "@jane.doe:nic.example"),
        ("matrix", "@jane=2d:chat.nic.example:8448", "@jane=2d:chat.nic.example:8448"),
        ("matrix", "https://matrix.to/#/@jane:nic.example", "https://matrix.to/#/@jane:nic.example"),
    ],
)
def test_a_value_of_the_right_form_is_kept(name: str, text: str, wanted: object) -> None:
    """Each column takes the values that its form allows, normalised, and nothing is said."""
    assert value(name, text) == wanted
    assert codes(**{name: text}) == []


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("languages", "english", "bad-column"),
        ("languages", "en; ???", "bad-column"),
        ("timezone", "CET", "bad-column"),
        ("timezone", "+01:00", "bad-column"),
        ("timezone", "Europe/", "bad-column"),
        ("timezone", "Europe/Amster dam", "bad-column"),
        ("pgp_fingerprint", "0123456789ABCDEF", "bad-column"),
        ("pgp_fingerprint", "G" * 40, "bad-column"),
        ("pgp_url", "http://nic.example/key.asc", "bad-column"),
        ("pgp_url", "https://nic.example/ key", "bad-column"),
        ("pgp_url", "javascript:alert(1)", "bad-column"),
        ("appointed_by", "the minister", "bad-column"),
        *(
            ("signal", text, "bad-column")
            for text in ("jane", "j.1", "jane doe.01", "ask me", "12", "-", "x@nic.example")
        ),
        *((name, "0170 1234567", "bad-column") for name in ("signal", "whatsapp")),  # the country code is missing
        ("whatsapp", "https://wa.me/01701234567", "bad-column"),
        ("signal", "https://signal.me/#p/01701234567", "bad-column"),
        *(("whatsapp", text, "bad-column") for text in ("+31 6 12345678 ext 5", "+31 6 12345678; +31 20 1234567")),
        *(("whatsapp", text, "bad-column") for text in ("jane", "jane.01", "yes", "1" * 16, "https://nic.example/")),
        *(("matrix", text, "bad-column") for text in ("jane", "jane:nic.example", "@jane", "@a b:nic.example", "@:x")),
        *((name, "N/A", "bad-column") for name in ("organisation", "role", "signal", "evidence", "note", "timezone")),
        *(("organisation", text, "bad-column") for text in ("n/a", "-", "none", "?", "–", "None", "#N/A")),
        ("confirmed_on", "N/A", "bad-column"),
        ("appointed_on", "28/02/2025", "bad-date"),
        ("appointed_on", "20250228", "bad-date"),
        ("confirmed_on", "2025-02-30", "bad-date"),
        ("confirmed_on", "2025-W05-1", "bad-date"),
        ("confirmed_on", "٢٠٢٥-02-28", "bad-date"),
        ("confirmed_on", str(TODAY + timedelta(days=2)), "future-date"),
        ("appointed_on", "9999-12-31", "future-date"),
    ],
)
def test_a_value_of_the_wrong_form_is_left_out_and_said(name: str, text: str, code: str) -> None:
    """What does not have the column's form never reaches a card, and the message says that it is not used."""
    columns, _, findings = read_columns({name: text}, TODAY)
    assert columns == {}
    assert [finding.code for finding in findings] == [code]
    assert name in findings[0].message
    assert "not used" in findings[0].message


def test_an_empty_cell_says_nothing() -> None:
    """Empty and unknown columns have no value and are no problem here."""
    assert read_columns(dict.fromkeys([*NAMES, "shoe_size"], " "), TODAY) == ({}, frozenset(), ())


@given(st.dictionaries(st.sampled_from(NAMES), st.text()), st.dates())
def test_any_cell_is_read_or_left_out(cells: Mapping[str, str], today: date) -> None:
    """Any text gives a value or a finding for its own column, on any day."""
    columns, _, findings = read_columns(cells, today)
    assert {finding.code for finding in findings} <= {"bad-column", "bad-date", "future-date"}
    said = {finding.message.partition(":")[0] for finding in findings}
    assert said == {name for name, text in cells.items() if text.strip() and name not in columns}


def test_columns_of_one_person_add_up() -> None:
    """Values that stand in one entry alone are kept, languages and texts add up, the latest confirmation counts."""
    first = {
        "role": "CTO",
        "languages": ("nl", "en"),
        "confirmed_on": date(2025, 1, 1),
        "note": "a",
        "signal": "+31612345678",
    }
    second = {
        "role": "CTO",
        "languages": ("en", "fr"),
        "confirmed_on": date(2026, 1, 1),
        "note": "b",
        "matrix": "@j:nic.example",
    }
    merged, contradictions = merge_columns([first, second])
    assert contradictions == ()
    assert merged == {
        "role": "CTO",
        "languages": ("nl", "en", "fr"),
        "confirmed_on": date(2026, 1, 1),
        "note": "a; b",
        "signal": "+31612345678",
        "matrix": "@j:nic.example",
    }


def test_two_values_contradict_each_other() -> None:
    """Where a column has one value and the entries give two, nobody guesses: the column is named."""
    first = {"role": "CTO", "organisation": "A", "appointed_on": date(2025, 1, 1)}
    second = {"role": "CEO", "organisation": "A", "appointed_on": date(2025, 1, 2)}
    assert merge_columns([first, second])[1] == ("role", "appointed_on")
