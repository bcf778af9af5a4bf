"""Bodies of PROPFIND and REPORT: what cannot be trusted is refused, and the rest becomes a value."""

import contextlib
import gc
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radicale_tldops.dav.body import MAX_ATTRIBUTES, MAX_DEPTH, MAX_ELEMENTS, MAX_NAME, RequestError, parse_body
from radicale_tldops.dav.query.filters import CardFilter, PropFilter
from radicale_tldops.dav.requested import (
    ADDRESS_DATA,
    MAX_OCTETS,
    MAX_PROPERTIES,
    DataProperty,
    Mode,
    RequestedProperties,
)
from radicale_tldops.dav.requests import (
    AclPrincipalPropSet,
    ExpandProperty,
    Expansion,
    Multiget,
    PrincipalMatch,
    PrincipalPropertySearch,
    PrincipalSearchPropertySet,
    Query,
    Report,
    Search,
    SyncCollection,
    read_propfind,
    read_report,
)

DAV = "{DAV:}"
CARDDAV = "{urn:ietf:params:xml:ns:carddav}"
_PREFIXES = 'xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"'


def propfind(inner: str) -> bytes:
    """The body of a PROPFIND."""
    return f"<propfind {_PREFIXES}>{inner}</propfind>".encode()


def report(name: str, inner: str = "", attributes: str = "") -> Report:
    """Read the body of the report `name`."""
    return read_report("", f"<{name} {_PREFIXES} {attributes}>{inner}</{name}>".encode())


def names(inner: str) -> tuple[str, ...]:
    """The properties that a PROPFIND asks for."""
    return read_propfind("", propfind(inner)).names


def test_properties_keep_their_order_and_come_once() -> None:
    """What is inside them, and their attributes, is left out."""
    assert names('<prop><b/><a x="1"><c/></a><b/></prop>') == (f"{DAV}b", f"{DAV}a")
    wanted = read_propfind("", propfind("<allprop/><include><b/><a/><b/></include>"))
    assert wanted == RequestedProperties(Mode.ALLPROP, (f"{DAV}b", f"{DAV}a"))


def test_depth_is_counted_inside_what_is_skipped() -> None:
    """A repeated property is no hole in the limit."""
    deep = "<a/><a>" + "<b>" * MAX_DEPTH + "</b>" * MAX_DEPTH + "</a>"
    with pytest.raises(RequestError, match="nested too deep"):
        read_propfind("", propfind(f"<prop>{deep}</prop>"))


def test_a_property_asked_for_160_000_times_is_one() -> None:
    """What is repeated does not count towards the limit of elements."""
    assert names(f"<prop>{'<a/>' * 160_000}</prop>") == (f"{DAV}a",)


@pytest.mark.parametrize("inner", ["<allprop/>", "<prop><a/><a>x<b/></a></prop>", "<prop><a/><a><b>", "<!DOCTYPE a>"])
def test_a_body_leaves_nothing_for_the_garbage_collector(inner: str) -> None:
    """Good or bad, it goes as soon as it was read: a server may collect seldom."""
    gc.disable()
    try:
        left = []
        # Whatever else goes on in this process may leave something now and then, and not every time.
        for _ in range(5):
            gc.collect()
            with contextlib.suppress(RequestError):
                read_propfind("", propfind(inner))
            left.append(gc.collect())
        assert min(left) == 0
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("inner", "text", "tail"), [("x<a>y</a>z", "x", None), ("<b/>x<a>y<b/>z</a>v<c/>w", None, "xv")]
)
def test_text_around_a_property_that_is_asked_for_again_stays(inner: str, text: str | None, tail: str | None) -> None:
    """Only what is inside it goes with it."""
    again = parse_body("", propfind(f"<prop><a/></prop><prop>{inner}</prop>"))[1]
    assert again.text == (text and text + "z")
    assert [element.tail for element in again][:1] == ([tail] if tail else [])
    assert f"{DAV}a" not in [element.tag for element in again.iter()]


