import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radicale_tldops.dav.query.collation import Collation

SAME = {
    "case": ("Jane", "jANE"),
    "accented case": ("ÉMILE", "émile"),
    "composed and combining": ("é", "e\u0301"),
    "order of combining marks": ("ậ", "â\u0323"),
    "final sigma": ("ΣΑΣ", "σας"),
    "dotless i": ("ISIK", "ısık"),
    "full width": ("ＮＩＣ", "nic"),
    "Kelvin sign": ("\u212a", "k"),
    "micro sign": ("\u00b5", "μ"),
    "long s": ("\u017f", "s"),
    "dz with caron, RFC 5051's example": ("\u01c4", "\u01c6"),
    "Cyrillic": ("РФ", "рф"),
    "Hangul": ("한", "\u1112\u1161\u11ab"),
    "superscript": ("²", "2"),
}
DIFFERENT = {
    "sharp s is no ss": ("ß", "ss"),
    "capital sharp s has no titlecase in common": ("ß", "ẞ"),
    "dotted capital I keeps its dot": ("İ", "i"),
    "accents count": ("e", "é"),
    "look-alikes": ("A", "А"),
    "a ligature is decomposed after titlecasing": ("ﬁ", "fi"),
    "o with stroke is a letter of its own": ("ø", "o"),
    "a letter whose only titlecase is several code points": ("ΐ", "ι\u0308\u0301"),
}
# Latin-1, Latin Extended-A, Cyrillic, Vietnamese, some Hangul. Of a few other letters (ΐ, ǰ, ᾳ) RFC 5051 does not see
# that the composed and the decomposed form are the same.
COMPOSED = "".join(
    map(chr, (*range(0xC0, 0x180), *range(0x400, 0x460), *range(0x1EA0, 0x1EFA), *range(0xAC00, 0xAC80)))
)


@pytest.mark.parametrize(("text", "other"), SAME.values(), ids=SAME.keys())
def test_unicode_casemap_takes_for_the_same(text: str, other: str) -> None:
    """RFC 5051, 2: titlecase of each code point, then its decomposition, of any type."""
    assert Collation.UNICODE_CASEMAP.fold(text) == Collation.UNICODE_CASEMAP.fold(other)


@pytest.mark.parametrize(("text", "other"), DIFFERENT.values(), ids=DIFFERENT.keys())
def test_unicode_casemap_tells_apart(text: str, other: str) -> None:
    """RFC 5051, 2 takes one titlecase from UnicodeData.txt: no full case mapping, no case folding."""
    assert Collation.UNICODE_CASEMAP.fold(text) != Collation.UNICODE_CASEMAP.fold(other)


def test_the_example_of_rfc_5051() -> None:
    """U+01C4 becomes U+0044 U+007A U+030C (RFC 5051, 2)."""
    assert Collation.UNICODE_CASEMAP.fold("\u01c4") == "\u0044\u007a\u030c"


@given(st.text())
def test_ascii_casemap_maps_26_letters(text: str) -> None:
    """RFC 4790, 9.2.1: a to z become A to Z, any other octet stays."""
    octets = bytes(octet - 32 if 97 <= octet <= 122 else octet for octet in text.encode())
    assert Collation.ASCII_CASEMAP.fold(text).encode() == octets


@given(st.text())
def test_octet_leaves_the_text(text: str) -> None:
    """RFC 4790, 9.3: i;octet compares what is there."""
    assert Collation.OCTET.fold(text) == text


@given(st.text(st.sampled_from(COMPOSED)))
def test_unicode_casemap_does_not_see_composition(text: str) -> None:
    """European, Vietnamese and Korean text in NFC and in NFD, as different systems give it, compares the same."""
    composed, decomposed = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))
    assert Collation.UNICODE_CASEMAP.fold(composed) == Collation.UNICODE_CASEMAP.fold(decomposed)


@given(st.text(st.characters(max_codepoint=127)))
def test_the_casemaps_agree_on_ascii(text: str) -> None:
    """RFC 5051, 1 calls i;unicode-casemap an extension of i;ascii-casemap."""
    assert Collation.UNICODE_CASEMAP.fold(text) == Collation.ASCII_CASEMAP.fold(text)
