"""Bodies of PROPFIND and REPORT: what cannot be trusted is refused, and the rest is reduced to what is understood."""

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radicale_tldops.dav.body import MAX_ATTRIBUTES, MAX_DEPTH, MAX_ELEMENTS, MAX_NAME, RequestError
from radicale_tldops.dav.requests import MAX_PROPERTIES, Request, Shape, complete, read_request

DAV = "{DAV:}"
CARDDAV = "{urn:ietf:params:xml:ns:carddav}"


def propfind(inner: str) -> bytes:
    """The body of a PROPFIND."""
    return f'<propfind xmlns="DAV:">{inner}</propfind>'.encode()


def test_properties_keep_their_order_and_come_once() -> None:
    """What is inside them, and their attributes, is left out."""
    request = read_request("PROPFIND", "", propfind('<prop><b/><a x="1"><c/></a><b/></prop>'))
    assert request.xml is not None
    assert [child.tag for child in request.xml[0]] == [f"{DAV}b", f"{DAV}a"]
    assert [len(child) for child in request.xml[0]] == [0, 0]


def test_depth_is_counted_inside_what_is_skipped() -> None:
    """A repeated property is no hole in the limit."""
    deep = "<a/><a>" + "<b>" * MAX_DEPTH + "</b>" * MAX_DEPTH + "</a>"
    with pytest.raises(RequestError, match="nested too deep"):
        read_request("PROPFIND", "", propfind(f"<prop>{deep}</prop>"))


def test_a_property_asked_for_160_000_times_is_one() -> None:
    """What is repeated does not count towards the limit of elements."""
    request = read_request("PROPFIND", "", propfind(f"<prop>{'<a/>' * 160_000}</prop>"))
    assert request.xml is not None
    assert len(request.xml[0]) == 1


def test_a_multiget_of_10_000_cards_is_read() -> None:
    """The limits are beyond what any client sends; hrefs come once, without the space around them."""
    hrefs = "".join(f"<href> /a/tld-ops/{number}.vcf\n</href>" * 2 for number in range(5_000))
    body = f'<C:addressbook-multiget xmlns="DAV:" xmlns:C="{CARDDAV[1:-1]}"><prop><x/></prop>{hrefs}'
    request = read_request("REPORT", "", f"{body}</C:addressbook-multiget>".encode())
    assert request.xml is not None
    found = [one.text for one in request.xml.findall(f"{DAV}href")]
    assert found == [f"/a/tld-ops/{number}.vcf" for number in range(5_000)]


BEYOND = {
    "elements": propfind("<x/>" * MAX_ELEMENTS + "<allprop/>"),
    "attributes": propfind("<allprop " + " ".join(f"a{n}='x'" for n in range(MAX_ATTRIBUTES + 1)) + "/>"),
    "name": propfind(f"<prop><{'a' * (MAX_NAME + 1)}/></prop>"),
    "attribute name": propfind(f"<allprop {'a' * (MAX_NAME + 1)}=''/>"),
    "namespace": propfind(f"<prop><a xmlns='{'u' * (MAX_NAME + 1)}'/></prop>"),
    "properties": propfind(f"<prop>{''.join(f'<a{n}/>' for n in range(MAX_PROPERTIES + 1))}</prop>"),
    "depth": b"<a>" * (MAX_DEPTH + 1) + b"</a>" * (MAX_DEPTH + 1),
}


@pytest.mark.parametrize("body", BEYOND.values(), ids=BEYOND.keys())
def test_one_more_than_a_limit_is_refused(body: bytes) -> None:
    """Each limit alone is enough: a long namespace is repeated by the parser with every name, for instance."""
    with pytest.raises(RequestError, match="too ") as refused:
        read_request("PROPFIND", "", body)
    assert refused.value.status == 400


def test_the_charset_of_the_header_goes_before_the_declaration() -> None:
    """RFC 7303, 3.2; without a header the declaration holds, and an unknown charset in it is unsupported."""
    body = b'<?xml version="1.0" encoding="x-nonsense"?>' + propfind("<allprop/>")
    assert read_request("PROPFIND", "text/xml; charset=utf-8", body).xml is not None
    with pytest.raises(RequestError) as refused:
        read_request("PROPFIND", "text/xml", body)
    assert refused.value.status == 415


@pytest.mark.parametrize("charset", ["utf-8", "UTF-16", '"utf-8"', "iso-8859-1"])
def test_the_charset_of_the_header_is_used(charset: str) -> None:
    """UTF-8 and UTF-16 are a must (RFC 4918, 19)."""
    body = propfind("<prop><getetag/></prop>").decode().encode(charset.strip('"'))
    request = read_request("PROPFIND", f"application/xml; charset={charset}", body)
    assert request.xml is not None
    assert request.xml[0][0].tag == f"{DAV}getetag"


def test_names_without_a_namespace_come_back_without_one() -> None:
    """XML allows them; Radicale cannot read them."""
    request = read_request("PROPFIND", "", b'<D:propfind xmlns:D="DAV:"><D:prop><plain/></D:prop></D:propfind>')
    assert request.xml is not None
    name = request.xml[0][0].tag
    multistatus = ET.fromstring(
        '<multistatus xmlns="DAV:"><response><href>/</href><propstat><prop/></propstat></response></multistatus>'
    )
    prop = multistatus.find(f".//{DAV}prop")
    assert prop is not None
    ET.SubElement(prop, name)
    complete(request, multistatus)
    assert prop[0].tag == "plain"


def test_an_empty_prop_asks_for_a_status() -> None:
    """The answer says 200 for a member, and nothing of its properties."""
    body = b'<sync-collection xmlns="DAV:"><sync-token>t</sync-token><prop/></sync-collection>'
    request = read_request("REPORT", "", body)
    assert request.shape is Shape.STATUS
    assert request.xml is not None
    assert request.xml.findtext(f"{DAV}sync-token") == "t"
    multistatus = ET.fromstring(
        '<multistatus xmlns="DAV:"><response><href>/a</href><propstat><prop><getetag>1</getetag></prop></propstat>'
        "</response></multistatus>"
    )
    complete(request, multistatus)
    assert [child.tag for child in multistatus[0]] == [f"{DAV}href", f"{DAV}status"]


_NAMES = st.sampled_from(
    ["propfind", "prop", "allprop", "propname", "getetag", "href", "sync-token", "sync-collection", "filter", "x"]
)
_NAMESPACES = st.sampled_from([DAV, CARDDAV, "", "{urn:x}"])


@st.composite
def elements(draw: st.DrawFn) -> ET.Element:
    """Trees of the names that occur, in every arrangement."""
    element = ET.Element(draw(_NAMESPACES) + draw(_NAMES), draw(st.dictionaries(_NAMES, st.text("ab <&", max_size=4))))
    element.text = draw(st.text("ab <&\u00e9", max_size=6))
    element.extend(draw(st.lists(st.deferred(elements), max_size=4)))
    return element


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["PROPFIND", "REPORT"]), st.one_of(st.binary(max_size=200), elements().map(ET.tostring)))
def test_a_body_is_read_or_refused_and_nothing_else(method: str, body: bytes) -> None:
    """Whatever comes, it is a request within the limits or a `RequestError` with a 4xx status."""
    outcome: Request | RequestError
    try:
        outcome = read_request(method, "", body)
    except RequestError as error:
        outcome = error
    if isinstance(outcome, RequestError):
        assert 400 <= outcome.status < 500
    elif outcome.xml is not None:
        assert all(element.tag.startswith("{") for element in outcome.xml.iter())
