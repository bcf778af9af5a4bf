"""The schemas of docs/json, and what a command printed compared with its own."""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from referencing import Registry, Resource

FOLDER = Path(__file__).parents[2] / "docs" / "json"
COMMON = "common"
"""The schema of no command, to which the others refer."""

_GROUPS = ("access", "device")
"""The commands whose second word is a command, too."""


@lru_cache(maxsize=64)
def schema(name: str) -> Mapping[str, Any]:
    """Return the schema of this name."""
    found: Mapping[str, Any] = json.loads((FOLDER / f"{name}.schema.json").read_text(encoding="utf-8"))
    return found


def check_output(arguments: Sequence[str], code: int, out: str) -> None:
    """With `--json` among the arguments, compare what the command printed with its schema.

    A command that fails may print nothing.
    """
    if "--json" not in arguments or (code and not out):
        return
    name = "-".join(arguments[: 2 if arguments[0] in _GROUPS else 1])
    error = best_match(_validator(name).iter_errors(json.loads(out)))
    assert error is None, f"{name}.schema.json, {error.json_path}: {error.message[:500]}"


@lru_cache(maxsize=64)
def _validator(name: str) -> Draft202012Validator:
    common = Resource.from_contents(schema(COMMON))
    registry: Registry[Any] = Registry().with_resource(f"{COMMON}.schema.json", common)
    return Draft202012Validator(schema(name), registry=registry)
