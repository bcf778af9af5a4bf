"""A whole request from a seed and a number: method, path, headers, body, and who sends it."""

import base64
from dataclasses import dataclass
from random import Random

from tests.fuzz.bodies import body
from tests.fuzz.target import Target
from tests.support.in_process import Sent, basic

VALID = frozenset({"plain", "groups"})
"""Whose requests may be answered from the roster. All others have no valid login."""

_SENDERS = (
    ("plain",) * 14
    + ("groups",) * 6
    + ("nobody",) * 3
    + ("removed", "removed", "denied", "denied", "wrong", "odd", "revoked")
)

_METHODS = ("PROPFIND",) * 30 + ("REPORT",) * 45 + ("GET",) * 8 + ("HEAD", "OPTIONS") * 3 + (
    "PUT", "DELETE", "PROPPATCH", "MKCOL", "MKCALENDAR", "MOVE", "COPY", "POST", "LOCK", "UNLOCK", "TRACE", "PATCH",
    "ACL", "SEARCH", "CONNECT", "propfind", "X" * 200, "G\u00cbT",
)  # fmt: skip

_ODD_PATHS = (
    "//", "/.", "/..", "/%2e%2e/", "/%00", "/\\", "/.props", "/.well-known/carddav", "/.well-known/caldav", "/.health",
    "/.well-known/", "/.well-known/../", "/.web/", "/.web", "/.web/../", "/.web/%00", "/.web/css/main.css",
    "/.web/sign-in", "/.web/copy",    "/.web/?down=nl%00,%ff", "/.web/sign-out",
    "/.health/live", "/.health/../", "*", "/~groups/", "/%ff%fe/", "/%F0%9F%93%9E/", "/" + "a" * 5000,
    "/" + "a/" * 1500, "/?a=b", "/;x",
    "/.well-known/carddav/%0d%0aX-Evil:%201", "/%0d%0aX-Evil:%201", "/.web/infcloud/", "/.sharing/v1/", "/.hooks",
    "/index.html", "http://x.example/", "/%u0000", "/%2F%2Fevil.example/", "//evil.example/", "/.well-known/%E2%80%A8",
)  # fmt: skip

_HEADERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Depth", ("0", "1", "1", "1", "infinity", "Infinity", "2", "-1", "", "1,noroot", "1, 0", "\u00b2")),
    ("Prefer", ("return=minimal", "return-minimal", "depth-noroot", "return=minimal, depth-noroot", "x" * 500, ",,=;")),
    ("Brief", ("t", "T", "f", "")),
    ("Accept-Encoding", ("gzip", "gzip;q=0", "identity", "*", "deflate, gzip;q=1.0, *;q=0.5", "gzip;q=x", ";;,", "br")),
    ("Content-Type", (
        "application/xml; charset=utf-8", "text/xml", 'text/xml; charset="utf-8"', "text/xml; charset=utf-16",
        "text/xml; charset=nonsense", "text/xml; charset=latin1", "text/xml; charset=", "text/vcard", "x" * 3000,
        "text/xml; charset=utf-7", "text/xml; charset=base64", "multipart/form-data; boundary=x",
    )),
    ("If-None-Match", ("*", '"x"', 'W/"x"', ",,,", '"' + "x" * 3000)),
    ("If-Match", ("*", '"x"', 'W/"x"', "")),
    ("If-Modified-Since", ("Sun, 01 Nov 2026 12:00:00 GMT", "yesterday", "Sun, 99 Nov 2026 12:00:00 GMT", "GMT",
        "Fri, 31 Dec 9999 23:59:59 GMT", "Thu, 01 Jan 0000 00:00:00 GMT", "01 Nov 2026 12:00:00 -0000 GMT", "0 GMT")),
    ("If-Unmodified-Since", ("Sun, 01 Nov 2020 12:00:00 GMT", "x GMT", "GMT")),
    ("If", ("(<data:,tldops/0/plain/1>)", "<x> ([\"y\"])")),
    ("Range", ("bytes=0-10", "bytes=-1")),
    ("Destination", ("/", "http://evil.example/x", "%00")),
    ("X-Script-Name", ("//evil", "/x", "x")),
    ("X-Forwarded-Host", ("evil.example",)),
    ("X-Forwarded-For", ("192.0.2.7", "x, y", "::1%eth0", "," * 300, "192.0.2.7\x1b[2J")),
    ("X-Forwarded-Proto", ("https", "x")),
    ("X-Remote-User", ("jane.doe@nic-nl.example",)),
    ("X-HTTP-Method-Override", ("GET", "DELETE")),
    ("Expect", ("200-ok",)),
    ("Overwrite", ("T", "F")),
    ("User-Agent", ("x\x1b[31m", "\u00fc" * 100, "Mozilla/5.0")),
    ("Cookie", ("a=b",)),
    ("Content-Encoding", ("gzip", "br")),
)  # fmt: skip

