"""The requests of real clients, one file a client in corpus/, written to be read.

    # Lines like this one, at the start, say where the requests come from.

    ### finding the principal
    PROPFIND /
    Depth: 0

    <propfind xmlns="DAV:">…

In all of it, {principal} and {book} stand for the paths of the device's own style, {card 1} and so on for paths of
cards, {uid 1} and {etag 1} for what belongs to them, and {token} for the sync token from before the last change.
{every card} in a line repeats that line for every card.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.in_process import Sent

FOLDER = Path(__file__).parent / "corpus"

EVERY = "{every card}"

_MARK = re.compile(r"\{(principal|book|token|(?:card|uid|etag) \d+)\}")


@dataclass(frozen=True, slots=True)
class Recorded:
    """A request of a client, with marks in it."""

    client: str
    title: str
    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: str

    def __str__(self) -> str:
        return f"{self.client}: {self.title}"

    def sent(self, values: Mapping[str, str], cards: list[str]) -> Sent:
        """Return the request with values in the place of marks; `cards` are the paths of all of them."""
        headers = tuple((name, _filled(value, values)) for name, value in self.headers)
        return Sent(self.method, _filled(self.path, values), headers, _filled(self._expanded(cards), values).encode())

    def _expanded(self, cards: list[str]) -> str:
        lines = self.body.splitlines(keepends=True)
        return "".join(
            "".join(line.replace(EVERY, card) for card in cards) if EVERY in line else line for line in lines
        )


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _MARK.sub(lambda found: values[found[1]], text)


def load() -> list[Recorded]:
    """Return the whole corpus."""
    return [request for file in sorted(FOLDER.glob("*.http")) for request in read(file.stem, file.read_text())]


def read(client: str, text: str) -> Iterator[Recorded]:
    """Read the file of one client."""
    _, *parts = re.split(r"^### ", text, flags=re.MULTILINE)
    for part in parts:
        title, line, rest = part.split("\n", 2)
        head, _, body = f"\n{rest}".partition("\n\n")
        method, path = line.split(" ", 1)
        headers = [header.split(": ", 1) for header in head.strip().splitlines()]
        yield Recorded(client, title, method, path, tuple((name, value) for name, value in headers), body.strip())


def write(requests: list[Recorded], about: str) -> str:
    """Return the file of one client."""
    parts = [f"# {line}\n" for line in about.splitlines()]
    for request in requests:
        head = "".join(f"{name}: {value}\n" for name, value in request.headers)
        body = f"\n{request.body.strip()}\n" if request.body.strip() else ""
        parts.append(f"\n### {request.title}\n{request.method} {request.path}\n{head}{body}")
    return "".join(parts)
