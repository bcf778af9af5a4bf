"""The text that Mailman 2.1's `dumpdb` prints of a list's `config.pck`: a Python dict with the names in `usernames`.

Other values of the dump are not literals (`<bounce info for …>`), and a nested expression can exhaust Python's parser.
So the dicts with members are found by their brackets, and `ast.literal_eval` reads one short string at a time.
"""

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from radicale_tldops.roster.errors import InputError
from sync.parse.address import address_findings
from sync.parse.encoding import certain_text
from sync.parse.entry import Line, make_entry
from sync.parse.limits import MAX_DEPTH, MAX_LINE, MAX_LINES
from sync.parse.records import Record
from sync.problems import Finding, Origin, Problem, joined, printable

_MARKER = re.compile(r"^[ \t]*[\[<]-----[^\n]*-----[\]>][ \t]*$", re.MULTILINE)
_STRING = r"(?<!\w)[uUbBrR]{0,2}(?:'(?:[^'\\\n]|\\.)*+'|\"(?:[^\"\\\n]|\\.)*+\")"
_TOKEN = re.compile(rf"(?P<string>{_STRING})|(?P<bracket>[{{}}\[\]()])|(?P<open>(?<!\w)['\"])", re.DOTALL)
_STRINGS = rf"{_STRING}(?:\s+{_STRING})*+"
_ENTRY = re.compile(
    rf"\s*(?P<key>{_STRINGS})\s*:\s*(?:\(\s*)?(?P<value>{_STRINGS}|None|[0-9]+L?)\s*(?:\)\s*)?(?:,|(?=\}}))", re.DOTALL
)
_NAMES = "usernames"
_SECTIONS = (_NAMES, "members", "digest_members")
_AGAIN = "run `dumpdb lists/NAME/config.pck` again and keep its whole output, or choose another format"


