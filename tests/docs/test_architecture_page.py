"""docs/architecture.md against pyproject.toml and the packages."""

import re
import tomllib

from radicale_tldops.store import schema
from tests.docs.pages import ROOT, code_of, page

PAGE = page("docs/architecture.md")


def test_every_dependency_earns_its_place_in_a_line() -> None:
    """And no line is left of one that is gone."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [re.split(r"[<>=!~\[; ]", text)[0] for text in project["dependencies"]]
    rows = PAGE.section("## Dependencies").rows("dependency", "what it is for")
    assert sorted(code_of(row["dependency"])[0] for row in rows) == sorted(wanted)
    assert all(row["what it is for"] for row in rows)


def test_the_layout_names_every_module_of_the_sync_side_and_of_the_server() -> None:
    """A newcomer finds each module at the top of its package in the layout."""
    text = "\n".join(PAGE.section("## Layout").code)
    missing = [
        path.relative_to(ROOT).as_posix()
        for package in ("radicale_tldops", "sync")
        for path in (ROOT / package).iterdir()
        if (path.suffix == ".py" and not path.name.startswith("__"))
        or (path.is_dir() and (path / "__init__.py").exists())
        if not re.search(rf"(?<![\w.]){re.escape(path.name)}(?!\w)", text)
    ]
    assert not missing, f"the layout does not name {missing}"


def test_what_is_said_of_the_schema_has_its_columns() -> None:
    """The words `since` and `until` of the page are columns of the cards."""
    assert {"since", "until"} <= set(schema.card.c.keys())
    assert {"`since`", "`until`"} <= set(re.findall(r"`\w+`", PAGE.section("## Store").prose))
