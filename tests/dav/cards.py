"""vCards for the tests of filters: from what is meant to the text that a card holds."""

from collections.abc import Iterable
from xml.etree.ElementTree import Element, fromstring

from .reference_filter import Card, Line


def card_text(card: Card) -> str:
    """Write a card as RFC 2426 says: escaped, quoted where it must be, folded at 75 octets, with CRLF."""
    lines = ["BEGIN:VCARD", "VERSION:3.0", *map(_content_line, card), "END:VCARD"]
    return "".join(f"{folded}\r\n" for line in lines for folded in _folded(line))


def _content_line(line: Line) -> str:
    group = f"{line.group}." if line.group else ""
    parameters = "".join(f";{name}={','.join(map(_quoted, values))}" for name, values in line.parameters)
    value = ",".join(map(_escaped, (line.value, *line.more)))
    return f"{group}{line.name}{parameters}:{value}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace(",", "\\,").replace(";", "\\;")


def _quoted(value: str) -> str:
    return f'"{value}"' if set(value) & set(",;:") else value


def _folded(line: str) -> Iterable[str]:
    piece = ""
    for character in line:
        if len((piece + character).encode()) > 75:
            yield piece
            piece = " "
        piece += character
    yield piece


def filter_element(inner: str, attributes: str = "") -> Element:
    """Return the CARDDAV:filter element around `inner`."""
    return fromstring(f'<filter xmlns="urn:ietf:params:xml:ns:carddav" {attributes}>{inner}</filter>')