def test_a_multiget_of_10_000_cards_is_read() -> None:
    """The limits are beyond what any client sends; hrefs come once, without the space around them."""
    hrefs = "".join(f"<href> /a/tld-ops/{number}.vcf\n</href>" * 2 for number in range(5_000))
    asked = report("C:addressbook-multiget", f"<prop><x/></prop>{hrefs}")
    assert isinstance(asked, Multiget)
    assert asked.hrefs == tuple(f"/a/tld-ops/{number}.vcf" for number in range(5_000))


BEYOND = {
    "elements": propfind("<x/>" * MAX_ELEMENTS + "<allprop/>"),
    "attributes": propfind("<allprop " + " ".join(f"a{n}='x'" for n in range(MAX_ATTRIBUTES + 1)) + "/>"),
    "name": propfind(f"<prop><{'a' * (MAX_NAME + 1)}/></prop>"),
    "attribute name": propfind(f"<allprop {'a' * (MAX_NAME + 1)}=''/>"),
    "namespace": propfind(f"<prop><a xmlns='{'u' * (MAX_NAME + 1)}'/></prop>"),
    "properties": propfind(f"<prop>{''.join(f'<a{n}/>' for n in range(MAX_PROPERTIES + 1))}</prop>"),
    "included": propfind(f"<allprop/><include>{''.join(f'<a{n}/>' for n in range(MAX_PROPERTIES + 1))}</include>"),
    "depth": b"<a>" * (MAX_DEPTH + 1) + b"</a>" * (MAX_DEPTH + 1),
}


@pytest.mark.parametrize("body", BEYOND.values(), ids=BEYOND.keys())
def test_one_more_than_a_limit_is_refused(body: bytes) -> None:
    """Each limit alone is enough: a long namespace is repeated by the parser with every name, for instance."""
    with pytest.raises(RequestError, match="too ") as refused:
        read_propfind("", body)
    assert refused.value.status == 400


