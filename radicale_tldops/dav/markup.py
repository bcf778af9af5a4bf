"""Writing XML: elements with fixed prefixes, escaped text, and whole documents."""

DAV = "{DAV:}"
CARDDAV = "{urn:ietf:params:xml:ns:carddav}"
CALENDARSERVER = "{http://calendarserver.org/ns/}"

_PREFIXES = {DAV[1:-1]: "D", CARDDAV[1:-1]: "C", CALENDARSERVER[1:-1]: "CS"}
_DECLARATIONS = "".join(f' xmlns:{prefix}="{namespace}"' for namespace, prefix in _PREFIXES.items())
# XML itself declares this prefix; its namespace may not have another one (Namespaces in XML, 3).
_PREFIXES["http://www.w3.org/XML/1998/namespace"] = "xml"

DECLARATION = '<?xml version="1.0" encoding="utf-8"?>\n'
MULTISTATUS = f"{DECLARATION}<D:multistatus{_DECLARATIONS}>".encode()
MULTISTATUS_END = b"</D:multistatus>\n"

OK = "<D:status>HTTP/1.1 200 OK</D:status>"
NOT_FOUND = "<D:status>HTTP/1.1 404 Not Found</D:status>"


def escaped(text: str) -> str:
    """Return `text` as the content of an element."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _attribute(text: str) -> str:
    # A parser makes spaces of the white space in an attribute, unless it is escaped (XML 1.0, 3.3.3).
    return escaped(text).translate({ord('"'): "&quot;", 9: "&#9;", 10: "&#10;", 13: "&#13;"})


def element(name: str, content: str = "") -> str:
    """Return an element by its name in Clark notation, with `content` that is XML already.

    The document declares the prefixes of WebDAV, CardDAV and Apple's calendar server; the element declares any other.
    """
    namespace, _, local = name.removeprefix("{").rpartition("}")
    prefix = _PREFIXES.get(namespace)
    if prefix is not None:
        tag = opening = f"{prefix}:{local}"
    elif namespace:
        tag = f"x:{local}"
        opening = f'{tag} xmlns:x="{_attribute(namespace)}"'
    else:
        tag = opening = local
    return f"<{opening}>{content}</{tag}>" if content else f"<{opening}/>"


def href(path: str) -> str:
    """Return a DAV:href (RFC 4918, 14.7) for a path that is percent-encoded already."""
    return f"<D:href>{path}</D:href>"


def document(root: str, content: str) -> bytes:
    """Return a whole document; `root` is a name in Clark notation."""
    name = element(root)[1:-2]
    return f"{DECLARATION}<{name}{_DECLARATIONS}>{content}</{name}>\n".encode()


def error(condition: str) -> bytes:
    """Return a DAV:error with a precondition or postcondition in Clark notation (RFC 4918, 16)."""
    name, prefix = element(condition), element(condition)[1:].partition(":")[0]
    declared = "" if prefix == "D" else f' xmlns:{prefix}="{condition[1:].partition("}")[0]}"'
    return f'{DECLARATION}<D:error xmlns:D="DAV:"{declared}>{name}</D:error>\n'.encode()
