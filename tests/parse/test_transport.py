"""Undoing what mail and web software did to a name: each layer once."""

import base64

import pytest

from tests.parse.reading import codes, only_record

REST = "=2C_=231=2C_=2Enl=2C_=2B31_1?="


def named(encoded: str) -> str:
    """Return the name that comes out of an encoded full name, which must be without problems."""
    record = only_record(f"{encoded} <j@nic.nl>")
    assert record.problems == (), record.problems
    assert (record.slot, record.cctlds, record.phones) == (1, ("nl",), ("+31 1",))
    return record.name


@pytest.mark.parametrize(
    ("encoded", "name"),
    [
        (f"=?utf-8?q?R=C3=A9gis{REST}", "Régis"),
        (f"=?UTF-8?Q?R=c3=a9gis{REST}", "Régis"),
        (f"=?iso-8859-1?q?R=E9gis{REST}", "Régis"),
        (f"=?windows-1252*fr?q?R=E9gis{REST}", "Régis"),
        (f"=?koi8-r?b?{base64.b64encode('Иван, #1, .nl, +31 1'.encode('koi8-r')).decode()}?=", "Иван"),
        (f"=?iso-2022-jp?b?{base64.b64encode('山田, #1, .nl, +31 1'.encode('iso-2022-jp')).decode()}?=", "山田"),
        (f"=?utf-8?q?R=C3=A9?= =?utf-8?q?gis{REST}", "Régis"),
        (f"=?utf-8?q?R=C3?= =?utf-8?q?=A9gis{REST}", "Régis"),
        (f"=?iso-8859-1?q?R=E9?=  =?utf-8?q?gi=C5=9B{REST}", "Régiś"),
        ("=?utf-8?q?R=C3=A9gis?= Example, #1, .nl, +31 1", "Régis Example"),
        ("Doe =?utf-8?q?R=C3=A9gis?=, #1, .nl, +31 1", "Doe Régis"),
        ('"=?utf-8?q?R=C3=A9gis?=, #1, .nl, +31 1"', "Régis"),
        ("R&eacute;gis, #1, .nl, +31 1", "Régis"),
        ("R&#xE9;gis &amp; Co, #1, .nl, +31 1", "Régis & Co"),
        ("R&#233;gis, &#35;1, &#46;nl, +31&nbsp;1", "Régis"),
        ("AT&T Example, #1, .nl, +31 1", "AT&T Example"),
        ("&nosuchname Example, #1, .nl, +31 1", "&nosuchname Example"),
        ('"&#34;R&#34;, #1, .nl, +31 1"', '"R"'),
    ],
)
def test_a_layer_of_encoding_is_undone(encoded: str, name: str) -> None:
    """Encoded words in any charset, joined as RFC 2047 says, and HTML references."""
    assert named(encoded) == name


@pytest.mark.parametrize(
    ("encoded", "name"),
    [
        ("R&amp;#233;gis, #1, .nl, +31 1", "R&#233;gis"),
        ("R&amp;eacute;gis, #1, .nl, +31 1", "R&eacute;gis"),
        ("&amp;amp; &amp;#233;, #1, .nl, +31 1", "&amp; &#233;"),
        (f"=?utf-8?q?=3D=3Futf-8=3Fq=3FR=3F=3D{REST}", "=?utf-8?q?R?="),
        ("&#61;?utf-8?q?R?&#61;, #1, .nl, +31 1", "=?utf-8?q?R?="),
    ],
)
def test_what_still_looks_encoded_is_kept_with_a_warning(encoded: str, name: str) -> None:
    """A layer is undone once: what a member wrote in it cannot make a second one."""
    record = only_record(f"{encoded} <j@nic.nl>")
    assert record.name == name
    assert codes(record) == ["encoded-twice"]  # a question mark in it is no lost letter
    assert not record.broken


@pytest.mark.parametrize(
    "encoded",
    [
        "=?utf-8?b?UsOpZ2lzI?=",
        "=?utf-8?b?Us*pZ2lz?=",
        "=?utf-8?q?R=C3gis?=",
        "=?utf-8?q?R=C?=",
        "=?utf-8?q?R=ZZ?=",
        "=?no-such-charset?q?R?=",
        "=?unicode_escape?q?R?=",
        "=?hex?q?52?=",
        "=?utf-8?x?R?=",
        "=?utf-8?b?UsOpZ2lzIEV4",
        "=?utf-8?q?R=C3=A9gis?= =?utf-8?q?Example",
        "&#99999999;",
        "&#x110000;",
    ],
)
def test_a_broken_encoding_is_an_error(encoded: str) -> None:
    """Nothing is made of an encoded word that is damaged, cut off or in a charset that mail does not have."""
    record = only_record(f"{encoded}, #1, .nl, +31 1 <j@nic.nl>")
    assert codes(record) == ["bad-encoding"]
    assert (record.name, record.listed) == ("", ("j@nic.nl",))


@pytest.mark.parametrize(
    ("encoded", "code_point"),
    [
        (f"=?utf-8?q?J=0AD{REST}", "U+000A"),
        (f"=?utf-8?q?J=0DD{REST}", "U+000D"),
        (f"=?utf-8?q?J=00D{REST}", "U+0000"),
        (f"=?utf-8?q?J=C2=85D{REST}", "U+0085"),
        (f"=?utf-8?q?J=E2=80=A8D{REST}", "U+2028"),
        (f"=?utf-16-be?b?{base64.b64encode('J￾D, #1, .nl, +31 1'.encode('utf-16-be')).decode()}?=", "U+FFFE"),
        ("J&#10;D, #1, .nl, +31 1", "U+000A"),
        ("J&#0;D, #1, .nl, +31 1", "U+0000"),
        ("J&#133;D, #1, .nl, +31 1", "U+0085"),
        ("J&#x2029;D, #1, .nl, +31 1", "U+2029"),
        ("J&#xD800;D, #1, .nl, +31 1", "U+D800"),
        ("J&NewLine;D, #1, .nl, +31 1", "U+000A"),
        ("J&rlm;D, #1, .nl, +31 1", "U+200F"),
    ],
)
def test_a_control_that_comes_out_of_an_encoding_is_refused(encoded: str, code_point: str) -> None:
    """No encoding smuggles a line break or another control into a field."""
    record = only_record(f"{encoded} <j@nic.nl>")
    assert codes(record) == ["forbidden-character"]
    assert code_point in record.problems[0].message


def test_folded_encoded_words_are_one_entry() -> None:
    """A header folded over lines is joined, and its record stands at the first of them."""
    text = f"# folded\n=?utf-8?q?R=C3=A9?=\n =?utf-8?q?gis{REST}\n\t<j@nic.nl>\n"
    record = only_record(text)
    assert (record.name, record.origin.line, record.problems) == ("Régis", 2, ())
