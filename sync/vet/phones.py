"""Reads telephone numbers as people write them: into E.164 where there is one reading, else as text with a finding.

A wrong number that dials is worse than a right one that does not: what has two readings is kept as it is written.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumber, PhoneNumberFormat, PhoneNumberType

from radicale_tldops.roster.contact import Phone
from sync.problems import Finding, printable

# The patterns of all countries are more than `re` keeps: without this, most are compiled again for every number.
phonenumbers.enable_pattern_cache()

MAX_TEXT = 250
"""Longest text in characters in which numbers are looked for."""

UNDIALLED = "not dialled: "
"""What an export writes before a text that does not dial, so that no number is read from it."""

# What cannot stand inside a number. All else needs a plus sign behind it to separate two numbers.
_SEPARATOR = re.compile(
    r"\s*(?:;(?!\s*(?:e?xt|x|#))|[|\n\r])\s*"
    r"|(?:\s*[,/&]\s*|\s+(?:or|and)\s+)(?=[^\d+＋;|]*[+＋])"
    r"|(?<=[\d)\]])\s+(?=[(\[]?[+＋])",
    re.IGNORECASE,
)
_SECOND = re.compile(r"\s*[,&]\s*|\s+(?:or|and|/)\s+", re.IGNORECASE)
_SHORTHAND = re.compile(r"([^/]*\d)((?:\s*/\s*\d{1,4})+)\s*")
_AROUND_THE_CLOCK = re.compile(
    r"[(\[]?(?<![\d/.-])24\s*(?:[/x]\s*7(?:\s*[/x]\s*365)?|-?\s*(?:h|hrs?|hours?|std)\b)(?![\d/])[)\]]?", re.IGNORECASE
)
_DAMAGED = re.compile(r"-?\d(?:[.,]\d+)?E\+?\d{1,2}|\+?\d{4,}[.,]0{1,2}", re.IGNORECASE)
_REMARK = re.compile(r"[(\[]([^()\[\]\d+]*)[)\]][\s.]*$")
_EXTENSION = re.compile(
    r"[,;]?\s*(?:(?<![^\W\d_])(?:extension|extn|ext|xtn|x|anexo|ramal|poste|int|доб)|#)[\s.:=]*(\d{1,7})[\s#)\].]*$",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(?:[(\[]?\s?\+\s?(?=\d)|(?=\d)|[(\[]\s?(?=\d))[\d\s().\[\]-]*\d")
_TRUNK_ZERO = re.compile(r"(\d{1,3})[\s.)\]-]*[(\[]\s*0\s*[)\]]")
_GAP = re.compile(r"[\s.-]+(?=\d)")
_TAIL = re.compile(r"\s*-\s*(\d{1,3})$")
_WORD = re.compile(r"[^\W\d_]+")
_STRANGE = re.compile(r"[*#@=~_+\d]")

_LABELS = {
    word: kind
    for kind, words in (
        ("fax", "fax telefax facsimile f"),
        ("cell", "mob mobile mobil cell cellular cellphone gsm handy movil móvil m c"),
        ("pager", "pager beeper"),
        ("voice", "tel tél phone telephone téléphone telefon telefono teléfono telefone ph t p voice landline fixed"),
        ("voice", "line direct office work home number no nr"),
    )
    for word in words.split()
}


@dataclass(frozen=True, slots=True)
class _Reading:
    """A number that libphonenumber finds possible, its digits behind the country code, and what stands beside it.

    `type` is UNKNOWN where the number is not valid; `assumed` is the region of a number without country code.
    """

    number: PhoneNumber
    national: str
    type: int
    assumed: str = ""
    extension: str = ""
    label: str = "voice"
    remark: str = ""

    @property
    def valid(self) -> bool:
        """Whether the numbering plan uses such numbers."""
        return self.type != PhoneNumberType.UNKNOWN

    @property
    def complete(self) -> bool:
        """Whether digits that follow cannot belong to the number: no area code has seven digits."""
        return self.valid and not self.extension and len(self.national) >= 7

    @property
    def e164(self) -> str:
        """The number with its country code."""
        return f"+{self.number.country_code}{self.national}"


def read_phones(text: str, region: str | None) -> tuple[list[Phone], list[Finding]]:
    """Return the numbers that `text` holds, in its order, and the findings about them.

    A number without country code is read as a number of the country `region`. Text that is no number, or that has
    several readings, becomes a `Phone` that is not dialable, with the finding `phone-not-understood`. Never raises.
    """
    phones: dict[str, Phone] = {}
    findings: list[Finding] = []
    stripped = text.strip()
    if stripped.startswith(UNDIALLED):
        phone, notes = _kept(stripped.removeprefix(UNDIALLED))
        return [phone], list(notes)
    for part in _parts(stripped) if stripped else ():
        for phone, notes in _part(part, region):
            phones.setdefault(phone.number, phone)
            findings.extend(notes)
    return list(phones.values()), findings


def _parts(text: str) -> Iterator[str]:
    """Cut `text` where two numbers meet. What holds no digit stays with the number behind it, or else before it."""
    start = 0
    for cut in _SEPARATOR.finditer(text):
        sides = (text[start : cut.start()], text[cut.end() :])
        if all(re.search(r"\d", _AROUND_THE_CLOCK.sub("", side)) for side in sides):
            yield sides[0]
            start = cut.end()
    yield text[start:]


def _part(text: str, region: str | None) -> list[tuple[Phone, tuple[Finding, ...]]]:
    """Return the number that `text` is, those that it abbreviates, or the text itself."""
    clean = _cleaned(text)
    if _DAMAGED.fullmatch(clean):
        return [_kept(text, "damaged", "a spreadsheet has changed the telephone number")]
    reading = _single(clean, region)
    if readings := [reading] if reading else _shorthand(clean, region):
        return [_phone(text, number) for number in readings]
    if second := _SECOND.search(text):
        first = _single(_cleaned(text[: second.start()]), None)
        whole = _single(clean.replace("/", " "), None)  # a slash may also stand inside one number
        if first and first.complete and not (whole and whole.valid):
            return [_phone(text[: second.start()], first), _kept(text[second.end() :])]
    return [_kept(text)]


def _cleaned(text: str) -> str:
    """Return `text` with ASCII digits, hyphens and single spaces; "" where it holds what may or may not be a digit."""
    if text.isascii() and len(text) <= MAX_TEXT:
        return " ".join(text.split())
    if len(text) > MAX_TEXT or any(unicodedata.category(char) in ("No", "Nl", "Cs") for char in text):
        return ""  # a superscript may be a footnote, and NFKC would make a digit of it
    plain = re.sub(r"[\u2010-\u2015\u2212]", "-", unicodedata.normalize("NFKC", text))
    plain = re.sub(r"\d", lambda digit: str(int(digit[0])), plain)
    # Direction marks and zero-width characters come along with a copied number.
    return " ".join("".join(char for char in plain if unicodedata.category(char) != "Cf").split())


def _single(text: str, region: str | None) -> _Reading | None:
    """Read one number with its extension and the words around it."""
    core, remarks = _AROUND_THE_CLOCK.sub(", ", text).strip(" ,;"), list[str]()
    while bracket := _REMARK.search(core):
        core = core[: bracket.start()].rstrip()
        remarks.append(bracket[1])
    extension = _EXTENSION.search(core)
    core = core[: extension.start()] if extension else core
    found = _NUMBER.search(core)
    if found is None or len(re.findall(r"[(\[]", found[0])) != len(re.findall(r"[)\]]", found[0])):
        return None
    lead, trail = core[: found.start()], core[found.end() :]
    if _STRANGE.search(lead + trail) or (_unknown(trail) and trail[0] not in ",;"):
        return None
    reading = _read(found[0], region)
    unclear = _AROUND_THE_CLOCK.search(text) and reading and not reading.valid  # "12 34 24/7" may be the number 123424
    if not reading or unclear or (_unknown(lead) and reading.assumed) or _ends_early(found[0], reading, region):
        return None
    remarks = [lead, trail.lstrip(",; "), *remarks]
    said = "; ".join(remark.strip(" :.,;-") for remark in remarks if _unknown(remark))
    return replace(reading, extension=extension[1] if extension else "", label=_label(remarks), remark=said)


def _ends_early(text: str, reading: _Reading, region: str | None) -> bool:
    """Whether the number ends before its last digits: "26598000-05" is a range, "123 4567 24" has something behind."""
    gaps = [gap for gap in _TAIL.finditer(text) if _is_range(text, gap)] if reading.valid else _GAP.finditer(text)
    shorter = (_read(text[: gap.start()], region) for gap in gaps)
    return any(number and number.valid for number in shorter)


def _is_range(text: str, tail: re.Match[str]) -> bool:
    """Whether the digits behind the last hyphen may say where a row of numbers ends, and are no direct extension."""
    first, last = _digits(text[: tail.start()])[-len(tail[1]) :], tail[1]
    spaced = tail[0][0].isspace() and tail[0][1:2] == "-"
    follows = last > first and (first.endswith("0") or first[:-1] == last[:-1])
    return spaced or follows or (last > "0" and last.startswith("0"))


def _unknown(text: str) -> bool:
    return not _LABELS.keys() >= {word.casefold() for word in _WORD.findall(text)}


def _label(remarks: list[str]) -> str:
    """Return the kind of number that the words beside it name; "voice" where they name several or none."""
    named = {_LABELS.get(word.casefold(), "") for remark in remarks for word in _WORD.findall(remark)} - {""}
    kinds = named - {"voice"}
    return "voice" if len(kinds) != 1 or named == {"fax", "voice"} else kinds.pop()


def _shorthand(text: str, region: str | None) -> list[_Reading]:
    """Return the numbers of "235 4141/42/43", whose last digits differ; none where the digits may be an extension."""
    match = None if re.search(r"24 ?/ ?7(?!\d)", text) else _SHORTHAND.fullmatch(text)
    base = _single(match[1], region) if match else None
    if not match or not base or not base.complete:
        return []
    tails = re.findall(r"\d+", match[2])
    longer = [_parse(f"{base.e164}{tail}") for tail in tails]
    others = [_parse(f"{base.e164[: -len(tail)]}{tail}") for tail in tails]
    if len(set(map(len, tails))) > 1 or any(number and number.valid for number in longer):
        return []
    valid = [replace(number, assumed=base.assumed, label=base.label) for number in others if number and number.valid]
    return [base, *valid] if len(valid) == len(tails) else []


def _read(text: str, region: str | None) -> _Reading | None:
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
    unread += ["0"] if _digits(text).startswith(f"0{code}") else []  # the country code in the place of an area code
    unread += [""] if own and prefix[0] != "0" else []  # the prefix may be a country code that has lost its plus
    others = [_international(text[len(start) :]) for start in unread]
    reading = _only([*known, *assumed, *others])
    # "001 65" is not 00 and the country code 1.
    unclear = reading and not reading.valid and reading.number.country_code == 1
    return None if unclear or reading in others else reading


def _national(text: str, region: str) -> _Reading | None:
    """Read a complete national number: its digits are those of libphonenumber's national format."""
    reading = _parse(_digits(text), region)
    shown = phonenumbers.format_number(reading.number, PhoneNumberFormat.NATIONAL) if reading else ""
    return reading if _digits(shown) == _digits(text) else None


