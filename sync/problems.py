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

    `text` quotes the input as one printable line; it may hold a telephone number, so it must not go to a log.
    """

    origin: Origin
    severity: Severity
    code: str
    message: str
    remedy: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Code:
    """What is the same for all problems of one code.

    `meaning` and `remedy` also stand in the table of docs/membership-file.md. `setting` is the key of `tldops.toml`
    that changes the rule, or "". `table_remedy` replaces the remedy for a row of a table, where it is not "".
    """

    severity: Severity
    meaning: str
    remedy: str
    setting: str = ""
    table_remedy: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem whose place is not known yet. `message` says what exactly is wrong, `text` quotes the input.

    `severity` and `remedy` replace those of the code where they are given.
    """

    code: str
    message: str = ""
    text: str = ""
    severity: Severity | None = None
    remedy: str = ""

    @property
    def is_error(self) -> bool:
        """Whether a record with this finding must not be applied."""
        return (self.severity or CODES[self.code].severity) is Severity.ERROR

    def at(self, origin: Origin) -> Problem:
        """Return the problem at `origin`."""
        code = CODES[self.code]
        severity, remedy = self.severity or code.severity, self.remedy or code.remedy
        return Problem(origin, severity, self.code, self.message or code.meaning, remedy, printable(self.text))


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
        found.append(Problem(origin, code.severity, name, message, remedy, shown))
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


_error, _warning = partial(Code, Severity.ERROR), partial(Code, Severity.WARNING)
_LOSSLESS = "export without loss: `dumpdb lists/NAME/config.pck` (Mailman 2.1), `mailman members NAME` (Mailman 3)."

