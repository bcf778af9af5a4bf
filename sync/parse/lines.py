"""Lists with one entry on each line, written by software or by hand. The shape is recognised line by line.

line    = quoted / raw / rfc2047 / report / comment / bare
quoted  = DQUOTE full DQUOTE SP "<" addr ">"        ; addresses may follow, out-of-band
raw     = full SP "<" addr ">"                      ; the last <…> of the line; addresses may follow, out-of-band
report  = [“"] full [”"] [","] SP addr *("," addr)
comment = addr SP "(" full ")"
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate

from sync.parse.address import address_findings, is_address
from sync.parse.characters import direction_findings, without_forbidden
from sync.parse.entry import Line, make_entry, unread
from sync.parse.full import has_slot
from sync.parse.limits import MAX_LINE
from sync.parse.records import Record
from sync.parse.transport import plain
from sync.problems import Finding, Origin

SHAPES = ("quoted", "raw", "rfc2047", "report", "comment", "bare")

_SPACE = " \t\u00a0"
_APART = "write each address on a line of its own, or “Name, #1, .nl, +31 …” before the first of one person"
_OPENING, _CLOSING = '"“„”', '"”“'
_QUOTE = re.compile('["“”„]')
_PAIR = re.compile(r"\\.", re.DOTALL)
_WORD = re.compile(r"=\?[^?\s]+\?[bBqQ]\?")
# Signs that two entries stand in one line: which address belongs to which is then not certain.
_BRACKETED = re.compile(r"<[^<>\s@]*@[^<>\s]*>")
_JOINED = re.compile(r"[\"“”„](?:, ?| )<?[^\s<>@\"“”„]+@[^\s<>@\"“”„]+\.")
_SLOT = re.compile(r"#\s?[0-9]")
_COMMENT = re.compile(r"(\S+)\s+\((.*)\)", re.DOTALL)


def take_apart(text: str) -> Line:
    """Recognise the shape of a line without white space at its ends."""
    ended = text.rstrip(",;") if text[-2:-1] == ">" else text
    if ended.count("@") > 1 and (several := _several(ended)):
        return several
    if ended.endswith(">"):
        return _angle(ended)
    if text.endswith(")") and (comment := _COMMENT.fullmatch(text)) and "@" in comment[1]:
        return _comment(comment)
    if is_address(text.strip('"')):
        return Line("bare", "", (text.strip('"'),))
    if text[0] in _OPENING:
        return _quoted_report(text)
    if "@" in text and (line := _unquoted_report(text)):
        return line
    return _nothing(text)


def _angle(text: str) -> Line:
    """Read `full <addr>`, quoted or not; the address is in the last brackets of the line."""
    start = text.rfind("<")
    address, before = text[start + 1 : -1].strip(_SPACE), text[: max(start, 0)].rstrip(_SPACE)
    if start < 0:
        return Line(
            "raw", None, findings=(Finding("not-understood", "a closing angle bracket without an opening one"),)
        )
    findings = address_findings(address)
    listed = () if findings else (address,)
    if not before:
        return Line("bare", "", listed, findings=findings)
    inner, escaped, quoting = _unquoted(before)
    if quoting:
        listed = ()
    elif inner is before and _is_joined(before):
        listed, findings = (), (*findings, Finding("not-understood", "several addresses in brackets"))
    shape = "raw" if inner is before else "quoted"
    if _WORD.search(inner):
        shape = "rfc2047"
    return Line(shape, inner, listed, escaped=escaped, findings=(*findings, *quoting))


def _is_joined(text: str) -> bool:
    """Whether `text`, with an address in brackets in it, may be two entries and not the full name of one.

    It is a full name if the brackets stand inside the name: behind a part of it, and before the only slot.
    """
    inner = list(_BRACKETED.finditer(text))
    if not inner:
        return False
    before, _ = plain(text[: inner[0].start()])
    behind, _ = plain(text[inner[-1].end() :])
    return not before or _SLOT.search(before) is not None or not has_slot(behind)


def _several(text: str) -> Line | None:
    """Read `full <addr>, addr`; return None for another form. The addresses behind the brackets are out-of-band.

    Without a slot, the addresses may be several subscribers.
    """
    head, seconds = text, list[str]()
    while (mark := max(head.rfind(","), head.rfind(";"))) > 0:
        piece = head[mark + 1 :].strip(_SPACE)
        address = piece[1:-1] if piece[:1] == "<" and piece[-1] == ">" else piece
        if not is_address(address):
            break
        seconds.insert(0, address)
        head = head[:mark].rstrip(_SPACE)
    if all(is_address(piece.strip("<>")) for piece in head.split()):
        what = f"several addresses and no name; {_APART}"
        return Line("bare", None, findings=(Finding("not-understood", what),)) if seconds or head[-1:] != ">" else None
    if not seconds or not head.endswith(">") or not _BRACKETED.search(head):
        return None
    line = _angle(head)
    if not has_slot(plain(line.full or "", escaped=line.escaped)[0]):
        what = f"several addresses and no entry “Name, #1, .nl, …” before them; {_APART}"
        return Line("report", line.full, findings=(Finding("not-understood", what), *line.findings))
    return replace(line, shape="report", out_of_band=tuple(seconds))


def _unquoted(text: str) -> tuple[str, bool, tuple[Finding, ...]]:
    """Return `text` without the quotation marks around it, whether it holds quoted pairs, and what is wrong.

    Where quotation marks do not surround the whole text, `text` is returned unchanged.
    """
    whole = text.rstrip(",") if text[-2:-1] in _CLOSING else text
    if text[0] in _OPENING and len(whole) > 1 and whole[-1] in _CLOSING:
        inner = whole[1:-1]
        bare = _PAIR.sub("", inner)
        stray = bare.endswith("\\") or (text[0] == '"' and '"' in bare) or _JOINED.search(bare)
        return inner, True, (Finding("unclosed-quote", "a quotation mark inside the quoted name"),) if stray else ()
    if len(_QUOTE.findall(text)) % 2 == 0:
        return text, False, ()
    opens = text[0] in _OPENING
    return text[1:] if opens else text, opens, (Finding("unclosed-quote"),)


def _comment(match: re.Match[str]) -> Line:
    """Read `addr (full)` (RFC 5322, 3.2.2: parentheses in a comment nest, and quoted pairs do not count)."""
    parentheses = re.findall(r"[()]", _PAIR.sub("", match[2]))
    depths = list(accumulate((1 if parenthesis == "(" else -1 for parenthesis in parentheses), initial=0))
    findings = address_findings(match[1])
    if depths[-1] or min(depths) < 0:
        findings += (Finding("cut-off", "its parentheses do not match"),)
    return Line("comment", match[2], () if findings else (match[1],), escaped=True, findings=findings)


def _quoted_report(text: str) -> Line:
    """Read `“full” addr, addr`. The last quotation mark of the line closes: no address holds one."""
    close = max(text.rfind(mark) for mark in _CLOSING)
    if close < 1:
        return Line("report", text[1:], escaped=True, findings=(Finding("unclosed-quote"),))
    inner, escaped, findings = _unquoted(text[: close + 1])
    tail = text[close + 1 :].strip(_SPACE)
    tail = tail[1:].strip(_SPACE) if tail.startswith(",") else tail
    if not tail:
        return Line("report", inner, escaped=escaped, findings=(*findings, Finding("no-address")))
    good, found = list[str](), list(findings)
    for piece in re.split("[,;]", tail):
        address = piece.strip(_SPACE)
        if is_address(address):
            good.append(address)
        elif address:
            found += address_findings(address)
        else:
            found.append(Finding("cut-off", "a comma, and no address behind it"))
    good = [] if findings else good
    return Line("report", inner, tuple(good[:1]), tuple(good[1:]), escaped, tuple(found))


def _unquoted_report(text: str) -> Line | None:
    """Read `full addr, addr` without quotation marks, or None: the addresses are what stands last."""
    pieces = text.split(",")
    addresses: list[str] = []
    while pieces and is_address(pieces[-1].strip(_SPACE)):
        addresses.append(pieces.pop().strip(_SPACE))
    words = pieces[-1].split() if pieces else []
    if len(words) > 1 and is_address(words[-1]):
        addresses.append(words[-1])
        pieces[-1] = pieces[-1].rstrip()[: -len(words[-1])]
    full = ",".join(pieces).strip(_SPACE)
    if not addresses or not _SLOT.search(full):
        return None
    _, _, findings = _unquoted(full)
    addresses = [] if findings else addresses[::-1]
    return Line("report", full, tuple(addresses[:1]), tuple(addresses[1:]), findings=findings)


def _nothing(text: str) -> Line:
    """Return a line without a known shape, with a finding that says what is missing."""
    before, bracket, _ = text.rpartition("<")
    if bracket and ">" not in text[len(before) :]:
        inner, escaped, _ = _unquoted(before.rstrip(_SPACE) or '""')
        cut = Finding("cut-off", "the address has no closing angle bracket")
        return Line("raw", inner, escaped=escaped, findings=(cut,))
    if "@" not in text and _SLOT.search(text):
        return Line("raw", text, findings=(Finding("no-address"),))
    return Line("", None, findings=(Finding("not-understood"), *direction_findings(text)))


def logical_lines(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Yield the entries of a list with their line numbers: no blank lines, no comments, folded headers unfolded.

    A line that ends with an encoded word goes on in the next one if that begins with white space and then an encoded
    word or an address (RFC 5322, 2.2.3).
    """
    number = 0
    while number < len(lines):
        first = number
        parts = [lines[number].strip(_SPACE)]
        number += 1
        while number < len(lines) and parts[-1].endswith("?=") and re.match(r"[ \t]+(?:=\?|<)", lines[number]):
            parts.append(lines[number].strip(_SPACE))
            number += 1
        text = parts[0] if len(parts) == 1 else " ".join(parts)
        if text and not (text[0] == "#" and text[1:2] in ("", " ", "\t")):
            yield first + 1, text


