"""Every kind of telephone number of every region, in the ways in which people and spreadsheets write it."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from random import Random

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumber, PhoneNumberFormat, PhoneNumberType, ValidationResult

from sync.vet.phones import read_phones

Writing = Callable[["Sample", Random], str]


@dataclass(frozen=True, slots=True)
class Sample:
    """A number that libphonenumber gives as an example; `region` is where somebody writes it."""

    number: PhoneNumber
    region: str

    @property
    def code(self) -> str:
        """The country code."""
        return str(self.number.country_code)

    @property
    def local(self) -> str:
        """The digits behind the country code."""
        return phonenumbers.national_significant_number(self.number)

    @property
    def e164(self) -> str:
        """The number that dials."""
        return f"+{self.code}{self.local}"

    @property
    def international(self) -> str:
        """The number with its country code and blanks."""
        return phonenumbers.format_number(self.number, PhoneNumberFormat.INTERNATIONAL)

    @property
    def national(self) -> str:
        """The number as it is written in its own country."""
        return phonenumbers.format_number(self.number, PhoneNumberFormat.NATIONAL)

    @property
    def behind(self) -> str:
        """The international form without the country code."""
        return self.international.removeprefix(f"+{self.code}").strip(" -")

    def neighbour(self, rng: Random) -> str:
        """Return another number of the same kind: its last digit differs."""
        return self.e164[:-1] + rng.choice([digit for digit in "0123456789" if digit != self.e164[-1]])


def samples() -> Iterator[Sample]:
    """Yield one number that can be dialled from abroad for each region and type, each number once in a region."""
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        kinds = (phonenumbers.example_number_for_type(region, kind) for kind in PhoneNumberType.values())
        whole = (
            number
            for number in kinds
            if number and phonenumbers.is_possible_number_with_reason(number) == ValidationResult.IS_POSSIBLE
        )
        yield from {number_key(number): Sample(number, region) for number in whole}.values()


def another(sample: Sample, rng: Random) -> Sample:
    """Return a valid number of the region that begins as `sample` does; `sample` itself where none is found."""
    for _ in range(20):
        kept = rng.randrange(1, len(sample.local))
        digits = sample.local[:kept] + "".join(rng.choices("0123456789", k=len(sample.local) - kept))
        number = phonenumbers.parse(f"+{sample.code}{digits}")
        is_whole = number_key(number) == f"+{sample.code}{digits}"
        if is_whole and phonenumbers.is_valid_number_for_region(number, sample.region):
            return Sample(number, sample.region)
    return sample


def number_key(number: PhoneNumber) -> str:
    """Return the number in E.164."""
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def _without_area(sample: Sample, rng: Random) -> str:
    return sample.local[rng.randint(1, max(1, min(5, len(sample.local) - 2))) :].lstrip("0")


def _slashed(text: str, rng: Random) -> str:
    """Put a slash where a blank or hyphen stands in the number, or into the digits."""
    gaps = [gap.span() for gap in re.finditer(r"(?<=\d\))[ -]?|(?<=\d)[ -]", text)] or [(len(text) // 2,) * 2]
    start, end = rng.choice(gaps)
    return text[:start] + rng.choice(("/", " / ")) + text[end:]


PLAIN: Mapping[str, Writing] = {
    "+CC": lambda sample, rng: rng.choice(
        (sample.international, sample.e164, sample.international.replace(" ", "-"), f"({sample.international}")
    ).replace("(+" + sample.code, f"(+{sample.code})"),
    "00CC": lambda sample, rng: "00" + rng.choice((sample.e164, sample.international))[1:],
    "national": lambda sample, rng: sample.national,
}
"""Writings that must be understood."""

OTHERS: Mapping[str, Writing] = {
    "lost plus": lambda sample, rng: rng.choice((sample.e164, sample.international))[1:],
    "lost plus abroad": lambda sample, rng: rng.choice((sample.e164, sample.international))[1:],
    "trunk zero in brackets": lambda sample, rng: rng.choice(("+", "", "00")) + f"{sample.code} (0){sample.behind}",
    "slash inside": lambda sample, rng: _slashed(rng.choice((sample.national, sample.international)), rng),
    "bracket behind the plus": lambda sample, rng: f"+({sample.local[:3]}) {sample.local[3:]}",
    ".0": lambda sample, rng: (
        rng.choice((sample.e164, sample.e164[1:], sample.local, sample.national)) + rng.choice((".0", ",0", ".00"))
    ),
    "exponent": lambda sample, rng: f"{sample.e164[1]}{rng.choice(',.')}{sample.e164[2:6]}E+{len(sample.e164) - 2}",
    "second without area code": lambda sample, rng: (
        rng.choice((sample.international, sample.national))
        + rng.choice((", ", " / ", "/", " or ", " and ", " & ", " "))
        + _without_area(sample, rng)
    ),
    "two in full": lambda sample, rng: (
        sample.international + rng.choice((", ", " / ", "/", " or ", "; ", " ")) + sample.neighbour(rng)
    ),
    "remark": lambda sample, rng: (
        rng.choice((sample.international, sample.national))
        + rng.choice((" 24/7", " (24x7)", ", 24/7", " 24/7 NOC", " (9-17)", " 9-17h", " ask Jane"))
    ),
    "extension": lambda sample, rng: (
        rng.choice((sample.international, sample.national))
        + rng.choice((" ext. 12", "x12", " #12", ",12", " (ext 12)"))
    ),
    "shorthand or range": lambda sample, rng: (
        rng.choice((sample.international, sample.national))
        + rng.choice(("/42", "/42/43", "-05", " - 09", "/4243/44", " - 42", "-005"))
    ),
    "international prefix": lambda sample, rng: (
        rng.choice(("001", "0011", "011", "+00", "+001", "810")) + sample.e164[1:]
    ),
    "country code as an area code": lambda sample, rng: rng.choice(
        ("0{} {}", "(0{}) {}", "0 {} {}", "(0){} {}")
    ).format(sample.code, sample.behind),
    "code for the network": lambda sample, rng: rng.choice(("**21*{}#", "*31#{}", "#31#{}")).format(sample.national),
    # Where the numbers have no trunk prefix, the last digits of a number may be another complete number.
    "area code missing": lambda sample, rng: (
        "" if _digits(sample.national) == sample.local else _without_area(sample, rng)
    ),
}
"""Writings that may be kept as text."""


def meant(name: str, sample: Sample, text: str, region: str) -> set[str]:
    """Return the numbers in E.164 that somebody in `region` may have meant with `text`."""
    if name == "extension":
        return {sample.e164, f"{sample.e164};ext=12"}
    numbers = {sample.e164}
    if name == "two in full":
        numbers.add("+" + text.rpartition("+")[2])
    if name == "second without area code" and not re.search(r"[,/&]|or|and", text):  # a blank may stand in one number
        numbers.add(f"+{sample.code}{_digits(text.removeprefix('+' + sample.code)).lstrip('0')}")
    if name == "shorthand or range":
        numbers |= {sample.e164[: -len(tail)] + tail for tail in re.findall(r"/(\d+)", text)}
    if name in ("lost plus abroad", "area code missing"):  # such digits may be another complete number, too
        numbers |= _in_full(_digits(text), region)
    return numbers


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the reader made of one way of writing: how many texts, how many gave a number, which gave a wrong one."""

    texts: int
    understood: int
    wrong: tuple[str, ...]


