"""Digests over a generation: a flipped bit is found when the generation is loaded."""

import hashlib
from collections.abc import Iterable


def etag(text: str) -> str:
    """Return the entity tag of a card, unquoted: the SHA-256 of its UTF-8 bytes, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def digest(*sections: Iterable[tuple[object, ...]]) -> str:
    """Return the SHA-256 in hex over sections of rows.

    Each value is written with its length, so that no two different rows give the same bytes; the rows' own digests are
    sorted, so that the whole does not depend on how a database returns them, and no more than those is kept in memory.
    """
    state = hashlib.sha256()
    for section in sections:
        state.update(b"section\n")
        for row in sorted(hashlib.sha256(_row_bytes(row)).digest() for row in section):
            state.update(row)
    return state.hexdigest()


def _row_bytes(row: tuple[object, ...]) -> bytes:
    parts = []
    for value in row:
        data = str(value).encode()
        parts.append(b"%d:%s" % (len(data), data))
    return b"".join(parts) + b"\n"
