"""The reports about principals (RFC 3744, 9; RFC 3253, 3.8). There is one principal for anybody: the reader's own."""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from radicale_tldops.dav.answer import OK, XML, Answer, Visitor, multistatus
from radicale_tldops.dav.markup import DAV, document, element, href
from radicale_tldops.dav.properties import ME, OWN, Kind, Resource, root
from radicale_tldops.dav.query.collation import unicode_casemap
from radicale_tldops.dav.requests import (
    AclPrincipalPropSet,
    ExpandProperty,
    PrincipalMatch,
    PrincipalPropertySearch,
    PrincipalSearchPropertySet,
)
from radicale_tldops.dav.responses import Cards, propstats, response
from radicale_tldops.dav.site import Place
from radicale_tldops.dav.wanted import Mode, Wanted

PrincipalReport = AclPrincipalPropSet | PrincipalMatch | PrincipalPropertySearch | PrincipalSearchPropertySet

_DISPLAYNAME = DAV + "displayname"
_HREF = re.compile(r"<D:href>([^<]*)</D:href>")
_NAMES_THE_OWNER = frozenset({DAV + "owner", DAV + "current-user-principal"})


def principal_report(
    request: PrincipalReport,
    place: Place,
    visitor: Visitor,
    members: Callable[[Wanted], tuple[list[bytes], Cards]],
) -> Answer:
    """Answer a report about principals, which never names anybody but the reader.

    `members` gives the responses for everything that is the reader's at `place` and below.
    """
    own = place.own or visitor.principal
    match request:
        case PrincipalSearchPropertySet():
            return Answer(OK, (XML,), _search_properties())
        case PrincipalMatch(wanted, by) if by in _NAMES_THE_OWNER:
            before, cards = members(wanted)
            return multistatus(before, own, visitor, cards=cards)
        case PrincipalMatch(_, by) if by not in (None, DAV + "principal-URL"):
            return multistatus((), own, visitor)
        case PrincipalMatch() if place.kind not in (Kind.ROOT, Kind.PRINCIPAL):
            return multistatus((), own, visitor)
        case PrincipalPropertySearch(everywhere=False) if place.kind not in (Kind.ROOT, Kind.PRINCIPAL):
            return multistatus((), own, visitor)
        case PrincipalPropertySearch(_, searches, anyof):
            found = [_contains(visitor, search.names, search.text) for search in searches]
            if not (any(found) if anyof else all(found)):
                return multistatus((), own, visitor)
    return multistatus([response(visitor.resource, request.wanted).encode()], own, visitor)


def expand(resource: Resource, request: ExpandProperty, visitor: Visitor) -> str:
    """Return the response to expand-property: hrefs become the responses of what they name (RFC 3253, 3.8)."""
    found, missing = [], []
    for one in request.properties:
        value = resource.values.get(one.name)
        if value is None:
            missing.append(element(one.name))
        elif one.inner:
            found.append(_HREF.sub(partial(_expanded, replace(request, properties=one.inner), visitor), value))
        else:
            found.append(value)
    wanted = Wanted(Mode.PROP, minimal=request.minimal)
    return f"<D:response>{href(resource.path)}{propstats(''.join(found), ''.join(missing), wanted)}</D:response>"


def _expanded(request: ExpandProperty, visitor: Visitor, named: re.Match[str]) -> str:
    path = named[1]
    if path == "/":
        return expand(root(), request, visitor)
    # All other hrefs in properties are of the reader's principal, in one of its styles.
    answer = expand(visitor.resource, request, visitor)
    return answer.replace(OWN, ME) if ME in path else answer


def _contains(visitor: Visitor, names: tuple[str, ...], text: str) -> bool:
    """Look for a text in the properties that can be searched, without case (RFC 3744, 9.4)."""
    return set(names) == {_DISPLAYNAME} and unicode_casemap(text) in unicode_casemap(visitor.name)


def _search_properties() -> bytes:
    described = '<D:description xml:lang="en">Name</D:description>'
    searchable = element(DAV + "prop", element(_DISPLAYNAME)) + described
    content = element(DAV + "principal-search-property", searchable)
    return document(DAV + "principal-search-property-set", content)
