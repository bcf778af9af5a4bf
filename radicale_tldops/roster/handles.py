"""The messenger handles of a contact: what people read, and the URI that opens the messenger."""

import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import quote, unquote

from radicale_tldops.roster.contact import Contact

# The handle that a link or URI of the messenger stands for. The links fail with .me or .to, where they stand.
_LINK = {
    "Signal": re.compile(r"(?:https?://|sgnl://)?signal\.me/#p/(\+[0-9]+)", re.IGNORECASE),
    "WhatsApp": re.compile(
        r"(?:(?:https?://)?(?:wa\.me/|api\.whatsapp\.com/send/?\?phone=)|whatsapp://send/?\?phone=)\+?([1-9][0-9]+)(?:[/?&].*)?",
        re.IGNORECASE,
    ),
    "Matrix": re.compile(r"(?:(?:https?://)?matrix\.to/#/@|matrix:u/)([^@:/?\s]+:[^@/?\s]+)(?:\?.*)?", re.IGNORECASE),
}
_MATRIX = re.compile(r"@?([^@:\s]+):([^@\s/]+)")
_NUMBER = re.compile(r"\+[0-9 ().\u2010-\u2013/-]+")
_NAME = re.compile(r"[^/]*[^\W\d_][^/]*")


class Handle(NamedTuple):
    """A messenger's handle as `text`, and the `uri` for IMPP (RFC 4770), or "" where it has none."""

    service: str
    text: str
    uri: str


def handles_of(contact: Contact) -> Iterator[Handle]:
    """Yield the handle of each messenger that the contact has.

    "signal:" and "whatsapp:" are what address books show as the service; "matrix:" is the registered scheme.
    """
    for service, written in (("Signal", contact.signal), ("WhatsApp", contact.whatsapp), ("Matrix", contact.matrix)):
        text = written.strip()
        link = _LINK[service].fullmatch(unquote(text))
        if link:
            text = {"Signal": "", "WhatsApp": "+", "Matrix": "@"}[service] + link[1]
        if text:
            yield Handle(service, text, _uri(service, text))


def _uri(service: str, text: str) -> str:
    if service == "Matrix":
        user = _MATRIX.fullmatch(text)
        return f"matrix:u/{quote(user[1], safe='')}:{quote(user[2], safe=':')}" if user else ""
    # "(0)" is dialled from within the country alone.
    if _NUMBER.fullmatch(text) and "(0" not in text:
        return f"{service.lower()}:+{re.sub('[^0-9]', '', text)}"
    return f"{service.lower()}:{quote(text, safe='@')}" if _NAME.fullmatch(text) else ""
