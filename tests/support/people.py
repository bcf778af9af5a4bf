"""Invented people: the community's own two, a small roster, and as many more as a test wants."""

from dataclasses import dataclass
from itertools import islice, product

JOHN = '"John Doe, #1, .nl, +31 123456789" <john.doe@nic.nl>'
JANE = "“Jane Doe, #1, .vn, +84 123456789” jane.doe@nic.vn, jane@oarc.net"
"""The community's own two lines (MEMBERSHIP, lines 1 and 2)."""

REGIS = '"Régis Example, #2, .fr/.re/.pm, +33 1 00 00 00 00" <regis@nic.example>'
IVAN = '"Иван Пример, #1, .рф, +7 (7222) 60-00-06" <ivan@nic.example>'
ANNLIE = '"Annlie Example, #1, .ie, +353 86 123 4567, annlie@example.net" <annlie@nic.example>'
"""Her name holds "nl", and she has nothing to do with .nl."""

ROSTER = (JOHN, JANE, REGIS, IVAN, ANNLIE)

_LABELS = """
    at be bg br ca ch cl co cr cy cz de dk do ee eg es fi fr gh gr hk hr hu id ie il in is it jm jp ke kr kz la lk lt lu
    lv ma mn mt mu mx my na ng nl no np nz om pa pe pg ph pk pl pt py qa ro rs rw se sg si sk sn sv th tn tr tw tz ua ug
    uk us uy uz ve vn ye za zm
"""
CCTLDS = tuple(_LABELS.split())


@dataclass(frozen=True)
class Person:
    """Somebody invented. The number of a telephone is one that is kept for fiction."""

    number: int
    cctld: str
    slot: int

    @property
    def name(self) -> str:
        """The full name."""
        return f"Person {self.number:02}"

    @property
    def login(self) -> str:
        """The list address."""
        return f"person{self.number:02}@nic.example"

    @property
    def phone(self) -> str:
        """The telephone number as the file has it; no two neighbours have one that follows the other."""
        return f"+1 202 555 {self.number * 7 % 10_000:04}"

    @property
    def line(self) -> str:
        """The line of the membership file."""
        return f'"{self.name}, #{self.slot}, .{self.cctld}, {self.phone}" <{self.login}>'


def people(count: int) -> list[Person]:
    """Return `count` invented people, up to three to a ccTLD, no two in one slot, always the same ones for a count.

    Neighbours serve different ccTLDs, so that any third of them can go and no ccTLD loses its last contact.
    """
    places = islice(product((1, 2, 3), CCTLDS[: -(-count // 3)]), count)
    found = [Person(number, cctld, slot) for number, (slot, cctld) in enumerate(places, start=1)]
    assert len(found) == count
    return found


def lines(some: list[Person]) -> list[str]:
    """Return the lines of a membership file with these people."""
    return [person.line for person in some]
