"""The floor: what granian, expat and Python cost where the answer is known beforehand.

`python -m tests.bench.floor CONFIG PORT` runs it as `tldops serve` is run, in the same granian with the same
settings. It looks at nothing but the number of the request: no login, no path, no store, no log.
"""

import os
import pickle
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeAlias
from unittest import mock
from xml.parsers import expat

from radicale_tldops.serve import process as server
from radicale_tldops.settings.file import load

ANSWERS = "TLDOPS_BENCH_ANSWERS"
"""The variable that names the file with the answers."""

Recorded: TypeAlias = tuple[str, list[tuple[str, str]], bytes]
"""Status line, headers, body."""

StartResponse: TypeAlias = Callable[[str, list[tuple[str, str]]], object]


class Floor:
    """A WSGI application (PEP 3333) that parses what it is sent, and answers as was recorded."""

    def __init__(self, answers: dict[str, Recorded]) -> None:
        self._answers = answers

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if length:
            parse(environ["wsgi.input"].read(length))
        status, headers, body = self._answers[environ["HTTP_X_BENCH"]]
        start_response(status, headers)
        # granian sends a list in one piece, as it does for the application.
        return [body]


def parse(body: bytes) -> list[tuple[str, str]]:
    """Return the elements with their text, the plainest thing that can be done with a body."""
    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    found: list[tuple[str, str]] = []
    text: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        text.clear()

    def end(name: str) -> None:
        found.append((name, "".join(text)))
        text.clear()

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text.append
    parser.Parse(body, True)
    return found


def create(*_: object) -> Floor:
    """Build the application of the worker."""
    return Floor(pickle.loads(Path(os.environ[ANSWERS]).read_bytes()))


def main(config: str, port: str) -> None:
    """Run the floor in the place of the application."""
    with mock.patch.object(server, "_create", create):
        server.serve(load(Path(config)), server.listen("127.0.0.1", int(port)))


if __name__ == "__main__":
    main(*sys.argv[1:])
