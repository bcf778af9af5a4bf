"""What is compressed once for all readers is what each of them would get."""

import gzip
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radicale_tldops.dav.gzipping import Pieces, pack_shared

START = b"<response><href>/"
PIECES = st.lists(
    st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=60).map(str.encode) | st.just(START * 20),
    min_size=1,
    max_size=80,
)


def pieces_of(own: bytes, pieces: list[bytes]) -> Pieces:
    """Return the body for a reader."""
    return Pieces(
        b"<multistatus>", START, own, pieces, b"</multistatus>", lambda size: pack_shared(pieces, START, size)
    )


@given(PIECES, st.binary(min_size=16, max_size=16) | st.binary(min_size=23, max_size=23) | st.just(START[:16]))
def test_every_reader_gets_the_own_body(pieces: list[bytes], own: bytes) -> None:
    """Whatever stands in the pieces, and whichever octets are the reader's own."""
    expected = b"<multistatus>" + b"".join(START + own + piece for piece in pieces) + b"</multistatus>"
    body = pieces_of(own, pieces)
    assert body.whole() == expected
    assert gzip.decompress(body.packed()) == expected


def test_cards_are_compressed_once() -> None:
    """Like cards of people are, with an id each; and the result is hardly longer than that of one piece."""
    chance = random.Random(1)
    pieces = [
        b"%032x.vcf</href><data>BEGIN:VCARD FN:%d END:VCARD</data></response>" % (chance.getrandbits(128), number)
        for number in range(300)
    ]
    assert pack_shared(pieces, START, 16) is not None
    body = pieces_of(b"0123456789abcdef", pieces)
    assert len(body.packed()) < len(gzip.compress(body.whole(), 6)) * 1.1


@pytest.mark.parametrize("length", [16, 40])
def test_what_cannot_be_shared_is_compressed_for_each(length: int) -> None:
    """A piece longer than the window repeats nothing of what stands before it; and the unknown octets are few."""
    long = random.Random(2).randbytes(40_000).hex().encode()
    assert pack_shared([long, long], START, length) is None
    body = pieces_of(b"x" * length, [long, b"short", long])
    assert gzip.decompress(body.packed()) == body.whole()
