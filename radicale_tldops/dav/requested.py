"""Which properties a request asks for: DAV:prop, allprop or propname, and how much of a card."""

from dataclasses import dataclass
from enum import StrEnum
from xml.etree.ElementTree import Element

from radicale_tldops.dav.body import FORBIDDEN, PROP, RequestError
from radicale_tldops.dav.markup import CARDDAV, DAV, element
from radicale_tldops.dav.query.collation import ascii_casemap

MAX_PROPERTIES = 200
"""How many different properties may be asked for; no client is known to ask for more than 50."""

MAX_OCTETS = 8192
"""How long the names of all the properties may be together, in characters; clients need 2,500. An answer repeats the
missing ones for every card."""

ADDRESS_DATA = CARDDAV + "address-data"

_ALLPROP = DAV + "allprop"
_PROPNAME = DAV + "propname"
_CHOICES = frozenset({PROP, _ALLPROP, _PROPNAME})
_INCLUDE = DAV + "include"
_DATA_ALL = CARDDAV + "allprop"
_DATA_PROP = CARDDAV + "prop"


class Mode(StrEnum):
    """What an answer holds of each resource: named properties, all, the names of all, or only a status."""

    PROP = "prop"
    ALLPROP = "allprop"
    PROPNAME = "propname"
    STATUS = "status"


@dataclass(frozen=True, slots=True)
class DataProperty:
    """CARDDAV:prop: a property of the vCard to send (RFC 6352, 10.4.2). Names are in upper case.

    A group of None stands for any group and for none. With `without_value` only its name and parameters are sent.
    """

    name: str
    group: str | None = None
    without_value: bool = False


@dataclass(frozen=True, slots=True)
class RequestedProperties:
    """Which properties of each resource an answer holds.

    `names` are Clark names: with PROP all the properties, with ALLPROP the additional ones (RFC 4918, 14.8). `data`
    selects parts of CARDDAV:address-data; None is the whole card. Only with `is_report` may address-data be asked for:
    it is no property (RFC 6352, 10.4). With `minimal`, missing properties are left out (RFC 8144, 2.1).
    """

    mode: Mode
    names: tuple[str, ...] = ()
    data: tuple[DataProperty, ...] | None = None
    is_report: bool = False
    minimal: bool = False


def read_requested(root: Element, *, is_report: bool = False) -> RequestedProperties:
    """Read the one prop, allprop or propname in the body of a request; without any, the mode is STATUS.

    An empty prop asks for no property: the answer has a propstat with an empty prop.

    Raises:
        RequestError: with 400 for more than one or too many properties, with 403 for cards of another kind.
    """
    found = [child for child in root if child.tag in _CHOICES]
    if len(found) > 1:
        raise RequestError("only one of prop, allprop and propname may be asked for, and once")
    if not found:
        return RequestedProperties(Mode.STATUS, is_report=is_report)
    chosen = found[0]
    if chosen.tag == PROP:
        data = None
        for asked in chosen.iterfind(ADDRESS_DATA):
            data = _address_data(asked)
        return RequestedProperties(Mode.PROP, _names(chosen), data, is_report)
    if chosen.tag == _PROPNAME:
        return RequestedProperties(Mode.PROPNAME, is_report=is_report)
    include = root.find(_INCLUDE)
    return RequestedProperties(Mode.ALLPROP, () if include is None else _names(include), is_report=is_report)


def _names(parent: Element) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(child.tag for child in parent))
    if len(names) > MAX_PROPERTIES:
        raise RequestError(f"too many properties: at most {MAX_PROPERTIES} are allowed")
    if sum(len(element(name)) for name in names) > MAX_OCTETS:
        raise RequestError(f"the names of the properties are too long: at most {MAX_OCTETS} characters together")
    return names


def _address_data(asked: Element) -> tuple[DataProperty, ...] | None:
    # The defaults of the two attributes are text/vcard and 3.0 (RFC 6352, 10.4).
    media_type = asked.get("content-type", "text/vcard").partition(";")[0].strip().lower()
    if (media_type, asked.get("version", "3.0").strip()) != ("text/vcard", "3.0"):
        raise RequestError("the cards are vCard 3.0 only", FORBIDDEN, CARDDAV + "supported-address-data")
    if asked.find(_DATA_ALL) is not None:
        return None
    properties = tuple(dict.fromkeys(map(_data_property, asked.iterfind(_DATA_PROP))))
    if len(properties) > MAX_PROPERTIES:
        raise RequestError(f"too many properties of a card: at most {MAX_PROPERTIES} are allowed")
    return properties or None


def _data_property(asked: Element) -> DataProperty:
    group, dot, name = ascii_casemap(asked.get("name", "")).rpartition(".")
    if not name or (dot and not group):
        raise RequestError("a prop inside address-data needs a name")
    novalue = asked.get("novalue", "no")
    if novalue not in ("yes", "no"):
        raise RequestError("novalue must be yes or no")
    return DataProperty(name, group if dot else None, novalue == "yes")
