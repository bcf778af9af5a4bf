"""Reads telephone numbers as people write them: into E.164, or as text with a finding."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, PhoneNumberType, ValidationResult

from radicale_tldops.roster.contact import Phone
from sync.problems import Finding, printable

# The patterns of all countries are more than `re` keeps: without this, most are compiled again for every number.
phonenumbers.enable_pattern_cache()

MAX_TEXT = 250
"""Longest text in characters in which numbers are looked for."""

_SHORTHAND_DIGITS = 4
"""Up to so many digits behind a slash replace the last digits of the number before, whatever they begin with."""

_AROUND_THE_CLOCK = re.compile(r"\(\s*24\s*[/x]\s*7\s*\)|(?:^|(?<=[^\W\d_])\s+)24\s*[/x]\s*7(?!\d)", re.IGNORECASE)
_SEPARATOR = re.compile(
    r"\s*(/)\s*"  # another number, or shorthand for one
    r"|\s*[|&\\]\s*|\s*[,;](?!\s*(?:e?xt|x|#))\s*|\s+(?:or|and)\s+"
    r"|(?<=\d)[\s)\]]*(?=[(\[]?\+)",  # "+31 6 … +31 20 …": a plus sign begins a number
    re.IGNORECASE,
)
_REMARK = re.compile(r"[(\[]([^()\[\]\d+]*)[)\]][\s.]*$")
_EXTENSION = re.compile(
    r"[,;]?\s*(?:(?<![^\W\d_])(?:extension|extn|ext|xtn|x|anexo|ramal|poste|int|доб)|#)[\s.:=]*(\d{1,11})[\s#)\].]*$",
    re.IGNORECASE,
)
_BODY = re.compile(r"[(\[]?\s*\+*[\d\s().\[\]-]+")
_TRUNK_ZERO = re.compile(r"[(\[]\s*0\s*[)\]]")
_INTERNATIONAL_PREFIX = re.compile(r"[(\[\s]*00[\s().\[\]-]*(?=[1-9])")
_WORD = re.compile(r"[^\W\d_]+")
_STRANGE = re.compile(r"[*#@=~_+]")

_FAX = frozenset({"fax", "telefax", "facsimile", "f"})
_CELL = frozenset(
    {"mob", "mobile", "mobil", "cell", "cellular", "cellphone", "gsm", "handy", "movil", "móvil", "m", "c"}
)
_PAGER = frozenset({"pager", "beeper"})
_VOICE = frozenset(
    {"tel", "tél", "phone", "telephone", "téléphone", "telefon", "telefono", "teléfono", "telefone", "ph", "t", "p"}
    | {"voice", "landline", "fixed", "line", "direct", "office", "work", "home", "number", "no", "nr"}
)
_LABELS = _FAX | _CELL | _PAGER | _VOICE


@dataclass(frozen=True, slots=True)
class _Piece:
    """The parts of the text of one number. `body` is empty if the text holds no number."""

    text: str
    body: str = ""
    extension: str = ""
    label: str = "voice"
    remark: str = ""


@dataclass(frozen=True, slots=True)
class _Reading:
    """A number that libphonenumber finds possible. `assumed` is the region by which a national number was read."""

    number: PhoneNumber
    assumed: str | None = None


def read_phones(text: str, region: str | None) -> tuple[list[Phone], list[Finding]]:
    """Return the numbers that `text` holds, in its order, and the findings about them.

    A number without country code is read as a number of the country `region`. A number that libphonenumber finds
    possible becomes E.164. Other text becomes a `Phone` that is not dialable, with the finding `phone-not-understood`.
    Never raises.
    """
    stripped = text.strip()
    if not stripped:
        return [], []
    cleaned = _cleaned(stripped) if len(stripped) <= MAX_TEXT else ""
    phones: dict[str, Phone] = {}
    findings: list[Finding] = []
    for phone, notes in _numbers(stripped, list(_pieces(cleaned)), region):
        phones.setdefault(phone.number, phone)
        findings.extend(notes)
    return list(phones.values()), findings


def _numbers(
    text: str, pieces: list[tuple[_Piece, bool]], region: str | None
) -> list[tuple[Phone, tuple[Finding, ...]]]:
    """Read the pieces one by one; `base` are the readings that shorthand behind a slash continues."""
    numbers: list[tuple[Phone, tuple[Finding, ...]]] = []
    base: list[_Reading | None] = []
    lost = not pieces
    for piece, behind_slash in pieces:
        shorthand = behind_slash and _is_shorthand(piece.body)
        if not shorthand:
            base.clear()
        reading = _shorthand(piece, base) if shorthand else _read(piece.body, region)
        base.append(None if piece.extension else reading)
        if reading is not None:
            numbers.append(_phone(piece, reading))
        elif shorthand:
            lost = True
        else:
            numbers.append(_not_understood(piece.text))
    if lost:
        # Shorthand means nothing alone: the text is kept as a whole, and once for all that failed in it.
        numbers = [(phone, notes) for phone, notes in numbers if phone.dialable]
        numbers.append(_not_understood(text))
    return numbers


def _cleaned(text: str) -> str:
    """Return `text` with ASCII digits, hyphens and single spaces; "" where it holds what may or may not be a digit."""
    if any(unicodedata.category(char) in ("No", "Nl", "Cs") for char in text):
        return ""  # a superscript may be a footnote, and NFKC would make a digit of it
    plain = []
    for char in unicodedata.normalize("NFKC", text):
        category = unicodedata.category(char)
        if category == "Nd":
            plain.append(str(unicodedata.decimal(char)))
        elif category == "Pd" or char == "\u2212":
            plain.append("-")
        elif char == "\n":
            plain.append(";")
        elif category != "Cf":  # direction marks and zero-width characters come along with a copied number
            plain.append(char)
    return " ".join("".join(plain).split())


def _pieces(text: str) -> Iterator[tuple[_Piece, bool]]:
    """Split `text` into one piece a number, each with whether it stands behind a slash and another number.

    What has no digit is a label: it belongs to the number behind it, or else to the last one.
    """
    parts = _SEPARATOR.split(_AROUND_THE_CLOCK.sub(" ", text))
    numbers: list[tuple[str, bool]] = []
    label, slash = "", False
    for part, separator in zip(parts[::2], [None, *parts[1::2]], strict=True):
        slash = slash or separator == "/"
        if any(char.isdigit() for char in part):
            numbers.append((f"{label}{part}", slash and bool(numbers)))
            label, slash = "", False
        elif part:
            label += f"{part} "
    if numbers and label.strip(" ()[]."):
        numbers[-1] = (f"{numbers[-1][0]} ({label.strip(' ()[].')})", numbers[-1][1])
    for number, behind_slash in numbers:
        yield _piece(number.strip()), behind_slash


def _piece(text: str) -> _Piece:
    core, words, remarks = text, list[str](), list[str]()
    while bracket := _REMARK.search(core):
        core = core[: bracket.start()].rstrip()
        remarks.append(bracket[1])
    extension = _EXTENSION.search(core)
    if extension:
        core = core[: extension.start()]
    body = re.search(r"[(\[]?\s*[+\d].*\d|\d", core)
    if body is None or not _BODY.fullmatch(body[0]):
        return _Piece(text)
    lead, trail = core[: body.start()], core[body.end() :]
    international = "+" in body[0] or _INTERNATIONAL_PREFIX.match(body[0])
    if _STRANGE.search(lead + trail) or _unknown(trail) or (_unknown(lead) and not international):
        return _Piece(text)
    for remark in (lead, trail, *remarks):
        words += _words(remark)
    remark = "; ".join(part.strip(" :.,;-") for part in (lead, *remarks) if _unknown(part))
    return _Piece(text, body[0], extension[1] if extension else "", _label(words), remark)


def _words(text: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(text)]


def _unknown(text: str) -> bool:
    return any(word not in _LABELS for word in _words(text))


def _label(words: list[str]) -> str:
    """Return the kind of number that the words beside it name; "voice" where they name several or none."""
    said = {kind for kind, names in (("fax", _FAX), ("pager", _PAGER), ("cell", _CELL)) if not names.isdisjoint(words)}
    if len(said) != 1 or (said == {"fax"} and not _VOICE.isdisjoint(words)):
        return "voice"
    return said.pop()


def _is_shorthand(body: str) -> bool:
    digits = re.sub(r"\D", "", body)
    return bool(digits) and "+" not in body and not (digits.startswith("00") and len(digits) > 2 * _SHORTHAND_DIGITS)


def _shorthand(piece: _Piece, base: list[_Reading | None]) -> _Reading | None:
    """Read digits behind a slash: the last digits of a number that is otherwise the one before, or a national number.

    `base` are the number written in full and those read from it so far. Where they lead to different readings
    ("4141/4242/43"), or the number before has an extension or is not understood, there is none.
    """
    first, last = (base[0], base[-1]) if base else (None, None)
    if first is None or last is None or None in base or piece.extension:
        return None
    digits = re.sub(r"\D", "", piece.body)
    whole = phonenumbers.national_significant_number(last.number)
    country = last.number.country_code or 0
    long = len(digits) > _SHORTHAND_DIGITS and digits.startswith("0")
    if long or len(digits) >= len(whole):
        reading = _parse(digits, phonenumbers.region_code_for_country_code(country))
        certain = reading and (len(digits) >= len(whole) or phonenumbers.is_valid_number(reading.number))
        return reading if certain else None
    start = phonenumbers.national_significant_number(first.number)
    if start[: -len(digits)] != whole[: -len(digits)]:
        return None
    return _parse(f"+{country}{whole[: -len(digits)]}{digits}", None)


def _read(body: str, region: str | None) -> _Reading | None:
    """Read one number written in full. The international prefix 00 is understood whatever the region."""
    prefix = _INTERNATIONAL_PREFIX.match(body)
    text = f"+{body[prefix.end() :]}" if prefix else body
    if not _TRUNK_ZERO.search(text):
        return _parse(text, region)
    # "(0)" is dialled inside the country alone, but for the countries whose numbers keep their zero (Italy).
    dropped = _parse(_TRUNK_ZERO.sub(" ", text, count=1), region)
    kept = _parse(_TRUNK_ZERO.sub("0", text, count=1), region)
    some = dropped or kept
    if some is None or _has_trunk_zero(some):
        return dropped
    readings = [reading for reading in (dropped, kept) if reading]
    valid = [reading for reading in readings if phonenumbers.is_valid_number(reading.number)]
    choice = valid or readings
    return choice[0] if len({_e164(reading.number) for reading in choice}) == 1 else None


def _has_trunk_zero(reading: _Reading) -> bool:
    region = phonenumbers.region_code_for_country_code(reading.number.country_code or 0)
    return phonenumbers.ndd_prefix_for_region(region, True) == "0"


def _parse(text: str, region: str | None) -> _Reading | None:
    digits = re.sub(r"\D", "", text)
    plus = "+" in text
    try:
        # With a region, libphonenumber would take a wrong country code for the beginning of a national number.
        number = phonenumbers.parse(f"+{digits}", None) if plus else phonenumbers.parse(digits, region)
    except NumberParseException:
        return None
    # "Possible locally" lacks the area code: with the country code in front of it, it would ring nowhere.
    if phonenumbers.is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
        return None
    return _Reading(number, None if plus else region)


def _e164(number: PhoneNumber) -> str:
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def _phone(piece: _Piece, reading: _Reading) -> tuple[Phone, tuple[Finding, ...]]:
    number, shown = _e164(reading.number), printable(piece.text)
    type_of_number = phonenumbers.number_type(reading.number)
    display = phonenumbers.format_number(reading.number, PhoneNumberFormat.INTERNATIONAL)
    findings = []
    if type_of_number == PhoneNumberType.UNKNOWN:  # libphonenumber's definition of "not valid"
        message = f"{shown}: {number} is possible, but no number of that kind is in use"
        findings.append(Finding("invalid-phone", message, piece.text))
    if reading.assumed:
        message = f"{shown} has no country code and was read as a number of {reading.assumed}: {number}"
        findings.append(Finding("assumed-region", message, piece.text))
    if piece.remark:
        message = f"{number} is kept and the words beside it are not: {printable(piece.remark)}"
        findings.append(Finding("phone-remark", message, piece.text))
    if piece.extension:
        number, display = f"{number};ext={piece.extension}", f"{display} ext. {piece.extension}"
    return Phone(number, kind=_kind(type_of_number, piece.label), display=display), tuple(findings)


def _kind(type_of_number: int, label: str) -> str:
    """Return the kind that the number itself shows; the label decides where it shows none, and on fax machines."""
    if label == "fax":
        return "fax"
    if type_of_number == PhoneNumberType.MOBILE:
        return "cell"
    if type_of_number == PhoneNumberType.PAGER:
        return "pager"
    open_to_label = (PhoneNumberType.UNKNOWN, PhoneNumberType.FIXED_LINE_OR_MOBILE)
    return label if type_of_number in open_to_label else "voice"


def _not_understood(text: str) -> tuple[Phone, tuple[Finding, ...]]:
    message = f"not a telephone number that dials, kept as text: {printable(text)}"
    return Phone(text, dialable=False), (Finding("phone-not-understood", message, text),)
