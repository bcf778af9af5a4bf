"""The lines of an expectation, `name: value` or `name argument: value`, and how each of them is judged.

status: 207                          the status; other lines about XML look at every byte of it (`shape.py`)
hrefs: {book} {cards}                the hrefs of all responses, in any order; `first href` is the first of them
found hrefs: …   missing hrefs: …    those whose status, or first propstat, is 200 or 404
found: D:getetag C:x                 the properties with 200 of every response; `missing` those with 404
text XPATH: value                    the text of the first such element; `texts` of all, sorted, between " | "
count XPATH: 2                       how many such elements there are
children XPATH: D:href D:status      the children of every such element; XPATH "." is the root
condition: D:supported-report        the answer is a DAV:error with this condition alone
header NAME: value                   a header; `no header` says that it is not there
holds: text   lacks: text            what is in the body or not
same as: title                       the answer has the status and the body of that request's answer
"""

import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping

from tests.dav.serving import found
from tests.dav.shape import valid
from tests.support import DAV, Response
from tests.support.exchanges import NAMESPACES

_WITH_ARGUMENT = frozenset({"text", "texts", "count", "children", "header", "no header"})


def judge(line: str, answer: Response, before: Mapping[str, Response], shaped: bool) -> None:
    """Fail unless what the line says holds of the answer; `before` are the answers of the same pair so far."""
    name, argument, value = _parts(line)
    if name == "status":
        assert str(answer.status) in value.split("/"), answer
        if shaped and answer.status == 207:
            valid(answer)
    elif name == "condition":
        root = valid(answer, answer.status) if shaped else answer.xml
        assert (root.tag, [child.tag for child in root]) == (f"{DAV}error", [clark(value)]), answer
    elif name == "same as":
        assert (answer.status, answer.body) == (before[value].status, before[value].body)
    elif name == "holds":
        assert value.encode() in answer.body, answer
    elif name == "lacks":
        assert value.encode() not in answer.body, answer
    elif name == "header":
        assert answer.headers[argument] == value
    elif name == "no header":
        assert argument not in answer.headers
    else:
        _XML[name](answer, argument, value)


def _parts(line: str) -> tuple[str, str, str]:
    for name in sorted(_WITH_ARGUMENT, key=len, reverse=True):
        if line.startswith(f"{name} "):
            argument, _, value = line.removeprefix(f"{name} ").partition(": ")
            return name, argument.removesuffix(":"), value
    name, _, value = line.partition(":")
    return name, "", value.removeprefix(" ")


def clark(name: str) -> str:
    """Return a name with a prefix in Clark notation; one in braces, or without a prefix, as it is."""
    prefix, colon, local = name.partition(":")
    return f"{{{NAMESPACES[prefix]}}}{local}" if colon and prefix in NAMESPACES else name


def _hrefs(status: str) -> Callable[[Response, str, str], None]:
    def compare(answer: Response, _: str, value: str) -> None:
        assert sorted(answer.hrefs(status)) == sorted(value.split())

    return compare


def _properties(status: str) -> Callable[[Response, str, str], None]:
    def compare(answer: Response, _: str, value: str) -> None:
        told = found(answer, status)
        assert told, "no response"
        for href, names in told.items():
            assert names == set(map(clark, value.split())), href

    return compare


def _first_href(answer: Response, _: str, value: str) -> None:
    assert answer.hrefs()[:1] == value.split()


def _elements(answer: Response, xpath: str) -> list[ET.Element]:
    return [answer.xml] if xpath == "." else answer.xml.findall(xpath, NAMESPACES)


def _text(answer: Response, xpath: str, value: str) -> None:
    texts = [element.text or "" for element in _elements(answer, xpath)]
    assert texts[:1] == [value], texts


def _texts(answer: Response, xpath: str, value: str) -> None:
    texts = sorted(element.text or "" for element in _elements(answer, xpath))
    assert texts == sorted(value.split(" | ")), texts


def _count(answer: Response, xpath: str, value: str) -> None:
    assert len(_elements(answer, xpath)) == int(value), answer


def _children(answer: Response, xpath: str, value: str) -> None:
    elements = _elements(answer, xpath)
    assert elements, answer
    for element in elements:
        assert [child.tag for child in element] == [clark(name) for name in value.split()]


_XML: Mapping[str, Callable[[Response, str, str], None]] = {
    "hrefs": _hrefs(""),
    "first href": _first_href,
    "found hrefs": _hrefs("200"),
    "missing hrefs": _hrefs("404"),
    "found": _properties("200"),
    "missing": _properties("404"),
    "text": _text,
    "texts": _texts,
    "count": _count,
    "children": _children,
}
