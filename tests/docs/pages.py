"""Markdown pages taken apart: headings and their anchors, links, tables, code."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent

_HEADING = re.compile(r"(#{1,6}) (.+)")
_SPAN = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Page:
    """A page: `name` is its path below the root of the repository."""

    path: Path
    text: str

    @property
    def name(self) -> str:
        """The path as messages show it."""
        return self.path.relative_to(ROOT).as_posix()

    @cached_property
    def prose(self) -> str:
        """The text without code blocks; line for line, so that line numbers hold."""
        return "\n".join("" if is_code else line for line, is_code in self._lines())

    @cached_property
    def code(self) -> tuple[str, ...]:
        """The code blocks, without fences and indentation."""
        blocks: list[list[str]] = []
        before = False
        for line, is_code in self._lines():
            if is_code and not line.startswith("```"):
                if not before:
                    blocks.append([])
                blocks[-1].append(line)
            before = is_code and not line.startswith("```")
        return tuple("\n".join(_unindented(block)).strip("\n") for block in blocks)

    @cached_property
    def spans(self) -> tuple[str, ...]:
        """What stands in backticks in the prose."""
        return tuple(match[1].replace("\\|", "|") for match in _SPAN.finditer(self.prose))

    @cached_property
    def headings(self) -> tuple[str, ...]:
        """The headings of all levels, with their marks: "## Formats"."""
        return tuple(line for line in self.prose.splitlines() if _HEADING.fullmatch(line))

    @cached_property
    def anchors(self) -> frozenset[str]:
        """The anchors that forges give to headings."""
        titles = (heading.lstrip("#").strip().replace("`", "").lower() for heading in self.headings)
        return frozenset(re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in titles)

    @cached_property
    def links(self) -> tuple[str, ...]:
        """The targets of all links in the prose."""
        return tuple(match[1] for match in _LINK.finditer(_SPAN.sub("code", self.prose)))

    def section(self, heading: str) -> "Page":
        """Return the part below a heading ("## Formats"), to the next of its level or above."""
        assert heading in self.headings, f"{self.name} has no heading {heading!r}"
        level = heading.split(" ")[0]
        taken: list[str] = []
        inside = False
        for line, is_code in self._lines():
            match = None if is_code else _HEADING.fullmatch(line)
            if match and inside and len(match[1]) <= len(level):
                break
            inside = inside or line == heading
            if inside:
                taken.append(line)
        return Page(self.path, "\n".join(taken))

    def rows(self, *headings: str) -> Sequence[Mapping[str, str]]:
        """Return the rows of the table with these column headings, by heading."""
        lines = self.prose.splitlines()
        wanted = [heading.strip() for heading in headings]
        starts = [number for number, line in enumerate(lines) if _cells(line)[: len(wanted)] == wanted]
        assert len(starts) == 1, f"{self.name} has {len(starts)} tables with the columns {wanted}"
        names = _cells(lines[starts[0]])
        rows = []
        for line in lines[starts[0] + 2 :]:
            if not line.startswith("|"):
                break
            cells = _cells(line)
            assert len(cells) == len(names), f"{self.name}: {line} has {len(cells)} cells for {len(names)} columns"
            rows.append(dict(zip(names, cells, strict=True)))
        return rows

    def _lines(self) -> Iterator[tuple[str, bool]]:
        """Yield each line, and whether it belongs to a code block."""
        fenced = indented = False
        before = ""
        for line in self.text.splitlines():
            if line.startswith("```"):
                fenced = not fenced
                yield line, True
            else:
                indented = not fenced and line.startswith("    ") and (indented or not before.strip())
                yield line, fenced or indented
            before = line


def _unindented(lines: Sequence[str]) -> Sequence[str]:
    return [line[4:] for line in lines] if all(line.startswith("    ") for line in lines) else lines


def _cells(line: str) -> list[str]:
    if not line.startswith("|"):
        return []
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip()[1:-1])]


def code_of(cell: str) -> list[str]:
    """Return what stands in backticks in a cell."""
    return [span.replace("\\|", "|") for span in _SPAN.findall(cell)]


@lru_cache(maxsize=1)
def pages() -> tuple[Page, ...]:
    """Return every page: those at the root, and those below docs."""
    found = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
    assert len(found) > 10
    return tuple(Page(path, path.read_text(encoding="utf-8")) for path in found)


def page(name: str) -> Page:
    """Return the page with this path."""
    return next(candidate for candidate in pages() if candidate.name == name)
