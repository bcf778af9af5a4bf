"""Invented people for the tests of the command line: as many as wanted, three to a ccTLD, no two in one slot."""

from dataclasses import dataclass
from itertools import islice, product

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
        """The telephone number as the file has it."""
        return f"+1 202 555 {self.number:04}"

    @property
    def line(self) -> str:
        """The line of the membership file."""
        return f'"{self.name}, #{self.slot}, .{self.cctld}, {self.phone}" <{self.login}>'


def people(count: int) -> list[Person]:
    """Return the first `count` invented people, always the same ones."""
    places = islice(product(CCTLDS, (1, 2, 3)), count)
    found = [Person(number, cctld, slot) for number, (cctld, slot) in enumerate(places, start=1)]
    assert len(found) == count
    return found


def lines(some: list[Person]) -> list[str]:
    """Return the lines of a membership file with these people."""
    return [person.line for person in some]
