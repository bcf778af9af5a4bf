"""XML as a tree that need not be sensible, how it is mutated, and how it is written."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

DAV = "DAV:"
CARDDAV = "urn:ietf:params:xml:ns:carddav"
CALENDARSERVER = "http://calendarserver.org/ns/"
NAMESPACES = (
    DAV,
    CARDDAV,
    CALENDARSERVER,
    "urn:ietf:params:xml:ns:caldav",
    "http://me.com/_namespace/",
    "",
    "x" * 250,
    "x" * 300,
)

NAMES = (
    "prop", "allprop", "propname", "include", "propfind", "href", "filter", "prop-filter", "param-filter", "text-match",
    "is-not-defined", "limit", "nresults", "sync-token", "sync-level", "address-data", "getetag", "property", "match",
    "addressbook-query", "addressbook-multiget", "sync-collection", "expand-property", "principal-match", "self",
    "principal-property-search", "property-search", "acl-principal-prop-set", "principal-search-property-set", "a",
    "n" * 300, "multistatus", "propertyupdate", "\u00e9l\u00e9ment", "_", "x-y.z",
)  # fmt: skip

TEXTS = (
    "", " ", "\n\t", "0", "1", "-1", "infinite", "99999999999999999999", "x" * 2000, "\u202e\u2028\u0085", "\U0001f4de",
    "&#0;", "&#xFFFE;", "&nobody;", "]]>", "<![CDATA[<x/>]]>", "<!-- -- -->", "<?php ?>", "\ud7ff", "%00", "../../x",
    "data:,tldops/0/plain/1", "http://[bad", "a:b", "\u0130", "\u1e9e\u0345", "yes", "text/vcard", "4.0",
)  # fmt: skip


@dataclass(slots=True)
class Node:
    """An element. Its text stands before its children, and may hold markup of its own."""

    name: str
    namespace: str = DAV
    attributes: dict[str, str] = field(default_factory=dict)
    text: str = ""
    children: list["Node"] = field(default_factory=list)

    def all(self) -> list["Node"]:
        """Return the node and everything below it."""
        return [self, *(below for child in self.children for below in child.all())]

    def copy(self) -> "Node":
        """Return a copy that shares nothing."""
        return Node(
            self.name, self.namespace, {**self.attributes}, self.text, [child.copy() for child in self.children]
        )


def dav(name: str, /, *children: Node, text: str = "") -> Node:
    """Return an element of WebDAV."""
    return Node(name, DAV, {}, text, list(children))


def card(name: str, /, *children: Node, text: str = "", **attributes: str) -> Node:
    """Return an element of CardDAV; attributes are written with "_" for "-"."""
    return Node(name, CARDDAV, {k.replace("_", "-"): v for k, v in attributes.items()}, text, list(children))


def _remove(rng: Random, node: Node, root: Node) -> None:
    if node.children:
        node.children.pop(rng.randrange(len(node.children)))


def _double(rng: Random, node: Node, root: Node) -> None:
    if node.children:
        child = rng.choice(node.children)
        node.children += [child.copy() for _ in range(rng.choice((1, 1, 2, 10, 60)))]


def _rename(rng: Random, node: Node, root: Node) -> None:
    node.name = rng.choice(NAMES)


def _move_namespace(rng: Random, node: Node, root: Node) -> None:
    node.namespace = rng.choice(NAMESPACES)


def _nest(rng: Random, node: Node, root: Node) -> None:
    inner = node
    for _ in range(rng.choice((1, 2, 5, 60))):
        inner.children = [Node(inner.name, inner.namespace, {}, "", inner.children)]
        inner = inner.children[0]


def _transplant(rng: Random, node: Node, root: Node) -> None:
    node.children.insert(rng.randint(0, len(node.children)), rng.choice(root.all()).copy())


def _attribute(rng: Random, node: Node, root: Node) -> None:
    choices = ("name", "namespace", "test", "collation", "match-type", "negate-condition", "version", "content-type")
    name = rng.choice((*choices, *node.attributes, "novalue", "xml:lang", "b" * 300))
    if rng.random() < 0.3:
        node.attributes.pop(name, None)
    else:
        node.attributes[name] = rng.choice((*TEXTS, "allof", "i;octet", "default", "FN", "x.FN", ".", "DAV:", "no"))


def _text(rng: Random, node: Node, root: Node) -> None:
    node.text = rng.choice(TEXTS) if rng.random() < 0.8 else "".join(chr(rng.randrange(32, 0x3000)) for _ in range(9))


def _many(rng: Random, node: Node, root: Node) -> None:
    node.children += [
        Node(f"p{number}", rng.choice(NAMESPACES)) for number in range(rng.choice((3, 30, 199, 201, 900)))
    ]


def _shuffle(rng: Random, node: Node, root: Node) -> None:
    rng.shuffle(node.children)


MUTATIONS: tuple[Callable[[Random, Node, Node], None], ...] = (
    _remove, _double, _rename, _move_namespace, _nest, _transplant,
    _attribute, _attribute, _text, _text, _many, _shuffle,
)  # fmt: skip


def mutate(rng: Random, root: Node) -> Node:
    """Change a tree in place a few times, and return it."""
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        nodes = root.all()
        if len(nodes) > 5000:
            break
        rng.choice(MUTATIONS)(rng, rng.choice(nodes), root)
    return root


def write(rng: Random, root: Node) -> str:
    """Return a tree as text, with prefixes or without."""
    prefixes = {} if rng.random() < 0.5 else {DAV: "D", CARDDAV: rng.choice(("C", "card", "A"))}
    declared = "".join(f' xmlns:{prefix}="{uri}"' for uri, prefix in prefixes.items())
    head = rng.choice(("", "", '<?xml version="1.0" encoding="utf-8"?>\n', "<?xml version='1.0'?>"))
    return head + _written(root, prefixes, declared)


def _written(node: Node, prefixes: dict[str, str], declared: str = "") -> str:
    prefix = prefixes.get(node.namespace)
    name = f"{prefix}:{node.name}" if prefix else node.name
    namespace = "" if prefix else f' xmlns="{_quoted(node.namespace)}"'
    attributes = "".join(f' {key}="{_quoted(value)}"' for key, value in node.attributes.items())
    inner = node.text + "".join(_written(child, prefixes) for child in node.children)
    return f"<{name}{declared}{namespace}{attributes}>{inner}</{name}>"


def _quoted(text: str) -> str:
    return text.replace("<", "&lt;").replace('"', "&quot;")
