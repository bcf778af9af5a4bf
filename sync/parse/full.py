"""The full name that the list software holds for a member: name, slot, ccTLDs, telephones, out-of-band address.

    full = name SEP ["SSC"] "#" n SEP cctlds [SEP phones] [SEP oob-addr]        SEP = "," / ";"

The first field that is a slot and nothing else is the anchor: what stands before it is the name, commas and all.
"""

import re
import unicodedata
from dataclasses import dataclass, field

from sync.parse.address import address_findings, is_address
from sync.parse.characters import direction_findings, tab_findings, without_direction
from sync.parse.limits import MAX_FIELDS
from sync.parse.pairs import partnerless, stays_open
from sync.problems import Finding, printable

# Not the semicolon of ";ext=", which belongs to the number before it (RFC 3966, 5.3), and not the decimal comma of what
# a spreadsheet has made of a number: "5,5119E+12", "31612345678,0".
_SEPARATOR = re.compile(r"[,;](?! ?ext=)(?!(?<=\d,)(?:\d+E\+?\d|0{1,2} ?(?:[,;]|$)))", re.IGNORECASE)
_ANCHOR = re.compile(r"(?:^|[,;])\s*+(?:SSC\s*+[,;]?\s*+)?#\s?([0-9]+)\s*+(?=[,;]|$)", re.IGNORECASE)
_SLOT_INSIDE = re.compile(r"\s?(?:SSC\s?)?#\s?[0-9]", re.IGNORECASE)
_ENDS_IN_REFERENCE = re.compile(r"&#?\w{1,31};$")
_EXTENSION = re.compile(r"(?:#|(?:extension|ext|x)[.:]?) ?[0-9]{1,10}", re.IGNORECASE)
_QUOTES = re.compile('[<>"“”„]')
_LOST = re.compile(r"[^\W\d_]\?|\?[^\W\d_]|\?\?")

DOTS = ".。．｡"
"""The full stop, and the characters that IDNA takes for one (RFC 3490, 3.1)."""

LABEL_SEPARATOR = re.compile(r"[/&\s]+")
"""What separates the ccTLDs inside one field."""

# Letters, digits, hyphens, and what other scripts need: Python does not count combining marks as letters.
_LABEL = re.compile(r"[A-Za-z0-9\-\u00a1-\u3001\u3003-\uff0d\uff0f-\uff60\uff62-\U0010fffd]{1,63}")
_PHONE_LIKE = re.compile(r"[+(\d][\d()+.\-]*")


@dataclass(frozen=True, slots=True)
class Full:
    """A full name taken apart. `findings` say what is wrong with it; the other fields are what was understood."""

    name: str = ""
    slot: int | None = None
    cctlds: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


def parse_full(text: str) -> Full:
    """Take `text` apart, the clean text of a full name."""
    anchor = _ANCHOR.search(text)
    if anchor is None:
        return _without_slot(text)
    name, findings = person_name(text[: anchor.start()])
    slot, slot_findings = slot_number(anchor[1])
    if stays_open(text[anchor.end() :]):
        findings += (Finding("run-together", "a parenthesis behind the slot never closes"),)
    parts = [part for part in map(str.strip, _SEPARATOR.split(text[anchor.end() :])) if part]
    if len(parts) > MAX_FIELDS:
        return Full(name, slot, findings=(Finding("too-long", f"{len(parts)} fields behind the slot"),))
    rest = _Rest()
    for part in parts:
        rest.take(part)
    return Full(
        name=name,
        slot=slot,
        cctlds=tuple(rest.cctlds),
        phones=tuple(rest.phones),
        addresses=tuple(rest.addresses),
        findings=(*findings, *slot_findings, *rest.result()),
    )


def _without_slot(text: str) -> Full:
    inside = _SLOT_INSIDE.search(text)
    if inside is None:
        name, findings = person_name(text)
        return Full(name, findings=(*findings, Finding("no-slot")))
    name, findings = person_name(text[: inside.start()])
    return Full(name, findings=(*findings, Finding("no-separators", "the slot does not stand between separators")))


def has_slot(text: str) -> bool:
    """Whether a field of `text` is a slot and nothing else."""
    return _ANCHOR.search(text) is not None


def tabs_in_name(text: str) -> tuple[Finding, ...]:
    """Return a finding for a tab in the name of a full name whose white space is still as it was."""
    end = _ANCHOR.search(text) or _SLOT_INSIDE.search(text) if "\t" in text else None
    return tab_findings(text[: end.start()] if end else text)


def person_name(text: str, *, cell: bool = False) -> tuple[str, tuple[Finding, ...]]:
    """Return the name of a person from its clean text, without separators at its ends, and what is wrong with it.

    A semicolon stays where it ends a character reference, which was encoded twice, and in a cell of its own.
    """
    findings = direction_findings(text)
    name = without_direction(text).strip(" ,")
    if not name.strip(" ,;"):
        name = ""
    elif not cell:
        name = name.lstrip(" ,;") if _ENDS_IN_REFERENCE.search(name) else name.strip(" ,;")
    if not name:
        return "", (*findings, Finding("no-name"))
    lost = (Finding("lossy-export", printable(name)),) if "?" in name and _LOST.search(name) else ()
    return name, findings + lost + _joined_findings(name, cell=cell)


