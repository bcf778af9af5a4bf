"""The properties of a vCard 3.0 that this project itself wrote (RFC 2426; RFC 2425, 5.8)."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from radicale_tldops.dav.query.collation import ascii_casemap
from radicale_tldops.dav.requested import DataProperty

_FOLD = re.compile(r"\r?\n[ \t]")
_LINE_BEGIN = re.compile(r"\n([A-Za-z0-9.-]++)")
_VALUE = r'(?:"[^"]*+"|[^";:,]*+)'
_PARAMETER = rf"[A-Za-z0-9-]++={_VALUE}(?:,{_VALUE})*+"
_CONTENT_LINE = re.compile(rf"(?:([A-Za-z0-9-]++)\.)?([A-Za-z0-9-]++)((?:;{_PARAMETER})*+):(.*)")
_ANY_LINE = re.compile(r"\n(.*)")
_ONE_PARAMETER = re.compile(rf";([A-Za-z0-9-]++)=({_VALUE}(?:,{_VALUE})*+)")
_ONE_VALUE = re.compile(rf"(?:^|,)({_VALUE})")
_ESCAPE = re.compile(r"\\([nN,;\\])")


@dataclass(frozen=True, slots=True)
class Property:
    """One property of a card, with its names in upper case: they are compared without case (RFC 2426, 4).

    `group` is the prefix of the name without its dot ("ITEM1"), or None. `parameters` pairs each name with all its
    values, as written but without quotes: `TYPE=a;TYPE=b` means what `TYPE=a,b` means, and gives the same. `value` is
    unescaped, and whole where it has components.
    """

    name: str
    value: str
    group: str | None = None
    parameters: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def parameter(self, name: str) -> tuple[str, ...] | None:
        """Return the values of the parameter `name` (in upper case), or None where the property has none."""
        for own, values in self.parameters:
            if own == name:
                return values
        return None


def names(cards: Iterable[str]) -> frozenset[str]:
    """Return the names of all the properties of these cards, in upper case; a malformed line may add a name."""
    found: set[str] = set()
    for text in cards:
        found.update(_LINE_BEGIN.findall(_lines(text)))
    return frozenset(ascii_casemap(begin.rpartition(".")[2]) for begin in found)


def lines_of(name: str) -> re.Pattern[str]:
    """Return the pattern that finds, in the text of `_lines`, the lines of the property `name`."""
    return re.compile(rf"\n((?:[A-Za-z0-9-]++\.)?{re.escape(name)}[;:].*)", re.IGNORECASE | re.ASCII)


def properties(text: str, line: re.Pattern[str] = _ANY_LINE) -> tuple[Property, ...]:
    """Return the properties of a card, in its order: all of them with BEGIN and END, or those of a `lines_of` pattern.

    Malformed lines are left out, so that no text is an error. A bare LF ends a line as CRLF does.
    """
    lines = line.findall(_lines(text))
    return tuple([_property(match) for match in map(_CONTENT_LINE.fullmatch, lines) if match])


def _lines(text: str) -> str:
    """Return the unfolded lines of a card, each behind an LF."""
    # This project folds with CRLF and a space: looking for that alone takes a tenth of the time.
    unfolded = text.replace("\r\n ", "")
    if "\n " in unfolded or "\n\t" in unfolded:
        unfolded = _FOLD.sub("", text)
    return "\n" + unfolded.replace("\r\n", "\n")


def _property(line: re.Match[str]) -> Property:
    group, name, parameters, value = line.groups()
    return Property(
        name=ascii_casemap(name),
        value=_ESCAPE.sub(_unescaped, value) if "\\" in value else value,
        group=None if group is None else ascii_casemap(group),
        parameters=_parameters(parameters) if parameters else (),
    )


@lru_cache(1024)
def _parameters(text: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    # A book has few different ones (TYPE=INTERNET,WORK).
    found: dict[str, tuple[str, ...]] = {}
    for name, values in _ONE_PARAMETER.findall(text):
        key = ascii_casemap(name)
        found[key] = found.get(key, ()) + tuple(value.strip('"') for value in _ONE_VALUE.findall(values))
    return tuple(found.items())


def _unescaped(escape: re.Match[str]) -> str:
    return "\n" if escape[1] in "nN" else escape[1]


_LINE_START = re.compile(r"\r\n(?![ \t])")
_NAME = re.compile(r"(?:([A-Za-z0-9-]+)\.)?([A-Za-z0-9-]+)")
_FRAME = frozenset({"BEGIN", "VERSION", "END"})


def part_of(text: str, requested: Sequence[DataProperty]) -> str:
    """Return the card with only the requested properties, its lines unchanged (RFC 6352, 10.4.2).

    BEGIN, VERSION and END are always there: they make it a vCard 3.0.
    """
    kept = []
    for line in _LINE_START.split(text.removesuffix("\r\n")):
        named = _NAME.match(line)
        if named is None:
            continue
        group, name = named[1] and ascii_casemap(named[1]), ascii_casemap(named[2])
        asked = [prop for prop in requested if prop.name == name and prop.group in (None, group)]
        if name in _FRAME or not all(prop.without_value for prop in asked):
            kept.append(line)
        elif asked:
            kept.append(_without_value(line))
    return "".join(f"{line}\r\n" for line in kept)


def _without_value(line: str) -> str:
    content = _CONTENT_LINE.fullmatch(_FOLD.sub("", line))
    return line if content is None else content[0].removesuffix(content[4])
