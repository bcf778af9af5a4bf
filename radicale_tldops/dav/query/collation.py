"""The collations in which CardDAV compares text (RFC 6352, 8.3; RFC 4790)."""

import unicodedata
from enum import StrEnum
from functools import lru_cache

_ASCII_CASEMAP = {ord(lower): lower.upper() for lower in "abcdefghijklmnopqrstuvwxyz"}


def ascii_casemap(text: str) -> str:
    """Return `text` with a to z, and no other character, in upper case (RFC 4790, 9.2.1)."""
    return text.upper() if text.isascii() else text.translate(_ASCII_CASEMAP)


def unicode_casemap(text: str) -> str:
    """Return `text` titlecased and decomposed (RFC 5051, 2).

    "É", "é" and "e" with a combining acute become one text, and so do "Σ", "σ" and "ς", "i" and "ı", "a" and its
    full-width form; "ß" stays as it is and is not "ss".
    """
    if text.isascii():
        return text.upper()
    # Step 2b decomposes one code point at a time; section 4 allows NFKD of the whole instead, which also puts several
    # marks on one letter into the canonical order: some Vietnamese keyboards type them in the other one.
    titles = {ord(character): _titlecase(character) for character in set(text)}
    return unicodedata.normalize("NFKD", text.translate(titles))


@lru_cache(4096)
def _titlecase(character: str) -> str:
    # Step 2a takes the titlecase from UnicodeData.txt, which gives one code point or none. Where Python gives more
    # ("Ss" for "ß"), that is from SpecialCasing.txt and UnicodeData.txt has none.
    title = character.title()
    return title if len(title) == 1 else character


class Collation(StrEnum):
    """A collation by its identifier; all that the server supports (CARDDAV:supported-collation-set)."""

    ASCII_CASEMAP = "i;ascii-casemap"
    OCTET = "i;octet"
    UNICODE_CASEMAP = "i;unicode-casemap"

    def fold(self, text: str) -> str:
        """Return `text` in the form that this collation compares code point by code point.

        That is the same as comparing the octets of its UTF-8 (RFC 4790, 9.3), in which no character begins inside
        another.
        """
        if self is Collation.UNICODE_CASEMAP:
            return unicode_casemap(text)
        return ascii_casemap(text) if self is Collation.ASCII_CASEMAP else text
