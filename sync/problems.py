"""What vetting can say: every code once, with its severity, its meaning and what to do about it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sync.records import Origin, Problem, Severity

MAX_QUOTE = 200
"""Longest quotation of the input in a message, in characters."""

# Controls (C0 with TAB, CR and LF, DEL, C1 with NEL), the line and paragraph separators, surrogates and non-characters:
# some vCard and XML parsers break a line there, others give up on the whole answer (XML 1.0, 2.2; RFC 6350, 3.2).
_FORBIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufdd0-\ufdef"
    + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000))
    + "]"
)

_PLACEHOLDERS = frozenset(
    {"n/a", "n.a.", "#n/a", "-", "--", "–", "—", "/", "none", "null", "nil", "?", "??", "???", "tbd"}
)


@dataclass(frozen=True, slots=True)
class Code:
    """One row of the table of problems: `setting` names the key of `tldops.toml` that has a say in it, or is empty."""

    severity: Severity
    meaning: str
    remedy: str
    setting: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem before it is known in which line it stands. `text` quotes the input as it is."""

    code: str
    message: str
    text: str = ""
    severity: Severity | None = None
    """Stands in for the severity of the code, where a setting changes it."""
    remedy: str = ""
    """Stands in for the remedy of the code, where more is known about what is wrong."""

    @property
    def is_error(self) -> bool:
        """Whether the record that it belongs to must not be applied."""
        return (self.severity or CODES[self.code].severity) is Severity.ERROR

    def at(self, origin: Origin) -> Problem:
        """Return the problem that this is at `origin`."""
        code = CODES[self.code]
        severity = self.severity or code.severity
        return Problem(origin, severity, self.code, self.message, self.remedy or code.remedy, printable(self.text))


def printable(text: str) -> str:
    """Return `text` as one line of at most `MAX_QUOTE` characters: what does not print is escaped."""
    shown = text if len(text) <= MAX_QUOTE else text[: MAX_QUOTE - 1] + "…"
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in shown)


def is_placeholder(text: str) -> bool:
    """Whether `text` only says that there is no value. "NA" and "no" are none of these: they are ccTLDs too."""
    return text.strip().casefold() in _PLACEHOLDERS


def has_forbidden(text: str) -> bool:
    """Whether `text` holds a character that must never reach a card."""
    return _FORBIDDEN.search(text) is not None


def without_forbidden(text: str) -> str:
    """Return `text` with a space for every character that must never reach a card, and no space twice."""
    return " ".join(_FORBIDDEN.sub(" ", text).split())


def _error(meaning: str, remedy: str, setting: str = "") -> Code:
    return Code(Severity.ERROR, meaning, remedy, setting)


def _warning(meaning: str, remedy: str, setting: str = "") -> Code:
    return Code(Severity.WARNING, meaning, remedy, setting)


CODES: Mapping[str, Code] = {
    "address-only": _error(
        "The entry is an address without a name: good for access, useless as roster.",
        "Add name, slot and ccTLD, or name the address under [readers] with a reason.",
        "readers",
    ),
    "address-shared": _error(
        "Two people have the same address, as list address or as out-of-band address.",
        "Find out whose it is, and give every person addresses of their own.",
    ),
    "assumed-region": _warning(
        "The telephone number has no country code and was read as a number of the ccTLD's country.",
        "Write the number with + and the country code.",
    ),
    "bad-address": _error(
        "The text is not a mail address that mail can be sent to.",
        "Correct the address.",
    ),
    "bad-column": _warning(
        "The value does not have the form that its column asks for; it is left out.",
        "Correct the value or empty the cell.",
    ),
    "bad-date": _warning(
        "The text is not a date in the form YYYY-MM-DD; it is left out.",
        "Write the date as YYYY-MM-DD.",
    ),
    "bad-slot": _error(
        "The slot is not one of those that a ccTLD has.",
        "Choose a free slot from #1 to the highest one.",
    ),
    "conflicting-column": _error(
        "The entries of one person say different things in a column that has one value.",
        "Give the value in one entry, or the same one in all of them.",
    ),
    "duplicate": _warning(
        "The entry is there twice: nothing but the case of its addresses differs.",
        "Delete the second one.",
    ),
    "forbidden-character": _error(
        "The entry holds a control character, a line break or another character that no card may hold.",
        "Type the text again instead of pasting it.",
    ),
    "future-date": _warning(
        "The date lies in the future; it is left out.",
        "Correct the date.",
    ),
    "invalid-phone": _warning(
        "The telephone number has a possible length but is not in use according to its numbering plan; it is kept.",
        "Ask the contact for the number, or leave it when it is known to ring.",
    ),
    "no-address": _error(
        "The entry has no list address.",
        "Add the address under which the person is on the list.",
    ),
    "no-cctld": _error(
        "The entry names a person and no ccTLD.",
        "Add the ccTLD, or name the address under [readers] with a reason.",
        "readers",
    ),
    "no-name": _error(
        "The entry has a ccTLD and no name.",
        "Add the person's name.",
    ),
    "no-out-of-band": _warning(
        "The person cannot be reached by mail when the ccTLD or the domain of the list address is down.",
        "Ask the contact for an address in another domain, and not under the ccTLD.",
    ),
    "no-phone": _warning(
        "The person has no telephone number that dials.",
        "Ask the contact for a number with country code.",
    ),
    "not-on-list": _warning(
        "No address of the person is on the list: no card and no login.",
        "Subscribe the person, or delete the entry.",
        "subscribers",
    ),
    "not-vetted": _warning(
        "Who appointed the person, when, or the evidence is missing. It is an error where an appointment is required.",
        "Fill in appointed_by, appointed_on and evidence once IANA's admin or tech contact has confirmed the person.",
        "vetting.require_appointment",
    ),
    "phone-not-understood": _warning(
        "The text is no telephone number that can be dialled; it is kept as it stands.",
        "Write the number as + country code and number; several ones separated by commas.",
    ),
    "phone-remark": _warning(
        "Words stand beside the telephone number; the number is kept and the words are left out.",
        "Move the words to the note.",
    ),
    "role-address": _warning(
        "The address belongs to a role and not to a person.",
        "Ask the contact for a personal address, or waive the rule for this address with a reason.",
        "vetting.role_addresses",
    ),
    "slot-taken": _error(
        "Two people hold the same slot of one ccTLD.",
        "Find out who holds the slot, and give the other one a free slot or delete the entry.",
    ),
    "stale": _warning(
        "The person has not confirmed the entry for too long, or never.",
        "Ask the contact to confirm, and record it with `tldops confirm`. Nobody is removed for this.",
        "vetting.stale_after_months",
    ),
    "too-long": _error(
        "A field is longer, or has more values, than any real entry.",
        "Shorten it.",
    ),
    "too-many-contacts": _error(
        "The ccTLD has more contacts than it may have.",
        "Let the ccTLD choose who stays.",
        "vetting.max_per_cctld",
    ),
    "two-slots": _error(
        "One person stands in two slots of the same ccTLD, or with a slot and without one.",
        "Keep the slot that is right; where two people share a name, tell them apart in the name.",
    ),
    "unknown-cctld": _error(
        "The label is not a ccTLD that is delegated today.",
        "Correct it; where the packaged list is behind, add the ccTLD in the configuration.",
        "vetting.add_cctlds",
    ),
}
"""Every problem that vetting reports, by its code."""
