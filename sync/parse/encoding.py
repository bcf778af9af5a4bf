"""Decodes a file where its encoding is certain, and refuses inputs that are certainly not a list."""

import codecs
import re

from radicale_tldops.roster.errors import InputError
from sync.parse.limits import MAX_BYTES
from sync.problems import Finding, printable

_KINDS = (
    (b"PK\x03\x04", "a spreadsheet or ZIP archive", "save the sheet as CSV (UTF-8)"),
    (b"\xd0\xcf\x11\xe0", "an old Office document", "save the sheet as CSV (UTF-8)"),
    (b"%PDF", "a PDF", "export the list as text"),
    (b"\x1f\x8b", "a gzip archive", "unpack it first"),
    (b"SQLite format 3\0", "a database", "export the list as text"),
    (b"\x80\x02", "a Python pickle", "run Mailman's `dumpdb` on it and use what that prints"),
    (b"\x80\x04", "a Python pickle", "run Mailman's `dumpdb` on it and use what that prints"),
)
_CUT_OFF = "unexpected end of data"
_TO_UTF8 = "save or export it as UTF-8"
_HTML = re.compile(
    r"\s*<(?:!doctype|!--|\?xml|(?:html|head|body|title|meta|script|center|div|table|pre|p|h[1-6]|br|ul|a)(?=[\s/>]))",
    re.IGNORECASE,
)
# Behind an HTTP header or a line of text. A line with an address does not count: a member may be called "<html>".
_HTML_INSIDE = re.compile(r"^[ \t]*</?(?:!doctype html|html|head|body)\b[^@\n]*$", re.IGNORECASE | re.MULTILINE)

# The letters that every Latin code page of Windows writes with the same octet, so that no guess can be wrong.
_CODE_PAGES = ("cp1250", "cp1252", "cp1254", "cp1257")
_SAME = bytes(
    octet
    for octet in range(0xC0, 0x100)
    if len({bytes([octet]).decode(page, "replace") for page in _CODE_PAGES}) == 1 and chr(octet).isalpha()
)
_LETTER = (
    rb"(?:(?<=[A-Za-z])["
    + re.escape(_SAME)
    + rb"](?![\x80-\xff])|(?<![\x80-\xff])["
    + re.escape(_SAME)
    + rb"](?=[A-Za-z]))"
)
_CURLY = rb"(?:(?<![^\s\"])\x93(?=[A-Z])|(?<=[A-Za-z0-9)])\x94(?=[\s,]|$))"
_LATIN = re.compile(rb"(?:[\x00-\x7f]+|" + _LETTER + rb"|" + _CURLY + rb")*+", re.MULTILINE)
_CONTROLS = [bytes([code]) for code in range(32) if code not in b"\t\n\r"]


def certain_text(octets: bytes) -> str | None:
    """Return the text of `octets` if it is certain: UTF-8, or ASCII with letters that all Latin charsets share."""
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError as error:
        cut_off = error.reason == _CUT_OFF
        return octets.decode("cp1252") if not cut_off and _LATIN.fullmatch(octets) else None


def _without_mark(data: bytes, file: str) -> tuple[str, tuple[Finding, ...]]:
    """Decode `data` that begins with no byte order mark, with a finding if that was a guess, or raise `InputError`."""
    even, odd, half = data[0::2].count(0), data[1::2].count(0), len(data) // 2
    for zeros, others, name in ((odd, even, "utf-16-le"), (even, odd, "utf-16-be")):
        # Of Latin text every second octet is zero, and none of the others.
        if len(data) % 2 == 0 and not others and zeros * 2 >= half and zeros > 0:
            return _decoded(data, name, file), ()
    if (text := certain_text(data)) is None:
        return _decoded(data, "utf-8", file), ()
    guessed = len(text) == len(data) and not text.isascii()
    return text, (Finding("encoding-guessed", "Windows-1252, which contains Latin-1"),) if guessed else ()


def _decoded(data: bytes, name: str, file: str) -> str:
    try:
        return data.decode(name)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        if error.reason in (_CUT_OFF, "truncated data"):
            what = "ends in the middle of a character, so it is cut off; copy it again"
        else:
            what = f"is not {name.upper()} (octet {data[error.start]:#04x}); {_TO_UTF8}"
        raise InputError(f"{file}:{line}: the text {what}") from None


def decode(data: bytes, file: str) -> tuple[str, tuple[Finding, ...]]:
    """Return the text of a file, with a finding if its encoding was guessed.

    Raises `InputError` if it cannot be decoded, or is certainly not a list.
    """
    if len(data) > MAX_BYTES:
        raise InputError(f"{file}: {len(data)} bytes are too many for a list; check that it is the right file")
    for magic, what, remedy in _KINDS:
        if data.startswith(magic):
            raise InputError(f"{file}: this is {what}, not text; {remedy}")
    findings: tuple[Finding, ...] = ()
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = _decoded(data, "utf-16", file)
    elif data.startswith(codecs.BOM_UTF8):
        text = _decoded(data[3:], "utf-8", file)
    else:
        text, findings = _without_mark(data, file)
    _refuse_no_list(text, file)
    return text, findings


def _refuse_no_list(text: str, file: str) -> None:
    """Raise `InputError` for text that is empty, binary, a web page, or without any mail address."""
    if not text.strip(" \t\r\n\v\f\u00a0\ufeff\0"):
        raise InputError(f"{file}: the file is empty; export the list again")
    controls = sum(text.count(control.decode("ascii")) for control in _CONTROLS)
    if controls * 20 > len(text):
        raise InputError(f"{file}: this is not text ({controls} control characters); export the list as text")
    if _HTML.match(text[:4000]) or _HTML_INSIDE.search(text):
        raise InputError(f"{file}: this is a web page, perhaps an error message, and not a list; export the list again")
    if empty := re.search(r"^\S+ has no members[.]?[ \t]*\r?$", text, re.MULTILINE):
        line = text.count("\n", 0, empty.start()) + 1
        raise InputError(
            f"{file}:{line}: Mailman found no members ({printable(empty[0].strip())}); check the name of the list"
        )
    if "@" not in text:
        raise InputError(f"{file}: there is no mail address in the file; check that it is the right file")
