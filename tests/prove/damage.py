"""How a membership file comes to be damaged on its way: each kind is a function of a generator and the bytes."""

import gzip
import html
import quopri
import textwrap
from collections.abc import Callable
from random import Random

Damage = Callable[[Random, bytes], bytes]

_PIECES = (
    b'"', b"'", b",", b";", b"\n", b"\r", b"\r\n", b"\x00", b"\xff", b"\xc3", b"<", b">", b"@", b"#", b".", b"(", b")",
    b"\\", b"=?utf-8?q?", b"?=", b"\xef\xbb\xbf", b"\xe2\x80\xa8", b"\xe2\x80\xae", b"\t", b" ", b"&amp;", b"\x1b[2J",
    b"=\n", b"-- \n", b"+31 6 12345678", b".nl", b"#1", b"a@b.example", b"{", b"'", b"\\\n", b"\n\n\n", b"\xe2\x80\x9c",
)  # fmt: skip


def _flip(rng: Random, data: bytes) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1 :]


def _cut_off(rng: Random, data: bytes) -> bytes:
    return data[: rng.randrange(len(data))]


def _cut_out(rng: Random, data: bytes) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + data[at + rng.choice((1, 1, 2, 5, 20, 100, 4096)) :]


def _insert(rng: Random, data: bytes) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + rng.choice(_PIECES) + data[at:]


def _replace(rng: Random, data: bytes) -> bytes:
    at = rng.randrange(len(data))
    piece = rng.choice(_PIECES)
    return data[:at] + piece + data[at + len(piece) :]


def _repeat(rng: Random, data: bytes) -> bytes:
    at = rng.randrange(len(data))
    return data[: at + rng.choice((1, 10, 80, 500))] + data[at:]


def _zeroed_block(rng: Random, data: bytes) -> bytes:
    size = rng.choice((16, 512, 4096))
    at = rng.randrange(len(data)) // size * size
    return data[:at] + bytes(min(size, len(data) - at)) + data[at + size :]


def _lost_blocks(rng: Random, data: bytes) -> bytes:
    size = rng.choice((64, 512))
    blocks = [data[at : at + size] for at in range(0, len(data), size)]
    blocks.pop(rng.randrange(len(blocks)))
    if rng.random() < 0.3:
        rng.shuffle(blocks)
    return b"".join(blocks)


def _lines(rng: Random, data: bytes) -> bytes:
    lines = data.split(b"\n")
    at = rng.randrange(len(lines))
    kind = rng.randrange(6)
    if kind == 0:
        del lines[at]
    elif kind == 1:
        lines[at : at + 2] = [b" ".join(lines[at : at + 2])]
    elif kind == 2:
        lines.insert(rng.randrange(len(lines)), lines[at])
    elif kind == 3:
        rng.shuffle(lines)
    elif kind == 4:
        lines[at] = b"> " + lines[at]
    else:
        cut = rng.randint(0, len(lines[at]))
        lines[at : at + 1] = [lines[at][:cut], lines[at][cut:]]
    return b"\n".join(lines)


def _ends(rng: Random, data: bytes) -> bytes:
    return data.replace(b"\n", rng.choice((b"\r", b"\r\n", b"\n\n", b"\r\r\n", b"\x85", b"\x0b", b" ")))


def _encoded(rng: Random, data: bytes) -> bytes:
    text = data.decode()
    return text.encode(rng.choice(("utf-16", "utf-16-le", "latin-1", "cp1252", "cp1251", "utf-7", "ascii")), "replace")


def _misread(rng: Random, data: bytes) -> bytes:
    """Text that was decoded as something else, and encoded again."""
    return data.decode(rng.choice(("latin-1", "cp1251"))).encode() if rng.random() < 0.7 else data.lower()


def _mailed(rng: Random, data: bytes) -> bytes:
    text = data.decode()
    kind = rng.randrange(5)
    if kind == 0:
        return "\n".join("\n".join(textwrap.wrap(line, 72)) for line in text.split("\n")).encode()
    if kind == 1:
        return "".join(f"> {line}\n" for line in text.splitlines()).encode()
    if kind == 2:
        return quopri.encodestring(data)
    if kind == 3:
        return f"From: list@example.org\nSubject: members\n\n{text}\n-- \nThe list\n".encode()
    return f"<html><body><pre>{html.escape(text)}</pre></body></html>".encode()


def _other(rng: Random, data: bytes) -> bytes:
    return rng.choice(
        (gzip.compress(data, mtime=0), b"", b"\n", data * 2, data[::-1], b"503 Service Unavailable\n", b"x" * 2000)
    )


DAMAGES: tuple[tuple[Damage, int], ...] = (
    (_flip, 10), (_cut_off, 8), (_cut_out, 10), (_insert, 12), (_replace, 10), (_repeat, 5), (_zeroed_block, 3),
    (_lost_blocks, 4), (_lines, 10), (_ends, 2), (_encoded, 2), (_misread, 2), (_mailed, 2), (_other, 1),
)  # fmt: skip
"""Every kind, and how often it comes."""


def damaged(rng: Random, data: bytes) -> bytes:
    """Return the bytes with one or a few kinds of damage."""
    kinds, weights = zip(*DAMAGES, strict=True)
    for damage in rng.choices(kinds, weights, k=rng.choice((1, 1, 1, 1, 2, 3))):
        try:
            data = damage(rng, data) if data else data
        except (UnicodeDecodeError, ValueError):
            continue
    return data