def _international(text: str) -> _Reading | None:
    """Read a number that begins with its country code, in one piece and outside of a bracket of its own."""
    text = text.lstrip(" .-)]")
    digits = _digits(text)
    reading = _parse(f"+{digits}")
    if zero := _TRUNK_ZERO.match(text):
        # "(0)" is dialled inside the country alone, but for the countries whose numbers keep their zero (Italy).
        dropped = _parse(f"+{zero[1]}{_digits(text[zero.end() :])}")
        region = phonenumbers.region_code_for_country_code(dropped.number.country_code or 0) if dropped else ""
        reading = dropped if phonenumbers.ndd_prefix_for_region(region, True) == "0" else _only([dropped, reading])
    if reading is None or (reading.national.startswith("0") and _parse(reading.e164) != reading):
        return None
    # The country code stands in one piece, and nothing but a trunk prefix behind it is left out.
    code = str(reading.number.country_code)
    trunk = phonenumbers.ndd_prefix_for_region(phonenumbers.region_code_for_number(reading.number) or "", True) or ""
    whole = {f"{code}{between}{reading.national}" for between in ("", "0", trunk)}
    return reading if text.startswith(code) and digits in whole else None


def _only(readings: Sequence[_Reading | None]) -> _Reading | None:
    """Return the one number that `readings` are, those that are not valid counting only where none is; else None."""
    possible = {reading.e164: reading for reading in readings if reading}
    choice = [reading for reading in possible.values() if reading.valid] or [*possible.values()]
    return choice[0] if len(choice) == 1 else None


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def _parse(text: str, region: str | None = None) -> _Reading | None:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    # "Possible locally" lacks the area code: with the country code in front of it, it would ring nowhere.
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        return None
    return _Reading(number, phonenumbers.national_significant_number(number), phonenumbers.number_type(number))


