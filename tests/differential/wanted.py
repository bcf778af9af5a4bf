"""Every difference between stock Radicale and RosterApplication that is wanted, by name, and why."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.differential.comparing import NOTHING, Difference
from tests.support import CALENDARSERVER, CARDDAV, DAV

Test = Callable[[Difference], bool]

_REPORTS = (
    "addressbook-multiget",
    "addressbook-query",
    "expand-property",
    "principal-property-search",
    "sync-collection",
)
_WRITES = ("PUT", "DELETE", "PROPPATCH", "MKCOL", "MOVE", "POST")
_RFC_4918 = frozenset(
    DAV + name
    for name in ("displayname", "getcontentlength", "getcontenttype", "getetag", "getlastmodified", "resourcetype")
)
_ACL = frozenset(
    DAV + name for name in ("acl", "acl-restrictions", "group", "inherited-acl-set", "supported-privilege-set")
)
_RADICALES_OWN = frozenset(
    {
        "{http://radicale.org/ns/}version",
        f"{CALENDARSERVER}source",
        "{urn:ietf:params:xml:ns:caldav}calendar-home-set",
        "{urn:ietf:params:xml:ns:caldav}calendar-user-address-set",
        "{urn:ietf:params:xml:ns:caldav}max-resource-size",
    }
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A difference that is wanted. `fits` tells whether one that was seen is this one."""

    name: str
    reason: str
    fits: Test


def _status(asked: str, radicale: int, tldops: int) -> Test:
    return lambda difference: (
        (difference.of, difference.asked, difference.radicale, difference.tldops)
        == ("status", asked, str(radicale), str(tldops))
    )


def _header(name: str, radicale: str, tldops: str, *asked: str) -> Test:
    return lambda difference: (
        (difference.of, difference.name) == ("header", name)
        and (not asked or difference.asked in asked)
        and difference.radicale.startswith(radicale)
        and difference.tldops == tldops
    )


def _property(name: str, place: str, radicale: tuple[str, ...], is_told: Callable[[str], bool]) -> Test:
    return lambda difference: (
        (difference.of, difference.name, difference.place) == ("property", name, place)
        and difference.radicale in radicale
        and is_told(difference.tldops)
    )


def _is_a_refused_write(difference: Difference) -> bool:
    return difference.of == "body" and difference.asked in _WRITES and "<D:need-privileges/>" in difference.tldops


def _is_left_out_of_allprop(difference: Difference) -> bool:
    return (
        difference.of == "property"
        and difference.asked == "PROPFIND"
        and difference.tldops == NOTHING
        and difference.radicale not in ("404", NOTHING)
        and difference.name not in _RFC_4918 | _RADICALES_OWN
    )


def _is_minimal(difference: Difference) -> bool:
    return difference.of == "property" and (difference.radicale, difference.tldops) == ("404", NOTHING)


def _is_an_acl_property(difference: Difference) -> bool:
    return (
        difference.of == "property"
        and difference.name in _ACL
        and difference.radicale in ("404", NOTHING)
        and difference.tldops != "404"
    )


def _is_of_radicale(difference: Difference) -> bool:
    return difference.of == "property" and difference.name in _RADICALES_OWN and difference.tldops in ("404", NOTHING)


def _are_reports(difference: Difference) -> bool:
    name = DAV + "supported-report-set"
    # Radicale names principal reports that it does not have, and leaves out none of ours that concern the book.
    return (
        difference.of == "property"
        and difference.name == name
        and "principal-match" in difference.tldops
        and difference.radicale != "404"
    )


def _is_a_principal_told(difference: Difference) -> bool:
    reports = ("principal-property-search", "expand-property")
    return (
        difference.of == "href"
        and difference.asked in reports
        and (difference.radicale, difference.tldops) == (NOTHING, "there")
    )


def _is_cut_by_limit(difference: Difference) -> bool:
    if difference.of != "href" or difference.asked != "addressbook-query":
        return False
    pair = (difference.radicale, difference.tldops)
    return pair == ("there", NOTHING) if difference.place == "card" else pair == (NOTHING, "there")


def _is_part_of_a_card(difference: Difference) -> bool:
    if (difference.of, difference.asked, difference.name) != (
        "property",
        "addressbook-multiget",
        CARDDAV + "address-data",
    ):
        return False
    asked_for = ("BEGIN", "VERSION", "UID", "FN", "EMAIL", "END")
    kept = [line for line in difference.radicale.splitlines() if line.partition(":")[0].partition(";")[0] in asked_for]
    return difference.tldops.splitlines() == kept and difference.tldops != difference.radicale


def _is_the_refusal_of_a_report(difference: Difference) -> bool:
    told = "<D:supported-report/>" in difference.tldops and "supported-report" in difference.radicale
    return difference.of == "body" and difference.asked == "sync-collection" and told


