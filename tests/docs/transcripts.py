"""What a page shows of a terminal, done again: the changes of files, the commands typed, and what they print.

A code block that begins with `$ ` has commands, and below each what it prints at 80 columns. A line `…` stands for
lines that are left out. An answer stands behind its question. A block that begins with the name of a file has the lines
that go (`-`) and those that come (`+`).
"""

import os
import pty
import re
import select
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from sync.cli import main as tldops
from sync.cli.context import App
from tests.docs.pages import Page

FOLDER = "/home/jane/roster"
"""The folder of the invented secretary, in the place of the one of the test."""
ACTOR = "jane"
FILE = re.compile(r"[a-z]+\.(?:csv|txt|toml)")
ANSWER = re.compile(r"(?:\[y/N\]|Which one\?).*: (\S+)$", re.MULTILINE)
QUESTION = re.compile(r"(?:\[y/N\]|Which one\?)[^\n]*: $")
OUTPUT = re.compile(r" > (\S+)$")
TOKENS = {
    "password": r"\b(?:[0-9a-z]{5}-){5}[0-9a-z]{5}\b",
    "uid": r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b",
    "plan": r"\b[0-9a-f]{16}\b",
    "device": r"\b[0-9a-f]{8}\b",
}
"""What is another one in each run."""
_ON_PAGE = {**TOKENS, "device": r"\b(?=\d*[a-f])(?=[a-f]*\d)[0-9a-f]{8}\b"}
"""The same as a page shows it: eight digits alone, or letters, may be something else."""
SHOWN = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in _ON_PAGE.items()))
LEFT_OUT = re.compile("^ *…$", re.MULTILINE)


@dataclass(frozen=True)
class Command:
    """A command as the page shows it, and below it what it prints."""

    text: str
    output: str


@dataclass(frozen=True)
class Edit:
    """A change of a file: its name, and the lines that go and come."""

    file: str
    lines: tuple[str, ...]


def steps(section: Page) -> Iterator[Command | Edit]:
    """Yield what a section does, in its order."""
    for block in section.code:
        first, *rest = block.splitlines()
        if first.startswith("$ "):
            for text in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
                command, _, output = text.partition("\n")
                yield Command(command, output)
        elif FILE.fullmatch(first):
            yield Edit(first, tuple(rest))


@dataclass
class Desk:
    """The secretary's folder, her clock, and what stands for each random token of the page in this run."""

    folder: Path
    now: datetime
    known: dict[str, str] = field(default_factory=dict)

    def do(self, step: Command | Edit) -> str:
        """Do a step; return why the page is wrong, "" if it is right."""
        self.now += timedelta(minutes=1)
        if isinstance(step, Edit):
            self.edit(step)
            return ""
        printed = self.run(step)
        found = expected(step.output).fullmatch(f"\n{printed}".rstrip())
        if found is None:
            return f"$ {step.text}\n{printed}"
        self.known |= dict(zip(tokens(step.output), filter(None, found.groups()), strict=True))
        return ""

    def edit(self, change: Edit) -> None:
        """Change a file as the page shows it; it gets the time of the clock."""
        path = self.folder / change.file
        rows = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        place = len(rows)
        for line in change.lines:
            if line.startswith("-"):
                place = rows.index(line[1:])
                del rows[place]
            else:
                assert line.startswith("+"), f"neither added nor removed: {line}"
                rows.insert(place, line[1:])
                place += 1
        self.write(change.file, rows)

    def write(self, file: str, rows: list[str]) -> None:
        """Write a file, with the time of the clock."""
        path = self.folder / file
        path.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
        path.chmod(0o600)
        os.utime(path, (self.now.timestamp(), self.now.timestamp()))

    def run(self, step: Command) -> str:
        """Run a command on a terminal of 80 columns, type the answers of the page, and return what was shown."""
        text = SHOWN.sub(lambda match: self.known.get(match[0], match[0]), step.text)
        child, terminal = pty.fork()
        if child == 0:
            self._be(text)
        shown, answers, answered = "", ANSWER.findall(step.output), 0
        while select.select([terminal], [], [], 60)[0]:
            try:
                shown += os.read(terminal, 65536).decode()
            except OSError:  # how Linux says that the other side is closed
                break
            if QUESTION.search(shown, answered):
                if not answers:  # the page does not show this question
                    break
                answered = len(shown)
                os.write(terminal, f"{answers.pop(0)}\n".encode())
        os.close(terminal)
        os.waitpid(child, 0)
        assert "Traceback" not in shown, shown
        return shown.replace("\r\n", "\n").replace(str(self.folder), FOLDER)

    def _be(self, text: str) -> None:
        """Be the command, in a process that ends with it."""
        code = 70
        try:
            os.chdir(self.folder)
            os.environ.update(COLUMNS="80", LINES="24", TERM="dumb")
            output = OUTPUT.search(text)
            if output:
                os.dup2(os.open(output[1], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 1)
            sys.stdin, sys.stdout, sys.stderr = os.fdopen(0), os.fdopen(1, "w"), os.fdopen(2, "w")
            now = self.now
            App.now = property(lambda app: now)  # type: ignore[assignment,method-assign]
            App.actor = property(lambda app: ACTOR)  # type: ignore[assignment,method-assign]
            program, *arguments = shlex.split(OUTPUT.sub("", text))
            assert program == "tldops", text
            code = tldops(arguments)
            sys.stdout.flush()
        finally:
            os._exit(code)


def tokens(output: str) -> list[str]:
    """Return the random tokens of an output of the page."""
    return [match[0] for match in SHOWN.finditer(output)]


def expected(output: str) -> re.Pattern[str]:
    """Return what an output has to match: spaces and the ends of lines are alike, and each token is a group."""
    parts = ["".join(rf"\s+{_pattern(word)}" for word in part.split()) for part in LEFT_OUT.split(output)]
    return re.compile(r"(?:\s+[\s\S]*?)?".join(parts))


def _pattern(word: str) -> str:
    pieces, end = [], 0
    for match in SHOWN.finditer(word):
        pieces += [re.escape(word[end : match.start()]), f"({TOKENS[str(match.lastgroup)]})"]
        end = match.end()
    return "".join([*pieces, re.escape(word[end:])])