CODES: Mapping[str, Code] = {
    "address-only": _error(
        "The entry has an address and no name: it can give access, but it cannot be a contact",
        "Add name, slot and ccTLD. If the person is not an SSC, name the address under [readers].",
        setting="readers",
        table_remedy="Fill the columns name and cctlds. If the person is not an SSC, name the address under [readers].",
    ),
    "address-shared": _error(
        "Two people have the same address, as list address or as out-of-band address",
        "Find out whose address it is. Give every person addresses of their own.",
    ),
    "ambiguous-person": _error(
        "The record could be more than one person of the roster, or two records could be the same person",
        "Change one thing at a time: the new address in one sync, the new name in the next.",
    ),
    "assumed-region": _warning(
        "The telephone number has no country code and was read as a number of the ccTLD's country",
        "Write the number with + and the country code.",
    ),
    "bad-address": _error(
        "This is not a mail address",
        "Write the address as local@domain. Separate several addresses by commas.",
        table_remedy="Write each address as local@domain, several separated by semicolons, or leave the cell empty.",
    ),
    "bad-cctld": _error(
        "This is not the name of a ccTLD",
        "Write each ccTLD as one label with its dot (.nl, .рф), and several as .fr/.re/.pm.",
        table_remedy="Write each ccTLD in the column cctlds with its dot (.nl, .рф), several as .fr; .re; .pm.",
    ),
    "bad-column": _warning(
        "The value does not have the form that its column needs; it is left out", "Correct the value or empty the cell."
    ),
    "bad-date": _warning(
        "The text is not a date in the form YYYY-MM-DD; it is left out", "Write the date as YYYY-MM-DD."
    ),
    "bad-encoding": _error(
        "The encoding of the text is broken, so the text is not known", "Correct the entry by hand, or " + _LOSSLESS
    ),
    "bad-row": _error(
        "The row does not fit the header",
        "Give the row as many cells as the header has columns. Put a cell that holds the separator in quotation marks.",
    ),
    "bad-slot": _error(
        "The slot does not exist",
        "Choose a free slot from #1 to the highest slot.",
        table_remedy="Write 1, 2 or 3 in the column slot.",
    ),
    "conflicting-column": _error(
        "The entries of one person have different values in a column that has one value for each person",
        "Give the value in one entry, or the same value in all of them.",
    ),
    "cut-off": _error(
        "The entry ends before it is complete", "Export the list again, and check that the whole file was copied."
    ),
    "duplicate": _warning("The same entry stands in the file twice; it counts once", "Delete the second entry."),
    "encoded-twice": _warning(
        "The text still looks encoded after it was decoded once", "Check the name, and correct it in the list software."
    ),
    "encoding-guessed": _warning(
        "The encoding of the file is not UTF-8 and was guessed",
        "Check the names with accents, and save or export the file as UTF-8.",
    ),
    "forbidden-character": _error(
        "The entry holds a control character, a line break or an invisible character that no card may hold",
        "Delete the character, also in the list software, or type the field again instead of pasting it.",
    ),
    "future-date": _warning("The date lies in the future; it is left out", "Correct the date."),
    "invalid-phone": _warning(
        "The telephone number has a possible length, but its numbering plan does not use it; it is kept",
        "Ask the contact for the number. Leave it if you know that it rings.",
    ),
    "lossy-export": _warning(
        "The export has lost letters and put question marks in their place", "Correct the name by hand, or " + _LOSSLESS
    ),
    "misspelt-column": _error(
        "A required or known column is missing, and another column has nearly its name; no row is applied",
        "Correct the name of the column in the header. A different column needs a less similar name.",
    ),
    "no-address": _error(
        "The entry has no mail address",
        "Add the address under which the person is on the list.",
        table_remedy="Fill the column email with the address under which the person is on the list.",
    ),
    "no-cctld": _error(
        "The entry does not name a ccTLD",
        "Write the ccTLD with its dot behind the slot. If the person is not an SSC, name the address under [readers].",
        setting="readers",
        table_remedy="Fill the column cctlds, and add it if it is missing: .nl, or several as .fr; .re; .pm.",
    ),
    "no-final-newline": _warning(
        "The last line has no line break at its end, so the file may be cut off",
        "Compare the last entry with its source, then end the file with a line break.",
    ),
    "no-name": _error(
        "The entry does not name a person",
        "Write the person's name before the slot.",
        table_remedy="Fill the column name.",
    ),
    "no-out-of-band": _warning(
        "The person cannot be reached by mail when the ccTLD or the domain of the list address is down",
        "Ask the contact for an address in another domain, not under the ccTLD.",
    ),
    "no-phone": _warning(
        "The person has no telephone number that dials", "Ask the contact for a number with its country code."
    ),
    "no-separators": _error(
        "The parts of the entry are not separated by commas or semicolons",
        "Write the name as “Name, #1, .nl, +31 …”, with a comma after each part.",
        table_remedy="Write only the ccTLDs in the column cctlds, and the telephone numbers in the column phones.",
    ),
    "no-slot": _error(
        "The entry has no slot (#1, #2 or #3), so it is not the entry of an SSC",
        "Write the name as “Name, #1, .nl, +31 …”. If the person is not an SSC, name the address under [readers].",
        setting="readers",
    ),
    "not-a-member": _warning(
        "The dump has a name for an address that is no longer a member of the list; the name is not used",
        "Nothing, if the person has left. Else subscribe the address and export the list again.",
    ),
    "not-on-list": _warning(
        "No address of the person is on the list, so the person gets no card and no login",
        "Subscribe the person, or delete the entry.",
        setting="subscribers",
    ),
    "not-understood": _error(
        "The line or a part of it is not understood",
        'Write the entry as "Name, #1, .nl, +31 …" <address>, or delete the line. "# " begins a comment.',
        table_remedy="Give every value in the column of its own: name, slot, cctlds, phones, email, oob_email.",
    ),
    "not-vetted": _warning(
        "Who appointed the person, the date or the evidence is missing; an error with require_appointment = true",
        "Fill in appointed_by, appointed_on and evidence when IANA's admin or tech contact has confirmed the person.",
        setting="vetting.require_appointment",
    ),
    "phone-not-understood": _warning(
        "The text is not a telephone number that dials; it is kept as text",
        "Write the number as +, country code and number. Separate several numbers by commas.",
    ),
    "phone-remark": _warning(
        "There are words beside the telephone number; the number is kept and the words are left out",
        "Move the words to the note.",
    ),
    "reader-not-listed": _warning(
        "An address under [readers] is not on the list, so it gets no login",
        "Subscribe the address to the list, or delete it under [readers].",
    ),
    "role-address": _warning(
        "The address belongs to a role and not to a person",
        "Ask the contact for a personal address, or waive the rule for this address and give the reason.",
        setting="vetting.role_addresses",
    ),
    "run-together": _error(
        "A bracket never closes or an address stands in the name, so two entries may have run into one",
        "Compare the entry with its source. Close every bracket and quotation mark, and write no address in the name.",
        table_remedy="Write only the name in the column name; addresses go into email and oob_email.",
    ),
    "slot-taken": _error(
        "Two people hold the same slot of one ccTLD",
        "Find out who holds the slot. Give the other person a free slot or delete the entry.",
    ),
    "stale": _warning(
        "The person has not confirmed the entry for too long, or never; nobody is removed for this",
        "Ask the contact to confirm the entry, and record the answer with `tldops confirm`.",
        setting="vetting.stale_after_months",
    ),
    "too-long": _error(
        "A field is longer, or has more values, than any real entry",
        "Check whether several entries have run into one, and shorten the field.",
    ),
    "too-many-contacts": _error(
        "The ccTLD has more contacts than it may have",
        "Ask the ccTLD which contacts stay, and delete the others.",
        setting="vetting.max_per_cctld",
    ),
    "two-slots": _error(
        "One person has two slots of the same ccTLD, or an entry with a slot and another without one",
        "Keep the right slot. If two people share a name, make the names different.",
    ),
    "uid-collision": _error(
        "A new person uses the address under which another person of the roster first appeared",
        "Give the new person another list address.",
    ),
    "unclosed-quote": _error(
        "A quotation mark has no partner, so the entry may be cut off or joined with another",
        "Compare the entry with its source, then add the missing quotation mark or delete the extra one.",
    ),
    "unknown-cctld": _error(
        "The label is not a ccTLD that is delegated today",
        "Correct the label. If the packaged list is out of date, add the ccTLD in the configuration.",
        setting="vetting.add_cctlds",
    ),
    "unknown-column": _warning(
        "The table has a column that is not known; it is not used", "Rename the column to a known name, or leave it."
    ),
}
"""Every problem by its code. The order is that of the alphabet."""
