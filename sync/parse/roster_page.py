"""The page on which Mailman 2.1 shows the members of a list, saved as HTML: addresses, and whether all are shown."""

import re
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

from radicale_tldops.roster.errors import InputError

_MEMBER = re.compile(r".*/options(?:\.cgi)?/[^/]+/([^/]+)")
_HIDDEN = re.compile(r"\(\s*\d+\s[^()]*\)")
_COUNTED = re.compile(r"(\d+)\s+(?:Non-digested|Digested)\s+Members", re.IGNORECASE)


class _Page(HTMLParser):
    """Collects the members to whom the page links, its text, and the notes in italics about members not shown."""

    def __init__(self) -> None:
        super().__init__()
        self.members: dict[str, None] = {}
        self.text: list[str] = []
        self.hidden = False
        self._emphasised = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._emphasised = tag == "em"
        if tag == "a" and (found := _MEMBER.fullmatch(urlsplit(dict(attrs).get("href") or "").path)):
            address = unquote(found[1]).replace("--at--", "@")
            if "@" in address:
                self.members[address] = None

    def handle_data(self, data: str) -> None:
        self.text.append(data)
        self.hidden = self.hidden or (self._emphasised and _HIDDEN.search(data) is not None)


def addresses_of_page(data: bytes, file: str) -> bytes:
    """Return the addresses on a roster page, one to a line; anything else as it is.

    Raises:
        InputError: the page does not show all members.
    """
    if b"/options" not in data or b"<" not in data[:1000]:
        return data
    page = _Page()
    page.feed(data.decode("latin-1"))
    page.close()
    if not page.members:
        return data
    if b"</html>" not in data[-1000:].lower():
        raise InputError(f"{file}: the page is cut off; save it again")
    counted = sum(map(int, _COUNTED.findall(" ".join(page.text))))
    if page.hidden or (counted and counted != len(page.members)):
        raise InputError(
            f"{file}: the page does not show all members of the list: some hide themselves; ask the list for them as "
            "its owner, or use another export"
        )
    return "".join(f"{address}\n" for address in page.members).encode()
