"""Bytes to text where it is certain, and the inputs that are certainly no list."""

import pytest

from radicale_tldops.roster.errors import InputError
from tests.parse.reading import codes, only_record, read

LINE = "Régis Example, #2, .fr, +33 1 <r@nic.example>\r\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "", "\r\r\n"])
def test_unicode_is_read_with_and_without_its_mark(encoding: str, end: str) -> None:
    """Every Unicode encoding and line end gives the same clean record; the only warning is of a missing line break."""
    data = (LINE.strip() + end).encode(encoding)
    parsed = read(data)
    assert [problem.code for problem in parsed.problems] == ([] if end else ["no-final-newline"])
    assert [(record.name, record.problems) for record in parsed.records] == [("Régis Example", ())]
    big = b"\xfe\xff" + LINE.encode("utf-16-be")
    assert only_record(big).name == "Régis Example"


@pytest.mark.parametrize("name", ["Régis", "Jörg", "Éva", "Groß Ö"])
def test_latin_letters_that_every_code_page_shares_are_read_with_a_warning(name: str) -> None:
    """The guess cannot be wrong, and is said nevertheless."""
    parsed = read(LINE.replace("Régis", name).encode("latin-1") if name != "Groß Ö" else LINE.encode("cp1252"))
    assert [problem.code for problem in parsed.problems] == ["encoding-guessed"]
    assert "Windows-1252" in parsed.problems[0].message
    assert parsed.records[0].name.split()[0] in (name, "Régis")


def test_curly_quotes_of_windows_are_read() -> None:
    """The repository message saved by an old Windows editor."""
    record = only_record("“Régis, #2, .fr, +33 1” r@nic.example\n".encode("cp1252"))
    assert (record.name, record.problems) == ("Régis", ())


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Núñez", "latin-1"),
        ("Jiří", "iso-8859-2"),
        ("Иван", "koi8-r"),
        ("Иван", "cp1251"),
        ("Ömer Şahin", "iso-8859-9"),
        ("Jérôme", "mac-roman"),
        ("Jörg", "cp850"),
        ("山田", "shift-jis"),
    ],
)
def test_an_encoding_that_is_not_certain_stops_the_file(text: str, encoding: str) -> None:
    """A name is never shown with letters that its bytes only might mean; the message says what to do."""
    with pytest.raises(InputError, match="UTF-8"):
        read(f"# {'x' * 20}\n{text}, #2, .fr, +33 1 <r@nic.example>\n".encode(encoding))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty"),
        (b" \t\r\n\n", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"\xef\xbb\xbf\r\n", "empty"),
        (b"\xff\xfe", "empty"),
        (b"\0" * 100, "empty"),
        (b"\0\1\2" * 100, "not text"),
        (b"j@nic.nl\n" + b"\0" * 100, "not text"),
        (b"PK\x03\x04j@nic.nl", "spreadsheet"),
        (b"%PDF-1.7 j@nic.nl", "PDF"),
        (b"\x80\x02}q\x01U\x01j@nic.nl", "pickle"),
        (b"<!DOCTYPE html><html><a href='mailto:j@nic.nl'>", "web page"),
        (b"\xef\xbb\xbf\n\n  <HTML>\nj@nic.nl", "web page"),
        (b'<?xml version="1.0"?>\n<x>j@nic.nl</x>', "web page"),
        (b"HTTP/1.1 502 Bad Gateway\n\n<html>\n<body>j@nic.nl</body>", "web page"),
        ("<html>j@nic.nl".encode("utf-16"), "web page"),
        (b"502 Bad Gateway\n", "no mail address"),
        (b"hello\nworld\n", "no mail address"),
        (b"# j@nic.nl\n", "no entry"),
        (b"x = '@'\n" * 50, "none of the 50 lines"),
        ("Régis".encode()[:2] + b"", "cut off"),
        (LINE.encode("utf-16")[:-1], "cut off"),
        (b"j@nic.nl\n\xff\xfe\xfd", "UTF-8"),
        (b"\xff\xfe\x00\xd8j\x00@\x00", "UTF-16"),
        (b"j@nic.nl\n" * 250_001, "lines"),
    ],
)
def test_what_is_certainly_no_list_is_refused(data: bytes, why: str) -> None:
    """The message names the file, the reason and, behind a semicolon, what to do."""
    with pytest.raises(InputError, match=why) as caught:
        read(data)
    assert str(caught.value).startswith("members.txt:")
    assert ";" in str(caught.value)


def test_a_file_beyond_the_limit_is_refused() -> None:
    """64 MiB is more than any list has."""
    with pytest.raises(InputError, match="bytes"):
        read(b"j@nic.nl\n".ljust(64 * 1024 * 1024 + 1))


def test_an_unknown_format_is_refused_with_the_known_ones() -> None:
    """The message lists what can be asked for."""
    with pytest.raises(InputError, match="dumpdb"):
        read(LINE, "excel")


def test_a_member_cannot_make_the_file_look_like_a_web_page() -> None:
    """Marks of a web page in somebody's name are that somebody's problem alone."""
    text = "J, #1, .nl, +31 1 <j@nic.nl>\n<html>, #1, .nl, +31 1 <h@nic.nl>\n<a@nic.nl>\n"
    assert [codes(record) for record in read(text).records] == [[], [], ["address-only"]]