def read_all(name: str, seed: str, every: int = 1) -> Outcome:
    """Write every so many of the samples, or numbers like them, in the way of that name, and read them."""
    rng, write = Random(f"{name}/{seed}"), {**PLAIN, **OTHERS}[name]
    regions = sorted(phonenumbers.SUPPORTED_REGIONS)
    understood, wrong, drawn = 0, list[str](), list(samples())[rng.randrange(every) :: every]
    for sample in [*drawn, *(another(sample, rng) for sample in drawn)]:
        text = write(sample, rng)
        region = rng.choice(regions) if name == "lost plus abroad" else sample.region
        dialled = {phone.number for phone in read_phones(text, region)[0] if phone.dialable}
        understood += bool(dialled)
        if not dialled <= meant(name, sample, text, region):
            wrong.append(f"{text!r} in {region}: {', '.join(sorted(dialled))}")
    return Outcome(2 * len(drawn), understood, tuple(wrong))


PIECES = (
    *(*"0123456789", "+", "00", "(0)", " ", "-", "/", ",", ";", " or ", "(", ")", "[", "]", "."),
    *("\u00a0", "٣", "５"),
    *("+31 6 12345678", "+39 06 12345678", "020 1234567", "+1 202 555 0100", "ext. 5", "x5", "#5", "+49 30 123456"),
    *(";ext=5", "-05", "/42", "24/7", "24h", ".0", "E+10", "001", "31", "39", "12 34 56", "2235 4141"),
    *("tel", "fax:", "mob ", "NOC", "²", "@", "*", "\u200e", "\n"),
)
"""Of which texts are put together that look like numbers far more often than chance would have it."""