def read_line(origin: Origin, text: str, shapes: Sequence[str] = SHAPES) -> tuple[str, Record]:
    """Return the shape of a line and its record. A line whose shape is not among `shapes` is not understood."""
    if len(text) > MAX_LINE:
        return "", unread(origin, text, Finding("too-long", f"a line of {len(text)} characters"))
    allowed, findings = without_forbidden(text)
    allowed = allowed.strip(_SPACE)
    if not allowed:
        return "", unread(origin, text, Finding("not-understood"), *findings)
    line = take_apart(allowed)
    if allowed[0] == ">":
        line = Line("", None, findings=(Finding("not-understood", "the line is quoted from a mail; delete the “>”"),))
    if line.shape and line.shape not in shapes:
        what = "the line does not have the format that was asked for; use --format auto"
        wrong = Finding("not-understood", what)
        return "", unread(origin, text, wrong, *findings)
    if line.full is None:
        return "", unread(origin, text, *line.findings, *findings)
    record = make_entry(origin, text, replace(line, findings=(*findings, *line.findings)))
    if line.shape == "report" and any(problem.code == "run-together" for problem in record.problems):
        # Only its place says that the address is this entry's, and the place may be in another entry.
        record = replace(record, listed=(), out_of_band=())
    return line.shape, record
