"""The page for a browser at "/": what this server is and how to set up a client. It names no member."""

import base64
import hashlib
import html
import re
from importlib.resources import files

from radicale_tldops.dav.answer import Ready

_STYLE = re.compile("<style>(.*?)</style>", re.DOTALL)

# Read with the code, which belongs to it: an upgrade may replace the file under a running server.
_PAGE = files(__package__).joinpath("welcome.html").read_text(encoding="utf-8")


def welcome_page(url: str) -> Ready:
    """Return the page. `url` is `[server] url`, the address to type into a client; the page explains an empty one."""
    address = f"<code>{html.escape(url)}</code>" if url else "The address of this page, as your browser shows it."
    body = _PAGE.replace("{address}", address).encode()
    hashes = " ".join(f"'sha256-{_digest(style)}'" for style in _STYLE.findall(_PAGE))
    headers = [
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Length", str(len(body))),
        # The browser loads and runs nothing but the style sheet in the page.
        (
            "Content-Security-Policy",
            f"default-src 'none'; style-src {hashes}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "same-origin"),
        ("Cache-Control", "no-store"),
    ]
    return Ready("200 OK", headers, body, 0)


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
