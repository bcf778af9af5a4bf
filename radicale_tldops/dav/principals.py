"""The reports about principals (RFC 3744, 9; RFC 3253, 3.8). A reader sees only the own principal."""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from radicale_tldops.dav.answer import OK, XML, Answer
from radicale_tldops.dav.markup import DAV, document, element, href
from radicale_tldops.dav.properties import ME, OWN, Resource, ResourceKind, principal, root
from radicale_tldops.dav.query.collation import unicode_casemap
from radicale_tldops.dav.rendered import Place
from radicale_tldops.dav.requested import RequestedProperties
from radicale_tldops.dav.requests import (
    AclPrincipalPropSet,
    ExpandProperty,
    PrincipalMatch,
    PrincipalPropertySearch,
    PrincipalSearchPropertySet,
)
from radicale_tldops.dav.responses import CardResponses, propstats, response
from radicale_tldops.roster.identity import Identity

PrincipalReport = AclPrincipalPropSet | PrincipalMatch | PrincipalPropertySearch | PrincipalSearchPropertySet

_DISPLAYNAME = DAV + "displayname"
_HREF = re.compile(r"<D:href>([^<]*)</D:href>")
_NAMES_THE_OWNER = frozenset({DAV + "owner", DAV + "current-user-principal"})


def principal_report(
    request: PrincipalReport, place: Place, owned: Callable[[RequestedProperties], tuple[list[bytes], CardResponses]]
) -> Answer:
    """Answer a report about principals, which names only the reader.

    `owned` returns the responses for the reader's own resources at `place` and below.
    """
    has_principals_below = place.kind in (ResourceKind.ROOT, ResourceKind.PRINCIPAL)
    match request:
        case PrincipalSearchPropertySet():
            return Answer(OK, (XML,), _search_properties())
        case PrincipalMatch(requested, by) if by in _NAMES_THE_OWNER:
            return place.multistatus(*owned(requested))
        case PrincipalMatch(_, by) if by not in (None, DAV + "principal-URL") or not has_principals_below:
            return place.multistatus(())
        case PrincipalPropertySearch(everywhere=False) if not has_principals_below:
            return place.multistatus(())
        case PrincipalPropertySearch(_, searches, anyof):
            found = [_contains(place.identity, search.names, search.text) for search in searches]
            if not (any(found) if anyof else all(found)):
                return place.multistatus(())
    return place.multistatus([response(principal(place.identity.name), request.requested).encode()])


def expand(resource: Resource, request: ExpandProperty, identity: Identity) -> str:
    """Return the response to expand-property: each href becomes the response of its resource (RFC 3253, 3.8)."""
    found, missing = [], []
    for expansion in request.properties:
        value = resource.values.get(expansion.name)
        if value is None:
            missing.append(element(expansion.name))
        elif expansion.inner:
            inner = replace(request, properties=expansion.inner)
            found.append(_HREF.sub(partial(_expanded, inner, identity), value))
        else:
            found.append(value)
    stats = propstats("".join(found), "".join(missing), request.requested)
    return f"<D:response>{href(resource.path)}{stats}</D:response>"


def _expanded(request: ExpandProperty, identity: Identity, named: re.Match[str]) -> str:
    path = named[1]
    if path == "/":
        return expand(root(), request, identity)
    # All other hrefs in properties are of the reader's principal, in one of its styles.
    answer = expand(principal(identity.name), request, identity)
    return answer.replace(OWN, ME) if ME in path else answer


def _contains(identity: Identity, names: tuple[str, ...], text: str) -> bool:
    """Return whether the searchable properties contain a text, without case (RFC 3744, 9.4)."""
    return set(names) == {_DISPLAYNAME} and unicode_casemap(text) in unicode_casemap(identity.name)


def _search_properties() -> bytes:
    described = '<D:description xml:lang="en">Name</D:description>'
    searchable = element(DAV + "prop", element(_DISPLAYNAME)) + described
    content = element(DAV + "principal-search-property", searchable)
    return document(DAV + "principal-search-property-set", content)