def _phone(text: str, reading: _Reading) -> tuple[Phone, tuple[Finding, ...]]:
    number, shown = reading.e164, printable(text)
    unused = "" if reading.valid else f"{shown}: {number} is possible, but no number of that kind is in use"
    messages = {
        "invalid-phone": unused,
        "assumed-region": reading.assumed and f"{shown} was read as a number of {reading.assumed}: {number}",
        "phone-remark": reading.remark and f"{number} is kept without the words beside it: {printable(reading.remark)}",
    }
    findings = tuple(Finding(code, message, text) for code, message in messages.items() if message)
    display = phonenumbers.format_number(reading.number, PhoneNumberFormat.INTERNATIONAL)
    if reading.extension:
        number, display = f"{number};ext={reading.extension}", f"{display} ext. {reading.extension}"
    return Phone(number, kind=_kind(reading.type, reading.label), display=display), findings


def _kind(type_of_number: int, label: str) -> str:
    """Return the kind that the number itself shows; the label decides where it shows none, and on fax machines."""
    if label == "fax" or type_of_number in (PhoneNumberType.UNKNOWN, PhoneNumberType.FIXED_LINE_OR_MOBILE):
        return label
    return {PhoneNumberType.MOBILE: "cell", PhoneNumberType.PAGER: "pager"}.get(type_of_number, "voice")


def _kept(
    text: str, code: str = "phone-not-understood", reason: str = "not a telephone number that dials, kept as text"
) -> tuple[Phone, tuple[Finding, ...]]:
    return Phone(text, dialable=False), (Finding(code, f"{reason}: {printable(text)}", text),)
