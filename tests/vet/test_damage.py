"""Cells that a spreadsheet program, or a lost character, has made into something else."""

import pytest

from sync.parse.records import Record
from sync.problems import Origin
from sync.vet.damage import damages


def codes(name: str) -> list[str]:
    """Return what is found in a record of somebody with this name."""
    return [
        finding.code for finding in damages(Record(Origin("members.csv", 2), name, 1, ("nl",), listed=("j@nic.nl",)))
    ]


@pytest.mark.parametrize(
    "name",
    [
        "#REF!",
        "#N/A",
        "Err:502",
        "TRUE",
        "falsch",
        "46023",
        "2026-01-02",
        "??? ??",
        "JÃ¶rg Doe",
        "Zo&#235 Doe",
        "&#2p5;a",
    ],
)
def test_what_is_no_name_any_more(name: str) -> None:
    """The error of a formula, a truth value, a number, a date, bytes misread, the code of a letter."""
    assert codes(name) == ["damaged"]


@pytest.mark.parametrize("name", ["Jörg Doe", "Doe & Roe", "Jane Doe III", "範例國華", "R. O'Doe #2"])
def test_what_is_a_name(name: str) -> None:
    """Letters of any script, and signs that stand in names."""
    assert codes(name) == []