WANTED = (
    Wanted(
        "the pages have a folder",
        "/ leads a browser to /.web/, and Radicale to /.web",
        _header("location", "/.web", "/.web/", "GET", "HEAD"),
    ),
    Wanted(
        "one address of the pages", "/.web leads to /.web/; Radicale has its own pages there", _status("GET", 200, 301)
    ),
    Wanted("need-privileges", "DAVx5 undoes a refused write only where the 403 has this body", _is_a_refused_write),
    Wanted(
        "need-privileges is XML",
        "the body of a refused write is XML, and Radicale's is a sentence",
        _header("content-type", "text/plain", "application/xml", *_WRITES),
    ),
    Wanted("POST is a write", "every write gets 403: 405 would need another Allow", _status("POST", 405, 403)),
    Wanted(
        "Allow tells the truth",
        "Evolution takes read-only from it; Radicale names every write",
        _header("allow", "DELETE, GET", "OPTIONS, GET, HEAD, PROPFIND, REPORT", "OPTIONS"),
    ),
    Wanted(
        "405 has Allow",
        "RFC 9110, 15.5.6",
        _header("allow", NOTHING, "OPTIONS, GET, HEAD, PROPFIND, REPORT", "LOCK"),
    ),
    Wanted(
        "the compliance classes that are true",
        "no locks, no calendars, no extended MKCOL; ACL, which RFC 6352, 3 demands",
        _header("dav", "1, 2, 3, calendar-access", "1, 3, access-control, addressbook"),
    ),
    Wanted(
        "the classes with every report",
        "whatever a client looks at first, it learns them; Radicale has them with PROPFIND alone",
        _header("dav", NOTHING, "1, 3, access-control, addressbook", *_REPORTS),
    ),
    Wanted(
        "a compressed download has a weak tag",
        "a strong one is of the very bytes that are sent (RFC 9110, 8.8.3.3)",
        lambda difference: (
            (difference.of, difference.asked, difference.name, difference.tldops)
            == ("header", "GET", "etag", f"W/{difference.radicale}")
        ),
    ),
    Wanted(
        "the type of the book with its charset",
        "getcontenttype is what GET says (RFC 4918, 15.5)",
        _property(DAV + "getcontenttype", "book", ("text/vcard",), lambda told: told == "text/vcard;charset=utf-8"),
    ),
    Wanted(
        "the collations of a card",
        "supported-collation-set is where the queries are (RFC 6352, 8.3.1)",
        _property(CARDDAV + "supported-collation-set", "card", (NOTHING,), lambda told: told == ""),
    ),
    Wanted(
        "no space in the media type",
        "a matter of taste: the cards' getcontenttype has none either",
        _header("content-type", "text/vcard; charset=utf-8", "text/vcard;charset=utf-8", "GET", "HEAD"),
    ),
    Wanted(
        "errors are application/xml",
        "RFC 7303 prefers it to text/xml",
        _header("content-type", "text/xml", "application/xml; charset=utf-8", "sync-collection"),
    ),
    Wanted("the same refusal, written differently", "the same element", _is_the_refusal_of_a_report),
    Wanted("allprop", "only what RFC 4918 defines: RFC 6352, 6.2, 3744, 5 and 6578, 4", _is_left_out_of_allprop),
    Wanted("return=minimal and Brief", "what is not there is left out (RFC 8144, 2.1)", _is_minimal),
    Wanted("WebDAV ACL", "RFC 6352, 3 demands RFC 3744", _is_an_acl_property),
    Wanted("properties of Radicale's own", "no calendars here, and no version for attackers", _is_of_radicale),
    Wanted("the reports that there are", "DAV:supported-report-set (RFC 3253, 3.1.5) is true", _are_reports),
    Wanted(
        "max-resource-size",
        "RFC 6352, 6.2.3; Radicale has it in the namespace of CalDAV",
        _property(CARDDAV + "max-resource-size", "book", ("404", NOTHING), str.isdigit),
    ),
    Wanted(
        "the principal has a name",
        "RFC 3744, 4: DAV:displayname is a must",
        _property(DAV + "displayname", "principal", ("404", NOTHING), lambda told: "Doe" in told),
    ),
    Wanted(
        "group-membership",
        "RFC 3744, 4.4: a must, and empty",
        _property(DAV + "group-membership", "principal", ("404",), lambda told: told == ""),
    ),
    Wanted("reports about principals", "RFC 3744, 9 and 3253, 3.8, about the reader alone", _is_a_principal_told),
    Wanted(
        "principal-search-property-set",
        "RFC 3744, 9.5: 200 with the set, where Radicale has an empty 207",
        _status("principal-search-property-set", 207, 200),
    ),
    Wanted("nresults", "RFC 6352, 10.6: the rest is a 507", _is_cut_by_limit),
    Wanted("cards in part", "RFC 6352, 10.4.2: only the properties that are named", _is_part_of_a_card),
    Wanted("conditional GET", "RFC 9110, 13.1.2: 304", _status("GET", 200, 304)),
    Wanted(
        "no vCard 4.0",
        "RFC 6352, 8.7: 403 with supported-address-data, where Radicale sends 3.0 as if asked",
        _status("addressbook-multiget", 207, 403),
    ),
    Wanted("unknown collations", "RFC 6352, 8.3: 403 with supported-collation", _status("addressbook-query", 400, 403)),
    Wanted("unknown reports", "HARDENING 7: an unknown root element is a 400", _status("free-busy-query", 403, 400)),
    Wanted(
        "what does not exist for the reader",
        "404 for every path outside the reader's own: nobody is told that there is something",
        _status("PROPFIND", 403, 404),
    ),
)
