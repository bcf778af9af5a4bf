"""How problems are shown: to a person by their kind, the worst first, and to a program as plain values."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import groupby

import click

from sync.cli.context import App, counted
from sync.plan.hazards import without_numbers
from sync.problems import CODES, Problem, Severity

EXAMPLES = 3
"""So many examples of each kind of problem are shown on a terminal."""

_LINES = 5
"""So many lines of a file are named for one message."""
_ABOUT_NUMBERS = ("assumed-region", "bad-column", "damaged", "invalid-phone", "phone-not-understood", "phone-remark")
_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow"}


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """The problems of one code and severity, in the order of the input."""

    problems: tuple[Problem, ...]

    @property
    def first(self) -> Problem:
        """The first of them."""
        return self.problems[0]

    @property
    def rank(self) -> tuple[bool, int, str]:
        """The place among other kinds: errors before warnings, then the most frequent first."""
        return not self.first.is_error, -len(self.problems), self.first.code

    @property
    def remedy(self) -> str:
        """What most of them need."""
        remedies = [problem.remedy for problem in self.problems]
        return max(dict.fromkeys(remedies), key=remedies.count)

    @property
    def alike(self) -> list[list[Problem]]:
        """The problems; those that only stand in other lines are together: both entries of a conflict, for example."""
        found: dict[tuple[str, str, str], list[Problem]] = {}
        for problem in self.problems:
            found.setdefault((problem.message, problem.text, problem.remedy), []).append(problem)
        return list(found.values())


def by_kind(problems: Iterable[Problem]) -> list[ProblemKind]:
    """Return the problems by their code, the worst first."""
    together = sorted(problems, key=_kind)
    kinds = [ProblemKind(tuple(found)) for _, found in groupby(together, key=_kind)]
    return sorted(kinds, key=lambda kind: kind.rank)


def _kind(problem: Problem) -> tuple[str, str]:
    return problem.code, problem.severity


def known_code(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    """Return the code of a problem that somebody typed, without the brackets in which messages show it."""
    if value is None:
        return None
    code = value.strip().strip("[]").lower().replace("_", "-").replace(" ", "-")
    if code in CODES:
        return code
    words = set(code.split("-"))
    near = [known for known in CODES if words & set(known.split("-"))]
    near = list(dict.fromkeys([*get_close_matches(code, CODES, n=3), *near]))
    meant = f"Did you mean {', '.join(near)}?" if near else f"The codes are {', '.join(CODES)}."
    raise click.BadParameter(f"there is no problem with the code {code[:40]!r}. {meant}")


def print_problems(app: App, problems: Sequence[Problem], *, whole: bool, show_values: bool = True) -> bool:
    """Print problems by their kind, and return whether something was left out.

    On a terminal there are some examples of each kind, all of them with `whole`. In a pipe each problem has a line of
    its own, which names its file, line and code.
    """
    is_cut = False
    for kind in by_kind(problems):
        _print_heading(app, kind)
        if not app.is_terminal:
            for problem in kind.problems:
                _print_line(app, problem, kind.remedy, show_values=show_values)
            continue
        alike = kind.alike
        shown = alike if whole else alike[:EXAMPLES]
        is_one_file = len({problem.origin.file for problem in kind.problems}) == 1
        for some in shown:
            _print_example(app, some, kind, is_one_file=is_one_file, show_values=show_values)
        if len(shown) < len(alike):
            is_cut = True
            app.print(f"    … and {sum(map(len, alike[len(shown) :]))} more", style="dim")
    return is_cut


def _print_heading(app: App, kind: ProblemKind) -> None:
    number = counted(len(kind.problems), kind.first.severity)
    app.print(f"{kind.first.code}: {number}. {CODES[kind.first.code].meaning}.", style=_STYLES[kind.first.severity])
    app.print(f"    What to do: {kind.remedy}")


def _print_line(app: App, problem: Problem, remedy: str, *, show_values: bool) -> None:
    """Print a problem as a line that can be searched for; below it the entry."""
    message = problem.message if show_values else _without_values(problem)
    # What concerns the whole file has no line.
    place = str(problem.origin) if problem.origin.line else problem.origin.file
    app.print(f"{place}: {problem.severity}: {message} [{problem.code}]")
    if problem.text and show_values:
        app.print(f"    {problem.text}")
    if problem.remedy != remedy:
        app.print(f"    {problem.remedy}")


def _print_example(
    app: App, alike: Sequence[Problem], kind: ProblemKind, *, is_one_file: bool, show_values: bool
) -> None:
    """Print a problem with the lines in which it stands; the entry, where the message does not quote it already."""
    problem = alike[0]
    message = problem.message if show_values else _without_values(problem)
    # What the heading says already is not said again.
    message = message.removeprefix(CODES[problem.code].meaning).removeprefix(": ")
    place = _place(alike, is_one_file=is_one_file)
    if problem.column and not message.startswith(f"{problem.column}:"):
        place += f", {problem.column}"
    if problem.cell and len(alike) == 1:
        place += f" ({problem.cell})"
    quote = problem.text if show_values and problem.text not in message else ""
    if not message and quote:
        message, quote = quote, ""
    app.print(f"    {place}: {message}" if message else f"    {place}")
    if quote:
        app.print(f"      {quote}", style="dim")
    if problem.remedy != kind.remedy:
        app.print(f"      {problem.remedy}")


def _place(alike: Sequence[Problem], *, is_one_file: bool) -> str:
    """Return where a problem stands: "line 3", "lines 3, 17, 20, 21, 22 and 2 more"."""
    first = alike[0].origin
    if not first.line:
        return first.file
    if not is_one_file:
        places = list(dict.fromkeys(str(problem.origin) for problem in alike))
    else:
        places = [str(line) for line in dict.fromkeys(problem.origin.line for problem in alike)]
    more = f" and {len(places) - _LINES} more" if len(places) > _LINES else ""
    noun = ("line " if len(places) == 1 else "lines ") if is_one_file else ""
    return f"{noun}{', '.join(places[:_LINES])}{more}"


def _without_values(problem: Problem) -> str:
    """Return the message of a problem without telephone numbers: whatever the file has where a number should be."""
    message = without_numbers(problem.message)
    if problem.text and problem.code in _ABOUT_NUMBERS:
        # Letters in the place of digits do not make it another text.
        message = message.replace(problem.text, "…")
    return message


def problem_json(problem: Problem, *, show_values: bool = True) -> dict[str, object]:
    """Return a problem as plain values."""
    return {
        "file": problem.origin.file,
        "line": problem.origin.line,
        "column": problem.column,
        "cell": problem.cell,
        "severity": problem.severity.value,
        "code": problem.code,
        "message": problem.message if show_values else _without_values(problem),
        "remedy": problem.remedy,
        "text": problem.text if show_values else "",
    }
