"""docs/membership-file.md against the parser, the rules of vetting, and the guards."""

import re
from collections.abc import Mapping

import pytest

from radicale_tldops.settings import known_settings
from sync import problems as findings
from sync.parse import COLUMNS, FORMATS, codes, parse
from sync.parse.table import REQUIRED
from sync.plan import identify, wanted
from sync.plan.guards import HAZARDS
from sync.records import Severity
from tests.docs.pages import Page, code_of, page, pages

PAGE = page("docs/membership-file.md")

SEVERITIES: Mapping[str, set[Severity]] = {
    code: {
        *([codes.CODES[code].severity] if code in codes.CODES else []),
        *([findings.CODES[code].severity] if code in findings.CODES else []),
        *([table[code][0] for table in (identify.CODES, wanted.CODES) if code in table]),
    }
    for code in {*codes.CODES, *findings.CODES, *identify.CODES, *wanted.CODES}
}
"""Every problem code, with the severities that the code knows of it."""

SETTINGS = {f"{section}.{key}" for section, keys in known_settings().items() for key in keys} | {*known_settings()}


def test_a_code_means_the_same_wherever_it_is_found() -> None:
    """One row of the table is enough only if a code has one severity."""
    assert not {code: found for code, found in SEVERITIES.items() if len(found) != 1}


def test_every_problem_code_has_its_row_and_no_other() -> None:
    """With the severity, and the setting that has a say in it."""
    rows = PAGE.section("## Problems").rows("code", "severity", "what it means", "what to do", "setting")
    told = [code_of(row["code"])[0] for row in rows]
    assert told == sorted(told)
    assert set(told) == set(SEVERITIES), "codes without a row, or rows without a code"
    for row in rows:
        code = code_of(row["code"])[0]
        assert {row["severity"]} == {one.value for one in SEVERITIES[code]}, code
        setting = findings.CODES[code].setting if code in findings.CODES else ""
        assert code_of(row["setting"]) == ([setting] if setting else []), code
        assert not setting or setting in SETTINGS, f"{code}: there is no setting {setting}"
        assert row["what it means"], code
        assert row["what to do"], code


def test_every_hazard_has_its_row_and_no_other() -> None:
    """Also what can be set about it."""
    rows = PAGE.section("## Hazards").rows("hazard", "what it means", "what to do", "setting")
    assert [code_of(row["hazard"])[0] for row in rows] == list(HAZARDS)
    named = {setting for row in rows for setting in code_of(row["setting"])}
    assert named == {f"guards.{key}" for key in known_settings()["guards"] if key != "window_hours"}
    assert "`window_hours`" in PAGE.section("## Hazards").prose


@pytest.mark.parametrize("one", pages(), ids=lambda one: one.name)
def test_hazards_that_pages_force_exist(one: Page) -> None:
    """No page tells to force a hazard that is not there."""
    unknown = set(re.findall(r"--force ([a-z]+-[a-z]+)", one.text)) - set(HAZARDS)
    assert not unknown, f"{one.name} forces {unknown}"


def test_there_is_a_section_for_each_format_and_no_other() -> None:
    """In the order in which a message lists them."""
    headings = [heading for heading in PAGE.section("## Formats").headings if heading.startswith("### ")]
    assert [heading.removeprefix("### ") for heading in headings[:-1]] == list(FORMATS)
    assert headings[-1] == "### What is refused as a whole"


@pytest.mark.parametrize("name", FORMATS)
def test_the_example_of_a_format_is_read_as_that_format(name: str) -> None:
    """It is recognised by itself and by name, and nothing in it is an error, addresses without names apart."""
    (example,) = PAGE.section(f"### {name}").code
    for asked in ("auto", name):
        parsed = parse(f"{example}\n".encode(), "example", asked)
        assert parsed.format == name
        assert len(parsed.records) >= 1
        errors = {problem.code for record in parsed.records for problem in record.problems} | {
            problem.code for problem in parsed.problems
        }
        assert errors == ({"address-only"} if name == "addresses" else set()), f"{asked}: {errors}"


def test_every_column_has_its_row_and_no_other() -> None:
    """In the order in which they are written; and it is said which are required."""
    section = PAGE.section("## The columns of a spreadsheet")
    assert [code_of(row["column"])[0] for row in section.rows("column", "values")] == list(COLUMNS)
    first = section.prose.split("\n\n")[1]
    assert all(f"`{name}`" in first for name in REQUIRED)
