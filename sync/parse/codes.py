"""Every problem that parsing can find, in one table: how severe it is, what it means, what to do about it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sync.parse.limits import MAX_QUOTE
from sync.records import Origin, Problem, Severity


@dataclass(frozen=True, slots=True)
class Code:
    """A row of the table. `meaning` opens the message of every problem with this code, `remedy` is its remedy."""

    severity: Severity
    meaning: str
    remedy: str


class Fault(NamedTuple):
    """A code and what exactly is wrong here; it becomes a `Problem` once the place and the text are known."""

    code: str
    detail: str = ""


_ERROR, _WARNING = Severity.ERROR, Severity.WARNING
_LOSSLESS = (
    "export the list without loss: "
    "Mailman 2.1 has `dumpdb lists/NAME/config.pck` for it, Mailman 3 has `mailman members NAME`"
)

CODES: Mapping[str, Code] = {
    "not-understood": Code(
        _ERROR,
        "This is not understood as (part of) an entry",
        'Write the entry as "Name, #1, .nl, +31 …" <address>, or delete the line if it is no entry; '
        'a line that starts with "# " is a comment.',
    ),
    "unclosed-quote": Code(
        _ERROR,
        "A quotation mark has no partner, so the entry may be cut off or joined with another",
        "Compare the entry with its source, then add the missing quotation mark or remove the one too many.",
    ),
    "run-together": Code(
        _ERROR,
        "Two entries may have run into one, the middle of which is lost",
        "Compare the entry with its source; close every bracket and quotation mark, and write no address in the name.",
    ),
    "cut-off": Code(
        _ERROR,
        "The entry ends before it is complete",
        "Export the list again, and check that the whole file was copied.",
    ),
    "no-address": Code(
        _ERROR,
        "The entry has no mail address",
        "Add the address under which the person is on the list.",
    ),
    "bad-address": Code(
        _ERROR,
        "This is not a mail address",
        "Write one address as local@domain; several go each in a place of its own, separated by commas.",
    ),
    "address-only": Code(
        _ERROR,
        "The entry is an address without a name: good for access, useless as roster",
        "Give it a name of the form “Name, #1, .nl, +31 …”, or name the address in [readers] if it is no SSC.",
    ),
    "no-name": Code(
        _ERROR,
        "The entry does not say who the person is",
        "Write the person's name before the slot.",
    ),
    "no-slot": Code(
        _ERROR,
        "This is not an SSC entry: no slot (#1, #2 or #3)",
        "Write the name as “Name, #1, .nl, +31 …”, or name the address in [readers] if it is no SSC.",
    ),
    "no-separators": Code(
        _ERROR,
        "The parts of the entry are not separated by commas or semicolons",
        "Write the name as “Name, #1, .nl, +31 …”, with a comma after each part.",
    ),
    "bad-slot": Code(
        _ERROR,
        "The slot is not a number that can be a slot",
        "Write the slot as #1, #2 or #3.",
    ),
    "no-cctld": Code(
        _ERROR,
        "The entry does not name a ccTLD",
        "Write the ccTLD with its dot behind the slot: “Name, #1, .nl, +31 …”.",
    ),
    "bad-cctld": Code(
        _ERROR,
        "This is not the name of a ccTLD",
        "Write each ccTLD as one label with its dot (.nl, .рф), and several as .fr/.re/.pm.",
    ),
    "bad-encoding": Code(
        _ERROR,
        "The encoding of the text is broken, so the text cannot be known",
        "Correct the entry by hand, or " + _LOSSLESS + ".",
    ),
    "forbidden-character": Code(
        _ERROR,
        "A character stands here that no field may hold",
        "Delete the character, in the list software too, or type the field again.",
    ),
    "too-long": Code(
        _ERROR,
        "This is longer than a membership file may have it",
        "Check whether several entries have run into one; shorten the field.",
    ),
    "bad-row": Code(
        _ERROR,
        "The row does not fit the header",
        "Give the row as many cells as the header has columns; put a cell that holds the separator in quotation marks.",
    ),
    "not-a-member": Code(
        _WARNING,
        "The dump has a name for the address, but the address is not among the members of the list: no entry",
        "Nothing, if the person has left; else subscribe the address and export the list again.",
    ),
    "lossy-export": Code(
        _WARNING,
        "The export has lost letters: there is a question mark in their place",
        "Correct the name by hand, or " + _LOSSLESS + ".",
    ),
    "encoded-twice": Code(
        _WARNING,
        "The text still looks encoded after decoding it once",
        "Check the name, and correct it in the list software.",
    ),
    "encoding-guessed": Code(
        _WARNING,
        "The encoding is not UTF-8 and was guessed from the text",
        "Check the names with accents, and save or export as UTF-8.",
    ),
    "unknown-column": Code(
        _WARNING,
        "The table has a column that is not known, and it is not used",
        "Rename the column to one of the known names, or leave it.",
    ),
    "misspelt-column": Code(
        _ERROR,
        "The table has no column of a known name, but one of nearly that name",
        "Correct the name of the column in the header; where another column is meant, give it a name less like it. "
        "No row is applied until then.",
    ),
    "no-final-newline": Code(
        _WARNING,
        "The last line of the file has no line end: the file may be cut off inside it",
        "Compare the last entry with its source, and end the file with a line break.",
    ),
}
"""Code → severity, meaning and remedy. A record with an error is never applied; a warning stops nothing."""

_IN_TABLES: Mapping[str, str] = {
    "not-understood": "Give every value in the column of its own: name, slot, cctlds, phones, email, oob_email.",
    "run-together": "Write nothing but the name in the column name; addresses go into email and oob_email.",
    "no-address": "Fill the column email with the address under which the person is on the list.",
    "bad-address": "Write each address as local@domain, several separated by semicolons, or nothing.",
    "address-only": "Fill the columns name and cctlds, or name the address in [readers] if it is no SSC.",
    "no-name": "Fill the column name.",
    "no-separators": "Give the ccTLDs alone in the column cctlds, and the telephone numbers in the column phones.",
    "bad-slot": "Write 1, 2 or 3 in the column slot.",
    "no-cctld": "Fill the column cctlds (add it if there is none): .nl, or several as .fr; .re; .pm.",
    "bad-cctld": "Write each ccTLD in the column cctlds with its dot (.nl, .рф), several as .fr; .re; .pm.",
}
"""Code → what to do about it in a table, where the remedy for a line would lead astray."""


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def quote(text: str) -> str:
    """Return `text` as one printable line of at most 200 characters."""
    shown = _printable(text[:MAX_QUOTE])
    return shown if len(shown) < MAX_QUOTE else shown[: MAX_QUOTE - 1] + "…"


def is_error(fault: Fault) -> bool:
    """Whether a record with this fault is broken."""
    return CODES[fault.code].severity is _ERROR


def problems(origin: Origin, faults: Iterable[Fault], text: str, *, table: bool = False) -> tuple[Problem, ...]:
    """Return one problem for each code among `faults`, in order of appearance, with the first five details.

    Several faults of a kind are one problem: an entry of ten thousand bad fields must not make ten thousand problems.
    `table` says that the entry is the row of a table, whose remedies speak of columns.
    """
    details: dict[str, list[str]] = {}
    for code, detail in faults:
        known = details.setdefault(code, [])
        if detail and _printable(detail) not in known and len(known) < 5:
            known.append(_printable(detail))
    if "encoded-twice" in details:
        details.pop("lossy-export", None)  # a question mark of an encoding is no lost letter
    shown = quote(text) if details else ""
    found: list[Problem] = []
    for code, known in details.items():
        row = CODES[code]
        message = f"{row.meaning}: {'; '.join(known)}" if known else row.meaning
        remedy = _IN_TABLES.get(code, row.remedy) if table else row.remedy
        found.append(Problem(origin, row.severity, code, message, remedy, shown))
    return tuple(found)
