"""The command line inside this process, for the many cases in which a process of its own would prove nothing more."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from radicale_tldops.roster.contact import Contact
from radicale_tldops.store.read import load_state
from tests.support import Result, Workspace, content_of
from tests.support.people import Person, lines

ROSTER = "roster.sqlite"
ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)


class Tldops:
    """`tldops` in a workspace, and what a test wants to know about the store beside it."""

    def __init__(self, workspace: Workspace, captured: Callable[[], tuple[str, str]]) -> None:
        self.workspace = workspace
        self.ahead = timedelta()
        self._captured = captured

    def __call__(self, *arguments: str) -> Result:
        """Run a command."""
        self._captured()
        code = self.workspace.call(*arguments)
        result = Result(code, *self._captured())
        assert "Traceback" not in result.err
        return result

    def do(self, *arguments: str) -> Result:
        """Run a command, which has to succeed."""
        result = self(*arguments)
        assert result.code == 0, f"{arguments}: {result}"
        return result

    def write(self, *people: Person) -> None:
        """Write a membership file with these people."""
        self.workspace.write(*lines(list(people)))

    def sync(self, *people: Person | str) -> Result:
        """Write a membership file with these people, or lines, and apply it."""
        self.workspace.write(*(one if isinstance(one, str) else one.line for one in people))
        return self.do("sync", "--yes")

    def refused(self, *arguments: str, code: int) -> str:
        """Run a command that must fail with this exit code and leave the store as it is; return its one message.

        When the list was had, or since when it cannot be, is noted all the same.
        """
        before, known = self.files(), self._roster()
        result = self(*arguments)
        assert result.code == code, f"{arguments}: {result}"
        after = self.files()
        if after != before and {**after, ROSTER: ""} == {**before, ROSTER: ""}:
            assert content_of(self._roster()) == content_of(known), f"{arguments} touched the store"
        else:
            assert after == before, f"{arguments} touched the store"
        assert message(result), f"{arguments} says nothing"
        return message(result)

    def files(self) -> Mapping[str, str]:
        """Return the digest of every file of the two databases, journals included."""
        return {
            path.name: sha256(path.read_bytes()).hexdigest()
            for path in sorted(self.workspace.folder.iterdir())
            if ".sqlite" in path.name and path.is_file()
        }

    def _roster(self) -> bytes:
        path = self.workspace.folder / ROSTER
        return path.read_bytes() if path.is_file() else b""

    def roster(self) -> Mapping[str, Contact]:
        """Return the contacts that are served, by name."""
        state = load_state(self.workspace.folder / "roster.sqlite", ANY_TIME)
        return {person.contact.name: person.contact for person in state.people.values()}

    def logins(self) -> set[str]:
        """Return the logins that may read."""
        state = load_state(self.workspace.folder / "roster.sqlite", ANY_TIME)
        return set(state.readers) - set(state.denied)

    def generation(self) -> int:
        """Return the number of the newest generation."""
        number: int = self.do("status", "--json").json["generation"]
        return number

    def devices(self, login: str) -> list[bool]:
        """Return for each device password of a login, in the order of issue, whether it is valid."""
        return [one["revoked_at"] is None for one in self.do("device", "list", login, "--json").json]


def message(result: Result) -> str:
    """Return what a command says on standard error: one line, or click's usage, a hint, and one line."""
    said = [line for line in result.err.splitlines() if line.strip()]
    assert len(said) == 1 or said[0].startswith("Usage: "), result.err
    return said[-1]
