"""docs/membership-file.md against the parser, the rules of vetting, and the guards."""

import re

import pytest

from radicale_tldops.settings.file import known_settings
from sync.parse import COLUMNS, FORMATS, parse
from sync.parse.headings import REQUIRED
from sync.plan.guards import WINDOW_HOURS
from sync.plan.hazards import HAZARDS, REMEDIES
from sync.problems import CODES, Severity
from tests.docs.pages import Page, code_of, page, pages

PAGE = page("docs/membership-file.md")

SETTINGS = {f"{section}.{key}" for section, keys in known_settings().items() for key in keys} | {*known_settings()}


@pytest.mark.parametrize("severity", Severity)
def test_the_tables_of_problems_say_what_the_software_says(severity: Severity) -> None:
    """Every code has its row and no other, below its severity, with meaning and remedy."""
    rows = PAGE.section(f"### {severity.value.title()}s").rows("code", "what it means", "what to do")
    wanted = {name: code for name, code in CODES.items() if code.severity is severity}
    assert [code_of(row["code"])[0] for row in rows] == sorted(wanted)
    for row in rows:
        name = code_of(row["code"])[0]
        code = wanted[name]
        assert row["what it means"].replace("`", "") == f"{code.meaning}.".replace("`", ""), name
        assert row["what to do"].replace("`", "") == code.remedy.replace("`", ""), name


def test_settings_that_a_problem_names_exist() -> None:
    """A message that names a setting helps only if the setting is there."""
    texts = " ".join(f"{code.meaning} {code.remedy} {code.table_remedy}" for code in CODES.values())
    named = {*re.findall(r"\b[a-z]+\.[a-z]+_[a-z_]+\b", texts), *re.findall(r"\[([a-z]+)\]", texts)}
    assert len(named) > 5
    assert named <= SETTINGS


def test_every_hazard_has_its_row_and_no_other() -> None:
    """Also what can be set about it."""
    rows = PAGE.section("## Hazards").rows("hazard", "what it means", "what to do", "setting")
    assert [code_of(row["hazard"])[0] for row in rows] == list(HAZARDS) == list(REMEDIES)
    assert [row["what to do"] for row in rows] == list(REMEDIES.values())
    named = {setting for row in rows for setting in code_of(row["setting"])}
    assert named == {f"guards.{key}" for key in known_settings()["guards"]}
    assert f"{WINDOW_HOURS} hours" in PAGE.section("## Hazards").prose


@pytest.mark.parametrize("shown", pages(), ids=lambda shown: shown.name)
def test_hazards_that_pages_force_exist(shown: Page) -> None:
    """No page tells to force a hazard that is not there."""
    unknown = set(re.findall(r"--force ([a-z]+-[a-z]+)", shown.text)) - set(HAZARDS)
    assert not unknown, f"{shown.name} forces {unknown}"


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
