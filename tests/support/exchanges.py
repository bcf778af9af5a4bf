"""Pairs of files: NAME.http holds requests, NAME.expected what the answers have to be.

    # What the pair shows, and where it is demanded.
    @ server: tldops radicale
    @ place: {principal} {book}

    ### the title of a request
    PROPFIND {place}
    Depth: 0

    <D:propfind><D:prop><D:getetag/></D:prop></D:propfind>

Each line that begins with "@" names a mark and its values: every request is sent once with each of them. `server` says
on which servers the pair holds; without it, on `tldops serve` alone. The header `As` names whose device sends the
request: "john" (the default), "grouped", "jane", "secretariat", or "nobody" for a request without a login. The prefixes
D, C and CS are declared on the root element, which has to be the first thing in the body.

The file of expectations has one part for each title, and a line for each thing that has to hold. `[radicale]` before a
line says that it is for that server alone; see `tests/server/expecting.py` for the lines that there are.
"""

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

NAMESPACES = {"D": "DAV:", "C": "urn:ietf:params:xml:ns:carddav", "CS": "http://calendarserver.org/ns/"}

_DECLARATIONS = "".join(f' xmlns:{prefix}="{namespace}"' for prefix, namespace in NAMESPACES.items())
_ROOT = re.compile(r"<[\w:.-]+")
_MARK = re.compile(r"\{([a-z][a-z ]*)\}")


@dataclass(frozen=True)
class Exchange:
    """A request with marks in it, and the lines of what its answer has to be."""

    title: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: str
    expected: tuple[str, ...]


@dataclass(frozen=True)
class Pair:
    """A pair of files. `values` has, for each mark of the file's own, the values that it takes."""

    name: str
    servers: tuple[str, ...]
    values: Mapping[str, Sequence[str]]
    exchanges: tuple[Exchange, ...]

    def cases(self) -> Iterator[tuple[Exchange, dict[str, str]]]:
        """Yield each request with each combination of the values of the pair's own marks."""
        for exchange in self.exchanges:
            for chosen in itertools.product(*self.values.values()):
                yield exchange, dict(zip(self.values, chosen, strict=True))


def filled(text: str, marks: Mapping[str, str]) -> str:
    """Put values in the place of marks; a value may hold marks itself."""
    done = _MARK.sub(lambda found: marks[found[1]], text)
    return done if done == text else filled(done, marks)


def declared(body: str) -> str:
    """Declare the prefixes on the root element of a body, where it uses one of them."""
    return _ROOT.sub(lambda found: found[0] + _DECLARATIONS, body, count=1) if _ROOT.match(body) else body


def read(path: Path) -> Pair:
    """Read a pair by the path of its requests."""
    head, *parts = re.split(r"^### ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    given = [line[2:].split(": ", 1) for line in head.splitlines() if line.startswith("@ ")]
    values = {name: value.split(" | ") if " | " in value else value.split() for name, value in given}
    servers = tuple(values.pop("server", ["tldops"]))
    assert head.startswith("# "), f"{path} does not say what it shows"
    expected = _expectations(path.with_suffix(".expected"))
    exchanges = tuple(_exchange(part, expected) for part in parts)
    assert not expected, f"{path}: no request has the title {list(expected)}"
    return Pair(path.stem, servers, values, exchanges)


def _expectations(path: Path) -> dict[str, tuple[str, ...]]:
    _, *parts = re.split(r"^### ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    found = {title: tuple(filter(None, rest.splitlines())) for title, _, rest in (p.partition("\n") for p in parts)}
    assert len(found) == len(parts), f"{path}: a title comes twice"
    return found


def _exchange(part: str, expected: dict[str, tuple[str, ...]]) -> Exchange:
    title, line, *rest = part.split("\n", 2)
    head, _, body = f"\n{''.join(rest)}".partition("\n\n")
    method, path = line.split(" ", 1)
    fields = [header.partition(":") for header in head.split("\n") if header]
    headers = {name: value.strip() for name, _, value in fields}
    return Exchange(title, method, path, headers, body.strip(), expected.pop(title))
