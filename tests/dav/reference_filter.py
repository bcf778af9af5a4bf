"""A second reading of RFC 6352, 10.5: slow, sentence by sentence, on cards that were never text.

It shares no code with `radicale_tldops.dav`, so that a test in which both agree says something about either.
"""

import unicodedata
from dataclasses import dataclass
from xml.etree.ElementTree import Element

NAMESPACE = "{urn:ietf:params:xml:ns:carddav}"


@dataclass(frozen=True, slots=True)
class Line:
    """One property of a card as it was meant, before it is escaped, quoted and folded.

    `more` are the further values of a property that holds a list.
    """

    group: str
    name: str
    parameters: tuple[tuple[str, tuple[str, ...]], ...]
    value: str
    more: tuple[str, ...] = ()


Card = tuple[Line, ...]


def matches_filter(card: Card, element: Element) -> bool:
    """Section 10.5."""
    prop_filters = element.findall(NAMESPACE + "prop-filter")
    if not prop_filters:
        return True
    results = [_matches_prop_filter(card, child) for child in prop_filters]
    return all(results) if element.get("test") == "allof" else any(results)


def _matches_prop_filter(card: Card, element: Element) -> bool:
    """Section 10.5.1."""
    lines = [line for line in card if _has_name(line, element.attrib["name"])]
    if element.find(NAMESPACE + "is-not-defined") is not None:
        return len(lines) == 0
    for line in lines:
        results = [
            _matches_text((line.value, *line.more), child) for child in element.findall(NAMESPACE + "text-match")
        ]
        results += [_matches_param_filter(line, child) for child in element.findall(NAMESPACE + "param-filter")]
        if not results:
            return True
        if all(results) if element.get("test") == "allof" else any(results):
            return True
    return False


def _has_name(line: Line, name: str) -> bool:
    if "." in name:
        return f"{line.group}.{line.name}".lower() == name.lower()
    return line.name.lower() == name.lower()


def _matches_param_filter(line: Line, element: Element) -> bool:
    """Section 10.5.2. Parameters of one name in one property are one parameter with all their values."""
    of_name = [values for name, values in line.parameters if name.lower() == element.attrib["name"].lower()]
    if element.find(NAMESPACE + "is-not-defined") is not None:
        return not of_name
    if not of_name:
        return False
    text_match = element.find(NAMESPACE + "text-match")
    if text_match is None:
        return True
    found = any(_contains(value, text_match) for values in of_name for value in values)
    return not found if text_match.get("negate-condition") == "yes" else found


def _matches_text(values: tuple[str, ...], element: Element) -> bool:
    """Section 10.5.4."""
    found = any(_contains(value, element) for value in values)
    return not found if element.get("negate-condition") == "yes" else found


def _contains(value: str, element: Element) -> bool:
    key = _sort_key(element.get("collation", "i;unicode-casemap"), element.text or "")
    target = _sort_key(element.get("collation", "i;unicode-casemap"), value)
    places = [at for at in range(len(target) + 1) if target[at : at + len(key)] == key]
    match element.get("match-type", "contains"):
        case "equals":
            return target == key
        case "starts-with":
            return 0 in places
        case "ends-with":
            return len(target) - len(key) in places
        case _:
            return bool(places)


def _sort_key(collation: str, text: str) -> bytes:
    """RFC 4790, 9.2 and 9.3, and RFC 5051, 2: what is then compared octet by octet."""
    if collation == "i;octet":
        return text.encode()
    if collation == "i;ascii-casemap":
        return bytes(octet - 32 if ord("a") <= octet <= ord("z") else octet for octet in text.encode())
    points = [point for character in text for point in _decomposed(_titlecased(character))]
    return "".join(_ordered(points)).encode()


def _titlecased(character: str) -> str:
    return character.title() if len(character.title()) == 1 else character


def _decomposed(character: str) -> list[str]:
    syllable = ord(character) - 0xAC00
    if 0 <= syllable < 11172:  # Hangul is decomposed by arithmetic (Unicode, 3.12), UnicodeData.txt does not list it
        vowel, tail = 0x1161 + syllable // 28 % 21, 0x11A7 + syllable % 28
        return [chr(0x1100 + syllable // 588), chr(vowel)] + ([chr(tail)] if syllable % 28 else [])
    fields = unicodedata.decomposition(character).split()
    if fields and fields[0].startswith("<"):  # a compatibility decomposition: "of any type" (RFC 5051, 2)
        fields = fields[1:]
    if not fields:
        return [character]
    return [point for field in fields for point in _decomposed(chr(int(field, 16)))]


def _ordered(points: list[str]) -> list[str]:
    """Put each run of marks into the canonical order, as the NFKD that RFC 5051, 4 allows does (Unicode, D109)."""
    ordered: list[str] = []
    run: list[str] = []
    for point in points:
        if unicodedata.combining(point) == 0:
            ordered += sorted(run, key=unicodedata.combining)
            ordered.append(point)
            run = []
        else:
            run.append(point)
    return ordered + sorted(run, key=unicodedata.combining)
