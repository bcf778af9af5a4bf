"""Reads telephone numbers as people write them: into E.164 where there is one reading, else as text with a finding.

A wrong number that dials is worse than a right one that does not: what has two readings is kept as it is written.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from radicale_tldops.roster.contact import Phone
from sync.problems import Finding, printable
from sync.vet.numbers import Reading, digits, parse_number, read_number

MAX_TEXT = 250
"""Longest text in characters in which numbers are looked for."""

UNDIALLED = "not dialled: "
"""What an export writes before a text that does not dial, so that no number is read from it."""

_UNDIALLED = re.compile(rf"{UNDIALLED}\s*(?=\S)", re.IGNORECASE)
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
# "3,17E+10" anywhere, and ".0" behind a number.
_DAMAGED = re.compile(r".*\b\d(?:[.,]\d+)?E\+?\d{1,2}\b.*|[ (]*\+?(?:[ ()-]*\d){4,}[.,]0{1,2}", re.IGNORECASE)
_REMARK = re.compile(r"[(\[]([^()\[\]\d+]*)[)\]][\s.]*$")
_EXTENSION = re.compile(
    r"[,;]?\s*(?:(?<![^\W\d_])(?:extension|extn|ext|xtn|x|anexo|ramal|poste|int|доб)|#)[\s.:=]*(\d{1,7})[\s#)\].]*$",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(?:[(\[]?\s?\+\s?(?=\d)|(?=\d)|[(\[]\s?(?=\d))[\d\s().\[\]-]*\d")
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
class _Single:
    """One number with what stands beside it: its extension, the kind that a word names, and other words."""

    reading: Reading
    extension: str = ""
    label: str = "voice"
    remark: str = ""

    @property
    def complete(self) -> bool:
        """Whether digits that follow cannot belong to the number: no area code has seven digits."""
        return self.reading.valid and not self.extension and len(self.reading.national) >= 7


def read_phones(text: str, region: str | None) -> tuple[list[Phone], list[Finding]]:
    """Return the numbers that `text` holds, in its order, and the findings about them.

    A number without country code is read as a number of the country `region`. Text that is no number, or that has
    several readings, becomes a `Phone` that is not dialable, with the finding `phone-not-understood`. Never raises.
    """
    phones: dict[str, Phone] = {}
    findings: list[Finding] = []
    stripped = text.strip()
    if undialled := _UNDIALLED.match(stripped):
        phone, notes = _kept(stripped[undialled.end() :])
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
    # A spreadsheet computes +65-65551234 to -65551169.
    if _DAMAGED.fullmatch(clean) or re.match(r"- ?\d", clean):
        return [_kept(text, "damaged", "a spreadsheet has changed the telephone number")]
    single = _single(clean, region)
    if numbers := [single] if single else _shorthand(clean, region):
        return [_phone(text, number) for number in numbers]
    if second := _SECOND.search(text):
        first = _single(_cleaned(text[: second.start()]), None)
        whole = _single(clean.replace("/", " "), None)  # a slash may also stand inside one number
        if first and first.complete and not (whole and whole.reading.valid):
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


def _single(text: str, region: str | None) -> _Single | None:
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
    reading = read_number(found[0], region)
    unclear = _AROUND_THE_CLOCK.search(text) and reading and not reading.valid  # "12 34 24/7" may be the number 123424
    if not reading or unclear or (_unknown(lead) and reading.assumed) or _ends_early(found[0], reading, region):
        return None
    remarks = [lead, trail.lstrip(",; "), *remarks]
    said = "; ".join(remark.strip(" :.,;-") for remark in remarks if _unknown(remark))
    return _Single(reading, extension[1] if extension else "", _label(remarks), said)


def _ends_early(text: str, reading: Reading, region: str | None) -> bool:
    """Whether the number ends before its last digits: "26598000-05" is a range, "123 4567 24" has something behind."""
    gaps = [gap for gap in _TAIL.finditer(text) if _is_range(text, gap)] if reading.valid else _GAP.finditer(text)
    shorter = (read_number(text[: gap.start()], region) for gap in gaps)
    return any(number and number.valid for number in shorter)


def _is_range(text: str, tail: re.Match[str]) -> bool:
    """Whether the digits behind the last hyphen may say where a row of numbers ends, and are no direct extension."""
    first, last = digits(text[: tail.start()])[-len(tail[1]) :], tail[1]
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


def _shorthand(text: str, region: str | None) -> list[_Single]:
    """Return the numbers of "235 4141/42/43", whose last digits differ; none where the digits may be an extension."""
    match = None if re.search(r"24 ?/ ?7(?!\d)", text) else _SHORTHAND.fullmatch(text)
    base = _single(match[1], region) if match else None
    if not match or not base or not base.complete:
        return []
    tails, whole = re.findall(r"\d+", match[2]), base.reading.e164
    longer = (parse_number(f"{whole}{tail}") for tail in tails)
    if len(set(map(len, tails))) > 1 or any(number and number.valid for number in longer):
        return []
    others = (parse_number(f"{whole[: -len(tail)]}{tail}") for tail in tails)
    valid = [
        replace(base, reading=replace(number, assumed=base.reading.assumed))
        for number in others
        if number and number.valid
    ]
    return [base, *valid] if len(valid) == len(tails) else []


def _phone(text: str, single: _Single) -> tuple[Phone, tuple[Finding, ...]]:
    reading, shown, remark = single.reading, printable(text), printable(single.remark)
    number = reading.e164
    messages = {
        "invalid-phone": not reading.valid and f"{shown}: {number} is possible, but no number of that kind is in use",
        "assumed-region": reading.assumed and f"{shown} was read as a number of {reading.assumed}: {number}",
        "phone-remark": remark and f"{number} is kept without the words beside it: {remark}",
    }
    findings = tuple(Finding(code, message, text) for code, message in messages.items() if message)
    display = phonenumbers.format_number(reading.number, PhoneNumberFormat.INTERNATIONAL)
    if single.extension:
        number, display = f"{number};ext={single.extension}", f"{display} ext. {single.extension}"
    return Phone(number, kind=_kind(reading.type, single.label), display=display), findings


def _kind(type_of_number: int, label: str) -> str:
    """Return the kind that the number itself shows; the label decides where it shows none, and on fax machines."""
    if label == "fax" or type_of_number in (PhoneNumberType.UNKNOWN, PhoneNumberType.FIXED_LINE_OR_MOBILE):
        return label
    return {PhoneNumberType.MOBILE: "cell", PhoneNumberType.PAGER: "pager"}.get(type_of_number, "voice")


def _kept(
    text: str, code: str = "phone-not-understood", reason: str = "not a telephone number that dials, kept as text"
) -> tuple[Phone, tuple[Finding, ...]]:
    return Phone(text, dialable=False), (Finding(code, f"{reason}: {printable(text)}", text),)
