"""Compressing answers with gzip (RFC 1952; RFC 9110, 8.4.1.3), fast rather than small, because a client waits.

The answers with all the cards differ in the reader's principal alone, which stands before each card. They are
compressed once for all readers.
"""

import importlib
import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

_GZIP, _RAW = 16 + zlib.MAX_WBITS, -zlib.MAX_WBITS
"""The values of zlib's `wbits` for gzip, and for blocks alone (RFC 1951), with a window of 32 KB."""

_HEADER = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
"""The beginning of a gzip member without a name and a time (RFC 1952, 2.3)."""

_TRAILER = struct.Struct("<II")
_STORED = struct.Struct("<xHH")
"""The head of a block that is not compressed: its length, and its length inverted (RFC 1951, 3.2.4)."""

_AT_ONCE = 32
"""How many pieces are joined at once: so few that the processor keeps them at hand."""

_UNKNOWN = bytes(octet for octet in range(1, 32) if octet not in b"\t\n\r")
"""Octets that are in no piece, because XML cannot hold them."""


def _library() -> tuple[Any, int, int]:
    """Return the module that compresses, its level for an answer, and the least level for blocks that are shared."""
    try:
        # isal takes a tenth of zlib's time and gives 10 % more bytes. It is built for x86-64 and 64-bit ARM only.
        return importlib.import_module("isal.isal_zlib"), 2, 3
    except ImportError:
        return zlib, 3, 4


_LIBRARY, _LEVEL, _SHARED_LEVEL = _library()


def packed(body: bytes) -> bytes:
    """Return a body as gzip."""
    result: bytes = _LIBRARY.compress(body, level=_LEVEL, wbits=_GZIP)
    return result


def pack_shared(pieces: Sequence[bytes], start: bytes, length: int) -> bytes | None:
    """Return blocks that hold the pieces, with `start` and the same octets before each but the first.

    These octets, `length` of them, are unknown, and stand before the blocks. A block repeats what is before it by its
    distance alone (RFC 1951, 2). So the blocks are right for any octets, if they repeat these wherever they occur, and
    nowhere else. Where that is not so, other octets give another text: then return None.
    """
    one_text, other_text = _UNKNOWN[:length], _UNKNOWN[1 : length + 1]
    stream = _LIBRARY.compressobj(_SHARED_LEVEL, zlib.DEFLATED, _RAW, 8, 0, start + one_text)
    blocks: bytes = stream.compress((start + one_text).join(pieces)) + stream.flush(zlib.Z_SYNC_FLUSH)
    read = zlib.decompressobj(_RAW, start + other_text).decompress(blocks)
    return blocks if len(other_text) == length and read == (start + other_text).join(pieces) else None


@dataclass(frozen=True, slots=True)
class Pieces:
    """A body: `first`, each of `pieces` behind `start` and `own`, and `last`.

    `pack` returns what `pack_shared` makes of the pieces for an `own` of this length.
    """

    first: bytes
    start: bytes
    own: bytes
    pieces: Sequence[bytes]
    last: bytes
    pack: Callable[[int], bytes | None]

    def whole(self) -> bytes:
        """Return the body."""
        *pieces, end = self.pieces
        return (self.start + self.own).join((self.first, *pieces, end + self.last))

    def packed(self) -> bytes:
        """Return the body as gzip."""
        blocks = self.pack(len(self.own))
        if blocks is None:
            return packed(self.whole())
        begin, end = (_LIBRARY.compressobj(_LEVEL, zlib.DEFLATED, _RAW) for _ in range(2))
        before = begin.compress(self.first + self.start) + begin.flush(zlib.Z_SYNC_FLUSH)
        stored = _STORED.pack(len(self.own), len(self.own) ^ 0xFFFF) + self.own
        after = end.compress(self.last) + end.flush()
        return b"".join((_HEADER, before, stored, blocks, after, self._trailer()))

    def _trailer(self) -> bytes:
        """Return the check sum of the body and its length (RFC 1952, 2.3.1), without the whole body in memory."""
        between, check, length = self.start + self.own, 0, 0
        for number in range(0, len(self.pieces), _AT_ONCE):
            part = between.join((b"" if number else self.first, *self.pieces[number : number + _AT_ONCE]))
            check, length = _LIBRARY.crc32(part, check), length + len(part)
        return _TRAILER.pack(_LIBRARY.crc32(self.last, check), (length + len(self.last)) & 0xFFFFFFFF)


class Shared:
    """Text that is the same in many bodies, between other parts: it is compressed once."""

    def __init__(self, text: bytes) -> None:
        self.text = text
        self._blocks = _blocks(text)

    def packed(self, before: bytes, after: bytes) -> bytes:
        """Return the text between two others as gzip."""
        end = _LIBRARY.compressobj(_LEVEL, zlib.DEFLATED, _RAW)
        check = _LIBRARY.crc32(after, _LIBRARY.crc32(self.text, _LIBRARY.crc32(before)))
        length = len(before) + len(self.text) + len(after)
        last = end.compress(after) + end.flush()
        return b"".join((_HEADER, _blocks(before), self._blocks, last, _TRAILER.pack(check, length & 0xFFFFFFFF)))


def _blocks(text: bytes) -> bytes:
    """Return blocks (RFC 1951) that others may follow: none of them refers to what stands before."""
    stream = _LIBRARY.compressobj(_LEVEL, zlib.DEFLATED, _RAW)
    blocks: bytes = stream.compress(text) + stream.flush(zlib.Z_SYNC_FLUSH)
    return blocks
