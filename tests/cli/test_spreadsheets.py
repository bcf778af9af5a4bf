"""A spreadsheet as the membership file, from the command to the roster and back."""

from pathlib import Path

import pytest

from tests.support import World
from tests.support.books import HEADINGS, JANE, JOHN, ods, xlsx
from tests.support.terminal import on_a_terminal

OWN = ("First name", "Last name", "Nr", "TLD", "Telephone", "E-mail", "Second mail", "Birthday")
ROWS = [("Jane", "Doe", *JANE[1:], "1 May"), ("John", "Roe", *JOHN[1:], "2 May")]
CONFIGURED = """private_columns = ["Birthday"]
[membership.columns]
name = ["First name", "Last name"]
slot = "Nr"
oob_email = "Second mail"
"""


def own(tldops: World, data: bytes, name: str = "members.xlsx") -> Path:
    """Make a spreadsheet the membership file."""
    file = tldops.folder / name
    file.write_bytes(data)
    tldops.config.write_text(f'[membership]\nfile = "{name}"\n{CONFIGURED}')
    return file


def test_from_a_spreadsheet_to_the_roster_and_back(tldops: World) -> None:
    """With headings of one's own; what is exported is the same roster, in both spreadsheet formats."""
    own(tldops, xlsx(("Members",), OWN, *ROWS, more={"Notes": [("call Jane",)]}))
    assert tldops.do("check").out.endswith("members.xlsx (xlsx): 2 contacts of 2 ccTLDs, 0 errors, 0 warnings\n")
    tldops.do("sync", "--yes")
    assert "May" not in tldops.do("export", "--format", "vcf").out
    tldops.config.write_text('[membership]\nprivate_columns = ["BIRTHDAY"]\n')
    for form in ("xlsx", "csv"):
        file = tldops.folder / f"export.{form}"
        tldops.do("export", "--format", form, "--private", "-o", str(file))
        assert "Nothing to do" in tldops.do("sync", "--yes", str(file)).out
    assert (tldops.folder / "export.csv").read_bytes().startswith(b"\xef\xbb\xbfname,")


@pytest.mark.parametrize("form", ["xlsx", "csv"])
def test_columns_of_ones_own_are_kept_for_the_secretariat(tldops: World, form: str) -> None:
    """In the desk database alone: no card shows them and the server cannot read them; they come back with --private."""
    rows = [(*ROWS[0][:-1], "=1 May"), (*ROWS[1][:-1], "with &amp; “cake”")]
    own(tldops, xlsx(OWN, *rows))
    tldops.do("sync", "--yes")
    files = [path for path in tldops.folder.iterdir() if path.name.startswith(("roster.sqlite", "members.sqlite"))]
    assert len(files) > 1
    assert not any(b"cake" in path.read_bytes() for path in files)
    for kind in ("vcf", "report", "csv"):
        assert "cake" not in tldops.do("export", "--format", kind).out
    file = tldops.folder / f"export.{form}"
    tldops.do("export", "--format", form, "--private", "-o", str(file))
    tldops.config.write_text('[membership]\nprivate_columns = ["BIRTHDAY"]\n')
    assert "Nothing to do" in tldops.do("sync", "--yes", str(file)).out
    own(tldops, xlsx(OWN, rows[0], (*ROWS[1][:-1], "no cake")))
    shown = tldops("plan", "--show-values").out
    assert "columns of your own: birthday: with &amp; “cake” -> birthday: no cake" in " ".join(shown.split())
    assert "cake" not in tldops("plan").out
    tldops.do("sync", "--yes")
    assert "no cake" in tldops.do("export", "--format", "csv", "--private").out


def test_a_damaged_cell_stops_the_sync_with_its_row(tldops: World) -> None:
    """The person is held, and the file is named with the row of the sheet."""
    own(tldops, xlsx(OWN, *ROWS))
    tldops.do("sync", "--yes")
    own(tldops, xlsx(OWN, ROWS[0], (*ROWS[1][:4], 470123456, *ROWS[1][5:])))
    result = tldops("sync", "--yes")
    assert result.code == 1
    assert "members.xlsx:3: error: phones: … stands in the cell as a number or a date [damaged]" in result.out
    assert "Format the column as text, and type the value again." in result.out


@pytest.mark.parametrize(
    ("data", "name", "options", "said"),
    [
        (
            xlsx(HEADINGS, JANE, more={"2025": [HEADINGS, JOHN]}),
            "two.xlsx",
            [],
            "say which one it is with --sheet NAME",
        ),
        (xlsx(HEADINGS, JANE), "new.xlsx", ["--sheet", "2025"], "there is no sheet '2025'; there is 'Members'"),
        (xlsx(HEADINGS, JANE)[:900], "half.xlsx", [], "cannot be read as a spreadsheet"),
        (ods(["name"]), "wrong.xlsx", [], "the name says .xlsx, and the content is .ods"),
        (xlsx(HEADINGS, JANE), "as.xlsx", ["--format", "csv"], "this is a spreadsheet or ZIP archive, not text"),
    ],
)
def test_a_spreadsheet_that_is_refused(tldops: World, data: bytes, name: str, options: list[str], said: str) -> None:
    """One line, exit code 2, and nothing is made."""
    file = tldops.folder / name
    file.write_bytes(data)
    assert said in tldops.refused("check", *options, str(file), code=2)


def test_one_of_two_sheets_is_named(tldops: World) -> None:
    """On the command line for once, in the configuration for good."""
    file = tldops.folder / "two.xlsx"
    file.write_bytes(xlsx(HEADINGS, JANE, more={"2025": [HEADINGS, JOHN]}))
    (contact,) = tldops.do("check", "--json", "--sheet", "2025", str(file)).json["contacts"]
    assert contact["name"] == "John Roe"
    tldops.configure('sheet = "members"\n')
    (contact,) = tldops.do("check", "--json", str(file)).json["contacts"]
    assert contact["name"] == "Jane Doe"


def test_a_wrong_mapping_is_named_with_its_setting(tldops: World) -> None:
    """Exit code 2, as for every wrong setting."""
    file = own(tldops, xlsx(HEADINGS, JANE))
    assert "[membership.columns] name: the table has no column 'First name'" in tldops.refused("check", code=2)
    tldops.configure('[membership.columns]\nmobile = "Mobile"\n')
    assert "[membership.columns] mobile: there is no such column" in tldops.refused("check", str(file), code=2)


@pytest.mark.parametrize("form", ["xlsx", "ods"])
def test_a_problem_names_the_cell(tldops: World, form: str) -> None:
    """By letters and row, as the spreadsheet program shows it, with headings of one's own; a CSV has rows alone."""
    last = (*ROWS[1][:2], "9", ".xx", "call me", *ROWS[1][5:])
    rows = [("", *map(str, row)) for row in (OWN, ROWS[0], last)]
    own(tldops, xlsx(*rows) if form == "xlsx" else ods(*rows), f"members.{form}")
    found = {problem["code"]: problem["cell"] for problem in tldops("check", "--json").json["problems"]}
    assert (found["bad-slot"], found["unknown-cctld"], found["phone-not-understood"]) == ("D3", "E3", "F3")
    shown = on_a_terminal(tldops, "", "check", "--only", "bad-slot").out
    assert "line 3, slot (D3): there is no slot #9" in shown
    own(tldops, "\n".join(map(",".join, rows)).encode(), "members.csv")
    assert {problem["cell"] for problem in tldops("check", "--json").json["problems"]} == {""}
