"""The bodies of requests: every report and PROPFIND as its RFC has it, then spoilt as a tree, as text and as bytes."""

from random import Random

from tests.fuzz.target import Target
from tests.fuzz.trees import CALENDARSERVER, CARDDAV, DAV, TEXTS, Node, card, dav, mutate, write

PROPERTIES = (
    *((DAV, name) for name in (
        "displayname", "resourcetype", "getetag", "getcontenttype", "getcontentlength", "getlastmodified", "owner",
        "acl",
        "current-user-principal", "current-user-privilege-set", "supported-privilege-set", "acl-restrictions",
        "inherited-acl-set", "principal-collection-set", "supported-report-set", "sync-token", "principal-URL",
        "alternate-URI-set", "group-membership", "group-member-set", "quota-used-bytes", "creationdate",
        "lockdiscovery",
    )),
    *((CARDDAV, name) for name in (
        "addressbook-home-set", "addressbook-description", "supported-address-data", "max-resource-size",
        "supported-collation-set", "principal-address", "directory-gateway",
    )),
    (CALENDARSERVER, "getctag"), (CALENDARSERVER, "me-card"), ("", "nonsense"), ("urn:x", "y"),
)  # fmt: skip

_CARD_PROPERTIES = ("FN", "N", "EMAIL", "TEL", "NICKNAME", "ORG", "UID", "CATEGORIES", "item1.EMAIL", "NOTE", "X-NONE")
_COLLATIONS = ("i;unicode-casemap", "i;ascii-casemap", "i;octet", "default", "i;none")
_MATCH_TYPES = ("equals", "contains", "starts-with", "ends-with")

_ATTRIBUTES = "".join(f' a{number}=""' for number in range(20))

_BOMBS = (
    '<!DOCTYPE a [<!ENTITY b "c">]>',
    '<!DOCTYPE a [<!ENTITY a0 "xxxxxxxxxx"><!ENTITY a1 "&a0;&a0;&a0;&a0;&a0;&a0;&a0;"><!ENTITY a2 "&a1;&a1;&a1;">]>',
    '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd">',
    '<!DOCTYPE a [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]>',
    '<!DOCTYPE a [<!ATTLIST propfind b CDATA "c">]>',
)


def body(rng: Random, target: Target, method: str) -> bytes:
    """Return a body, good or bad, for a method that has one."""
    if rng.random() < 0.04:
        return rng.choice((b"", b"<", b"not XML", b"\x00", b"\xff\xfe", rng.randbytes(rng.choice((1, 20, 3000)))))
    tree = rng.choice((_propfind,) * 4 + _REPORTS if method == "PROPFIND" else (_propfind, *_REPORTS * 2))(rng, target)
    if rng.random() < 0.5:
        mutate(rng, tree)
    text = write(rng, tree)
    if rng.random() < 0.08:
        text = _spoilt(rng, text)
    data = text.encode("utf-8", "surrogatepass")
    if rng.random() < 0.12:
        data = _damaged(rng, data, text)
    return data


def _prop(rng: Random) -> Node:
    wanted = [Node(name, namespace) for namespace, name in rng.sample(PROPERTIES, rng.choice((0, 1, 1, 2, 4, 12)))]
    if rng.random() < 0.5:
        wanted.append(_address_data(rng))
    return dav("prop", *wanted)


def _address_data(rng: Random) -> Node:
    data = card("address-data")
    if rng.random() < 0.2:
        data.attributes |= {
            "content-type": rng.choice(("text/vcard", "text/x", "")),
            "version": rng.choice(("3.0", "4.0")),
        }
    if rng.random() < 0.3:
        names = rng.sample(_CARD_PROPERTIES, rng.randint(1, 5))
        data.children = [card("prop", name=name, novalue=rng.choice(("yes", "no"))) for name in names]
    return data


def _asked(rng: Random) -> Node:
    return rng.choice((_prop(rng), _prop(rng), _prop(rng), dav("allprop"), dav("propname")))


def _propfind(rng: Random, target: Target) -> Node:
    tree = dav("propfind", _asked(rng))
    if rng.random() < 0.15:
        tree.children.append(Node("include", DAV, {}, "", _prop(rng).children))
    return tree


def _multiget(rng: Random, target: Target) -> Node:
    hrefs = [_href(rng, target) for _ in range(rng.choice((0, 1, 2, 10, 60)))]
    return card("addressbook-multiget", _asked(rng), *(dav("href", text=href) for href in hrefs))


def _href(rng: Random, target: Target) -> str:
    good = target.book + rng.choice(target.cards)
    elsewhere = f"https://x.example{good}"
    bad = (target.book, "/", "http://[bad", good.replace("/", "%2f"), elsewhere, good.upper(), "\u2028")
    return (
        good
        if rng.random() < 0.7
        else rng.choice((*bad, *TEXTS, f"{target.book}..%2f..%2f", f"{good}?a#b", f" {good} "))
    )


