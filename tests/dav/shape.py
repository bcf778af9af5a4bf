"""Whether an XML answer has the shape that the RFCs define: well-formed to two parsers, and valid by their DTDs."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from functools import cache

from tests.support import CARDDAV, DAV, Response

# Content models as the RFCs write them, with "response" beside "href" where expand-property puts one (RFC 3253, 3.8).
_HREFS = "(href|response)*"
_DAV_MODELS = {
    # RFC 4918, 14 and 15; RFC 6578, 6.4
    "multistatus": "response*, responsedescription?, sync-token?",
    "response": "href, ((href*, status)|(propstat+)), error?, responsedescription?, location?",
    "propstat": "prop, status, error?, responsedescription?",
    "displayname": "",
    "getcontentlength": "",
    "getcontenttype": "",
    "getetag": "",
    "getlastmodified": "",
    "collection": "",
    # RFC 3253, 3.1.5
    "supported-report-set": "supported-report*",
    "supported-report": "report",
    # RFC 3744, 4, 5 and 9.5
    "principal": "(href|response|all|authenticated|unauthenticated|property|self)?",
    "alternate-URI-set": "href*",
    "principal-URL": "(href|response)",
    "group-membership": _HREFS,
    "owner": "(href|response)?",
    "group": "(href|response)?",
    "supported-privilege-set": "supported-privilege*",
    "supported-privilege": "privilege, abstract?, description, supported-privilege*",
    "current-user-privilege-set": "privilege*",
    "acl": "ace*",
    "ace": "(principal|invert), (grant|deny), protected?, inherited?",
    "grant": "privilege+",
    "protected": "",
    "abstract": "",
    "acl-restrictions": "(grant-only|deny-before-grant)?, no-invert?, required-principal?",
    "inherited-acl-set": _HREFS,
    "principal-collection-set": _HREFS,
    "principal-search-property-set": "principal-search-property*",
    "principal-search-property": "prop, description",
    # RFC 5397, 3; RFC 6578, 4
    "current-user-principal": "(unauthenticated|href|response)",
    "sync-token": "",
}
_CARDDAV_MODELS = {
    # RFC 6352, 5.2, 6.2, 7.1, 8.3.1 and 10.4
    "addressbook": "",
    "addressbook-description": "",
    "supported-address-data": "address-data-type+",
    "address-data-type": "",
    "max-resource-size": "",
    "addressbook-home-set": _HREFS,
    "supported-collation-set": "supported-collation, supported-collation, supported-collation*",
    "supported-collation": "",
    "address-data": "",
}
_MODELS = {DAV + name: model for name, model in _DAV_MODELS.items()}
_MODELS |= {CARDDAV + name: model for name, model in _CARDDAV_MODELS.items()}

# The same name means a mark without content in resourcetype, and the grantee in an ace.
_OF_ONE_ELEMENT = frozenset({DAV + "privilege", DAV + "report"})

_STATUS = re.compile(r"HTTP/1\.1 \d{3} [A-Z][A-Za-z ]+")


def valid(answer: Response, status: int = 207) -> ET.Element:
    """Return the XML of an answer after looking at all of it."""
    assert answer.status == status, answer
    assert re.fullmatch(r"(text|application)/xml(; charset=utf-8)?", answer.headers["content-type"]), answer.headers
    assert int(answer.headers["content-length"]) == len(answer.body)
    text = answer.body.decode()
    root = ET.fromstring(text)
    assert list(_tags(text)) == [element.tag for element in root.iter()], "two parsers disagree"
    assert root.tag in (f"{DAV}multistatus", f"{DAV}error", f"{DAV}principal-search-property-set")
    if root.tag == f"{DAV}error":
        assert len(root) > 0, "an error without a condition"
    _follows_its_model(root)
    hrefs = [element.findtext(f"{DAV}href") for element in root.findall(f"{DAV}response")]
    assert len(set(hrefs)) == len(hrefs), f"a resource is answered twice: {hrefs}"
    for response in root.iter(f"{DAV}response"):
        _is_a_response(response)
    return root


def _follows_its_model(element: ET.Element) -> None:
    model = _MODELS.get(element.tag)
    if model is not None:
        children = "".join(f"{child.tag.rpartition('}')[2]} " for child in element)
        assert _regex(model).fullmatch(children), f"{element.tag} holds {children!r}, and not {model!r}"
        assert not (len(element) and (element.text or "").strip()), f"{element.tag} holds text beside elements"
    if element.tag == f"{DAV}error":
        # Conditions bear the names of properties.
        return
    if element.tag in _OF_ONE_ELEMENT:
        assert len(element) == 1, f"{element.tag} holds {len(element)} elements"
    is_named_only = element.tag == f"{DAV}propstat" and (
        "200" not in element.findtext(f"{DAV}status", "") or all(_is_bare(prop) for prop in element[0])
    )
    for child in element:
        # Properties that are not there, and those whose names alone were asked for, have no content.
        if not (is_named_only and child.tag == f"{DAV}prop"):
            _follows_its_model(child)


def _is_bare(element: ET.Element) -> bool:
    return not len(element) and not element.text


@cache
def _regex(model: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"[\w-]+", lambda name: f"(?:{name[0]} )", model).replace(", ", "").replace(",", ""))


def _is_a_response(response: ET.Element) -> None:
    assert response.findtext(f"{DAV}href"), "a response without a path"
    statuses = [element.text or "" for element in response.findall(f"{DAV}propstat/{DAV}status")]
    for status_line in [*statuses, *(status.text or "" for status in response.findall(f"{DAV}status"))]:
        assert _STATUS.fullmatch(status_line), status_line
    assert len(set(statuses)) == len(statuses), f"one status in several propstats: {statuses}"
    if statuses:
        # Thunderbird looks at the first one alone.
        assert "HTTP/1.1 200 OK" not in statuses[1:], f"what is found comes second: {statuses}"
    names = [prop.tag for prop in response.iterfind(f"{DAV}propstat/{DAV}prop/*")]
    assert len(set(names)) == len(names), f"a property is told twice: {names}"
    for propstat in response.findall(f"{DAV}propstat"):
        if "200" not in propstat.findtext(f"{DAV}status", ""):
            assert all(map(_is_bare, propstat[0])), "a property that is not there has content"
            assert len(propstat[0]) > 0, "no property is missing"


_CHARACTERS = re.compile("[\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]*")
_TEXT = re.compile(r"(?:[^<&]|&(?:amp|lt|gt|quot|apos|#\d+);)*")
_ATTRIBUTE = re.compile(r"""\s+([\w:.-]+)=("[^"<]*"|'[^'<]*')""")
_TAG = re.compile(r"""<(/?)([\w:.-]+)((?:\s+[\w:.-]+=(?:"[^"<]*"|'[^'<]*'))*)\s*(/?)>""")


