"""docs/json: a schema for every `--json`. `Result` of tests/support/world.py holds each output against it."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import fields
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from radicale_tldops.roster.contact import APPOINTMENT, Contact
from radicale_tldops.roster.device import DeviceState
from radicale_tldops.roster.snapshot import Style
from sync.people.person import FILTERS
from sync.plan.fields import Kind
from sync.plan.hazards import HAZARDS, Part
from sync.plan.identify import How
from sync.problems import CODES, Severity
from sync.reconcile.compare import Do, Situation
from sync.sources.subscribers import ListFault
from tests.docs.pages import code_of, page
from tests.docs.test_command_line import COMMANDS, options
from tests.support import JANE, JOHN, Result, World
from tests.support.schemas import COMMON, FOLDER, schema

PAGE = page("docs/json/README.md")
NAMES = sorted(path.name.removesuffix(".schema.json") for path in FOLDER.glob("*.schema.json"))
EACH = pytest.mark.parametrize("name", NAMES)
WITH_JSON = {path.removeprefix("tldops ").replace(" ", "-") for path in COMMANDS if "--json" in options(COMMANDS[path])}
RECOGNISED = (How.LIST_ADDRESS, How.OUT_OF_BAND, How.NAME)
ENUMERATIONS: Mapping[str, Collection[str]] = {
    "severity": list(Severity),
    "problem_code": CODES,
    "hazard_code": HAZARDS,
    "part": list(Part),
    "change_kind": list(Kind),
    "recognised_by": ["", *How, *(f"returned: {how}" for how in RECOGNISED)],
    "field_name": [
        *({field.name for field in fields(Contact)} - {"services"}),
        *("slots", "appointment_left"),
        *APPOINTMENT,
    ],
    "device_state": list(DeviceState),
    "style": list(Style),
    "filter": FILTERS,
    "situation": list(Situation),
    "do": list(Do),
    "list_failure": [*ListFault, "settings"],
}


def objects(part: object) -> Iterator[Mapping[str, Any]]:
    """Yield every object within a schema, itself included."""
    if isinstance(part, dict):
        yield part
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from objects(inner)


def test_there_is_a_schema_for_each_command_with_json_and_no_other() -> None:
    """A new `--json` needs its schema, and one that is gone takes it along."""
    assert set(NAMES) - {COMMON} == WITH_JSON


def test_the_page_names_each_command_with_its_schema() -> None:
    """In one table, which also says how the output begins."""
    rows = PAGE.rows("command", "schema", "what is printed")
    named = {code_of(row["command"])[0].removeprefix("tldops ").replace(" ", "-"): row["schema"] for row in rows}
    assert named == {name: f"[{name}]({name}.schema.json)" for name in WITH_JSON}


@EACH
def test_each_schema_is_valid(name: str) -> None:
    """It is one of draft 2020-12, and its title is the command."""
    Draft202012Validator.check_schema(schema(name))
    assert schema(name)["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    assert name == COMMON or schema(name)["title"].removesuffix(" --json").replace(" ", "-") == f"tldops-{name}"


@EACH
def test_every_property_is_described_and_required_and_there_is_no_other(name: str) -> None:
    """Null, "" or [] stands where there is no value: no program has to ask whether a name is there."""
    for found in objects(schema(name)):
        if found.get("type") == "object":
            assert "additionalProperties" in found, found
        if "properties" not in found:
            continue
        assert (found["type"], found["additionalProperties"]) == ("object", False), found
        assert found["required"] == list(found["properties"]), found
        bare = [key for key, value in found["properties"].items() if not value.get("description", "").endswith(".")]
        assert not bare, f"{name}: not described, or without a full stop: {bare}"


@EACH
def test_every_reference_leads_somewhere(name: str) -> None:
    """To a part of the same schema, or of the common one, which has none that nobody uses."""
    for found in objects(schema(name)):
        file, _, path = str(found.get("$ref", "#")).partition("#")
        part: Any = schema(file.removesuffix(".schema.json") if file else name)
        for key in path.split("/")[1:]:
            part = part[key]
    used = {
        str(found.get("$ref")).rpartition("$defs/")[2].split("/")[0]
        for other in NAMES
        for found in objects(schema(other))
    }
    assert name != COMMON or set(schema(COMMON)["$defs"]) <= used


@pytest.mark.parametrize("name", ENUMERATIONS)
def test_an_enumeration_has_the_values_of_the_code(name: str) -> None:
    """A new value of the code is a new one of the schema."""
    assert sorted(schema(COMMON)["$defs"][name]["enum"]) == sorted(ENUMERATIONS[name])


def test_an_output_that_does_not_fit_is_found(world: World) -> None:
    """A value of another type, a name that is not in the schema, and one that is missing make `Result` fail."""
    world.sync(JOHN, JANE)
    good = world.do("status", "--json").out
    for bad in (good.replace('"people": 2', '"people": "2"'), good.replace('"people"', '"men"'), "[1]"):
        assert bad != good
        with pytest.raises(AssertionError, match=r"status\.schema\.json"):
            Result(("status", "--json"), 0, bad, "")
