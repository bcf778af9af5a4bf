"""What is wanted of a figure, and whether it is so."""

import platform
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from os import cpu_count
from typing import TypeAlias

Tell: TypeAlias = Callable[[str], None]
"""Says what is being measured at this moment."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A figure that was measured, and the limit that it should stay below."""

    what: str
    value: float
    limit: float
    unit: str

    @property
    def met(self) -> bool:
        """Whether the figure stays below the limit."""
        return self.value < self.limit


def machine() -> dict[str, str]:
    """Return what the figures depend on beside the code."""
    return {
        "system": f"{platform.system()} {platform.machine()}, {cpu_count()} cores",
        "python": platform.python_version(),
        "radicale": version("radicale"),
    }