def _tags(text: str) -> Iterator[str]:
    """Yield the names of all elements: a second parser, which knows nothing but tags, text and namespaces."""
    assert _CHARACTERS.fullmatch(text), "a character that XML does not have"
    assert text.startswith('<?xml version="1.0" encoding="utf-8"?>\n'), text[:60]
    at = text.index("\n") + 1
    still_open: list[tuple[str, dict[str, str]]] = [("", {"xml": "http://www.w3.org/XML/1998/namespace"})]
    while at < len(text):
        between = _TEXT.match(text, at)
        assert between is not None
        assert "]]>" not in between[0], "the end of a CDATA section in text"
        tag = _TAG.match(text, between.end())
        if tag is None:
            assert between.end() == len(text), f"no markup: {text[between.end() : between.end() + 40]!r}"
            assert not between[0].strip(), "text behind the end"
            break
        at = tag.end()
        ends, name, inner, is_empty = tag.groups()
        if ends:
            assert still_open.pop()[0] == name, f"{name} was not open"
            continue
        attributes = _ATTRIBUTE.findall(inner)
        keys = [key for key, _ in attributes]
        assert len(set(keys)) == len(keys), f"an attribute comes twice: {keys}"
        prefixes = still_open[-1][1] | _declared(attributes)
        yield _clark(name, prefixes)
        if not is_empty:
            still_open.append((name, prefixes))
    assert len(still_open) == 1, f"never closed: {[name for name, _ in still_open]}"


def _declared(attributes: Sequence[tuple[str, str]]) -> dict[str, str]:
    return {key.partition(":")[2]: _unescaped(value[1:-1]) for key, value in attributes if key.startswith("xmlns")}


def _unescaped(value: str) -> str:
    value = re.sub(r"[\t\n\r]", " ", value)
    value = re.sub(r"&#(\d+);", lambda found: chr(int(found[1])), value)
    for name, character in (("lt", "<"), ("gt", ">"), ("quot", '"'), ("apos", "'"), ("amp", "&")):
        value = value.replace(f"&{name};", character)
    return value


def _clark(name: str, prefixes: dict[str, str]) -> str:
    prefix, _, local = name.rpartition(":")
    assert not prefix or prefix in prefixes, f"the prefix of {name} is not declared"
    namespace = prefixes.get(prefix, "")
    return f"{{{namespace}}}{local}" if namespace else local
