"""Texts for people keep clear of turns that a reader with English as a second language has to read twice."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [
    *sorted((ROOT / "docs").rglob("*.md")),
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted(path for path in (ROOT / "config").iterdir() if path.is_file()),
]
MODULES = [path for room in ("radicale_tldops", "sync") for path in sorted((ROOT / room).rglob("*.py"))]

TURNS = {
    r"(?:cannot|can not|could not|not) (?:to )?be had\b": "cannot be read, is not available",
    r"[Ww]hoever\b": "who; anybody who; a login without access",
    r"[Ww]hosoever|[Ww]hatsoever|[Tt]hereof|[Tt]herein|[Hh]itherto|\b(?:[Ll]est|[Uu]pon)\b": "a word of today",
    r"\b[Mm]end(?:s|ed|ing)?\b": "correct, repair",
    r"You get here": "one sentence that says for whom the page is and what it helps with",
    r"\b(?:that|what|which|it|answer|date|one) (?:is|are) none\b": "is not …, is not valid",
    r"\bwhat there is\b": "all …, the …",
    r"\bwho guesses\b": "password guessing",
    r"\buseless as\b": "holds … only, no …",
    r"\bitself in error\b": "has an error",
    r"\b(?:went|goes|gone) with generation": "ended with generation",
    r"\bin clear\b": "without encryption",
    r", as no \w+ (?:has|is|does)\b": "a sentence of its own",
    r"\bnever taken for\b": "is not accepted as",
    r"\bnobody in particular\b": "an anonymous user",
    r"\bis told (?:of|once|about)\b": "is reported, gets a message",
    r"\bare no more\b|\bis no more\b": "does not exist any more",
    r"\bwhat was last had\b": "when each input was last read successfully",
    r"\bas it were\b|\bso to speak\b|\bby and large\b|\bneither here nor there\b": "leave it out",
}
"""What is not to be written, as a regular expression, and what to write instead."""


def texts() -> Iterator[tuple[str, int, str]]:
    """Yield the file, the line and the text of every string and comment of the product, and of every line of a page."""
    for path in PAGES:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            yield str(path.relative_to(ROOT)), number, line
    for path in MODULES:
        file, source = str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield file, node.lineno, " ".join(node.value.split())
        for number, line in enumerate(source.splitlines(), start=1):
            if "# " in line:
                yield file, number, line.partition("# ")[2]


@pytest.mark.parametrize("turn", TURNS)
def test_no_text_has_this_turn(turn: str) -> None:
    """Messages, help, docstrings, comments, pages and examples: each failure says what to write instead."""
    found = [
        f"{file}:{line}: “{match[0]}”: write “{TURNS[turn]}” instead: {text.strip()[:160]}"
        for file, line, text in texts()
        if (match := re.search(turn, text))
    ]
    assert not found, "\n".join(found)


def test_the_turns_are_found() -> None:
    """The expressions match what they are made for."""
    for text in ("the list cannot be had", "Mend them", "whoever asks", "the date of it is none", "what there is"):
        assert any(re.search(turn, text) for turn in TURNS), text
