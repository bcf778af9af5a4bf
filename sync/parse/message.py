"""What surrounds a list in a mail: headers, a greeting, quotation marks, links, a signature."""

import email
import email.policy
import re
from collections.abc import Sequence
from email.message import EmailMessage

from radicale_tldops.roster.errors import InputError
from sync.parse.limits import MAX_LINE

_HEADERS = re.compile(
    rb"(?:From [^\n]*\n)?(?:(?:Return-Path|Received|Delivered-To|From|To|Date|Subject|Message-ID|MIME-Version|X-[\w-]+"
    rb"|Authentication-Results|ARC-[\w-]+|DKIM-Signature|Reply-To|Sender|List-[\w-]+|Content-[\w-]+):[^\n]*\n"
    rb"(?:[ \t][^\n]*\n)*+){2,}+\r?\n",
    re.IGNORECASE,
)
_SHOWN_HEADER = re.compile(
    r"(?:From|To|Cc|Bcc|Sent|Date|Subject|Reply-To|Von|An|Gesendet|Datum|Betreff|De|À|A|Objet|Envoyé|Para|Asunto)"
    r" ?: .*",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"(?:>[ \t]?)+")
_LINKS = (
    re.compile(r"(?P<a>[^\s<>()\[\]|\"@]{1,320}@[^\s<>()\[\]|\"]{1,320})<mailto:(?P<b>[^\s<>]{1,320})>", re.IGNORECASE),
    re.compile(r"\[(?P<a>[^\s\[\]]{1,320}@[^\s\[\]]{1,320})\]\(mailto:(?P<b>[^\s()]{1,320})\)", re.IGNORECASE),
    re.compile(r"\[\[?mailto:(?P<b>[^\s\[\]|]{1,320})[ |](?P<a>[^\s\[\]]{1,320})\]\]?", re.IGNORECASE),
)
_MAILTO = re.compile(r"\bmailto:(?=[^\s<>]+@)", re.IGNORECASE)
_WHO = re.compile(
    r"(?:The results of your email command are provided below\.?(?: Attached is your)?"
    r"|(?:Attached is your )?original message\."
    r"|- (?:Results|Unprocessed|Ignored|Done)[:.]|(?:Non-digest \(regular\)|Digest) members:)"
)
# What an entry has, and a sentence does not: an address, a slot, digits that may be dialled, a ccTLD behind a name.
_OF_AN_ENTRY = re.compile(r"[@<>]|=\?|#\s?\d|\d(?:[\s()/.-]{0,3}\d){5}")
_CCTLD = re.compile(r"(?<!\w)\.[^\W\d_]{2,}(?![\w.])")
_BEHIND_A_WORD = re.compile(r"\w[\s,;]")
_DATE = re.compile(r"\b\d{4}-\d\d-\d\d\b|\b\d{1,2}\.\d{1,2}\.\d{4}\b|\b\d{1,2}/\d{1,2}/\d{4}\b")
_FAILURE = re.compile(
    r"\b(?:error|exception|traceback|killed|fail|fault|fatal|denied|time-?out|timed out|refused|cannot|could not"
    r"|unable|truncat|abort|lost|broken)",
    re.IGNORECASE,
)
_SLOT = re.compile(r"#\s?\d")
_LONGEST_HEAD = 100_000
_ENDS_A_HEADING = ":=)*"
_LAST_LINES = 15
"""A signature has at most so many lines."""


def text_of_message(data: bytes, file: str) -> bytes:
    """Return the text of a mail as it was received; anything else as it is.

    Raises:
        InputError: the mail has no plain text, or it is damaged.
    """
    if not _HEADERS.match(data[:_LONGEST_HEAD].replace(b"\r\n", b"\n")):
        return data
    mail = email.message_from_bytes(data, _class=EmailMessage, policy=email.policy.default)
    text = mail.get_body(("plain",))
    if text is None:
        raise InputError(f"{file}: the mail holds no plain text; copy the list out of it into a text file")
    content, charset = text.get_payload(decode=True), text.get_content_charset("us-ascii")
    if not isinstance(content, bytes) or text.defects:
        raise InputError(f"{file}: the mail is damaged; save it again, or copy the list out of it into a text file")
    if charset == "us-ascii":
        return content
    try:
        return content.decode(charset).encode()
    except (LookupError, UnicodeDecodeError):
        raise InputError(f"{file}: the text of the mail is not in {charset!r}; copy it into a text file") from None


def without_quotation_marks(lines: Sequence[str]) -> Sequence[str]:
    """Return the lines without ">" where all those with an address have it: what somebody quotes may be old."""
    entries = [line for line in lines if "@" in line]
    if not all(line.lstrip().startswith(">") for line in entries):
        return lines
    return [_QUOTED.sub("", line.lstrip(), count=1) if line.lstrip().startswith(">") else line for line in lines]


def without_links(text: str) -> str:
    """Return a line in which an address that is also a link stands once."""
    if "mailto:" not in text.casefold() or len(text) > MAX_LINE:
        return text
    for link in _LINKS:
        text = link.sub(lambda found: found["a"] if found["a"].casefold() == found["b"].casefold() else found[0], text)
    return _MAILTO.sub("", text)


def around_the_list(lines: Sequence[str]) -> frozenset[int]:
    """Return the numbers of the lines that are no entries: headers above the list, text around it, a signature.

    A line that may be an entry, or a part of the entry above or below it, is never among them, nor one that tells of a
    failure. An address in a signature belongs to it, unless an entry stands below.
    """
    first = next((number for number, line in enumerate(lines, 1) if _SLOT.search(line)), len(lines) + 1)
    end = len(lines)
    signatures = [number for number in range(max(1, end - _LAST_LINES), end + 1) if lines[number - 1].rstrip() == "--"]
    signature = signatures[-1] if signatures else end + 1
    last = max((number for number, line in enumerate(lines, 1) if _SLOT.search(line)), default=0)

    def _beside(number: int) -> Sequence[str]:
        return [*lines[max(0, number - 2) : number - 1], *lines[number : number + 1]]

    return frozenset(
        number
        for number, line in enumerate(lines, 1)
        if (text := line.strip())
        and not _FAILURE.search(text)
        and not _SLOT.search(text)
        and (
            (number >= signature and "=?" not in text and (number > last or "@" not in text))
            or (number < first and _SHOWN_HEADER.fullmatch(text))
            or (
                is_text(text)
                and (text[-1] in _ENDS_A_HEADING or not any(_SLOT.search(near) for near in _beside(number)))
            )
        )
    )


def is_text(text: str) -> bool:
    """Tell whether a line has nothing of an entry: no address, slot, telephone number, nor ccTLD behind a name."""
    if len(text) > MAX_LINE:
        return False
    undated = _DATE.sub("", text)
    word = _BEHIND_A_WORD.search(undated)
    return not _OF_AN_ENTRY.search(undated) and not (word and _CCTLD.search(undated, word.end()))


def is_of_a_reply(text: str) -> bool:
    """Tell whether a line is one of those that Mailman 2.1 writes around the members in its reply to `who`."""
    return _WHO.fullmatch(text.strip()) is not None