_FALSE_LENGTHS = (
    "-1",
    "x",
    "1e3",
    "+5",
    " 7",
    "0x10",
    "1000001",
    "99999999999999999999999",
    "9" * 5000,
    "\u0663",
    "5, 5",
)


@dataclass(frozen=True, slots=True)
class Hostile:
    """A request with what it takes to make it again. `is_framed` says that its Content-Length is a true one."""

    seed: str
    number: int
    sender: str
    sent: Sent
    is_framed: bool

    @property
    def is_valid(self) -> bool:
        """Whether the login is one that may read."""
        return self.sender in VALID

    def __str__(self) -> str:
        return f"request {self.number} of seed {self.seed!r}, from {self.sender!r}:\n{self.sent}"


def generate(target: Target, seed: str, number: int) -> Hostile:
    """Return one request: the same ones for the same roster, seed and number."""
    rng = Random(f"{seed}/{number}")
    sender = rng.choice(_SENDERS)
    method = rng.choice(_METHODS)
    path = _path(rng, target)
    content = body(rng, target, method) if method in ("PROPFIND", "REPORT") or rng.random() < 0.2 else b""
    headers = _headers(rng, target)
    is_framed = True
    if rng.random() < 0.02:
        headers.append(
            ("Content-Length", rng.choice((*_FALSE_LENGTHS, str(len(content) + 10), str(len(content) // 2))))
        )
        is_framed = False
    if rng.random() < 0.01:
        headers.append(("Transfer-Encoding", rng.choice(("chunked", "gzip, chunked", "x"))))
        is_framed = False
    headers += _credentials(rng, target, sender)
    return Hostile(seed, number, sender, Sent(method, path, tuple(headers), content), is_framed)


def _path(rng: Random, target: Target) -> str:
    own = rng.choice((target.principal, target.principal, target.principal.rstrip("/") + "~groups/"))
    book = own + "tld-ops/"
    path = rng.choice(("/", own, own, *(book,) * 9, *(book + rng.choice(target.cards),) * 3))
    chance = rng.random()
    if chance < 0.08:
        path = rng.choice(
            (*_ODD_PATHS, rng.choice(target.other_principals), rng.choice(target.other_principals) + "tld-ops/")
        )
    elif chance < 0.10:
        path = rng.choice(("/.web/..", "/.well-known/..", "/.health/..", "/.", "/x/..", "/.web/%2e%2e")) + path
    elif chance < 0.18:
        at = rng.randint(1, len(path))
        bits = (
            "/",
            "//",
            "..",
            "%2e%2e/",
            "%2f",
            "%00",
            "\\",
            "~groups",
            "%ff",
            "?",
            "#",
            "%",
            ";",
            ".props",
            "%C3%A9",
            "%25",
        )
        path = path[:at] + rng.choice(bits) + path[at:]
    elif chance < 0.21:
        path = rng.choice((path.upper(), path.rstrip("/"), path + "/", path[:-1], "/" + path, path.replace("/", "%2f")))
    return path if path.startswith(("/", "*", "http")) else f"/{path}"


def _headers(rng: Random, target: Target) -> list[tuple[str, str]]:
    chosen = {name: rng.choice(values) for name, values in rng.sample(_HEADERS, rng.choice((0, 1, 2, 3, 6)))}
    if rng.random() < 0.6:
        chosen["Depth"] = rng.choice(("0", "1", "1"))
    return list(chosen.items())


def _credentials(rng: Random, target: Target, sender: str) -> list[tuple[str, str]]:
    if sender == "nobody":
        return []
    if sender == "odd":
        good = target.logins["plain"]
        odd = (
            "Basic", "Basic !!!", "Basic Zm9v", "Bearer x", f"Basic {'A' * 9000}", "Digest username=x", "\u00e9",
            "basic  ",
            basic("", ""), basic(good.user, ""), basic("", good.password), basic(".*", good.password), basic("..", "x"),
            basic("a\x00b", good.password), basic(good.user, "x" * 40_000), basic(good.user + "\n", good.password),
            basic("x" * 5000, "y"), basic("j\u043ehn\u2028", "y"), basic(good.user, "\x00"),
            basic("~groups", good.password),
            "Basic " + base64.b64encode(b"\xff\xfe:\xff").decode(),
        )  # fmt: skip
        return [("Authorization", rng.choice(odd))]
    if sender == "wrong":
        other = rng.choice(target.readers)
        return [("Authorization", basic(other, rng.choice((target.logins["plain"].password, "x", "0" * 30))))]
    login = target.logins[sender]
    return [("Authorization", basic(login.user, login.password))]