def _query(rng: Random, target: Target) -> Node:
    tree = card("addressbook-query", _asked(rng))
    if rng.random() < 0.7:
        conditions = [_prop_filter(rng, target) for _ in range(rng.choice((0, 1, 1, 2, 5, 120)))]
        tree.children.append(card("filter", *conditions, test=rng.choice(("anyof", "allof"))))
    if rng.random() < 0.2:
        tree.children.append(card("limit", card("nresults", text=rng.choice(("1", "2", "0", "-1", "x", "9" * 30)))))
    return tree


def _prop_filter(rng: Random, target: Target) -> Node:
    inner: list[Node] = [
        rng.choice((_text_match, _param_filter))(rng, target) for _ in range(rng.choice((0, 1, 1, 2, 3)))
    ]
    if rng.random() < 0.1:
        inner = [card("is-not-defined")]
    return card("prop-filter", *inner, name=rng.choice(_CARD_PROPERTIES), test=rng.choice(("anyof", "allof")))


def _param_filter(rng: Random, target: Target) -> Node:
    inner = rng.choice((card("is-not-defined"), _text_match(rng, target)))
    return card("param-filter", inner, name=rng.choice(("TYPE", "VALUE", "LABEL")))


def _text_match(rng: Random, target: Target) -> Node:
    attributes = {
        "collation": rng.choice(_COLLATIONS),
        "match_type": rng.choice(_MATCH_TYPES),
        "negate_condition": rng.choice(("yes", "no")),
    }
    kept = {name: value for name, value in attributes.items() if rng.random() < 0.5}
    return card("text-match", text=rng.choice((".nl", "a", "e", "x" * 1025, "", "+31", "internet", *TEXTS)), **kept)


def _sync(rng: Random, target: Target) -> Node:
    token = rng.choice(("", "", *target.tokens, *TEXTS, target.tokens[0] + "9"))
    tree = dav("sync-collection", dav("sync-token", text=token), dav("sync-level", text="1"), _asked(rng))
    if rng.random() < 0.2:
        tree.children.append(dav("limit", dav("nresults", text=rng.choice(("1", "3", "0", "x")))))
    return tree


def _expand(rng: Random, target: Target) -> Node:
    tree = dav("expand-property", *(_expanded(rng, 0) for _ in range(rng.choice((1, 2, 5, 20)))))
    if rng.random() < 0.3:
        # As much as can be asked for: one inside the other, each with the longest properties that there are.
        inner = [_property("supported-privilege-set"), _property("supported-report-set")]
        for _ in range(rng.choice((5, 40, 45))):
            inner = [_property("owner", *inner), _property("acl"), _property("supported-privilege-set")]
        tree.children += inner
    return tree


def _property(name: str, *inner: Node, namespace: str = DAV) -> Node:
    return Node("property", DAV, {"name": name, "namespace": namespace}, "", list(inner))


def _expanded(rng: Random, depth: int) -> Node:
    namespace, name = rng.choice(PROPERTIES)
    inner = [_expanded(rng, depth + 1) for _ in range(rng.choice((0, 0, 1, 3)))] if depth < 5 else []
    return _property(name, *inner, namespace=namespace)


def _principals(rng: Random, target: Target) -> Node:
    kind = rng.choice(("match", "search", "set", "acl"))
    if kind == "match":
        by = rng.choice((dav("self"), dav("principal-property", dav("owner")), dav("principal-property", dav("acl"))))
        return dav("principal-match", by, _prop(rng))
    if kind == "search":
        wanted = dav(
            "property-search", dav("prop", dav("displayname")), dav("match", text=rng.choice(("", "e", "Doe")))
        )
        return dav("principal-property-search", wanted, _prop(rng))
    return dav("principal-search-property-set") if kind == "set" else dav("acl-principal-prop-set", _prop(rng))


_REPORTS = (_multiget, _query, _sync, _expand, _principals)


def _spoilt(rng: Random, text: str) -> str:
    """Spoil the text: entities, a document type, depth, size, markup in the wrong place."""
    at = rng.randint(0, len(text))
    return rng.choice(
        (
            rng.choice(_BOMBS) + text,
            text[:at] + rng.choice(TEXTS) + text[at:],
            text.replace(">", f">{'<a>' * 3000}", 1),
            text.replace(">", f">{'<a>' * 30}{'</a>' * 30}", 1),
            text + " " * 100_000,
            text.replace(">", f">{'<!-- x -->' * 2000}", 1),
            text * 2,
            text.replace("<", "< ", 1),
            text.replace("xmlns", "xmlnt", 1),
            text.replace(">", _ATTRIBUTES + ">", 1),
        )
    )


def _damaged(rng: Random, data: bytes, text: str) -> bytes:
    """Damage the bytes: flipped, cut off, another encoding."""
    kind = rng.randrange(5)
    if kind == 0 and data:
        at = rng.randrange(len(data))
        return data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1 :]
    if kind == 1:
        return data[: rng.randint(0, len(data))]
    if kind == 2:
        return text.encode(rng.choice(("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-7")), "replace")
    if kind == 3:
        return text.encode(rng.choice(("latin-1", "cp1251", "shift_jis", "cp037")), "replace")
    at = rng.randint(0, len(data))
    return data[:at] + rng.choice((b"\x00", b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\r", b"\x1b[2J")) + data[at:]