def test_names_are_bounded_together() -> None:
    """An answer repeats them for every card."""
    long = [f"<{'a' * (MAX_NAME - 6)}{number}/>" for number in range(MAX_OCTETS // MAX_NAME + 1)]
    with pytest.raises(RequestError, match="too long"):
        read_propfind("", propfind(f"<prop>{''.join(long)}</prop>"))
    assert len(names(f"<prop>{''.join(long[:-2])}</prop>")) == len(long) - 2


def test_the_charset_of_the_header_goes_before_the_declaration() -> None:
    """RFC 7303, 3.2; without a header the declaration holds, and an unknown charset in it is unsupported."""
    body = b'<?xml version="1.0" encoding="x-nonsense"?>' + propfind("<allprop/>")
    assert read_propfind("text/xml; charset=utf-8", body).mode is Mode.ALLPROP
    with pytest.raises(RequestError) as refused:
        read_propfind("text/xml", body)
    assert refused.value.status == 415


@pytest.mark.parametrize("charset", ["utf-8", "UTF-16", '"utf-8"', "iso-8859-1"])
def test_the_charset_of_the_header_is_used(charset: str) -> None:
    """UTF-8 and UTF-16 are a must (RFC 4918, 19)."""
    body = propfind("<prop><getetag/></prop>").decode().encode(charset.strip('"'))
    asked = read_propfind(f"application/xml; charset={charset}", body)
    assert asked.names == (f"{DAV}getetag",)


def test_an_unknown_charset_is_refused_even_for_an_empty_body() -> None:
    """What is said of it does not depend on what is in it."""
    for body in (b"", propfind("<allprop/>")):
        with pytest.raises(RequestError) as refused:
            read_propfind("text/xml; charset=utf-7", body)
        assert refused.value.status == 415


def test_names_are_in_their_namespaces() -> None:
    """None is a namespace of its own, and the parts never run into each other."""
    inner = '<prop><a xmlns=""/><C:a/><a/><a xmlns="u"/><xml:a/></prop>'
    assert names(inner) == ("a", f"{CARDDAV}a", f"{DAV}a", "{u}a", "{http://www.w3.org/XML/1998/namespace}a")


@pytest.mark.parametrize(
    ("inner", "wanted"),
    [
        ("<prop/>", RequestedProperties(Mode.PROP)),
        ("<allprop/>", RequestedProperties(Mode.ALLPROP)),
        ("<propname/>", RequestedProperties(Mode.PROPNAME)),
        ("<propname/><unknown><prop/></unknown>", RequestedProperties(Mode.PROPNAME)),
        ("<prop><getetag/></prop>", RequestedProperties(Mode.PROP, (f"{DAV}getetag",))),
    ],
)
def test_what_propfind_asks_for(inner: str, wanted: RequestedProperties) -> None:
    """RFC 4918, 14.20: an empty prop is no property, and no body is all of them."""
    assert read_propfind("", propfind(inner)) == wanted
    assert read_propfind("", b"") == RequestedProperties(Mode.ALLPROP)


@pytest.mark.parametrize("inner", ["", "<x/>", "<prop/><prop/>", "<allprop/><propname/>", "<prop/><allprop/>"])
def test_propfind_asks_for_one_thing(inner: str) -> None:
    """RFC 4918, 14.20; another root element is no PROPFIND."""
    for body in (propfind(inner), propfind("<allprop/>").replace(b"propfind", b"searchrequest")):
        with pytest.raises(RequestError) as refused:
            read_propfind("", body)
        assert refused.value.status == 400


def test_without_a_prop_a_report_asks_for_a_status_and_a_sync_for_a_propstat() -> None:
    """A sync must never answer with a status what is still there (RFC 6578, 3.2)."""
    status = RequestedProperties(Mode.STATUS, is_report=True)
    assert report("C:addressbook-query") == Query(status, None, None)
    assert report("C:addressbook-multiget") == Multiget(status, ())
    nothing = RequestedProperties(Mode.PROP, is_report=True)
    assert report("sync-collection", "<sync-token>t</sync-token>") == SyncCollection(nothing, "t", None)
    assert report("sync-collection", "<sync-token> t\n</sync-token><prop/>") == SyncCollection(nothing, "t", None)
    assert report("C:addressbook-query", "<prop/>") == Query(nothing, None, None)


def test_a_query_as_a_value() -> None:
    """RFC 6352, 10.3, 10.5 and 10.6."""
    inner = '<prop><getetag/></prop><C:filter><C:prop-filter name="fn"/></C:filter>'
    inner += "<C:limit><C:nresults> 7 </C:nresults></C:limit><limit><nresults>1</nresults></limit>"
    wanted = RequestedProperties(Mode.PROP, (f"{DAV}getetag",), is_report=True)
    assert report("C:addressbook-query", inner) == Query(wanted, CardFilter(prop_filters=(PropFilter("FN"),)), 7)


def test_address_data_as_a_value() -> None:
    """RFC 6352, 10.4: names in upper case, groups apart, each once; allprop and nothing are the whole card."""

    def data(inner: str) -> tuple[DataProperty, ...] | None:
        asked = report("C:addressbook-query", f"<prop><C:address-data>{inner}</C:address-data></prop>")
        assert isinstance(asked, Query)
        assert asked.requested.names == (ADDRESS_DATA,)
        return asked.requested.data

    assert data("") is None
    assert data('<C:allprop/><C:prop name="FN"/>') is None
    named = '<C:prop name="fn"/><C:prop name="Item1.Email" novalue="yes"/><C:prop name="FN" novalue="no"/>'
    assert data(named) == (DataProperty("FN"), DataProperty("EMAIL", "ITEM1", without_value=True))


def test_the_reports_about_principals_as_values() -> None:
    """RFC 3744, 9; RFC 3253, 3.8."""
    nothing = RequestedProperties(Mode.PROP)
    assert report("acl-principal-prop-set", "<prop/>") == AclPrincipalPropSet(nothing)
    assert report("principal-search-property-set") == PrincipalSearchPropertySet()
    assert report("principal-match", "<self/><prop/>") == PrincipalMatch(nothing, None)
    by_owner = "<principal-property><owner/></principal-property><prop/>"
    assert report("principal-match", by_owner) == PrincipalMatch(nothing, f"{DAV}owner")
    search = "<property-search><prop><a/><b/></prop><match> x </match></property-search><prop/>"
    searches = (Search((f"{DAV}a", f"{DAV}b"), " x "),)
    found = PrincipalPropertySearch(nothing, searches, anyof=False, everywhere=False)
    assert report("principal-property-search", search) == found
    everywhere = f"{search}<apply-to-principal-collection-set/>"
    found = PrincipalPropertySearch(nothing, searches, anyof=True, everywhere=True)
    assert report("principal-property-search", everywhere, 'test="anyof"') == found
    inner = '<property name="a"><property name="b" namespace="u"/></property><property name="c" namespace=""/>'
    asked = report("expand-property", inner + '<property name="a"/>')
    assert asked == ExpandProperty((Expansion(f"{DAV}a", (Expansion("{u}b", ()),)), Expansion("c", ())))


@pytest.mark.parametrize(
    ("name", "inner", "status", "condition"),
    [
        ("C:nothing", "", 400, f"{DAV}supported-report"),
        ("C:addressbook-query", "<C:filter/><C:filter/>", 400, None),
        ("C:addressbook-query", "<prop/><allprop/>", 400, None),
        ("C:addressbook-query", "<C:limit/>", 400, None),
        ("C:addressbook-query", "<C:filter><C:nothing/></C:filter>", 400, None),
        (
            "C:addressbook-query",
            '<C:filter><C:prop-filter name="A"><C:text-match collation="x">y</C:text-match></C:prop-filter></C:filter>',
            403,
            f"{CARDDAV}supported-collation",
        ),
        ("sync-collection", '<prop><C:address-data version="4.0"/></prop>', 403, f"{CARDDAV}supported-address-data"),
        ("sync-collection", "<sync-level>2</sync-level>", 400, None),
        ("expand-property", "<property/>", 400, None),
        ("principal-match", "", 400, None),
        ("principal-property-search", "", 400, None),
    ],
)  # fmt: skip
def test_a_refusal_says_why(name: str, inner: str, status: int, condition: str | None) -> None:
    """With the precondition where an RFC defines one."""
    with pytest.raises(RequestError) as refused:
        report(name, inner)
    assert (refused.value.status, refused.value.condition) == (status, condition)


_NAMES = st.sampled_from(
    [
        "propfind", "prop", "allprop", "propname", "include", "getetag", "href", "sync-token", "sync-collection",
        "filter", "sync-level", "limit", "nresults", "address-data", "addressbook-query", "addressbook-multiget",
        "expand-property", "property", "name", "namespace", "principal-match", "self", "principal-property", "match",
        "principal-property-search", "property-search", "acl-principal-prop-set", "prop-filter", "text-match",
        "collation", "version", "novalue",
    ]
)  # fmt: skip
_NAMESPACES = st.sampled_from([DAV, CARDDAV, "", "{urn:x}"])


@st.composite
def elements(draw: st.DrawFn) -> ET.Element:
    """Trees of the names that occur, in every arrangement."""
    element = ET.Element(draw(_NAMESPACES) + draw(_NAMES), draw(st.dictionaries(_NAMES, st.text("ab <&1", max_size=4))))
    element.text = draw(st.text("ab <&1\u00e9", max_size=6))
    element.extend(draw(st.lists(st.deferred(elements), max_size=3)))
    return element


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["PROPFIND", "REPORT"]), st.one_of(st.binary(max_size=200), elements().map(ET.tostring)))
def test_a_body_is_read_or_refused_and_nothing_else(method: str, body: bytes) -> None:
    """Whatever comes, it is a value within the limits or a `RequestError` with a 4xx status."""
    read = read_propfind if method == "PROPFIND" else read_report
    outcome: RequestedProperties | Report | RequestError
    try:
        outcome = read("", body)
    except RequestError as refused:
        outcome = refused
    if isinstance(outcome, RequestError):
        assert 400 <= outcome.status < 500
        return
    assert hash(outcome) == hash(read("", body))
    requested = outcome if isinstance(outcome, RequestedProperties) else outcome.requested
    assert len(set(requested.names)) == len(requested.names) <= MAX_PROPERTIES
