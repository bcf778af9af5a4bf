"""Reads the digits of one telephone number: with its country code, behind a prefix, or as a national number.

Where they may be two numbers, they are none.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumber, PhoneNumberFormat, PhoneNumberType

# The patterns of all countries are more than `re` keeps: without this, most are compiled again for every number.
phonenumbers.enable_pattern_cache()

_TRUNK_ZERO = re.compile(r"(\d{1,3})[\s.)\]-]*[(\[]\s*0\s*[)\]]")


@dataclass(frozen=True, slots=True)
class Reading:
    """A number that libphonenumber finds possible, and its digits behind the country code.

    `type` is UNKNOWN where the number is not valid; `assumed` is the region of a number without country code.
    """

    number: PhoneNumber
    national: str
    type: int
    assumed: str = ""

    @property
    def valid(self) -> bool:
        """Whether the numbering plan uses such numbers."""
        return self.type != PhoneNumberType.UNKNOWN

    @property
    def e164(self) -> str:
        """The number with its country code."""
        return f"+{self.number.country_code}{self.national}"


def read_number(text: str, region: str | None) -> Reading | None:
    """Read digits, spaces, hyphens, dots and brackets, with or without a plus sign in front.

    Without it, the number stands behind 00 or behind the international prefix of the region, or it has lost its plus
    sign, or it is a national number. A prefix of other countries is not read, but it is a second reading.
    """
    text = text.lstrip("([ ")
    if text.startswith("+"):
        return _international(text[1:])
    metadata = PhoneMetadata.metadata_for_region(region) if region else None
    own = re.match((metadata and metadata.international_prefix) or "00", text)
    prefix = own[0] if own and len(own[0]) > 1 else "00"  # Cape Verde dials 0, as others do before an area code
    code = str(phonenumbers.country_code_for_region(region)) if region else "-"
    home = (_international(text) if text.startswith(code) else None, _national(text, region) if region else None)
    assumed = [replace(reading, assumed=region or "") for reading in home if reading and reading.valid]
    known = [_international(text[len(start) :]) for start in {"00", prefix} if text.startswith(start)]
    unread = [start for start in {"001", "0011", "011"} - {prefix} if text.startswith(start)]
    unread += ["0"] if digits(text).startswith(f"0{code}") else []  # the country code in the place of an area code
    unread += [""] if own and prefix[0] != "0" else []  # the prefix may be a country code that has lost its plus
    others = [_international(text[len(start) :]) for start in unread]
    reading = _only([*known, *assumed, *others])
    # "001 65" is not 00 and the country code 1.
    unclear = reading and not reading.valid and reading.number.country_code == 1
    return None if unclear or reading in others else reading


def _national(text: str, region: str) -> Reading | None:
    """Read a complete national number: its digits are those of libphonenumber's national format."""
    reading = parse_number(digits(text), region)
    shown = phonenumbers.format_number(reading.number, PhoneNumberFormat.NATIONAL) if reading else ""
    return reading if digits(shown) == digits(text) else None


def _international(text: str) -> Reading | None:
    """Read a number that begins with its country code, in one piece and outside of a bracket of its own."""
    text = text.lstrip(" .-)]")
    written = digits(text)
    reading = parse_number(f"+{written}")
    if zero := _TRUNK_ZERO.match(text):
        # "(0)" is dialled inside the country alone, but for the countries whose numbers keep their zero (Italy).
        dropped = parse_number(f"+{zero[1]}{digits(text[zero.end() :])}")
        region = phonenumbers.region_code_for_country_code(dropped.number.country_code or 0) if dropped else ""
        reading = dropped if phonenumbers.ndd_prefix_for_region(region, True) == "0" else _only([dropped, reading])
    if reading is None or (reading.national.startswith("0") and parse_number(reading.e164) != reading):
        return None
    # The country code stands in one piece, and nothing but a trunk prefix behind it is left out.
    code = str(reading.number.country_code)
    trunk = phonenumbers.ndd_prefix_for_region(phonenumbers.region_code_for_number(reading.number) or "", True) or ""
    whole = {f"{code}{between}{reading.national}" for between in ("", "0", trunk)}
    return reading if text.startswith(code) and written in whole else None


def _only(readings: Sequence[Reading | None]) -> Reading | None:
    """Return the one number that `readings` are, those that are not valid counting only where none is; else None."""
    possible = {reading.e164: reading for reading in readings if reading}
    choice = [reading for reading in possible.values() if reading.valid] or [*possible.values()]
    return choice[0] if len(choice) == 1 else None


def digits(text: str) -> str:
    """Return the digits of `text`."""
    return re.sub(r"\D", "", text)


def parse_number(text: str, region: str | None = None) -> Reading | None:
    """Return the number that libphonenumber reads, if it is possible with its country code in front of it."""
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    # "Possible locally" lacks the area code: with the country code in front of it, it would ring nowhere.
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        return None
    return Reading(number, phonenumbers.national_significant_number(number), phonenumbers.number_type(number))