def _joined_findings(name: str, *, cell: bool) -> tuple[Finding, ...]:
    """Return a finding for a name that may be the beginning of one entry and the rest of another.

    A cell has its own beginning and end, so in one only an address is a sign of that.
    """
    if "@" in name.lstrip("@") if cell else "@" in name:
        return (Finding("run-together", f"“@” in the name “{printable(name[:80])}”"),)
    if not cell and (mark := partnerless(name)):
        return (Finding("run-together", f"{mark} without its partner in the name “{printable(name[:80])}”"),)
    return ()


def slot_number(digits: str) -> tuple[int | None, tuple[Finding, ...]]:
    """Return the slot that `digits` name. Whether the list has such a slot is a setting, so vetting decides that."""
    if len(digits) > 3:
        return None, (Finding("bad-slot", f"#{printable(digits[:20])}"),)
    return int(digits), ()


def cctld_labels(text: str) -> tuple[list[str], list[Finding]]:
    """Return the ccTLDs of a field, as written but without the dot and direction marks, and what is wrong with them."""
    labels: list[str] = []
    findings: list[Finding] = []
    for token in LABEL_SEPARATOR.split(unicodedata.normalize("NFC", without_direction(text))):
        label = token[1:] if token[:1] and token[0] in DOTS else token
        if _LABEL.fullmatch(label) and any(map(str.isalpha, label)):
            labels.append(label)
        elif labels and _PHONE_LIKE.match(token):
            findings.append(Finding("no-separators", f"{printable(token[:40])} follows the ccTLD without a separator"))
            break
        elif token:
            lost = ", its letters were lost in an export" if "?" in token else ""
            findings.append(Finding("bad-cctld", printable(token[:80]) + lost))
    return labels, findings


def _is_bare_label(token: str) -> bool:
    """Whether `token` can be a ccTLD written without its dot: two ASCII letters, an A-label, or an IDN label."""
    if token.isascii():
        return (len(token) == 2 and token.isalpha()) or bool(re.fullmatch(r"xn--[a-z0-9-]+", token, re.IGNORECASE))
    return _LABEL.fullmatch(token) is not None and any(map(str.isalpha, token))


def _is_cctld_field(text: str) -> bool:
    tokens = [token[1:] if token[0] in DOTS else token for token in LABEL_SEPARATOR.split(text) if token]
    return bool(tokens) and all(map(_is_bare_label, tokens))


@dataclass(slots=True)
class _Rest:
    """The fields behind the slot, sorted as they come."""

    cctlds: list[str] = field(default_factory=list)
    phones: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    dotted: bool = False
    second_slot: bool = False

    def take(self, text: str) -> None:
        """Sort one field."""
        unmarked = without_direction(text)
        if "@" in text:
            self._take_addresses(text)
        elif unmarked[:1] and unmarked[0] in DOTS:
            self._take_cctlds(unmarked, dotted=True)
        elif _is_cctld_field(unmarked):
            self._take_cctlds(unmarked, dotted=False)
        else:
            self._take_phone(text)

    def _take_addresses(self, text: str) -> None:
        tokens = text.split()
        for token in tokens:
            if is_address(token):
                self.addresses.append(token)
            elif "@" in token:
                self.findings.extend(address_findings(token))
        if not all("@" in token for token in tokens):
            what = f"an address follows other text without a comma: “{printable(text[:80])}”"
            self.findings.append(Finding("no-separators", what))

    def _take_cctlds(self, text: str, *, dotted: bool) -> None:
        """Take a field of ccTLDs. Without a dot it must come first: a later "NA" or "no" may mean "no phone"."""
        if not dotted and (self.dotted or self.phones or self.addresses):
            what = f"“{printable(text[:80])}” may be a ccTLD, which needs its dot here"
            self.findings.append(Finding("not-understood", what))
            return
        if self.second_slot:
            what = "a second slot; each slot of a person needs an entry of its own"
            self.findings.append(Finding("not-understood", what))
        self.dotted = self.dotted or dotted
        labels, findings = cctld_labels(text)
        self.cctlds.extend(labels)
        self.findings.extend(findings)

    def _take_phone(self, text: str) -> None:
        """Take a field as telephone text, kept as it stands; an extension in a field of its own joins its number."""
        self.findings.extend(direction_findings(text))
        phone = without_direction(text)
        if not phone:
            return
        if _QUOTES.search(phone):
            what = f"quotation marks or angle brackets in {printable(phone[:80])}"
            self.findings.append(Finding("not-understood", what))
        elif _EXTENSION.fullmatch(phone):
            self.second_slot = self.second_slot or phone[0] == "#"
            if self.phones:
                self.phones[-1] += " " + phone
            else:
                what = f"{printable(phone)} without a telephone number before it"
                self.findings.append(Finding("not-understood", what))
        else:
            self.phones.append(phone)

    def result(self) -> list[Finding]:
        """Return what is wrong, now that all the fields are known."""
        if not self.cctlds and not any(finding.code == "bad-cctld" for finding in self.findings):
            self.findings.append(Finding("no-cctld"))
        return self.findings
