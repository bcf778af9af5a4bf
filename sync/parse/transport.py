"""Decodes what mail and web software encoded in a name: quoted pairs, encoded words, HTML references, each once."""

import base64
import binascii
import encodings
import re
from encodings.aliases import aliases
from html.entities import html5

from sync.parse.characters import folded, without_forbidden
from sync.problems import Finding

_ESCAPED = re.compile(r"\\(.)", re.DOTALL)

# charset, encoding, text (RFC 2047, 2). Spaces in the text are wrong there but common, and leave no doubt.
_WORD = re.compile(r"=\?([^?\s]{1,60})\?([A-Za-z])\?([^?]*)\?=")
_WORD_BEGINS = re.compile(r"=\?[^?\s]{1,60}\?[A-Za-z]\?")

_REFERENCE = re.compile(r"&(?:#([0-9]+)|#[xX]([0-9A-Fa-f]+)|([A-Za-z][A-Za-z0-9]{0,31}));")

# Python's names for its charsets, without the codecs that are not charsets of mail. Only these are looked up, so that a
# made-up name does not make Python search its library.
_NO_CHARSETS = {"base64_codec", "bz2_codec", "hex_codec", "quopri_codec", "rot_13", "uu_codec", "zlib_codec", "mbcs"}
_MORE = {"koi8_u": "koi8_u", "windows_874": "cp874", "iso_8859_8_i": "iso8859_8", "gb2312": "gb18030", "gbk": "gb18030"}
_CHARSETS = {name: codec for name, codec in aliases.items() if codec not in _NO_CHARSETS}
_CHARSETS |= {codec: codec for codec in _CHARSETS.values()} | _MORE


class _BrokenError(ValueError):
    """An encoded word or a character reference cannot be decoded; the text says why."""


def undo_escapes(text: str) -> str:
    r"""Undo quoted pairs, `\x` for `x` (RFC 5322, 3.2.1)."""
    return _ESCAPED.sub(r"\1", text) if "\\" in text else text


def _q(text: str) -> bytes:
    """Decode the "Q" encoding (RFC 2047, 4.2)."""
    raw = text.replace("_", " ").encode("ascii")
    first, *rest = raw.split(b"=")
    parts = [first]
    for part in rest:
        if len(part) < 2:
            raise _BrokenError("an encoded word has a broken escape")
        parts.append(binascii.unhexlify(part[:2]) + part[2:])
    return b"".join(parts)


def _octets(word: re.Match[str]) -> bytes:
    """Return the octets that an encoded word stands for."""
    kind, text = word[2].upper(), word[3]
    try:
        if kind == "B":
            return base64.b64decode(text.encode("ascii"), validate=True)
        if kind == "Q":
            return _q(text)
    except (binascii.Error, UnicodeEncodeError):
        raise _BrokenError("an encoded word is damaged") from None
    raise _BrokenError(f"an encoded word has the unknown encoding {kind}")


def _charset(word: re.Match[str]) -> str:
    """Return Python's name for the charset of an encoded word, without the language (RFC 2231, 5)."""
    name = word[1].partition("*")[0]
    codec = _CHARSETS.get(encodings.normalize_encoding(name).lower()) if name.isascii() else None
    if codec is None:
        raise _BrokenError(f"an encoded word has the unknown charset {name[:60]}")
    return codec


def _characters(octets: bytes, codec: str) -> str:
    try:
        return octets.decode(codec)
    except (UnicodeError, LookupError):
        raise _BrokenError(f"the octets of an encoded word are not {codec}") from None


def _undo_words(text: str) -> str:
    """Decode the encoded words of `text` (RFC 2047); white space between two of them goes (section 6.2).

    The octets of neighbours in one charset are joined before they are decoded: some software splits inside a character.
    """
    done: list[str] = []
    octets, codec, end = b"", "", 0
    for word in _WORD.finditer(text):
        between = text[end : word.start()]
        name = _charset(word)
        neighbours = codec and not between.strip()
        if not neighbours or name != codec:
            done.append(_characters(octets, codec) if codec else "")
            octets, codec = b"", name
        if not neighbours:
            if _WORD_BEGINS.search(between):
                raise _BrokenError("an encoded word is not complete")
            done.append(between)
        octets += _octets(word)
        end = word.end()
    if _WORD_BEGINS.search(text, end):
        raise _BrokenError("an encoded word is not complete")
    return "".join(done) + (_characters(octets, codec) if codec else "") + text[end:]


def _reference(match: re.Match[str]) -> str:
    """Return the character of an HTML reference; one with an unknown name stays as it is."""
    decimal, hexadecimal, name = match.groups()
    if name:
        return html5.get(name + ";", match[0])
    digits = (decimal or hexadecimal).lstrip("0")
    number = int(digits or "0", 10 if decimal else 16) if len(digits) <= 7 else 0x110000
    if number > 0x10FFFF:
        raise _BrokenError("an HTML character reference is beyond Unicode")
    return chr(number)


def undo(text: str, *, escaped: bool = False) -> tuple[str, tuple[Finding, ...]]:
    """Return `text` as it was before transport: quoted pairs if `escaped`, encoded words, HTML references; each once.

    With a `bad-encoding` finding the text is empty.
    """
    plain = undo_escapes(text) if escaped else text
    words, references = "=?" in plain, "&" in plain
    if not words and not references:
        return plain, ()
    try:
        plain = _undo_words(plain) if words else plain
        plain = _REFERENCE.sub(_reference, plain) if "&" in plain else plain
    except _BrokenError as error:
        return "", (Finding("bad-encoding", str(error)),)
    again = _WORD.search(plain) or any(_reference(match) != match[0] for match in _numbers_in_reach(plain))
    return plain, (Finding("encoded-twice"),) if again else ()


def _numbers_in_reach(text: str) -> list[re.Match[str]]:
    """Return the references of `text` that could be decoded."""
    return [match for match in _REFERENCE.finditer(text) if match[3] or len(match[1] or match[2]) <= 5]


def allowed(text: str, *, escaped: bool = False) -> tuple[str, tuple[Finding, ...]]:
    """Return the text of a field with its transport undone and without forbidden characters, its tabs still there."""
    if text.isascii() and text.isprintable() and not ("=?" in text or "&" in text or (escaped and "\\" in text)):
        return text, ()
    decoded, coding = undo(text, escaped=escaped)
    clean, characters = without_forbidden(decoded)
    return clean, coding + characters


def plain(text: str, *, escaped: bool = False) -> tuple[str, tuple[Finding, ...]]:
    """Return the clean text of a field: transport undone, no forbidden characters, NFC, single spaces."""
    decoded, findings = allowed(text, escaped=escaped)
    clean, marks = folded(decoded)
    return clean, findings + marks