@dataclass(frozen=True, slots=True)
class _Section:
    """A dict with members: its name, and the offsets of the text between its brackets."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Item:
    """An entry of a section: key and value as written, and its line."""

    key: str
    value: str
    line: int


def looks_like_dump(text: str) -> bool:
    """Whether `text` begins like a dump: with one of its marker lines, or with a dict."""
    return bool(re.match(r"\s*(?:\[-----|<-----|(?:\w+ ?= ?)?\{\s*(?:[uUbB]?['\"]|\}))", text[:1000]))


def read_dump(text: str, file: str) -> tuple[list[Record], tuple[Problem, ...]]:
    """Return the records of a dump: every name, then the members without one; and a warning for each who has left.

    Where the dump says who the members are, a name whose address is not among them is not an entry.
    Raises `InputError` if it is not a complete dump of a list.
    """
    body = _MARKER.sub("", text)
    sections = {section.name: section for section in _sections(body, file)}
    names = sections.get(_NAMES) or sections.get("")
    if names is None:
        raise InputError(f"{file}: this is a dict without `usernames`, so it holds no list; {_AGAIN}")
    ascii_source = text.isascii()
    records: list[Record] = []
    left: list[Problem] = []
    seen: set[str] = set()
    with warnings.catch_warnings():
        # Python warns about unknown escapes and leaves them as they are.
        warnings.simplefilter("ignore")
        lists = [sections[name] for name in _SECTIONS[1:] if name in sections]
        keys = (_text(item.key, python2=ascii_source)[0] for section in lists for item in _items(body, section, file))
        members = {key.strip().lower() for key in keys}
        for section in (names, *lists):
            for item in _items(body, section, file):
                origin = Origin(file, item.line)
                if members and section is names and (gone := _gone(item, members, python2=ascii_source)):
                    left.extend(joined(origin, [gone], item.key))
                    continue
                records.extend(_records(origin, item, seen, names=section is names, python2=ascii_source))
                if len(records) + len(left) > MAX_LINES:
                    raise InputError(f"{file}: more than {MAX_LINES} entries are too many for a list; {_AGAIN}")
    return records, tuple(left)


def _gone(item: _Item, members: set[str], *, python2: bool) -> Finding | None:
    """Return the warning for a name whose address is certainly not among the members."""
    address, unknown = _text(item.key, python2=python2)
    gone = not unknown and address.strip().lower() not in members
    return Finding("not-a-member", printable(address.strip()[:80])) if gone else None


def _sections(body: str, file: str) -> Iterator[_Section]:
    """Yield the dicts with members, and the outer dict as "". Brackets must match, and nothing may follow the dump."""
    depth = start = outer = 0
    name, key, key_end = "", "", 0
    for token in _TOKEN.finditer(body):
        at = token.start()
        if token["open"]:
            line = body.count("\n", 0, at) + 1
            raise InputError(f"{file}:{line}: a string of the dump is not closed, so the dump is cut off; {_AGAIN}")
        if token["string"]:
            key, key_end = (token["string"].lstrip("uUbBrR")[1:-1], token.end()) if depth == 1 else (key, key_end)
        elif token["bracket"] in "{[(":
            depth += 1
            if depth > MAX_DEPTH:
                line = body.count("\n", 0, at) + 1
                raise InputError(f"{file}:{line}: brackets are nested too deeply for a dump of a list; {_AGAIN}")
            if depth == 1:
                outer = at + 1
            elif depth == 2 and key in _SECTIONS and body[key_end : min(at, key_end + 100)].strip() == ":":
                name, start = key, at + 1
        else:
            depth -= 1
            if depth == 1 and name:
                yield _Section(name, start, at)
                name = ""
            if depth <= 0:
                _check_ends(body[: outer - 1], body[at + 1 :], file)
                if "@" in body[outer : outer + 400].partition(":")[0]:
                    yield _Section("", outer, at)
                return
    what = "the dump is cut off, its outer bracket is not closed" if depth else "this is not a dump, it holds no dict"
    raise InputError(f"{file}: {what}; {_AGAIN}")


def _check_ends(before: str, after: str, file: str) -> None:
    if after.strip() or not re.fullmatch(r"\s*(?:\w+ ?= ?)?", before):
        raise InputError(f"{file}: there is text before or behind the dump; {_AGAIN}")


def _items(body: str, section: _Section, file: str) -> Iterator[_Item]:
    """Yield the entries of a section."""
    at = section.start
    line = body.count("\n", 0, at) + 1
    last = len(body[at : section.end].rstrip()) + at
    while at < last:
        entry = _ENTRY.match(body, at, section.end + 1)
        if entry is None:
            raise InputError(f"{file}:{line}: this is not an entry of a member; {_AGAIN}")
        yield _Item(entry["key"], entry["value"], line + body.count("\n", at, entry.start("key")))
        line += body.count("\n", at, entry.end())
        at = entry.end()


def _records(origin: Origin, item: _Item, seen: set[str], *, names: bool, python2: bool) -> Iterator[Record]:
    """Yield the record of an entry, unless it is the second entry of an address and has no name."""
    key, key_findings = _text(item.key, python2=python2)
    address = key.strip()
    if not names and address.lower() in seen:
        return
    seen.add(address.lower())
    wrong = (*key_findings, *address_findings(address))
    value, findings = _text(item.value, python2=python2) if names else ("", ())
    source = f"{item.key}: {item.value}" if len(item.value) < MAX_LINE else item.key
    listed = () if wrong else (address,)
    yield make_entry(origin, source, Line("", "" if wrong else value, listed, findings=(*wrong, *findings)))


def _text(literal: str, *, python2: bool) -> tuple[str, tuple[Finding, ...]]:
    r"""Return the text of one string of the dump, "" for None and numbers.

    Python 2 writes characters as u'\xe9', and octets of an unknown charset as '\xe9'; Python 3 writes 'é' and b'\xe9'.
    """
    if literal[0] not in "'\"uUbBrR":
        return "", ()
    if len(literal) > MAX_LINE:
        return "", (Finding("too-long", f"a string of {len(literal)} characters"),)
    try:
        value: object = ast.literal_eval(f"({literal})")
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return "", (Finding("bad-encoding", "the string is not a Python literal"),)
    if isinstance(value, str) and python2 and literal[0] not in "uU" and not value.isascii() and max(value) <= "\xff":
        value = value.encode("latin-1")
    if isinstance(value, bytes):
        text = certain_text(value)
        return (text, ()) if text is not None else ("", (Finding("bad-encoding", "octets of an unknown charset"),))
    return (value, ()) if isinstance(value, str) else ("", (Finding("not-understood"),))
