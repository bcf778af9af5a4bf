"""Problems: what can be wrong with an input. Every code once, with its severity, its meaning and the remedy."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

MAX_QUOTE = 200
"""Longest quotation of the input in a message, in characters."""

_MAX_DETAILS = 5
"""Most details that one message lists."""


class Severity(StrEnum):
    """How much a problem matters: a record with an error is never applied; a warning stops nothing."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Origin:
    """Where a record stands. `line` counts from 1 and is the first line of a record that spans several."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Something wrong in an input, with the reason and the remedy. `code` is a key of `CODES`.

    `text` quotes the input as one printable line; it may hold a telephone number, so it must not go to a log. `column`
    is the column of a table, and `cell` the cell of a spreadsheet ("D4"), each "" where it is not known.
    """

    origin: Origin
    severity: Severity
    code: str
    message: str
    remedy: str
    text: str = ""
    column: str = ""
    cell: str = ""

    @property
    def is_error(self) -> bool:
        """Whether it stops a sync without `--quarantine`."""
        return self.severity is Severity.ERROR


@dataclass(frozen=True, slots=True)
class Code:
    """What is the same for all problems of one code.

    `meaning` and `remedy` also stand in the table of docs/membership-file.md, and name the setting that changes the
    rule. `table_remedy` replaces the remedy for a row of a table, where it is not "".
    """

    severity: Severity
    meaning: str
    remedy: str
    table_remedy: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem whose place is not known yet. `message` says what exactly is wrong, `text` quotes the input.

    `severity` and `remedy` replace those of the code where they are given. `column` is the column of a table in which
    it stands, where that is known.
    """

    code: str
    message: str = ""
    text: str = ""
    severity: Severity | None = None
    remedy: str = ""
    column: str = ""

    @property
    def is_error(self) -> bool:
        """Whether a record with this finding must not be applied."""
        return (self.severity or CODES[self.code].severity) is Severity.ERROR

    def at(self, origin: Origin) -> Problem:
        """Return the problem at `origin`."""
        code = CODES[self.code]
        severity, remedy = self.severity or code.severity, self.remedy or code.remedy
        message = self.message or code.meaning
        return Problem(origin, severity, self.code, message, remedy, printable(self.text), self.column)


def joined(origin: Origin, findings: Iterable[Finding], text: str, *, table: bool = False) -> tuple[Problem, ...]:
    """Return one problem for each code among `findings`: its meaning, and the first five messages behind it.

    An entry with ten thousand bad fields must not make ten thousand problems. `text` is the whole entry, `table` says
    that it is a row of a table.
    """
    messages: dict[str, dict[str, None]] = {}
    for finding in findings:
        known = messages.setdefault(finding.code, {})
        if finding.message and len(known) < _MAX_DETAILS:
            known[_escaped(finding.message)] = None
    if "encoded-twice" in messages:
        messages.pop("lossy-export", None)  # the question mark belongs to the encoding and replaces no letter
    shown = printable(text) if messages else ""
    found = []
    for name, details in messages.items():
        code = CODES[name]
        message = f"{code.meaning}: {'; '.join(details)}" if details else code.meaning
        remedy = (table and code.table_remedy) or code.remedy
        found.append(Problem(origin, code.severity, name, message, remedy, shown, _ONE_CELL.get(name, "") * table))
    return tuple(found)


def cut_off_after(problems: Iterable[Problem]) -> Origin | None:
    """Return the last entry of a file that may be cut off, from the file's problems; None for a complete file.

    A file may be cut off where its last line has no line break, unless its format shows where it ends.
    """
    return next((problem.origin for problem in problems if problem.code == "no-final-newline"), None)


def printable(text: str) -> str:
    """Return `text` as one printable line of at most `MAX_QUOTE` characters, other characters escaped."""
    shown = _escaped(text[: MAX_QUOTE + 1])
    return shown if len(shown) <= MAX_QUOTE else shown[: MAX_QUOTE - 1] + "…"


def _escaped(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)


_ONE_CELL = {"bad-cctld": "cctlds", "bad-slot": "slot", "no-address": "email", "no-cctld": "cctlds", "no-name": "name"}

_error, _warning = partial(Code, Severity.ERROR), partial(Code, Severity.WARNING)
_LOSSLESS = "export again with `dumpdb` (Mailman 2.1) or `mailman members` (Mailman 3)."

CODES: Mapping[str, Code] = {
    "address-only": _error(
        "The entry has an address and no name",
        "Add name, slot and ccTLD. Not an SSC? Add the address to [readers] in tldops.toml.",
        table_remedy="Fill the columns name and cctlds. Not an SSC? Add the address to [readers] in tldops.toml.",
    ),
    "address-shared": _error(
        "Two people have the same address", "Find out whose it is. Give the other person another one."
    ),
    "ambiguous-person": _error(
        "It is not clear which person this is",
        "Were two cells swapped? Swap them back. Else change the address in one sync, the name in the next.",
    ),
    "appointment-left": _warning(
        "The appointment is for a ccTLD that the person left", "Ask who appointed for the new one, and write it."
    ),
    "assumed-region": _warning(
        "The number has no country code; the ccTLD's was taken", "Write it with + and the country code."
    ),
    "bad-address": _error(
        "This is not a mail address",
        "Write it as local@domain. Separate addresses by commas.",
        table_remedy="Write it as local@domain, several separated by semicolons, or leave the cell empty.",
    ),
    "bad-cctld": _error(
        "This is not the name of a ccTLD",
        "Write each ccTLD with its dot (.nl, .рф), several as .fr/.re/.pm.",
        table_remedy="Write each ccTLD in the column cctlds with its dot (.nl, .рф), several as .fr; .re; .pm.",
    ),
    "bad-column": _warning(
        "The value does not have the form of its column and is not used", "Correct it, or empty the cell."
    ),
    "bad-date": _warning("The date is not in the form YYYY-MM-DD and is not used", "Write it as YYYY-MM-DD."),
    "bad-encoding": _error("The encoding of the text is broken", "Correct it by hand, or " + _LOSSLESS),
    "bad-row": _error(
        "The row does not fit the header", "Give it as many cells as the header. Quote a cell that holds the separator."
    ),
    "bad-slot": _error(
        "The slot does not exist", "Choose a free slot.", table_remedy="Write 1, 2 or 3 in the column slot."
    ),
    "conflicting-column": _error(
        "One person has different values in one column", "Give the same value in all entries, or only once."
    ),
    "cut-off": _error("The entry is not complete", "Export again, and copy the whole file."),
    "damaged": _error("A spreadsheet has changed the value", "Format the column as text, and type the value again."),
    "domain-typo": _warning(
        "The domain of an address is nearly that of a well-known mail provider",
        "Ask the contact in another way, and correct the address, or accept it in tldops.toml, vetting.domain_typos.",
    ),
    "duplicate": _warning("The entry stands there twice; it counts once", "Delete one."),
    "encoded-twice": _warning(
        "The text still looks encoded after it was decoded", "Correct the name in the list software."
    ),
    "encoding-guessed": _warning(
        "The file is not in UTF-8; its encoding was guessed", "Check names with accents; save or export as UTF-8."
    ),
    "forbidden-character": _error(
        "The entry holds a control or invisible character", "Delete it, or type the field again."
    ),
    "future-date": _warning("The date lies in the future and is not used", "Correct it."),
    "invalid-phone": _warning(
        "As far as is known, the country has no numbers of this kind; the number is kept",
        "Ask the contact for the number. Leave it if you know that it rings.",
    ),
    "kept-value": _warning(
        "The roster keeps the old value: the new one is not understood, or would be a number in another country. An "
        "error after 30 days",
        "Correct the value, or empty the cell.",
    ),
    "left-list": _warning(
        "The person is not on the list any more: no login, and after subscribers.leaving_grace_days no card",
        "Ask whether a mail bounced. Subscribe the person again, or delete the entry.",
    ),
    "look-alike": _warning(
        "A letter of the name looks like another one, or cannot be seen. In an address that is an error",
        "Type the word again, or accept it in tldops.toml, vetting.look_alikes.",
    ),
    "lossy-export": _warning(
        "An export has put question marks in the place of letters", "Correct the name by hand, or " + _LOSSLESS
    ),
    "misspelt-column": _error(
        "A column is missing, and another has nearly its name",
        "Correct the heading, or say in [membership.columns] or private_columns what it is.",
    ),
    "no-address": _error(
        "The entry has no mail address",
        "Add the address that is on the list.",
        table_remedy="Fill the column email with the address that is on the list.",
    ),
    "no-cctld": _error(
        "The entry does not name a ccTLD",
        "Write the ccTLD with its dot behind the slot.",
        table_remedy="Fill the column cctlds, and add it if it is missing: .nl, or several as .fr; .re; .pm.",
    ),
    "no-final-newline": _warning(
        "The last line has no line break: the file may be cut off",
        "Compare the last entry with its source, then add the line break.",
    ),
    "no-name": _error(
        "The entry does not name a person", "Write the name before the slot.", table_remedy="Fill the column name."
    ),
    "no-out-of-band": _warning(
        "The person has no address that works when the ccTLD, or the list address's domain, is down",
        "Ask for an address in another domain, not under the ccTLD.",
    ),
    "no-phone": _warning("The person has no telephone number that dials", "Ask for a number with its country code."),
    "no-separators": _error(
        "The parts of the entry are not separated",
        "Write a comma after each part: “Name, #1, .nl, +31 …”.",
        table_remedy="Write only the ccTLDs in the column cctlds, and the telephone numbers in the column phones.",
    ),
    "no-slot": _error(
        "The entry has no slot",
        "Write “Name, #1, .nl, +31 …”. Not an SSC? Add the address to [readers] in tldops.toml.",
    ),
    "not-a-member": _warning(
        "The dump names an address that left the list; it is not used",
        "Nothing, or subscribe the address and export again.",
    ),
    "not-on-list": _warning(
        "No address of the person is on the list: no login, and no new card",
        "Subscribe the person, or delete the entry.",
    ),
    "not-understood": _error(
        "The line or a part of it is not understood",
        'Write the entry as "Name, #1, .nl, +31 …" <address>, or delete the line.',
        table_remedy="Give every value in the column of its own: name, slot, cctlds, phones, email, oob_email.",
    ),
    "not-vetted": _warning(
        "Appointer, date or evidence is missing; an error with vetting.require_appointment",
        "Fill it in once IANA's admin or tech contact has confirmed the person.",
    ),
    "phone-not-understood": _warning(
        "This is not a telephone number that dials; it is kept as text",
        "Write each number whole, with + and country code. Separate numbers by semicolons.",
    ),
    "phone-remark": _warning(
        "Words beside the telephone number are left out", "Move them to note, or to card_note for the members."
    ),
    "phones-lost": _error(
        "Telephone numbers are given, but none of them dials, where one did before",
        "Write each number with + and its country code, or empty the cell.",
    ),
    "reader-not-listed": _warning("An address in [readers] is not on the list: no login", "Subscribe or delete it."),
    "role-address": _warning(
        "The address belongs to a role, not to a person",
        "Ask for a personal address, or accept this one in tldops.toml, vetting.role_addresses.",
    ),
    "run-together": _error(
        "A bracket is open, or an address stands in the name",
        "Compare it with its source: perhaps these are two entries.",
        table_remedy="Write only the name in the column name; addresses go into email and oob_email.",
    ),
    "skipped-line": _warning("The line is text around the list, and no entry", "Nothing, if nobody stands in it."),
    "slot-taken": _error(
        "Two people hold the same slot of one ccTLD", "Find out whose it is. Give the other person a free slot."
    ),
    "stale": _warning(
        "The person was not confirmed within vetting.stale_after_months; nobody is removed for this",
        "Ask whether the entry is right, and record the answer with `tldops confirm`.",
    ),
    "too-long": _error(
        "A field is too long, or has too many values", "Shorten it. Perhaps several entries have run into one."
    ),
    "too-many-contacts": _error(
        "The ccTLD has more contacts than vetting.max_per_cctld allows",
        "Ask the ccTLD which ones stay, and delete the others. If it may have more: vetting.max_per_cctld.",
    ),
    "two-slots": _error(
        "One person has different slots of a ccTLD, or a slot and none",
        "Keep the right one, or tell two people apart by their names.",
    ),
    "unclosed-quote": _error(
        "A quotation mark has no partner: perhaps the entry is cut off",
        "Compare it with its source, then add or delete the mark.",
    ),
    "unknown-cctld": _error(
        "The label is not a ccTLD that is delegated today",
        "Correct it, or add a new ccTLD in tldops.toml, vetting.add_cctlds.",
    ),
    "unknown-column": _warning("The column is not known and not used", "Rename it to a known name, or leave it."),
}
"""Every problem by its code. The order is that of the alphabet."""
