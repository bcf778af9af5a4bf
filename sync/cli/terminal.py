"""The output at a terminal: colour, lines broken at its width, tables, progress.

Imported on first use: a timer or a pipe waits for `rich` only where it prints a table.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from sync.cli.context import shown, silence

_PIPE_WIDTH = 10_000


class _Console(Console):
    """Stops printing when the reader of the output closes the pipe; the command still does its work."""

    def on_broken_pipe(self) -> None:
        silence(self.file)


def console(*, stderr: bool = False) -> Console:
    """Return standard output, or standard error, as something to lay text out on."""
    kind = Console if stderr else _Console
    return kind(stderr=stderr, highlight=False, markup=False, emoji=False, soft_wrap=False)


def print_text(on: Console, text: str, style: str | None) -> None:
    """Print text with its lines broken at the width of the terminal; continued lines are indented."""
    for line in text.split("\n"):
        body = line.lstrip(" ")
        indent = " " * (len(line) - len(body))
        first, *others = Text(body).wrap(on, max(20, on.width - len(indent) - 2)) or [Text()]
        for part in (indent + first.plain.rstrip(), *(f"{indent}  {other.plain.rstrip()}" for other in others)):
            on.print(part, style=style, soft_wrap=True)


def print_table(
    on: Console, headings: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int], *, one_line: bool
) -> None:
    """Print rows under headings; see `App.table`."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, heading in enumerate(headings):
        table.add_column(
            heading,
            justify="right" if number in right else "left",
            overflow="ellipsis" if one_line else "fold",
            no_wrap=one_line,
        )
    for row in rows:
        table.add_row(*map(shown, row))
    # Lines are not folded in a pipe, so that a search there finds whole lines.
    if not on.is_terminal:
        on.width = _PIPE_WIDTH
    on.print(table)


@contextmanager
def progress(on: Console, what: str) -> Iterator[Callable[[int, int], None]]:
    """Yield a function that shows the progress of long work."""
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=on, transient=True) as bar:
        task = bar.add_task(what)
        yield lambda done, total: bar.update(task, completed=done, total=total)