def read_pieces(seed: str, count: int) -> Outcome:
    """Read texts that are put together by chance; wrong is a number whose digits do not stand in one place."""
    rng, regions = Random(seed), (*sorted(phonenumbers.SUPPORTED_REGIONS), None)
    understood, wrong = 0, list[str]()
    for _ in range(count):
        text, region = "".join(rng.choices(PIECES, k=rng.randint(1, 9))), rng.choice(regions)
        dialled = [phone.number for phone in read_phones(text, region)[0] if phone.dialable]
        understood += bool(dialled)
        wrong += [f"{text!r} in {region}: {number}" for number in dialled if not is_written(number, text, region)]
    return Outcome(count, understood, tuple(wrong))


def is_written(number: str, text: str, region: str | None) -> bool:
    """Whether the digits of `number` stand in one place of `text`, all of that place, but for what is dialled first.

    Digits behind a slash may stand for the last ones of the number before them.
    """
    e164, _, extension = number.partition(";ext=")
    places = list(_places(text))
    if extension and extension not in places:
        return False
    parsed = phonenumbers.parse(e164)
    code, local = str(parsed.country_code), phonenumbers.national_significant_number(parsed)
    home = phonenumbers.region_code_for_number(parsed) or region or ""
    trunks = ("", "0", phonenumbers.ndd_prefix_for_region(home, True) or "")
    metadata = PhoneMetadata.metadata_for_region(region) if region else None
    dialled = re.compile((metadata and metadata.international_prefix) or "00")
    prefixes = {"", "00", *(found[0] for place in places if (found := dialled.match(place)))}
    ways = {f"{prefix}{code}{trunk}{local}" for prefix in prefixes for trunk in trunks}
    if region and code == str(phonenumbers.country_code_for_region(region)):
        ways.add(_digits(phonenumbers.format_number(parsed, PhoneNumberFormat.NATIONAL)))
    tails = [tail for tail in places if f"/{tail}" in "".join(_plain(text).split())]
    shortened = {way[: -len(tail)] for tail in tails for way in ways}
    return not ways.isdisjoint(places) or any(
        place[: len(start)] == start and number.endswith(tail) and len(start) + len(tail) == len(place)
        for place in places
        for start in shortened
        for tail in tails
    )


def _places(text: str) -> Iterator[str]:
    """Yield the digits of each place where a number may stand."""
    plain = re.sub(r"24\s*[/x]\s*7(?!\d)|24\s*h|[\r\n]", ";", _plain(text), flags=re.IGNORECASE)
    for place in re.findall(r"\+?[\d\s().\[\]\u2010-\u2015\u2212-]*\d", plain):
        yield _digits(place)


def _plain(text: str) -> str:
    """Return the text with ASCII digits and without characters that cannot be seen."""
    plain = "".join(char for char in unicodedata.normalize("NFKC", text) if unicodedata.category(char) != "Cf")
    return re.sub(r"\d", lambda digit: str(int(digit[0])), plain)


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def _in_full(digits: str, region: str) -> set[str]:
    try:
        number = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        return set()
    national = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    complete = phonenumbers.is_valid_number(number) and _digits(national) == digits
    return {number_key(number)} if complete else set()
