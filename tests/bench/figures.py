"""What is wanted of a figure, and whether it is so."""

import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import TypeAlias

from rich.box import SIMPLE
from rich.table import Table

Tell: TypeAlias = Callable[[str], None]
"""Says what is being measured at this moment."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A figure that was measured, and the limit that it should stay below, or with `at_least` reach."""

    what: str
    value: float
    limit: float
    unit: str
    at_least: bool = False

    @property
    def met(self) -> bool:
        """Whether the figure is on the right side of the limit."""
        return self.value >= self.limit if self.at_least else self.value < self.limit

    @property
    def verdict(self) -> str:
        """The same as a word."""
        return "met" if self.met else "MISSED"


def verdicts(wanted: Sequence[Wanted]) -> Table:
    """Return what was wanted, what was measured, and whether it was met."""
    shown = new_table("What is wanted", "figure", "measured", "wanted", "")
    for target in wanted:
        limit = f"{'at least' if target.at_least else 'below'} {target.limit:,g} {target.unit}"
        style = None if target.met else "bold red"
        shown.add_row(target.what, f"{figure(target.value)} {target.unit}", limit, target.verdict, style=style)
    return shown


def new_table(title: str, first: str, *headings: str) -> Table:
    """Return a table without rows, its figures at the right."""
    shown = Table(title=title, title_justify="left", box=SIMPLE, pad_edge=False)
    shown.add_column(first)
    for heading in headings:
        shown.add_column(heading, justify="right")
    return shown


def figure(value: float | None) -> str:
    """Return three digits of a figure, or more of a large one; a dash where there is none."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def machine() -> dict[str, str]:
    """Return what the figures depend on beside the code."""
    return {
        "system": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "load": f"{os.getloadavg()[0]:.1f}",
        "python": platform.python_version(),
        **{name: version(name) for name in ("radicale", "granian", "xandikos")},
    }
