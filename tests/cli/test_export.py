"""`tldops export`: the roster in the forms that people know, each of which reads back to the same people."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import vobject

from tests.support import World
from tests.support.people import people

NAMES = [
    "Doe, Jr., John",
    'Jane "JD" Doe',
    "O’Example “Curly” Name",
    "back\\slash Example",
    "Ampersand & Sons",
    "Régis Exämple",
    "Иван Пример",
    "عمر مثال",
    "Li 台灣 Example",
    "Jan; Semicolon",
]
HOSTILE = [
    "=HYPERLINK(1)",
    "=1+1",
    "+31 evil",
    "-1",
    "@SUM(1)",
    "'=1",
    "''+1",
    "'quoted'",
    "a;b",
    'a,"b"',
    "&amp; &eacute; x",
]
COLUMNS = ("name", "slot", "cctlds", "phones", "email", "oob_email", "organisation", "role", "evidence", "note")


def facts(tldops: World, file: Path) -> dict[str, dict[str, Any]]:
    """What `check --json` reads from a file, by name and without the lines; it must be without errors."""
    shown = tldops.do("check", "--json", str(file)).json
    return {
        contact["name"]: {key: value for key, value in contact.items() if key not in ("line", "lines")}
        for contact in shown["contacts"]
    }


def exported(tldops: World, form: str) -> Path:
    """Export into a file, everything that the format holds."""
    file = tldops.folder / f"out.{form}"
    private = ["--private"] if form in ("csv", "xlsx") else []
    tldops.do("export", "--format", form, "--output", str(file), *private)
    return file


def table(tldops: World, rows: Sequence[Sequence[str]]) -> Path:
    """Write a CSV file with these rows, quoted as the csv module does."""
    file = tldops.folder / "in.csv"
    with file.open("w", newline="") as out:
        csv.writer(out).writerows([COLUMNS, *rows])
    return file


def as_cell(text: str) -> str:
    """What a careful hand writes in a cell to mean `text`: no formula, no HTML reference."""
    return text.replace("&", "&amp;")


@pytest.fixture(params=NAMES)
def named(tldops: World, request: pytest.FixtureRequest) -> Path:
    """A roster of one person with such a name, two ccTLDs in two slots, an extension and an out-of-band address."""
    name = as_cell(request.param)
    file = table(
        tldops,
        [
            [
                name,
                "1",
                ".nl; .рф",
                "+31 6 12345678; +1 202 555 0100 ext. 12",
                "one@nic.example",
                "one@example.net",
                *[""] * 4,
            ],
            [name, "2", ".be", "+31 6 12345678", "two@nic.example", "one@example.net", *[""] * 4],
        ],
    )
    tldops.do("sync", "--yes", str(file))
    assert list(tldops.contacts()) == [request.param]
    return file


def test_report_reads_back(tldops: World, named: Path) -> None:
    """The message in the list's own form is read back to the same name, slots, ccTLDs, numbers and addresses."""
    (before,), (after,) = facts(tldops, named).values(), facts(tldops, exported(tldops, "report")).values()
    assert {key: after[key] for key in ("name", "slots", "phones")} == {
        key: before[key] for key in ("name", "slots", "phones")
    }
    assert set(after["emails"]) == set(before["emails"])


def test_spreadsheet_reads_back(tldops: World, named: Path) -> None:
    """The spreadsheet is read back to exactly the same contact, and syncing it changes nothing."""
    file = exported(tldops, "csv")
    assert facts(tldops, file) == facts(tldops, named)
    assert "Nothing to do" in tldops.do("sync", "--yes", str(file)).out


