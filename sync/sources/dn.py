"""Distinguished names in one form, so that two spellings of one name are equal."""

import re
import unicodedata

# A part of a DN up to its separator: what follows a backslash, and what stands in quotes, separates nothing.
_PART = re.compile(r'((?:\\.|"(?:\\.|[^"\\])*+"|[^\\"+,;])*+)([+,;]|$)', re.DOTALL)
_ESCAPED = re.compile(rb"\\([0-9A-Fa-f]{2}|.)", re.DOTALL)

_TYPES = {
    "2.5.4.3": "cn", "commonname": "cn", "2.5.4.6": "c", "countryname": "c", "2.5.4.7": "l", "localityname": "l",
    "2.5.4.8": "st", "stateorprovincename": "st", "2.5.4.9": "street", "streetaddress": "street",
    "2.5.4.10": "o", "organizationname": "o", "2.5.4.11": "ou", "organizationalunitname": "ou",
    "0.9.2342.19200300.100.1.25": "dc", "domaincomponent": "dc", "0.9.2342.19200300.100.1.1": "uid", "userid": "uid",
}  # fmt: skip
"""The other names of the attribute types in RFC 4514, 3."""

_STRINGS = (0x04, 0x0C, 0x13, 0x16)
"""The BER tags of octet, UTF-8, printable and IA5 strings."""


def dn_key(dn: str) -> object:
    """Return a value that is the same for every spelling of a DN (RFC 4514); for a text that is no DN, the text.

    Case, spaces, escapes and the order within a name of several values do not count (RFC 4518).
    """
    names: list[frozenset[tuple[str, str]]] = []
    values: list[tuple[str, str]] = []
    at = 0
    while part := _PART.match(dn, at):
        kind, equals, value = part[1].partition("=")
        if not equals:
            break
        kind = kind.strip().lower().removeprefix("oid.")
        values.append((_TYPES.get(kind, kind), _value(value.lstrip())))
        at = part.end()
        if part[2] == "+":
            continue
        names.append(frozenset(values))
        values = []
        if not part[2]:
            return tuple(names)
    return dn


def _value(written: str) -> str:
    """Return a value without its escapes, prepared for a comparison without case (RFC 4518, 2)."""
    if written.startswith('"'):
        written = written.rstrip()[1:-1]
    data = _ESCAPED.sub(_unescape, written.encode("utf-8", "surrogatepass"))
    if written.startswith("#"):
        data = _of_ber(written[1:].rstrip()) or data
    text = unicodedata.normalize("NFKC", data.decode("utf-8", "surrogateescape")).casefold()
    return " ".join(unicodedata.normalize("NFKC", text).split())


def _unescape(found: re.Match[bytes]) -> bytes:
    return bytes.fromhex(found[1].decode()) if len(found[1]) == 2 else found[1]


def _of_ber(digits: str) -> bytes:
    """Return the characters of a short string in BER, written in hexadecimal digits (RFC 4514, 2.4), else nothing."""
    try:
        data = bytes.fromhex(digits)
    except ValueError:
        return b""
    return data[2:] if len(data) > 2 and data[0] in _STRINGS and data[1] == len(data) - 2 < 128 else b""
