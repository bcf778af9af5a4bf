"""Invented telephone numbers, from the ranges that are set aside for drama where a country has them.

Elsewhere a number has the beginning of the country's example number, then as many zeros as its plan allows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

_TAIL = "N"
# National significant numbers, N for any digit: Ofcom, ACMA, Arcep, Bundesnetzagentur, PTS and ComReg name these.
_DRAMA: Mapping[str, tuple[str, ...]] = {
    "GB": ("7700900NNN", "1632960NNN"),
    "AU": ("491570NNN", "25550NNNN"),
    "FR": ("19900NNNN", "63998NNNN"),
    "DE": ("3023125NNN", "17139200NN"),
    "SE": ("8465004NN", "70174061N"),
    "IE": ("2091NNNNN",),
}
_LIKE: Mapping[str, str] = {"GG": "GB", "JE": "GB", "IM": "GB", "CC": "AU", "CX": "AU"}


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers that differ in the last `free` digits. `shown` is one of them in international format."""

    country_code: int
    free: int
    shown: str
    trunk_zero: bool

    def number(self, tail: int) -> str:
        """Return the number whose last digits are those of `tail`, in international format."""
        digits = list(f"{tail % 10**self.free:0{self.free}}")
        return "".join(digits.pop() if digits and char.isdigit() else char for char in reversed(self.shown))[::-1]


@lru_cache(maxsize=512)
def ranges(region: str) -> Sequence[Range]:
    """Return the ranges of a country (ISO 3166 code), the mobile one first where there are two. Never empty."""
    region = _LIKE.get(region, region)
    code = phonenumbers.country_code_for_region(region)
    if code == 1:
        return (_range(region, code, _example(region, PhoneNumberType.MOBILE)[:3] + "55501NN"),)
    patterns = _DRAMA.get(region)
    if patterns is None:
        kinds = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE)
        patterns = tuple(_zeroed(code, digits) for kind in kinds if (digits := _example(region, kind)))
    return tuple(_range(region, code, pattern) for pattern in patterns)


def draw_phones(rng: Random, region: str, count: int) -> tuple[str, ...]:
    """Return that many numbers of a country, each written in one of the ways in which people write them."""
    found: dict[str, None] = {}
    while len(found) < count:
        found[_write(rng, rng.choice(ranges(region)))] = None
    return tuple(found)


def _example(region: str, kind: int) -> str:
    number = phonenumbers.example_number_for_type(region, kind)
    return phonenumbers.national_significant_number(number) if number else ""


def _zeroed(code: int, digits: str) -> str:
    """Return the pattern of a valid number with as many zeros as can be, or else the possible one that `digits` is."""
    free = 3 if len(digits) > 7 else 2
    for kept in range(1, len(digits) - free):
        pattern = digits[:kept] + "0" * (len(digits) - free - kept) + _TAIL * free
        if all(_is_valid(code, pattern.replace(_TAIL, digit)) for digit in "0149"):
            return pattern
    return digits[:-free] + _TAIL * free


def _is_valid(code: int, national: str) -> bool:
    return phonenumbers.is_valid_number(phonenumbers.parse(f"+{code}{national}"))


def _may_be_shortened(shown: str) -> bool:
    """Whether a digit behind a slash can only replace the last one: with one more the number is none."""
    digits = "".join(filter(str.isdigit, shown))
    number = phonenumbers.parse(f"+{digits}")
    long = len(phonenumbers.national_significant_number(number)) >= 7
    longer = (
        _is_valid(number.country_code or 0, f"{digits.removeprefix(str(number.country_code))}{digit}") for digit in "29"
    )
    return long and phonenumbers.is_valid_number(number) and not any(longer)


def _range(region: str, code: int, pattern: str) -> Range:
    number = phonenumbers.parse(f"+{code}{pattern.replace(_TAIL, '0')}")
    shown = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
    # Italy keeps its zero, so that its libphonenumber region has no trunk prefix.
    return Range(code, pattern.count(_TAIL), shown, phonenumbers.ndd_prefix_for_region(region, True) == "0")


def _write(rng: Random, numbers: Range) -> str:
    shown = numbers.number(rng.randrange(10**numbers.free))
    country, _, national = shown.partition(" ")
    kind = rng.randrange(100)
    if kind < 62:
        return shown
    if kind < 72:
        return "+" + "".join(filter(str.isdigit, shown))
    if kind < 80:
        return shown.replace(" ", "-")
    if kind < 85:  # "001" is also the international prefix of other countries
        return f"00{shown[1:]}" if numbers.country_code != 1 else shown
    if kind < 91 and numbers.trunk_zero:
        return f"{country} (0){national}"
    if kind < 94:
        return f"{shown} {rng.choice(('ext. ', 'x', '#'))}{rng.randrange(100, 10_000)}"
    if kind < 96:
        short = f"{shown[:-1]}1", rng.randrange(2, 10)
        return f"{short[0]}/{short[1]}" if national[-2:].isdigit() and _may_be_shortened(short[0]) else shown
    if kind < 98:
        return f"{shown} (mobile)" if rng.random() < 0.5 else f"tel. {shown}"
    return f"({country}) {national}"
