"""The properties of a vCard 3.0 that this project itself wrote (RFC 2426; RFC 2425, 5.8)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from radicale_tldops.dav.query.collation import ascii_casemap
from radicale_tldops.dav.requested import DataProperty

_FOLD = re.compile(r"\r?\n[ \t]")
_VALUE = r'(?:"[^"]*+"|[^";:,]*+)'
_PARAMETER = rf"[A-Za-z0-9-]++={_VALUE}(?:,{_VALUE})*+"
_HEAD = re.compile(rf"(?:([A-Za-z0-9-]++)\.)?([A-Za-z0-9-]++)((?:;{_PARAMETER})*+)")
_QUOTING_HEAD = re.compile(r'(?:[^":]++|"[^"]*+")*+(?=:)')
_ONE_PARAMETER = re.compile(rf";([A-Za-z0-9-]++)=({_VALUE}(?:,{_VALUE})*+)")
_ONE_VALUE = re.compile(rf"(?:^|,)({_VALUE})")
_ESCAPE = re.compile(r"\\([nN,;\\])")
_LISTS = frozenset({"CATEGORIES", "NICKNAME"})
_LISTED = re.compile(r"(?:^|,)((?:[^,\\]|\\.?)*+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Head:
    """What stands before the value of a property. Names are in upper case: case does not matter (RFC 2426, 4).

    `group` is the prefix of the name without its dot ("ITEM1"), or None. `parameters` pairs each name with all its
    values, as written but without quotes: `TYPE=a;TYPE=b` means what `TYPE=a,b` means, and gives the same.
    """

    name: str
    group: str | None = None
    parameters: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def parameter(self, name: str) -> tuple[str, ...] | None:
        """Return the values of the parameter `name` (in upper case), or None where the property has none."""
        for own, values in self.parameters:
            if own == name:
                return values
        return None


def properties(text: str) -> Iterator[tuple[Head, tuple[str, ...]]]:
    """Yield the properties of a card in its order, BEGIN and END, too: each head, and the values, one or a list.

    A value is unescaped, and whole where it has components. Malformed lines are left out, so that no text is an error.
    A bare LF ends a line as CRLF does.
    """
    for line in _lines(text):
        written, colon, value = line.partition(":")
        if '"' in written:
            quoting = _QUOTING_HEAD.match(line)
            written, value = (quoting[0], line[quoting.end() + 1 :]) if quoting else ("", "")
        head = _head(written) if colon else None
        if head is None:
            continue
        if head.name in _LISTS:
            yield head, tuple([_ESCAPE.sub(_unescaped, each) for each in _LISTED.findall(value)])
        else:
            yield head, (_ESCAPE.sub(_unescaped, value) if "\\" in value else value,)


def _lines(text: str) -> list[str]:
    """Return the unfolded lines of a card."""
    # This project folds with CRLF and a space: looking for that alone takes a tenth of the time.
    unfolded = text.replace("\r\n ", "")
    if "\n " in unfolded or "\n\t" in unfolded:
        unfolded = _FOLD.sub("", text)
    return unfolded.replace("\r\n", "\n").split("\n")


@lru_cache(1024)
def _head(written: str) -> Head | None:
    """Return what is written before a value as a head, or None where it is malformed. A book has few different ones."""
    parts = _HEAD.fullmatch(written)
    if parts is None:
        return None
    group, name, parameters = parts.groups()
    found: dict[str, tuple[str, ...]] = {}
    for parameter, values in _ONE_PARAMETER.findall(parameters):
        key = ascii_casemap(parameter)
        found[key] = found.get(key, ()) + tuple(value.strip('"') for value in _ONE_VALUE.findall(values))
    return Head(ascii_casemap(name), None if group is None else ascii_casemap(group), tuple(found.items()))


def _unescaped(escape: re.Match[str]) -> str:
    return "\n" if escape[1] in "nN" else escape[1]


_LINE_START = re.compile(r"\r\n(?![ \t])")
_NAME = re.compile(r"(?:([A-Za-z0-9-]+)\.)?([A-Za-z0-9-]+)")
_WITH_VALUE = re.compile(rf"{_HEAD.pattern}:")
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
    content = _WITH_VALUE.match(_FOLD.sub("", line))
    return line if content is None else content[0]
