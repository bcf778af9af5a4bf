"""What a hazard is, and the table of all hazards."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Part(StrEnum):
    """The two halves of a plan, which are guarded apart."""

    ROSTER = "roster"
    ACCESS = "access"


@dataclass(frozen=True, slots=True, order=True)
class Hazard:
    """A reason not to apply one part of a plan; `code` is what `--force` takes."""

    code: str
    part: Part
    message: str


HAZARDS: Mapping[str, str] = {
    "empty-input": "Nobody would be left in the roster, or nobody was found in the input.",
    "mass-removal": "More people would be removed within the window than the limit allows.",
    "mass-addition": "More people would be added within the window than the limit allows.",
    "mass-change": "More people than the limit allows would get another value of one field within the window.",
    "mass-loss": "More people than the limit allows would lose a field within the window, or its column is gone.",
    "mass-access": "More logins would be let in, or shut out, within the window than the limit allows.",
    "moved-values": "Two or more people would get the value that another person had: a column was sorted or moved.",
    "last-contact": "A ccTLD would lose its last contact. That person stays; the rest is applied.",
    "reread": "Values change though the file is the same: it is read differently, or confirmations were lost.",
    "cut-input": "People or logins would go, or an address change, by a file without a line break at its end.",
    "stale-source": "An input is older than the one applied last, of the future, or was taken back by a rollback.",
    "not-installed": "The file is not the configured one, whose next sync would undo the changes.",
    "list-mismatch": "The list and the membership file disagree about too many people.",
}
"""Every hazard by the name that `--force` takes."""

NOT_INSTALLED = "not-installed"
"""The hazard that --install ends; what the plan does is the same, and so is its id."""

REMEDIES: Mapping[str, str] = {
    "empty-input": "Look at the input; it is almost never right.",
    "mass-removal": "Was the file exported whole?",
    "mass-addition": "Look at each new name: strangers would read everything.",
    "mass-change": "Compare old and new: was a column sorted or filled?",
    "mass-loss": "Is the column still there, under its old heading?",
    "mass-access": "Look at the list: who was subscribed or removed?",
    "moved-values": "Take the column from the last good file.",
    "last-contact": "Find a new contact. If there is none, force it.",
    "reread": "Look at the plan once, and force it.",
    "cut-input": "Export it again. If it is whole, add the line break.",
    "stale-source": "Export or save the newest one again.",
    "not-installed": "Add `--install`.",
    "list-mismatch": "Are both of today, and of the same list?",
}
"""What to do about every hazard."""

LAST_CONTACT = "last-contact"
"""The hazard that holds single people, and stops nothing else."""


def both(code: str, message: str) -> list[Hazard]:
    """Return a hazard of both halves of a plan."""
    return [Hazard(code, part, message) for part in Part]


def counted(number: int, what: str) -> str:
    """Return "2 people would go" or "1 person would go"; `what` begins with the plural of what is counted."""
    noun, _, rest = what.partition(" ")
    return f"{number} {noun if number != 1 else _ONE[noun]} {rest}"


_ONE = {"people": "person", "logins": "login"}


def without_numbers(text: str) -> str:
    """Return `text` without the telephone numbers in it."""
    return _NUMBER.sub("…", text)


_NUMBER = re.compile(
    r"(?<!\d)(?!\d{4}-\d\d-\d\d(?!\d))[+(\[]{0,3}\d(?:(?:\\x[0-9a-f]{2}|\\u[0-9a-f]{4}|[\W_]){0,3}\d){6,}"
)
"""A possible telephone number in a message: seven or more digits, with separators, also escaped ones, between them."""
