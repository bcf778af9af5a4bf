"""The pictures of the README: a part of the display, and the output of a command on a terminal."""

import io
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.text import Text

FOLDER = Path(__file__).parents[3] / "docs" / "pictures"

WIDTH = 80
"""Columns of the terminal."""

ERASED = "\x1b[2K"
"""What a terminal gets when a line of progress is erased."""


def photograph(environment: Mapping[str, str], area: str, file: Path) -> None:
    """Write an area of the display, as ImageMagick names it, to a PNG file with 64 colours."""
    command = ["import", "-silent", "-window", "root", "-crop", area, "+repage", "-strip", "+dither", "-colors", "64"]
    subprocess.run([*command, f"png8:{file}"], env=dict(environment), check=True, timeout=60)


def as_svg(command: str, output: str) -> str:
    """Draw a terminal that shows a command and its output, with its colours and without the progress at the start."""
    console = Console(record=True, width=WIDTH, file=io.StringIO())
    console.print(Text(f"$ {command}"))
    console.print(Text.from_ansi(output.rpartition(ERASED)[2]), soft_wrap=True)
    drawing = console.export_svg(title="The secretariat's terminal", unique_id="plan")
    # Rich names fonts on a server of somebody else; without them the reader's own font is taken.
    return re.sub(r"@font-face \{.*?\}\s*", "", drawing, flags=re.DOTALL)