@pytest.mark.parametrize(
    ("column", "text"),
    [
        *((column, text) for column in ("name", "evidence", "note") for text in HOSTILE),
        *((column, "&amp; &#233; x") for column in ("evidence", "note")),
    ],
)
def test_no_cell_is_a_formula_and_every_cell_comes_back(tldops: World, column: str, text: str) -> None:
    """Whatever a column holds, no cell of the export starts a formula, and reading it back gives the same text."""
    cell = "'" + text if text.lstrip("'")[:1] in tuple("=+-@") else text
    cell = cell if column == "evidence" else as_cell(cell)
    values = {"name": "Ada Example", "slot": "1", "cctlds": ".nl", "email": "ada@nic.example", column: cell}
    tldops.do("sync", "--yes", str(table(tldops, [[values.get(name, "") for name in COLUMNS]])))
    (contact,) = tldops.contacts().values()
    assert getattr(contact, column) == ((text,) if column == "evidence" else text)
    file = exported(tldops, "csv")
    with file.open(newline="", encoding="utf-8-sig") as written:
        cells = [field for row in csv.reader(written) for field in row]
    assert not [field for field in cells if field.startswith(tuple("=+-@\t\r"))]
    again = tldops.do("sync", "--yes", str(file))
    assert "Nothing to do" in again.out, again.out


def test_addresses_and_numbers_are_neutralised_too(tldops: World) -> None:
    """A number begins with "+", and an address may begin with "-": neither starts a cell, both come back."""
    rows = [["Ada Example", "1", ".nl", "+31 6 12345678", "-ada@nic.example", "+ada@example.net", *[""] * 4]]
    tldops.do("sync", "--yes", str(table(tldops, rows)))
    file = exported(tldops, "csv")
    cells = [field for row in csv.reader(io.StringIO(file.read_bytes().decode("utf-8-sig"))) for field in row]
    assert "'+31 6 12345678" in cells
    assert "'-ada@nic.example" in cells
    assert not [field for field in cells if field.startswith(tuple("=+-@"))]
    (contact,) = facts(tldops, file).values()
    assert contact["emails"] == ["-ada@nic.example", "+ada@example.net"]
    assert contact["phones"] == ["+31612345678"]


def test_text_that_is_no_number_comes_back(tldops: World) -> None:
    """A telephone text that was not understood is kept as it stands, through both text forms."""
    rows = [["Ada Example", "1", ".nl", "call the desk", "ada@nic.example", *[""] * 5]]
    source = table(tldops, rows)
    tldops.do("sync", "--yes", str(source))
    for form in ("csv", "report"):
        assert facts(tldops, exported(tldops, form)) == facts(tldops, source)


def test_whole_roster_reads_back(tldops: World) -> None:
    """Sixty people: as many lines, and the same people from both text forms."""
    some = people(60)
    tldops.sync(*some)
    before = facts(tldops, tldops.members)
    assert len(before) == 60
    for form in ("report", "csv"):
        assert facts(tldops, exported(tldops, form)) == before
    assert len(exported_lines(tldops)) == 60


def exported_lines(tldops: World) -> list[str]:
    """The lines of the report on standard output, the default form."""
    return tldops.do("export").out.splitlines()


def test_offline_copy_is_the_cards(tldops: World) -> None:
    """The vcf file is one vCard 3.0 for each person, which another parser reads."""
    some = people(12)
    tldops.sync(*some)
    text = exported(tldops, "vcf").read_bytes().decode()
    cards = list(vobject.readComponents(text))
    assert sorted(str(card.n.value.given) + " " + str(card.n.value.family) for card in cards)
    assert len(cards) == 12
    assert all(any(person.name in card.fn.value for card in cards) for person in some)
    assert "KIND:group" not in text


def test_exported_file_is_private_and_never_overwrites(tldops: World) -> None:
    """A file of the export has mode 0600; one that exists, or cannot be made, is exit 2."""
    tldops.sync(*people(3))
    file = exported(tldops, "csv")
    assert file.stat().st_mode & 0o777 == 0o600
    content = file.read_bytes()
    assert "cannot write the export" in tldops.refused("export", "--output", str(file), code=2)
    assert file.read_bytes() == content
    assert "cannot write" in tldops.refused("export", "-o", str(tldops.folder / "no" / "where"), code=2)


@pytest.mark.parametrize("form", ["report", "csv", "vcf"])
def test_nothing_to_export(tldops: World, form: str) -> None:
    """Without a generation there is nothing to export: exit 2, and no empty file that looks like a roster."""
    tldops.do("init")
    file = tldops.folder / "out"
    assert "`tldops sync`" in tldops.refused("export", "--format", form, "--output", str(file), code=2)
    assert not file.exists()
